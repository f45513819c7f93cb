//! Imports that somebody asks for by hand.

use std::{io::ErrorKind, path::PathBuf};

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use super::exports::start_once;
use crate::{
    archive::is_address,
    model::{AccountName, PeerId, Run, Scope},
    web::{Web, auth::Identity, error::Problem, extract::Body},
};

const JOB: &str = "import-by-hand";

/// The settings of a job of kind `import`.
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ImportRequest {
    /// A file or folder on the machine of the daemon, from the root on. The address of a database is for `tapedeck import` only.
    #[schema(value_type = String)]
    path: PathBuf,
    /// `telegram-desktop`, `telegram-desktop-html`, `telegram-archive`, `scraper-server`, `json`; found out by looking unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountName>,
    /// Only this chat; for pages of HTML and messages alone: the chat that they are of.
    #[serde(skip_serializing_if = "Option::is_none")]
    chat: Option<PeerId>,
    /// Of dates that do not say theirs: `Europe/Madrid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// Where the files of Telegram-Archive are, when they are not beside its database.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    media: Option<PathBuf>,
    /// Leaves files out; another import brings them.
    skip_media: bool,
    /// Counts what would be new, and writes nothing.
    dry_run: bool,
}

/// Takes over what another program has kept
///
/// The answer is the run; its progress comes as events, and its summary counts what was new.
#[utoipa::path(post, path = "/api/v1/archive/imports", tag = "archive", request_body = ImportRequest,
    responses((status = 202, body = Run), (status = 400, body = Problem), (status = 404, description = "What was uploaded is not there any more", body = Problem)))]
pub(crate) async fn start(
    State(web): State<Web>,
    identity: Identity,
    Body(request): Body<ImportRequest>,
) -> Result<(StatusCode, Json<Run>), Problem> {
    // Whoever may do this has files of the machine read.
    identity.needs(Scope::Admin)?;
    if request.path.to_str().is_some_and(is_address) {
        return Err(Problem::bad_request("a database on a server is imported by the command alone")
            .fix("Run `tapedeck import postgres://…` on the machine of the daemon."));
    }
    let paths = std::iter::once(&request.path).chain(&request.media);
    if let Some(path) = paths.into_iter().find(|path| !path.is_absolute()) {
        let detail = format!("`{}` is no path from the root on", path.display());
        return Err(Problem::bad_request(detail)
            .fix("Name an export's folder or file where the daemon runs, such as /home/ann/DataExport."));
    }
    // An upload that was tidied away is told at once, so that the file is sent again.
    let is_gone = request.path.starts_with(super::uploads::folder(&web))
        && tokio::fs::metadata(&request.path).await.is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if is_gone {
        return Err(
            Problem::not_found("what was uploaded is not there any more").fix("Upload the file again.")
        );
    }
    start_once(&web, identity, JOB, "import", &request).await
}
