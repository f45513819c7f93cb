//! Kind `fill`: reads what no reading has covered yet.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    JobTools, Kind,
    capturing::{Capturing, chats, failure},
    read_settings, schema_of,
};
use crate::{
    capture::Fill,
    model::{AccountName, JobName, PeerId, Summary},
    scheduler::{Job, JobError, RunContext},
};

pub(super) const KIND: Kind = Kind {
    name: "fill",
    about: "Reads the stretches of chats that no reading has covered.",
    schema: schema_of::<Settings>,
    build,
};

/// Reads the stretches of chats that no reading has covered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// Ids of chats. Default: all that `[capture]` takes and the archive has.
    chats: Vec<String>,
    /// Shorter stretches are left for another time. Default: 1.
    #[schemars(range(min = 1))]
    min_ids: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { account: None, chats: Vec::new(), min_ids: 1 }
    }
}

#[derive(Debug)]
struct FillJob {
    account: Option<AccountName>,
    chats: Vec<PeerId>,
    min_ids: u64,
    capturing: Capturing,
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let settings: Settings = read_settings(settings)?;
    let (chats, min_ids) = (chats(&settings.chats)?, settings.min_ids.into());
    Ok(Arc::new(FillJob { account: settings.account, chats, min_ids, capturing: Capturing::of(tools) }))
}

impl Job for FillJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let (capture, tell) = self.capturing.begin(self.account.as_ref(), &context).await?;
            let fill = Fill { capture, chats: self.chats.clone(), min_ids: self.min_ids, tell };
            let (filled, ended) = fill.run().await;
            let summary = Summary::of(&filled);
            tracing::info!(holes = filled.holes, new = filled.new, "{filled}");
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
    fn chats_are_ids() {
        assert!(testing::try_job(&KIND, json!({ "chats": ["-1001234567890"] })).is_ok());
        assert!(testing::try_job(&KIND, json!({ "chats": ["Family"] })).is_err());
    }
}
