use std::collections::BTreeMap;

use grammers_tl_types as tl;

use super::{Device, Telegram};
use crate::telegram::Refusal;

/// A login: a line on the account's list of sessions, with one key per data centre.
#[derive(Clone, Debug)]
pub struct Authorization {
    pub hash: i64,
    pub user: i64,
    pub device: Device,
    pub created: i32,
    pub active: i32,
}

impl Telegram {
    /// Logs keys in without ceremony, as one login: one key per data centre.
    ///
    /// # Panics
    /// When a key was not handed out here.
    pub fn log_in_keys(&mut self, keys: &BTreeMap<i32, [u8; 256]>, user: i64) -> i64 {
        let ids: Vec<i64> = keys.values().map(|bytes| super::Secret::new(*bytes).id).collect();
        let hash = self.authorize(user, Device::default());
        for id in ids {
            assert!(self.bind(id, hash), "the key {id} was not handed out here");
        }
        hash
    }

    /// Begins a login of a user, with no key yet.
    pub(crate) fn authorize(&mut self, user: i64, device: Device) -> i64 {
        let hash = super::random_id();
        let now = self.now();
        self.authorizations.insert(hash, Authorization { hash, user, device, created: now, active: now });
        hash
    }

    /// Adds a key to a login. False: there is no such key, or login.
    pub(crate) fn bind(&mut self, key_id: i64, hash: i64) -> bool {
        let Some(user) = self.authorizations.get(&hash).map(|authorization| authorization.user) else {
            return false;
        };
        let Some(key) = self.keys.get_mut(key_id) else { return false };
        key.user = Some(user);
        key.authorization = Some(hash);
        key.owes_password = None;
        key.begun_login = None;
        key.srp = None;
        true
    }

    /// Remembers that a key has only the password left to prove.
    pub(crate) fn ask_for_password(&mut self, key_id: i64, user: i64, begun_login: Option<i64>) -> Refusal {
        if let Some(key) = self.keys.get_mut(key_id) {
            key.user = None;
            key.owes_password = Some(user);
            key.begun_login = begun_login;
        }
        Refusal::new(401, "SESSION_PASSWORD_NEEDED")
    }

    /// Logs a key in, and tells the user's other sessions.
    pub(crate) fn log_in(&mut self, key_id: i64, user: i64) -> Option<tl::types::auth::Authorization> {
        let device = self.keys.get(key_id)?.device.clone();
        let hash = self.authorize(user, device);
        self.complete_login(key_id, hash)
    }

    /// Logs a key in with a login that was begun.
    pub(crate) fn complete_login(
        &mut self,
        key_id: i64,
        hash: i64,
    ) -> Option<tl::types::auth::Authorization> {
        let login = self.authorizations.get(&hash)?.clone();
        self.push(
            login.user,
            tl::types::UpdateNewAuthorization {
                unconfirmed: false,
                hash,
                date: Some(login.created),
                device: Some(login.device.model),
                location: Some("Loopback".into()),
            },
        );
        self.bind(key_id, hash).then_some(())?;
        self.authorization_of(login.user)
    }

    /// What a client is told when it is logged in.
    pub(crate) fn authorization_of(&self, user: i64) -> Option<tl::types::auth::Authorization> {
        Some(tl::types::auth::Authorization {
            setup_password_required: false,
            otherwise_relogin_days: None,
            tmp_sessions: None,
            future_auth_token: None,
            user: self.user_seen_by(user, user)?,
        })
    }

    /// Ends a login: its keys stay, and nobody is logged in with them.
    pub fn end_login(&mut self, hash: i64) -> Option<Authorization> {
        for key in self.keys.iter_mut().filter(|key| key.authorization == Some(hash)) {
            key.user = None;
            key.authorization = None;
        }
        self.authorizations.remove(&hash)
    }

    /// The logins of a user.
    pub fn logins_of(&self, user: i64) -> impl Iterator<Item = &Authorization> {
        self.authorizations.values().filter(move |authorization| authorization.user == user)
    }

    /// The account with a phone, however it is written.
    pub fn user_with_phone(&self, phone: &str) -> Option<i64> {
        let digits = digits(phone);
        self.accounts.iter().find(|(_, account)| account.phone == digits).map(|(&id, _)| id)
    }
}

pub(crate) fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}
