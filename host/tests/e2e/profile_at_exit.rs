//! What is played reaches a Telegram profile, and leaves it with the daemon when that is asked for.

use std::fs;

use serde_json::json;
use tapedeck_sim::telegram::Peer;

use crate::support::{telegram::*, *};

const JOBS: &str = r#"
[player]
min_listening = "0s"

[jobs.player]
kind     = "player"
at_start = true

[jobs.profile]
kind          = "profile-music"
on            = ["track-started", "playback-stopped"]
at_start      = true
overlap       = "queue"
backends      = ["mine"]
clean_at_exit = true

[backends.mine]
kind   = "files"
folder = "music"
"#;

/// Two seconds of silence, a byte for each of 8000 moments a second.
fn silence() -> Vec<u8> {
    const DATA: u32 = 16_000;
    let mut file =
        [b"RIFF".as_slice(), &(36 + DATA).to_le_bytes(), b"WAVEfmt ", &16_u32.to_le_bytes()].concat();
    file.extend([1_u16, 1].into_iter().flat_map(u16::to_le_bytes));
    file.extend([8_000_u32, 8_000].into_iter().flat_map(u32::to_le_bytes));
    file.extend([1_u16, 8].into_iter().flat_map(u16::to_le_bytes));
    file.extend([b"data".as_slice(), &DATA.to_le_bytes()].concat());
    file.resize(file.len() + DATA as usize, 0x80);
    file
}

fn plays(daemon: &Daemon, token: &str, title: &str) {
    let metadata =
        json!({ "artist_name": "Ann", "track_name": title, "additional_info": { "duration_ms": 2_000 } });
    let body = json!({ "listen_type": "playing_now", "payload": [{ "track_metadata": metadata }] });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let status = runtime.block_on(async {
        let request = http_client().post(format!("{}/1/submit-listens", daemon.url()));
        let request = request.header("authorization", format!("Token {token}")).body(body.to_string());
        request.send().await.unwrap().status().as_u16()
    });
    assert_eq!(status, 200);
}

fn songs(sim: &SimTelegram) -> usize {
    sim.telegram(|t| t.profiles.get(&ANN).map_or(0, |profile| profile.music.len()))
}

fn messages(sim: &SimTelegram) -> usize {
    sim.telegram(|t| t.history(ANN, Peer::User(ANN)).map_or(0, |history| history.ids_from(0).count()))
}

#[test]
fn a_stopped_daemon_leaves_nothing_when_asked() {
    let folder = Folder::with(&format!("{SECTION}{JOBS}"));
    let music = folder.path("music");
    fs::create_dir_all(&music).unwrap();
    for title in ["First", "Second"] {
        fs::write(music.join(format!("Ann - {title}.wav")), silence()).unwrap();
    }
    let sim = SimTelegram::open(&folder);
    let token = folder.cli_json(&["token", "add", "scrobbler", "--scope", "scrobble"]);
    let token = token["token"].as_str().unwrap();
    // As somebody who was killed leaves it.
    let left = folder.data().join("music/fetched/left.mp3");
    fs::create_dir_all(left.parent().unwrap()).unwrap();
    fs::write(&left, "half").unwrap();

    let mut daemon = folder.start();
    assert!(!left.exists());
    sim.log_in(&folder, &mut daemon);
    plays(&daemon, token, "First");
    daemon.wait_until("it is shown", |_| songs(&sim) == 1);
    assert_eq!(messages(&sim), 1);
    let runs = daemon.runs("profile").len();
    daemon.stop();
    assert_eq!((songs(&sim), messages(&sim)), (0, 0));

    let mut daemon = folder.start();
    daemon.wait_until("it has looked", |daemon| {
        let statuses = daemon.statuses("profile");
        statuses.len() > runs && statuses.last().is_some_and(|it| it == "succeeded")
    });
    assert_eq!(songs(&sim), 0, "nothing comes back by itself");
    plays(&daemon, token, "Second");
    daemon.wait_until("only that is shown", |_| songs(&sim) == 1);
    daemon.stop();
    assert_eq!((songs(&sim), messages(&sim)), (0, 0));
}
