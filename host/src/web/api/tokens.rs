use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    model::{Scope, Scopes},
    state::ApiToken,
    web::{
        Web,
        auth::{Identity, issue_token},
        error::Problem,
        extract::{Body, Segment},
    },
};

/// More than this many is a script that forgets to delete its tokens.
const MOST: usize = 1000;

/// An API token without its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct TokenView {
    #[schema(value_type = String)]
    id: Uuid,
    name: String,
    scopes: Scopes,
    created: Timestamp,
    /// Exact to a minute.
    last_used: Option<Timestamp>,
    expires: Option<Timestamp>,
}

impl From<ApiToken> for TokenView {
    fn from(token: ApiToken) -> Self {
        let ApiToken { id, name, scopes, hash: _, created, last_used, expires } = token;
        Self { id, name, scopes, created, last_used, expires }
    }
}

/// Lists API tokens
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", responses((status = 200, body = Vec<TokenView>)))]
pub(crate) async fn list(
    State(web): State<Web>,
    identity: Identity,
) -> Result<Json<Vec<TokenView>>, Problem> {
    identity.needs(Scope::Admin)?;
    Ok(Json(web.parts.state.tokens.list()?.into_iter().map(TokenView::from).collect()))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What it is for.
    name: String,
    scopes: Scopes,
    /// When it ends; never unless given.
    #[serde(default)]
    expires: Option<Timestamp>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct IssuedToken {
    #[schema(value_type = String)]
    id: Uuid,
    /// Shown this once; only a hash is kept.
    token: String,
}

/// Makes an API token
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = NewToken,
    responses((status = 201, body = IssuedToken), (status = 400, body = Problem)))]
pub(crate) async fn add(
    State(web): State<Web>,
    identity: Identity,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<IssuedToken>), Problem> {
    identity.needs(Scope::Admin)?;
    let now = web.parts.clock.now();
    check(&new, now)?;
    let state = &web.parts.state;
    if state.tokens.list()?.len() >= MOST {
        return Err(Problem::conflict(format!("there are {MOST} tokens already")).fix("Delete some first."));
    }
    let (stored, token) = issue_token(new.name, new.scopes, new.expires, now);
    state.tokens.put(&stored)?;
    state.flushed().await?;
    Ok((StatusCode::CREATED, Json(IssuedToken { id: stored.id, token })))
}

fn check(new: &NewToken, now: Timestamp) -> Result<(), Problem> {
    let length = new.name.chars().count();
    if !(1..=64).contains(&length) || new.name.chars().any(char::is_control) {
        return Err(Problem::bad_request("the token's name is empty, too long or has control characters")
            .fix("Say in 1 to 64 characters what the token is for."));
    }
    if new.scopes.is_empty() {
        return Err(Problem::bad_request("a token without scopes can do nothing")
            .fix("Give `scopes` one or more of read, run, scrobble, admin."));
    }
    if new.expires.is_some_and(|expires| expires <= now) {
        return Err(Problem::bad_request("the token would have expired already")
            .fix("Give a moment in the future as `expires`, or leave it away."));
    }
    Ok(())
}

/// Deletes an API token
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = String, Path)),
    responses((status = 204, description = "Deleted"), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(web): State<Web>,
    identity: Identity,
    Segment(id): Segment<Uuid>,
) -> Result<StatusCode, Problem> {
    identity.needs(Scope::Admin)?;
    if !web.parts.state.tokens.remove(id)? {
        let problem = Problem::not_found(format!("there is no token {id}"));
        return Err(problem.fix("GET /api/v1/tokens lists all tokens."));
    }
    web.parts.state.flushed().await?;
    Ok(StatusCode::NO_CONTENT)
}
