//! API tokens: `td_` and 32 random bytes, stored as a hash.

use axum::http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Auth, Identity, identity::Credential};
use crate::{
    model::{Scope, Scopes},
    state::{ApiToken, SecretHash, StateError},
    web::error::Problem,
};

const PREFIX: &str = "td_";
const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// Makes a token: what is stored, and the secret that is shown once.
pub fn issue(name: String, scopes: Scopes, expires: Option<Timestamp>, now: Timestamp) -> (ApiToken, String) {
    let secret = format!("{PREFIX}{}", super::random_secret());
    let hash = SecretHash::of(&secret);
    let token = ApiToken { id: new_id(now), name, scopes, hash, created: now, last_used: None, expires };
    (token, secret)
}

/// Sorts by time of creation.
fn new_id(now: Timestamp) -> Uuid {
    let mut random = [0; 10];
    getrandom::fill(&mut random).expect("the system has a working random generator");
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Who sends listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listener {
    /// The name of the token.
    Known(String),
    Missing,
    Unknown,
    WithoutScope,
}

/// What stands behind `Bearer`. Other schemes are the business of a proxy before us.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    credentials(headers, b"bearer")
}

fn credentials<'a>(headers: &'a HeaderMap, wanted: &[u8]) -> Option<&'a [u8]> {
    headers.get_all(header::AUTHORIZATION).iter().find_map(|value| {
        let value = value.as_bytes().trim_ascii();
        let end = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
        let (scheme, secret) = value.split_at(end);
        scheme.eq_ignore_ascii_case(wanted).then(|| secret.trim_ascii())
    })
}

impl Auth {
    pub(super) fn of_bearer(&self, secret: &[u8]) -> Result<Identity, Problem> {
        let refused = || {
            Problem::unauthorized("the token is unknown, deleted or expired")
                .fix("Send `Authorization: Bearer TOKEN`; `tapedeck token add` makes a new token.")
        };
        let hash = SecretHash::of(std::str::from_utf8(secret).map_err(|_| refused())?);
        if hash == self.process_token {
            return Ok(Identity::of_command_line());
        }
        let token = self.token(hash)?.ok_or_else(refused)?;
        self.touch_token(&token);
        let who = format!("token {}", token.name);
        Ok(Identity { user: None, who, scopes: token.scopes, credential: Credential::Token(hash) })
    }

    /// Scrobblers write `Token` where others write `Bearer`.
    pub(crate) fn listener(&self, headers: &HeaderMap) -> Result<Listener, StateError> {
        let secret = credentials(headers, b"token").or_else(|| bearer(headers)).filter(|it| !it.is_empty());
        let Some(secret) = secret else { return Ok(Listener::Missing) };
        let Ok(secret) = std::str::from_utf8(secret) else { return Ok(Listener::Unknown) };
        let Some(token) = self.token(SecretHash::of(secret))? else { return Ok(Listener::Unknown) };
        if !token.scopes.contains(&Scope::Scrobble) {
            return Ok(Listener::WithoutScope);
        }
        self.touch_token(&token);
        Ok(Listener::Known(token.name))
    }

    pub(super) fn token(&self, hash: SecretHash) -> Result<Option<ApiToken>, StateError> {
        let token = self.state.tokens.get(hash)?;
        Ok(token.filter(|token| token.expires.is_none_or(|expires| expires > self.clock.now())))
    }

    pub(super) fn touch_token(&self, token: &ApiToken) {
        let now = self.clock.now();
        if token.last_used.is_some_and(|last| now.duration_since(last).abs() < TOUCH_EVERY) {
            return;
        }
        Self::is_written(self.state.tokens.touch(token.hash, now));
    }
}
