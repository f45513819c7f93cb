//! Kind `avatars`: the small pictures of chats and people, each time they change.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    JobTools, Kind,
    capturing::{Capturing, failure},
    read_settings, schema_of,
};
use crate::{
    capture::FetchAvatars,
    model::{AccountName, Avatars, JobName, Summary},
    scheduler::{Job, JobError, RunContext},
};

pub(super) const KIND: Kind = Kind {
    name: "avatars",
    about: "Asks who has a new picture, and keeps it beside the earlier ones.",
    schema: schema_of::<Settings>,
    build,
};

/// Asks who has a new picture, and keeps it beside the earlier ones.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Which account. Default: telegram.default_account.
    #[schemars(with = "Option<String>", extend("format" = "account-name"))]
    account: Option<AccountName>,
    /// Whose: "all" for everybody who was ever met, "chats" for chats and people with whom there is one. Default: "all".
    whose: Avatars,
}

impl Default for Settings {
    fn default() -> Self {
        Self { account: None, whose: Avatars::All }
    }
}

#[derive(Debug)]
struct AvatarsJob {
    settings: Settings,
    capturing: Capturing,
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let settings: Settings = read_settings(settings)?;
    anyhow::ensure!(settings.whose != Avatars::Off, "`whose = \"off\"` leaves nothing to do: remove the job");
    Ok(Arc::new(AvatarsJob { settings, capturing: Capturing::of(tools) }))
}

impl Job for AvatarsJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let Settings { account, whose } = &self.settings;
            let (capture, tell) = self.capturing.begin(account.as_ref(), &context).await?;
            let media = self.capturing.media().await?;
            let work = FetchAvatars { capture, media, whose: *whose, asks: true, tell };
            let (fetched, ended) = work.run().await;
            let summary = Summary::of(&fetched);
            tracing::info!(fetched = fetched.fetched, "{fetched}");
            match ended {
                Ok(()) => Ok(summary),
                Err(error) => Err(failure(error).with_summary(summary)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::testing;

    #[test]
    fn nobodys_pictures_are_no_job() {
        assert!(testing::try_job(&KIND, json!({})).is_ok());
        assert!(testing::try_job(&KIND, json!({ "whose": "chats" })).is_ok());
        assert!(testing::try_job(&KIND, json!({ "whose": "off" })).is_err());
    }
}
