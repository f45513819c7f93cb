use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    model::Scope,
    web::{
        Web,
        auth::{Identity, check_user_name},
        error::Problem,
        extract::{Body, Segment},
    },
};

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct UserView {
    name: String,
    /// None for the user of `auth.username`.
    created: Option<Timestamp>,
}

/// Lists users
#[utoipa::path(get, path = "/api/v1/users", tag = "users", responses((status = 200, body = Vec<UserView>)))]
pub(crate) async fn list(State(web): State<Web>, identity: Identity) -> Result<Json<Vec<UserView>>, Problem> {
    identity.needs(Scope::Admin)?;
    let configured = web.auth.configured_user();
    let stored = web.parts.state.users.list()?.into_iter();
    let stored = stored.filter(|user| Some(&user.name) != configured.as_ref());
    let stored = stored.map(|user| UserView { name: user.name, created: Some(user.created) });
    let first = configured.clone().map(|name| UserView { name, created: None });
    Ok(Json(first.into_iter().chain(stored).collect()))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    name: String,
    /// At least 8 characters.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct UserAdded {
    name: String,
}

/// Makes a user, or gives one a new password
///
/// From the first user on, signing in is required. A new password ends the user's sessions.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = NewUser,
    responses((status = 201, description = "A new user", body = UserAdded),
              (status = 200, description = "A new password", body = UserAdded),
              (status = 400, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn add(
    State(web): State<Web>,
    identity: Identity,
    Body(new): Body<NewUser>,
) -> Result<(StatusCode, Json<UserAdded>), Problem> {
    identity.needs(Scope::Admin)?;
    check_user_name(&new.name).map_err(|why| Problem::bad_request(why).fix("Choose another name."))?;
    refuse_configured(&web, &new.name)?;
    let is_new = web.auth.set_user(new.name.clone(), new.password).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(UserAdded { name: new.name })))
}

/// Deletes a user
#[utoipa::path(delete, path = "/api/v1/users/{name}", tag = "users", params(("name" = String, Path)),
    responses((status = 204, description = "Deleted, and signed out everywhere"),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn remove(
    State(web): State<Web>,
    identity: Identity,
    Segment(name): Segment<String>,
) -> Result<StatusCode, Problem> {
    identity.needs(Scope::Admin)?;
    refuse_configured(&web, &name)?;
    let state = &web.parts.state;
    if state.users.get(&name)?.is_none() {
        let name: String = name.chars().take(80).collect();
        let problem = Problem::not_found(format!("there is no user `{}`", name.escape_debug()));
        return Err(problem.fix("GET /api/v1/users lists all users."));
    }
    let is_last = web.auth.configured_user().is_none() && state.users.list()?.len() == 1;
    if is_last && !web.is_loopback_only() {
        return Err(Problem::conflict("the last user cannot go while other machines are served")
            .fix("Make another user first, or set `server.listen` to a loopback address."));
    }
    state.users.remove(&name)?;
    state.sessions.remove_of_user(&name)?;
    state.flushed().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn refuse_configured(web: &Web, name: &str) -> Result<(), Problem> {
    if web.auth.configured_user().as_deref() != Some(name) {
        return Ok(());
    }
    Err(Problem::conflict(format!("the user `{name}` is made by the configuration"))
        .fix("Change `auth.username` and `auth.password` there."))
}
