//! Where a browser sets out for Spotify and comes back: `/auth` and `/callback` on the page's own
//! port, and both on the port of `spotify.redirect_uri` when that is another.

mod listener;
mod page;

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Redirect, Response},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

pub use listener::serve_callback;
pub(super) use listener::spawn as spawn_listener;

use super::{Web, auth::Identity, error::Problem, extract::Query};
use crate::{
    app::{Spotify, SpotifyAnswer, SpotifyLoginError},
    model::Scope,
};
use page::Page;

/// Shorter than a login lasts.
const COOKIE_SECONDS: u32 = 600;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Setting {
    ticket: Option<SecretString>,
    /// This is the host that the browser comes back to.
    here: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Coming {
    code: Option<SecretString>,
    state: Option<String>,
    error: Option<String>,
}

/// Sends a browser to Spotify to log in
///
/// A link that `tapedeck login spotify` shows has a ticket; without one, whoever asks has to be
/// signed in.
#[utoipa::path(get, path = "/auth", tag = "music",
    params(("ticket" = Option<String>, Query, description = "From a link that was shown once")),
    responses((status = 302, description = "To Spotify"), (status = 401, body = Problem),
              (status = 404, description = "The ticket is not known any more"),
              (status = 409, description = "There is no application")))]
pub(super) async fn set_out(
    State(web): State<Web>,
    identity: Option<Extension<Identity>>,
    uri: Uri,
    headers: HeaderMap,
    Query(setting): Query<Setting>,
) -> Response {
    let spotify = &web.parts.spotify;
    let ticket = match setting.ticket {
        Some(ticket) => ticket,
        None => match begin(spotify, identity.as_deref()) {
            Ok(ticket) => ticket,
            Err(Refused::Login(error)) => return explain(&error, spotify).into_response(),
            Err(Refused::Request(problem)) if !wants_page(&headers) => return problem.into_response(),
            Err(Refused::Request(problem)) => {
                let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNAUTHORIZED);
                let page = Page::new(status, "Sign in first").say("Then open this address again.");
                return page.link(home(spotify), "To the page of Tapedeck").into_response();
            }
        },
    };
    go_on(spotify, &ticket, setting.here, asked_host(&uri, &headers))
}

/// Takes a browser back from Spotify
///
/// Answers with a page for people. Only the browser that set out from `/auth` is taken, once.
#[utoipa::path(get, path = "/callback", tag = "music", security(()),
    params(("code" = Option<String>, Query), ("state" = Option<String>, Query), ("error" = Option<String>, Query)),
    responses((status = 200, description = "Logged in"), (status = 400, description = "Spotify said no"),
              (status = 403, description = "Another browser"), (status = 404, description = "No such login")))]
pub(super) async fn come_back(
    State(web): State<Web>,
    headers: HeaderMap,
    Query(coming): Query<Coming>,
) -> Response {
    take_back(&web.parts.spotify, &headers, coming).await
}

enum Refused {
    Login(SpotifyLoginError),
    Request(Problem),
}

fn begin(spotify: &Spotify, identity: Option<&Identity>) -> Result<SecretString, Refused> {
    let sign_in = || {
        Problem::unauthorized("sign in first")
            .fix("Sign in on the page, then open /auth again; or use the link of `tapedeck login spotify`.")
    };
    let identity = identity.ok_or_else(|| Refused::Request(sign_in()))?;
    identity.needs(Scope::Admin).map_err(Refused::Request)?;
    spotify.check_return().map_err(Refused::Login)?;
    let login = spotify.begin_login(&identity.who).map_err(Refused::Login)?;
    let link = Url::parse(&login.link).ok();
    let ticket = link
        .and_then(|link| link.query_pairs().find(|(name, _)| name == "ticket").map(|it| it.1.into_owned()));
    ticket.map(SecretString::from).ok_or(Refused::Login(SpotifyLoginError::Unknown))
}

/// To Spotify, or first to the host that it will send the browser back to: cookies are kept by host.
fn go_on(spotify: &Spotify, ticket: &SecretString, is_here: bool, host: Option<String>) -> Response {
    let entry = match spotify.enter(ticket.expose_secret()) {
        Ok(entry) => entry,
        Err(error) => return explain(&error, spotify).into_response(),
    };
    if !is_here
        && host.as_deref() != Some(authority(&entry.redirect).as_str())
        && is_ours(spotify, &entry.redirect)
    {
        let mut beside = entry.redirect.join("auth").unwrap_or(entry.redirect);
        beside.query_pairs_mut().append_pair("ticket", ticket.expose_secret()).append_pair("here", "true");
        return no_store(Redirect::to(beside.as_str()).into_response());
    }
    let is_https = entry.redirect.scheme() == "https";
    let secure = if is_https { "; Secure" } else { "" };
    let cookie = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={COOKIE_SECONDS}{secure}",
        cookie_name(is_https),
        entry.browser.expose_secret()
    );
    let mut response = no_store(found(entry.to.as_str()));
    let mut cookie = HeaderValue::try_from(cookie).expect("a base64 secret is valid in a header");
    cookie.set_sensitive(true);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

async fn take_back(spotify: &Spotify, headers: &HeaderMap, coming: Coming) -> Response {
    let is_https = spotify.redirect_uri().scheme() == "https";
    let browser = cookie(headers, cookie_name(is_https));
    let answer = SpotifyAnswer { code: coming.code, state: coming.state, error: coming.error };
    let page = match spotify.come_back(answer, browser.as_deref()).await {
        Ok(logged_in) => {
            let name = |user: &crate::model::SpotifyUser| format!("{} ({})", user.name, user.id);
            let page = Page::new(
                StatusCode::OK,
                match &logged_in.user {
                    Some(user) => format!("Logged in to Spotify as {}", name(user)),
                    None => "Logged in to Spotify".to_owned(),
                },
            );
            let page = match &logged_in.replaced {
                Some(before) => {
                    page.say(format!("{} was logged in before and is not any more.", name(before)))
                }
                None => page,
            };
            page.say("You can close this window.").link(home(spotify), "To the page of Tapedeck")
        }
        Err(error) => explain(&error, spotify),
    };
    let mut response = page.into_response();
    let gone = format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", cookie_name(is_https));
    let secure = if is_https { "; Secure" } else { "" };
    if let Ok(gone) = HeaderValue::try_from(gone + secure) {
        response.headers_mut().insert(header::SET_COOKIE, gone);
    }
    response
}

fn explain(error: &SpotifyLoginError, spotify: &Spotify) -> Page {
    use crate::app::SpotifyError;
    let status = match error {
        SpotifyLoginError::Unknown => StatusCode::NOT_FOUND,
        SpotifyLoginError::OtherBrowser => StatusCode::FORBIDDEN,
        SpotifyLoginError::TooMany => StatusCode::TOO_MANY_REQUESTS,
        SpotifyLoginError::Spotify(SpotifyError::NoApplication { .. })
        | SpotifyLoginError::PortInUse { .. }
        | SpotifyLoginError::NotWaiting => StatusCode::CONFLICT,
        SpotifyLoginError::Spotify(error) if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
        SpotifyLoginError::Spotify(SpotifyError::Vault { .. } | SpotifyError::State { .. }) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        _ => StatusCode::BAD_REQUEST,
    };
    let page =
        Page::new(status, "Not logged in to Spotify").say(sentence(&error.to_string())).say(error.fix());
    page.link(home(spotify), "To the page of Tapedeck")
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

fn home(spotify: &Spotify) -> Option<String> {
    spotify.page().map(String::from)
}

/// Whether this daemon waits at that address.
fn is_ours(spotify: &Spotify, redirect: &Url) -> bool {
    let is_page = spotify.page().is_some_and(|page| {
        page.origin() == redirect.origin()
            || (is_loopback(&page)
                && is_loopback(redirect)
                && page.port_or_known_default() == redirect.port_or_known_default())
    });
    is_page || spotify.listen_at().borrow().is_some()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn asked_host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    uri.authority().map(|it| it.as_str()).or(named).map(str::to_ascii_lowercase)
}

/// As browsers write it into `Host`.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Browsers take a cookie with the prefix `__Host-` only over TLS and from this very host.
fn cookie_name(is_https: bool) -> &'static str {
    if is_https { "__Host-tapedeck_spotify" } else { "tapedeck_spotify" }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

/// Old tools and people expect a 302.
fn found(to: &str) -> Response {
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
