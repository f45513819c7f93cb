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
    archive::Rehearsal,
    capture::{Prune, Pruned},
    model::{AccountName, JobName, PeerId, Period, Summary, shown_bytes},
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
    /// Counts what would go, and removes nothing. Default: false.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug)]
struct PruneJob {
    account: Option<AccountName>,
    chats: Vec<PeerId>,
    keep: SignedDuration,
    is_rehearsal: bool,
    capturing: Capturing,
}

#[derive(Debug, Serialize)]
struct Outcome {
    chats: usize,
    #[serde(flatten)]
    pruned: Pruned,
    is_rehearsal: bool,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chats, pruned: Pruned { removed, files, bytes }, is_rehearsal } = self;
        let would = if *is_rehearsal { "would be " } else { "" };
        write!(f, "{removed} messages of {chats} chats {would}removed")?;
        if *files > 0 {
            write!(f, ", with {files} files of {}", shown_bytes(*bytes))?;
        }
        Ok(())
    }
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let Settings { account, chats: named, keep, dry_run } = read_settings(settings)?;
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
    Ok(Arc::new(PruneJob { account, chats, keep, is_rehearsal: dry_run, capturing: Capturing::of(tools) }))
}

impl Job for PruneJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let (mut capture, tell) = self.capturing.begin(self.account.as_ref(), &context).await?;
            let before = capture.clock.now() - self.keep;
            let media = match self.is_rehearsal {
                true => None,
                false => Some(self.capturing.media().await?),
            };
            if self.is_rehearsal {
                capture.store = Arc::new(Rehearsal::new(capture.store));
            }
            let prune = Prune { capture, chats: self.chats.clone(), before, media, tell };
            let pruned = prune.run().await.map_err(failure)?;
            let outcome = Outcome { chats: self.chats.len(), pruned, is_rehearsal: self.is_rehearsal };
            tracing::info!(removed = pruned.removed, is_rehearsal = self.is_rehearsal, "{outcome}");
            Ok(Summary::of(&outcome))
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
        assert!(testing::try_job(&KIND, json!({ "chats": ["5"], "keep": "365d", "dry_run": true })).is_ok());
    }

    #[test]
    fn outcomes_read_as_a_sentence() {
        let pruned = Pruned { removed: 12, files: 3, bytes: 2_000_000 };
        for (pruned, is_rehearsal, text) in [
            (pruned, false, "12 messages of 2 chats removed, with 3 files of 2 MB"),
            (pruned, true, "12 messages of 2 chats would be removed, with 3 files of 2 MB"),
            (Pruned::default(), false, "0 messages of 2 chats removed"),
        ] {
            let outcome = Outcome { chats: 2, pruned, is_rehearsal };
            assert_eq!(outcome.to_string(), text);
            assert_eq!(Summary::of(&outcome).data["files"], pruned.files);
        }
    }
}
