//! What runs. Each kind is one file: its settings, its summary, its job. Adding a kind is that
//! file and one line in [`kinds`].

mod archive;
mod avatars;
mod capturing;
mod check_account;
mod command;
mod export;
mod fill;
mod http;
mod import;
mod listen;
mod now_playing;
mod output;
mod ping;
mod player;
mod profile_music;
mod program;
mod prune;
mod recheck;
mod stats;
mod template;
mod try_filter;
mod verify;
mod waiting;
mod webhook;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use serde::de::DeserializeOwned;

use crate::{
    archive::{Archive, media::Media},
    capture::Sweeps,
    clock::SharedClock,
    config::{BackendSection, CaptureSection, JobSection, Vocabulary},
    model::{JobName, PluginName, Policy},
    music::{
        backends::Attempts,
        covers::Covers,
        ledger::Ledger,
        now_playing::Signs,
        player::Players,
        profile::{Boards, Recordings},
    },
    plugin_host::Plugins,
    scheduler::{Job, PlannedJob, cron::CronExpression},
    spotify::Spotify,
    state::State,
    telegram::Accounts,
};

pub use export::exported_formats;
pub use http::build_client;
pub use now_playing::{Daemon as NowPlayingDaemon, Keeps, NAME as NOW_PLAYING, TakeBack, kept_by};
pub use ping::Pinger;
pub use profile_music::{ProfileNeeds, missing_grants, profile_needs};
pub use try_filter::tried_filters;
pub use waiting::client_of_run;

type Build = fn(&JobName, &serde_json::Value, &JobTools) -> anyhow::Result<Arc<dyn Job>>;

/// A kind of job that `kind = "…"` can name.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub name: &'static str,
    /// One sentence for people.
    pub about: &'static str,
    /// What its settings look like, without the keys that every job has.
    pub schema: fn() -> schemars::Schema,
    pub build: Build,
}

/// What jobs are built with.
#[derive(Clone, Debug)]
pub struct JobTools {
    /// From [`build_client`]: it follows no redirect by itself.
    pub http: reqwest::Client,
    /// Where Telegram is reached; none where jobs are only checked.
    pub accounts: Option<Accounts>,
    /// Where Spotify is asked; none where jobs are only checked.
    pub spotify: Option<Spotify>,
    /// Other people's code; none where jobs are only checked.
    pub plugins: Option<Plugins>,
    /// What was played, and what profiles show; none where jobs are only checked.
    pub music: Option<MusicTools>,
    /// What cannot be had again; none where jobs are only checked.
    pub archive: Option<Archive>,
    /// Which chats are captured.
    pub capture: CaptureSection,
    /// What people see of sweeps.
    pub sweeps: Sweeps,
    /// Where the files of messages lie; none where jobs are only checked.
    pub media: Option<Media>,
    /// Sources of recordings that are no plugins.
    pub backends: BTreeMap<PluginName, BackendSection>,
    pub clock: SharedClock,
    /// The folder of `config.toml`: relative paths in settings count from here.
    pub base_folder: PathBuf,
    pub version: &'static str,
    /// Environment variables that programs do not get.
    pub private_variables: Arc<BTreeSet<String>>,
}

/// What jobs about music share.
#[derive(Clone, Debug)]
pub struct MusicTools {
    pub state: State,
    pub ledger: Ledger,
    pub boards: Boards,
    /// What was tried for each track.
    pub attempts: Attempts,
    /// What plays now.
    pub players: Players,
    pub covers: Covers,
    /// Songs to listen to.
    pub recordings: Recordings,
    /// Whose turn it is to say it.
    pub signs: Signs,
}

/// The registry: one line per kind.
pub fn kinds() -> &'static [Kind] {
    &[
        command::KIND,
        webhook::KIND,
        check_account::KIND,
        try_filter::KIND,
        player::KIND,
        profile_music::KIND,
        now_playing::KIND,
        archive::KIND,
        avatars::KIND,
        listen::KIND,
        fill::KIND,
        recheck::KIND,
        prune::KIND,
        stats::KIND,
        verify::KIND,
        export::KIND,
        import::KIND,
    ]
}

/// What the configuration has to know about jobs to check them.
pub fn vocabulary() -> Vocabulary {
    Vocabulary {
        kinds: kinds().iter().map(|kind| (kind.name, (kind.schema)())).collect(),
        check_cron: |text| CronExpression::parse(text).map(drop).map_err(|error| error.to_string()),
    }
}

/// A job whose settings are well-formed but make no sense.
#[derive(Debug)]
pub struct BadJob {
    pub job: JobName,
    pub error: anyhow::Error,
}

/// Builds every job of the configuration, or reports every one that cannot be built.
pub fn plan(jobs: &BTreeMap<JobName, JobSection>, tools: &JobTools) -> Result<Vec<PlannedJob>, Vec<BadJob>> {
    let mut planned = Vec::new();
    let mut bad = Vec::new();
    for (name, section) in jobs {
        match build(name, section, tools) {
            Ok(job) => planned.push(job),
            Err(error) => bad.push(BadJob { job: name.clone(), error }),
        }
    }
    if bad.is_empty() { Ok(planned) } else { Err(bad) }
}

/// A job that is not in the configuration.
pub fn plan_once(
    name: JobName,
    kind: &str,
    settings: serde_json::Value,
    tools: &JobTools,
) -> anyhow::Result<PlannedJob> {
    let (kind, policy, shown_settings) = (kind.to_owned(), Policy::default(), serde_json::Value::Null);
    build(&name, &JobSection { kind, policy, settings, shown_settings }, tools)
}

fn build(name: &JobName, section: &JobSection, tools: &JobTools) -> anyhow::Result<PlannedJob> {
    let kind = kinds().iter().find(|kind| kind.name == section.kind).ok_or_else(|| {
        let known: Vec<_> = kinds().iter().map(|kind| kind.name).collect();
        anyhow::anyhow!("there is no job kind `{}`: use one of {}", section.kind, known.join(", "))
    })?;
    let job = (kind.build)(name, &section.settings, tools)?;
    Ok(PlannedJob { name: name.clone(), kind: section.kind.clone(), policy: section.policy.clone(), job })
}

/// A kind's own settings, from the job's table.
fn read_settings<T: DeserializeOwned>(settings: &serde_json::Value) -> anyhow::Result<T> {
    let settings = match settings {
        serde_json::Value::Null => serde_json::Value::Object(serde_json::Map::new()),
        settings => settings.clone(),
    };
    Ok(serde_json::from_value(settings)?)
}

/// The schema of a kind's settings, with nothing behind references: the loader walks it.
fn schema_of<T: schemars::JsonSchema>() -> schemars::Schema {
    schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<T>()
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Sources, load};

    fn section(kind: &str, settings: serde_json::Value) -> JobSection {
        JobSection {
            kind: kind.into(),
            policy: crate::model::Policy::default(),
            settings,
            shown_settings: serde_json::Value::Null,
        }
    }

    #[test]
    fn plans_every_job_in_order() {
        let jobs = BTreeMap::from([
            ("b".parse().unwrap(), section("command", json!({ "program": "true" }))),
            ("a".parse().unwrap(), section("webhook", json!({ "url": "https://example.org/" }))),
        ]);
        let planned = plan(&jobs, &testing::tools()).unwrap();
        let names: Vec<_> = planned.iter().map(|job| (job.name.as_str(), job.kind.as_str())).collect();
        assert_eq!(names, [("a", "webhook"), ("b", "command")]);
    }

    #[test]
    fn reports_every_bad_job_at_once() {
        let jobs = BTreeMap::from([
            ("a".parse().unwrap(), section("command", json!({}))),
            ("b".parse().unwrap(), section("comand", json!({}))),
            (
                "c".parse().unwrap(),
                section("webhook", json!({ "url": "https://example.org", "method": "?" })),
            ),
        ]);
        let bad = plan(&jobs, &testing::tools()).unwrap_err();
        let errors: Vec<_> = bad.iter().map(|bad| format!("{}: {:#}", bad.job, bad.error)).collect();
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(errors[0].contains("program"), "{errors:?}");
        assert!(errors[1].contains("command, webhook"), "{errors:?}");
    }

    #[test]
    fn schemas_hold_no_references() {
        for kind in kinds() {
            let schema = serde_json::to_string(&(kind.schema)()).unwrap();
            assert!(!schema.contains("$ref"), "{}: {schema}", kind.name);
            assert!(schema.contains("\"additionalProperties\":false"), "{}: {schema}", kind.name);
        }
    }

    #[test]
    fn kinds_and_policies_share_no_key() {
        let properties = |schema: schemars::Schema| {
            let keys =
                schema.get("properties").and_then(|keys| keys.as_object()).cloned().unwrap_or_default();
            keys.into_iter().map(|(key, _)| key).collect::<std::collections::BTreeSet<_>>()
        };
        let policies = properties(schema_of::<crate::model::Policy>());
        for kind in kinds() {
            let both: Vec<_> = properties((kind.schema)()).intersection(&policies).cloned().collect();
            assert!(both.is_empty() && !policies.is_empty(), "{}: {both:?}", kind.name);
        }
    }

    #[test]
    fn documented_examples_work() {
        let docs = include_str!("../../../docs/jobs.md");
        let blocks = docs.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```"));
        let text: String = blocks.map(|(block, _)| block).collect();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        let environment = [
            ("REPORT_API_KEY", "k3y"),
            ("TEAM_HOOK_URL", "https://example.org/t0ken"),
            ("SITE_HOOK_SECRET", "whsec_AAAA"),
        ];
        let loaded = load(&Sources::new(Some(file), environment.into_iter().collect()), &vocabulary());
        let config = loaded.config.unwrap_or_else(|| panic!("{:#?}", loaded.problems));
        let planned = plan(&config.jobs, &testing::tools()).unwrap();
        assert_eq!(planned.len(), 22);
    }
}
