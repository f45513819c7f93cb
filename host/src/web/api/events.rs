use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse as _, Response, sse::Sse},
};
use serde::{Deserialize, Serialize};

use crate::{
    model::{EventName, JobName, RunId, Scope},
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Query, Segment},
        live::{self, Wish},
    },
};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Also send this run's log, as `log` events.
    run: Option<RunId>,
    /// Only lines numbered above this.
    #[serde(default)]
    log_after: u64,
}

/// Tells what happens, as it happens
///
/// Server-Sent Events. `run`: a run as it is now. `job`: a job was paused, resumed or changed.
/// `config`: the configuration was read.
/// `account`: a Telegram account has another state. `login`: an attempt to log in has come to
/// another step; read it to see more. `plugin`: a plugin was loaded, swapped, paused, granted
/// something or has another problem. `player`: something else plays, or a source of plays has
/// another state. `archive`: something was archived, deleted or held back. `emitted`: somebody emitted an event.
/// `log`: new lines of the run that was asked for. `reset`: events were lost; read everything again.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(EventsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses((status = 200, description = "A stream that does not end", body = String, content_type = "text/event-stream"),
              (status = 503, description = "Too many streams are open", body = Problem)))]
pub(crate) async fn listen(
    State(web): State<Web>,
    identity: Identity,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Response, Problem> {
    identity.needs(Scope::Read)?;
    let last_seen = headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default().to_owned());
    let wish = Wish { last_seen, log: query.run.map(|run| (run, query.log_after)) };
    // Some proxies would collect events into pages otherwise.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))];
    Ok((unbuffered, Sse::new(live::listen(web, identity, wish)?)).into_response())
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Woken {
    /// The jobs that wait for this event.
    woken: Vec<JobName>,
}

/// Emits an event that jobs can wait for
#[utoipa::path(post, path = "/api/v1/events/{event}", tag = "events", params(("event" = EventName, Path)),
    responses((status = 202, body = Woken), (status = 400, body = Problem)))]
pub(crate) async fn emit(
    State(web): State<Web>,
    identity: Identity,
    Segment(event): Segment<EventName>,
) -> Result<(StatusCode, Json<Woken>), Problem> {
    identity.needs(Scope::Run)?;
    let woken = web.parts.scheduler.emit(event).await?;
    Ok((StatusCode::ACCEPTED, Json(Woken { woken })))
}
