//! How long it takes to judge fifty recordings and choose one: `cargo bench -p tapedeck-spotdl`. The aim is 80 µs; spotDL takes
//! 7.8 ms.
#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use std::{hint::black_box, time::Instant};

use tapedeck_plugin::tracks::Track;
use tapedeck_spotdl::{Choice, Hit, Song};

const ROUNDS: usize = 2_000;
const HITS: usize = 50;

fn track() -> Track {
    Track {
        title: "Uptown Funk (feat. Bruno Mars)".into(),
        artists: vec!["Mark Ronson".into(), "Bruno Mars".into()],
        album: Some("Uptown Special".into()),
        duration_ms: Some(269_000),
        is_explicit: Some(false),
        ..Track::default()
    }
}

/// Like a page of a search: the song, its versions, covers of it, and other songs.
fn hits() -> Vec<Hit> {
    let titles = [
        "Uptown Funk (feat. Bruno Mars)",
        "Mark Ronson - Uptown Funk (Official Video) ft. Bruno Mars",
        "Uptown Funk (Live at the BRITs)",
        "Uptown Funk - Karaoke Version (Originally Performed by Mark Ronson)",
        "Treasure",
        "Uptown Funk (Piano Cover) | Sheet Music",
        "Feel Right (feat. Mystikal)",
        "UPTOWN FUNK! 1 hour loop [4K]",
        "Just the Way You Are",
        "Аптаун фанк",
    ];
    let artists = ["Mark Ronson", "MarkRonsonVEVO", "Sing King", "Bruno Mars", "Some Channel"];
    let hit = |at: usize| Hit {
        id: format!("id{at}"),
        title: titles[at % titles.len()].into(),
        artists: vec![artists[at % artists.len()].into()],
        album: Some("Uptown Special".into()),
        seconds: Some(260.0 + (at % 17) as f64),
        views: Some(at as u64 * 1000),
        is_explicit: Some(false),
        is_verified: at.is_multiple_of(2),
    };
    (0..HITS).map(hit).collect()
}

fn main() {
    let (track, hits) = (track(), hits());
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let hits = hits.clone();
            let began = Instant::now();
            let mut choice = Choice::of(Song::of(black_box(&track)));
            choice.text(hits, "songs");
            let found = choice.finish();
            let time = began.elapsed();
            black_box(found);
            time
        })
        .collect();
    times.sort();
    let (least, median) = (times[0], times[ROUNDS / 2]);
    println!("{HITS} recordings judged in {median:?} (median of {ROUNDS}; the best {least:?})");
}
