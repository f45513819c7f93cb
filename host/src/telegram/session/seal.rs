//! Between a session in memory and its sealed records.

use std::{
    mem,
    sync::{PoisonError, atomic::Ordering},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    AccountSession, SessionError, lock,
    record::{Core, VERSION},
};
use crate::{model::AccountName, state::SealedSession, vault::Vault};

impl AccountSession {
    pub(super) fn restore(&self, core: Core) {
        self.home.store(core.home, Ordering::Release);
        let mut options = self.options.write().unwrap_or_else(PoisonError::into_inner);
        for stored in core.data_centers {
            let stored = stored.option();
            match options.get_mut(&stored.id) {
                // Where servers are named, their addresses hold.
                Some(option) if self.has_fixed_addresses => {
                    option.auth_key = stored.auth_key.or(option.auth_key)
                }
                None if self.has_fixed_addresses => {}
                _ => drop(options.insert(stored.id, stored)),
            }
        }
        drop(options);
        self.my_id.store(core.me.as_ref().map_or(0, |me| me.id), Ordering::Release);
        self.is_key_precious.store(true, Ordering::Release);
        *lock(&self.me) = core.me;
    }

    pub(super) fn seal_all(&self, vault: &Vault) -> Result<SealedSession, SessionError> {
        self.is_core_new.store(true, Ordering::Release);
        self.are_updates_new.store(true, Ordering::Release);
        lock(&self.peers).needs_rewrite();
        let mut all = SealedSession::default();
        self.write_new(vault, |sealed| {
            all = mem::take(sealed);
            Ok(())
        })?;
        Ok(all)
    }

    /// Seals what is new and has it written; after a failure it is new still.
    pub(super) fn write_new(
        &self,
        vault: &Vault,
        write: impl FnOnce(&mut SealedSession) -> Result<(), SessionError>,
    ) -> Result<(), SessionError> {
        let is_core_new = self.is_core_new.swap(false, Ordering::AcqRel);
        let are_updates_new = self.are_updates_new.swap(false, Ordering::AcqRel);
        let peers = lock(&self.peers).take_changes();
        let has_peers = !peers.chunks.is_empty() || peers.end.is_some();
        if !(is_core_new || are_updates_new || has_peers) {
            return Ok(());
        }
        let sealed = || -> Result<SealedSession, SessionError> {
            let seal = |(number, chunk): (u32, Vec<u8>)| Ok((number, vault.seal(&chunk)?));
            let json = |value: Vec<u8>| vault.seal(&value);
            Ok(SealedSession {
                core: is_core_new.then(|| json(self.core())).transpose()?,
                updates: are_updates_new.then(|| json(to_json(&*lock(&self.updates)))).transpose()?,
                peers: peers.chunks.into_iter().map(seal).collect::<Result<_, SessionError>>()?,
                peers_end: peers.end,
            })
        };
        let outcome = sealed().and_then(|mut sealed| write(&mut sealed));
        if outcome.is_err() {
            self.is_core_new.fetch_or(is_core_new, Ordering::AcqRel);
            self.are_updates_new.fetch_or(are_updates_new, Ordering::AcqRel);
            if has_peers {
                lock(&self.peers).needs_rewrite();
            }
        }
        outcome
    }

    fn core(&self) -> Vec<u8> {
        let options = self.options.read().unwrap_or_else(PoisonError::into_inner);
        to_json(&Core::new(self.home.load(Ordering::Acquire), self.me(), &options))
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("our own types have string keys and no failing Serialize")
}

pub(super) fn open_core(vault: &Vault, account: &AccountName, sealed: &[u8]) -> Result<Core, SessionError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let what = "its keys make no sense";
    let Versioned { version } = open_json(vault, account, sealed, what)?;
    if version > VERSION {
        return Err(SessionError::TooNew { account: account.clone() });
    }
    open_json(vault, account, sealed, what)
}

pub(super) fn open_json<T: DeserializeOwned>(
    vault: &Vault,
    account: &AccountName,
    sealed: &[u8],
    what: &'static str,
) -> Result<T, SessionError> {
    serde_json::from_slice(&vault.unseal(sealed)?).map_err(|_| unreadable(account, what))
}

pub(super) fn unreadable(account: &AccountName, what: &'static str) -> SessionError {
    SessionError::Unreadable { account: account.clone(), what }
}
