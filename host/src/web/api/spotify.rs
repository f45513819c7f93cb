use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;

use crate::{
    app::{SpotifyError, SpotifyLoginError},
    model::{LoginId, Scope, SpotifyLoginView, SpotifyView},
    web::{
        Web,
        auth::Identity,
        error::{Problem, with_causes},
        extract::{Body, Query, Segment},
    },
};

/// Shows the login at Spotify
///
/// Spotify is not asked for this.
#[utoipa::path(get, path = "/api/v1/spotify", tag = "music", responses((status = 200, body = SpotifyView)))]
pub(crate) async fn show(State(web): State<Web>, identity: Identity) -> Result<Json<SpotifyView>, Problem> {
    identity.needs(Scope::Read)?;
    Ok(Json(web.parts.spotify.view().await))
}

/// Forgets the login at Spotify
#[utoipa::path(post, path = "/api/v1/spotify/logout", tag = "music",
    responses((status = 204, description = "Logged out"), (status = 404, body = Problem)))]
pub(crate) async fn log_out(State(web): State<Web>, identity: Identity) -> Result<StatusCode, Problem> {
    identity.needs(Scope::Admin)?;
    let was_there = web.parts.spotify.log_out().await.map_err(SpotifyLoginError::from)?;
    if !was_there {
        return Err(Problem::not_found("nobody is logged in to Spotify")
            .fix("POST /api/v1/spotify/logins begins a login."));
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Start {
    paste: bool,
}

/// Begins to log in to Spotify
///
/// `link` is for a browser that can reach this daemon; `direct_link` for one elsewhere, whose last
/// address is then given as the answer.
#[utoipa::path(post, path = "/api/v1/spotify/logins", tag = "music",
    params(("paste" = Option<bool>, Query, description = "The answer will be given by hand, so no browser has to come back")),
    responses((status = 201, body = SpotifyLoginView),
              (status = 409, description = "There is no application, or the port to come back to is in use", body = Problem),
              (status = 429, description = "Too many wait", body = Problem)))]
pub(crate) async fn start(
    State(web): State<Web>,
    identity: Identity,
    Query(Start { paste }): Query<Start>,
) -> Result<(StatusCode, Json<SpotifyLoginView>), Problem> {
    identity.needs(Scope::Admin)?;
    if !paste {
        web.parts.spotify.check_return()?;
    }
    Ok((StatusCode::CREATED, Json(web.parts.spotify.begin_login(&identity.who)?)))
}

/// Shows how a login at Spotify goes on
#[utoipa::path(get, path = "/api/v1/spotify/logins/{id}", tag = "music", params(("id" = LoginId, Path)),
    responses((status = 200, body = SpotifyLoginView), (status = 404, body = Problem)))]
pub(crate) async fn login(
    State(web): State<Web>,
    identity: Identity,
    Segment(id): Segment<LoginId>,
) -> Result<Json<SpotifyLoginView>, Problem> {
    identity.needs(Scope::Admin)?;
    Ok(Json(web.parts.spotify.login(id, &identity.who)?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpotifyLoginAnswer {
    /// The address that the browser ended at, or the code in it.
    answer: String,
}

/// Ends a login at Spotify by what a browser elsewhere has brought back
#[utoipa::path(post, path = "/api/v1/spotify/logins/{id}/answer", tag = "music", params(("id" = LoginId, Path)),
    request_body = SpotifyLoginAnswer,
    responses((status = 200, body = SpotifyLoginView), (status = 400, body = Problem), (status = 404, body = Problem),
              (status = 409, description = "It waits for no answer", body = Problem)))]
pub(crate) async fn answer(
    State(web): State<Web>,
    identity: Identity,
    Segment(id): Segment<LoginId>,
    Body(answer): Body<SpotifyLoginAnswer>,
) -> Result<Json<SpotifyLoginView>, Problem> {
    identity.needs(Scope::Admin)?;
    web.parts.spotify.answer_login(id, &identity.who, &answer.answer).await?;
    Ok(Json(web.parts.spotify.login(id, &identity.who)?))
}

impl From<SpotifyLoginError> for Problem {
    fn from(error: SpotifyLoginError) -> Self {
        let (text, fix) = (error.to_string(), error.fix());
        match &error {
            SpotifyLoginError::Unknown => Self::not_found(text),
            SpotifyLoginError::OtherBrowser => Self::forbidden(text),
            SpotifyLoginError::TooMany => return Self::too_many(text, 600),
            SpotifyLoginError::NotWaiting | SpotifyLoginError::PortInUse { .. } => Self::conflict(text),
            SpotifyLoginError::Spotify(SpotifyError::NoApplication { .. }) => Self::conflict(text),
            SpotifyLoginError::Spotify(SpotifyError::Vault { .. } | SpotifyError::State { .. }) => {
                return Self::unavailable(with_causes(&error)).fix("The daemon's log has the cause.");
            }
            SpotifyLoginError::Spotify(error) if error.is_temporary() => Self::unavailable(text),
            _ => Self::bad_request(text),
        }
        .fix(fix)
    }
}
