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
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// Ids of chats. Default: all that `[capture]` takes and the archive has.
    chats: Vec<String>,
    /// Only messages that are no older than this. Default: all.
    newer_than: Option<Period>,
}

#[derive(Debug)]
struct RecheckJob {
    account: Option<AccountName>,
    chats: Vec<PeerId>,
    newer_than: Option<SignedDuration>,
    capturing: Capturing,
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let settings: Settings = read_settings(settings)?;
    let chats = chats(&settings.chats)?;
    let newer_than = settings.newer_than.map(|age| SignedDuration::try_from(age.0)).transpose()?;
    Ok(Arc::new(RecheckJob { account: settings.account, chats, newer_than, capturing: Capturing::of(tools) }))
}

impl Job for RecheckJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let (capture, tell) = self.capturing.begin(self.account.as_ref(), &context).await?;
            let recheck = Recheck { capture, chats: self.chats.clone(), newer_than: self.newer_than, tell };
            let (rechecked, ended) = recheck.run().await;
            let summary = Summary::of(&rechecked);
            tracing::info!(messages = rechecked.messages, deleted = rechecked.deleted, "{rechecked}");
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
