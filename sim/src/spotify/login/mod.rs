use std::{collections::BTreeSet, time::Duration};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{Ask, Reply, Spotify};

/// Codes are traded at once.
const CODE_LASTS: Duration = Duration::from_secs(600);

/// An application of the developers' dashboard.
#[derive(Clone, Debug)]
pub struct App {
    pub client_id: String,
    pub client_secret: String,
    /// Each with its exact spelling. One on loopback without a port allows any.
    pub redirect_uris: BTreeSet<String>,
    /// Whether its owner has Premium.
    pub is_premium: bool,
    /// Who may use it in development mode; `None`: anybody.
    pub allowed: Option<BTreeSet<String>>,
    /// Whether tokens made with PKCE are replaced by each refresh.
    pub rotates: bool,
}

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct User {
    pub id: String,
    pub name: String,
    /// Told since May 2026.
    pub account_id: Option<String>,
}

/// What people do on the authorize page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    Agrees,
    Declines,
    /// They see the page and choose.
    Asked,
}

#[derive(Clone, Debug)]
pub(super) struct Code {
    client: String,
    user: String,
    redirect: String,
    challenge: Option<String>,
    scope: String,
    expires: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) client: String,
    pub(super) user: String,
    pub(super) scope: String,
    pub(super) expires: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Refresh {
    pub(super) client: String,
    pub(super) user: String,
    pub(super) scope: String,
    pub(super) is_pkce: bool,
}

impl App {
    pub fn new(client_id: &str) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: "0a1b2c3d4e5f60718293a4b5c6d7e8f9".into(),
            redirect_uris: BTreeSet::from([
                "http://127.0.0.1/callback".to_owned(),
                "https://deck.example/callback".to_owned(),
            ]),
            is_premium: true,
            allowed: None,
            rotates: true,
        }
    }

    fn takes_redirect(&self, uri: &str) -> bool {
        self.redirect_uris.contains(uri)
            || without_port(uri).is_some_and(|uri| is_loopback(&uri) && self.redirect_uris.contains(&uri))
    }
}

impl User {
    pub fn new(id: &str, name: &str) -> Self {
        Self { id: id.into(), name: name.into(), account_id: None }
    }

    pub(super) fn to_json(&self) -> Value {
        let mut me = json!({
            "display_name": self.name, "external_urls": { "spotify": format!("https://open.spotify.com/user/{}", self.id) },
            "href": format!("https://api.spotify.com/v1/users/{}", self.id), "id": self.id, "images": [],
            "type": "user", "uri": format!("spotify:user:{}", self.id),
        });
        if let Some(account) = &self.account_id {
            me["account_id"] = account.as_str().into();
        }
        me
    }
}

impl Spotify {
    pub(super) fn authorize(&mut self, ask: &Ask) -> Reply {
        let get = |name: &str| ask.query.get(name).map_or("", String::as_str);
        let Some(app) = self.apps.get(get("client_id")) else {
            return Reply::text(400, "INVALID_CLIENT: Invalid client");
        };
        let redirect = get("redirect_uri");
        if !app.takes_redirect(redirect) {
            return Reply::text(400, "INVALID_CLIENT: Invalid redirect URI");
        }
        if get("response_type") != "code" {
            return Reply::text(400, "response_type must be code");
        }
        let challenge = ask.query.get("code_challenge").cloned();
        if challenge.is_some() && get("code_challenge_method") != "S256" {
            return Reply::text(400, "code_challenge_method must be S256");
        }
        if challenge.as_ref().is_some_and(|text| text.len() != 43) {
            return Reply::text(400, "code_challenge must be 43 characters");
        }
        let mut user = self.signed_in.clone();
        let mut consent = self.consent.clone();
        // Links of the page that is shown to people by hand.
        match ask.query.get("chosen").map(String::as_str) {
            Some("") => consent = Consent::Declines,
            Some(chosen) => (user, consent) = (chosen.to_owned(), Consent::Agrees),
            None => {}
        }
        let state =
            ask.query.get("state").map(|state| format!("&state={}", encoded(state))).unwrap_or_default();
        match consent {
            Consent::Asked => self.page(ask),
            Consent::Declines => Reply::redirect(&format!("{redirect}?error=access_denied{state}")),
            Consent::Agrees => {
                let code = self.new_secret("AQ");
                let scope = get("scope").to_owned();
                let entry = Code {
                    client: get("client_id").into(),
                    user,
                    redirect: redirect.into(),
                    challenge,
                    scope,
                    expires: self.now() + CODE_LASTS,
                };
                let to = format!("{redirect}?code={code}{state}");
                self.codes.insert(code, entry);
                Reply::redirect(&to)
            }
        }
    }

    fn page(&self, ask: &Ask) -> Reply {
        let query: Vec<String> =
            ask.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let link = |chosen: &str, text: &str| {
            format!(
                "<p><a href=\"/authorize?{}&amp;chosen={}\">{text}</a></p>",
                query.join("&amp;"),
                encoded(chosen)
            )
        };
        let users: Vec<String> =
            self.users.values().map(|user| link(&user.id, &format!("Agree as {}", user.name))).collect();
        let body = format!(
            "<!doctype html><title>Simulated Spotify</title><h1>Simulated Spotify</h1>{}{}",
            users.concat(),
            link("", "Cancel")
        );
        Reply::text(200, &body).header("content-type", "text/html; charset=utf-8")
    }

    pub(super) fn token(&mut self, ask: &Ask) -> Reply {
        let get = |name: &str| ask.form.get(name).map_or("", String::as_str);
        let client = match self.client_of(ask) {
            Ok(client) => client,
            Err(what) => return refuse("invalid_client", what),
        };
        match get("grant_type") {
            "authorization_code" => self.trade_code(ask, client),
            "refresh_token" => self.trade_refresh(ask, client),
            "" => refuse("unsupported_grant_type", "grant_type parameter is missing"),
            _ => refuse(
                "unsupported_grant_type",
                "grant_type must be client_credentials, authorization_code or refresh_token",
            ),
        }
    }

    /// Which application asks, and whether it has shown its secret.
    fn client_of(&self, ask: &Ask) -> Result<(String, bool), &'static str> {
        if let Some(header) = &ask.authorization {
            let encoded = header.strip_prefix("Basic ").ok_or("Invalid authorization header")?;
            let decoded = BASE64_STANDARD.decode(encoded).map_err(|_| "Invalid authorization header")?;
            let text = String::from_utf8_lossy(&decoded).into_owned();
            let (id, secret) = text.split_once(':').ok_or("Invalid authorization header")?;
            let app = self.apps.get(id).ok_or("Invalid client")?;
            return if app.client_secret == secret {
                Ok((id.to_owned(), true))
            } else {
                Err("Invalid client secret")
            };
        }
        let id = ask.form.get("client_id").ok_or("Invalid client")?;
        self.apps.contains_key(id).then(|| (id.clone(), false)).ok_or("Invalid client")
    }

    fn trade_code(&mut self, ask: &Ask, (client, has_secret): (String, bool)) -> Reply {
        let get = |name: &str| ask.form.get(name).map_or("", String::as_str);
        // Whoever tries has used it up.
        let Some(code) = self.codes.remove(get("code")).filter(|code| code.client == client) else {
            return refuse("invalid_grant", "Invalid authorization code");
        };
        if code.expires <= self.now() {
            return refuse("invalid_grant", "Authorization code expired");
        }
        if code.redirect != get("redirect_uri") {
            return refuse("invalid_grant", "Invalid redirect URI");
        }
        match &code.challenge {
            Some(challenge) => {
                let verifier = get("code_verifier");
                let is_fit = (43..=128).contains(&verifier.len())
                    && BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == *challenge;
                if !is_fit {
                    return refuse("invalid_grant", "code_verifier was incorrect");
                }
            }
            None if !has_secret => return refuse("invalid_client", "Invalid client secret"),
            None => {}
        }
        let is_pkce = code.challenge.is_some();
        let refresh = Refresh { client, user: code.user, scope: code.scope, is_pkce };
        let token = self.new_refresh(refresh.clone());
        self.granted(&refresh, Some(&token))
    }

    fn trade_refresh(&mut self, ask: &Ask, (client, has_secret): (String, bool)) -> Reply {
        let token = ask.form.get("refresh_token").cloned().unwrap_or_default();
        let Some(refresh) = self.refresh.get(&token).cloned() else {
            let was_ours = token.starts_with("AR");
            return refuse(
                "invalid_grant",
                if was_ours { "Refresh token revoked" } else { "Invalid refresh token" },
            );
        };
        if refresh.client != client {
            return refuse("invalid_grant", "Invalid refresh token");
        }
        if !refresh.is_pkce && !has_secret {
            return refuse("invalid_client", "Invalid client secret");
        }
        let rotates = refresh.is_pkce && self.apps.get(&client).is_some_and(|app| app.rotates);
        let rotated = rotates.then(|| {
            self.refresh.remove(&token);
            self.new_refresh(refresh.clone())
        });
        self.granted(&refresh, rotated.as_deref())
    }

    fn granted(&mut self, refresh: &Refresh, token: Option<&str>) -> Reply {
        let access = self.new_secret("BQ");
        let Refresh { client, user, scope, .. } = refresh.clone();
        let expires = self.now() + self.access_lasts;
        let mut granted = json!({
            "access_token": access, "token_type": "Bearer", "expires_in": self.access_lasts.as_secs(), "scope": scope,
        });
        if let Some(token) = token {
            granted["refresh_token"] = token.into();
        }
        self.access.insert(access, Access { client, user, scope, expires });
        Reply::json(200, &granted).header("cache-control", "no-store")
    }

    pub(super) fn new_refresh(&mut self, refresh: Refresh) -> String {
        let token = self.new_secret("AR");
        self.refresh.insert(token.clone(), refresh);
        token
    }
}

fn refuse(error: &str, description: &str) -> Reply {
    Reply::json(400, &json!({ "error": error, "error_description": description }))
}

fn is_loopback(uri: &str) -> bool {
    uri.starts_with("http://127.0.0.1/") || uri.starts_with("http://[::1]/")
}

fn without_port(uri: &str) -> Option<String> {
    let mut uri = Url::parse(uri).ok()?;
    uri.set_port(None).ok()?;
    Some(uri.into())
}

/// For a query.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests;
