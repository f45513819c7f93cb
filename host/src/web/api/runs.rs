use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    model::{JobName, LogLine, Run, RunId, Scope, Status},
    state::RunFilter,
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Limit, Query, Segment},
    },
};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunsQuery {
    /// Only runs of this job.
    job: Option<JobName>,
    /// Only runs with this status.
    #[param(value_type = Option<Status>)]
    status: Option<String>,
    /// Only runs that were created before this one.
    before: Option<RunId>,
    /// 1 to 1000; 50 unless given.
    #[serde(default)]
    #[param(value_type = Option<i64>)]
    limit: Limit,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct RunsAnswer {
    /// Newest first.
    runs: Vec<Run>,
    /// What to give as `before` for the next page.
    next: Option<RunId>,
}

/// Lists runs, newest first
#[utoipa::path(get, path = "/api/v1/runs", tag = "runs", params(RunsQuery),
    responses((status = 200, body = RunsAnswer)))]
pub(crate) async fn list(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<RunsQuery>,
) -> Result<Json<RunsAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let status = query.status.as_deref().map(parse_status).transpose()?;
    let filter = RunFilter { job: query.job, status, before: query.before };
    let limit = query.limit.or(50);
    // A rare status is looked for in the whole ledger.
    let state = web.parts.state.clone();
    let list = move || state.runs.list(&filter, limit + 1);
    let listed = tokio::task::spawn_blocking(list).await.map_err(|error| Problem::internal(&error))?;
    let mut runs = listed?;
    let has_more = runs.len() > limit;
    runs.truncate(limit);
    web.parts.scheduler.fill_in_progress(&mut runs);
    let next = runs.last().map(|run| run.id).filter(|_| has_more);
    Ok(Json(RunsAnswer { runs, next }))
}

fn parse_status(text: &str) -> Result<Status, Problem> {
    text.parse().map_err(|error: String| {
        let likely = Status::ALL
            .into_iter()
            .map(|status| (strsim::damerau_levenshtein(status.as_str(), text), status))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= 3);
        let problem = Problem::bad_request(error.chars().take(300).collect::<String>());
        match likely {
            Some((_, status)) => problem.fix(format!("Did you mean `{status}`?")),
            None => problem.fix("Leave `status` away to see runs of every status."),
        }
    })
}

fn find(web: &Web, id: RunId) -> Result<Run, Problem> {
    let mut run = web.parts.state.runs.get(id)?.ok_or_else(|| {
        Problem::not_found(format!("there is no run {id}: it may have been pruned"))
            .fix("GET /api/v1/runs lists the runs that are kept.")
    })?;
    web.parts.scheduler.fill_in_progress(std::slice::from_mut(&mut run));
    Ok(run)
}

/// Shows one run
#[utoipa::path(get, path = "/api/v1/runs/{id}", tag = "runs", params(("id" = RunId, Path)),
    responses((status = 200, body = Run), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(web): State<Web>,
    identity: Identity,
    Segment(id): Segment<RunId>,
) -> Result<Json<Run>, Problem> {
    identity.needs(Scope::Read)?;
    find(&web, id).map(Json)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// Only lines numbered above this.
    #[serde(default)]
    after: u64,
    /// 1 to 1000; 500 unless given.
    #[serde(default)]
    #[param(value_type = Option<i64>)]
    limit: Limit,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct LogAnswer {
    /// Oldest first.
    lines: Vec<LogLine>,
    /// What to give as `after`, when there are more lines already.
    next: Option<u64>,
    /// No more lines will come.
    is_over: bool,
}

/// Shows lines of a run's log
#[utoipa::path(get, path = "/api/v1/runs/{id}/log", tag = "runs", params(("id" = RunId, Path), LogQuery),
    responses((status = 200, body = LogAnswer), (status = 404, body = Problem)))]
pub(crate) async fn log(
    State(web): State<Web>,
    identity: Identity,
    Segment(id): Segment<RunId>,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    // Asked before reading: a run that ends in between shows its last lines next time.
    let is_over = find(&web, id)?.status.is_over();
    let limit = query.limit.or(500);
    let mut lines = (web.parts.read_log)(id, query.after, limit + 1)?;
    let has_more = lines.len() > limit;
    lines.truncate(limit);
    let next = lines.last().map(|line| line.seq).filter(|_| has_more);
    Ok(Json(LogAnswer { lines, next, is_over }))
}

/// Asks a run to stop
#[utoipa::path(post, path = "/api/v1/runs/{id}/cancel", tag = "runs", params(("id" = RunId, Path)),
    responses((status = 202, body = Run), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn cancel(
    State(web): State<Web>,
    identity: Identity,
    Segment(id): Segment<RunId>,
) -> Result<(StatusCode, Json<Run>), Problem> {
    identity.needs(Scope::Run)?;
    let run = web.parts.scheduler.cancel(id, identity.who).await?;
    Ok((StatusCode::ACCEPTED, Json(run)))
}
