use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    model::{JobName, JobView, Params, Run, Scope},
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Body, Limit, Query, Segment},
    },
};

const MOST_PARAMS: usize = 100;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobsQuery {
    /// Only jobs whose names come after this one.
    after: Option<JobName>,
    /// 1 to 1000; 100 unless given.
    #[serde(default)]
    #[param(value_type = Option<i64>)]
    limit: Limit,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct JobsAnswer {
    /// By name.
    jobs: Vec<JobView>,
    /// Of all pages.
    total: usize,
    /// What to give as `after` for the next page.
    next: Option<JobName>,
}

/// Lists jobs
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(JobsQuery),
    responses((status = 200, body = JobsAnswer)))]
pub(crate) async fn list(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<JobsQuery>,
) -> Result<Json<JobsAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let page = web.parts.scheduler.jobs(query.after, query.limit.or(100)).await?;
    let last = page.jobs.last().map(|job| job.name.clone());
    let next = last.filter(|_| page.has_more);
    Ok(Json(JobsAnswer { jobs: page.jobs, total: page.total, next }))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct JobDetails {
    #[serde(flatten)]
    view: JobView,
    /// When time alone starts it next; jitter not counted.
    next_fires: Vec<Timestamp>,
    /// What only its kind understands, secrets as `•••`.
    #[schema(value_type = Object)]
    settings: serde_json::Value,
}

/// Shows one job with its settings and next fires
#[utoipa::path(get, path = "/api/v1/jobs/{job}", tag = "jobs", params(("job" = JobName, Path)),
    responses((status = 200, body = JobDetails), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(web): State<Web>,
    identity: Identity,
    Segment(job): Segment<JobName>,
) -> Result<Json<JobDetails>, Problem> {
    identity.needs(Scope::Read)?;
    let view = web.parts.scheduler.job(job).await?;
    let extras = (web.parts.job_extras)(&view);
    Ok(Json(JobDetails { next_fires: extras.next_fires, settings: extras.settings, view }))
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RunRequest {
    /// Values for this run; the job's kind says which it uses.
    params: Params,
}

/// Starts a run now
#[utoipa::path(post, path = "/api/v1/jobs/{job}/run", tag = "jobs", params(("job" = JobName, Path)),
    request_body = Option<RunRequest>,
    responses((status = 202, body = Run), (status = 404, body = Problem)))]
pub(crate) async fn run(
    State(web): State<Web>,
    identity: Identity,
    Segment(job): Segment<JobName>,
    Body(request): Body<RunRequest>,
) -> Result<(StatusCode, Json<Run>), Problem> {
    identity.needs(Scope::Run)?;
    if request.params.len() > MOST_PARAMS {
        let detail = format!("a run takes at most {MOST_PARAMS} parameters");
        return Err(Problem::bad_request(detail).fix("Send fewer; put long lists into one value."));
    }
    let run = web.parts.scheduler.run_now(job, request.params, identity.who).await?;
    Ok((StatusCode::ACCEPTED, Json(run)))
}

/// Keeps time and events from starting a job
#[utoipa::path(post, path = "/api/v1/jobs/{job}/pause", tag = "jobs", params(("job" = JobName, Path)),
    responses((status = 200, body = JobView), (status = 404, body = Problem)))]
pub(crate) async fn pause(
    State(web): State<Web>,
    identity: Identity,
    Segment(job): Segment<JobName>,
) -> Result<Json<JobView>, Problem> {
    identity.needs(Scope::Run)?;
    Ok(Json(web.parts.scheduler.pause(job, identity.who).await?))
}

/// Lets time and events start a job again
#[utoipa::path(post, path = "/api/v1/jobs/{job}/resume", tag = "jobs", params(("job" = JobName, Path)),
    responses((status = 200, body = JobView), (status = 404, body = Problem)))]
pub(crate) async fn resume(
    State(web): State<Web>,
    identity: Identity,
    Segment(job): Segment<JobName>,
) -> Result<Json<JobView>, Problem> {
    identity.needs(Scope::Run)?;
    Ok(Json(web.parts.scheduler.resume(job).await?))
}
