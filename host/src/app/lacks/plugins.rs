//! Plugins that settings name: whether they are there, and of the right kind.

use std::{collections::BTreeMap, iter};

use super::{Lacks, Surroundings, of_job};
use crate::{
    app::rehearsal,
    config::Config,
    export::{self, ExportError},
    jobs,
    model::{FilterUse, PluginKind, PluginName, PluginState, PluginView},
};

const FILTERS: &[PluginKind] = &[PluginKind::ChatFilter, PluginKind::ChatFilterRecords];

/// All that the folders and the configuration have, by name.
pub(super) struct Plugins<'a> {
    config: &'a Config,
    views: BTreeMap<&'a str, &'a PluginView>,
}

/// Why a plugin cannot be what it is named for.
pub(super) enum Unusable {
    Unknown,
    /// What is wrong with a file is told with its table.
    ToldElsewhere,
    Broken {
        reason: String,
    },
    NoFile,
    Disabled,
    OtherKind,
}

impl<'a> Plugins<'a> {
    pub(super) fn new(config: &'a Config, views: &'a [PluginView]) -> Self {
        Self { config, views: views.iter().map(|view| (view.name.as_str(), view)).collect() }
    }

    /// Of a file without a description, nobody knows the kind before it runs.
    pub(super) fn find(&self, name: &str, kinds: &[PluginKind]) -> Result<&'a PluginView, Unusable> {
        let plugin = *self.views.get(name).ok_or(Unusable::Unknown)?;
        match &plugin.state {
            PluginState::Broken { .. } if self.config.plugins.contains_key(name) => {
                Err(Unusable::ToldElsewhere)
            }
            PluginState::Broken { reason } => Err(Unusable::Broken { reason: reason.clone() }),
            PluginState::Missing { .. } => Err(Unusable::NoFile),
            PluginState::Disabled => Err(Unusable::Disabled),
            _ if plugin.kinds.is_empty() || plugin.kinds.iter().any(|kind| kinds.contains(kind)) => {
                Ok(plugin)
            }
            _ => Err(Unusable::OtherKind),
        }
    }

    fn exporters(&self) -> impl Iterator<Item = &'a PluginView> {
        let views = self.views.values().copied();
        views.filter(|view| self.find(view.name.as_str(), &[PluginKind::Exporter]).is_ok())
    }
}

impl Unusable {
    pub(super) const LIST: &'static str = "`tapedeck plugins list` shows the plugins that are there.";

    /// In the words that fit any kind.
    pub(super) fn tell(self, name: &str, key: &str, lacks: &mut Lacks) {
        let (message, fix) = match self {
            Self::ToldElsewhere => return,
            Self::Unknown => (format!("there is no plugin `{name}`"), Self::LIST.to_owned()),
            Self::Broken { reason } => {
                (format!("the plugin `{name}` cannot be used: {reason}"), Self::LIST.to_owned())
            }
            Self::NoFile => (
                format!("the file of the plugin `{name}` is not there"),
                "`tapedeck plugins list` shows where it is looked for.".to_owned(),
            ),
            Self::Disabled => (
                format!("the plugin `{name}` is disabled"),
                format!("Remove `enabled = false` from [plugins.{name}]."),
            ),
            Self::OtherKind => (format!("the plugin `{name}` is of another kind"), Self::LIST.to_owned()),
        };
        lacks.tell(key, message, fix);
    }
}

/// Whether any setting names plugins at all, beside those of music.
pub(super) fn are_named(config: &Config) -> bool {
    filters(config).any(|(_, filters)| !filters.is_empty()) || !formats(config).is_empty()
}

/// Every list of filters, and its key.
fn filters(config: &Config) -> impl Iterator<Item = (String, Vec<FilterUse>)> {
    let for_all = iter::once(("capture.filters".to_owned(), config.capture.filters.clone()));
    let accounts = config.capture.accounts.iter().filter_map(|(account, section)| {
        Some((format!("capture.accounts.{account}.filters"), section.filters.clone()?))
    });
    let jobs = config.jobs.iter().filter(|(_, job)| job.policy.enabled);
    for_all.chain(accounts).chain(jobs.map(|(name, job)| (of_job(name, "filters"), jobs::tried_filters(job))))
}

pub(super) fn look_at_filters(config: &Config, plugins: &Plugins<'_>, lacks: &mut Lacks) {
    for (key, filters) in filters(config) {
        for FilterUse { plugin, .. } in filters {
            match plugins.find(plugin.as_str(), FILTERS) {
                Ok(_) => {}
                Err(Unusable::OtherKind) => {
                    let message = format!("the plugin `{plugin}` judges no messages");
                    lacks.tell(&key, message, "Name one of kind chat-filter.");
                }
                Err(unusable) => unusable.tell(plugin.as_str(), &key, lacks),
            }
        }
    }
}

/// Every format that a job writes, and the key that names it.
fn formats(config: &Config) -> Vec<(String, String)> {
    let jobs = config.jobs.iter().filter(|(_, job)| job.policy.enabled);
    jobs.flat_map(|(name, job)| {
        jobs::exported_formats(job).into_iter().map(|format| (of_job(name, "formats"), format))
    })
    .collect()
}

/// Most formats are called like the plugin that writes them. About others, the exporters have to be asked.
pub(super) async fn look_at_formats(
    config: &Config,
    plugins: &Plugins<'_>,
    around: Surroundings<'_>,
    lacks: &mut Lacks,
) -> anyhow::Result<()> {
    let mut unclear = Vec::new();
    for (key, format) in formats(config) {
        match plugins.find(&format, &[PluginKind::Exporter]) {
            Ok(_) => {}
            Err(Unusable::Unknown | Unusable::OtherKind) => unclear.push((key, format)),
            Err(unusable) => unusable.tell(&format, &key, lacks),
        }
    }
    if unclear.is_empty() {
        return Ok(());
    }
    let files: BTreeMap<PluginName, _> =
        plugins.exporters().filter_map(|view| Some((view.name.clone(), view.file.clone()?))).collect();
    let offers = rehearsal::offered_formats(config, around.program, &files, around.clock.clone()).await?;
    // One that offers nothing could not be asked: it may need grants, or secrets that are not here.
    if !files.keys().all(|name| offers.iter().any(|offer| offer.plugin == *name)) {
        return Ok(());
    }
    let mut known: Vec<&str> = offers.iter().map(|offer| offer.format.name.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    let fix = match known.is_empty() {
        true => Unusable::LIST.to_owned(),
        false => format!("Use one of {}.", known.join(", ")),
    };
    for (key, format) in unclear {
        match export::wanted(&offers, &format) {
            Ok(_) => {}
            Err(ExportError::ManyFormats { known, .. }) => {
                let fix = format!("Write {}.", known.join(" or "));
                lacks.tell(key, format!("several exporters write `{format}`"), &fix);
            }
            Err(_) => lacks.tell(key, format!("no exporter writes `{format}`"), &fix),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::{
        app::lacks::what_is_lacking,
        clock::{ManualClock, SharedClock},
        config::JobSection,
        model::Policy,
        plugin_host::guest::Guest,
    };

    fn job(kind: &str, settings: serde_json::Value) -> JobSection {
        let (policy, shown_settings) = (Policy::default(), serde_json::Value::Null);
        JobSection { kind: kind.into(), policy, settings, shown_settings }
    }

    /// With two filters and an exporter in the folder.
    async fn told(change: impl FnOnce(&mut Config)) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.data.folder = folder.path().join("data");
        config.plugin_host.folder = Some(folder.path().join("plugins"));
        fs::create_dir_all(folder.path().join("plugins")).unwrap();
        for (name, kind) in [("words", "chat-filter"), ("paper", "exporter"), ("resting", "chat-filter")] {
            let guest = Guest::plugin(name, "1.0.0", kind).component();
            fs::write(folder.path().join(format!("plugins/{name}.wasm")), guest).unwrap();
        }
        change(&mut config);
        let clock: SharedClock = ManualClock::at("2026-01-01T12:00:00Z".parse().unwrap());
        let around = Surroundings { program: None, search: None, folder: folder.path(), clock: &clock };
        let lacks = what_is_lacking(&config, around).await.unwrap();
        lacks.into_iter().map(|it| format!("{}: {}", it.key, it.message)).collect()
    }

    fn uses(names: &[&str]) -> Vec<FilterUse> {
        names.iter().map(|name| FilterUse::new(name.parse().unwrap())).collect()
    }

    #[tokio::test]
    async fn filters_have_to_be_there_and_to_judge() {
        let told = told(|config| {
            config.capture.filters = uses(&["words", "nope", "resting"]);
            let work = config.capture.accounts.entry("work".parse().unwrap()).or_default();
            work.filters = Some(uses(&["paper"]));
            config
                .jobs
                .insert("try".parse().unwrap(), job("try-filter", json!({ "filters": ["words", "wrds"] })));
            config.plugins.entry("resting".parse().unwrap()).or_default().enabled = false;
            let mut resting = job("try-filter", json!({ "filters": ["gone"] }));
            resting.policy.enabled = false;
            config.jobs.insert("resting".parse().unwrap(), resting);
        })
        .await;
        assert_eq!(
            told,
            [
                "capture.filters: there is no plugin `nope`",
                "capture.filters: the plugin `resting` is disabled",
                "capture.accounts.work.filters: the plugin `paper` judges no messages",
                "jobs.try.filters: there is no plugin `wrds`",
            ]
        );
    }

    #[tokio::test]
    async fn formats_have_to_be_offered() {
        let formats = |formats: serde_json::Value, is_paper_there: bool| {
            told(move |config| {
                config.plugins.entry("paper".parse().unwrap()).or_default().enabled = is_paper_there;
                let export = job("export", json!({ "formats": formats }));
                config.jobs.insert("out".parse().unwrap(), export);
            })
        };
        assert_eq!(formats(json!(["paper"]), true).await, [""; 0]);
        let unknown = json!(["nope", { "format": "words" }]);
        assert_eq!(
            formats(unknown.clone(), true).await,
            [""; 0],
            "it may be that of one that says nothing here"
        );
        let lacking = formats(unknown, false).await;
        assert_eq!(
            lacking,
            ["jobs.out.formats: no exporter writes `nope`", "jobs.out.formats: no exporter writes `words`"]
        );
    }
}
