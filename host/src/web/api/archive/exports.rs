//! Exports that somebody asks for by hand, and what exports have left to download.

use std::path::{Path, PathBuf};

use axum::{
    Json,
    body::Body as HttpBody,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;

use crate::{
    app::export_formats,
    model::{
        AccountName, ChatKind, EXPORT_MARK, JobName, MediaKind, PeerId, PluginName, Run, RunId, Scope, Status,
    },
    state::{RunFilter, Runs, StateError},
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Body, Limit, Query, Segment},
        zip,
    },
};

const JOB: &str = "export-by-hand";
const KIND: &str = "export";
const FOLDER: &str = "exports";
const NEWEST: usize = 20;
/// Runs of a job that are read at once.
const PAGE: usize = 100;
const BLOCK: usize = 64 * 1024;
pub(crate) const PACKED: &str = "application/zip";

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FormatRow {
    /// What to ask for: the format's name, or `plugin/format` where another exporter is meant by that.
    format: String,
    plugin: PluginName,
    /// Of its file's name.
    extension: String,
    summary: String,
    /// Whether incremental exports leave what was written before, and add to it: files, or pages.
    appends: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FormatsAnswer {
    formats: Vec<FormatRow>,
}

/// Lists the formats that exporters write
#[utoipa::path(get, path = "/api/v1/archive/formats", tag = "archive", responses((status = 200, body = FormatsAnswer)))]
pub(crate) async fn formats(
    State(web): State<Web>,
    identity: Identity,
) -> Result<Json<FormatsAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let plugins = web.parts.plugins.clone();
    let asked = tokio::task::spawn_blocking(move || export_formats(&plugins)).await;
    let offers = asked.map_err(|error| Problem::internal(&error))?;
    let row = |offer: &crate::app::ExportFormat| {
        let used = offer.as_use();
        FormatRow {
            appends: used.appends(),
            format: offer.called(&offers),
            plugin: used.plugin,
            extension: used.extension,
            summary: offer.format.summary.clone(),
        }
    };
    Ok(Json(FormatsAnswer { formats: offers.iter().map(row).collect() }))
}

/// Settings of a job of kind `export`.
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ExportRequest {
    /// At least one; all are fed by one pass over the archive.
    formats: Vec<String>,
    /// Ids, @names or whole titles; all unless given.
    chats: Vec<String>,
    /// Only chats of these kinds.
    kinds: Vec<ChatKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountName>,
    /// From this day or moment on: `2026-03-01`, which begins at midnight in UTC, or `2026-03-01T12:00:00+01:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Up to this day or moment, which is not part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Ids of those who wrote it; anybody unless given.
    senders: Vec<PeerId>,
    /// Only messages with such media.
    with_media: Vec<MediaKind>,
    /// Only what this search finds.
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    without_deleted: bool,
    /// `none` (unless given), `link` or `copy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<String>,
}

#[derive(Serialize)]
struct Settings<'a> {
    #[serde(flatten)]
    request: &'a ExportRequest,
    folder: PathBuf,
}

/// Writes chats of the archive out in other formats
///
/// The answer is the run; its progress comes as events. When it has succeeded, `GET /api/v1/archive/exports/{id}/file` gives what it wrote.
#[utoipa::path(post, path = "/api/v1/archive/exports", tag = "archive", request_body = ExportRequest,
    responses((status = 202, body = Run), (status = 400, body = Problem), (status = 404, description = "Nothing was archived yet", body = Problem)))]
pub(crate) async fn start(
    State(web): State<Web>,
    identity: Identity,
    Body(request): Body<ExportRequest>,
) -> Result<(StatusCode, Json<Run>), Problem> {
    identity.needs(Scope::Run)?;
    super::store(&web).await?;
    let folder = web.parts.state.folder().join(FOLDER);
    let settings = Settings { request: &request, folder };
    start_once(&web, identity, JOB, KIND, &settings).await
}

/// A run of a job that is not in the configuration.
pub(super) async fn start_once(
    web: &Web,
    identity: Identity,
    job: &str,
    kind: &str,
    settings: &impl Serialize,
) -> Result<(StatusCode, Json<Run>), Problem> {
    let settings = serde_json::to_value(settings).map_err(|error| Problem::internal(&error))?;
    let name: JobName = job.parse().map_err(|error| Problem::internal(&error))?;
    let planned = (web.parts.plan_once)(name, kind, settings).map_err(|error| {
        Problem::bad_request(format!("{error:#}"))
            .fix(format!("docs/jobs.md says what a job of kind \"{kind}\" can be told."))
    })?;
    let run = web.parts.scheduler.run_once(planned, identity.who).await?;
    Ok((StatusCode::ACCEPTED, Json(run)))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ExportRow {
    run: Run,
    /// What it wrote lies where it was written, and no later run has written over it.
    is_there: bool,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportsQuery {
    /// What `next` of the page before said.
    #[param(value_type = Option<String>)]
    before: Option<RunId>,
    /// 1 to 1000; 20 unless given.
    #[param(value_type = Option<i64>)]
    limit: Limit,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ExportsAnswer {
    /// Newest first.
    exports: Vec<ExportRow>,
    /// What to give as `before` for the next page.
    next: Option<RunId>,
}

/// Lists exports, by hand and by jobs, the newest first
///
/// Those of jobs that are not configured any more are among them, as long as their runs are remembered.
#[utoipa::path(get, path = "/api/v1/archive/exports", tag = "archive", params(ExportsQuery), responses((status = 200, body = ExportsAnswer)))]
pub(crate) async fn list(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<ExportsQuery>,
) -> Result<Json<ExportsAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let (runs, limit) = (web.parts.state.runs.clone(), query.limit.or(NEWEST));
    let listing = tokio::task::spawn_blocking(move || {
        let mut exports = newest(&runs, query.before, limit + 1)?;
        let has_more = exports.len() > limit;
        exports.truncate(limit);
        let next = exports.last().map(|run| run.id).filter(|_| has_more);
        let row = |run: Run| ExportRow { is_there: place(&run).is_some(), run };
        Ok::<_, StateError>((exports.into_iter().map(row).collect::<Vec<_>>(), next))
    });
    let (mut exports, next) = listing.await.map_err(|error| Problem::internal(&error))??;
    for row in &mut exports {
        web.parts.scheduler.fill_in_progress(std::slice::from_mut(&mut row.run));
    }
    Ok(Json(ExportsAnswer { exports, next }))
}

fn newest(runs: &Runs, mut before: Option<RunId>, limit: usize) -> Result<Vec<Run>, StateError> {
    let mut found = Vec::new();
    loop {
        let page = runs.list(&RunFilter { job: None, before, status: None }, PAGE)?;
        let is_last = page.len() < PAGE;
        before = page.last().map(|run| run.id);
        found.extend(page.into_iter().filter(|run| run.kind == KIND));
        if is_last || found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}

/// Where a run has written to, if that is there: a file, or a folder whose mark is of this run.
fn place(run: &Run) -> Option<PathBuf> {
    if run.kind != KIND || run.status != Status::Succeeded {
        return None;
    }
    let path = Path::new(run.summary.as_ref()?.data.get("path")?.as_str()?);
    let is_of_run = |mark: Made| {
        let is_after = run.started.is_none_or(|started| mark.made >= started);
        is_after && run.ended.is_none_or(|ended| mark.made <= ended)
    };
    let is_there = path.is_file() || made(path).is_some_and(is_of_run);
    is_there.then(|| path.to_owned())
}

/// What matters here of an export's mark.
#[derive(Deserialize)]
struct Made {
    made: Timestamp,
}

fn made(folder: &Path) -> Option<Made> {
    serde_json::from_slice(&std::fs::read(folder.join(EXPORT_MARK)).ok()?).ok()
}

/// Gives what an export wrote: its file, or a ZIP of its folder
#[utoipa::path(get, path = "/api/v1/archive/exports/{id}/file", tag = "archive",
    params(("id" = RunId, Path, description = "The run that made it")),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip"), (status = 404, body = Problem)))]
pub(crate) async fn download(
    State(web): State<Web>,
    identity: Identity,
    Segment(id): Segment<RunId>,
) -> Result<Response, Problem> {
    identity.needs(Scope::Read)?;
    let run = web.parts.state.runs.get(id)?;
    let found = tokio::task::spawn_blocking(move || {
        let place = place(&run?)?;
        let entries = match place.is_dir() {
            true => zip::entries(&place).ok()?,
            false => Vec::new(),
        };
        Some((place, entries))
    });
    let found = found.await.map_err(|error| Problem::internal(&error))?;
    let (place, entries) = found.ok_or_else(|| {
        Problem::not_found(format!("no export of run {id} is there")).fix(
            "GET /api/v1/archive/exports lists what is there; an export that was removed can be made again.",
        )
    })?;
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // The mark goes along with what an import would miss without it: files that several formats share.
    let written: Vec<&zip::Entry> = entries.iter().filter(|entry| entry.name != EXPORT_MARK).collect();
    match &written[..] {
        [] => send_file(&place, &name).await,
        [one] if !one.name.contains('/') => {
            let ending =
                one.name.rsplit_once('.').map(|(_, ending)| format!(".{ending}")).unwrap_or_default();
            send_file(&one.path, &format!("{name}{ending}")).await
        }
        _ => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(PACKED)),
                (header::CONTENT_DISPOSITION, attachment(&format!("{name}.zip"))),
            ];
            Ok((headers, zip::body(entries)).into_response())
        }
    }
}

async fn send_file(path: &Path, name: &str) -> Result<Response, Problem> {
    let file = tokio::fs::File::open(path).await.map_err(|error| Problem::internal(&error))?;
    let bytes = file.metadata().await.map_err(|error| Problem::internal(&error))?.len();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_LENGTH, bytes.into()),
        (header::CONTENT_DISPOSITION, attachment(name)),
    ];
    Ok((headers, HttpBody::from_stream(ReaderStream::with_capacity(file, BLOCK))).into_response())
}

/// Any name, twice: plain for old programs, whole for the others.
fn attachment(name: &str) -> HeaderValue {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_. ".contains(c) { c } else { '_' }).collect();
    let whole: String = name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}
