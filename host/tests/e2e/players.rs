//! What plays reaches the ledger once, whatever happens to the daemon meanwhile.

use serde_json::{Value, json};
use tapedeck_sim::{
    World,
    spotify::{self, Song, Spotify, SpotifyServer},
};

use crate::support::*;

fn token(folder: &Folder, scope: &str) -> String {
    let added = folder.cli_json(&["token", "add", scope, "--scope", scope]);
    added["token"].as_str().unwrap().to_owned()
}

fn listen(number: i64) -> Value {
    let metadata = json!({ "artist_name": "Ann", "track_name": format!("Song {number}"),
        "additional_info": { "duration_ms": 200_000 } });
    json!({ "listened_at": 1_700_000_000 + number * 211, "track_metadata": metadata })
}

#[test]
fn a_killed_daemon_loses_and_doubles_no_listen() {
    let folder = Folder::with("[jobs.player]\nkind = \"player\"\nat_start = true\n");
    let token = token(&folder, "scrobble");
    let listens: Vec<Value> = (0..40).map(listen).collect();
    for round in 0..4 {
        let daemon = folder.start();
        for listen in &listens[round * 10..(round + 1) * 10] {
            let body = json!({ "listen_type": "single", "payload": [listen] });
            assert_eq!(daemon.submit(&token, &body), Some(200));
        }
        // A client that did not hear the answer sends it again.
        daemon.kill();
    }
    let daemon = folder.start();
    assert_eq!(daemon.get("/api/v1/music/history")["total"], 40);
    assert_eq!(daemon.submit(&token, &json!({ "listen_type": "import", "payload": listens })), Some(200));
    let history = daemon.get("/api/v1/music/history?limit=1000");
    assert_eq!((&history["total"], history["plays"].as_array().unwrap().len()), (&json!(40), 40));
    daemon.stop();
}

struct Scene {
    world: World,
    folder: Folder,
    _server: SpotifyServer,
    _runtime: tokio::runtime::Runtime,
}

/// A simulated Spotify, somebody who is logged in there, and a job that notices songs.
fn scene() -> Scene {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let world = World::default();
    let server = runtime.block_on(spotify::serve(&world, None)).unwrap();
    let refresh = world.spotify(|spotify| {
        spotify.grant(Spotify::CLIENT, Spotify::USER, "user-read-currently-playing", true)
    });
    let folder = Folder::with(&format!(
        "[spotify]\nclient_id = \"{}\"\nrefresh_token = \"{refresh}\"\napi_url = \"{}\"\naccounts_url = \"{}\"\n\
         [player]\nmin_listening = \"1s\"\nstop_grace = \"1s\"\n\
         [jobs.player]\nkind = \"player\"\nat_start = true\n\
         [jobs.noticed]\nkind = \"command\"\nprogram = \"true\"\non = [\"track-started\"]\n\
         [jobs.silence]\nkind = \"command\"\nprogram = \"true\"\non = [\"playback-stopped\"]\n",
        Spotify::CLIENT,
        server.api_url(),
        server.accounts_url(),
    ));
    Scene { world, folder, _server: server, _runtime: runtime }
}

fn titles(daemon: &Daemon) -> Vec<String> {
    let history = daemon.get("/api/v1/music/history");
    let plays = history["plays"].as_array().unwrap_or_else(|| panic!("{history}"));
    plays.iter().map(|play| play["track"]["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_song_on_spotify_is_noticed_once_over_a_kill() {
    let scene = scene();
    scene.world.spotify(|spotify| spotify.play([Song::new("Ann", "First", 200)]));
    let mut daemon = scene.folder.start();
    daemon.wait_until("the song counts", |daemon| titles(daemon) == ["First"]);
    daemon.wait_until("its job has run", |daemon| daemon.statuses("noticed") == ["succeeded"]);
    let now = daemon.get("/api/v1/music/now");
    assert_eq!((&now["now"]["track"]["title"], &now["now"]["source"]), (&json!("First"), &json!("spotify")));
    daemon.kill();

    let mut daemon = scene.folder.start();
    daemon.wait_until("it is heard again", |daemon| !daemon.get("/api/v1/music/now")["now"].is_null());
    assert_eq!(titles(&daemon), ["First"]);
    daemon.stop();
}

#[test]
fn a_pause_that_spotify_asks_for_is_shown() {
    let scene = scene();
    scene.world.spotify(|spotify| spotify.rate_limit(86_400));
    let mut daemon = scene.folder.start();
    daemon.wait_until("the run waits", |daemon| daemon.statuses("player") == ["waiting"]);
    let run = daemon.runs("player").remove(0);
    assert_eq!(run["waiting_for"], "Spotify");
    let now = daemon.get("/api/v1/music/now");
    assert_eq!(now["sources"][0]["state"], "limited");
    assert_eq!(now["sources"][0]["limited_until"], run["waiting_until"]);
    daemon.stop();
    let asked = scene.world.spotify(|spotify| spotify.calls_to("currently-playing").count());
    assert_eq!(asked, 1);
}
