//! What people ask of a profile.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;

use super::*;
use crate::{
    clock::ManualClock,
    model::{Candidate, Document, MessageId, SongMessage, SongPlace, SourceName, Track, TrackKey},
    music::{
        backends::{Attempts, Chain},
        ledger::Listen,
    },
    state::{MusicMiss, ProfileSong},
};

const KEEP: usize = 3;

struct World {
    desk: Desk,
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let (state, clock) = (State::open(folder.path()).unwrap(), ManualClock::at(at(0)));
    let account = AccountName::main();
    let desk = Desk {
        board: Boards::default().of(&account),
        account,
        ledger: Ledger::new(state.clone()),
        attempts: Attempts::new(state.clone()),
        state,
        clock: clock.clone(),
    };
    World { desk, clock, folder }
}

fn track(title: &str) -> Track {
    let duration = Some(Duration::from_secs(200));
    Track { title: title.into(), artists: vec!["Ann".into()], duration, ..Track::default() }
}

fn key(title: &str) -> String {
    TrackKey::of(&track(title)).to_string()
}

fn song(number: i64, track: &str, title: &str) -> ProfileSong {
    ProfileSong {
        account: "main".into(),
        id: format!("{number:08}"),
        track: track.into(),
        title: title.into(),
        performer: "Ann".into(),
        seconds: 200,
        file_name: "Song.mp3".into(),
        bytes: 1,
        backend: "zero".into(),
        candidate: String::new(),
        rank: 0,
        is_placeholder: false,
        document: Some(Document { id: number, access_hash: 1, reference: Default::default() }),
        message: SongMessage::There(MessageId(1)),
        place: SongPlace::On,
        sends: 1,
        made: Timestamp::from_second(number).unwrap(),
    }
}

/// One second of silence.
fn wave(loudness: u8) -> Vec<u8> {
    let mut bytes =
        b"RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x40\x1f\0\0"
            .to_vec();
    bytes.resize(bytes.len() + 8000, loudness);
    bytes
}

impl World {
    async fn listen(&self, title: &str, second: i64) {
        let (track, source) = (track(title), SourceName::ListenBrainz);
        let listen = Listen { track, started: at(second), source, client: None };
        self.desk.ledger.take(&[listen]).await.unwrap();
    }

    /// Somebody looks after the profile from now on.
    fn attend(&self) {
        let Desk { state, clock, board, .. } = &self.desk;
        let rules = Rules { keep: KEEP, clean_when_stopped: false, removed_by_user: Default::default() };
        board.note_terms(Terms { chain: Chain::of_nobody(state.clone(), clock.clone()), rules });
    }

    fn wanted(&self) -> String {
        self.desk.wanted().unwrap().into_iter().map(|wanted| wanted.track.title).collect()
    }

    /// Kept, or left behind on their way.
    fn copies(&self) -> usize {
        let count = |folder: &str| {
            let folder = self.folder.path().join("music").join(folder);
            if folder.exists() { std::fs::read_dir(folder).unwrap().count() } else { 0 }
        };
        count("added") + count("fetched")
    }

    /// Of the account, on the same machine.
    fn other(&self) -> Desk {
        let account: AccountName = "other".parse().unwrap();
        Desk { board: Boards::default().of(&account), account, ..self.desk.clone() }
    }

    fn unwanted(&self) -> Option<(String, String)> {
        self.desk.state.profile_tracks.get("main", &key("a")).unwrap().unwanted
    }
}

#[test]
fn number_that_is_no_place_is_a_whole_title() {
    let world = world();
    for (number, title) in [(1, "Part 3"), (2, "1999")] {
        world.desk.state.profile_songs.put(&song(number, &format!("track {number}"), title)).unwrap();
    }
    let found = |name: &str| world.desk.find(name).map(|(key, _)| key).ok();
    assert_eq!(found("2").as_deref(), Some("track 1"), "a place");
    assert_eq!(found("3"), None, "no place, and only a part of a name");
    assert_eq!(found("1999").as_deref(), Some("track 2"), "a title");
    assert_eq!(found("part 3").as_deref(), Some("track 1"), "a part of a name");
}

#[tokio::test]
async fn name_of_nothing_is_no_song() {
    let world = world();
    world.listen("a", -300).await;
    for name in ["", " "] {
        assert!(matches!(world.desk.remove(name).await, Err(DeskError::Unknown(_))));
    }
    assert_eq!(world.wanted(), "a");
}

#[tokio::test]
async fn song_dated_ahead_is_removed() {
    let world = world();
    world.listen("a", 300).await;
    world.listen("b", -300).await;
    world.desk.remove("Ann - a").await.unwrap();
    assert_eq!(world.wanted(), "b");
    world.listen("a", 600).await;
    assert_eq!(world.wanted(), "ab", "it was played again");
}

#[tokio::test]
async fn song_dated_ahead_is_removed_at_telegram() {
    let world = world();
    world.listen("a", 300).await;
    let Desk { state, ledger, .. } = &world.desk;
    let library = library::Library::load("main", state, ledger).unwrap();
    library.note_removed([&key("a")], (ledger, at(0)), RemovedByUser::UntilPlayed).unwrap();
    assert_eq!(world.wanted(), "");
}

#[tokio::test]
async fn song_dated_ahead_is_moved() {
    let world = world();
    world.listen("a", 300).await;
    world.listen("b", -300).await;
    world.desk.move_song("Ann - a", Some("Ann - b")).await.unwrap();
    assert_eq!(world.wanted(), "ba");
    world.listen("c", 200).await;
    world.desk.move_song("Ann - b", None).await.unwrap();
    assert_eq!(world.wanted(), "bca", "the top is above what is dated ahead");
}

#[tokio::test]
async fn cleaning_takes_what_is_dated_ahead_and_nothing_later() {
    let world = world();
    world.listen("a", 300).await;
    world.listen("b", -300).await;
    world.desk.clean().await.unwrap();
    assert_eq!(world.wanted(), "");
    world.clock.advance(SignedDuration::from_secs(60));
    world.listen("c", 60).await;
    assert_eq!(world.wanted(), "c");
}

#[tokio::test]
async fn only_what_is_there_is_removed_or_moved() {
    let world = world();
    for (second, title) in [(-4, "evicted"), (-3, "a"), (-2, "b"), (-1, "c")] {
        world.listen(title, second * 300).await;
    }
    world.attend();
    for name in ["evicted", key("evicted").as_str()] {
        assert!(matches!(world.desk.remove(name).await, Err(DeskError::Unknown(_))), "{name}");
        assert!(matches!(world.desk.move_song(name, None).await, Err(DeskError::Unknown(_))), "{name}");
        assert!(matches!(world.desk.move_song("Ann - a", Some(name)).await, Err(DeskError::Unknown(_))));
    }
    assert!(world.desk.find("evicted").is_ok(), "it is known all the same");
    // Until it has left, it can be taken off.
    world.desk.state.profile_songs.put(&song(1, &key("evicted"), "evicted")).unwrap();
    assert_eq!(world.desk.remove("evicted").await.unwrap(), "Ann - evicted");
}

#[tokio::test]
async fn no_song_stands_below_itself() {
    let world = world();
    world.listen("a", -300).await;
    let moved = world.desk.move_song("Ann - a", Some(&key("a"))).await;
    assert_eq!(moved.unwrap_err().to_string(), "`Ann - a` cannot stand below itself");
}

#[tokio::test]
async fn added_again_under_another_name_it_has_that_name() {
    let world = world();
    world.desk.add("Lin - Oen.wav", wave(128)).await.unwrap();
    world.desk.add("Lin - Own.wav", wave(128)).await.unwrap();
    assert_eq!((world.wanted().as_str(), world.copies()), ("Own", 1));
    world.desk.remove("Lin - Own").await.unwrap();
    assert_eq!((world.wanted().as_str(), world.copies()), ("", 0));
    world.desk.add("Lin - Oen.wav", wave(128)).await.unwrap();
    assert_eq!((world.wanted().as_str(), world.copies()), ("Oen", 1));
}

#[tokio::test]
async fn copies_stay_while_any_account_names_them() {
    let world = world();
    let other = world.other();
    for desk in [&world.desk, &other] {
        desk.add("Lin - Own.wav", wave(128)).await.unwrap();
    }
    world.desk.remove("Lin - Own").await.unwrap();
    let kept = other.wanted().unwrap().remove(0).file.unwrap();
    assert_eq!(std::fs::read(kept).unwrap(), wave(128));
    other.clean().await.unwrap();
    assert_eq!(world.copies(), 0);
}

#[tokio::test]
async fn what_is_no_song_leaves_no_copy() {
    let world = world();
    let refused = world.desk.add("Lin - Own.wav", b"no song".to_vec()).await;
    assert!(matches!(refused, Err(DeskError::BadFile { .. })));
    assert_eq!(world.copies(), 0);
}

#[tokio::test]
async fn no_recording_is_chosen_by_no_name() {
    let world = world();
    world.listen("a", -300).await;
    let found = [Candidate { id: "silence".into(), ..Candidate::default() }];
    world.desk.attempts.looked((&key("a"), "zero"), &track("a"), &world.desk.clock, &found).unwrap();
    for backend in [None, Some("zero")] {
        let chosen = world.desk.choose("Ann - a", backend, " ").await;
        assert!(matches!(chosen, Err(DeskError::UnknownCandidate { .. })));
    }
    let chosen = world.desk.choose("Ann - a", None, "silence").await.unwrap();
    assert!(chosen.candidate.score > 0.0, "it was meant: nothing better should take its place");
}

#[tokio::test]
async fn taking_a_choice_back_lets_backends_choose_again() {
    let world = world();
    world.listen("a", -300).await;
    let state = &world.desk.state;
    let mut number = 1;
    let mut stands = |backend: &str, candidate: &str| {
        number += 1;
        let song = song(number, &key("a"), "a");
        state
            .profile_songs
            .put(&ProfileSong { backend: backend.into(), candidate: candidate.into(), ..song })
            .unwrap();
    };
    stands("zero", "silence");
    world.desk.choose("Ann - a", Some("zero"), "typo").await.unwrap();
    assert_eq!(world.unwanted(), None);
    stands("zero", "typo");
    // The second one cannot be had.
    world.desk.choose("Ann - a", Some("my-music"), "typo2").await.unwrap();
    let (track, backend, reason) = (key("a"), "my-music".to_owned(), "no such file".to_owned());
    state.music_misses.put(&MusicMiss { track, backend, edition: None, until: at(999), reason }).unwrap();
    world.desk.unchoose("Ann - a").await.unwrap();
    assert_eq!(world.unwanted(), Some(("zero".into(), "typo".into())));
    assert_eq!(state.music_misses.get(&key("a"), "my-music").unwrap(), None);
    // What is chosen anew is wanted again.
    world.desk.choose("Ann - a", Some("zero"), "typo").await.unwrap();
    assert_eq!(world.unwanted(), None);
    world.desk.unchoose("Ann - a").await.unwrap();
    assert_eq!(world.unwanted(), Some(("zero".into(), "typo".into())));
}
