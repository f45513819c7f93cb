//! Track backends: a recording found and fetched, and what becomes of those that misbehave on the way.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use serde_json::json;
use tapedeck::{
    model::{Candidate, Period, Recording, Track},
    plugin_host::{CallTerms, Failure, PluginError, PluginSettings},
};

use crate::support::{
    Deck,
    probe::{NAME, table},
};

/// What was written, while somebody else has the other end.
#[derive(Clone, Debug, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Which threads wrote it.
#[derive(Clone, Debug, Default)]
struct Threads(Arc<Mutex<BTreeSet<Option<String>>>>);

impl Write for Threads {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().insert(thread::current().name().map(str::to_owned));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn song() -> Track {
    Track {
        title: "Song".into(),
        artists: vec!["Ann".into(), "Bob".into()],
        duration: Some(Duration::from_millis(2_500)),
        ..Track::default()
    }
}

async fn probe(grants: &[&str], fetch: &str, edit: impl FnOnce(&mut PluginSettings)) -> Deck {
    Deck::with_probe_and(grants, |_, table| {
        table.settings = json!({ "fetch": fetch });
        edit(table);
    })
    .await
}

async fn fetch(deck: &Deck, out: impl Write + Send + 'static) -> Result<Recording, PluginError> {
    let backend = deck.plugins.backend(&NAME.parse().unwrap());
    backend.fetch(&song(), &Candidate::default(), Box::new(out), 1 << 20, &CallTerms::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recordings_are_found_and_fetched() {
    let deck = Deck::with_probe(&[]).await;
    let (backend, terms) = (deck.plugins.backend(&NAME.parse().unwrap()), CallTerms::default());
    let found = backend.find(&song(), &terms).await.unwrap();
    let [candidate] = &found[..] else { panic!("{found:?}") };
    assert_eq!((candidate.title.as_str(), candidate.artists.len(), candidate.score), ("Song", 2, 90.0));
    let written = Written::default();
    let recording = backend.fetch(&song(), candidate, Box::new(written.clone()), 100, &terms).await.unwrap();
    assert_eq!(*written.0.lock().unwrap(), b"the sound of Song");
    assert_eq!(
        (recording.bytes, recording.extension.as_str(), recording.mime.as_str()),
        (17, "mp3", "audio/mpeg")
    );
    assert_eq!(recording.duration, song().duration);
    assert_eq!(recording.picture.unwrap().0, "image/png");
    let nothing = Track { title: "nothing".into(), ..song() };
    assert_eq!(backend.find(&nothing, &terms).await.unwrap(), [], "which is no error");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_call_waits_for_the_load() {
    let deck = Deck::start_with(|plan| {
        let table = table(plan, NAME, &[]);
        plan.tables.insert(NAME.parse().unwrap(), table);
    });
    let backend = deck.plugins.backend(&NAME.parse().unwrap());
    assert_eq!(backend.find(&song(), &CallTerms::default()).await.unwrap().len(), 1);
    let nobody = deck.plugins.backend(&"nobody".parse().unwrap());
    let error = nobody.find(&song(), &CallTerms::default()).await.unwrap_err();
    assert!(matches!(error.failure, Failure::Unknown { .. }), "{error}");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fetching_leaves_the_runtime_alone() {
    let deck = probe(&[], "bytes 1000", |_| {}).await;
    let threads = Threads::default();
    fetch(&deck, threads.clone()).await.unwrap();
    assert_eq!(*threads.0.lock().unwrap(), BTreeSet::from([Some("plugin-call".to_owned())]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bundled_backend_works_ungranted() {
    let deck = Deck::with_probe_and(&[], |plan, _| {
        let zero = table(plan, "zero", &[]);
        plan.tables.insert("zero".parse().unwrap(), zero);
    })
    .await;
    let (backend, terms) = (deck.plugins.backend(&"zero".parse().unwrap()), CallTerms::default());
    let found = backend.find(&song(), &terms).await.unwrap();
    let written = Written::default();
    let recording =
        backend.fetch(&song(), &found[0], Box::new(written.clone()), 1 << 20, &terms).await.unwrap();
    let bytes = written.0.lock().unwrap().clone();
    assert_eq!(recording.bytes, bytes.len() as u64);
    assert!(bytes.starts_with(b"ID3"), "{:?}", &bytes[..20]);
    assert_eq!(deck.view("zero").unwrap().figures.errors, 0);
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_go_out_without_passing_through() {
    let deck = probe(&["scratch=1KiB"], "file song.mp3", |_| {}).await;
    let written = Written::default();
    assert_eq!(fetch(&deck, written.clone()).await.unwrap().bytes, 19);
    assert_eq!(*written.0.lock().unwrap(), b"the sound in a file");
    assert_eq!(deck.rooms(), 0);
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_or_nothing_is_no_recording() {
    for (request, told) in [
        ("bytes 1048577", "1048576 bytes are the most that is taken"),
        ("stubborn 1048577", "the recording is larger than 1048576 bytes"),
        ("empty", "wrote nothing"),
        ("trap", "stopped in the middle of a call"),
    ] {
        let deck = probe(&[], request, |_| {}).await;
        let failed = fetch(&deck, Written::default()).await.unwrap_err().to_string();
        assert!(failed.contains(told), "{request}: {failed}");
        deck.finish().await;
    }
    let deck = probe(&[], "bytes 1048576", |_| {}).await;
    assert_eq!(fetch(&deck, Written::default()).await.unwrap().bytes, 1 << 20);
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_trap_the_next_call_works() {
    let deck = Deck::with_probe(&[]).await;
    for _ in 0..3 {
        assert!(matches!(deck.find("trap").await, Err(Failure::Trap { .. })));
        assert_eq!(deck.find("settings").await.unwrap(), "{}");
    }
    deck.finish().await;
}

/// A disk that does not answer before somebody else has had a turn.
struct SlowDisk {
    turn: mpsc::Receiver<()>,
}

impl Write for SlowDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let turn = self.turn.recv_timeout(Duration::from_secs(5));
        turn.map_err(|_| io::Error::other("nobody else had a turn"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn slow_disks_hold_nobody_up() {
    let deck = Deck::with_probe(&[]).await;
    let (give, turn) = mpsc::channel();
    let backend = deck.plugins.backend(&NAME.parse().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    // The only worker has the call; timers must go on all the same.
    tasks.spawn(async move {
        let (out, terms) = (Box::new(SlowDisk { turn }), CallTerms::default());
        let fetched = backend.fetch(&song(), &Candidate::default(), out, 100, &terms).await;
        assert_eq!(fetched.unwrap().bytes, "the sound of ".len() as u64);
    });
    tasks.spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        give.send(()).unwrap();
    });
    tasks.join_all().await;
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_has_more_time_than_computing() {
    let deck = Deck::with_probe_and(&["run=sleep"], |_, table| {
        table.limits.deadline = Period(Duration::from_millis(200));
        table.limits.fetch_deadline = Period(Duration::from_millis(1_000));
    })
    .await;
    assert_eq!(deck.find("run sleep 0.3").await.unwrap(), "0  ", "waiting is no computing");
    for (request, by, ms) in
        [("loop", "limits.deadline", 200), ("run sleep 60", "limits.fetch_deadline", 1_000)]
    {
        match deck.find(request).await {
            Err(Failure::Timeout { limit, setting }) => {
                assert_eq!((setting, limit.as_millis()), (by, ms), "{request}");
            }
            Err(failure) => assert!(failure.to_string().contains("took longer than"), "{request}: {failure}"),
            Ok(answer) => panic!("{request}: {answer}"),
        }
    }
    // A filter holds a thread while it waits: there all of it counts.
    assert!(deck.judge(&["run sleep 0.3"]).await.is_err());
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn candidates_that_make_no_sense_are_garbage() {
    for (request, told) in [
        ("garbage nan", "is not between 0 and 100"),
        ("garbage endless", "is not between 0 and 100"),
        ("garbage negative", "is not between 0 and 100"),
        ("garbage large", "is not between 0 and 100"),
        ("many 1001", "1001 candidates are more than 1000"),
    ] {
        let deck = Deck::with_probe_and(&[], |_, table| table.settings = json!({ "find": request })).await;
        match deck.find("nothing").await {
            Err(Failure::Garbage { what }) => assert!(what.contains(told), "{request}: {what}"),
            other => panic!("{request}: {other:?}"),
        }
        deck.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_at_the_start_is_forgiven() {
    let deck =
        Deck::with_probe_and(&[], |_, table| table.settings = json!({ "configure": "allocate 4000" })).await;
    // Else the trap of this call would be blamed on the memory that `configure` did not get.
    let failed = deck.find("trap").await;
    assert!(matches!(failed, Err(Failure::Trap { .. })), "{failed:?}");
    deck.finish().await;
}
