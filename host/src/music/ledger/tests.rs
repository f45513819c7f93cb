use std::time::Duration;

use jiff::SignedDuration;
use tempfile::TempDir;

use super::*;
use crate::model::{Said, SourceName, Track, TrackId};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

fn seen(second: i64) -> Seen {
    Seen { at: at(second), progress: None, is_playing: true }
}

fn song(title: &str, ids: &[(&str, &str)]) -> Track {
    let ids = ids.iter().map(|(scheme, value)| TrackId { scheme: (*scheme).into(), value: (*value).into() });
    Track {
        title: title.into(),
        artists: vec!["Ann".into()],
        duration: Some(Duration::from_secs(200)),
        ids: ids.collect(),
        ..Track::default()
    }
}

fn play(source: SourceName, track: Track, second: i64) -> Play {
    let key = TrackKey::of(&track);
    let started = at(second);
    Play {
        id: play_id(&key, started),
        key,
        track,
        sources: vec![Said { source, client: None, started }],
        started,
        ended: None,
        listened: Duration::ZERO,
        ended_how: None,
    }
}

fn listen(track: Track, second: i64) -> Listen {
    Listen { track, started: at(second), source: SourceName::ListenBrainz, client: Some("navidrome".into()) }
}

fn open() -> (Ledger, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (reopen(&folder), folder)
}

fn reopen(folder: &TempDir) -> Ledger {
    Ledger::new(State::open(folder.path()).unwrap())
}

async fn begin(ledger: &Ledger, track: Track, second: i64) -> Play {
    ledger.begin(play(SourceName::Spotify, track, second), seen(second)).await.unwrap()
}

fn titles(ledger: &Ledger, most: usize) -> Vec<String> {
    ledger.recent_distinct(most).unwrap().into_iter().map(|heard| heard.track.title).collect()
}

#[tokio::test]
async fn recent_songs_are_distinct_and_newest_first() {
    let (ledger, _folder) = open();
    for (second, title) in [(0, "a"), (200, "b"), (400, "c"), (600, "a"), (800, "a")] {
        begin(&ledger, song(title, &[]), second).await;
    }
    assert_eq!(titles(&ledger, 10), ["a", "c", "b"]);
    assert_eq!(titles(&ledger, 2), ["a", "c"]);
    assert_eq!(ledger.recent_distinct(1).unwrap()[0].last, at(800));
    assert_eq!(ledger.plays_of(&TrackKey::of(&song("a", &[])), 9).unwrap().len(), 3);
}

#[tokio::test]
async fn begins_once_over_a_kill() {
    let (ledger, folder) = open();
    let before = begin(&ledger, song("a", &[("spotify", "1")]), 0).await;
    drop(ledger);
    let ledger = reopen(&folder);
    let again = begin(&ledger, song("a", &[("spotify", "1")]), 4).await;
    assert_eq!((again.id, again.started), (before.id, before.started));
    assert_eq!(ledger.count(), 1);
}

#[tokio::test]
async fn two_sources_tell_of_one_play() {
    let (ledger, _folder) = open();
    begin(&ledger, song("Song", &[("spotify", "1"), ("isrc", "USAA10000001")]), 0).await;
    for (track, second) in [(song("Song", &[("isrc", "USAA10000001")]), 2), (song("SONG!", &[]), 190)] {
        let told = Listen { client: Some(second.to_string()), ..listen(track, second) };
        assert_eq!(ledger.take(&[told]).await.unwrap(), Taken { new: 0, known: 1 }, "{second}");
    }
    let plays = ledger.page(None, 9).unwrap();
    assert_eq!(plays.len(), 1);
    let sources: Vec<_> = plays[0].sources.iter().map(|said| said.source.as_str()).collect();
    assert_eq!(sources, ["spotify", "listenbrainz", "listenbrainz"]);
}

#[tokio::test]
async fn a_listen_told_before_is_joined() {
    let (ledger, _folder) = open();
    ledger.take(&[listen(song("a", &[]), 3)]).await.unwrap();
    let play = begin(&ledger, song("a", &[("spotify", "1")]), 0).await;
    assert_eq!((ledger.count(), play.sources.len()), (1, 2));
    assert_eq!((play.ended_how, play.track.id("spotify")), (None, Some("1")));
}

#[tokio::test]
async fn repeated_and_unordered_listens_count_once() {
    let (ledger, _folder) = open();
    let listens: Vec<_> = (0..50_i64).map(|n| listen(song(&format!("t{}", n % 20), &[]), n * 210)).collect();
    let mut shuffled = listens.clone();
    shuffled.reverse();
    shuffled.swap(3, 40);
    assert_eq!(ledger.take(&shuffled).await.unwrap(), Taken { new: 50, known: 0 });
    assert_eq!(ledger.take(&listens).await.unwrap(), Taken { new: 0, known: 50 });
    let starts: Vec<_> = ledger.page(None, 99).unwrap().iter().map(|play| play.started).collect();
    assert!(starts.len() == 50 && starts.is_sorted_by(|newer, older| newer > older));
}

#[tokio::test]
async fn the_same_song_twice_in_a_row_is_two_plays() {
    let (ledger, _folder) = open();
    begin(&ledger, song("a", &[("spotify", "1")]), 0).await;
    begin(&ledger, song("a", &[("spotify", "1")]), 200).await;
    let told = [listen(song("a", &[]), 1), listen(song("a", &[]), 201)];
    assert_eq!(ledger.take(&told).await.unwrap().known, 2);
    let plays = ledger.page(None, 9).unwrap();
    assert_eq!(plays.iter().map(|play| play.sources.len()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(titles(&ledger, 9), ["a"]);
}

/// Another market's id, a new edition, another cover.
#[tokio::test]
async fn another_market_is_the_same_song() {
    let (ledger, _folder) = open();
    let first = begin(&ledger, song("a", &[("spotify", "1"), ("isrc", "USAA10000001")]), 0).await;
    let mut relinked = song("a - Single", &[("spotify", "2"), ("isrc", "USAA10000001")]);
    relinked.covers = vec![crate::model::Cover { url: "https://x/2".into(), width: 640, height: 640 }];
    assert_eq!(begin(&ledger, relinked, 300).await.key, first.key);
    assert_eq!(begin(&ledger, song("a (Live)", &[("spotify", "2")]), 600).await.key, first.key);
    assert_eq!(ledger.recent_distinct(9).unwrap().len(), 1);
    let other = begin(&ledger, song("a", &[("spotify", "3"), ("isrc", "USAA10000009")]), 900).await;
    assert_ne!(other.key, first.key, "another recording of the same name");
}

#[tokio::test]
async fn names_that_turn_out_to_be_one_song_are_joined() {
    let (ledger, _folder) = open();
    begin(&ledger, song("a", &[("spotify", "1")]), 0).await;
    begin(&ledger, song("x", &[("isrc", "USAA10000001")]), 300).await;
    assert_eq!(ledger.recent_distinct(9).unwrap().len(), 2);
    begin(&ledger, song("a", &[("spotify", "1"), ("isrc", "USAA10000001")]), 600).await;
    assert_eq!(ledger.recent_distinct(9).unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_told_is_on_the_disk() {
    let (ledger, folder) = open();
    let mut changes = ledger.changes();
    let play = begin(&ledger, song("a", &[]), 0).await;
    assert_eq!(changes.borrow_and_update().started, 1);
    ledger.note(&play, Some(seen(200))).await.unwrap();
    ledger.stop().await.unwrap();
    assert_eq!(changes.borrow_and_update().stopped, 1);
    drop(ledger);
    let ledger = reopen(&folder);
    assert!(ledger.is_stopped().unwrap());
    let (play, record) = ledger.present().unwrap().unwrap();
    assert_eq!((play.track.title.as_str(), record.heard), ("a", Some(at(200))));
    let mut changes = ledger.changes();
    ledger.resume(&play, seen(900)).await.unwrap();
    assert_eq!(changes.borrow_and_update().started, 1);
    assert!(!ledger.is_stopped().unwrap());
}

#[tokio::test]
async fn a_session_begins_after_a_stop() {
    let (ledger, folder) = open();
    assert_eq!(ledger.session().unwrap(), None);
    for (second, title) in [(0, "a"), (200, "b")] {
        begin(&ledger, song(title, &[]), second).await;
    }
    assert_eq!(ledger.session().unwrap(), Some(at(0)));
    ledger.stop().await.unwrap();
    let play = begin(&ledger, song("c", &[]), 2000).await;
    ledger.note(&play, Some(seen(2100))).await.unwrap();
    assert_eq!(ledger.session().unwrap(), Some(at(2000)));
    ledger.stop().await.unwrap();
    drop(ledger);
    let ledger = reopen(&folder);
    ledger.resume(&play, seen(9000)).await.unwrap();
    begin(&ledger, song("d", &[]), 9200).await;
    assert_eq!(ledger.session().unwrap(), Some(at(2000)), "the play that goes on belongs to it");
}

#[tokio::test]
async fn noting_loses_nobodys_word() {
    let (ledger, _folder) = open();
    let mut play = begin(&ledger, song("a", &[("spotify", "1")]), 0).await;
    ledger.take(&[listen(song("a", &[]), 2)]).await.unwrap();
    (play.ended, play.ended_how) = (Some(at(200)), Some(EndedHow::Finished));
    play.listened = Duration::from_secs(199);
    ledger.note(&play, Some(seen(200))).await.unwrap();
    let stored = ledger.page(None, 1).unwrap().remove(0);
    assert_eq!((stored.sources.len(), stored.ended_how), (2, Some(EndedHow::Finished)));
}

#[tokio::test]
async fn old_plays_are_pruned() {
    let (ledger, _folder) = open();
    for n in 0..10 {
        begin(&ledger, song(&n.to_string(), &[]), n * 300).await;
    }
    assert_eq!(ledger.prune(at(1500)).await.unwrap(), 5);
    assert_eq!(ledger.prune(at(1500) - SignedDuration::from_hours(1)).await.unwrap(), 0);
    assert_eq!((ledger.count(), titles(&ledger, 99).len()), (5, 5));
}

#[tokio::test]
async fn play_dated_ahead_keeps_no_other_quiet() {
    let (ledger, _folder) = open();
    let mut changes = ledger.changes();
    let mut news = async |title: &str, second: i64| {
        let before = changes.borrow_and_update().started;
        ledger.take(&[listen(song(title, &[]), second)]).await.unwrap();
        changes.borrow_and_update().started - before
    };
    assert_eq!(news("ahead", 3_500).await, 1);
    assert_eq!(news("now", 0).await, 1);
    assert_eq!(news("now", 0).await, 0, "it is known");
    assert_eq!(news("long ago", -86_400).await, 0);
    let ahead: Vec<_> = ledger.ahead(at(0)).unwrap().into_iter().collect();
    assert_eq!(ahead, [(TrackKey::of(&song("ahead", &[])).to_string(), at(3_500))]);
}

#[tokio::test]
async fn what_was_read_survives_a_kill_once_it_is_settled() {
    let (ledger, folder) = open();
    let song = play(SourceName::Spotify, song("t", &[]), 0);
    ledger.write(|| ledger.state.plays.put(&song)).unwrap();
    assert_eq!(ledger.count(), 1);
    assert_eq!(reopen(&copy_of(&folder)).count(), 0, "the test has something to look at");
    ledger.settled().await.unwrap();
    assert_eq!(reopen(&copy_of(&folder)).count(), 1);
}

/// What a kill would leave of it just now.
fn copy_of(folder: &TempDir) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for inner in ["", "state"] {
        let to = copy.path().join(inner);
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(folder.path().join(inner)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }
    copy
}
