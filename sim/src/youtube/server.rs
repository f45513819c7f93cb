//! The thin layer over the state that speaks HTTP.

use std::{collections::HashMap, io, net::SocketAddr};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{Recording, sound};
use crate::World;

/// A white square.
const JPEG: &[u8] = include_bytes!("cover.jpg");

/// A YouTube Music that listens. Dropping it closes every connection.
#[derive(Debug)]
pub struct YouTubeServer {
    pub address: SocketAddr,
    _serving: JoinSet<io::Result<()>>,
}

impl YouTubeServer {
    /// In place of `https://music.youtube.com`, and of `https://lrclib.net`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a downloader is told to fetch; `{id}` stands for the recording's.
    pub fn watch_url(&self) -> String {
        format!("{}/sound/{{id}}.wav", self.url())
    }

    /// A picture.
    pub fn cover_url(&self) -> String {
        format!("{}/cover.jpg", self.url())
    }
}

/// Starts one over the world's state, on loopback unless told otherwise.
pub async fn serve(world: &World, listen: impl Into<Option<SocketAddr>>) -> io::Result<YouTubeServer> {
    let listen = listen.into().unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/youtubei/v1/search", post(search))
        .route("/sound/{file}", get(fetch))
        .route("/api/get", get(lyrics))
        .route("/cover.jpg", get(([(header::CONTENT_TYPE, "image/jpeg")], JPEG)))
        .fallback(lost)
        .with_state(world.clone());
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await });
    Ok(YouTubeServer { address, _serving: serving })
}

async fn search(
    State(world): State<World>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    let answer = world.youtube(|youtube| {
        if let Some(status) = youtube.refuses {
            return Ok(StatusCode::from_u16(status)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
                .into_response());
        }
        let body: Value =
            serde_json::from_slice(&body).map_err(|error| format!("a search that is no JSON: {error}"))?;
        let continuation = query.get("continuation").map(String::as_str);
        youtube.search(&body, continuation).map(|answer| json_answer(&answer))
    });
    world.has_changed();
    answer.unwrap_or_else(|why: String| unexpected(&world, StatusCode::BAD_REQUEST, why))
}

async fn fetch(State(world): State<World>, method: Method, Path(file): Path<String>) -> Response {
    let id = file.strip_suffix(".wav").unwrap_or(&file).to_owned();
    let recording: Option<Recording> = world.youtube(|youtube| {
        if method == Method::GET {
            youtube.fetched.push(id.clone());
        }
        youtube.recording(&id).cloned()
    });
    world.has_changed();
    match recording {
        None => unexpected(&world, StatusCode::NOT_FOUND, format!("the sound of {id}, which nobody has")),
        Some(Recording { refuses: Some(status), .. }) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
        Some(recording) => ([(header::CONTENT_TYPE, "audio/x-wav")], sound::wav(&recording)).into_response(),
    }
}

/// As lrclib.net answers.
async fn lyrics(State(world): State<World>, Query(query): Query<HashMap<String, String>>) -> Response {
    let asked = |name: &str| query.get(name).map(|text| text.to_lowercase()).unwrap_or_default();
    let (title, artist) = (asked("track_name"), asked("artist_name"));
    let words = world.youtube(|youtube| {
        let mut named = youtube.recordings.iter().filter(|it| it.title.to_lowercase() == title);
        named.find_map(|it| {
            it.artists.iter().any(|it| it.to_lowercase() == artist).then(|| it.lyrics.clone())?
        })
    });
    match words {
        Some(words) => json_answer(
            &json!({ "id": 1, "instrumental": false, "plainLyrics": words, "syncedLyrics": null }),
        ),
        None => {
            let mut answer = json_answer(&json!({ "code": 404, "name": "TrackNotFound" }));
            *answer.status_mut() = StatusCode::NOT_FOUND;
            answer
        }
    }
}

async fn lost(State(world): State<World>, method: Method, uri: Uri) -> Response {
    unexpected(&world, StatusCode::NOT_FOUND, format!("{method} {}", uri.path()))
}

fn unexpected(world: &World, status: StatusCode, why: String) -> Response {
    world.youtube(|youtube| youtube.unexpected.push(format!("YouTube: {why}")));
    (status, why).into_response()
}

fn json_answer(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=UTF-8")], value.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    use super::*;

    async fn ask(server: &YouTubeServer, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn what_is_found_can_be_heard() {
        let world = World::default();
        let id = world.youtube(|it| {
            it.add(Recording { lyrics: Some("La la".into()), ..Recording::song("Hello", "Adele", "25", 1) })
        });
        let server = serve(&world, None).await.unwrap();
        let body =
            json!({ "context": { "client": { "clientName": "WEB_REMIX" } }, "query": "hello" }).to_string();
        assert!(ask(&server, "POST /youtubei/v1/search?alt=json", &body).await.contains(&id));
        let sound = ask(&server, &format!("GET /sound/{id}.wav"), "").await;
        assert!(sound.starts_with("HTTP/1.1 200") && sound.contains("audio/x-wav") && sound.contains("RIFF"));
        assert!(ask(&server, "GET /api/get?artist_name=Adele&track_name=hello", "").await.contains("La la"));
        assert!(
            ask(&server, "GET /api/get?artist_name=Adele&track_name=x", "").await.starts_with("HTTP/1.1 404")
        );
        assert_eq!(world.youtube(|it| it.fetched.clone()), [id]);
        world.finish().unwrap();
    }

    #[tokio::test]
    async fn what_nobody_knows_fails_the_test() {
        let world = World::default();
        let server = serve(&world, None).await.unwrap();
        for head in ["GET /sound/x.wav", "GET /watch", "POST /youtubei/v1/search"] {
            ask(&server, head, "").await;
        }
        assert_eq!(world.finish().unwrap_err().0.len(), 3);
    }

    #[tokio::test]
    async fn refusals_do_what_they_say() {
        let world = World::default();
        let id = world.youtube(|it| {
            it.refuses = Some(429);
            it.add(Recording { refuses: Some(403), ..Recording::song("Hello", "Adele", "25", 1) })
        });
        let server = serve(&world, None).await.unwrap();
        assert!(ask(&server, "POST /youtubei/v1/search", "{}").await.starts_with("HTTP/1.1 429"));
        assert!(ask(&server, &format!("GET /sound/{id}.wav"), "").await.starts_with("HTTP/1.1 403"));
        world.finish().unwrap();
    }
}
