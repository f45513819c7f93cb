//! Kind `recheck`: asks Telegram what became of stored messages.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    JobTools, Kind,
    capturing::{Capturing, chats, failure},
    read_settings, schema_of,
};
use crate::{
    capture::Recheck,
    model::{AccountName, JobName, PeerId, Period, Summary},
    scheduler::{Job, JobError, RunContext},
};

pub(super) const KIND: Kind = Kind {
    name: "recheck",
    about: "Asks Telegram which stored messages were edited or deleted, and how reactions and polls stand.",
    schema: schema_of::<Settings>,
    build,
};

/// Asks Telegram which stored messages were edited or deleted, and how reactions and polls stand.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// Ids of chats. Default: all that `[capture]` takes and the archive has.
    chats: Vec<String>,
    /// Only messages that are no older than this. Default: all.
    newer_than: Option<Period>,
    /// Of each chat, only so many of the newest. Default: all.
    #[schemars(range(min = 1, max = 100_000))]
    most_per_chat: Option<u32>,
    /// Whether what is gone at Telegram is deleted here, as `capture.deletions` says. Default: true.
    deletions: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { account: None, chats: Vec::new(), newer_than: None, most_per_chat: None, deletions: true }
    }
}

#[derive(Debug)]
struct RecheckJob {
    account: Option<AccountName>,
    chats: Vec<PeerId>,
    newer_than: Option<SignedDuration>,
    most_per_chat: Option<usize>,
    deletions: bool,
    capturing: Capturing,
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let settings: Settings = read_settings(settings)?;
    let chats = chats(&settings.chats)?;
    let newer_than = settings.newer_than.map(|age| SignedDuration::try_from(age.0)).transpose()?;
    let most_per_chat = settings.most_per_chat.map(|most| most as usize);
    anyhow::ensure!(most_per_chat != Some(0), "`most_per_chat = 0` would ask for nothing: write at least 1");
    Ok(Arc::new(RecheckJob {
        account: settings.account,
        chats,
        newer_than,
        most_per_chat,
        deletions: settings.deletions,
        capturing: Capturing::of(tools),
    }))
}

impl Job for RecheckJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let (capture, tell) = self.capturing.begin(self.account.as_ref(), &context).await?;
            let recheck = Recheck {
                capture,
                chats: self.chats.clone(),
                newer_than: self.newer_than,
                most_per_chat: self.most_per_chat,
                deletions: self.deletions,
                tell,
            };
            let (rechecked, ended) = recheck.run().await;
            let summary = Summary::of(&rechecked);
            let (messages, deleted, held_back) = (rechecked.messages, rechecked.deleted, rechecked.held_back);
            tracing::info!(messages, deleted, held_back, "{rechecked}");
            ended.map_err(|error| failure(error).with_summary(summary.clone()))?;
            Ok(summary)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::testing;

    #[test]
    fn ages_are_periods() {
        assert!(testing::try_job(&KIND, json!({ "newer_than": "7d" })).is_ok());
        assert!(testing::try_job(&KIND, json!({ "newer_than": 7 })).is_err());
    }
}
