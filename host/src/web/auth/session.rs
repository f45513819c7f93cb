//! Signing in on the page: a cookie with 32 random bytes, of which only the hash is stored.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::{Auth, Identity, Peer, address, identity::Credential, random_secret};
use crate::{
    state::{SecretHash, Session},
    web::error::Problem,
};

const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(60);

impl Auth {
    /// Starts a session and answers with its cookie. However it fails, it takes as long as a
    /// wrong password, or it is refused by the throttle before any work.
    pub(crate) async fn sign_in(
        &self,
        address: IpAddr,
        name: &str,
        password: SecretString,
    ) -> Result<HeaderValue, Problem> {
        self.throttle.take(address, name, self.clock.now()).map_err(|too_soon| {
            Problem::too_many("too many attempts to sign in from this address or as this user", too_soon.0)
        })?;
        let hash = self.password_hash(name).await?;
        if !self.passwords.verify(password, hash.clone()).await? {
            tracing::info!(client.address = %address, "Somebody failed to sign in");
            return Err(Problem::unauthorized("the user name or the password is wrong")
                .fix("Try again; `tapedeck user add NAME` sets a new password."));
        }
        self.throttle.forgive(address, name);
        let hash = hash.unwrap_or_default();
        self.start_session(name, &hash).await
    }

    async fn start_session(&self, user: &str, password_hash: &str) -> Result<HeaderValue, Problem> {
        let now = self.clock.now();
        let lifetime = self.settings.current().session_lifetime();
        let oldest = now.checked_sub(lifetime).unwrap_or(Timestamp::MIN);
        self.state.sessions.remove_unused_since(oldest)?;
        let secret = random_secret();
        let password = SecretHash::of(password_hash);
        let session = Session { user: user.to_owned(), password, created: now, last_used: now };
        self.state.sessions.put(SecretHash::of(&secret), &session)?;
        self.state.flushed().await?;
        tracing::info!(user.name = user, "Somebody signed in");
        Ok(self.cookie(&secret, lifetime))
    }

    /// Ends the session of this identity, if it is one, and answers with a cookie that removes ours.
    pub(crate) async fn sign_out(&self, identity: Option<&Identity>) -> Result<HeaderValue, Problem> {
        if let Some(Credential::Session(secret)) = identity.map(|identity| identity.credential) {
            self.state.sessions.remove(secret)?;
            self.state.flushed().await?;
        }
        Ok(self.cookie("", SignedDuration::ZERO))
    }

    /// Whom to count attempts to sign in for.
    pub(crate) fn client_address(&self, peer: Peer, headers: &HeaderMap) -> IpAddr {
        address::client(peer, headers, &self.settings.current().given.server.trusted_proxies)
    }

    pub(super) async fn of_cookie(&self, headers: &HeaderMap) -> Result<Option<Identity>, Problem> {
        let Some(secret) = self.secret_in(headers).map(SecretHash::of) else { return Ok(None) };
        let session = self.session(secret).await?;
        Ok(session.map(|session| Identity::of_user(session.user, secret)))
    }

    /// The session, if it lives and its user still has the password that it began with.
    pub(super) async fn session(&self, secret: SecretHash) -> Result<Option<Session>, Problem> {
        let Some(session) = self.state.sessions.get(secret)? else { return Ok(None) };
        let unused = self.clock.now().duration_since(session.last_used);
        let hash = self.password_hash(&session.user).await?;
        let is_same_password = hash.is_some_and(|hash| SecretHash::of(&hash) == session.password);
        Ok((is_same_password && unused < self.settings.current().session_lifetime()).then_some(session))
    }

    /// Notes the use of a session, at most once a minute; then the cookie lives longer too.
    pub(super) async fn touch_session(
        &self,
        identity: &Identity,
        headers: &HeaderMap,
    ) -> Option<HeaderValue> {
        let Credential::Session(hash) = identity.credential else { return None };
        let session = self.state.sessions.get(hash).ok()??;
        let now = self.clock.now();
        if now.duration_since(session.last_used).abs() < TOUCH_EVERY {
            return None;
        }
        if !Self::is_written(self.state.sessions.touch(hash, now)) {
            return None;
        }
        let lifetime = self.settings.current().session_lifetime();
        self.secret_in(headers).map(|secret| self.cookie(secret, lifetime))
    }

    /// Browsers take a cookie with the prefix `__Host-` only over TLS and from this very host.
    fn cookie_name(&self) -> &'static str {
        if self.is_https() { "__Host-tapedeck_session" } else { "tapedeck_session" }
    }

    fn secret_in<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| name.trim() == self.cookie_name()).map(|(_, value)| value.trim())
    }

    fn cookie(&self, secret: &str, lifetime: SignedDuration) -> HeaderValue {
        let secure = if self.is_https() { "; Secure" } else { "" };
        let name = self.cookie_name();
        let max_age = lifetime.as_secs();
        let cookie = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}");
        let mut cookie = HeaderValue::try_from(cookie).expect("a base64 secret is valid in a header");
        cookie.set_sensitive(true);
        cookie
    }
}
