//! What the kinds that capture chats share: an account and the archive in, words about how far it is out.

use std::sync::Arc;

use anyhow::anyhow;
use tokio::sync::watch;

use super::{JobTools, client_of_run};
use crate::{
    archive::{
        StoreError,
        media::{Media, MediaStore},
    },
    capture::{Capture, CaptureError, CaptureParts, OpenError, Step, Tell},
    config::CaptureSection,
    model::{AccountName, PeerId},
    scheduler::{JobError, RunContext},
    telegram::{self, AccountError},
};

/// What a daemon has for it; none where jobs are only checked.
#[derive(Clone, Debug)]
pub(super) struct Capturing {
    parts: Option<CaptureParts>,
    media: Option<Media>,
    section: CaptureSection,
}

impl Capturing {
    pub(super) fn of(tools: &JobTools) -> Self {
        let parts = tools.accounts.clone().zip(tools.archive.clone());
        let parts = parts.map(|(accounts, archive)| CaptureParts {
            accounts,
            archive,
            plugins: tools.plugins.clone(),
            clock: tools.clock.clone(),
        });
        Self { parts, media: tools.media.clone(), section: tools.capture.clone() }
    }

    /// Where files lie.
    pub(super) async fn media(&self) -> Result<Arc<MediaStore>, JobError> {
        let media = self.media.as_ref();
        let media =
            media.ok_or_else(|| JobError::permanent(anyhow!("only a daemon has a place for files")))?;
        media.store().await.map_err(|error| failure(error.into()))
    }

    /// Moves with each login at Telegram; none where jobs are only checked.
    pub(super) fn arrivals(&self) -> Option<watch::Receiver<u64>> {
        self.parts.as_ref().map(|parts| parts.accounts.arrivals())
    }

    /// For one run.
    pub(super) async fn begin(
        &self,
        account: Option<&AccountName>,
        context: &RunContext,
    ) -> Result<(Capture, Tell), JobError> {
        let parts = self.parts.as_ref();
        let parts =
            parts.ok_or_else(|| JobError::permanent(anyhow!("only a daemon has accounts and an archive")))?;
        let mut capture = parts.open(account, &self.section).await.map_err(|error| match error {
            OpenError::Account(error @ AccountError::Servers(_)) => JobError::temporary(error),
            OpenError::Account(error) => JobError::permanent(error),
            OpenError::Store(error) => store_failure(error),
        })?;
        capture.client = client_of_run(&capture.client, &context.report);
        let report = context.report.clone();
        let hear =
            move |Step { done, total, unit, message }: Step| report.progress(done, total, unit, message);
        Ok((capture, Tell::new(hear, context.stop.clone())))
    }
}

pub(super) fn failure(error: CaptureError) -> JobError {
    if error.is_temporary() { JobError::temporary(error) } else { JobError::permanent(error) }
}

/// The login that the work was done with is no more.
pub(super) fn has_lost_the_login(error: &CaptureError) -> bool {
    matches!(error, CaptureError::Telegram(telegram::Error::LoggedOut { .. } | telegram::Error::Closed))
}

pub(super) fn store_failure(error: StoreError) -> JobError {
    if error.is_temporary() { JobError::temporary(error) } else { JobError::permanent(error) }
}

/// Ids of chats, as settings have them.
pub(super) fn chats(texts: &[String]) -> anyhow::Result<Vec<PeerId>> {
    texts.iter().map(|text| Ok(text.parse()?)).collect()
}
