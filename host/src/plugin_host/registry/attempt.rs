//! One load of one name: from what is wanted to what can take over.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;

use super::{
    Inner, Plugin,
    discover::Wanted,
    load::{Code, Workshop},
    loaded::Loaded,
    plugin::Stage,
};
use crate::{
    event::Event,
    plugin_host::{Failure, HostSettings, PluginError, Who},
};

pub(super) struct Attempt {
    pub(super) plugin: Arc<Plugin>,
    pub(super) wanted: Wanted,
    pub(super) code: CodeSource,
}

/// Where its code comes from.
pub(super) enum CodeSource {
    /// The file is the one whose code runs: only what the operator decides has changed.
    Running(Code),
    /// It has to be read. Should it be refused, the code that runs takes at least the settings of now, if they are
    /// others.
    File { fallback: Option<Code> },
}

pub(super) struct Ended {
    pub(super) plugin: Arc<Plugin>,
    pub(super) wanted: Wanted,
    pub(super) result: Result<Loaded, PluginError>,
    /// The code that runs with the settings of now, where the file of now is refused; or why it does not take them.
    pub(super) fallback: Option<Result<Loaded, PluginError>>,
}

impl Attempt {
    pub(super) async fn run(self, inner: &Inner, shop: &Arc<Workshop>, host: &HostSettings) -> Ended {
        let Self { plugin, wanted, code } = self;
        let loading = AssertUnwindSafe(load(inner, shop, host, &plugin, (&wanted, code))).catch_unwind();
        let (result, fallback) = loading.await.unwrap_or_else(|_| {
            // A fault of ours; but a daemon that ends over a file would end over it at each start.
            let what = "reading its file made the host panic; please report that file".to_owned();
            (Err(PluginError::new(&Who::named(&plugin.name), Failure::Host { what })), None)
        });
        Ended { plugin, wanted, result, fallback }
    }
}

/// What the file came to, and [`Ended::fallback`].
async fn load(
    inner: &Inner,
    shop: &Arc<Workshop>,
    host: &HostSettings,
    plugin: &Plugin,
    (wanted, code): (&Wanted, CodeSource),
) -> (Result<Loaded, PluginError>, Option<Result<Loaded, PluginError>>) {
    let finish = |code| shop.finish(code, plugin.standing(), wanted.settings.clone());
    let fallback = match code {
        CodeSource::Running(code) => return (finish(code).await, None),
        CodeSource::File { fallback } => fallback,
    };
    let loaded = match read(inner, shop, host, plugin, wanted).await {
        Ok(code) => finish(code).await,
        Err(error) => Err(error),
    };
    match fallback.filter(|_| loaded.is_err()) {
        Some(code) => (loaded, Some(finish(code).await)),
        None => (loaded, None),
    }
}

async fn read(
    inner: &Inner,
    shop: &Arc<Workshop>,
    host: &HostSettings,
    plugin: &Plugin,
    wanted: &Wanted,
) -> Result<Code, PluginError> {
    let who = plugin.loaded().map_or_else(|| Who::named(&plugin.name), |it| it.profile.who.clone());
    let on_compile = || {
        if let Stage::Loading { is_compiling, .. } = &mut plugin.status().stage {
            *is_compiling = true;
        }
        inner.bus.send(Event::Plugin(plugin.name.clone()));
    };
    let prepared = shop.prepare(&wanted.source, host, on_compile).await;
    prepared.map_err(|failure| PluginError::new(&who, failure))
}
