//! Files that somebody sends from their own machine, to be imported.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use axum::{
    Json,
    body::{Body as HttpBody, BodyDataStream},
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use tokio::{fs::File, io::AsyncWriteExt as _, time::timeout};

use crate::{
    model::{ByteSize, Scope},
    web::{Web, auth::Identity, error::Problem, extract::Query},
};

const FOLDER: &str = "uploads";
/// The one route whose requests may take as long as something comes.
pub(crate) const PATH: &str = "/api/v1/archive/uploads";
/// An import begins at once; what is left of it after this time is in nobody's way any more.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
const LONGEST_NAME: usize = 255;

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
/// for more than a day is removed by the next upload. All of them together may have `server.max_upload`. It may take as long as it needs, as long as
/// something comes every half a minute. One upload goes on at a time.
#[utoipa::path(post, path = "/api/v1/archive/uploads", tag = "archive", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Uploaded), (status = 400, body = Problem), (status = 408, description = "Nothing has come for half a minute", body = Problem), (status = 413, description = "It is larger than `server.max_upload` allows", body = Problem)))]
pub(crate) async fn take(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: HttpBody,
) -> Result<(StatusCode, Json<Uploaded>), Problem> {
    // Whoever may do this fills the disk, and may import.
    identity.needs(Scope::Admin)?;
    let name = plain(&query.name)?;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let mut parts = body.into_data_stream();
    let taken = in_turn(&web, name, length, &mut parts).await;
    if taken.is_err() {
        let rest = async { while let Ok(Some(_)) = parts.try_next().await {} };
        // Who is still sending may not hear an answer; who sends on for longer does without one.
        let _ = timeout(web.patience.refusal, rest).await;
    }
    Ok((StatusCode::CREATED, Json(taken?)))
}

/// Where uploads lie, each in a folder of its own.
pub(super) fn folder(web: &Web) -> PathBuf {
    web.parts.state.folder().join(FOLDER)
}

/// One at a time, so that all of them together have what one may have.
async fn in_turn(
    web: &Web,
    name: &str,
    length: Option<u64>,
    parts: &mut BodyDataStream,
) -> Result<Uploaded, Problem> {
    let Ok(_turn) = web.upload.try_lock() else {
        return Err(Problem::unavailable("another file is being uploaded")
            .fix("Wait until it is there, then send this one."));
    };
    let most = web.parts.settings.borrow().server.max_upload;
    let uploads = folder(web);
    let folder = uploads.join(uuid::Uuid::now_v7().to_string());
    let now = SystemTime::from(web.parts.clock.now());
    let tidying = tokio::task::spawn_blocking(move || tidy(&uploads, now));
    let room = Room { most, kept: tidying.await.map_err(|error| Problem::internal(&error))? };
    if let Some(bytes) = length {
        room.takes(bytes)?;
    }
    receive(folder, name, parts, room, web.patience.upload).await
}

/// Into a folder of its own, which goes unless all of it comes.
async fn receive(
    folder: PathBuf,
    name: &str,
    parts: &mut BodyDataStream,
    room: Room,
    patience: Duration,
) -> Result<Uploaded, Problem> {
    let path = folder.join(name);
    let unfinished = Unfinished(Some(folder.clone()));
    tokio::fs::create_dir_all(&folder).await.map_err(|error| refused(&folder, &error))?;
    let bytes = write(&path, parts, room, patience).await?;
    unfinished.keep();
    Ok(Uploaded { path, bytes })
}

/// How much there may be.
#[derive(Clone, Copy, Debug)]
struct Room {
    most: ByteSize,
    /// What was uploaded before.
    kept: u64,
}

impl Room {
    fn takes(self, bytes: u64) -> Result<(), Problem> {
        let Self { most, kept } = self;
        if kept.saturating_add(bytes) <= most.0 {
            return Ok(());
        }
        let detail = match kept {
            0 => format!("the file is larger than {most}"),
            _ => format!("with what was uploaded before, the file is larger than {most}"),
        };
        Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail).fix(
            "Raise `server.max_upload`, or put the file on the machine of the daemon and give its path.",
        ))
    }
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
async fn write(
    path: &Path,
    parts: &mut BodyDataStream,
    room: Room,
    patience: Duration,
) -> Result<u64, Problem> {
    let mut file = File::create_new(path).await.map_err(|error| refused(path, &error))?;
    let mut bytes = 0_u64;
    let late = |_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "nothing has come of the file for too long")
            .fix("Send it again, on a better connection.")
    };
    let broken = |_| Problem::bad_request("the file has not come whole").fix("Send it again.");
    while let Some(part) = timeout(patience, parts.try_next()).await.map_err(late)?.map_err(broken)? {
        bytes += part.len() as u64;
        room.takes(bytes)?;
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
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use axum::body::Bytes;
    use futures_util::{StreamExt as _, stream};

    use super::*;
    use crate::web::{
        parts::Patience,
        testing::{Ask, TestWeb},
    };

    #[test]
    fn names_lead_nowhere() {
        for name in ["", "..", ".hidden", "a/b", "a\\b", "../result.json", "a\0b", &"x".repeat(300)] {
            assert!(plain(name).is_err(), "{name:?}");
        }
        assert_eq!(plain("результат 1.json").unwrap(), "результат 1.json");
    }

    const LONG: Duration = Duration::from_secs(3600);

    /// One part, and then nothing more; the end does not come either.
    fn stalled() -> HttpBody {
        let first = stream::iter([Ok::<_, io::Error>(Bytes::from_static(b"{ \"messages\": ["))]);
        HttpBody::from_stream(first.chain(stream::pending()))
    }

    /// As when the sender goes away: the future is dropped.
    #[tokio::test]
    async fn half_a_file_goes_with_who_sent_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("upload");
        let room = Room { most: ByteSize(1000), kept: 0 };
        let mut parts = stalled().into_data_stream();
        let mut receiving = Box::pin(receive(folder.clone(), "result.json", &mut parts, room, LONG));
        let arrived = async {
            while !fs::metadata(folder.join("result.json")).is_ok_and(|file| file.len() > 0) {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = &mut receiving => panic!("it has not come whole"),
            () = arrived => {}
        }
        drop(receiving);
        assert!(!folder.exists() && parent.path().exists());
        let mut parts = HttpBody::from("{}").into_data_stream();
        let whole = receive(folder.clone(), "result.json", &mut parts, room, LONG).await.unwrap();
        assert_eq!((fs::read(whole.path).unwrap(), whole.bytes), (b"{}".to_vec(), 2));
    }

    fn asking(world: &TestWeb, body: impl Into<HttpBody>) -> Ask<'_> {
        let request = world.post(&format!("{PATH}?name=result.json")).on_our_page();
        request.header("content-type", "application/octet-stream").body(body)
    }

    /// Everything else that is not there at once is cut off.
    #[tokio::test]
    async fn an_upload_takes_as_long_as_it_needs() {
        let patience = Patience { request: Duration::ZERO, ..Patience::default() };
        let world = TestWeb::with_patience(patience);
        assert_eq!(asking(&world, "{}").send().await.status, 201);
        let other = world.post("/api/v1/archive/imports").on_our_page();
        other.header("content-type", "application/json").body(stalled()).send().await.problem(408);
    }

    #[tokio::test]
    async fn who_sends_nothing_more_makes_room_for_others() {
        let patience = Patience { upload: Duration::from_millis(20), ..Patience::default() };
        let world = TestWeb::with_patience(patience);
        assert!(asking(&world, stalled()).send().await.problem(408).contains("again"));
        let uploads = world.state.folder().join(FOLDER);
        assert_eq!(fs::read_dir(uploads).unwrap().count(), 0, "half of it is gone");
        assert_eq!(asking(&world, "{}").send().await.status, 201);
    }

    #[tokio::test]
    async fn one_file_comes_at_a_time() {
        let (world, other) = (TestWeb::open(), TestWeb::open());
        let _turn = world.web.upload.lock().await;
        asking(&world, "{}").send().await.problem(503);
        assert_eq!(asking(&other, "{}").send().await.status, 201, "of each daemon");
    }

    #[tokio::test]
    async fn what_says_that_it_is_too_large_is_refused_unread() {
        let patience = Patience { refusal: Duration::from_millis(20), ..Patience::default() };
        let world = TestWeb::with_patience(patience);
        world.change_settings(|settings| settings.server.max_upload = ByteSize(10));
        let refused = asking(&world, stalled()).header("content-length", "11").send().await;
        assert!(refused.problem(413).contains("10"));
        let uploads = world.state.folder().join(FOLDER);
        assert!(!uploads.exists(), "nothing was written");
        // What is on its way is taken before the answer, so that whoever sends it hears it.
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = taken.clone();
        let parts = (0..5).map(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, io::Error>(Bytes::from_static(b"12345678"))
        });
        asking(&world, HttpBody::from_stream(stream::iter(parts))).send().await.problem(413);
        assert_eq!(taken.load(Ordering::Relaxed), 5);
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
