use std::{net::SocketAddr, path::PathBuf};

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    config::ConfigState,
    model::{Scope, Scopes, shown_path},
    web::{Web, auth::Identity, error::Problem},
};

/// The daemon at a glance.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct DaemonStatus {
    version: &'static str,
    started_at: Timestamp,
    now: Timestamp,
    /// The zone that jobs without their own are scheduled in.
    timezone: String,
    uptime_s: i64,
    jobs: usize,
    /// Runs that are going, waiting ones too.
    running: usize,
    /// Runs that wait for their turn.
    queued: usize,
    config: ConfigSummary,
    #[schema(value_type = String)]
    listen: SocketAddr,
    /// Only this machine can reach the daemon.
    loopback_only: bool,
    /// There are users; without any, only this machine is served.
    users: bool,
    /// Who asks; tokens and the machine itself have no name.
    user: Option<String>,
    scopes: Scopes,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ConfigSummary {
    state: ConfigState,
    loaded_at: Timestamp,
    #[serde(serialize_with = "shown_path")]
    #[schema(value_type = String)]
    path: PathBuf,
    /// How many there are.
    problems: usize,
}

/// Shows the daemon at a glance
#[utoipa::path(get, path = "/api/v1/status", tag = "status",
    responses((status = 200, body = DaemonStatus)))]
pub(crate) async fn show(State(web): State<Web>, identity: Identity) -> Result<Json<DaemonStatus>, Problem> {
    identity.needs(Scope::Read)?;
    let counts = web.parts.scheduler.counts().await?;
    let now = web.parts.clock.now();
    let report = web.parts.config.borrow().clone();
    Ok(Json(DaemonStatus {
        version: env!("CARGO_PKG_VERSION"),
        started_at: web.started_at,
        now,
        timezone: web.parts.settings.borrow().timezone.clone(),
        uptime_s: now.duration_since(web.started_at).as_secs(),
        jobs: counts.jobs,
        running: counts.running,
        queued: counts.queued,
        config: ConfigSummary {
            state: report.state,
            loaded_at: report.loaded_at,
            path: report.path.clone(),
            problems: report.problems.len(),
        },
        listen: web.listen,
        loopback_only: web.is_loopback_only(),
        users: web.auth.has_users(),
        user: identity.user,
        scopes: identity.scopes,
    }))
}
