//! Kind `listen`: what happens at Telegram is in the archive a moment later.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::watch;

use super::{
    JobTools, Kind,
    capturing::{Capturing, failure, has_lost_the_login},
    read_settings, schema_of,
};
use crate::{
    capture::{Listen, ListenRules, guard::GuardSettings},
    model::{AccountName, JobName, Period, Summary},
    scheduler::{Job, JobError, RunContext},
};

pub(super) const KIND: Kind = Kind {
    name: "listen",
    about: "Takes what happens at Telegram into the archive at once.",
    schema: schema_of::<Settings>,
    build,
};

/// Takes what happens at Telegram into the archive at once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// New messages. Default: true.
    new_messages: bool,
    /// Their files, at once and not with the next sweep. Default: false.
    media: bool,
    /// Edits. Default: true.
    edits: bool,
    /// Deletions, as `capture.deletions` says. Default: true.
    deletions: bool,
    /// Members that come and go, new titles and pictures. Default: true.
    chat_actions: bool,
    /// Reactions. Default: true.
    reactions: bool,
    /// Edits and deletions that come in masses are held back.
    guard: Guard,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Guard {
    /// So many edits and deletions of one chat pass in a window; the next one closes the chat for a window. Default: 10.
    #[schemars(range(min = 1))]
    threshold: u32,
    /// How long a window is. Default: "30s".
    window: Period,
    /// So many over all chats pass in a window; 0 for no such limit. Default: 200.
    all_chats: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: None,
            new_messages: true,
            media: false,
            edits: true,
            deletions: true,
            chat_actions: true,
            reactions: true,
            guard: Guard::default(),
        }
    }
}

impl Default for Guard {
    fn default() -> Self {
        let GuardSettings { threshold, window, all_chats } = GuardSettings::default();
        Self { threshold, window: Period(window), all_chats }
    }
}

#[derive(Debug)]
struct ListenJob {
    account: Option<AccountName>,
    rules: ListenRules,
    /// Whether files of new messages are fetched at once.
    fetches: bool,
    capturing: Capturing,
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let settings: Settings = read_settings(settings)?;
    let Guard { threshold, window, all_chats } = settings.guard;
    anyhow::ensure!(threshold > 0, "`guard.threshold = 0` would hold back everything: write at least 1");
    anyhow::ensure!(!window.is_zero(), "`guard.window` is nothing: write at least \"1s\"");
    let rules = ListenRules {
        new_messages: settings.new_messages,
        edits: settings.edits,
        deletions: settings.deletions,
        chat_actions: settings.chat_actions,
        reactions: settings.reactions,
        guard: GuardSettings { threshold, window: window.0, all_chats },
    };
    let (account, fetches) = (settings.account, settings.media);
    Ok(Arc::new(ListenJob { account, rules, fetches, capturing: Capturing::of(tools) }))
}

impl Job for ListenJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            loop {
                let arrivals = self.capturing.arrivals();
                let (capture, tell) = self.capturing.begin(self.account.as_ref(), &context).await?;
                let media = if self.fetches { Some(self.capturing.media().await?) } else { None };
                let (heard, ended) = Listen { capture, rules: self.rules, media, tell }.run().await;
                let summary = Summary::of(&heard);
                tracing::info!(new = heard.new, held_back = heard.held_back, "{heard}");
                match ended {
                    Ok(()) => return Ok(summary),
                    // The event that tells of it found this run at work, and passed.
                    Err(error) if has_lost_the_login(&error) && has_moved(arrivals.as_ref()) => {
                        tracing::info!("Another login has taken its place: the listener goes on with it");
                    }
                    Err(error) => return Err(failure(error).with_summary(summary)),
                }
            }
        })
    }
}

fn has_moved(arrivals: Option<&watch::Receiver<u64>>) -> bool {
    arrivals.is_some_and(|arrivals| arrivals.has_changed().unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::testing;

    #[test]
    fn limits_that_make_no_sense_are_refused() {
        for guard in [json!({ "threshold": 0 }), json!({ "window": "0s" }), json!({ "window": -1 })] {
            assert!(testing::try_job(&KIND, json!({ "guard": guard.clone() })).is_err(), "{guard}");
        }
        assert!(testing::try_job(&KIND, json!({ "guard": { "all_chats": 0 }, "reactions": false })).is_ok());
    }
}
