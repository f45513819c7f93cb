//! Kind `archive`: captures what is new in every chat that `[capture]` takes.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    JobTools, Kind,
    capturing::{Capturing, failure, store_failure},
    read_settings, schema_of,
};
use crate::{
    archive::{SharedStore, StoreError},
    capture::{FetchAvatars, FetchMedia, FetchedAvatars, FetchedMedia, Sweep, SweepStage, Sweeps, Swept},
    clock::SharedClock,
    model::{AccountName, Avatars, Deletions, JobName, Summary},
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
    sweeps: Sweeps,
    clock: SharedClock,
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let Settings { account } = read_settings(settings)?;
    crate::capture::choose::Rules::new(&tools.capture)?;
    let (sweeps, clock) = (tools.sweeps.clone(), tools.clock.clone());
    Ok(Arc::new(ArchiveJob { account, capturing: Capturing::of(tools), sweeps, clock }))
}

impl Job for ArchiveJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let (capture, tell) = self.capturing.begin(self.account.as_ref(), &context).await?;
            let showing = self.sweeps.begin(&capture.account, context.id, self.clock.now());
            let tell = tell.showing(showing.board());
            let store = capture.store.clone();
            let (swept, ended) = Sweep { capture: capture.clone(), tell: tell.clone() }.run().await;
            showing.come_to(SweepStage::Files);
            // What came is found, however it ended.
            let indexed = index(&store, &context).await;
            let goes_on = !context.stop.is_cancelled();
            let (files, fetched) = match goes_on && capture.section.media.asks_for_files() {
                true => {
                    let (capture, tell) = (capture.clone(), tell.clone());
                    FetchMedia { capture, media: self.capturing.media().await?, tell }.run().await
                }
                false => (FetchedMedia::default(), Ok(())),
            };
            let whose = capture.section.media.avatars;
            let (pictures, looked) = match goes_on && fetched.is_ok() && whose != Avatars::Off {
                true => {
                    let media = self.capturing.media().await?;
                    FetchAvatars { capture: capture.clone(), media, whose, asks: false, tell }.run().await
                }
                false => (FetchedAvatars::default(), Ok(())),
            };
            // Those that the listener removed at once left theirs, too.
            let reclaimed = match goes_on && capture.section.deletions == Deletions::Hard {
                true => capture.reclaim(&*self.capturing.media().await?).await,
                false => Ok(0),
            };
            let reclaimed_files = *reclaimed.as_ref().unwrap_or(&0);
            let archived = Archived { swept, files, pictures, reclaimed_files };
            let summary = Summary::of(&archived);
            tracing::info!(chats = archived.swept.chosen, new = archived.swept.new, "{archived}");
            match (ended.and(fetched).and(looked).and(reclaimed.map(drop)), indexed) {
                (Err(error), _) => Err(failure(error).with_summary(summary)),
                (Ok(()), Err(error)) => Err(store_failure(error).with_summary(summary)),
                (Ok(()), Ok(())) => Ok(summary),
            }
        })
    }
}

/// What came of a run.
#[derive(Debug, Serialize)]
struct Archived {
    #[serde(flatten)]
    swept: Swept,
    files: FetchedMedia,
    pictures: FetchedAvatars,
    /// Of messages that are gone for good.
    reclaimed_files: u64,
}

impl fmt::Display for Archived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.swept.fmt(f)?;
        let FetchedMedia { fetched, failed, skipped, removed, .. } = self.files;
        if fetched + failed + skipped + removed > 0 {
            write!(f, "; {}", self.files)?;
        }
        if self.pictures.fetched + self.pictures.failed > 0 {
            write!(f, "; {}", self.pictures)?;
        }
        if self.reclaimed_files > 0 {
            write!(f, "; {} files of messages that are gone for good removed", self.reclaimed_files)?;
        }
        Ok(())
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
