//! What jobs about music lack before they can do what they are for. Most of it is told by the jobs
//! themselves when they run; who only writes a configuration hears it here.

use std::{collections::BTreeMap, ffi::OsStr, path::Path};

use super::plugins::views;
use crate::{
    config::{Config, JobSection},
    jobs::{self, Keeps, ProfileNeeds},
    model::{AccountName, JobName, PluginKind, PluginName, PluginState, PluginView, SourceName},
    state::State,
};

/// Something that a job lacks. It can be mended without changing the job, so it is no error.
#[derive(Debug, PartialEq, Eq)]
pub struct Lack {
    pub job: JobName,
    /// The job's setting that it is about.
    pub part: &'static str,
    pub message: String,
    pub fix: String,
}

/// `program` is the running one's own file, `search` the folders of programs (`PATH`). Who is logged in is
/// only known while no daemon runs.
pub fn what_music_lacks(config: &Config, program: Option<&Path>, search: Option<&OsStr>) -> Vec<Lack> {
    let mut lacks = shared_bios(config);
    let is_about_music = |job: &JobSection| job.policy.enabled && MUSIC.contains(&job.kind.as_str());
    if !config.jobs.values().any(is_about_music) {
        return lacks;
    }
    let folder = &config.data.folder;
    let state = match State::exists(folder) {
        // A daemon has it.
        true => State::open(folder).ok().map(Some),
        false => Some(None),
    };
    let views = views(config, program, state.as_ref().and_then(Option::as_ref));
    let plugins = Plugins::new(views.unwrap_or_default(), search);
    for (name, job) in config.jobs.iter().filter(|(_, job)| is_about_music(job)) {
        let mut tell = |part, message: String, fix: String| {
            lacks.push(Lack { job: name.clone(), part, message, fix });
        };
        match jobs::profile_needs(job) {
            None => player(config, state.as_ref().map(Option::as_ref), &mut tell),
            Some(needs) => {
                account(config, &needs, state.as_ref().map(Option::as_ref), &mut tell);
                needs.backends.iter().for_each(|backend| plugins.backend(config, backend, &mut tell));
            }
        }
    }
    lacks
}

/// Jobs that would write over each other's words.
fn shared_bios(config: &Config) -> Vec<Lack> {
    let mut writers: BTreeMap<AccountName, &JobName> = BTreeMap::new();
    let mut lacks = Vec::new();
    for (name, job) in &config.jobs {
        let keeps = jobs::kept_by(job, &config.telegram.default_account);
        let Some(Keeps { account, .. }) = keeps.filter(|keeps| keeps.has_bio) else { continue };
        if let Some(other) = writers.get(&account) {
            lacks.push(Lack {
                job: name.clone(),
                part: "bio",
                message: format!("the job `{other}` writes the bio of `{account}` already: each would undo the other's words"),
                fix: "Remove `bio` from one of the two.".into(),
            });
        } else {
            writers.insert(account, name);
        }
    }
    lacks
}

const MUSIC: [&str; 2] = ["player", "profile-music"];

/// Where the replaced tool keeps its login, in its own image and in Docker lines for it. It is not taken over
/// by itself: two programs on one key end each other's login.
const OLD_LOGINS: [&str; 2] = ["/app/session.session", "/app/tdata"];

type Tell<'a> = dyn FnMut(&'static str, String, String) + 'a;

/// `state`: nothing if it is not known, nothing in it if there is none yet.
fn player(config: &Config, state: Option<Option<&State>>, tell: &mut Tell<'_>) {
    if !config.player.sources.contains(&SourceName::Spotify) {
        return;
    }
    const OTHERS: &str = "or leave it to scrobblers: `sources = [\"listenbrainz\"]` in [player]";
    if config.spotify.client_id.is_none() {
        let fix = format!(
            "Make one on https://developer.spotify.com/dashboard and write `client_id` into [spotify], {OTHERS}."
        );
        return tell("kind", "it asks Spotify what plays, as no application".into(), fix);
    }
    let is_logged_in = |state: &State| !state.spotify_login.is_empty();
    if config.spotify.refresh_token.is_none() && state.is_some_and(|state| !state.is_some_and(is_logged_in)) {
        let fix = format!("Run `tapedeck login spotify`, {OTHERS}.");
        tell("kind", "it asks Spotify what plays, but nobody is logged in there".into(), fix);
    }
}

fn account(config: &Config, needs: &ProfileNeeds, state: Option<Option<&State>>, tell: &mut Tell<'_>) {
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
        tell(part, message, format!("Run `tapedeck login telegram --account {account}{import}`."));
    }
}

/// All that the folders and the configuration have, by name.
struct Plugins<'a> {
    views: BTreeMap<PluginName, PluginView>,
    search: Option<&'a OsStr>,
}

impl<'a> Plugins<'a> {
    /// What a daemon has granted is not known while it runs.
    fn new(views: Vec<PluginView>, search: Option<&'a OsStr>) -> Self {
        Self { views: views.into_iter().map(|view| (view.name.clone(), view)).collect(), search }
    }

    fn backend(&self, config: &Config, name: &str, tell: &mut Tell<'_>) {
        const PART: &str = "backends";
        if config.backends.keys().any(|own| own.as_str() == name) {
            return;
        }
        let Some(plugin) = self.views.get(name) else {
            let message = format!("there is neither a plugin nor a table [backends.{name}]");
            return tell(PART, message, "`tapedeck plugins list` shows the plugins that are there.".into());
        };
        match &plugin.state {
            // What is wrong with a file is told with its table.
            PluginState::Broken { .. } => return,
            PluginState::Missing { .. } => {
                let message = format!("the file of the plugin `{name}` is not there");
                return tell(PART, message, "`tapedeck plugins list` shows where it is looked for.".into());
            }
            PluginState::Disabled => {
                let message = format!("the plugin `{name}` is disabled");
                return tell(PART, message, format!("Remove `enabled = false` from [plugins.{name}]."));
            }
            _ => {}
        }
        if !plugin.kinds.is_empty() && !plugin.kinds.contains(&PluginKind::TrackBackend) {
            let message = format!("the plugin `{name}` brings no recordings");
            return tell(PART, message, "Name one of kind track-backend.".into());
        }
        if let Some(lines) = jobs::missing_grants(plugin) {
            let message = format!("the plugin `{name}` may not do what it asks for");
            tell(PART, message, lines);
        }
        for it in plugin.capabilities.iter().filter(|it| it.capability == "run" && it.is_granted) {
            if self.search.is_some_and(|folders| !is_installed(&it.what, folders)) {
                let message = format!("the plugin `{name}` runs {}, which is not installed", it.what);
                tell(PART, message, "Install it, or give its `path` with the grant.".into());
            }
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
    use crate::{model::Policy, plugin_host::guest::Guest};

    /// A backend that asks for a place to remember things and for a program.
    fn backend() -> Vec<u8> {
        let manifest = json!({ "id": "tape", "version": "1.0.0", "summary": "A test.",
            "wants": { "kv": { "bytes": 1_048_576 }, "run": [{ "program": "recorder" }] } });
        let world = "package test:guest; world guest { export tapedeck:plugin/track-backend@1.0.0; }";
        Guest::of_wit_beside(world).manifest(&manifest.to_string()).component()
    }

    fn lacks(change: impl FnOnce(&mut Config, &Path)) -> Vec<String> {
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
        let lacks = what_music_lacks(&config, None, Some(folder.path().as_os_str()));
        lacks
            .into_iter()
            .filter(|lack| lack.part == "backends")
            .map(|it| it.message + "; " + &it.fix)
            .collect()
    }

    #[test]
    fn grants_come_with_the_lines_to_write() {
        let lacks = lacks(|_, _| {});
        assert_eq!(lacks.len(), 1, "{lacks:?}");
        let lines = "[plugins.tape.grants]\nkv = \"1MiB\"\nrun = [\"recorder\"]\n";
        assert!(
            lacks[0].contains("`tapedeck plugins grant tape --all`") && lacks[0].contains(lines),
            "{lacks:?}"
        );
    }

    #[test]
    fn granted_programs_have_to_be_there() {
        let grant = |config: &mut Config| {
            let table = config.plugins.entry("tape".parse().unwrap()).or_default();
            table.grants.put("kv=1MiB".parse().unwrap());
            table.grants.put("run=recorder".parse().unwrap());
        };
        let missing = lacks(|config, _| grant(config));
        assert_eq!(missing.len(), 1, "{missing:?}");
        assert!(missing[0].contains("runs recorder, which is not installed"), "{missing:?}");
        let installed = lacks(|config, folder| {
            grant(config);
            fs::write(folder.join("recorder"), "x").unwrap();
        });
        assert_eq!(installed, [""; 0]);
    }

    #[test]
    fn one_bio_has_one_writer() {
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
        let lacks = what_music_lacks(&config, None, None);
        assert_eq!(lacks.len(), 1, "{lacks:?}");
        assert_eq!((lacks[0].job.as_str(), lacks[0].part), ("second", "bio"));
        assert!(lacks[0].message.contains("the job `first` writes the bio of `main` already"), "{lacks:?}");
    }

    #[test]
    fn own_backends_and_other_kinds_are_told_apart() {
        let named = |backends: serde_json::Value| {
            lacks(|config, _| {
                let files = json!({ "kind": "files", "folder": "music" });
                config.backends.insert("mine".parse().unwrap(), serde_json::from_value(files).unwrap());
                for job in config.jobs.values_mut() {
                    job.settings = json!({ "backends": backends });
                }
            })
        };
        assert_eq!(named(json!(["mine"])), [""; 0]);
        assert!(named(json!(["nobody"]))[0].contains("neither a plugin nor a table [backends.nobody]"));
    }
}
