//! Code that can be called: what a name points at until the next swap.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use tapedeck_bindings::{chat_filter, chat_filter_records, exporter, probe, track_backend};
use wasmtime::{
    Store,
    component::{Component, InstancePre},
};

use crate::{
    model::PluginKind,
    plugin_host::{
        Failure, FileProblem, Inspection, Manifest, PluginError,
        bounded::{self, Terms},
        calls::Idle,
        engine::Engine,
        link::Linkers,
        store::{self, Flavour, HostState, Profile},
    },
};

/// One generation of a plugin. Who has one keeps it whole until it lets go, whatever happens to the file.
pub(crate) struct Loaded {
    pub(crate) profile: Arc<Profile>,
    pub(crate) about: Arc<About>,
    pub(crate) component: Component,
    /// Instances of this code between two calls.
    pub(crate) idle: Idle,
    engine: Engine,
    sync: InstancePre<HostState>,
    asynchronous: InstancePre<HostState>,
}

/// Whether what it exports under the names of the contract is what the contract means by them.
fn check_exports(path: &Path, kinds: &[PluginKind], pre: &InstancePre<HostState>) -> Result<(), FileProblem> {
    for kind in kinds {
        let pre = pre.clone();
        let fits = match kind {
            PluginKind::TrackBackend => track_backend::PluginPre::new(pre).map(drop),
            PluginKind::ChatFilter => chat_filter::PluginPre::new(pre).map(drop),
            PluginKind::ChatFilterRecords => chat_filter_records::PluginPre::new(pre).map(drop),
            PluginKind::Exporter => exporter::PluginPre::new(pre).map(drop),
            PluginKind::Probe => probe::PluginPre::new(pre).map(drop),
        };
        fits.map_err(|error| FileProblem::ChangedContract {
            path: path.to_owned(),
            reason: format!("{error:#}"),
        })?;
    }
    Ok(())
}

/// What is known of the code.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) inspection: Inspection,
    pub(crate) manifest: Manifest,
    pub(crate) loaded_at: Timestamp,
    pub(crate) compile_ms: u64,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("plugin", &self.profile.who).finish_non_exhaustive()
    }
}

impl Loaded {
    pub(crate) fn link(
        engine: &Engine,
        linkers: &Linkers,
        component: Component,
        profile: Arc<Profile>,
        about: Arc<About>,
    ) -> Result<Self, FileProblem> {
        let path: &Path = &about.inspection.path;
        let sync = linkers.link(path, &component, Flavour::Sync)?;
        let asynchronous = linkers.link(path, &component, Flavour::Async)?;
        check_exports(path, &about.inspection.kinds, &sync)?;
        let idle = Idle::default();
        Ok(Self { profile, about, component, idle, engine: engine.clone(), sync, asynchronous })
    }

    pub(crate) fn kinds(&self) -> &[PluginKind] {
        &self.about.inspection.kinds
    }

    pub(crate) fn check_kind(&self, kind: PluginKind) -> Result<(), PluginError> {
        if self.kinds().contains(&kind) {
            return Ok(());
        }
        let is = self.kinds().iter().map(|kind| kind.as_str().to_owned()).collect();
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

    /// Starts an instance and lets it go: code that cannot even start must not take over.
    pub(crate) fn rehearse(&self) -> Result<(), PluginError> {
        let mut store = self.new_store(Flavour::Sync);
        bounded::rehearse(&mut store, Terms::start(&self.profile), |store| {
            self.sync.instantiate(store).map(|_| Ok(()))
        })
    }
}
