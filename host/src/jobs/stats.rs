//! Kind `stats`: counts what the archive holds, so that its growth can be seen run by run.

use std::{fmt, sync::Arc};

use anyhow::anyhow;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JobTools, Kind, capturing::store_failure, read_settings, schema_of};
use crate::{
    archive::{Archive, StoreFigures},
    model::{JobName, Summary, shown_bytes},
    scheduler::{Job, JobError, RunContext},
};

pub(super) const KIND: Kind =
    Kind { name: "stats", about: "Counts what the archive holds.", schema: schema_of::<Settings>, build };

/// Counts what the archive holds.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {}

#[derive(Debug)]
struct StatsJob {
    /// None where jobs are only checked.
    archive: Option<Archive>,
}

#[derive(Debug, Serialize)]
struct Counted(StoreFigures);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreFigures { chats, messages, files_held, blob_bytes, database_bytes, poison, blocked, .. } =
            &self.0;
        let (files, rows) = (shown_bytes(*blob_bytes), shown_bytes(*database_bytes));
        write!(f, "{messages} messages of {chats} chats in {rows}, {files_held} files in {files}")?;
        if *poison > 0 {
            write!(f, "; {poison} unreadable")?;
        }
        if *blocked > 0 {
            write!(f, "; {blocked} operations wait for a decision")?;
        }
        Ok(())
    }
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let Settings {} = read_settings(settings)?;
    Ok(Arc::new(StatsJob { archive: tools.archive.clone() }))
}

impl Job for StatsJob {
    fn run(&self, _: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let archive = self.archive.as_ref();
            let archive =
                archive.ok_or_else(|| JobError::permanent(anyhow!("only a daemon has an archive")))?;
            let figures = match archive.existing().await.map_err(store_failure)? {
                Some(store) => store.figures().await.map_err(store_failure)?,
                None => StoreFigures::default(),
            };
            let counted = Counted(figures);
            tracing::info!(messages = counted.0.messages, "{counted}");
            Ok(Summary::of(&counted))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_a_sentence() {
        let figures = StoreFigures {
            chats: 3,
            messages: 1_200,
            files_held: 7,
            blob_bytes: 2 << 20,
            database_bytes: 1 << 20,
            blocked: 2,
            ..StoreFigures::default()
        };
        let text = "1200 messages of 3 chats in 1 MB, 7 files in 2.1 MB; 2 operations wait for a decision";
        assert_eq!(Counted(figures).to_string(), text);
    }
}
