//! Code that can be called: what a name points at until the next swap.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;
use tapedeck_bindings::{chat_filter, chat_filter_records, exporter, probe, track_backend};
use wasmtime::{
    Store,
    component::{Component, InstancePre, TypedFunc},
};

use super::Bounds;
use crate::{
    model::PluginKind,
    plugin_host::{
        Failure, FileProblem, Inspection, Manifest, PluginError,
        bounded::{self, Terms},
        calls::{Idle, bad_settings},
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
        // Either interface makes a filter, and this is the name that people look for.
        let kind = if kind == PluginKind::ChatFilterRecords { PluginKind::ChatFilter } else { kind };
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

    /// Starts an instance of each kind, gives it its settings, and lets it go: code that cannot start, or does
    /// not take what was set, must not take over. It may do nothing meanwhile. One that tries all the same
    /// may need what it was granted: how that ends, its first call will tell.
    pub(crate) fn rehearse(&self, bounds: Bounds) -> Result<(), PluginError> {
        let profile = Arc::new(self.profile.for_rehearsal());
        for kind in self.kinds() {
            let mut store = store::new_store(&self.engine, profile.clone(), Flavour::Sync);
            let terms = Terms::within(bounds.limit, "limits.start_deadline");
            let terms = terms.cancelled_by(bounds.cancel.clone());
            let ended = bounded::rehearse(&mut store, terms, |store| {
                self.configure(*kind, store).map(|taken| taken.map_err(bad_settings))
            });
            if !store.data().capabilities.was_refused() {
                ended?;
            }
        }
        Ok(())
    }

    /// By name: all kinds have the same `configure`, but for those that only tests have a use for.
    fn configure(
        &self,
        kind: PluginKind,
        store: &mut Store<HostState>,
    ) -> wasmtime::Result<Result<(), String>> {
        let instance = self.sync.instantiate(&mut *store)?;
        let interface = format!("tapedeck:plugin/{kind}@1.0.0");
        let interface = self.component.get_export(None, &interface).map(|(_, interface)| interface);
        let function = interface.and_then(|it| self.component.get_export(Some(&it), "configure"));
        let Some((_, function)) = function else { return Ok(Ok(())) };
        let configure: TypedFunc<(&str,), (Result<(), String>,)> =
            instance.get_typed_func(&mut *store, function)?;
        Ok(configure.call(store, (&self.profile.settings,))?.0)
    }
}
