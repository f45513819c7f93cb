//! Undoes what jobs have said that are not there any more: their messages go, bios come back.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::App;
use crate::{
    config::Config,
    jobs::{self, Keeps, NowPlayingDaemon, TakeBack},
    model::{AccountName, JobName},
    state::StateError,
};

/// When something could not be undone.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// Nobody notices, and the start has other things to do.
const FIRST: Duration = Duration::from_secs(2);

/// Something that no job keeps any more.
#[derive(Debug, PartialEq, Eq)]
struct LeftOver {
    account: AccountName,
    job: JobName,
    what: TakeBack,
}

impl App {
    pub fn spawn_now_playing_watch(&self) {
        let (accounts, music, clock) = (self.accounts.clone(), self.music.clone(), self.clock.clone());
        let daemon = NowPlayingDaemon { accounts, music, clock: clock.clone() };
        let (mut configs, draining) = (self.configuration.changes(), self.lifecycle.draining());
        self.lifecycle.spawn("now-playing-watch", async move {
            if draining.run_until_cancelled(tokio::time::sleep(FIRST)).await.is_none() {
                return;
            }
            loop {
                let config = configs.borrow_and_update().clone();
                let undoing = async {
                    while !undo(&daemon, &config, &draining).await {
                        let again = clock.now().saturating_add(AGAIN).unwrap_or(Timestamp::MAX);
                        clock.sleep_until(again).await;
                    }
                    std::future::pending::<()>().await;
                };
                tokio::select! {
                    () = undoing => {}
                    changed = configs.changed() => if changed.is_err() { return },
                    () = draining.cancelled() => return,
                }
            }
        });
    }
}

/// Says whether nothing is left.
async fn undo(daemon: &NowPlayingDaemon, config: &Config, stop: &CancellationToken) -> bool {
    let left_over = match left_over(daemon, config) {
        Ok(left_over) => left_over,
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "What jobs have said in words cannot be read");
            return false;
        }
    };
    let mut is_done = true;
    for LeftOver { account, job, what } in left_over {
        match daemon.take_back(&account, &job, what, stop).await {
            Ok(figures) => tracing::info!(%account, "No job says what plays any more: {figures}"),
            Err(error) => {
                is_done = false;
                let error = error.as_ref() as &dyn std::error::Error;
                tracing::warn!(%account, error, "What a job has said cannot be undone yet");
            }
        }
    }
    is_done
}

fn left_over(daemon: &NowPlayingDaemon, config: &Config) -> Result<Vec<LeftOver>, StateError> {
    let default = &config.telegram.default_account;
    let kept: Vec<(&JobName, Keeps)> =
        config.jobs.iter().filter_map(|(name, job)| Some((name, jobs::kept_by(job, default)?))).collect();
    let state = &daemon.music.state;
    let mut left_over = Vec::new();
    for record in state.notices.all()? {
        let is_kept = kept.iter().any(|(name, keeps)| {
            keeps.has_message && name.as_str() == record.job && keeps.account.as_str() == record.account
        });
        let names = (record.account.parse(), record.job.parse());
        if let (false, (Ok(account), Ok(job))) = (is_kept, names) {
            left_over.push(LeftOver { account, job, what: TakeBack::Message });
        }
    }
    for record in state.bios.all()? {
        let is_kept = kept.iter().any(|(_, keeps)| keeps.has_bio && keeps.account.as_str() == record.account);
        if let (false, Ok(account)) = (is_kept, record.account.parse()) {
            let job = jobs::NOW_PLAYING.parse().expect("it is a name");
            left_over.push(LeftOver { account, job, what: TakeBack::Bio });
        }
    }
    Ok(left_over)
}
