//! Exports that somebody asks for by hand, and what exports have left to download.

use std::path::{Path, PathBuf};

use axum::{
    Json,
    body::Body as HttpBody,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;

use crate::{
    app::{EXPORT_MARK, export_formats},
    model::{AccountName, ChatKind, JobName, MediaKind, PluginName, Run, RunId, Scope, Status},
    state::RunFilter,
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Body, Segment},
        zip,
    },
};

const JOB: &str = "export-by-hand";
const KIND: &str = "export";
const FOLDER: &str = "exports";
/// Of each job.
const NEWEST: usize = 10;
const BLOCK: usize = 64 * 1024;
pub(crate) const PACKED: &str = "application/zip";

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FormatRow {
    format: String,
    plugin: PluginName,
    /// Of its file's name.
    extension: String,
    summary: String,
    /// Whether incremental exports append to it.
    has_parts: bool,
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
    let row = |offer: crate::app::ExportFormat| {
        let used = offer.as_use();
        FormatRow {
            format: used.format,
            plugin: offer.plugin,
            extension: used.extension,
            summary: offer.format.summary,
            has_parts: used.has_parts,
        }
    };
    Ok(Json(FormatsAnswer { formats: offers.into_iter().map(row).collect() }))
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
    /// From this day or moment on.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// Up to this day or moment, which is not part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
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
    /// What it wrote lies where it was written.
    is_there: bool,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ExportsAnswer {
    /// Newest first.
    exports: Vec<ExportRow>,
}

/// Lists the newest exports, by hand and by jobs
#[utoipa::path(get, path = "/api/v1/archive/exports", tag = "archive", responses((status = 200, body = ExportsAnswer)))]
pub(crate) async fn list(State(web): State<Web>, identity: Identity) -> Result<Json<ExportsAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let mut jobs: Vec<JobName> = vec![JOB.parse().map_err(|error| Problem::internal(&error))?];
    let all = web.parts.scheduler.jobs(None, usize::MAX).await?.jobs;
    jobs.extend(all.into_iter().filter(|job| job.kind == KIND).map(|job| job.name));
    let state = web.parts.state.clone();
    let listing = tokio::task::spawn_blocking(move || {
        let mut runs = Vec::new();
        for job in jobs {
            let filter = RunFilter { job: Some(job), ..RunFilter::default() };
            runs.extend(state.runs.list(&filter, NEWEST)?);
        }
        runs.retain(|run| run.kind == KIND);
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        let row = |run: Run| ExportRow { is_there: place(&run).is_some(), run };
        Ok::<_, crate::state::StateError>(runs.into_iter().map(row).collect::<Vec<_>>())
    });
    let mut exports = listing.await.map_err(|error| Problem::internal(&error))??;
    for row in &mut exports {
        web.parts.scheduler.fill_in_progress(std::slice::from_mut(&mut row.run));
    }
    Ok(Json(ExportsAnswer { exports }))
}

/// Where a run has written to, if it is there: a file, or a folder that carries our mark.
fn place(run: &Run) -> Option<PathBuf> {
    if run.kind != KIND || run.status != Status::Succeeded {
        return None;
    }
    let path = Path::new(run.summary.as_ref()?.data.get("path")?.as_str()?);
    (path.is_file() || path.join(EXPORT_MARK).is_file()).then(|| path.to_owned())
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
            true => zip::entries(&place, |name| name != EXPORT_MARK).ok()?,
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
    match &entries[..] {
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
