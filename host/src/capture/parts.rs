//! What a daemon captures with: an account in, the archive out.

use super::Capture;
use crate::{
    archive::{Archive, StoreError},
    clock::SharedClock,
    config::CaptureSection,
    model::{AccountName, FilterUse, PluginState},
    plugin_host::Plugins,
    telegram::{AccountError, Accounts},
};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct CaptureParts {
    pub accounts: Accounts,
    pub archive: Archive,
    /// Where filters are; without them none is asked.
    pub plugins: Option<Plugins>,
    pub clock: SharedClock,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CaptureParts {
    /// Of one account; the default one unless it is named. The section is that of all accounts.
    pub async fn open(
        &self,
        account: Option<&AccountName>,
        section: &CaptureSection,
    ) -> Result<Capture, OpenError> {
        let account = account.cloned().unwrap_or_else(|| self.accounts.default_account());
        let client = self.accounts.client(&account).await?;
        let store = self.archive.store().await?;
        let section = section.of(&account);
        if let Some(plugins) = &self.plugins {
            loaded(plugins, &section).await;
        }
        let (plugins, clock) = (self.plugins.clone(), self.clock.clone());
        Ok(Capture { account, client, store, section, plugins, clock })
    }
}

/// A daemon that has just started may not have compiled the filters yet.
async fn loaded(plugins: &Plugins, section: &CaptureSection) {
    let is_loading = |filter: &FilterUse| match plugins.view(&filter.plugin) {
        Ok(view) => matches!(view.state, PluginState::Loading { .. }),
        Err(_) => true,
    };
    if section.filters.iter().any(is_loading) {
        plugins.settled().await;
    }
}
