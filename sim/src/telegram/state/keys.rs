use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use sha1::{Digest as _, Sha1};

use super::password::Exchange;

/// The authorization keys that are known, by id.
#[derive(Debug, Default)]
pub struct Keys {
    by_id: HashMap<i64, Key>,
}

/// A key, and who is logged in with it.
#[derive(Debug)]
pub struct Key {
    pub secret: Arc<Secret>,
    /// A key belongs to one data centre.
    pub dc: i32,
    /// Who is logged in.
    pub user: Option<i64>,
    /// Who has proven the phone, and owes the password.
    pub owes_password: Option<i64>,
    /// The login it belongs to, as users see it in their list of sessions.
    pub authorization: Option<i64>,
    /// The login that a scan began, and that the password completes.
    pub(crate) begun_login: Option<i64>,
    /// The exchange by which the password is being proven.
    pub(crate) srp: Option<Exchange>,
    /// What the client said of itself.
    pub device: Device,
}

/// What `initConnection` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    pub api_id: i32,
    pub model: String,
    pub system_version: String,
    pub app_version: String,
    pub layer: i32,
}

/// What the wire needs of a key, without the world's lock.
pub struct Secret {
    pub(crate) bytes: [u8; 256],
    pub(crate) id: i64,
    /// Salts of earlier generations are refused.
    generation: AtomicU32,
    is_forgotten: AtomicBool,
}

impl Keys {
    pub fn get(&self, id: i64) -> Option<&Key> {
        self.by_id.get(&id)
    }

    pub fn get_mut(&mut self, id: i64) -> Option<&mut Key> {
        self.by_id.get_mut(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (i64, &Key)> {
        self.by_id.iter().map(|(&id, key)| (id, key))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Key> {
        self.by_id.values_mut()
    }

    /// Registers a key for a data centre and returns its id.
    pub fn add(&mut self, dc: i32, bytes: [u8; 256]) -> i64 {
        let secret = Secret::new(bytes);
        let id = secret.id;
        let key = Key {
            secret: Arc::new(secret),
            dc,
            user: None,
            owes_password: None,
            authorization: None,
            begun_login: None,
            srp: None,
            device: Device::default(),
        };
        self.by_id.insert(id, key);
        id
    }

    /// Forgets a key: whoever uses it is answered -404.
    pub fn forget(&mut self, id: i64) -> Option<Key> {
        let key = self.by_id.remove(&id)?;
        key.secret.is_forgotten.store(true, Ordering::Relaxed);
        Some(key)
    }

    /// The keys that are logged in as a user.
    pub fn of_user(&self, user: i64) -> impl Iterator<Item = i64> {
        self.by_id.iter().filter(move |(_, key)| key.user == Some(user)).map(|(&id, _)| id)
    }
}

impl Secret {
    pub(crate) fn new(bytes: [u8; 256]) -> Self {
        let hash = Sha1::digest(bytes);
        let id = hash[12..20].try_into().map(i64::from_le_bytes).expect("a SHA-1 has 20 bytes");
        Self { bytes, id, generation: AtomicU32::new(0), is_forgotten: AtomicBool::new(false) }
    }

    /// From now on all salts given so far are wrong.
    pub(crate) fn renew_salts(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// It can be used without a look into the world.
    pub(crate) fn is_known(&self) -> bool {
        !self.is_forgotten.load(Ordering::Relaxed)
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secret").field(&self.id).finish()
    }
}
