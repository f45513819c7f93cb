//! The login at Spotify, sealed: what is inside, only `spotify/tokens` can read.

use super::{StateError, known::Flaw};

const KEY: &str = "main";

/// How every sealed record begins.
const AGE_HEADER: &[u8] = b"age-encryption.org/v1\n";

#[derive(Clone, Debug)]
pub struct SpotifyLogin {
    tree: sled::Tree,
}

impl SpotifyLogin {
    pub(super) const NAME: &str = "spotify-tokens";

    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: db.open_tree(Self::NAME).map_err(StateError::Write)? })
    }

    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    pub fn load(&self) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.tree.get(KEY).map_err(StateError::Write)?.map(|sealed| sealed.to_vec()))
    }

    pub fn put(&self, sealed: &[u8]) -> Result<(), StateError> {
        self.tree.insert(KEY, sealed).map_err(StateError::Write)?;
        Ok(())
    }

    /// Says whether there was one.
    pub fn remove(&self) -> Result<bool, StateError> {
        Ok(self.tree.remove(KEY).map_err(StateError::Write)?.is_some())
    }
}

/// Says what is wrong with an entry, as far as can be told without the key.
pub(super) fn check(key: &[u8], value: &[u8]) -> Result<(), Flaw> {
    if key != KEY.as_bytes() {
        return Err("the key names no login".into());
    }
    if value.starts_with(AGE_HEADER) { Ok(()) } else { Err("the value is not sealed".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_logins_count_as_damage() {
        assert!(check(b"main", &[AGE_HEADER, b"sealed"].concat()).is_ok());
        assert!(check(b"main", b"{\"refresh_token\":\"AQ\"}").is_err());
        assert!(check(b"other", AGE_HEADER).is_err());
    }

    #[test]
    fn login_counts_as_sealed_until_removed() {
        let folder = tempfile::tempdir().unwrap();
        let state = crate::state::State::open(folder.path()).unwrap();
        assert!(!state.holds_logins());
        state.spotify_login.put(AGE_HEADER).unwrap();
        assert!(state.holds_logins());
        assert_eq!(state.spotify_login.load().unwrap().as_deref(), Some(AGE_HEADER));
        assert!(state.spotify_login.remove().unwrap());
        assert!(!state.spotify_login.remove().unwrap());
        assert!(!state.holds_logins());
    }
}
