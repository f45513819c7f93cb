//! Kind `profile-music`: makes a Telegram profile show what was played last.

mod files;

use std::{fmt, sync::Arc, time::Duration};

use anyhow::anyhow;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JobTools, Kind, MusicTools, client_of_run, read_settings, schema_of};
use crate::{
    clock::SharedClock,
    model::{AccountName, ByteSize, JobName, Period, Summary},
    music::{
        backends::Chain,
        profile::{Figures, Orders, Profile, ProfileError, RemovedByUser, Rules, Telling},
    },
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
    /// What a song means that somebody took off the profile, or whose message somebody deleted: it stays
    /// away until it is played again ("until-played"), for ever ("never"), or not at all ("forget").
    removed_by_user: RemovedByUser,
    /// Files fetched at the same time; better ones for songs that are there have as many places of their own. Default: 2.
    #[schemars(range(min = 1, max = 32))]
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
    workers: usize,
    /// None where jobs are only checked.
    daemon: Option<Daemon>,
}

/// What only a daemon has.
#[derive(Debug)]
struct Daemon {
    accounts: Accounts,
    music: MusicTools,
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
    let daemon = match (&tools.accounts, &tools.plugins, &tools.music) {
        (Some(accounts), Some(plugins), Some(music)) => Some(Daemon {
            accounts: accounts.clone(),
            music: music.clone(),
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
        workers: settings.workers as usize,
        daemon,
    }))
}

impl Job for ProfileMusic {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let daemon = self.daemon.as_ref();
            let daemon = daemon.ok_or_else(|| JobError::permanent(anyhow!("only a daemon has accounts")))?;
            let account = self.account.clone().unwrap_or_else(|| daemon.accounts.default_account());
            let profile = daemon.profile(&account, &context.report).await?;
            let orders = Orders {
                rules: self.rules,
                workers: self.workers,
                ask: files::ask(daemon.chain.clone()),
                tell: telling(&context.report),
                stop: context.stop.clone(),
            };
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
}

impl Daemon {
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
            folder: self.music.state.folder().join("music").join(account.as_str()),
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
}
