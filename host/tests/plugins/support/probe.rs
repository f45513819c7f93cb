//! The plugin `probe`, as `make plugins` builds it, in a daemon's host. It does what messages and tracks
//! tell it, and what came of it is read off its answers.

use std::path::{Path, PathBuf};

use tapedeck::{
    model::{ByteSize, Grant, Track},
    plugin_host::{CallTerms, Failure, PluginSettings, Verdict},
};

use super::{Deck, Plan, message};

pub(crate) const NAME: &str = "probe";

/// A plugin that `make plugins` has built.
pub(crate) fn built(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
    let folder = folder.canonicalize().unwrap_or(folder);
    let folder = if name == NAME { folder.join("fixtures") } else { folder };
    let file = folder.join(format!("{name}.wasm"));
    assert!(file.is_file(), "there is no {}: build it with `make plugins`", file.display());
    file
}

pub(crate) fn table(plan: &Plan, file: &str, grants: &[&str]) -> PluginSettings {
    let mut table = PluginSettings { file: Some(built(file)), ..PluginSettings::unnamed(&plan.host) };
    grants.iter().for_each(|grant| table.grants.put(grant.parse::<Grant>().unwrap()));
    table
}

impl Deck {
    /// With the probe, to which this is granted.
    pub(crate) async fn with_probe(grants: &[&str]) -> Self {
        Self::with_probe_and(grants, |_, _| {}).await
    }

    pub(crate) async fn with_probe_and(
        grants: &[&str],
        edit: impl FnOnce(&mut Plan, &mut PluginSettings),
    ) -> Self {
        Self::probe_in(tempfile::tempdir().unwrap(), grants, edit).await
    }

    pub(crate) async fn probe_in(
        folder: tempfile::TempDir,
        grants: &[&str],
        edit: impl FnOnce(&mut Plan, &mut PluginSettings),
    ) -> Self {
        let deck = Self::start_in(folder, |plan| {
            // Compiled once for all tests, and all their runs.
            plan.host.cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin-cache");
            plan.host.breaker.failures = u32::MAX;
            let mut settings = table(plan, NAME, grants);
            settings.limits.memory_bytes = ByteSize::from_mib(64).0;
            edit(plan, &mut settings);
            plan.tables.insert(NAME.parse().unwrap(), settings);
        });
        deck.plugins.settled().await;
        deck
    }

    /// Asks it as a filter: a thread of the host waits for what it wants. Requests in one call, and what it
    /// answered to the last one.
    pub(crate) async fn judge(&self, requests: &[&str]) -> Result<String, Failure> {
        let mut texts: Vec<String> = requests.iter().map(|request| format!("probe: {request}")).collect();
        let last = texts.pop().unwrap().replacen("probe: ", "probe: tell ", 1);
        let texts = texts.iter().chain([&last]).enumerate();
        let messages: Vec<_> =
            texts.map(|(number, text)| message(i32::try_from(number).unwrap() + 1, text)).collect();
        let filter = self.plugins.filter(&NAME.parse().unwrap());
        let judged = filter.judge(messages.into(), None).await.map_err(|error| {
            assert!(error.to_string().starts_with("plugin probe "), "{error}");
            error.failure
        })?;
        assert!(judged.iter().all(|it| it.verdict == Verdict::Drop), "{judged:?}");
        Ok(judged.into_iter().next_back().map(|it| it.reason).unwrap_or_default())
    }

    /// Asks it as a track backend: what it wants waits on the runtime.
    pub(crate) async fn find(&self, request: &str) -> Result<String, Failure> {
        self.find_with(request, &CallTerms::default()).await
    }

    pub(crate) async fn find_with(&self, request: &str, terms: &CallTerms) -> Result<String, Failure> {
        let track = Track { title: format!("probe: {request}"), ..Track::default() };
        let backend = self.plugins.backend(&NAME.parse().unwrap());
        let found = backend.find(&track, terms).await.map_err(|error| error.failure)?;
        let answer = found[0].extra.iter().find(|(name, _)| name == "answer").expect("it answers");
        Ok(answer.1.as_str().unwrap().to_owned())
    }

    /// Both ways, which must come to the same. For what it refuses or fails with: the text of that.
    pub(crate) async fn ask(&self, request: &str) -> String {
        let text = |answer: Result<String, Failure>| answer.unwrap_or_else(|failure| failure.to_string());
        let (judged, found) = (text(self.judge(&[request]).await), text(self.find(request).await));
        assert_eq!(judged, found, "{request}");
        judged
    }

    pub(crate) fn withdraw(&self, key: &str) {
        self.plugins.withdraw(&NAME.parse().unwrap(), &key.parse().unwrap(), "ann").unwrap();
    }

    /// What lies in the folder of all scratch folders.
    pub(crate) fn rooms(&self) -> usize {
        std::fs::read_dir(self.path("scratch")).unwrap().count()
    }
}

/// Whether it was refused for want of a grant.
pub(crate) fn is_denied(answer: &str) -> bool {
    answer.starts_with("it was not allowed something: probe may not use `")
}
