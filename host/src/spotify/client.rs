//! Calls by rspotify, answers as text: its model cannot read all that Spotify answers (an item of
//! an unknown kind, a local file, what was taken away from the API in 2026), and what it does with
//! tokens (forgetting rotated ones) is done in `tokens`.

use std::{collections::HashMap, fmt};

use rspotify::{
    AuthCodePkceSpotify, Config, Credentials, OAuth, Token,
    clients::BaseClient as _,
    http::{BaseHttpClient as _, Form, HttpError},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use crate::config::SpotifySection;

/// As long as the standard recommends and more.
const VERIFIER_LENGTH: usize = 64;
/// What is read of a refusal.
const REFUSAL_BYTES: usize = 16 * 1024;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Refusal {
    Status { status: u16, retry_after: Option<String>, body: String },
    Failed(HttpError),
}

/// What the accounts service grants.
#[derive(Deserialize)]
pub(super) struct Granted {
    pub(super) access_token: SecretString,
    #[serde(default = "an_hour")]
    pub(super) expires_in: u64,
    /// Absent: the one that was used stays valid.
    #[serde(default)]
    pub(super) refresh_token: Option<SecretString>,
    #[serde(default)]
    pub(super) scope: Option<String>,
}

fn an_hour() -> u64 {
    3600
}

/// Where a browser goes to, and what proves later that it was us who sent it.
pub(super) struct Authorization {
    pub(super) url: Url,
    pub(super) verifier: SecretString,
}

/// How a refresh proves which application it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof<'a> {
    ClientId,
    Secret(&'a str),
}

/// Speaks to one address as one application.
pub(super) struct Client {
    rspotify: AuthCodePkceSpotify,
}

impl Client {
    /// `None` without an application.
    pub(super) fn new(section: &SpotifySection) -> Option<Self> {
        let id = section.client_id.as_deref().map(str::trim).filter(|id| !id.is_empty())?;
        let config = Config {
            api_base_url: section.api_url.to_string(),
            auth_base_url: section.accounts_url.to_string(),
            token_cached: false,
            token_refreshing: false,
            ..Config::default()
        };
        let rspotify = AuthCodePkceSpotify::with_config(Credentials::new_pkce(id), OAuth::default(), config);
        Some(Self { rspotify })
    }

    pub(super) fn id(&self) -> &str {
        &self.rspotify.creds.id
    }

    /// The text of the answer; empty for "no content".
    pub(super) async fn get(
        &self,
        path: &str,
        access: &SecretString,
        query: &[(&str, &str)],
    ) -> Result<String, Refusal> {
        let token = Token { access_token: access.expose_secret().to_owned(), ..Token::default() };
        let url = self.rspotify.api_url(path);
        let query = query.iter().copied().collect::<HashMap<_, _>>();
        let answer = self.rspotify.get_http().get(&url, Some(&token.auth_headers()), &query).await;
        read(answer).await
    }

    pub(super) async fn refresh(&self, token: &SecretString, proof: Proof<'_>) -> Result<String, Refusal> {
        let mut form =
            Form::from([("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())]);
        if proof == Proof::ClientId {
            form.insert("client_id", self.id());
        }
        let headers = match proof {
            Proof::ClientId => None,
            Proof::Secret(secret) => Credentials::new(self.id(), secret).auth_headers(),
        };
        self.token(&form, headers.as_ref()).await
    }

    /// Trades the code that a browser brought back.
    pub(super) async fn exchange(
        &self,
        code: &str,
        redirect: &str,
        verifier: &SecretString,
    ) -> Result<String, Refusal> {
        let form = Form::from([
            ("grant_type", "authorization_code"),
            ("client_id", self.id()),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier.expose_secret()),
        ]);
        self.token(&form, None).await
    }

    async fn token(
        &self,
        form: &Form<'_>,
        headers: Option<&HashMap<String, String>>,
    ) -> Result<String, Refusal> {
        let url = self.rspotify.auth_url("api/token");
        read(self.rspotify.get_http().post_form(&url, headers, form).await).await
    }

    /// `None`: the address of the accounts service takes no query.
    pub(super) fn authorize(&self, redirect: &str, scope: &str, state: &str) -> Option<Authorization> {
        let mut asking = self.rspotify.clone();
        asking.oauth = OAuth {
            redirect_uri: redirect.to_owned(),
            state: state.to_owned(),
            scopes: scope.split_whitespace().map(str::to_owned).collect(),
            proxies: None,
        };
        let mut url: Url = asking.get_authorize_url(Some(VERIFIER_LENGTH)).ok()?.parse().ok()?;
        // Without it, Spotify lets whoever is signed in there pass without a look.
        url.query_pairs_mut().append_pair("show_dialog", "true");
        Some(Authorization { url, verifier: asking.verifier?.into() })
    }
}

/// Without the token, which it has only while a call goes out.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id()).finish_non_exhaustive()
    }
}

async fn read(answer: Result<String, HttpError>) -> Result<String, Refusal> {
    let mut response = match answer {
        Ok(text) => return Ok(text),
        Err(HttpError::StatusCode(response)) => response,
        Err(error) => return Err(Refusal::Failed(error)),
    };
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after = retry_after.map(str::to_owned);
    let mut body = Vec::new();
    // A refusal that is cut off is a refusal still.
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() > REFUSAL_BYTES {
            break;
        }
    }
    Err(Refusal::Status { status, retry_after, body: String::from_utf8_lossy(&body).into_owned() })
}
