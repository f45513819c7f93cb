//! Who may do what. While there is no user, the machine itself may do everything and nobody else
//! anything; from the first user on, a session or a token is needed, at once and for everybody.

mod address;
mod guard;
mod identity;
mod origin;
mod password;
mod session;
mod throttle;
mod token;

use std::net::IpAddr;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;
use url::Url;

use crate::{
    clock::SharedClock,
    config::{AuthSection, ServerSection},
    state::{SecretHash, State, StateError, User},
};

use password::Passwords;
use throttle::Throttle;

use super::error::Problem;

pub(crate) use address::Peer;
pub(crate) use guard::guard;
pub(crate) use identity::Identity;
pub use password::{InvalidPassword, hash_password};
pub use token::issue as issue_token;

/// Everything that decides about requests.
#[derive(Debug)]
pub(crate) struct Auth {
    state: State,
    clock: SharedClock,
    passwords: Passwords,
    throttle: Throttle,
    configured: Option<ConfiguredUser>,
    process_token: SecretHash,
    session_lifetime: SignedDuration,
    public_url: Option<Url>,
    trusted_proxies: Vec<IpAddr>,
}

/// The user of `auth.username`.
#[derive(Debug)]
struct ConfiguredUser {
    name: String,
    password: SecretString,
    /// Hashed when first asked for: it takes longer than a start should.
    hash: OnceCell<String>,
}

impl Auth {
    pub(crate) fn new(
        state: State,
        clock: SharedClock,
        auth: AuthSection,
        server: &ServerSection,
        process_token: &SecretString,
    ) -> Self {
        let configured = auth.username.zip(auth.password);
        let configured =
            configured.map(|(name, password)| ConfiguredUser { name, password, hash: OnceCell::new() });
        Self {
            state,
            clock,
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            configured,
            process_token: SecretHash::of(process_token.expose_secret()),
            session_lifetime: SignedDuration::try_from(auth.session_lifetime.0)
                .unwrap_or(SignedDuration::MAX),
            public_url: server.public_url.clone(),
            trusted_proxies: server.trusted_proxies.clone(),
        }
    }

    pub(crate) fn has_users(&self) -> bool {
        self.configured.is_some() || !self.state.users.is_empty()
    }

    pub(crate) fn configured_user(&self) -> Option<&str> {
        self.configured.as_ref().map(|user| user.name.as_str())
    }

    /// `public_url` starts with https: cookies are for TLS only, browsers are told to stay there.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
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
        match &self.configured {
            Some(configured) if configured.name == user => {
                let hash = configured.hash.get_or_try_init(|| {
                    self.passwords.hash_with_name(configured.password.clone(), configured.name.clone())
                });
                Ok(Some(hash.await?.clone()))
            }
            _ => Ok(self.state.users.get(user)?.map(|user| user.password)),
        }
    }

    fn log_unless_written(outcome: Result<(), StateError>) {
        if let Err(error) = outcome {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "When a session or token was last used could not be written");
        }
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
    let is_valid = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-@+".contains(&b));
    if is_valid {
        return Ok(());
    }
    let name: String = name.chars().take(80).collect();
    Err(format!(
        "`{}` is not a valid user name: use 1 to 64 letters, digits, `.`, `_`, `-`, `@` and `+`",
        name.escape_debug()
    ))
}
