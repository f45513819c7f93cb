use std::{fmt, sync::Arc};

use tokio::sync::OnceCell;

use super::{Vault, VaultError, VaultNotice, VaultSettings};

/// The one vault of a process, opened when it is needed first. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    shared: Arc<Shared>,
}

struct Shared {
    settings: VaultSettings,
    vault: OnceCell<Vault>,
}

impl Keeper {
    /// Looks for no key yet: without logins, none is needed.
    pub fn new(settings: VaultSettings) -> Self {
        Self { shared: Arc::new(Shared { settings, vault: OnceCell::new() }) }
    }

    /// `is_in_use`: something is sealed already, so no new key may be made.
    pub async fn open(&self, is_in_use: bool) -> Result<&Vault, VaultError> {
        let open = || async {
            let settings = self.shared.settings.clone();
            let opening = tokio::task::spawn_blocking(move || Vault::open(&settings, is_in_use));
            let vault = opening.await.expect("opening the vault does not panic")?;
            for notice in vault.notices() {
                tracing::warn!("{notice}");
            }
            Ok(vault)
        };
        self.shared.vault.get_or_try_init(open).await
    }

    /// The vault, if it was opened before.
    pub fn opened(&self) -> Option<&Vault> {
        self.shared.vault.get()
    }

    /// What to tell people about the key; nothing as long as it was not needed.
    pub fn notices(&self) -> Vec<VaultNotice> {
        self.opened().map(|vault| vault.notices().to_vec()).unwrap_or_default()
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("vault", &self.opened()).finish_non_exhaustive()
    }
}
