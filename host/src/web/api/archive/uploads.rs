//! Files that somebody sends from their own machine, to be imported.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use axum::{Json, body::Body as HttpBody, extract::State, http::StatusCode};
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::{fs::File, io::AsyncWriteExt as _};

use crate::{
    model::{ByteSize, Scope},
    web::{Web, auth::Identity, error::Problem, extract::Query},
};

const FOLDER: &str = "uploads";
/// An import begins at once; what is left of it after this time is in nobody's way any more.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
const LONGEST_NAME: usize = 255;
/// One at a time, so that all of them together have what one may have.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadQuery {
    /// What the file is called: `result.json`.
    name: String,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Uploaded {
    /// What to give as `path` of an import.
    #[schema(value_type = String)]
    path: PathBuf,
    bytes: u64,
}

/// Takes a file that is to be imported
///
/// The body is the file: `result.json`, `messages.json`, or a database. It is written to a folder of its own in the data folder as it comes; what lies there
/// for more than a day is removed by the next upload. All of them together may have `server.max_upload`.
#[utoipa::path(post, path = "/api/v1/archive/uploads", tag = "archive", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Uploaded), (status = 400, body = Problem), (status = 413, description = "It is larger than `server.max_upload` allows", body = Problem)))]
pub(crate) async fn take(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<UploadQuery>,
    body: HttpBody,
) -> Result<(StatusCode, Json<Uploaded>), Problem> {
    // Whoever may do this fills the disk, and may import.
    identity.needs(Scope::Admin)?;
    let name = plain(&query.name)?;
    let Ok(_turn) = TURN.try_lock() else {
        return Err(Problem::unavailable("another file is being uploaded")
            .fix("Wait until it is there, then send this one."));
    };
    let most = web.parts.settings.borrow().server.max_upload;
    let uploads = web.parts.state.folder().join(FOLDER);
    let folder = uploads.join(uuid::Uuid::now_v7().to_string());
    let now = SystemTime::from(web.parts.clock.now());
    let (made, others) = (folder.clone(), uploads.clone());
    let prepared = tokio::task::spawn_blocking(move || {
        let kept = tidy(&others, now);
        fs::create_dir_all(&made).map(|()| kept)
    });
    let kept = prepared.await.map_err(|error| Problem::internal(&error))?;
    let kept = kept.map_err(|error| refused(&folder, &error))?;
    let path = folder.join(name);
    let unfinished = Unfinished(Some(folder));
    let bytes = write(&path, body, most, kept).await?;
    unfinished.keep();
    Ok((StatusCode::CREATED, Json(Uploaded { path, bytes })))
}

/// Half a file is of no use to anybody, also when whoever sent it has gone away in the middle.
struct Unfinished(Option<PathBuf>);

impl Unfinished {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            // What cannot be removed now, an upload after a day removes.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// As it comes: only what is on its way is in memory.
async fn write(path: &Path, body: HttpBody, most: ByteSize, kept: u64) -> Result<u64, Problem> {
    let mut file = File::create_new(path).await.map_err(|error| refused(path, &error))?;
    let mut parts = body.into_data_stream();
    let mut bytes = 0_u64;
    while let Some(part) = parts
        .try_next()
        .await
        .map_err(|_| Problem::bad_request("the file has not come whole").fix("Send it again."))?
    {
        bytes += part.len() as u64;
        if kept + bytes > most.0 {
            let detail = match kept {
                0 => format!("the file is larger than {most}"),
                _ => format!("with what was uploaded before, the file is larger than {most}"),
            };
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).fix(
                "Raise `server.max_upload`, or put the file on the machine of the daemon and give its path.",
            ));
        }
        file.write_all(&part).await.map_err(|error| refused(path, &error))?;
    }
    if bytes == 0 {
        return Err(Problem::bad_request("the file is empty").fix("Choose the file again."));
    }
    file.flush().await.map_err(|error| refused(path, &error))?;
    Ok(bytes)
}

fn refused(path: &Path, error: &io::Error) -> Problem {
    Problem::unavailable(format!("{} cannot be written: {error}", path.display()))
        .fix("Make room on that disk, or see that the data folder can be written to.")
}

/// One name, and nothing that leads anywhere.
fn plain(name: &str) -> Result<&str, Problem> {
    let is_plain = !name.is_empty()
        && name.len() <= LONGEST_NAME
        && !name.starts_with('.')
        && !name.chars().any(|letter| letter.is_control() || "/\\".contains(letter));
    is_plain.then_some(name).ok_or_else(|| {
        Problem::bad_request("`name` is no name of a file").fix("Give the file's own: name=result.json.")
    })
}

/// Removes what is old; how many bytes the others have.
fn tidy(uploads: &Path, now: SystemTime) -> u64 {
    let mut kept = 0;
    for folder in fs::read_dir(uploads).into_iter().flatten().flatten() {
        let files: Vec<_> = fs::read_dir(folder.path()).into_iter().flatten().flatten().collect();
        let facts = || files.iter().filter_map(|file| file.metadata().ok());
        let newest = facts().filter_map(|file| file.modified().ok()).max();
        let is_old = newest.is_none_or(|at| now.duration_since(at).is_ok_and(|age| age > KEPT));
        if is_old && fs::remove_dir_all(folder.path()).is_ok() {
            continue;
        }
        kept += facts().map(|file| file.len()).sum::<u64>();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere() {
        for name in ["", "..", ".hidden", "a/b", "a\\b", "../result.json", "a\0b", &"x".repeat(300)] {
            assert!(plain(name).is_err(), "{name:?}");
        }
        assert_eq!(plain("результат 1.json").unwrap(), "результат 1.json");
    }

    /// As when the sender goes away: the future is dropped.
    #[tokio::test]
    async fn half_a_file_goes_with_who_sent_it() {
        let folder = tempfile::tempdir().unwrap();
        let (half, whole) = (folder.path().join("half"), folder.path().join("whole"));
        for made in [&half, &whole] {
            fs::create_dir(made).unwrap();
        }
        let sending = async {
            let unfinished = Unfinished(Some(half.clone()));
            std::future::pending::<()>().await;
            unfinished.keep();
        };
        assert!(tokio::time::timeout(Duration::ZERO, sending).await.is_err());
        Unfinished(Some(whole.clone())).keep();
        assert_eq!((half.exists(), whole.exists()), (false, true));
    }

    #[test]
    fn old_uploads_make_room() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["old", "new"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("result.json"), "12345").unwrap();
        }
        let now = SystemTime::now();
        let old = fs::File::options().write(true).open(folder.path().join("old/result.json")).unwrap();
        old.set_modified(now - KEPT - Duration::from_secs(1)).unwrap();
        fs::create_dir(folder.path().join("empty")).unwrap();
        assert_eq!(tidy(folder.path(), now), 5);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
