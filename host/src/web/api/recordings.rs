//! Pictures and sound of songs.

use std::path::Path;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};
use tokio_util::io::ReaderStream;

use super::profile::OfAccount;
use crate::{
    model::{Scope, TrackKey},
    music::{covers::Picture, profile::RecordingError},
    web::{
        Web,
        auth::Identity,
        error::{Problem, with_causes},
        extract::{Query, Segment},
    },
};

/// A song's picture is for ever.
const KEEP: &str = "private, max-age=604800";
const BLOCK: usize = 64 * 1024;

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfSong {
    /// The key of its track. Default: the one that plays now.
    song: Option<String>,
    /// Anything: so that another song's picture has another address.
    #[serde(rename = "for")]
    _for: Option<String>,
}

/// Gives the picture of a song that was played
#[utoipa::path(get, path = "/api/v1/music/cover", tag = "music", params(OfSong),
    responses((status = 200, description = "JPEG, PNG, GIF or WebP", body = Vec<u8>, content_type = "image/*"),
              (status = 404, description = "There is none", body = Problem)))]
pub(crate) async fn cover(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<OfSong>,
) -> Result<Response, Problem> {
    identity.needs(Scope::Read)?;
    let music = &web.parts.music;
    let picture = match query.song.map(TrackKey::from) {
        Some(song) => match music.ledger.plays_of(&song, 1)?.first() {
            Some(play) => music.covers.of(&play.track).await,
            None => None,
        },
        None => match music.players.window.view().now.and_then(|now| now.track.cover_url) {
            Some(url) => music.covers.fetch(&url).await,
            None => None,
        },
    };
    let Picture { mime, bytes } = picture.ok_or_else(|| {
        Problem::not_found("this song has no picture")
            .fix("`cover_url` of a track says whether there is one.")
    })?;
    let headers = [(header::CONTENT_TYPE, mime), (header::CACHE_CONTROL, KEEP)];
    Ok((headers, bytes).into_response())
}

/// Gives a song of the profile to listen to
///
/// The first time it is brought from Telegram, which may take seconds. Ranges are understood.
#[utoipa::path(get, path = "/api/v1/music/profile/songs/{document}/recording", tag = "music",
    params(("document" = i64, Path, description = "Telegram's number of the document"), OfAccount),
    responses((status = 200, body = Vec<u8>, content_type = "audio/*"), (status = 206, description = "A part of it"),
              (status = 404, description = "It is not on the profile", body = Problem),
              (status = 503, description = "Telegram does not answer, or asks for a pause", body = Problem)))]
pub(crate) async fn recording(
    State(web): State<Web>,
    identity: Identity,
    Segment(document): Segment<i64>,
    Query(query): Query<OfAccount>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    identity.needs(Scope::Read)?;
    let account = query.account.unwrap_or_else(|| web.parts.accounts.default_account());
    let path = web.parts.music.recordings.file(&account, document).await?;
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    send(&path, range).await
}

async fn send(path: &Path, range: Option<&str>) -> Result<Response, Problem> {
    let mut file = File::open(path).await.map_err(|error| Problem::internal(&error))?;
    let length = file.metadata().await.map_err(|error| Problem::internal(&error))?.len();
    let mime = kind_of(&mut file).await.ok_or_else(|| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this is no recording that browsers can play")
            .fix("Listen to it in Telegram.")
    })?;
    let (from, until, status) = match range.and_then(|range| part(range, length)) {
        Some(Some((from, until))) => (from, until, StatusCode::PARTIAL_CONTENT),
        Some(None) => {
            let whole = format!("bytes */{length}");
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, whole)]).into_response());
        }
        None => (0, length, StatusCode::OK),
    };
    file.seek(std::io::SeekFrom::Start(from)).await.map_err(|error| Problem::internal(&error))?;
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(until - from), BLOCK));
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
    headers.insert(header::CONTENT_LENGTH, (until - from).into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    if status == StatusCode::PARTIAL_CONTENT {
        let part = format!("bytes {from}-{}/{length}", until - 1);
        headers.insert(header::CONTENT_RANGE, HeaderValue::try_from(part).expect("digits only"));
    }
    Ok(response)
}

/// The part that is asked for, its end not included. None: it is not one part of this file, and all of it
/// is given; `Some(None)`: it lies outside.
fn part(range: &str, length: u64) -> Option<Option<(u64, u64)>> {
    let (from, until) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (from, until) = match (from.trim().is_empty(), until.trim().is_empty()) {
        (false, true) => (number(from)?, length),
        (false, false) => (number(from)?, number(until)?.saturating_add(1).min(length)),
        (true, false) => (length.saturating_sub(number(until)?), length),
        (true, true) => return None,
    };
    Some((from < until).then_some((from, until)))
}

/// By its first bytes: what a file was called says nothing.
async fn kind_of(file: &mut File) -> Option<&'static str> {
    let mut head = [0; 12];
    let read = file.read(&mut head).await.ok()?;
    match &head[..read] {
        [b'I', b'D', b'3', ..] | [0xff, 0xe0..=0xff, ..] => Some("audio/mpeg"),
        [b'f', b'L', b'a', b'C', ..] => Some("audio/flac"),
        [b'O', b'g', b'g', b'S', ..] => Some("audio/ogg"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("audio/mp4"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("audio/wav"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some("audio/webm"),
        _ => None,
    }
}

impl From<RecordingError> for Problem {
    fn from(error: RecordingError) -> Self {
        match error {
            RecordingError::Gone => Self::not_found(error.to_string())
                .fix("GET /api/v1/music/profile lists those that are there."),
            RecordingError::TooLarge(_) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()).fix("Listen to it in Telegram.")
            }
            RecordingError::Account(error) => error.into(),
            RecordingError::State(error) => error.into(),
            RecordingError::Telegram(_) | RecordingError::Download(_) => {
                Self::unavailable(with_causes(&error))
                    .fix("Try again later; the accounts' page says how Telegram is.")
            }
            RecordingError::Disk(_) => Self::unavailable(with_causes(&error)).fix("Make room on the disk."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Document, Track},
        state::{Added, ProfileSong},
        web::testing::{TestWeb, now},
    };

    #[test]
    fn ranges_are_read_as_browsers_write_them() {
        assert_eq!(part("bytes=0-", 100), Some(Some((0, 100))));
        assert_eq!(part("bytes=10-19", 100), Some(Some((10, 20))));
        assert_eq!(part("bytes=10-1000", 100), Some(Some((10, 100))));
        assert_eq!(part("bytes=-30", 100), Some(Some((70, 100))));
        assert_eq!(part("bytes=-300", 100), Some(Some((0, 100))));
        for outside in ["bytes=100-", "bytes=20-10", "bytes=-0"] {
            assert_eq!(part(outside, 100), Some(None), "{outside}");
        }
        for other in ["bytes=-", "bytes=0-1,5-6", "pages=1-2", "bytes=a-b", ""] {
            assert_eq!(part(other, 100), None, "{other}");
        }
    }

    /// A world with one song of the user's own on the profile.
    fn with_song(bytes: &[u8]) -> TestWeb {
        let world = TestWeb::open();
        let file = world.state.folder().join("song");
        std::fs::write(&file, bytes).unwrap();
        let mut track = world.state.profile_tracks.get("main", "added:1").unwrap();
        track.added = Some(Added { at: now(), track: Track::default(), file });
        world.state.profile_tracks.put(&track).unwrap();
        let song = serde_json::json!({
            "account": "main", "id": "1", "track": "added:1", "title": "T", "file_name": "f", "bytes": 1, "made": now(),
        });
        let mut song: ProfileSong = serde_json::from_value(song).unwrap();
        song.document = Some(Document { id: 7, access_hash: 0, reference: Default::default() });
        world.state.profile_songs.put(&song).unwrap();
        world
    }

    #[tokio::test]
    async fn songs_are_heard_in_parts() {
        let bytes: Vec<u8> = b"ID3".iter().copied().chain((0..200_000).map(|it| it as u8)).collect();
        let world = with_song(&bytes);
        let address = "/api/v1/music/profile/songs/7/recording";
        let whole = world.get(address).start().await;
        assert_eq!(
            (whole.status(), &whole.headers()["content-type"]),
            (StatusCode::OK, &HeaderValue::from_static("audio/mpeg"))
        );
        let body = axum::body::to_bytes(whole.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body, bytes);
        let part = world.get(address).header("range", "bytes=100000-100009").start().await;
        assert_eq!(part.headers()["content-range"], format!("bytes 100000-100009/{}", bytes.len()));
        let body = axum::body::to_bytes(part.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body, bytes[100_000..100_010]);
        let outside = world.get(address).header("range", "bytes=900000-").start().await;
        assert_eq!(outside.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    }

    #[tokio::test]
    async fn only_sound_is_played() {
        let world = with_song(b"<!doctype html><script>");
        world.get("/api/v1/music/profile/songs/7/recording").send().await.problem(415);
        world.get("/api/v1/music/profile/songs/8/recording").send().await.problem(404);
    }

    #[tokio::test]
    async fn a_song_without_a_picture_has_none() {
        let world = TestWeb::open();
        world.get("/api/v1/music/cover").send().await.problem(404);
        world.get("/api/v1/music/cover?song=spotify:1").send().await.problem(404);
    }
}
