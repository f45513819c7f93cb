//! What is chosen for each track of the corpus, which is at least as good as what spotDL chooses: `compare.py` asks it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use serde::Deserialize;
use tapedeck_plugin::tracks::{ExternalId, Track};
use tapedeck_spotdl::{Choice, Found, Hit, Song};

#[derive(Deserialize)]
struct Case {
    name: String,
    track: Wanted,
    #[serde(default)]
    isrc: Vec<Listed>,
    #[serde(default)]
    songs: Vec<Listed>,
    #[serde(default)]
    videos: Vec<Listed>,
    best: Option<String>,
    spotdl: Option<String>,
}

#[derive(Deserialize)]
struct Wanted {
    title: String,
    artists: Vec<String>,
    album: Option<String>,
    seconds: Option<u32>,
    isrc: Option<String>,
    explicit: bool,
}

#[derive(Clone, Deserialize)]
struct Listed {
    id: String,
    title: String,
    artists: Vec<String>,
    album: Option<String>,
    seconds: f64,
    views: u64,
    explicit: bool,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("corpus.json")).unwrap()
}

fn track(wanted: &Wanted) -> Track {
    let isrc = wanted.isrc.clone().map(|value| ExternalId { scheme: "isrc".into(), value });
    Track {
        title: wanted.title.clone(),
        artists: wanted.artists.clone(),
        ids: isrc.into_iter().collect(),
        album: wanted.album.clone(),
        duration_ms: wanted.seconds.map(|seconds| seconds * 1000),
        is_explicit: Some(wanted.explicit),
        ..Track::default()
    }
}

fn hits(listed: &[Listed], is_verified: bool) -> Vec<Hit> {
    let hit = |it: Listed| Hit {
        id: it.id,
        title: it.title,
        artists: it.artists,
        album: it.album,
        seconds: Some(it.seconds),
        views: Some(it.views),
        is_explicit: Some(it.explicit),
        is_verified,
    };
    listed.iter().cloned().map(hit).collect()
}

/// As the plugin asks: on to the next search only while nothing is sure.
fn choose(case: &Case) -> Vec<Found> {
    let mut choice = Choice::of(Song::of(&track(&case.track)));
    let _ = case.track.isrc.is_some() && choice.isrc(hits(&case.isrc, true))
        || choice.text(hits(&case.songs, true), "songs")
        || choice.text(hits(&case.videos, false), "videos");
    choice.finish()
}

#[test]
fn the_right_recording_is_chosen() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = choose(&case);
        let best = found.first().filter(|it| it.is_possible()).map(|it| it.hit.id.clone());
        if best != case.best {
            let all: Vec<_> =
                found.iter().map(|it| format!("\n    {} {:?}", it.hit.id, it.verdict)).collect();
            wrong.push(format!("\n{}: {best:?} in place of {:?}{}", case.name, case.best, all.concat()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn spotdl_is_right_less_often() {
    let cases = cases();
    let right = cases.iter().filter(|case| case.spotdl == case.best).count();
    assert!(cases.len() >= 90 && right < cases.len(), "{right} of {}", cases.len());
}
