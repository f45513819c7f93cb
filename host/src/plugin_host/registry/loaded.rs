//! Code that can be called: what a name points at until the next swap.

use std::sync::Arc;

use wasmtime::{
    Store,
    component::{Component, InstancePre},
};

use crate::{
    model::PluginKind,
    plugin_host::{
        Failure, Inspection, Manifest, PluginError,
        engine::Engine,
        store::{self, Flavour, HostState, Profile},
    },
};

/// One generation of a plugin. Who has one keeps it whole until it lets go, whatever happens to the file.
pub(crate) struct Loaded {
    pub(crate) profile: Arc<Profile>,
    pub(crate) inspection: Arc<Inspection>,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) component: Component,
    engine: Engine,
    sync: InstancePre<HostState>,
    asynchronous: InstancePre<HostState>,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("plugin", &self.profile.who).finish_non_exhaustive()
    }
}

impl Loaded {
    pub(crate) fn is_of(&self, kind: PluginKind) -> Result<(), PluginError> {
        if self.inspection.kinds.contains(&kind) {
            return Ok(());
        }
        let is = self.inspection.kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        Err(PluginError::new(&self.profile.who, Failure::WrongKind { wanted: kind.as_str(), is }))
    }

    /// A fresh store; instantiate in it what [`Self::pre`] gives for the same flavour.
    pub(crate) fn new_store(&self, flavour: Flavour) -> Store<HostState> {
        store::new_store(&self.engine, self.profile.clone(), flavour)
    }

    /// Checked and linked: `bindings::…Pre::new(loaded.pre(flavour).clone())` costs next to nothing.
    pub(crate) fn pre(&self, flavour: Flavour) -> &InstancePre<HostState> {
        match flavour {
            Flavour::Sync => &self.sync,
            Flavour::Async => &self.asynchronous,
        }
    }
}
