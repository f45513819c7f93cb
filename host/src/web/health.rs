//! Is it alive, can it work? For container engines, service managers and `tapedeck health`.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;

use super::Web;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    /// "ok" or "unavailable".
    status: &'static str,
    /// Why not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<&'static str>,
}

/// Says that the process answers
#[utoipa::path(get, path = "/health/live", tag = "health", security(()),
    responses((status = 200, description = "The process answers", body = Health)))]
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "ok", reasons: Vec::new() })
}

/// Says whether jobs can run
#[utoipa::path(get, path = "/health/ready", tag = "health", security(()),
    responses((status = 200, description = "Jobs can run", body = Health),
              (status = 503, description = "They cannot; `reasons` says why", body = Health)))]
pub(crate) async fn ready(State(web): State<Web>) -> (StatusCode, Json<Health>) {
    let mut reasons = Vec::new();
    if web.parts.lifecycle.draining().is_cancelled() {
        reasons.push("the daemon is shutting down");
    }
    let question = web.parts.scheduler.counts();
    match tokio::time::timeout(Duration::from_secs(2), question).await {
        Ok(Ok(_)) => {}
        Ok(Err(_)) => reasons.push("the scheduler has stopped"),
        Err(_) => reasons.push("the scheduler does not answer"),
    }
    if reasons.is_empty() {
        (StatusCode::OK, Json(Health { status: "ok", reasons }))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "unavailable", reasons }))
    }
}
