//! `scratch` as plugins see it.

use tapedeck_bindings::capability::{
    scratch::{self, Entry},
    types::PluginError,
};

use super::{PathFault, Room, ScratchFault};
use crate::plugin_host::{
    capability::{exhausted, permanent, temporary},
    store::HostState,
};

impl HostState {
    /// The room and what it may hold.
    pub(in crate::plugin_host::capability) fn scratch(
        &mut self,
    ) -> wasmtime::Result<Result<(&Room, u64), PluginError>> {
        self.host_call()?;
        let quota = match self.profile.permits.now().scratch() {
            Ok(quota) => quota,
            Err(denied) => return Ok(Err(self.capabilities.refuse(&denied))),
        };
        let name = self.profile.name.clone();
        Ok(self.capabilities.room(&name).map(|room| (room, quota)))
    }
}

impl scratch::Host for HostState {
    fn entries(&mut self) -> wasmtime::Result<Result<Vec<Entry>, PluginError>> {
        Ok(self.scratch()?.and_then(|(room, _)| {
            let contents = room.contents().map_err(|error| refusal(&error.into()))?;
            Ok(contents.files.into_iter().map(|(path, size)| Entry { path, size }).collect())
        }))
    }

    fn read(
        &mut self,
        path: String,
        offset: u64,
        length: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, PluginError>> {
        let most = self.profile.limits.result_bytes;
        Ok(self.scratch()?.and_then(|(room, _)| {
            room.read(&path, offset, u64::from(length).min(most)).map_err(|fault| refusal(&fault))
        }))
    }

    fn write(&mut self, path: String, content: Vec<u8>) -> wasmtime::Result<Result<(), PluginError>> {
        Ok(self
            .scratch()?
            .and_then(|(room, quota)| room.write(&path, &content, quota).map_err(|fault| refusal(&fault))))
    }

    fn append(&mut self, path: String, content: Vec<u8>) -> wasmtime::Result<Result<(), PluginError>> {
        Ok(self
            .scratch()?
            .and_then(|(room, quota)| room.append(&path, &content, quota).map_err(|fault| refusal(&fault))))
    }

    fn remove(&mut self, path: String) -> wasmtime::Result<Result<bool, PluginError>> {
        Ok(self.scratch()?.and_then(|(room, _)| room.remove(&path).map_err(|fault| refusal(&fault))))
    }
}

pub(crate) fn refusal(fault: &ScratchFault) -> PluginError {
    match fault {
        ScratchFault::Full { .. } | ScratchFault::TooMany => exhausted(fault.to_string()),
        ScratchFault::Path(PathFault::Io { .. }) | ScratchFault::Io(_) => {
            tracing::warn!(
                error = fault as &dyn std::error::Error,
                "A plugin's scratch folder cannot be used"
            );
            temporary("the scratch folder cannot be used now".to_owned())
        }
        ScratchFault::Path(_) => permanent(fault.to_string()),
    }
}
