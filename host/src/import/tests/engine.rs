use std::{fs, sync::Arc};

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    archive::{
        Around, Batch, ChatKey, FileState, MessagePage, Rehearsal, SharedStore, Source, SqliteStore, Stored,
        Write,
        media::{LocalMedia, MediaStore},
        testing::worlds,
    },
    clock::ManualClock,
    import::{Import, ImportError, ImportSummary, Kind, Media, Place, Request, engine::MESSAGES_PER_BATCH},
    model::{AccountName, File, FileForm, Message, MessageId, PeerId, User},
};

const CHAT: PeerId = PeerId(-1_000_000_000_042);

/// An archive, a media folder, and an export to be imported.
pub(super) struct Deck {
    folder: tempfile::TempDir,
    pub(super) store: SharedStore,
    media: Arc<MediaStore>,
}

impl Deck {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: SharedStore = Arc::new(SqliteStore::open(&folder.path().join("archive.db")).unwrap());
        let media = LocalMedia::open(folder.path().join("media")).unwrap();
        fs::create_dir_all(folder.path().join("export/photos")).unwrap();
        Self { folder, store, media: Arc::new(MediaStore::Local(media)) }
    }

    fn export(&self, messages: &Value) {
        let json = json!({ "name": "Talk", "type": "private_supergroup", "id": 42, "messages": messages });
        fs::write(self.folder.path().join("export/result.json"), json.to_string()).unwrap();
    }

    fn file(&self, name: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join("export").join(name), bytes).unwrap();
    }

    pub(super) fn request(&self) -> Request {
        Request {
            place: Place::Path(self.folder.path().join("export")),
            kind: Kind::TelegramDesktop,
            account: account(),
            chat: None,
            timezone: None,
            files_from: None,
            media: Media::Take(self.media.clone()),
        }
    }

    pub(super) async fn import_as(
        &self,
        request: Request,
        store: SharedStore,
        token: CancellationToken,
        progress: watch::Sender<ImportSummary>,
    ) -> Result<ImportSummary, ImportError> {
        let clock = ManualClock::at("2026-11-21T12:00:00Z".parse().unwrap());
        Import::open(request, store, clock).await?.run(token, progress).await
    }

    async fn import(&self) -> ImportSummary {
        let (progress, _) = watch::channel(ImportSummary::default());
        self.import_as(self.request(), self.store.clone(), CancellationToken::new(), progress).await.unwrap()
    }

    pub(super) async fn fails(&self, request: Request) -> String {
        let (progress, _) = watch::channel(ImportSummary::default());
        let outcome = self.import_as(request, self.store.clone(), CancellationToken::new(), progress).await;
        outcome.expect_err("a failure").to_string()
    }

    async fn write(&self, source: Source, writes: Vec<Write>) {
        let mut batch = Batch::new(account(), source, "2026-11-20T12:00:00Z".parse().unwrap());
        batch.writes = writes;
        self.store.write(batch).await.unwrap();
    }

    pub(super) async fn stored(&self) -> Vec<Stored> {
        let page = MessagePage::new(Around::After(MessageId(i32::MIN)), 10_000);
        self.store.messages(key(), page).await.unwrap()
    }

    /// Of the only file there is.
    async fn file_state(&self, id: i32) -> (i64, FileState) {
        let mut files = self.store.files_of(key(), vec![MessageId(id)]).await.unwrap();
        assert_eq!(files.len(), 1, "{files:?}");
        let file = files.remove(0);
        (file.key.file, file.state)
    }

    async fn sequence(&self) -> i64 {
        self.store.figures().await.unwrap().sequence
    }
}

fn account() -> AccountName {
    "default".parse().unwrap()
}

fn key() -> ChatKey {
    ChatKey { account: account(), chat: CHAT }
}

fn said(id: i32, text: &str) -> Value {
    json!({ "id": id, "type": "message", "date_unixtime": (1_700_000_000 + i64::from(id)).to_string(), "from": "Ana", "from_id": "user5", "text": text })
}

fn many(count: i32) -> Value {
    (1..=count).map(|id| said(id, &format!("message {id}"))).collect()
}

/// The message as Telegram tells it.
fn captured(id: i32, text: &str) -> Message {
    Message { sender: Some(PeerId(5)), views: Some(9), ..worlds::plain(CHAT, id, text) }
}

fn photo(id: i64, size_bytes: i64) -> File {
    let mut file = crate::import::blank::file(FileForm::Photo, "2026-01-01T00:00:00Z".parse().unwrap());
    (file.id, file.dc, file.access_hash, file.size_bytes) = (id, 2, 5, size_bytes);
    file
}

fn captured_photo(id: i32, file: File) -> Message {
    let mut message = captured(id, "");
    let mut media = crate::import::blank::media(crate::model::MediaKind::Photo);
    media.file = Some(Box::new(file));
    message.media = Some(Box::new(media));
    message
}

fn told(message: Message) -> Vec<Write> {
    vec![Write::Message { message: Box::new(message), sender_name: Some("Ana".into()) }]
}

#[tokio::test]
async fn messages_people_and_files_arrive() {
    let deck = Deck::new();
    deck.file("photos/a.jpg", b"a picture");
    let mut photo = said(2, "look");
    photo["photo"] = "photos/a.jpg".into();
    let mut missing = said(3, "");
    missing["photo"] = "(File not included. Change data exporting settings to download.)".into();
    deck.export(&json!([said(1, "hi"), photo, missing, { "id": "x" }]));
    let summary = deck.import().await;
    assert_eq!((summary.chats, summary.messages, summary.new, summary.unreadable), (1, 3, 3, 1));
    assert_eq!((summary.files_taken, summary.file_bytes, summary.files_missing), (1, 9, 1));
    let stored = deck.stored().await;
    assert_eq!(stored.iter().map(|it| it.message.id.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(stored[0].sender_name.as_deref(), Some("Ana"));
    assert_eq!(deck.store.users(account(), vec![PeerId(5)]).await.unwrap()[0].name(), "Ana");
    let (_, FileState::Held(place)) = deck.file_state(2).await else { panic!("a file") };
    let link = deck.folder.path().join("media").join(&place.link);
    assert_eq!(fs::read(link).unwrap(), b"a picture");
    // The export keeps its own.
    assert_eq!(fs::read(deck.folder.path().join("export/photos/a.jpg")).unwrap(), b"a picture");
    let (_, FileState::Skipped { why }) = deck.file_state(3).await else { panic!("a reason") };
    assert!(why.starts_with("File not included"), "{why}");
}

#[tokio::test]
async fn nothing_is_claimed_that_is_not_proven() {
    let deck = Deck::new();
    deck.export(&many(10));
    deck.import().await;
    let sync = deck.store.sync(key()).await.unwrap();
    assert!(sync.cursor.is_none() && sync.coverage.is_empty() && sync.dialog.is_none(), "{sync:?}");
}

#[tokio::test]
async fn the_same_again_changes_nothing() {
    let deck = Deck::new();
    deck.file("photos/a.jpg", b"a picture");
    let mut photo = said(1201, "look");
    photo["photo"] = "photos/a.jpg".into();
    let mut messages = many(1200);
    messages.as_array_mut().unwrap().push(photo);
    deck.export(&messages);
    let first = deck.import().await;
    assert_eq!((first.new, first.files_taken), (1201, 1));
    let sequence = deck.sequence().await;
    let again = deck.import().await;
    assert_eq!((again.messages, again.new, again.changed, again.unchanged), (1201, 0, 0, 1201));
    assert_eq!((again.files_taken, again.files_known, again.resumed_after), (0, 1, 0));
    assert_eq!(deck.sequence().await, sequence);
}

#[tokio::test]
async fn goes_on_where_it_was_stopped() {
    let deck = Deck::new();
    let count = 5 * i32::try_from(MESSAGES_PER_BATCH).unwrap() + 17;
    deck.export(&many(count));
    let (progress, mut seen) = watch::channel(ImportSummary::default());
    let token = CancellationToken::new();
    let stop = async {
        seen.changed().await.unwrap();
        token.cancel();
    };
    let importing = deck.import_as(deck.request(), deck.store.clone(), token.clone(), progress);
    let (outcome, ()) = tokio::join!(importing, stop);
    assert!(matches!(outcome, Err(ImportError::Stopped)), "{outcome:?}");
    let before = deck.stored().await.len() as u64;
    assert!(before > 0 && before < u64::try_from(count).unwrap());
    let summary = deck.import().await;
    assert_eq!((summary.resumed_after, summary.new), (before, u64::try_from(count).unwrap() - before));
    assert_eq!(deck.stored().await.len(), usize::try_from(count).unwrap());
    // And then from the start again.
    assert_eq!(deck.import().await.resumed_after, 0);
}

#[tokio::test]
async fn what_was_stopped_and_changed_begins_anew() {
    let deck = Deck::new();
    deck.export(&many(1000));
    let mut json = fs::read(deck.folder.path().join("export/result.json")).unwrap();
    let whole = json.clone();
    json.truncate(json.len() - 300);
    deck.file("result.json", &json);
    let failure = deck.fails(deck.request()).await;
    assert!(failure.contains("result.json is damaged at line 1"), "{failure}");
    let before = deck.stored().await.len();
    assert!(before > 990, "what was told before the damage is kept: {before}");
    deck.file("result.json", &whole);
    let summary = deck.import().await;
    assert_eq!((summary.resumed_after, summary.messages), (0, 1000));
    assert_eq!(deck.stored().await.len(), 1000);
}

#[tokio::test]
async fn rehearsal_counts_and_writes_nothing() {
    let deck = Deck::new();
    deck.file("photos/a.jpg", b"a picture");
    let mut photo = said(3, "look");
    photo["photo"] = "photos/a.jpg".into();
    let mut edited = said(2, "second");
    edited["edited_unixtime"] = "1800000000".into();
    deck.write(Source::Sweep, [told(captured(1, "first")), told(captured(2, "before"))].concat()).await;
    deck.export(&json!([said(1, "first"), edited, photo]));
    let sequence = deck.sequence().await;
    let request = Request { media: Media::Count, ..deck.request() };
    let store: SharedStore = Arc::new(Rehearsal::new(deck.store.clone()));
    let (progress, _) = watch::channel(ImportSummary::default());
    let summary = deck.import_as(request, store, CancellationToken::new(), progress).await.unwrap();
    assert_eq!((summary.new, summary.changed, summary.unchanged, summary.files_taken), (1, 1, 1, 1));
    assert_eq!((deck.stored().await.len(), deck.sequence().await), (2, sequence));
    let real = deck.import().await;
    assert_eq!((real.new, real.changed, real.unchanged), (1, 1, 1));
}

#[tokio::test]
async fn media_can_be_left_out() {
    let deck = Deck::new();
    deck.file("photos/a.jpg", b"a picture");
    let mut photo = said(1, "look");
    photo["photo"] = "photos/a.jpg".into();
    deck.export(&json!([photo]));
    let (progress, _) = watch::channel(ImportSummary::default());
    let request = Request { media: Media::Skip, ..deck.request() };
    deck.import_as(request, deck.store.clone(), CancellationToken::new(), progress).await.unwrap();
    assert!(matches!(deck.file_state(1).await.1, FileState::Skipped { .. }));
    // Somebody has thought better of it.
    assert_eq!(deck.import().await.files_taken, 1);
    assert!(matches!(deck.file_state(1).await.1, FileState::Held(_)));
}

#[tokio::test]
async fn a_captured_file_is_not_fetched_any_more() {
    let deck = Deck::new();
    deck.file("photos/a.jpg", b"a picture");
    let mut exported = said(1, "");
    exported["photo"] = "photos/a.jpg".into();
    deck.export(&json!([exported]));
    deck.write(Source::Sweep, told(captured_photo(1, photo(777, 9)))).await;
    assert_eq!(deck.file_state(1).await, (777, FileState::Wanted));
    deck.import().await;
    let (number, state) = deck.file_state(1).await;
    assert!(number == 777 && matches!(state, FileState::Held(_)), "{number} {state:?}");
}

#[tokio::test]
async fn an_imported_file_becomes_that_of_telegram() {
    let deck = Deck::new();
    deck.file("photos/a.jpg", b"a picture");
    let mut exported = said(1, "");
    exported["photo"] = "photos/a.jpg".into();
    deck.export(&json!([exported]));
    deck.import().await;
    deck.write(Source::Sweep, told(captured_photo(1, photo(777, 9)))).await;
    let (number, state) = deck.file_state(1).await;
    assert!(number == 777 && matches!(state, FileState::Held(_)), "{number} {state:?}");
    // And the import once more finds it.
    assert_eq!(deck.import().await.files_known, 1);
}

#[tokio::test]
async fn a_file_that_was_lost_comes_again() {
    let deck = Deck::new();
    deck.file("photos/a.jpg", b"a picture");
    let mut exported = said(1, "");
    exported["photo"] = "photos/a.jpg".into();
    deck.export(&json!([exported]));
    deck.import().await;
    let (_, FileState::Held(place)) = deck.file_state(1).await else { panic!("a file") };
    deck.media.remove(place.hash).await.unwrap();
    let again = deck.import().await;
    assert_eq!((again.files_taken, again.files_known), (1, 0));
    assert_eq!(deck.media.size(place.hash).await.unwrap(), Some(9));
}

#[tokio::test]
async fn the_same_file_lies_here_once() {
    let deck = Deck::new();
    let messages = (1..=3).map(|id| {
        deck.file(&format!("photos/{id}.jpg"), b"a picture");
        let mut exported = said(id, "");
        exported["photo"] = format!("photos/{id}.jpg").into();
        exported
    });
    deck.export(&messages.collect());
    assert_eq!(deck.import().await.files_taken, 3);
    assert_eq!(deck.media.list(None, 10).await.unwrap().len(), 1);
    // Each message finds it by a name of its own.
    assert_eq!(fs::read_dir(deck.folder.path().join(format!("media/{CHAT}"))).unwrap().count(), 3);
    assert_eq!(fs::read_dir(deck.media.arriving()).unwrap().count(), 0);
}

#[tokio::test]
async fn another_size_is_another_file() {
    let deck = Deck::new();
    deck.file("photos/a.jpg", b"a picture");
    let mut exported = said(1, "");
    exported["photo"] = "photos/a.jpg".into();
    deck.export(&json!([exported]));
    deck.write(Source::Sweep, told(captured_photo(1, photo(777, 10)))).await;
    deck.import().await;
    assert_eq!(deck.file_state(1).await, (777, FileState::Wanted));
}

#[tokio::test]
async fn exports_of_somebody_else_are_refused() {
    let deck = Deck::new();
    let mut owner: User = crate::import::blank::user(PeerId(9), Some("Me".into()), None);
    (owner.is_self, owner.is_partial) = (true, false);
    deck.write(Source::Sweep, vec![Write::User(Box::new(owner))]).await;
    let json = json!({ "personal_information": { "user_id": 10 }, "chats": { "list": [] } });
    deck.file("result.json", json.to_string().as_bytes());
    let failure = deck.fails(deck.request()).await;
    assert!(failure.contains("belongs to 10") && failure.contains("--account"), "{failure}");
}

#[tokio::test]
async fn own_messages_in_groups_are_known_by_the_owner_of_the_archive() {
    let deck = Deck::new();
    let mut owner: User = crate::import::blank::user(PeerId(9), Some("Me".into()), None);
    (owner.is_self, owner.is_partial) = (true, false);
    deck.write(Source::Sweep, vec![Write::User(Box::new(owner))]).await;
    let mut own = said(1, "mine");
    own["from_id"] = "user9".into();
    let mut other = said(2, "yours");
    other["from_id"] = "user10".into();
    let chat = json!({ "name": "Talk", "type": "private_supergroup", "id": 42, "messages": [own, other] });
    // As of several chats, without a word on whose they are.
    deck.file("result.json", json!({ "chats": { "list": [chat] } }).to_string().as_bytes());
    deck.import().await;
    let outgoing: Vec<bool> = deck.stored().await.iter().map(|it| it.message.marks.is_outgoing).collect();
    assert_eq!(outgoing, [true, false]);
}

#[tokio::test]
async fn a_message_told_twice_changes_nothing_the_second_time() {
    let deck = Deck::new();
    deck.export(&json!([said(1, "first"), said(2, "so"), said(1, "second"), said(1, "third")]));
    deck.import().await;
    let again = deck.import().await;
    assert_eq!((again.new, again.changed, again.unchanged), (0, 0, 4));
    assert_eq!(deck.stored().await[0].message.text, "third");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_does_not_answer_is_left_when_it_is_stopped() {
    let deck = Deck::new();
    let token = CancellationToken::new();
    let (silent, asked) = std::sync::mpsc::channel();
    let engine = crate::import::engine::Engine {
        store: deck.store.clone(),
        clock: ManualClock::at("2026-11-21T12:00:00Z".parse().unwrap()),
        path: deck.folder.path().to_owned(),
        account: account(),
        owner: None,
        files: crate::import::engine::Files::Skip,
        token: token.clone(),
        progress: watch::channel(ImportSummary::default()).0,
    };
    let fingerprint = crate::import::source::Fingerprint::told("a disk", "of another machine");
    let running = engine.run(Box::new(Silent(asked)), Default::default(), &fingerprint);
    let stop = async { token.cancel() };
    let (outcome, ()) = tokio::join!(running, stop);
    assert!(matches!(outcome, Err(ImportError::Stopped)), "{outcome:?}");
    drop(silent);
}

/// Reads for as long as the other end is held.
struct Silent(std::sync::mpsc::Receiver<()>);

impl crate::import::source::Source for Silent {
    fn read(
        &mut self,
        _: &mut dyn FnMut(crate::import::source::Told) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let _ = self.0.recv();
        Ok(())
    }
}

#[tokio::test]
async fn kinds_are_found_out_by_looking() {
    let deck = Deck::new();
    deck.file("result.json", b"nothing");
    let kind = async |name: &str| Place::Path(deck.folder.path().join(name)).kind().await;
    let failure = kind("export/photos").await.unwrap_err().to_string();
    assert!(failure.contains("(`from`)"), "{failure}");
    let failure = kind("nowhere").await.unwrap_err().to_string();
    assert!(failure.contains("nowhere cannot be read"), "{failure}");
    fs::write(deck.folder.path().join("own.json"), json!([said(1, "x")]).to_string()).unwrap();
    for (name, text, wanted) in [
        (
            "desktop.json",
            r#"{"name":"a","type":"personal_chat","id":5,"messages":[{"id":1,"date_unixtime":"1"}]}"#,
            "telegram-desktop",
        ),
        ("own.json", r#"{"chat":{"id":5},"messages":[]}"#, "json"),
        ("list.json", r#" [{"id":1,"date":"2026-01-01T00:00:00"}]"#, "json"),
    ] {
        let path = deck.folder.path().join(name);
        fs::write(&path, text).unwrap();
        assert_eq!(kind(name).await.unwrap().as_str(), wanted, "{name}");
    }
}

/// One message as an export and as Telegram tell it.
#[derive(Clone, Debug)]
struct Both {
    id: i32,
    exported: Option<(String, Option<i64>)>,
    captured: Option<(String, Option<i64>)>,
}

fn both() -> impl Strategy<Value = Vec<Both>> {
    let text = prop::sample::select(vec!["", "a", "b", "c"]).prop_map(str::to_owned);
    let telling = prop::option::of((text, prop::option::of(1_800_000_000..1_800_000_003_i64)));
    prop::collection::vec((telling.clone(), telling), 1..12).prop_map(|all| {
        let numbered = all.into_iter().zip(1..);
        numbered.map(|((exported, captured), id)| Both { id, exported, captured }).collect()
    })
}

async fn archive_of(
    all: &[Both],
    is_import_first: bool,
    is_repeated: bool,
) -> Vec<(Message, Option<String>, u32)> {
    let deck = Deck::new();
    let exported = all.iter().filter_map(|both| {
        let (text, edited) = both.exported.as_ref()?;
        let mut message = said(both.id, text);
        if let Some(edited) = edited {
            message["edited_unixtime"] = edited.to_string().into();
        }
        Some(message)
    });
    deck.export(&exported.collect());
    let told_by_telegram = || {
        all.iter().filter_map(|both| {
            let (text, edited) = both.captured.as_ref()?;
            let mut message = captured(both.id, text);
            message.edited = edited.map(|second| jiff::Timestamp::from_second(second).unwrap());
            Some(told(message))
        })
    };
    let writes: Vec<Write> = told_by_telegram().flatten().collect();
    for turn in 0..if is_repeated { 4 } else { 2 } {
        if (turn % 2 == 0) == is_import_first {
            deck.import().await;
        } else {
            deck.write(Source::Live, writes.clone()).await;
        }
    }
    deck.stored().await.into_iter().map(|it| (it.message, it.sender_name, it.versions)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// One row of each, completed by the capture, in any order, however often.
    #[test]
    fn import_and_capture_meet_in_any_order(all in both()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let import_first = archive_of(&all, true, false).await;
            let capture_first = archive_of(&all, false, false).await;
            prop_assert_eq!(&import_first, &capture_first);
            let repeated = archive_of(&all, true, true).await;
            prop_assert_eq!(&import_first, &repeated);
            for (message, ..) in &import_first {
                let was_captured = all.iter().any(|both| both.id == message.id.0 && both.captured.is_some());
                prop_assert_eq!(message.is_imported(), !was_captured);
                prop_assert_eq!(message.views.is_some(), was_captured);
            }
            Ok(())
        })?;
    }
}
