//! Logins at Telegram, sealed: what is inside, only `telegram/session` can read.
//!
//! An account has one record of its keys and its user, one of where its updates are, and its
//! known peers in chunks, so that nothing large is written again when something small changes.

use super::{StateError, known::Flaw};

const CORE: u8 = b'c';
const UPDATES: u8 = b'u';
const PEERS: u8 = b'p';

/// How every sealed record begins.
const AGE_HEADER: &[u8] = b"age-encryption.org/v1\n";

/// Sealed records to write. What is `None` stays as it is.
#[derive(Debug, Default)]
pub struct SealedSession {
    pub core: Option<Vec<u8>>,
    pub updates: Option<Vec<u8>>,
    /// Chunks by number.
    pub peers: Vec<(u32, Vec<u8>)>,
    /// Chunks from this number on are removed.
    pub peers_end: Option<u32>,
}

#[derive(Clone, Debug)]
pub struct TelegramSessions {
    tree: sled::Tree,
}

impl TelegramSessions {
    pub(super) const NAME: &str = "telegram-sessions";

    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: db.open_tree(Self::NAME).map_err(StateError::Write)? })
    }

    /// The names of all accounts that have a login.
    pub fn accounts(&self) -> Result<Vec<String>, StateError> {
        let mut accounts = Vec::new();
        for key in self.tree.iter().keys() {
            let key = key.map_err(StateError::Write)?;
            if let Some((name, [CORE])) = parts(&key) {
                accounts.push(String::from_utf8_lossy(name).into_owned());
            }
        }
        Ok(accounts)
    }

    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// Everything of an account; without a core, there is no login.
    pub fn load(&self, account: &str) -> Result<SealedSession, StateError> {
        let mut session = SealedSession::default();
        for entry in self.tree.scan_prefix(key(account, &[])) {
            let (key, value) = entry.map_err(StateError::Write)?;
            match &key[account.len() + 1..] {
                [CORE] => session.core = Some(value.to_vec()),
                [UPDATES] => session.updates = Some(value.to_vec()),
                [PEERS, number @ ..] => {
                    if let Ok(number) = number.try_into() {
                        session.peers.push((u32::from_be_bytes(number), value.to_vec()));
                    }
                }
                _ => {}
            }
        }
        Ok(session)
    }

    /// Writes the given records in one step.
    pub fn write(&self, account: &str, session: &SealedSession) -> Result<(), StateError> {
        let mut batch = sled::Batch::default();
        if let Some(end) = session.peers_end {
            for key in self.tree.range(chunk_key(account, end)..=chunk_key(account, u32::MAX)).keys() {
                batch.remove(key.map_err(StateError::Write)?);
            }
        }
        fill(&mut batch, account, session);
        self.tree.apply_batch(batch).map_err(StateError::Write)
    }

    /// Puts the given records in the place of all that the account had, in one step.
    pub fn replace(&self, account: &str, session: &SealedSession) -> Result<(), StateError> {
        let mut batch = self.removal(account)?;
        fill(&mut batch, account, session);
        self.tree.apply_batch(batch).map_err(StateError::Write)
    }

    /// Says whether there was something.
    pub fn remove(&self, account: &str) -> Result<bool, StateError> {
        let is_there = self.tree.scan_prefix(key(account, &[])).next().is_some();
        self.tree.apply_batch(self.removal(account)?).map_err(StateError::Write)?;
        Ok(is_there)
    }

    fn removal(&self, account: &str) -> Result<sled::Batch, StateError> {
        let mut batch = sled::Batch::default();
        for key in self.tree.scan_prefix(key(account, &[])).keys() {
            batch.remove(key.map_err(StateError::Write)?);
        }
        Ok(batch)
    }
}

fn fill(batch: &mut sled::Batch, account: &str, session: &SealedSession) {
    for (part, sealed) in [(CORE, &session.core), (UPDATES, &session.updates)] {
        if let Some(sealed) = sealed {
            batch.insert(key(account, &[part]), sealed.as_slice());
        }
    }
    for (number, sealed) in &session.peers {
        batch.insert(chunk_key(account, *number), sealed.as_slice());
    }
}

/// The account's name, a zero byte, the part.
fn key(account: &str, part: &[u8]) -> Vec<u8> {
    [account.as_bytes(), &[0], part].concat()
}

fn chunk_key(account: &str, number: u32) -> Vec<u8> {
    let mut key = key(account, &[PEERS]);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The account's name and the part.
fn parts(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = key.iter().position(|byte| *byte == 0)?;
    Some((&key[..end], &key[end + 1..]))
}

/// Says what is wrong with an entry, as far as can be told without the key.
pub(super) fn check(key: &[u8], value: &[u8]) -> Result<(), Flaw> {
    let (account, part) = parts(key).ok_or("the key names no part of a login")?;
    std::str::from_utf8(account)?;
    match part {
        [CORE | UPDATES] | [PEERS, _, _, _, _] => {}
        _ => return Err("the key names no known part of a login".into()),
    }
    if value.starts_with(AGE_HEADER) { Ok(()) } else { Err("the value is not sealed".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    fn session(core: &str, chunks: u32) -> SealedSession {
        let sealed = |text: &str| [AGE_HEADER, text.as_bytes()].concat();
        let peers = (0..chunks).map(|number| (number, sealed(&format!("{core} {number}")))).collect();
        SealedSession { core: Some(sealed(core)), updates: Some(sealed("updates")), peers, peers_end: None }
    }

    #[test]
    fn accounts_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = State::open(folder.path()).unwrap().telegram_sessions;
        sessions.replace("main", &session("one", 300)).unwrap();
        sessions.replace("main2", &session("two", 2)).unwrap();
        assert_eq!(sessions.accounts().unwrap(), ["main", "main2"]);
        let loaded = sessions.load("main").unwrap();
        assert_eq!(loaded.peers.len(), 300);
        assert!(loaded.peers.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0), "in order");
        assert!(sessions.remove("main").unwrap());
        assert!(sessions.load("main").unwrap().core.is_none());
        assert_eq!(sessions.load("main2").unwrap().peers.len(), 2);
        assert!(!sessions.remove("main").unwrap());
    }

    #[test]
    fn replacing_leaves_nothing_of_the_old_login() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = State::open(folder.path()).unwrap().telegram_sessions;
        sessions.replace("main", &session("one", 3)).unwrap();
        let new = SealedSession { updates: None, ..session("two", 1) };
        sessions.replace("main", &new).unwrap();
        let loaded = sessions.load("main").unwrap();
        assert_eq!((loaded.core, loaded.updates), (new.core, None));
        assert_eq!(loaded.peers, new.peers);
    }

    #[test]
    fn writing_keeps_what_is_not_given() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = State::open(folder.path()).unwrap().telegram_sessions;
        let all = session("one", 2);
        sessions.replace("main", &all).unwrap();
        let change = SealedSession { peers: session("more", 2).peers, ..SealedSession::default() };
        sessions.write("main", &change).unwrap();
        let loaded = sessions.load("main").unwrap();
        assert_eq!((loaded.core, loaded.updates, loaded.peers), (all.core, all.updates, change.peers));
    }

    #[test]
    fn outdated_chunks_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = State::open(folder.path()).unwrap().telegram_sessions;
        sessions.replace("main", &session("one", 500)).unwrap();
        sessions.replace("other", &session("two", 3)).unwrap();
        let change =
            SealedSession { peers: session("new", 1).peers, peers_end: Some(1), ..Default::default() };
        sessions.write("main", &change).unwrap();
        assert_eq!(sessions.load("main").unwrap().peers, change.peers);
        assert_eq!(sessions.load("other").unwrap().peers.len(), 3);
    }

    #[test]
    fn plain_values_count_as_damage() {
        let sealed = session("one", 1).core.unwrap();
        assert!(check(b"main\0c", &sealed).is_ok());
        assert!(check(b"main\0p\0\0\x01\0", &sealed).is_ok());
        assert!(check(b"main\0c", b"{}").is_err());
        assert!(check(b"main", &sealed).is_err());
        assert!(check(b"main\0x", &sealed).is_err());
    }
}
