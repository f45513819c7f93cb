//! By QR code: Telegram gives out a token, a phone that is logged in accepts it, and the next
//! question is answered with the login. Tokens hold for half a minute and are replaced.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use grammers_session::{Session as _, updates::UpdatesLike};
use grammers_tl_types::{enums, functions, types};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use super::engine::{Attempt, Stop};
use crate::{
    model::LoginState,
    telegram::{
        Error,
        client::{Listening, Pushed},
    },
};

/// How the link of a QR code begins.
pub(in crate::telegram) const LINK: &str = "tg://login?token=";

/// Longest time that a token is shown, whatever clocks say.
const LONGEST: SignedDuration = SignedDuration::from_secs(60);
/// Shortest one, so that a wrong clock does not mean a storm of questions.
const SHORTEST: SignedDuration = SignedDuration::from_secs(2);
/// A data centre that sends us to another, which sends us back, is broken.
const MOST_MOVES: u32 = 5;

impl Attempt {
    pub(super) async fn log_in_by_qr(&mut self) -> Result<(), Stop> {
        // Before the first question: the word that a phone has accepted comes once.
        let pushed = self.client.listen();
        loop {
            let token = match self.token().await {
                Ok(Some(token)) => token,
                Ok(None) => return Ok(()),
                Err(error) if error.is("SESSION_PASSWORD_NEEDED") => return self.check_password().await,
                Err(error) => return Err(error.into()),
            };
            let now = self.parts.clock.now();
            let expires_at = expiry(now, token.expires);
            let url = format!("{LINK}{}", BASE64_URL_SAFE_NO_PAD.encode(&token.token));
            self.show(LoginState::Qr { url, expires_at });
            tokio::select! {
                () = accepted(&pushed) => self.show(LoginState::Connecting),
                () = self.parts.clock.sleep_until(expires_at) => {}
            }
        }
    }

    /// The next token to show; `None`: logged in.
    async fn token(&self) -> Result<Option<types::auth::LoginToken>, Error> {
        let application = &self.parts.application;
        let export = functions::auth::ExportLoginToken {
            api_id: application.api_id,
            api_hash: application.api_hash.expose_secret().to_owned(),
            except_ids: Vec::new(),
        };
        let mut answer = self.ask(&export).await?;
        for _ in 0..MOST_MOVES {
            let moved = match answer {
                enums::auth::LoginToken::Token(token) => return Ok(Some(token)),
                enums::auth::LoginToken::Success(_) => return Ok(None),
                enums::auth::LoginToken::MigrateTo(moved) => moved,
            };
            let session = self.client.session();
            let failed = |error| Error::Session { source: Box::new(error) };
            session.set_home_dc_id(moved.dc_id).await.map_err(failed)?;
            answer = match self.ask(&functions::auth::ImportLoginToken { token: moved.token }).await {
                Err(error) if error.is("AUTH_TOKEN_*") => self.ask(&export).await?,
                other => other?,
            };
        }
        Err(Error::Rpc {
            method: "auth.exportLoginToken",
            code: 303,
            name: "data centres send us from one to the other".into(),
            value: None,
        })
    }
}

/// The moment to ask for the next token; clocks may differ from Telegram's.
fn expiry(now: Timestamp, expires: i32) -> Timestamp {
    let said = Timestamp::from_second(expires.into()).unwrap_or(now);
    let earliest = now.saturating_add(SHORTEST).unwrap_or(now);
    let latest = now.saturating_add(LONGEST).unwrap_or(now);
    said.clamp(earliest, latest)
}

/// Returns when a phone may have accepted the token.
async fn accepted(pushed: &Listening) {
    loop {
        match pushed.next().await {
            Some(Pushed::Updates(updates)) if has_login_token(&updates) => return,
            // The word may have been lost: asking again tells, a little later so that a connection
            // that breaks at once is no storm.
            Some(Pushed::Gap) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                return;
            }
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}

fn has_login_token(updates: &UpdatesLike) -> bool {
    let UpdatesLike::Updates(updates) = updates else { return false };
    let is_it = |update: &enums::Update| matches!(update, enums::Update::LoginToken);
    match updates {
        enums::Updates::UpdateShort(short) => is_it(&short.update),
        enums::Updates::Updates(all) => all.updates.iter().any(is_it),
        enums::Updates::Combined(all) => all.updates.iter().any(is_it),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_clocks_do_not_spin() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let after = |seconds: i64| {
            let expires = i32::try_from(now.as_second() + seconds).unwrap();
            expiry(now, expires).duration_since(now).as_secs()
        };
        assert_eq!([after(30), after(-3600), after(0), after(3600)], [30, 2, 2, 60]);
    }
}
