//! Kind `verify`: compares messages and files with what was written, and reads again what is missing or damaged.

use std::sync::Arc;

use anyhow::anyhow;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    JobTools, Kind,
    capturing::{Capturing, failure},
    read_settings, schema_of,
};
use crate::{
    capture::VerifyMedia,
    model::{AccountName, JobName, Summary},
    scheduler::{Job, JobError, RunContext},
};

pub(super) const KIND: Kind = Kind {
    name: "verify",
    about: "Compares messages and files of the archive with their checksums, and fetches again what is missing or damaged.",
    schema: schema_of::<Settings>,
    build,
};

/// Compares messages and files of the archive with their checksums, and fetches again what is missing or damaged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// Whether files that no message has any more are removed. Default: false.
    remove_orphans: bool,
}

#[derive(Debug)]
struct VerifyJob {
    settings: Settings,
    capturing: Capturing,
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    Ok(Arc::new(VerifyJob { settings: read_settings(settings)?, capturing: Capturing::of(tools) }))
}

impl Job for VerifyJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let Settings { account, remove_orphans } = &self.settings;
            let (capture, tell) = self.capturing.begin(account.as_ref(), &context).await?;
            let media = self.capturing.media().await?;
            let work = VerifyMedia { capture, media, removes_orphans: *remove_orphans, tell };
            let (verified, ended) = work.run().await;
            let summary = Summary::of(&verified);
            tracing::info!(messages = verified.rows, files = verified.files, "{verified}");
            match ended {
                Err(error) => Err(failure(error).with_summary(summary)),
                Ok(()) if verified.is_wrong() => {
                    let error = anyhow!(
                        "some messages or files are missing or damaged and could not be fetched again"
                    );
                    Err(JobError::permanent(error).with_summary(summary))
                }
                Ok(()) => Ok(summary),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::testing;

    #[tokio::test]
    async fn without_a_daemon_it_fails_for_good() {
        let job = testing::job(&KIND, json!({ "remove_orphans": true }));
        let error = job.run(testing::context().0).await.unwrap_err();
        assert!(!error.is_temporary, "{error}");
    }
}
