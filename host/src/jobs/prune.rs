//! Kind `prune`: messages that are older than somebody wants to keep them go, for good.

use std::{fmt, sync::Arc};

use anyhow::ensure;
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    JobTools, Kind,
    capturing::{Capturing, chats, failure},
    read_settings, schema_of,
};
use crate::{
    capture::Prune,
    model::{AccountName, JobName, PeerId, Period, Summary},
    scheduler::{Job, JobError, RunContext},
};

pub(super) const KIND: Kind = Kind {
    name: "prune",
    about: "Removes messages that are older than you want to keep them, for good.",
    schema: schema_of::<Settings>,
    build,
};

/// Removes messages that are older than you want to keep them, for good.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// Ids of chats. Nothing is pruned in others.
    #[schemars(length(min = 1))]
    chats: Vec<String>,
    /// How long messages are kept.
    keep: Period,
}

#[derive(Debug)]
struct PruneJob {
    account: Option<AccountName>,
    chats: Vec<PeerId>,
    keep: SignedDuration,
    capturing: Capturing,
}

#[derive(Debug, Serialize)]
struct Pruned {
    chats: usize,
    removed: u64,
}

impl fmt::Display for Pruned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} messages of {} chats removed", self.removed, self.chats)
    }
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let Settings { account, chats: named, keep } = read_settings(settings)?;
    let chats = chats(&named)?;
    ensure!(
        !chats.is_empty(),
        "`chats` names no chat: write their ids, so that nothing else is ever removed"
    );
    ensure!(
        keep >= Period::from_secs(3_600),
        "`keep = \"{keep}\"` would remove what has just come: write at least \"1h\""
    );
    let keep = SignedDuration::try_from(keep.0)?;
    Ok(Arc::new(PruneJob { account, chats, keep, capturing: Capturing::of(tools) }))
}

impl Job for PruneJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let (capture, tell) = self.capturing.begin(self.account.as_ref(), &context).await?;
            let before = capture.clock.now() - self.keep;
            let prune = Prune { capture, chats: self.chats.clone(), before, tell };
            let removed = prune.run().await.map_err(failure)?;
            let pruned = Pruned { chats: self.chats.len(), removed };
            tracing::info!(removed, "{pruned}");
            Ok(Summary::of(&pruned))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::testing;

    #[test]
    fn nothing_is_removed_by_mistake() {
        for settings in [
            json!({}),
            json!({ "keep": "1y" }),
            json!({ "keep": "365d" }),
            json!({ "chats": [], "keep": "365d" }),
            json!({ "chats": ["Family"], "keep": "365d" }),
            json!({ "chats": ["5"], "keep": "1m" }),
        ] {
            assert!(testing::try_job(&KIND, settings.clone()).is_err(), "{settings}");
        }
        assert!(testing::try_job(&KIND, json!({ "chats": ["5"], "keep": "365d" })).is_ok());
    }
}
