//! The part of ListenBrainz's API that scrobblers use, so that whatever can send listens there can
//! send them here. Answers look as they do there; tokens are ours, with the scope `scrobble`.

mod payload;
#[cfg(test)]
mod tests;

use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, Request, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use self::payload::{Kind, LISTEN_BYTES, LISTENS, Submission};
use super::{Web, auth::Listener};
use crate::{model::SourceName, music::ledger::Listen};

/// What many listens may take.
pub(super) fn body_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(LISTENS * LISTEN_BYTES)
}

/// As ListenBrainz words errors.
struct Refusal {
    status: StatusCode,
    error: String,
}

impl Refusal {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }

    fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "Listens cannot be written");
        // Clients keep what they could not send, and try again.
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Cannot record listens at this time, please try again later.",
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.status.as_u16(), "error": self.error });
        (self.status, Json(body)).into_response()
    }
}

/// Takes listens from a scrobbler, as ListenBrainz does
///
/// `listen_type` is `single`, `playing_now` or `import`. Sent twice, a listen counts once. The token
/// needs the scope `scrobble`.
#[utoipa::path(post, path = "/1/submit-listens", tag = "listens", request_body = serde_json::Value,
    responses((status = 200, description = r#"`{"status": "ok"}`"#, body = serde_json::Value),
              (status = 400, description = r#"`{"code": 400, "error": "…"}`"#, body = serde_json::Value),
              (status = 401, description = "The token is missing or wrong", body = serde_json::Value)))]
pub(super) async fn submit(
    State(web): State<Web>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let answer = async {
        let client = listener(&web, &headers)?;
        let body = body.map_err(|error| Refusal::new(error.status(), "JSON document is too large."))?;
        let submission = payload::read(&body, web.parts.clock.now())
            .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error))?;
        take(&web, client, submission).await
    };
    match answer.await {
        Ok(()) => Json(json!({ "status": "ok" })).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn take(web: &Web, client: String, submission: Submission) -> Result<(), Refusal> {
    let (music, now) = (&web.parts.music, web.parts.clock.now());
    let Submission { kind, listens } = submission;
    if kind == Kind::PlayingNow {
        listens.into_iter().for_each(|(track, _)| music.players.inbox.playing_now(&client, track, now));
        return Ok(());
    }
    let listens: Vec<Listen> = listens
        .into_iter()
        .filter_map(|(track, started)| {
            let (source, client) = (SourceName::ListenBrainz, Some(client.clone()));
            Some(Listen { track, started: started?, source, client })
        })
        .collect();
    let taken = music.ledger.take(&listens).await.map_err(|error| Refusal::internal(&error))?;
    tracing::debug!(client, new = taken.new, known = taken.known, "Took listens");
    if kind == Kind::Single {
        for Listen { track, started, .. } in listens {
            music.players.inbox.listened(&client, track, started, now);
        }
    }
    Ok(())
}

/// The name of the token that the client sends.
fn listener(web: &Web, headers: &HeaderMap) -> Result<String, Refusal> {
    let unauthorized = |error: &str| Refusal::new(StatusCode::UNAUTHORIZED, error);
    match web.auth.listener(headers).map_err(|error| Refusal::internal(&error))? {
        Listener::Known(name) => Ok(name),
        Listener::Missing => Err(unauthorized("You need to provide an Authorization header.")),
        Listener::Unknown => Err(unauthorized("Invalid authorization token.")),
        Listener::WithoutScope => Err(unauthorized(
            "This token may not submit listens: `tapedeck token add NAME --scope scrobble` makes one that may.",
        )),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct TokenQuery {
    token: Option<String>,
}

/// Says whether a token may submit listens, as ListenBrainz does
#[utoipa::path(get, path = "/1/validate-token", tag = "listens",
    responses((status = 200, description = r#"`{"code": 200, "message": "Token valid.", "valid": true, "user_name": "…"}`"#, body = serde_json::Value),
              (status = 400, description = "There is no token", body = serde_json::Value)))]
pub(super) async fn validate(
    State(web): State<Web>,
    axum::extract::Query(query): axum::extract::Query<TokenQuery>,
    mut headers: HeaderMap,
) -> Response {
    // Old clients send it in the address.
    let given = query.token.and_then(|token| HeaderValue::try_from(format!("Token {token}")).ok());
    if let Some(given) = given.filter(|_| !headers.contains_key(header::AUTHORIZATION)) {
        headers.insert(header::AUTHORIZATION, given);
    }
    let valid =
        |name: &str| json!({ "code": 200, "message": "Token valid.", "valid": true, "user_name": name });
    let invalid = |message: &str| json!({ "code": 200, "message": message, "valid": false });
    let answer: Value = match web.auth.listener(&headers) {
        Ok(Listener::Known(name)) => valid(&name),
        Ok(Listener::Missing) => {
            let error = "You need to provide an Authorization token.";
            return Refusal::new(StatusCode::BAD_REQUEST, error).into_response();
        }
        Ok(Listener::Unknown) => invalid("Token invalid."),
        Ok(Listener::WithoutScope) => invalid("Token lacks the scope `scrobble`."),
        Err(error) => return Refusal::internal(&error).into_response(),
    };
    Json(answer).into_response()
}

/// Pages and extensions of other sites may use these two: nothing but the token says who asks.
pub(super) async fn allow_all_origins(request: Request, next: Next) -> Response {
    let mut response = match *request.method() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
