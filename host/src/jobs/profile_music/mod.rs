//! Kind `profile-music`: makes a Telegram profile show what was played last.

mod files;
mod needs;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::anyhow;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub use needs::{ProfileNeeds, missing_grants, profile_needs};

use super::{JobTools, Kind, MusicTools, client_of_run, read_settings, schema_of};
use crate::{
    clock::SharedClock,
    config::MOST_WORKERS,
    model::{AccountName, ByteSize, JobName, Period, PluginName, Summary},
    music::{
        backends::{self, Chain},
        fetched,
        profile::{Figures, Orders, Profile, ProfileError, RemovedByUser, Rules, Telling, Terms},
    },
    plugin_host::Plugins,
    scheduler::{Job, JobError, Reporter, RunContext},
    telegram::{AccountError, Accounts, Patience, music::Music},
};

pub(super) const KIND: Kind = Kind {
    name: "profile-music",
    about: "Makes a Telegram profile show what was played last.",
    schema: schema_of::<Settings>,
    build,
};

/// Longer pauses are shown, and files go on meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);

/// Makes a Telegram profile show what was played last.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// Where recordings come from, in this order: plugins and `[backends.…]` by name. While a song is only
    /// silence with a name, the later ones are asked for a better one. Default: ["zero"].
    #[schemars(length(min = 1))]
    backends: Vec<String>,
    /// How many songs the profile keeps: the last different ones. Default: 20.
    #[schemars(range(min = 1, max = 1000))]
    keep: u32,
    /// Whether all of them go when playback stops. Default: true.
    clean_when_stopped: bool,
    /// Whether all of them go when the daemon is stopped, too, in the time that `scheduler.drain_timeout` gives.
    /// Default: false.
    clean_at_exit: bool,
    /// What a song means that somebody took off the profile, or whose message somebody deleted: it stays
    /// away until it is played again ("until-played"), for ever ("never"), or not at all ("forget").
    removed_by_user: RemovedByUser,
    /// Files fetched at the same time; better ones for songs that are there have as many places of their own. Default: 2.
    #[schemars(range(min = 1, max = MOST_WORKERS))]
    workers: u32,
    /// How much longer or shorter than the song a recording may be. Default: "10s".
    tolerance: Period,
    /// Larger recordings are refused. Default: "50MiB".
    max_file: ByteSize,
    /// How long a backend that does not have a song is not asked for it again. Default: "1d".
    remember_misses: Period,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: None,
            backends: vec!["zero".into()],
            keep: 20,
            clean_when_stopped: true,
            clean_at_exit: false,
            removed_by_user: RemovedByUser::default(),
            workers: 2,
            tolerance: Period::from_secs(10),
            max_file: ByteSize(50 * 1024 * 1024),
            remember_misses: Period::from_secs(24 * 60 * 60),
        }
    }
}

#[derive(Debug)]
struct ProfileMusic {
    account: Option<AccountName>,
    rules: Rules,
    clean_at_exit: bool,
    workers: usize,
    /// None where jobs are only checked.
    daemon: Option<Daemon>,
}

/// What only a daemon has.
#[derive(Debug)]
struct Daemon {
    accounts: Accounts,
    music: MusicTools,
    plugins: Plugins,
    backends: Vec<String>,
    /// What backends lack is said once for each configuration.
    is_lack_told: AtomicBool,
    chain: Chain,
    clock: SharedClock,
    http: reqwest::Client,
}

#[derive(Debug, Serialize)]
struct Done {
    account: AccountName,
    #[serde(flatten)]
    figures: Figures,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.figures.fmt(f)
    }
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let settings: Settings = read_settings(settings)?;
    anyhow::ensure!(settings.keep > 0, "`keep = 0` would keep no song");
    anyhow::ensure!(!settings.backends.is_empty(), "`backends` names none: write `backends = [\"zero\"]`");
    backends::check_own(&settings.backends, &tools.backends)?;
    let daemon = match (&tools.accounts, &tools.plugins, &tools.music) {
        (Some(accounts), Some(plugins), Some(music)) => Some(Daemon {
            accounts: accounts.clone(),
            music: music.clone(),
            plugins: plugins.clone(),
            backends: settings.backends.clone(),
            is_lack_told: AtomicBool::new(false),
            chain: files::chain(&settings, plugins, music, tools)?,
            clock: tools.clock.clone(),
            http: tools.http.clone(),
        }),
        _ => None,
    };
    let rules = Rules {
        keep: settings.keep as usize,
        clean_when_stopped: settings.clean_when_stopped,
        removed_by_user: settings.removed_by_user,
    };
    Ok(Arc::new(ProfileMusic {
        account: settings.account,
        rules,
        clean_at_exit: settings.clean_at_exit,
        workers: settings.workers as usize,
        daemon,
    }))
}

impl Job for ProfileMusic {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let daemon = self.daemon.as_ref();
            let daemon = daemon.ok_or_else(|| JobError::permanent(anyhow!("only a daemon has accounts")))?;
            let account = self.account(daemon);
            let profile = daemon.profile(&account, &context.report).await?;
            daemon.tell_lack();
            let orders = Orders {
                rules: self.rules,
                workers: self.workers,
                ask: files::ask(daemon.chain.clone()),
                tell: telling(&context.report),
                stop: context.stop.clone(),
            };
            profile.board.note_terms(Terms { chain: daemon.chain.clone(), rules: self.rules });
            let (figures, result) = profile.reconcile(&orders).await;
            let done = Done { account, figures };
            match result {
                Ok(()) => {
                    tracing::info!(account = %done.account, shown = done.figures.shown, "{done}");
                    Ok(Summary::of(&done))
                }
                Err(error) => Err(failure(error).with_summary(Summary::of(&done))),
            }
        })
    }

    fn farewell(&self) -> Option<BoxFuture<'_, ()>> {
        let daemon = self.daemon.as_ref().filter(|_| self.clean_at_exit)?;
        Some(Box::pin(async move {
            match self.clean(daemon).await {
                Ok(figures) => tracing::info!(taken_off = figures.taken_off, "The profile was cleaned"),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "The profile could not be cleaned before the end");
                }
            }
        }))
    }
}

impl ProfileMusic {
    fn account(&self, daemon: &Daemon) -> AccountName {
        self.account.clone().unwrap_or_else(|| daemon.accounts.default_account())
    }

    /// Playback is over as far as the profile goes: what is there now does not come back at the next start.
    async fn clean(&self, daemon: &Daemon) -> Result<Figures, JobError> {
        if self.rules.clean_when_stopped {
            daemon.music.ledger.stop().await.map_err(JobError::permanent)?;
        }
        let profile = daemon.profile(&self.account(daemon), &Reporter::new().0).await?;
        let stop = CancellationToken::new();
        let orders = Orders {
            rules: Rules { keep: 0, ..self.rules },
            workers: self.workers,
            ask: files::ask(daemon.chain.clone()),
            tell: giving_up_when_told_to_wait(&stop),
            stop,
        };
        let (figures, result) = profile.reconcile(&orders).await;
        result.map(|()| figures).map_err(failure)
    }
}

impl Daemon {
    fn tell_lack(&self) {
        let names = self.backends.iter().filter_map(|name| name.parse::<PluginName>().ok());
        let views = names.filter_map(|name| self.plugins.view(&name).ok());
        let lacks: Vec<_> = views.filter_map(|view| Some((missing_grants(&view)?, view.name))).collect();
        if lacks.is_empty() || self.is_lack_told.swap(true, Ordering::Relaxed) {
            return;
        }
        for (lines, plugin) in lacks {
            tracing::warn!(%plugin, "The plugin may not do what it asks for. {lines}");
        }
    }

    async fn profile(&self, account: &AccountName, report: &Reporter) -> Result<Profile, JobError> {
        let client = self.accounts.client(account).await.map_err(|error| match error {
            AccountError::Servers(_) => JobError::temporary(error),
            error => JobError::permanent(error),
        })?;
        let music = |client| Music::new(client, self.music.state.clone(), self.clock.clone());
        Ok(Profile {
            account: account.clone(),
            music: music(client.with_patience(Patience::UpTo(PATIENCE))),
            uploads: music(client_of_run(&client, report)),
            ledger: self.music.ledger.clone(),
            state: self.music.state.clone(),
            clock: self.clock.clone(),
            http: self.http.clone(),
            board: self.music.boards.of(account),
            folder: fetched::folder(self.music.state.folder()),
        })
    }
}

fn telling(report: &Reporter) -> crate::music::profile::Tell {
    let report = report.clone();
    Arc::new(move |telling| match telling {
        Telling::Doing { steps, what } => report.progress(steps, None, "steps", what),
        Telling::Waiting { until, reason } => report.waiting_for("Telegram", until, reason),
        Telling::GoingOn => report.going_on(),
    })
}

/// The end of a daemon waits for nobody.
fn giving_up_when_told_to_wait(stop: &CancellationToken) -> crate::music::profile::Tell {
    let stop = stop.clone();
    Arc::new(move |telling| {
        if let Telling::Waiting { .. } = telling {
            stop.cancel();
        }
    })
}

fn failure(error: ProfileError) -> JobError {
    if error.is_temporary() { JobError::temporary(error) } else { JobError::permanent(error) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::testing;

    #[tokio::test]
    async fn without_a_daemon_it_fails_for_good() {
        let job = testing::job(&KIND, json!({}));
        let error = job.run(testing::context().0).await.unwrap_err();
        assert!(!error.is_temporary, "{error}");
    }

    #[test]
    fn wrong_settings_are_refused() {
        for settings in [
            json!({ "keep": 0 }),
            json!({ "keep": "many" }),
            json!({ "backends": [] }),
            json!({ "removed_by_user": "sometimes" }),
            json!({ "account": "Not A Name" }),
            json!({ "clean": true }),
        ] {
            assert!(testing::try_job(&KIND, settings.clone()).is_err(), "{settings}");
        }
        let full = json!({ "backends": ["zero", "spotdl"], "keep": 7, "removed_by_user": "never" });
        assert!(testing::try_job(&KIND, full).is_ok());
    }

    #[test]
    fn tables_of_backends_are_checked_without_a_daemon() {
        let built = |table: serde_json::Value| {
            let backends = [("mine".parse().unwrap(), serde_json::from_value(table).unwrap())].into();
            let tools = JobTools { backends, ..testing::tools() };
            build(&"show".parse().unwrap(), &json!({ "backends": ["mine", "zero"] }), &tools)
                .map(drop)
                .map_err(|error| format!("{error:#}"))
        };
        for (table, says) in [
            (json!({ "kind": "command" }), "`program` is missing"),
            (json!({ "kind": "command", "program": " " }), "`program` is missing"),
            (
                json!({ "kind": "command", "program": "x", "args": ["{{bogus}}"] }),
                "`{{bogus}}` is no placeholder",
            ),
            (json!({ "kind": "files" }), "`folder` is missing"),
        ] {
            let error = built(table.clone()).unwrap_err();
            assert!(error.contains("`mine` cannot be a backend") && error.contains(says), "{table}: {error}");
        }
        assert_eq!(built(json!({ "kind": "files", "folder": "music" })), Ok(()));
        assert_eq!(built(json!({ "kind": "command", "program": "x", "args": ["{{query}}"] })), Ok(()));
    }
}
