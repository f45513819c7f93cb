//! Kind `archive`: captures what is new in every chat that `[capture]` takes.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    JobTools, Kind,
    capturing::{Capturing, failure, store_failure},
    read_settings, schema_of,
};
use crate::{
    archive::{SharedStore, StoreError},
    capture::Sweep,
    model::{AccountName, JobName, Summary},
    scheduler::{Job, JobError, RunContext},
};

pub(super) const KIND: Kind = Kind {
    name: "archive",
    about: "Captures what is new in every chat that `[capture]` takes.",
    schema: schema_of::<Settings>,
    build,
};

/// Messages that are made findable at a time.
const INDEX_STEP: usize = 5_000;

/// Captures what is new in every chat that `[capture]` takes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
}

#[derive(Debug)]
struct ArchiveJob {
    account: Option<AccountName>,
    capturing: Capturing,
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let Settings { account } = read_settings(settings)?;
    crate::capture::choose::Rules::new(&tools.capture)?;
    Ok(Arc::new(ArchiveJob { account, capturing: Capturing::of(tools) }))
}

impl Job for ArchiveJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let (capture, tell) = self.capturing.begin(self.account.as_ref(), &context).await?;
            let store = capture.store.clone();
            let (swept, ended) = Sweep { capture, tell }.run().await;
            // What came is found, however it ended.
            let indexed = index(&store, &context).await;
            let summary = Summary::of(&swept);
            tracing::info!(chats = swept.chosen, new = swept.new, "{swept}");
            match (ended, indexed) {
                (Err(error), _) => Err(failure(error).with_summary(summary)),
                (Ok(()), Err(error)) => Err(store_failure(error).with_summary(summary)),
                (Ok(()), Ok(())) => Ok(summary),
            }
        })
    }
}

async fn index(store: &SharedStore, context: &RunContext) -> Result<(), StoreError> {
    while !context.stop.is_cancelled() {
        let indexed = store.index(INDEX_STEP).await?;
        if indexed.left == 0 || indexed.messages == 0 {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::testing;

    #[tokio::test]
    async fn without_a_daemon_it_fails_for_good() {
        let job = testing::job(&KIND, json!({ "account": "main" }));
        let error = job.run(testing::context().0).await.unwrap_err();
        assert!(!error.is_temporary, "{error}");
    }

    #[test]
    fn senseless_rules_are_refused() {
        let mut tools = testing::tools();
        tools.capture.skip_topics = vec!["General".into()];
        let error = build(&"a".parse().unwrap(), &json!({}), &tools).unwrap_err();
        assert!(format!("{error:#}").contains("General"), "{error:#}");
    }
}
