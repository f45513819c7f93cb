//! Stands before the API: works out who asks, and refuses forged requests.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{Identity, Peer, identity::Credential, origin};
use crate::web::{Web, error::Problem, observe::Who};

pub(crate) async fn guard(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let (identity, cookie) = match admit(&web, &parts).await {
        Ok(admitted) => admitted,
        Err(problem) => return problem.into_response(),
    };
    let who = identity.as_ref().map(|identity| Who(identity.who.clone()));
    if let Some(identity) = identity {
        parts.extensions.insert(identity);
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    // What one user may see is not for a cache that others share.
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(who) = who {
        response.extensions_mut().insert(who);
    }
    if let Some(cookie) = cookie.filter(|_| !response.headers().contains_key(header::SET_COOKIE)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn admit(web: &Web, parts: &Parts) -> Result<(Option<Identity>, Option<HeaderValue>), Problem> {
    let identity = web.auth.identify(parts).await?;
    let credential = identity.as_ref().map(|identity| identity.credential);
    let host = origin::host(&parts.uri, &parts.headers);
    if credential == Some(Credential::Open) {
        let peer = parts.extensions.get::<Peer>().ok_or_else(no_peer)?;
        let is_behind_proxy = web.auth.settings.current().is_behind_proxy();
        origin::check_open(peer.0.ip(), host, &parts.headers, is_behind_proxy)?;
    }
    let has_token = matches!(credential, Some(Credential::Token(_) | Credential::Process));
    if is_change(&parts.method) {
        check_content_type(parts)?;
        if !has_token {
            let settings = web.auth.settings.current();
            origin::check_same_origin(&parts.headers, host, settings.public_url())?;
        }
    }
    let cookie = match &identity {
        Some(identity) => web.auth.touch_session(identity, &parts.headers).await,
        None => None,
    };
    Ok((identity, cookie))
}

/// Bytes are for whoever brings a file.
const OF_NO_FORM: [&str; 2] = ["application/json", "application/octet-stream"];

fn is_change(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Forms can be sent from any page; JSON and plain bytes cannot without asking us first.
fn check_content_type(parts: &Parts) -> Result<(), Problem> {
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let has_body = parts.headers.contains_key(header::TRANSFER_ENCODING)
        || length.is_some_and(|length| length.as_bytes() != b"0");
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_of_no_form = kind.is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        OF_NO_FORM.iter().any(|it| kind.eq_ignore_ascii_case(it))
    });
    if is_of_no_form || (kind.is_none() && !has_body) {
        return Ok(());
    }
    let detail = "the body of a request has to be JSON";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
        .fix("Send `Content-Type: application/json`, or neither a content type nor a body."))
}

fn no_peer() -> Problem {
    Problem::forbidden("the address that the request came from is not known")
}
