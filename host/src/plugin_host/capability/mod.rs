//! What the host does for plugins: one file per capability, each checked before it acts.

pub(crate) mod sink;

use wasmtime::component::Linker;

use super::store::{Flavour, HostState, Profile};

/// What the capabilities of one instance hold.
pub(crate) struct Capabilities {
    /// While a recording is fetched.
    pub(crate) outlet: Option<sink::Outlet>,
}

impl Capabilities {
    pub(crate) fn new(_profile: &Profile) -> Self {
        Self { outlet: None }
    }
}

/// Puts every import that a plugin may have into the linker. What it may do with them is asked at each call.
pub(super) fn link(_linker: &mut Linker<HostState>, _flavour: Flavour) -> wasmtime::Result<()> {
    Ok(())
}
