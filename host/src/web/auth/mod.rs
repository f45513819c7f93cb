//! Who may do what. While there is no user, the machine itself may do everything and nobody else
//! anything; from the first user on, a session or a token is needed, at once and for everybody.

mod address;
mod argon2id;
mod guard;
mod identity;
mod origin;
mod password;
mod session;
mod settings;
mod throttle;
mod token;

use std::net::IpAddr;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    clock::SharedClock,
    state::{SecretHash, State, StateError, User},
};

use password::Passwords;
use settings::Settings;
use throttle::Throttle;

use super::{WebParts, error::Problem};

pub(crate) use address::Peer;
pub(crate) use guard::guard;
pub(crate) use identity::Identity;
pub use password::{InvalidPassword, hash_password};
pub(crate) use throttle::network;
pub(crate) use token::Listener;
pub use token::issue as issue_token;

/// Everything that decides about requests.
#[derive(Debug)]
pub(crate) struct Auth {
    state: State,
    clock: SharedClock,
    settings: Settings,
    passwords: Passwords,
    throttle: Throttle,
    process_token: SecretHash,
}

impl Auth {
    pub(crate) fn new(parts: &WebParts) -> Self {
        Self {
            state: parts.state.clone(),
            clock: parts.clock.clone(),
            settings: Settings::new(parts.settings.clone()),
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            process_token: SecretHash::of(parts.process_token.expose_secret()),
        }
    }

    pub(crate) fn has_users(&self) -> bool {
        self.settings.current().configured.is_some() || !self.state.users.is_empty()
    }

    /// Many people may come from this address.
    pub(crate) fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        self.settings.current().given.server.trusted_proxies.contains(&peer.to_canonical())
    }

    /// The user of `auth.username`.
    pub(crate) fn configured_user(&self) -> Option<String> {
        self.settings.current().configured.as_ref().map(|user| user.name.clone())
    }

    /// `public_url` starts with https: cookies are for TLS only, browsers are told to stay there.
    pub(crate) fn is_https(&self) -> bool {
        self.settings.current().public_url().is_some_and(|url| url.scheme() == "https")
    }

    /// Writes a user, new or with a new password; whoever was signed in as that user is out.
    /// Says whether it is new.
    pub(crate) async fn set_user(&self, name: String, password: SecretString) -> Result<bool, Problem> {
        let password = self.passwords.hash(password).await?;
        let old = self.state.users.get(&name)?;
        let created = old.as_ref().map_or_else(|| self.clock.now(), |old| old.created);
        self.state.users.put(&User { name: name.clone(), password, created })?;
        self.state.sessions.remove_of_user(&name)?;
        self.state.flushed().await?;
        Ok(old.is_none())
    }

    /// The stored hash of a user's password; `None` when there is no such user.
    async fn password_hash(&self, user: &str) -> Result<Option<String>, Problem> {
        match &self.settings.current().configured {
            Some(configured) if configured.name == user => {
                let hash = configured.hash.get_or_try_init(|| {
                    self.passwords.hash_with_name(configured.password.clone(), configured.name.clone())
                });
                Ok(Some(hash.await?.clone()))
            }
            _ => Ok(self.state.users.get(user)?.map(|user| user.password)),
        }
    }

    /// Says whether there still was a session or token to note the use of.
    fn is_written(touched: Result<bool, StateError>) -> bool {
        touched.unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "When a session or token was last used could not be written");
            false
        })
    }
}

/// 32 bytes from the system's generator, as text.
pub(crate) fn random_secret() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system has a working random generator");
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Checks the name of a new user; the text says what is wrong.
pub fn check_user_name(name: &str) -> Result<(), String> {
    // `.` and `..` would never arrive in an address such as /api/v1/users/NAME.
    let is_valid = (1..=64).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-@+".contains(&b));
    if is_valid {
        return Ok(());
    }
    let name: String = name.chars().take(80).collect();
    Err(format!(
        "`{}` is not a valid user name: use 1 to 64 letters, digits, `.`, `_`, `-`, `@` and `+`, \
         with a letter or digit first",
        name.escape_debug()
    ))
}

#[cfg(test)]
mod tests;
