//! The demo plays music: silence lands on the simulated profile at once, a melody takes its place, and the
//! oldest song leaves.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::demo::Demo;

/// The songs that the profile keeps.
const KEEP: usize = 3;

#[derive(Clone, Debug, PartialEq)]
struct Seen {
    track: String,
    is_placeholder: bool,
}

fn profile(demo: &Demo) -> Vec<Seen> {
    let view = demo.ask(&["music", "list"]);
    let songs = view["songs"].as_array().unwrap_or_else(|| panic!("{view}"));
    let seen = |song: &Value| Seen {
        track: song["track"].as_str().unwrap_or_default().to_owned(),
        is_placeholder: song["is_placeholder"] == true,
    };
    songs.iter().map(seen).collect()
}

/// The song whose silence became music between two looks, where no other had come or gone.
fn improved(before: &[Seen], after: &[Seen]) -> bool {
    let tracks = |seen: &[Seen]| seen.iter().map(|it| it.track.clone()).collect::<Vec<_>>();
    let pairs = || before.iter().zip(after);
    tracks(before) == tracks(after)
        && pairs().any(|(before, after)| before.is_placeholder && !after.is_placeholder)
}

#[test]
fn demo_plays_music_onto_a_profile() {
    let plugins = tempfile::tempdir().unwrap();
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/plugins/zero.wasm");
    std::fs::copy(built, plugins.path().join("zero.wasm")).expect("build it with `make plugins`");
    let folder = plugins.path().to_str().unwrap();
    let demo = Demo::start(&["--plugins", folder, "--for", "90s", "--tempo", "16"]);
    let (mut before, mut all) = (Vec::new(), Vec::<String>::new());
    let (mut has_improved, mut has_evicted) = (false, false);
    let started = Instant::now();
    while !(has_improved && has_evicted) {
        let after = profile(&demo);
        has_improved |= improved(&before, &after);
        let is_gone = |track: &String| !after.iter().any(|seen| seen.track == *track);
        has_evicted |= after.len() == KEEP && all.iter().any(is_gone);
        all.extend(
            after
                .iter()
                .map(|seen| seen.track.clone())
                .filter(|track| !all.contains(track))
                .collect::<Vec<_>>(),
        );
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "improved: {has_improved}, evicted: {has_evicted}; {after:?}"
        );
        before = after;
    }
    for job in ["profile-music", "player", "now-playing"] {
        let runs = demo.ask(&["jobs", "history", job]);
        assert!(runs.as_array().unwrap().iter().all(|run| run["status"] != "failed"), "{runs}");
    }
}
