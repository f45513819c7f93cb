//! What jobs about music lack.

use std::{collections::BTreeMap, ffi::OsStr, path::Path};

use super::{
    Lacks, of_job,
    plugins::{Plugins, Unusable},
};
use crate::{
    config::{Config, JobSection},
    jobs::{self, Keeps, ProfileNeeds},
    model::{AccountName, JobName, PluginKind, SourceName},
    state::State,
};

const PLAYER: &str = "player";

/// What can be told from the configuration alone.
pub(super) fn look(config: &Config, lacks: &mut Lacks) {
    shared_bios(config, lacks);
    players(config, lacks);
}

pub(super) fn is_about_it(config: &Config) -> bool {
    jobs_about_it(config).next().is_some()
}

fn jobs_about_it(config: &Config) -> impl Iterator<Item = (&JobName, &JobSection)> {
    let kinds = [PLAYER, "profile-music"];
    config.jobs.iter().filter(move |(_, job)| job.policy.enabled && kinds.contains(&job.kind.as_str()))
}

/// `state`: nothing if it is not known, nothing in it if there is none yet. `plugins`: nothing if they are not known.
pub(super) fn look_around(
    config: &Config,
    state: Option<Option<&State>>,
    plugins: Option<&Plugins<'_>>,
    search: Option<&OsStr>,
    lacks: &mut Lacks,
) {
    for (name, job) in jobs_about_it(config) {
        match jobs::profile_needs(job) {
            None => player(config, state, name, lacks),
            Some(needs) => {
                account(config, &needs, state, name, lacks);
                let Some(plugins) = plugins else { continue };
                for backend in &needs.backends {
                    look_at_backend(config, backend, plugins, search, &of_job(name, "backends"), lacks);
                }
            }
        }
    }
}

/// Jobs that would write over each other's words.
fn shared_bios(config: &Config, lacks: &mut Lacks) {
    let mut writers: BTreeMap<AccountName, &JobName> = BTreeMap::new();
    for (name, job) in &config.jobs {
        let keeps = jobs::kept_by(job, &config.telegram.default_account);
        let Some(Keeps { account, .. }) = keeps.filter(|keeps| keeps.has_bio) else { continue };
        if let Some(other) = writers.get(&account) {
            let message = format!(
                "the job `{other}` writes the bio of `{account}` already: each would undo the other's words"
            );
            lacks.tell(of_job(name, "bio"), message, "Remove `bio` from one of the two.");
        } else {
            writers.insert(account, name);
        }
    }
}

/// One is enough for all sources, and hears nothing without any.
fn players(config: &Config, lacks: &mut Lacks) {
    let mut players = jobs_about_it(config).filter(|(_, job)| job.kind == PLAYER).map(|(name, _)| name);
    let Some(first) = players.next() else { return };
    for other in players {
        let message = format!("the job `{first}` hears what plays already: a second one fails");
        lacks.tell(of_job(other, "kind"), message, "Remove one of the two: one is enough for all sources.");
    }
    if config.player.sources.is_empty() {
        let message = format!("the job `{first}` hears nothing without any source");
        lacks.tell("player.sources", message, "Write `sources = [\"spotify\"]`, or remove the line.");
    }
}

/// Where the replaced tool keeps its login, in its own image and in Docker lines for it. It is not taken over
/// by itself: two programs on one key end each other's login.
const OLD_LOGINS: [&str; 2] = ["/app/session.session", "/app/tdata"];

fn player(config: &Config, state: Option<Option<&State>>, job: &JobName, lacks: &mut Lacks) {
    if !config.player.sources.contains(&SourceName::Spotify) {
        return;
    }
    const OTHERS: &str = "or leave it to scrobblers: `sources = [\"listenbrainz\"]` in [player]";
    if config.spotify.client_id.is_none() {
        let fix = format!(
            "Make one on https://developer.spotify.com/dashboard and write `client_id` into [spotify], {OTHERS}."
        );
        return lacks.tell(of_job(job, "kind"), "it asks Spotify what plays, as no application", fix);
    }
    let is_logged_in = |state: &State| !state.spotify_login.is_empty();
    if config.spotify.refresh_token.is_none() && state.is_some_and(|state| !state.is_some_and(is_logged_in)) {
        let fix = format!("Run `tapedeck login spotify`, {OTHERS}.");
        lacks.tell(of_job(job, "kind"), "it asks Spotify what plays, but nobody is logged in there", fix);
    }
}

fn account(
    config: &Config,
    needs: &ProfileNeeds,
    state: Option<Option<&State>>,
    job: &JobName,
    lacks: &mut Lacks,
) {
    let account = needs.account.as_ref().unwrap_or(&config.telegram.default_account);
    let part = if needs.account.is_some() { "account" } else { "kind" };
    let is_there = |state: &State| {
        // What cannot be read is told of elsewhere.
        let accounts = state.telegram_sessions.accounts();
        accounts.map_or(true, |accounts| accounts.iter().any(|it| it == account.as_str()))
    };
    if state.is_some_and(|state| !state.is_some_and(is_there)) {
        let message = format!("nobody is logged in to Telegram as `{account}`");
        let old = OLD_LOGINS.iter().find(|path| Path::new(path).exists());
        let import = old.map(|path| format!(" --import {path}")).unwrap_or_default();
        lacks.tell(
            of_job(job, part),
            message,
            format!("Run `tapedeck login telegram --account {account}{import}`."),
        );
    }
}

fn look_at_backend(
    config: &Config,
    name: &str,
    plugins: &Plugins<'_>,
    search: Option<&OsStr>,
    key: &str,
    lacks: &mut Lacks,
) {
    if config.backends.contains_key(name) {
        return;
    }
    let plugin = match plugins.find(name, &[PluginKind::TrackBackend]) {
        Ok(plugin) => plugin,
        Err(Unusable::Unknown) => {
            let message = format!("there is neither a plugin nor a table [backends.{name}]");
            return lacks.tell(key, message, Unusable::LIST);
        }
        Err(Unusable::OtherKind) => {
            let message = format!("the plugin `{name}` brings no recordings");
            return lacks.tell(key, message, "Name one of kind track-backend.");
        }
        Err(unusable) => return unusable.tell(name, key, lacks),
    };
    if let Some(lines) = jobs::missing_grants(plugin) {
        lacks.tell(key, format!("the plugin `{name}` may not do what it asks for"), lines);
    }
    for it in plugin.capabilities.iter().filter(|it| it.capability == "run" && it.is_granted) {
        if search.is_some_and(|folders| !is_installed(&it.what, folders)) {
            let message = format!("the plugin `{name}` runs {}, which is not installed", it.what);
            lacks.tell(key, message, "Install it, or give its `path` with the grant.");
        }
    }
}

/// What is granted with a path of its own is found there.
fn is_installed(granted: &str, folders: &OsStr) -> bool {
    let has_path = granted.contains(",path=");
    let program = granted.split(',').next().unwrap_or_default();
    has_path || std::env::split_paths(folders).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::{
        app::lacks::{Lack, Surroundings, what_is_lacking},
        clock::{ManualClock, SharedClock},
        model::Policy,
        plugin_host::guest::Guest,
    };

    async fn lacks_of(config: &Config, folder: &Path) -> Vec<Lack> {
        let clock: SharedClock = ManualClock::at("2026-01-01T12:00:00Z".parse().unwrap());
        let search = Some(folder.as_os_str());
        what_is_lacking(config, Surroundings { program: None, search, folder, clock: &clock }).await.unwrap()
    }

    /// A backend that asks for a place to remember things and for a program.
    fn backend() -> Vec<u8> {
        let manifest = json!({ "id": "tape", "version": "1.0.0", "summary": "A test.",
            "wants": { "kv": { "bytes": 1_048_576 }, "run": [{ "program": "recorder" }] } });
        let world = "package test:guest; world guest { export tapedeck:plugin/track-backend@1.0.0; }";
        Guest::of_wit_beside(world).manifest(&manifest.to_string()).component()
    }

    async fn lacks(change: impl FnOnce(&mut Config, &Path)) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.data.folder = folder.path().join("data");
        config.plugin_host.folder = Some(folder.path().join("plugins"));
        fs::create_dir_all(folder.path().join("plugins")).unwrap();
        fs::write(folder.path().join("plugins/tape.wasm"), backend()).unwrap();
        let job = JobSection {
            kind: "profile-music".into(),
            policy: Policy::default(),
            settings: json!({ "backends": ["tape"] }),
            shown_settings: serde_json::Value::Null,
        };
        config.jobs.insert("show".parse().unwrap(), job);
        change(&mut config, folder.path());
        lacks_of(&config, folder.path())
            .await
            .into_iter()
            .filter(|lack| lack.key == "jobs.show.backends")
            .map(|it| it.message + "; " + &it.fix)
            .collect()
    }

    #[tokio::test]
    async fn grants_come_with_the_lines_to_write() {
        let lacks = lacks(|_, _| {}).await;
        assert_eq!(lacks.len(), 1, "{lacks:?}");
        let lines = "[plugins.tape.grants]\nkv = \"1MiB\"\nrun = [\"recorder\"]\n";
        assert!(
            lacks[0].contains("`tapedeck plugins grant tape --all`") && lacks[0].contains(lines),
            "{lacks:?}"
        );
    }

    #[tokio::test]
    async fn granted_programs_have_to_be_there() {
        let grant = |config: &mut Config| {
            let table = config.plugins.entry("tape".parse().unwrap()).or_default();
            table.grants.put("kv=1MiB".parse().unwrap());
            table.grants.put("run=recorder".parse().unwrap());
        };
        let missing = lacks(|config, _| grant(config)).await;
        assert_eq!(missing.len(), 1, "{missing:?}");
        assert!(missing[0].contains("runs recorder, which is not installed"), "{missing:?}");
        let installed = lacks(|config, folder| {
            grant(config);
            fs::write(folder.join("recorder"), "x").unwrap();
        })
        .await;
        assert_eq!(installed, [""; 0]);
    }

    #[tokio::test]
    async fn one_bio_has_one_writer() {
        let mut config = Config::default();
        let mut job = |name: &str, settings: serde_json::Value| {
            let policy = Policy::default();
            let kind = "now-playing".into();
            let section = JobSection { kind, policy, settings, shown_settings: serde_json::Value::Null };
            config.jobs.insert(name.parse().unwrap(), section);
        };
        job("first", json!({ "bio": { "text": "{{song}}" } }));
        job("message", json!({ "message": { "text": "{{song}}" } }));
        job("other", json!({ "bio": { "text": "{{song}}" }, "account": "work" }));
        job("second", json!({ "bio": { "text": "{{title}}" }, "account": "main" }));
        let lacks = lacks_of(&config, Path::new("/nowhere")).await;
        assert_eq!(lacks.len(), 1, "{lacks:?}");
        assert_eq!(lacks[0].key, "jobs.second.bio");
        assert!(lacks[0].message.contains("the job `first` writes the bio of `main` already"), "{lacks:?}");
    }

    #[tokio::test]
    async fn own_backends_and_other_kinds_are_told_apart() {
        let named = |backends: serde_json::Value| {
            lacks(move |config, _| {
                let files = json!({ "kind": "files", "folder": "music" });
                config.backends.insert("mine".parse().unwrap(), serde_json::from_value(files).unwrap());
                for job in config.jobs.values_mut() {
                    job.settings = json!({ "backends": backends });
                }
            })
        };
        assert_eq!(named(json!(["mine"])).await, [""; 0]);
        assert!(named(json!(["nobody"])).await[0].contains("neither a plugin nor a table [backends.nobody]"));
    }

    #[tokio::test]
    async fn players_need_a_source_and_no_company() {
        let told = async |jobs: &[&str], sources: Vec<SourceName>| {
            let mut config = Config::default();
            config.player.sources = sources;
            config.spotify.client_id = Some("id".into());
            for name in jobs {
                let (policy, settings) = (Policy::default(), json!({}));
                let section = JobSection {
                    kind: PLAYER.into(),
                    policy,
                    settings,
                    shown_settings: serde_json::Value::Null,
                };
                config.jobs.insert(name.parse().unwrap(), section);
            }
            let lacks = lacks_of(&config, Path::new("/nowhere")).await;
            lacks.into_iter().map(|it| format!("{}: {}", it.key, it.message)).collect::<Vec<_>>()
        };
        let scrobbler = || vec![SourceName::ListenBrainz];
        assert_eq!(told(&["hear"], scrobbler()).await, [""; 0]);
        assert_eq!(told(&[], Vec::new()).await, [""; 0], "nobody wants to hear");
        assert_eq!(
            told(&["hear"], Vec::new()).await,
            ["player.sources: the job `hear` hears nothing without any source"]
        );
        assert_eq!(
            told(&["hear", "listen"], scrobbler()).await,
            ["jobs.listen.kind: the job `hear` hears what plays already: a second one fails"]
        );
    }
}
