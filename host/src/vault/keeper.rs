use std::{fmt, panic::resume_unwind, sync::Arc};

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
            let vault = match opening.await {
                Ok(opened) => opened?,
                Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                Err(_) => return Err(VaultError::Ending),
            };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_opens_it_at_the_end_of_the_program_is_told_so() {
        let folder = tempfile::tempdir().unwrap();
        let settings = VaultSettings { key_file: None, passphrase: None, folder: folder.path().to_owned() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let keeper = Keeper::new(settings);
        let refused = handle.block_on(keeper.open(false)).map(drop);
        assert!(matches!(refused, Err(VaultError::Ending)), "{refused:?}");
    }
}
