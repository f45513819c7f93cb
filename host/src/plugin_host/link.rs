//! What a component's imports are connected to, made once for all components.

use std::path::Path;

use wasmtime::component::{Component, InstancePre, Linker};

use super::{
    capability,
    engine::Engine,
    error::FileProblem,
    store::{Flavour, HostState},
};

/// One linker for calls that block their thread, one for calls that wait.
pub(crate) struct Linkers {
    sync: Linker<HostState>,
    asynchronous: Linker<HostState>,
}

impl std::fmt::Debug for Linkers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Linkers")
    }
}

impl Linkers {
    pub(crate) fn build(engine: &Engine) -> wasmtime::Result<Self> {
        let build = |flavour| -> wasmtime::Result<_> {
            let mut linker = Linker::new(engine.inner());
            capability::link(&mut linker, flavour)?;
            Ok(linker)
        };
        Ok(Self { sync: build(Flavour::Sync)?, asynchronous: build(Flavour::Async)? })
    }

    /// Its names are all known by now, so what does not fit is their types.
    pub(crate) fn link(
        &self,
        path: &Path,
        component: &Component,
        flavour: Flavour,
    ) -> Result<InstancePre<HostState>, FileProblem> {
        let linker = match flavour {
            Flavour::Sync => &self.sync,
            Flavour::Async => &self.asynchronous,
        };
        linker.instantiate_pre(component).map_err(|error| FileProblem::ChangedContract {
            path: path.to_owned(),
            reason: format!("{error:#}"),
        })
    }
}
