//! What the kinds that capture chats share: an account and the archive in, words about how far it is out.

use std::sync::Arc;

use anyhow::anyhow;

use super::{JobTools, client_of_run};
use crate::{
    archive::{
        Archive, StoreError,
        media::{LocalMedia, MediaStore},
    },
    capture::{Capture, CaptureError, Step, Tell},
    clock::SharedClock,
    config::CaptureSection,
    export::Blobs,
    model::{AccountName, PeerId, PluginState},
    plugin_host::Plugins,
    scheduler::{JobError, RunContext},
    telegram::{AccountError, Accounts},
};

/// What a daemon has for it; none where jobs are only checked.
#[derive(Clone, Debug)]
pub(super) struct Capturing {
    accounts: Option<Accounts>,
    archive: Option<Archive>,
    plugins: Option<Plugins>,
    blobs: Option<Blobs>,
    section: CaptureSection,
    clock: SharedClock,
}

impl Capturing {
    pub(super) fn of(tools: &JobTools) -> Self {
        Self {
            accounts: tools.accounts.clone(),
            archive: tools.archive.clone(),
            plugins: tools.plugins.clone(),
            blobs: tools.blobs.clone(),
            section: tools.capture.clone(),
            clock: tools.clock.clone(),
        }
    }

    /// Where files lie.
    pub(super) async fn media(&self) -> Result<Arc<MediaStore>, JobError> {
        let Some(blobs) = &self.blobs else {
            return Err(JobError::permanent(anyhow!("only a daemon has a folder of files")));
        };
        let folder = blobs.folder().to_owned();
        let opened = tokio::task::spawn_blocking(move || LocalMedia::open(folder)).await;
        let opened = opened.map_err(JobError::temporary)?.map_err(|error| failure(error.into()))?;
        Ok(Arc::new(MediaStore::Local(opened)))
    }

    /// For one run.
    pub(super) async fn begin(
        &self,
        account: Option<&AccountName>,
        context: &RunContext,
    ) -> Result<(Capture, Tell), JobError> {
        let (Some(accounts), Some(archive)) = (&self.accounts, &self.archive) else {
            return Err(JobError::permanent(anyhow!("only a daemon has accounts and an archive")));
        };
        let account = account.cloned().unwrap_or_else(|| accounts.default_account());
        let client = accounts.client(&account).await.map_err(|error| match error {
            AccountError::Servers(_) => JobError::temporary(error),
            error => JobError::permanent(error),
        })?;
        let store = archive.store().await.map_err(store_failure)?;
        let section = self.section.of(&account);
        if let Some(plugins) = &self.plugins {
            loaded(plugins, &section).await;
        }
        let capture = Capture {
            client: client_of_run(&client, &context.report),
            account,
            store,
            section,
            plugins: self.plugins.clone(),
            clock: self.clock.clone(),
        };
        let report = context.report.clone();
        let hear =
            move |Step { done, total, unit, message }: Step| report.progress(done, total, unit, message);
        Ok((capture, Tell::new(hear, context.stop.clone())))
    }
}

/// A daemon that has just started may not have compiled the filters yet.
async fn loaded(plugins: &Plugins, section: &CaptureSection) {
    let is_loading = |name| match plugins.view(name) {
        Ok(view) => matches!(view.state, PluginState::Loading { .. }),
        Err(_) => true,
    };
    if section.filters.iter().any(is_loading) {
        plugins.settled().await;
    }
}

pub(super) fn failure(error: CaptureError) -> JobError {
    if error.is_temporary() { JobError::temporary(error) } else { JobError::permanent(error) }
}

pub(super) fn store_failure(error: StoreError) -> JobError {
    if error.is_temporary() { JobError::temporary(error) } else { JobError::permanent(error) }
}

/// Ids of chats, as settings have them.
pub(super) fn chats(texts: &[String]) -> anyhow::Result<Vec<PeerId>> {
    texts.iter().map(|text| Ok(text.parse()?)).collect()
}
