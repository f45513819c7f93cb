//! Who is signed in on the page. The key is the hash of the cookie's secret.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{SecretHash, StateError, tree::Tree};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub user: String,
    /// A hash of the password's hash: a session ends when the password changes, however it did.
    pub password: SecretHash,
    pub created: Timestamp,
    /// Exact to a minute.
    pub last_used: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Sessions {
    tree: Tree<SecretHash, Session>,
}

impl Sessions {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "sessions")? })
    }

    pub fn get(&self, secret: SecretHash) -> Result<Option<Session>, StateError> {
        self.tree.get(&secret)
    }

    pub fn put(&self, secret: SecretHash, session: &Session) -> Result<(), StateError> {
        self.tree.insert(&secret, session)
    }

    /// Notes a use of the session, if it is still there; says whether it is.
    pub fn touch(&self, secret: SecretHash, now: Timestamp) -> Result<bool, StateError> {
        self.tree.update(&secret, |session| Session { last_used: now, ..session })
    }

    pub fn remove(&self, secret: SecretHash) -> Result<bool, StateError> {
        self.tree.remove(&secret)
    }

    pub fn remove_of_user(&self, user: &str) -> Result<(), StateError> {
        self.remove_where(|session| session.user == user)
    }

    pub fn remove_unused_since(&self, since: Timestamp) -> Result<(), StateError> {
        self.remove_where(|session| session.last_used < since)
    }

    fn remove_where(&self, is_over: impl Fn(&Session) -> bool) -> Result<(), StateError> {
        for entry in self.tree.raw().iter() {
            let (key, value) = entry.map_err(StateError::Write)?;
            if is_over(&self.tree.decode(&key, &value)?) {
                self.tree.raw().remove(key).map_err(StateError::Write)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_session_stays_removed() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = crate::state::State::open(folder.path()).unwrap().sessions;
        let (at, secret) = (Timestamp::UNIX_EPOCH, SecretHash::of("a"));
        let session =
            Session { user: "ada".into(), password: SecretHash::of("hash"), created: at, last_used: at };
        sessions.put(secret, &session).unwrap();
        let later = at + jiff::SignedDuration::from_hours(1);
        assert!(sessions.touch(secret, later).unwrap());
        assert_eq!(sessions.get(secret).unwrap().unwrap().last_used, later);
        sessions.remove(secret).unwrap();
        assert!(!sessions.touch(secret, later).unwrap());
        assert_eq!(sessions.get(secret).unwrap(), None);
    }

    #[test]
    fn removes_sessions_of_one_user_only() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = crate::state::State::open(folder.path()).unwrap().sessions;
        for (secret, user) in [("a", "ada"), ("b", "ada"), ("c", "bob")] {
            let at = Timestamp::UNIX_EPOCH;
            let password = SecretHash::of("hash");
            let session = Session { user: user.into(), password, created: at, last_used: at };
            sessions.put(SecretHash::of(secret), &session).unwrap();
        }
        sessions.remove_of_user("ada").unwrap();
        assert_eq!(sessions.get(SecretHash::of("a")).unwrap(), None);
        assert_eq!(sessions.get(SecretHash::of("c")).unwrap().unwrap().user, "bob");
    }
}
