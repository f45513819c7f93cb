use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    model::Scopes,
    web::{
        Web,
        auth::{Identity, Peer},
        error::Problem,
        extract::Body,
    },
};

/// Who asks.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Whoami {
    /// Tokens and the machine itself have no name.
    user: Option<String>,
    /// There are users; without any, only this machine is served.
    users: bool,
    /// Empty for somebody who has to sign in.
    scopes: Scopes,
}

/// Shows who is signed in
#[utoipa::path(get, path = "/api/v1/session", tag = "session", security(()), responses((status = 200, body = Whoami)))]
pub(crate) async fn show(State(web): State<Web>, identity: Option<Extension<Identity>>) -> Json<Whoami> {
    let users = web.auth.has_users();
    Json(match identity {
        Some(Extension(identity)) => Whoami { user: identity.user, users, scopes: identity.scopes },
        None => Whoami { user: None, users, scopes: Scopes::new() },
    })
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    username: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

type WithCookie = (StatusCode, [(header::HeaderName, HeaderValue); 1]);

/// Signs in
#[utoipa::path(post, path = "/api/v1/session", tag = "session", security(()), request_body = Credentials,
    responses((status = 204, description = "Signed in; the answer sets the cookie `tapedeck_session`"),
              (status = 401, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn sign_in(
    State(web): State<Web>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Body(credentials): Body<Credentials>,
) -> Result<WithCookie, Problem> {
    let address = web.auth.client_address(peer, &headers);
    let cookie = web.auth.sign_in(address, &credentials.username, credentials.password).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}

/// Signs out
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", security(()),
    responses((status = 204, description = "Signed out")))]
pub(crate) async fn sign_out(
    State(web): State<Web>,
    identity: Option<Extension<Identity>>,
) -> Result<WithCookie, Problem> {
    let cookie = web.auth.sign_out(identity.as_deref()).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}
