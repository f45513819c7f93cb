//! Logging in by a browser. Desired: only who may change things begins a login; only the browser
//! that it began in ends it (or whoever pastes its answer, over a way of their own); its state
//! works once and for ten minutes; the code is traded even when the browser goes away meanwhile;
//! a login that works stays until the new one does.

mod redirect;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::oneshot;
use url::Url;
use uuid::Uuid;

pub(super) use redirect::{beginning, listen_at, redirect_uri};

use super::{
    Spotify, SpotifyError,
    client::{Authorization, Client, Refusal},
    convert, error,
    tokens::read_grant,
};
use crate::{
    config::SpotifySection,
    model::{LoginId, SpotifyLoginState, SpotifyLoginView, SpotifyUser},
    state::SecretHash,
};

/// How long people may take at Spotify.
const LASTS: SignedDuration = SignedDuration::from_secs(600);
/// Logins that can wait at the same time.
const MOST: usize = 16;

/// Why a login came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SpotifyLoginError {
    #[error(
        "there is no such login: it was used, took longer than ten minutes, or the daemon was started again"
    )]
    Unknown,
    #[error("this is not the browser in which the login began")]
    OtherBrowser,
    #[error("Spotify was told not to let Tapedeck in")]
    Declined,
    #[error("Spotify did not log in ({reason})")]
    Refused { reason: String },
    #[error("this is neither a code nor the address at which the browser ended")]
    NotAnAnswer,
    #[error("this is the answer to another login")]
    OtherLogin,
    #[error("this login waits for no answer any more")]
    NotWaiting,
    #[error("too many logins wait already")]
    TooMany,
    #[error(
        "nobody can come back from Spotify: the port {port} of `spotify.redirect_uri` cannot be listened at"
    )]
    PortInUse { port: u16 },
    #[error(transparent)]
    Spotify(#[from] SpotifyError),
}

impl SpotifyLoginError {
    /// What to do.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Unknown | Self::NotWaiting => {
                "Begin again: open /auth on the page, or run `tapedeck login spotify`."
            }
            Self::OtherBrowser => {
                "Begin at /auth in this browser. If you have opened a link of `tapedeck login spotify --paste`, copy the \
                 address of this page and paste it there."
            }
            Self::Declined => "Begin again and agree, if that was not meant.",
            Self::Refused { .. } => {
                "Begin again. If it happens again, compare `spotify.redirect_uri` with the dashboard's."
            }
            Self::NotAnAnswer => {
                "Paste the whole address from the browser's address bar; it has `code=` in it."
            }
            Self::OtherLogin => "Paste the answer to the link that was shown last.",
            Self::TooMany => "Wait ten minutes, or restart the daemon.",
            Self::PortInUse { .. } => {
                "Stop the program that has the port, which is tried again every five seconds, or use \
                 `tapedeck login spotify --paste`."
            }
            Self::Spotify(SpotifyError::NoApplication { .. }) => "Then begin again.",
            Self::Spotify(error) if error.is_temporary() => "Begin again in a while.",
            Self::Spotify(_) => "Mend that, then begin again.",
        }
    }
}

/// What a browser brings back from Spotify.
#[derive(Clone, Default)]
pub struct SpotifyAnswer {
    pub code: Option<SecretString>,
    pub state: Option<String>,
    pub error: Option<String>,
}

/// Who is logged in now, and who was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpotifyLoggedIn {
    pub user: Option<SpotifyUser>,
    pub replaced: Option<SpotifyUser>,
}

/// How a browser goes on to Spotify.
pub struct SpotifyEntry {
    pub to: Url,
    /// What the browser has to show when it comes back.
    pub browser: SecretString,
    pub redirect: Url,
}

#[derive(Default)]
pub(super) struct Logins {
    attempts: Mutex<Vec<Attempt>>,
}

struct Attempt {
    id: LoginId,
    who: String,
    /// Lets a browser in that cannot say who it is.
    ticket: SecretString,
    state: SecretHash,
    authorization: Authorization,
    client: Arc<Client>,
    section: Arc<SpotifySection>,
    redirect: Url,
    browser: Option<SecretHash>,
    expires: Timestamp,
    step: SpotifyLoginState,
}

/// What trading a code takes.
struct Trade {
    id: LoginId,
    client: Arc<Client>,
    section: Arc<SpotifySection>,
    redirect: Url,
    verifier: SecretString,
}

impl Logins {
    fn lock(&self) -> MutexGuard<'_, Vec<Attempt>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    fn is_waiting(&self) -> bool {
        self.step == SpotifyLoginState::Waiting
    }

    fn view(&self) -> SpotifyLoginView {
        let mut link = beginning(&self.redirect);
        link.query_pairs_mut().append_pair("ticket", self.ticket.expose_secret());
        SpotifyLoginView {
            id: self.id,
            link: link.into(),
            direct_link: self.authorization.url.to_string(),
            expires_at: self.expires,
            state: self.step.clone(),
        }
    }

    /// From now on nobody else can trade its code.
    fn trade(&mut self) -> Trade {
        self.step = SpotifyLoginState::Checking;
        Trade {
            id: self.id,
            client: self.client.clone(),
            section: self.section.clone(),
            redirect: self.redirect.clone(),
            verifier: self.authorization.verifier.clone(),
        }
    }
}

impl Spotify {
    /// Begins a login for somebody who may.
    pub fn begin_login(&self, who: &str) -> Result<SpotifyLoginView, SpotifyLoginError> {
        let application = self.application();
        let client = application.client.ok_or_else(|| self.no_application())?;
        let redirect = self.redirect_uri();
        let state = random_secret();
        let authorization = client
            .authorize(redirect.as_str(), &application.section.scope, state.expose_secret())
            .ok_or(SpotifyLoginError::Refused { reason: "spotify.accounts_url makes no sense".into() })?;
        let now = self.inner.clock.now();
        let attempt = Attempt {
            id: LoginId::new(Uuid::now_v7()),
            who: who.to_owned(),
            ticket: random_secret(),
            state: SecretHash::of(state.expose_secret()),
            authorization,
            client,
            section: application.section,
            redirect,
            browser: None,
            expires: now.saturating_add(LASTS).unwrap_or(Timestamp::MAX),
            step: SpotifyLoginState::Waiting,
        };
        let mut attempts = self.inner.logins.lock();
        attempts.retain(|attempt| attempt.expires > now);
        if attempts.len() >= MOST {
            // Those that are over are only kept for who asks how they ended.
            let over = attempts.iter().position(|attempt| !attempt.is_waiting());
            let over = over.or_else(|| attempts.iter().position(|attempt| attempt.browser.is_none()));
            attempts.remove(over.ok_or(SpotifyLoginError::TooMany)?);
        }
        let view = attempt.view();
        attempts.push(attempt);
        Ok(view)
    }

    /// How a login of one's own goes on.
    pub fn login(&self, id: LoginId, who: &str) -> Result<SpotifyLoginView, SpotifyLoginError> {
        let attempts = self.inner.logins.lock();
        let now = self.inner.clock.now();
        let found = attempts.iter().find(|it| it.id == id && it.who == who && it.expires > now);
        found.map(Attempt::view).ok_or(SpotifyLoginError::Unknown)
    }

    /// A browser sets out for Spotify.
    pub fn enter(&self, ticket: &str) -> Result<SpotifyEntry, SpotifyLoginError> {
        let (now, offered) = (self.inner.clock.now(), SecretHash::of(ticket));
        let mut attempts = self.inner.logins.lock();
        let attempt = attempts
            .iter_mut()
            .find(|it| {
                SecretHash::of(it.ticket.expose_secret()) == offered && it.expires > now && it.is_waiting()
            })
            .ok_or(SpotifyLoginError::Unknown)?;
        let browser = random_secret();
        attempt.browser = Some(SecretHash::of(browser.expose_secret()));
        let (to, redirect) = (attempt.authorization.url.clone(), attempt.redirect.clone());
        Ok(SpotifyEntry { to, browser, redirect })
    }

    /// A browser comes back, with what we gave it when it set out.
    pub async fn come_back(
        &self,
        answer: SpotifyAnswer,
        browser: Option<&str>,
    ) -> Result<SpotifyLoggedIn, SpotifyLoginError> {
        let (now, state) =
            (self.inner.clock.now(), SecretHash::of(answer.state.as_deref().unwrap_or_default()));
        let trade = {
            let mut attempts = self.inner.logins.lock();
            let attempt = attempts
                .iter_mut()
                .find(|it| it.state == state && it.expires > now && it.is_waiting())
                .ok_or(SpotifyLoginError::Unknown)?;
            let browser = browser.map(SecretHash::of);
            if browser.is_none() || attempt.browser != browser {
                return Err(SpotifyLoginError::OtherBrowser);
            }
            attempt.trade()
        };
        self.finish(trade, answer).await
    }

    /// Somebody has pasted what their browser ended at, or only the code in it.
    pub async fn answer_login(
        &self,
        id: LoginId,
        who: &str,
        pasted: &str,
    ) -> Result<SpotifyLoggedIn, SpotifyLoginError> {
        let answer = read_pasted(pasted)?;
        let now = self.inner.clock.now();
        let trade = {
            let mut attempts = self.inner.logins.lock();
            let attempt = attempts
                .iter_mut()
                .find(|it| it.id == id && it.who == who && it.expires > now)
                .ok_or(SpotifyLoginError::Unknown)?;
            if !attempt.is_waiting() {
                return Err(SpotifyLoginError::NotWaiting);
            }
            // A bare code has no state; the verifier still ties it to this login.
            if answer.state.as_deref().is_some_and(|state| SecretHash::of(state) != attempt.state) {
                return Err(SpotifyLoginError::OtherLogin);
            }
            attempt.trade()
        };
        self.finish(trade, answer).await
    }

    /// In a task of its own: whoever asked may hang up.
    async fn finish(
        &self,
        trade: Trade,
        answer: SpotifyAnswer,
    ) -> Result<SpotifyLoggedIn, SpotifyLoginError> {
        let (done, is_done) = oneshot::channel();
        let this = self.clone();
        self.inner.lifecycle.spawn("spotify-login", async move {
            let id = trade.id;
            let outcome = this.trade(trade, answer).await;
            let step = match &outcome {
                Ok(SpotifyLoggedIn { user, replaced }) => {
                    tracing::info!(replaced = replaced.is_some(), "Somebody logged in to Spotify");
                    SpotifyLoginState::Done { user: user.clone(), replaced: replaced.clone() }
                }
                Err(error) => {
                    tracing::warn!(%error, "A login to Spotify came to nothing");
                    SpotifyLoginState::Failed { reason: format!("{error}. {}", error.fix()) }
                }
            };
            if let Some(attempt) = this.inner.logins.lock().iter_mut().find(|attempt| attempt.id == id) {
                attempt.step = step;
            }
            this.tell_change();
            // An error is somebody who went away.
            let _ = done.send(outcome);
        });
        is_done.await.unwrap_or(Err(SpotifyError::Stopping.into()))
    }

    async fn trade(&self, trade: Trade, answer: SpotifyAnswer) -> Result<SpotifyLoggedIn, SpotifyLoginError> {
        match answer.error.as_deref() {
            Some("access_denied") => return Err(SpotifyLoginError::Declined),
            Some(other) => return Err(SpotifyLoginError::Refused { reason: error::short(other) }),
            None => {}
        }
        let code = answer.code.ok_or(SpotifyLoginError::NotAnAnswer)?;
        let Trade { client, section, redirect, verifier, .. } = trade;
        let text = client.exchange(code.expose_secret(), redirect.as_str(), &verifier).await;
        let granted = read_grant(&text.map_err(|refusal| self.not_traded(refusal))?)?;
        // An application that may not ask is found out before the old login is gone.
        let user = match self.inner.limits.check(self.inner.clock.now()) {
            Ok(()) => {
                self.note_call();
                match client.get("me", &granted.access_token, &[]).await {
                    Ok(text) => convert::user(&text).map(Some),
                    Err(refusal) => Err(self.refused(refusal)),
                }
            }
            Err(error) => Err(error),
        };
        let user = match user {
            Ok(user) => user,
            Err(error) if error.is_temporary() => None,
            Err(error) => return Err(error.into()),
        };
        let before = self.inner.tokens.commit(granted, user.clone(), client.id(), &section).await?;
        self.note_login();
        let replaced = before.filter(|before| user.as_ref().is_none_or(|user| user.id != before.id));
        Ok(SpotifyLoggedIn { user, replaced })
    }

    fn not_traded(&self, refusal: Refusal) -> SpotifyLoginError {
        if let Refusal::Status { status: 429, .. } = refusal {
            return self.refused(refusal).into();
        }
        match error::of_token(refusal) {
            SpotifyError::LoggedOut { reason } => SpotifyLoginError::Refused { reason },
            other => other.into(),
        }
    }
}

fn read_pasted(text: &str) -> Result<SpotifyAnswer, SpotifyLoginError> {
    let text = text.trim().trim_matches(['"', '\'', '<', '>']);
    if let Ok(url) = Url::parse(text) {
        let find =
            |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let answer = SpotifyAnswer {
            code: find("code").map(SecretString::from),
            state: find("state"),
            error: find("error"),
        };
        let is_answer = answer.state.is_some() && (answer.code.is_some() || answer.error.is_some());
        return if is_answer { Ok(answer) } else { Err(SpotifyLoginError::NotAnAnswer) };
    }
    let is_code =
        text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !is_code {
        return Err(SpotifyLoginError::NotAnAnswer);
    }
    Ok(SpotifyAnswer { code: Some(text.to_owned().into()), ..SpotifyAnswer::default() })
}

/// 32 bytes of the system's generator, as text.
fn random_secret() -> SecretString {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system has a working random generator");
    BASE64_URL_SAFE_NO_PAD.encode(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_answers_are_addresses_or_codes() {
        let code = |text: &str| {
            read_pasted(text)
                .map(|it| it.code.map(|code| code.expose_secret().to_owned()).unwrap_or_default())
                .ok()
        };
        assert_eq!(code(" http://127.0.0.1:7000/callback?code=AQ-x_1&state=s \n").as_deref(), Some("AQ-x_1"));
        assert_eq!(code("AQDj3kfkQwnd28fn29fn2").as_deref(), Some("AQDj3kfkQwnd28fn29fn2"));
        for nonsense in
            ["", "yes", "http://127.0.0.1:7000/callback", "http://127.0.0.1/?code=AQ", "AQ of many words"]
        {
            assert_eq!(code(nonsense), None, "{nonsense}");
        }
        let declined = read_pasted("http://127.0.0.1:7000/callback?error=access_denied&state=s").unwrap();
        assert_eq!(declined.error.as_deref(), Some("access_denied"));
    }
}
