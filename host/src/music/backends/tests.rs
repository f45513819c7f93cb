//! The whole chain with real files: silence of a length, made here, tagged by nobody.

use std::{
    io::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::anyhow;
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use lofty::{
    config::WriteOptions,
    tag::{Accessor as _, ItemKey, Tag, TagExt as _, TagType},
};
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use super::{chain::Link, *};
use crate::{
    clock::{Clock as _, ManualClock},
    model::TrackId,
    state::{MusicChoice, State},
};

/// A WAV file of silence: what is played is 8 kHz, one byte each.
fn silence(seconds: u32) -> Vec<u8> {
    let data = seconds * 8_000;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + data).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    for half in [1_u16, 1] {
        file.extend(half.to_le_bytes());
    }
    for whole in [8_000_u32, 8_000] {
        file.extend(whole.to_le_bytes());
    }
    for half in [1_u16, 8] {
        file.extend(half.to_le_bytes());
    }
    file.extend(b"data");
    file.extend(data.to_le_bytes());
    file.resize(file.len() + data as usize, 0x80);
    file
}

/// Bytes of a frame in MP3 files.
const FRAME: usize = 417;

/// An MP3 file of silence whose header tells its length: 26 ms a frame.
fn mp3(seconds: usize) -> Vec<u8> {
    let frames = seconds * 1_000 / 26;
    let mut frame = vec![0xFF, 0xFB, 0x90, 0x00];
    frame.resize(FRAME, 0);
    let mut file = frame.clone();
    let mut header = b"Xing".to_vec();
    for whole in [3, frames, FRAME * (frames + 1)] {
        header.extend(u32::try_from(whole).unwrap().to_be_bytes());
    }
    file[36..36 + header.len()].copy_from_slice(&header);
    file.extend(frame.repeat(frames));
    file
}

/// What every fourth frame says of itself is nonsense.
fn damaged_mp3(seconds: usize) -> Vec<u8> {
    let mut file = mp3(seconds);
    for frame in file.chunks_exact_mut(FRAME).skip(1).step_by(4) {
        frame[4..36].fill(0xFF);
    }
    file
}

/// Answers by script, and counts how often it was asked.
#[derive(Debug)]
struct Scripted {
    candidates: Mutex<Result<Vec<(&'static str, f64)>, bool>>,
    files: Vec<(&'static str, Vec<u8>)>,
    asked: Arc<AtomicUsize>,
    edition: Arc<Mutex<&'static str>>,
}

impl Backend for Scripted {
    fn find<'a>(
        &'a self,
        _: &'a Track,
        _: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<Candidate>, BackendError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let found = match &*self.candidates.lock().unwrap() {
            Ok(found) => Ok(found.iter().map(|(id, score)| candidate(id, *score)).collect()),
            Err(is_temporary) => Err(BackendError { error: anyhow!("no luck"), is_temporary: *is_temporary }),
        };
        Box::pin(async move { found })
    }

    fn fetch<'a>(
        &'a self,
        _: &'a Track,
        candidate: &'a Candidate,
        to: &'a Delivery<'a>,
    ) -> BoxFuture<'a, Result<Recording, BackendError>> {
        if candidate.id == "endless" {
            return Box::pin(std::future::pending());
        }
        // It notices that nobody wants it, and says no more than that it failed.
        if candidate.id == "stopped" {
            return Box::pin(async move {
                to.stop.cancelled().await;
                Err(BackendError::permanent(anyhow!("gone")))
            });
        }
        let content = self.files.iter().find(|(id, _)| *id == candidate.id).map(|(_, content)| content);
        if candidate.id == "torn" {
            let half = BackendError::temporary(anyhow!("it broke off"));
            let written = std::fs::write(to.file, silence(20)).map_err(BackendError::temporary);
            return Box::pin(async move { written.and(Err(half)) });
        }
        let written = content.ok_or_else(|| BackendError::permanent(anyhow!("gone")));
        let written = written.and_then(|it| std::fs::write(to.file, it).map_err(BackendError::temporary));
        Box::pin(
            async move { written.map(|()| Recording { mime: "audio/wav".into(), ..Recording::default() }) },
        )
    }

    fn remembers_misses(&self) -> bool {
        *self.edition.lock().unwrap() != "cheap"
    }

    fn edition(&self) -> Option<String> {
        Some((*self.edition.lock().unwrap()).to_owned())
    }
}

fn candidate(id: &str, score: f64) -> Candidate {
    Candidate { id: id.into(), title: id.into(), score, ..Candidate::default() }
}

fn track() -> Track {
    Track { title: "Song".into(), duration: Some(Duration::from_secs(20)), ..Track::default() }
}

struct World {
    chain: Chain,
    clock: Arc<ManualClock>,
    asked: Vec<Arc<AtomicUsize>>,
    /// Of all backends.
    edition: Arc<Mutex<&'static str>>,
    _folder: tempfile::TempDir,
}

type Script = (&'static str, Result<Vec<(&'static str, f64)>, bool>);

fn world(scripts: Vec<Script>) -> World {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at("2026-01-01T12:00:00Z".parse().unwrap());
    let (mut asked, edition) = (Vec::new(), Arc::new(Mutex::new("1")));
    let links = scripts.into_iter().map(|(name, candidates)| {
        let count = Arc::new(AtomicUsize::new(0));
        asked.push(Arc::clone(&count));
        let files = vec![
            ("right", silence(21)),
            ("hour", silence(60)),
            ("short", silence(1)),
            ("huge", silence(140)),
            ("empty", Vec::new()),
            ("page", b"<html>404</html>".to_vec()),
            ("whole", mp3(20)),
            ("cut", mp3(20)[..100_000].to_vec()),
            ("nearly", mp3(20)[..260_000].to_vec()),
            ("damaged", damaged_mp3(20)),
        ];
        let backend =
            Scripted { candidates: Mutex::new(candidates), files, asked: count, edition: edition.clone() };
        Link { name: name.into(), backend: Box::new(backend) }
    });
    let state = State::open(folder.path()).unwrap();
    let attempts = Attempts::new(state.clone());
    let chain = Chain {
        links: links.collect(),
        limits: check::Limits { tolerance: Duration::from_secs(3), most_bytes: 1 << 20 },
        remember_misses: Duration::from_secs(3600),
        state,
        clock: clock.clone(),
        attempts,
        folder: folder.path().join("scratch"),
    };
    World { chain, clock, asked, edition, _folder: folder }
}

impl World {
    /// Without a file, whether asking again soon may help.
    async fn ask(&self, from: usize) -> Result<Found, bool> {
        self.ask_for_file(from).await.map_err(|not_before| not_before.is_none())
    }

    /// Without a file, when to ask again.
    async fn ask_for_file(&self, from: usize) -> Result<Found, Option<jiff::Timestamp>> {
        match self.chain.ask("key", &track(), from, &CancellationToken::new()).await {
            Answer::Found(found) => Ok(*found),
            Answer::Nothing { not_before } => Err(not_before),
        }
    }

    /// Files on their way.
    fn left(&self) -> usize {
        std::fs::read_dir(&self.chain.folder).map_or(0, Iterator::count)
    }

    fn asked(&self) -> Vec<usize> {
        self.asked.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }
}

#[tokio::test]
async fn first_answer_wins_and_later_ones_wait() {
    let world = world(vec![("zero", Ok(vec![("short", 0.0)])), ("real", Ok(vec![("right", 90.0)]))]);
    let first = world.ask(0).await.unwrap();
    assert!(first.is_placeholder && first.rank == 0 && first.backend == "zero");
    assert_eq!(world.asked(), [1, 0]);
    let second = world.ask(first.rank + 1).await.unwrap();
    assert!(!second.is_placeholder && second.rank == 1);
    assert_eq!(second.recording.duration, Some(Duration::from_secs(21)));
    let path = second.file.to_path_buf();
    assert!(path.exists());
    drop(second);
    assert!(!path.exists());
}

#[tokio::test]
async fn wrong_files_give_way_to_the_next_candidate() {
    let found = vec![("hour", 99.0), ("empty", 98.0), ("right", 97.0)];
    assert_eq!(world(vec![("real", Ok(found))]).ask(0).await.unwrap().candidate.id, "right");
    let found = vec![("page", 99.0), ("short", 98.0)];
    let world = world(vec![("real", Ok(found)), ("zero", Ok(vec![("short", 0.0)]))]);
    assert_eq!(world.ask(0).await.unwrap().backend, "zero");
    let tried = world.chain.attempts.of("key").unwrap().unwrap();
    let Outcome::Failed { reason } = &tried.attempts[0].outcome else { panic!("{tried:?}") };
    assert!(reason.contains("1 s, the track for 20 s"), "{reason}");
    assert_eq!(tried.attempts[0].candidates.len(), 2);
}

#[tokio::test]
async fn what_telegram_would_not_take_is_refused() {
    for (id, said) in
        [("empty", "the file is empty"), ("huge", "more than 1048576"), ("page", "cannot be played")]
    {
        let world = world(vec![("real", Ok(vec![(id, 99.0)]))]);
        assert!(!world.ask(0).await.unwrap_err(), "{id}: asking again does not help");
        let tried = world.chain.attempts.of("key").unwrap().unwrap();
        let Outcome::Failed { reason } = &tried.attempts[0].outcome else { panic!("{tried:?}") };
        assert!(reason.contains(said), "{id}: {reason}");
        assert_eq!(world.left(), 0, "{id}");
    }
}

#[tokio::test]
async fn file_that_was_cut_off_is_refused() {
    let world = world(vec![("real", Ok(vec![("cut", 99.0), ("whole", 90.0)]))]);
    assert_eq!(world.ask(0).await.unwrap().candidate.id, "whole");
    let tried = world.chain.attempts.of("key").unwrap().unwrap();
    let refused = &tried.attempts[0].refused[0];
    assert!(refused.id == "cut" && refused.reason.contains("it was cut off"), "{refused:?}");
}

/// A fifth is missing, which the size alone does not show; or there is noise in place of a quarter.
#[tokio::test]
async fn file_is_heard_to_its_end() {
    for (id, said) in [("nearly", "it was cut off"), ("damaged", "are damaged")] {
        let world = world(vec![("real", Ok(vec![(id, 99.0), ("whole", 90.0)]))]);
        assert_eq!(world.ask(0).await.unwrap().candidate.id, "whole");
        let tried = world.chain.attempts.of("key").unwrap().unwrap();
        let refused = &tried.attempts[0].refused[0];
        assert!(refused.id == id && refused.reason.contains(said), "{refused:?}");
    }
}

/// It begins with a frame of a quarter of the others' size, and says nothing of its length.
#[test]
fn files_that_say_nothing_of_their_length_are_heard() {
    let mut quiet = vec![0xFF, 0xFB, 0x10, 0x00];
    quiet.resize(104, 0);
    quiet.extend(&mp3(20)[FRAME..]);
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&quiet).unwrap();
    let limits = check::Limits { tolerance: Duration::from_secs(3), most_bytes: 1 << 20 };
    let any = Track { duration: None, ..track() };
    let checked = check::check(file.path(), &any, &limits, false, &CancellationToken::new()).unwrap();
    assert!(checked.duration.abs_diff(Duration::from_secs(20)) < Duration::from_secs(1), "{checked:?}");
}

#[tokio::test]
async fn misses_of_another_edition_are_forgotten() {
    let world = world(vec![("real", Ok(vec![]))]);
    for _ in 0..2 {
        world.ask(0).await.unwrap_err();
    }
    assert_eq!(world.asked(), [1]);
    *world.edition.lock().unwrap() = "2";
    for _ in 0..2 {
        world.ask(0).await.unwrap_err();
    }
    assert_eq!(world.asked(), [2]);
}

#[tokio::test]
async fn where_asking_costs_nothing_no_miss_is_remembered() {
    let world = world(vec![("files", Ok(vec![]))]);
    *world.edition.lock().unwrap() = "cheap";
    for _ in 0..2 {
        assert!(!world.ask(0).await.unwrap_err(), "it is asked when the others are");
    }
    assert_eq!(world.asked(), [2]);
}

#[tokio::test]
async fn half_a_file_is_nobodys() {
    let found = vec![("torn", 99.0), ("right", 90.0)];
    let world = world(vec![("real", Ok(found))]);
    let found = world.ask(0).await.unwrap();
    assert_eq!((found.candidate.id.as_str(), world.left()), ("right", 1));
    drop(found);
    assert_eq!(world.left(), 0);
}

#[tokio::test]
async fn who_loses_interest_leaves_nothing_behind() {
    let world = world(vec![("real", Ok(vec![("endless", 99.0)]))]);
    let fetching = || {
        let tried = world.chain.attempts.of("key").unwrap();
        tried.is_some_and(|it| matches!(it.attempts[0].outcome, Outcome::Fetching { .. }))
    };
    {
        let mut asking = std::pin::pin!(world.ask(0));
        while !fetching() {
            assert!(futures_util::poll!(&mut asking).is_pending());
        }
        assert_eq!(world.left(), 1);
    }
    assert_eq!(world.chain.attempts.of("key").unwrap().unwrap().attempts[0].outcome, Outcome::Cancelled);
    assert_eq!(world.left(), 0);
    assert_eq!(world.chain.attempts.counts()[&("real".to_owned(), "cancelled")], 1);
}

#[tokio::test]
async fn failures_for_good_are_remembered() {
    let world = world(vec![("real", Err(false))]);
    assert_eq!((world.ask(0).await.unwrap_err(), world.ask(0).await.unwrap_err()), (false, false));
    assert_eq!(world.asked(), [1]);
    let tried = world.chain.attempts.of("key").unwrap().unwrap();
    assert!(matches!(&tried.attempts[0].outcome, Outcome::NotAgain { reason, .. } if reason == "no luck"));
    world.clock.advance(SignedDuration::from_hours(2));
    world.ask(0).await.unwrap_err();
    assert_eq!(world.asked(), [2]);
}

#[tokio::test]
async fn misses_are_not_asked_again_for_a_while() {
    let world = world(vec![("real", Ok(vec![]))]);
    assert_eq!((world.ask(0).await.unwrap_err(), world.ask(0).await.unwrap_err()), (false, false));
    assert_eq!(world.asked(), [1]);
    world.clock.advance(SignedDuration::from_hours(2));
    world.ask(0).await.unwrap_err();
    assert_eq!(world.asked(), [2]);
}

#[tokio::test]
async fn nothing_says_when_the_first_may_be_asked_again() {
    let world = world(vec![("one", Ok(vec![])), ("two", Ok(vec![]))]);
    let began = world.clock.now();
    let hour = SignedDuration::from_hours(1);
    assert_eq!(world.ask_for_file(1).await.unwrap_err(), Some(began + hour), "as long as it is remembered");
    world.clock.advance(SignedDuration::from_mins(30));
    assert_eq!(
        world.ask_for_file(0).await.unwrap_err(),
        Some(began + hour),
        "the second need not wait longer"
    );
    assert_eq!(world.asked(), [1, 1]);
}

#[tokio::test]
async fn one_that_may_be_had_later_is_reason_enough_to_ask_again() {
    let world = world(vec![("real", Ok(vec![("torn", 99.0), ("page", 98.0)]))]);
    assert!(world.ask(0).await.unwrap_err(), "whatever was wrong with the last");
}

#[tokio::test]
async fn looking_again_by_hand_forgets_the_miss() {
    let world = world(vec![("real", Err(false))]);
    world.ask(0).await.unwrap_err();
    world.chain.look("key", &track(), "real", &CancellationToken::new()).await.unwrap().unwrap_err();
    world.ask(0).await.unwrap_err();
    assert_eq!(world.asked(), [3], "the job asks it again, too");
}

#[tokio::test]
async fn what_was_called_off_is_no_miss() {
    let world = world(vec![("real", Ok(vec![("stopped", 99.0)]))]);
    let stop = CancellationToken::new();
    let track = track();
    let mut asking = std::pin::pin!(world.chain.ask("key", &track, 0, &stop));
    while world.left() == 0 {
        assert!(futures_util::poll!(&mut asking).is_pending());
    }
    stop.cancel();
    assert!(matches!(asking.await, Answer::Nothing { .. }));
    let tried = world.chain.attempts.of("key").unwrap().unwrap();
    assert_eq!(tried.attempts[0].outcome, Outcome::Cancelled);
    assert_eq!(world.chain.state.music_misses.get("key", "real").unwrap(), None);
    assert_eq!(world.left(), 0);
}

#[tokio::test]
async fn failures_that_may_pass_are_asked_again() {
    let world = world(vec![("real", Err(true))]);
    assert_eq!((world.ask(0).await.unwrap_err(), world.ask(0).await.unwrap_err()), (true, true));
    assert_eq!(world.asked(), [2]);
}

#[tokio::test]
async fn a_persons_choice_comes_before_finding() {
    let world = world(vec![("zero", Ok(vec![("short", 0.0)])), ("real", Ok(vec![("hour", 99.0)]))]);
    let choice = MusicChoice {
        track: "key".into(),
        title: "Song".into(),
        backend: "real".into(),
        candidate: candidate("right", 40.0),
        chosen: "2026-01-01T12:00:00Z".parse().unwrap(),
    };
    world.chain.state.music_choices.put(&choice).unwrap();
    assert_eq!(world.chain.rank_of_choice("key"), Some(1));
    assert_eq!(world.ask(1).await.unwrap().candidate.id, "right");
    assert_eq!(world.asked(), [0, 0]);
}

#[tokio::test]
async fn choice_that_cannot_be_had_is_no_miss_of_the_backend() {
    let world = world(vec![("real", Ok(vec![("whole", 99.0)]))]);
    let choice = MusicChoice {
        track: "key".into(),
        title: "Song".into(),
        backend: "real".into(),
        candidate: candidate("no such", 100.0),
        chosen: "2026-01-01T12:00:00Z".parse().unwrap(),
    };
    world.chain.state.music_choices.put(&choice).unwrap();
    world.ask(0).await.unwrap_err();
    world.chain.state.music_choices.remove("key").unwrap();
    assert_eq!(world.ask(0).await.unwrap().candidate.id, "whole");
}

#[tokio::test]
async fn own_folder_is_searched_by_names_and_follows_changes() {
    let folder = tempfile::tempdir().unwrap();
    let music = folder.path().join("music/Artist");
    std::fs::create_dir_all(&music).unwrap();
    std::fs::write(music.join("01 - Artist - Song (Remastered 2011).wav"), silence(20)).unwrap();
    std::fs::write(music.join("Artist - Song (Live).wav"), silence(20)).unwrap();
    std::fs::write(music.join("Artist - Other.wav"), silence(20)).unwrap();
    std::fs::write(music.join("broken.mp3"), b"no music").unwrap();
    let section: crate::config::BackendSection =
        serde_json::from_value(serde_json::json!({ "kind": "files", "folder": "music" })).unwrap();
    let files = files::FilesBackend::new(&section, folder.path(), &folder.path().join("data")).unwrap();
    let wanted = |title: &str| Track {
        artists: vec!["Artist".into()],
        title: title.into(),
        ids: vec![TrackId { scheme: "isrc".into(), value: "XX".into() }],
        ..track()
    };
    let stop = CancellationToken::new();
    let found = files.find(&wanted("Song"), &stop).await.unwrap();
    assert_eq!(found[0].title, "Song (Remastered 2011)", "{found:?}");
    assert!(files.find(&wanted("New"), &stop).await.unwrap().is_empty());
    let out = folder.path().join("out");
    let to = Delivery { file: &out, gauge: &Gauge::default(), stop: &stop };
    files.fetch(&track(), &found[0], &to).await.unwrap();
    assert_eq!(std::fs::read(&out).unwrap(), silence(20));
    let outside = candidate("../data", 99.0);
    assert!(files.fetch(&track(), &outside, &to).await.is_err());

    std::fs::write(music.join("Artist - New.wav"), silence(20)).unwrap();
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while files.find(&wanted("New"), &stop).await.unwrap().is_empty() {
        assert!(std::time::Instant::now() < until, "the new file is never seen");
        tokio::task::yield_now().await;
    }
}

/// As when a disk is mounted there.
#[tokio::test]
async fn folder_that_takes_the_place_of_another_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (music, other) = (folder.path().join("music"), folder.path().join("other"));
    std::fs::create_dir(&music).unwrap();
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("Artist - Song.wav"), silence(20)).unwrap();
    let section: crate::config::BackendSection =
        serde_json::from_value(serde_json::json!({ "kind": "files", "folder": "music" })).unwrap();
    let files = files::FilesBackend::new(&section, folder.path(), &folder.path().join("data")).unwrap();
    let (stop, wanted) = (CancellationToken::new(), Track { artists: vec!["Artist".into()], ..track() });
    let found = async || files.find(&wanted, &stop).await.unwrap().len();
    assert_eq!(found().await, 0);
    std::fs::rename(&music, folder.path().join("before")).unwrap();
    std::fs::rename(&other, &music).unwrap();
    assert_eq!(found().await, 1);
    // The new one is watched, too.
    std::fs::write(music.join("Artist - Song (Remastered).wav"), silence(20)).unwrap();
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while found().await < 2 {
        assert!(std::time::Instant::now() < until, "the new file is never seen");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn tagged_files_are_found_whatever_they_are_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("music/x9.wav");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, silence(20)).unwrap();
    let mut tag = Tag::new(TagType::Id3v2);
    tag.set_title("Song (Remastered 2011)".into());
    tag.set_artist("Artist; Guest".into());
    tag.insert_text(ItemKey::Isrc, "us-aa1-23-45678".into());
    tag.save_to_path(&path, WriteOptions::default()).unwrap();
    let section: crate::config::BackendSection =
        serde_json::from_value(serde_json::json!({ "kind": "files", "folder": "music" })).unwrap();
    let files = files::FilesBackend::new(&section, folder.path(), &folder.path().join("data")).unwrap();
    let stop = CancellationToken::new();
    let by_name = Track { artists: vec!["Artist".into(), "Guest".into()], ..track() };
    let found = files.find(&by_name, &stop).await.unwrap();
    assert_eq!((found.len(), found[0].title.as_str()), (1, "Song (Remastered 2011)"));
    assert_eq!(found[0].artists, ["Artist", "Guest"]);
    let with_isrc = |value: &str| Track {
        title: "What labels call it elsewhere".into(),
        ids: vec![TrackId { scheme: "isrc".into(), value: value.into() }],
        ..track()
    };
    let found = files.find(&with_isrc("USAA12345678"), &stop).await.unwrap();
    assert_eq!((found.len(), found[0].score), (1, 100.0), "signs and case make no other number");
    assert!(files.find(&with_isrc("USAA12345679"), &stop).await.unwrap().is_empty());
}

#[tokio::test]
async fn known_files_are_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("music/Artist - Song.wav");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, silence(20)).unwrap();
    let changed = std::fs::metadata(&path).unwrap().modified().unwrap();
    let section: crate::config::BackendSection =
        serde_json::from_value(serde_json::json!({ "kind": "files", "folder": "music" })).unwrap();
    let open = || files::FilesBackend::new(&section, folder.path(), &folder.path().join("data")).unwrap();
    let wanted = Track { artists: vec!["Artist".into()], ..track() };
    let stop = CancellationToken::new();
    assert_eq!(open().find(&wanted, &stop).await.unwrap().len(), 1);
    // Nothing but a second reading could notice this.
    std::fs::write(&path, vec![0; silence(20).len()]).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
    assert_eq!(open().find(&wanted, &stop).await.unwrap().len(), 1);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    assert!(open().find(&wanted, &stop).await.unwrap().is_empty(), "a changed one is");
}

impl Chain {
    /// Asks nobody.
    pub(in crate::music) fn of_nobody(state: State, clock: crate::clock::SharedClock) -> Self {
        let limits = super::check::Limits { tolerance: Duration::ZERO, most_bytes: 0 };
        let (links, folder, remember_misses) = (Vec::new().into(), Default::default(), Duration::ZERO);
        Self { links, limits, remember_misses, attempts: Attempts::new(state.clone()), state, clock, folder }
    }
}
