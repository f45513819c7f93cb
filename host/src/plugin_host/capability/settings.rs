//! `settings`: what the operator wrote, checked against the plugin's own schema.

use tapedeck_bindings::capability::settings;

use crate::plugin_host::store::HostState;

impl settings::Host for HostState {
    fn get(&mut self) -> wasmtime::Result<String> {
        self.host_call()?;
        Ok(self.profile.settings.to_string())
    }
}
