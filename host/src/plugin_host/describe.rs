//! Asks a file without a manifest who it is, in an instance that may do nothing and has little time.

use std::sync::Arc;

use super::{
    bounded::{self, Terms},
    error::{FileProblem, PluginError},
    inspect::Manifest,
    registry::{Bounds, Loaded},
    store::Flavour,
};

const INTERFACE: &str = "tapedeck:plugin/describe@1.0.0";

/// `nobody` is the component under a profile to which nothing is given.
pub(crate) fn describe(nobody: &Loaded, bounds: Bounds) -> Result<Manifest, PluginError> {
    let path = &nobody.about.inspection.path;
    let changed = |reason: &str| FileProblem::ChangedContract { path: path.clone(), reason: reason.into() };
    let wrong = |problem: FileProblem| PluginError::new(&nobody.profile.who, problem);
    let (_, interface) = nobody
        .component
        .get_export(None, INTERFACE)
        .ok_or_else(|| wrong(changed("`describe` is of another version")))?;
    let (_, function) = nobody
        .component
        .get_export(Some(&interface), "describe")
        .ok_or_else(|| wrong(changed("`describe` has no function `describe`")))?;
    let mut store = nobody.new_store(Flavour::Sync);
    let terms = Terms::within(bounds.limit, "plugin_host.limits.start_deadline").cancelled_by(bounds.cancel);
    let json = bounded::rehearse(&mut store, terms, |store| {
        let instance = nobody.pre(Flavour::Sync).instantiate(&mut *store)?;
        match instance.get_typed_func::<(), (String,)>(&mut *store, function) {
            Ok(describe) => Ok(Ok(describe.call(&mut *store, ())?.0)),
            Err(error) => Ok(Err(changed(&error.root_cause().to_string()).into())),
        }
    })?;
    Manifest::parse(path, json.as_bytes()).map_err(wrong)
}

/// What such an instance may use: enough for an interpreter to start, and little time.
pub(crate) fn limits() -> Arc<crate::model::PluginLimits> {
    Arc::new(crate::model::PluginLimits {
        result_bytes: 1 << 20,
        host_calls: 1_000,
        log_lines: 20,
        ..Default::default()
    })
}
