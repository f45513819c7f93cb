//! From the word of a scrobbler to a song on the profile: ledger, event, run, file, message, place. What
//! Spotify adds is when it is asked, which `calls` is about.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tapedeck_sim::{
    World,
    telegram::{Options, serve},
};

use crate::{
    daemon::Daemon,
    figures::{figure, percentile},
};

const ANN: i64 = 1001;
const CHANGES: usize = 200;
/// As fast as the pace that we promise Telegram lets songs through in the long run: two calls each.
const BETWEEN: Duration = Duration::from_millis(700);
/// What starting leaves behind is gone by then.
const SETTLED: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(60);

const JOBS: &str = r#"
[telegram]
api_id = 1
api_hash = "0123456789abcdef0123456789abcdef"
servers = "servers.json"
pace = "fast"
[player]
sources = ["listenbrainz"]
[jobs.player]
kind = "player"
at_start = true
[jobs.profile]
kind = "profile-music"
on = ["track-started", "playback-stopped", "profile-changed"]
overlap = "queue"
queue_limit = 1
backends = ["zero"]
keep = 1000
"#;

pub(crate) fn measure() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime").block_on(measure_here());
}

async fn measure_here() {
    let world = World::default();
    world.telegram(|t| {
        t.add_account(ANN, "Ann", "+34600111222", 4);
    });
    let server = serve(&world, Options::default()).await.expect("ports on loopback");
    let folder = tempfile::tempdir().expect("a folder");
    let servers = serde_json::to_vec(server.servers()).expect("servers are plain");
    std::fs::write(folder.path().join("servers.json"), servers).expect("a file");
    let daemon = tokio::task::block_in_place(|| Daemon::start(folder.path(), JOBS));
    let deck = Deck::of(&daemon);
    deck.log_in(&world).await;
    tokio::time::sleep(SETTLED).await;
    figure("memory, player and profile waiting", daemon.resident_mib(), "MiB");

    let token = deck.post("/api/v1/tokens", &json!({ "name": "scrobbler", "scopes": ["scrobble"] })).await;
    let token = token["token"].as_str().expect("a token").to_owned();
    let mut micros = Vec::with_capacity(CHANGES);
    for number in 0..CHANGES {
        let begun = Instant::now();
        deck.listen(&token, number).await;
        let is_shown = world
            .wait_for_telegram(|t| t.profiles.get(&ANN).is_some_and(|profile| profile.music.len() > number));
        tokio::time::timeout(PATIENCE, is_shown).await.expect("it is shown");
        micros.push(u64::try_from(begun.elapsed().as_micros()).expect("it is short"));
        tokio::time::sleep(BETWEEN).await;
    }
    micros.sort_unstable();
    for share in [50, 95] {
        let label = format!("track change to visible, {CHANGES} of them, p{share}");
        figure(&label, percentile(&micros, share) as f64 / 1000.0, "ms");
    }
    figure("memory after them", daemon.resident_mib(), "MiB");
}

/// The daemon, asked over HTTP.
struct Deck {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Deck {
    fn of(daemon: &Daemon) -> Self {
        // Another part of the program may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (url, token) = daemon.door();
        let http = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        Self { http, url, token }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let request = request.header("content-type", "application/json").body(body.to_string());
        let text = request.send().await.expect("it answers").text().await.expect("a text");
        serde_json::from_str(&text).expect("it is JSON")
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let text = request.send().await.expect("it answers").text().await.expect("a text");
        serde_json::from_str(&text).expect("it is JSON")
    }

    /// Ann scans the code with her phone.
    async fn log_in(&self, world: &World) {
        let login = self.post("/api/v1/logins", &json!({ "account": "main", "method": "qr" })).await;
        let path = format!("/api/v1/logins/{}", login["id"].as_str().expect("an id"));
        let begun = Instant::now();
        let mut is_scanned = false;
        loop {
            assert!(begun.elapsed() < PATIENCE, "the login does not end");
            let step = self.get(&path).await["step"].take();
            match step["state"].as_str() {
                Some("done") => return,
                Some("qr") if !is_scanned => {
                    let link = step["url"].as_str().expect("a link").to_owned();
                    world.telegram(|t| t.scan(&link, ANN)).expect("it is a code of ours");
                    is_scanned = true;
                }
                _ => {}
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn listen(&self, token: &str, number: usize) {
        let metadata = json!({ "artist_name": "Ann", "track_name": format!("Song {number}"),
            "additional_info": { "duration_ms": 200_000 } });
        let heard = json!({ "listened_at": 1_700_000_000 + number * 250, "track_metadata": metadata });
        let body = json!({ "listen_type": "single", "payload": [heard] });
        let request = self.http.post(format!("{}/1/submit-listens", self.url));
        let request = request.header("authorization", format!("Token {token}")).body(body.to_string());
        let answer = request.send().await.expect("it answers");
        assert!(answer.status().is_success(), "{answer:?}");
    }
}
