use std::sync::Arc;

use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Files, Mode, Transfer, TransferSummary};
use crate::{
    archive::{
        Batch, ChatKey, DeletionMode, Dialog, FileKey, FilePlace, FileState, GoneReaction, IdRange, Ranges,
        SharedStore, Shelf, Source, SqliteStore, Version, Write,
        media::{LocalMedia, MediaStore},
        testing::worlds,
    },
    clock::ManualClock,
    import::blank,
    model::{AccountName, Chat, ChatKind, FileForm, MediaKind, Message, MessageId, PeerId, Reaction, User},
};

const CHAT: PeerId = PeerId(-1_000_000_000_042);

struct Archive {
    folder: tempfile::TempDir,
    store: SharedStore,
}

impl Archive {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: SharedStore = Arc::new(SqliteStore::open(&folder.path().join("archive.db")).unwrap());
        Self { folder, store }
    }

    fn media(&self) -> Arc<MediaStore> {
        Arc::new(MediaStore::Local(LocalMedia::open(self.folder.path().join("media")).unwrap()))
    }

    async fn write(&self, writes: Vec<Write>) {
        self.write_at("2026-11-20T12:00:00Z", writes).await;
    }

    async fn write_at(&self, at: &str, writes: Vec<Write>) {
        let mut batch = Batch::new(account(), Source::Sweep, at.parse().unwrap());
        batch.writes = writes;
        self.store.write(batch).await.unwrap();
    }

    /// Chats, people, a file, an earlier text, a deletion, coverage and a cursor.
    async fn filled(messages: i32) -> Self {
        let archive = Self::new();
        let mut writes = vec![Write::Chat(Box::new(blank::chat(CHAT, ChatKind::Supergroup, "Talk")))];
        writes.push(Write::User(Box::new(blank::user(PeerId(5), Some("Ana".into()), None))));
        writes.extend((1..=messages).map(|id| told(message(id, &format!("message {id}")))));
        let since = "2025-01-01T00:00:00Z".parse().unwrap();
        let version = Version { text: "before".into(), entities: Vec::new(), since, captured: since };
        writes.push(Write::Version { chat: CHAT, id: MessageId(1), version: Box::new(version) });
        let range = IdRange::new(MessageId(1), MessageId(messages)).unwrap();
        writes.push(Write::Covered { chat: CHAT, range });
        writes.push(Write::Cursor { chat: CHAT, to: MessageId(messages) });
        writes.push(Write::Dialog { chat: CHAT, top: MessageId(messages), fingerprint: 7 });
        archive.write(writes).await;
        archive
            .write_at(
                "2026-11-21T00:00:00Z",
                vec![Write::Deleted { chat: CHAT, id: MessageId(2), mode: DeletionMode::Soft }],
            )
            .await;
        let media = archive.media();
        let arriving = media.arriving().join("a");
        std::fs::write(&arriving, b"a picture").unwrap();
        let placed = media.put(arriving).await.unwrap();
        let place = FilePlace { hash: placed.hash, bytes: 9, link: format!("{CHAT}/777.jpg") };
        let key = FileKey { chat: CHAT, id: MessageId(messages + 1), file: 777 };
        let held = Write::File { key, state: FileState::Held(place) };
        archive.write(vec![told(photo(messages + 1)), held]).await;
        archive
    }

    fn to(&self, target: &Self, mode: Mode) -> Transfer {
        let (progress, _) = watch::channel(TransferSummary::default());
        Transfer {
            from: self.store.clone(),
            to: target.store.clone(),
            mode,
            files: Files::Between { from: self.media(), to: target.media() },
            clock: ManualClock::at("2026-11-21T12:00:00Z".parse().unwrap()),
            token: CancellationToken::new(),
            progress,
        }
    }
}

fn account() -> AccountName {
    "default".parse().unwrap()
}

fn key() -> ChatKey {
    ChatKey { account: account(), chat: CHAT }
}

fn message(id: i32, text: &str) -> Message {
    Message { sender: Some(PeerId(5)), ..worlds::plain(CHAT, id, text) }
}

fn photo(id: i32) -> Message {
    let mut message = message(id, "");
    let mut file = blank::file(FileForm::Photo, message.date);
    (file.id, file.dc, file.access_hash, file.size_bytes) = (777, 2, 5, 9);
    let mut media = blank::media(MediaKind::Photo);
    media.file = Some(Box::new(file));
    message.media = Some(Box::new(media));
    message
}

fn told(message: Message) -> Write {
    Write::Message { message: Box::new(message), sender_name: Some("Ana".into()) }
}

#[tokio::test]
async fn a_copy_is_the_same_message_by_message() {
    let (from, to) = (Archive::filled(1200).await, Archive::new());
    let transfer = from.to(&to, Mode::Copy);
    let summary = transfer.run().await.unwrap();
    assert_eq!((summary.chats, summary.messages, summary.new, summary.files), (1, 1201, 1201, 1));
    let verification = transfer.verify().await.unwrap();
    assert_eq!((verification.chats, verification.messages), (1, 1201));
    assert_eq!(verification.differences, []);
    let sync = to.store.sync(key()).await.unwrap();
    assert_eq!(
        (sync.cursor, sync.dialog),
        (Some(MessageId(1200)), Some(Dialog { top: MessageId(1200), fingerprint: 7 }))
    );
    assert_eq!(sync.coverage.count(), 1200);
    assert_eq!(to.store.versions(key(), MessageId(1)).await.unwrap()[0].text, "before");
    let deleted = to.store.by_id(key(), vec![MessageId(2)]).await.unwrap()[0].deleted;
    assert_eq!(deleted, Some("2026-11-21T00:00:00Z".parse().unwrap()));
    assert_eq!(std::fs::read(to.folder.path().join(format!("media/{CHAT}/777.jpg"))).unwrap(), b"a picture");
}

/// Beside messages: names of before, somebody who wrote nothing, pictures of before, a reaction that went, notes.
async fn with_memories() -> Archive {
    let archive = Archive::filled(3).await;
    let user = |name: &str| User { is_partial: false, ..blank::user(PeerId(99), Some(name.into()), None) };
    let titled = |title: &str| {
        let chat = blank::chat(CHAT, ChatKind::Supergroup, title);
        Write::Chat(Box::new(Chat { is_partial: false, ..chat }))
    };
    archive
        .write_at("2026-01-01T00:00:00Z", vec![Write::User(Box::new(user("Old"))), titled("Before")])
        .await;
    archive.write_at("2026-02-01T00:00:00Z", vec![Write::User(Box::new(user("New"))), titled("Talk")]).await;
    let media = archive.media();
    for (at, photo, bytes) in [("2026-03-01T00:00:00Z", 9, "older"), ("2026-04-01T00:00:00Z", 8, "newer")] {
        let arriving = media.arriving().join(bytes);
        std::fs::write(&arriving, bytes).unwrap();
        let placed = media.put(arriving).await.unwrap();
        let (peer, hash) = (PeerId(99), placed.hash);
        let avatar = Write::Avatar { peer, photo, hash, extension: "jpg".into() };
        archive.write_at(at, vec![Write::Blob { hash, bytes: placed.bytes }, avatar]).await;
    }
    let reaction = Reaction::Emoji("👍".into());
    let gone = GoneReaction { reaction, count: 3, gone: "2026-05-01T00:00:00Z".parse().unwrap() };
    let note = |name: &str| Write::Note { name: name.into(), value: Some(json!({ "reason": "too old" })) };
    archive
        .write(vec![
            Write::GoneReaction { chat: CHAT, id: MessageId(1), gone },
            note(&format!("skipped/{CHAT}/0/main")),
            note("transfer:-7"),
            note("import:abc"),
            note("hard-deletions"),
            note("applied/spam"),
        ])
        .await;
    archive
}

#[tokio::test]
async fn a_copy_remembers_what_the_archive_remembers() {
    let (from, to) = (with_memories().await, Archive::new());
    let transfer = from.to(&to, Mode::Copy);
    let summary = transfer.run().await.unwrap();
    assert_eq!((summary.people, summary.pictures), (2, 2));
    let verification = transfer.verify().await.unwrap();
    assert_eq!((verification.people, verification.differences), (2, vec![]));
    let names = |peer| to.store.history(account(), peer);
    let told: Vec<(String, String)> =
        names(PeerId(99)).await.unwrap().into_iter().map(|it| (it.value, it.since.to_string())).collect();
    let expected = [("Old", "2026-01-01T00:00:00Z"), ("New", "2026-02-01T00:00:00Z")];
    assert_eq!(told, expected.map(|(name, since)| (name.to_owned(), since.to_owned())));
    assert!(names(CHAT).await.unwrap().iter().any(|it| it.value == "Before"));
    assert_eq!(to.store.avatar(account(), PeerId(99)).await.unwrap().unwrap().photo, 8, "the newest counts");
    assert_eq!(to.store.gone_reactions(key(), MessageId(1)).await.unwrap()[0].count, 3);
    let notes = to.store.notes(account(), String::new(), 99).await.unwrap();
    assert!(notes.iter().any(|(name, value)| name.starts_with("skipped/") && value["reason"] == "too old"));
    // How far something is, is each archive's own; the copy has said that it was begun.
    let notes: Vec<&str> = notes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(notes, [format!("skipped/{CHAT}/0/main").as_str(), "transfer:account"]);
    // The same once more changes nothing.
    from.to(&to, Mode::Copy).run().await.unwrap();
    assert_eq!(transfer.verify().await.unwrap().differences, []);
}

#[tokio::test]
async fn a_copy_that_is_repeated_after_an_edit_is_the_same() {
    let (from, to) = (Archive::filled(3).await, Archive::new());
    from.to(&to, Mode::Copy).run().await.unwrap();
    let edited = "2026-11-21T10:00:00Z".parse().unwrap();
    let edited = Message { edited: Some(edited), ..message(3, "another text") };
    from.write_at("2026-11-21T10:00:05Z", vec![told(edited)]).await;
    let transfer = from.to(&to, Mode::Copy);
    transfer.run().await.unwrap();
    assert_eq!(transfer.verify().await.unwrap().differences, []);
    let captured = to.store.versions(key(), MessageId(3)).await.unwrap()[0].captured;
    assert_eq!(captured, "2026-11-21T10:00:05Z".parse().unwrap());
}

#[tokio::test]
async fn a_merge_counts_the_people_whom_it_takes_over() {
    let (from, to) = (with_memories().await, Archive::new());
    let elsewhere = PeerId(-1_000_000_000_043);
    from.write(vec![told(Message { chat: elsewhere, ..message(1, "elsewhere") })]).await;
    // Somebody who wrote nothing stays; one of two chats is one of all.
    assert_eq!(from.to(&to, Mode::Merge).run().await.unwrap().people, 1);
    assert_eq!(to.store.user_ids(account(), None, 9).await.unwrap(), [PeerId(5)]);
}

#[tokio::test]
async fn what_belongs_to_no_chat_is_compared() {
    let (from, to) = (with_memories().await, Archive::new());
    let transfer = from.to(&to, Mode::Copy);
    transfer.run().await.unwrap();
    let name = format!("skipped/{CHAT}/0/main");
    let stranger = Write::User(Box::new(blank::user(PeerId(100), Some("Bo".into()), None)));
    to.write(vec![Write::Note { name, value: None }, stranger]).await;
    let gone =
        GoneReaction {
            reaction: Reaction::Emoji("🔥".into()), count: 1, gone: jiff::Timestamp::UNIX_EPOCH
        };
    to.write(vec![Write::GoneReaction { chat: CHAT, id: MessageId(1), gone }]).await;
    to.write(vec![Write::History { peer: CHAT, entries: Vec::new() }]).await;
    let found = transfer.verify().await.unwrap().differences;
    let told: Vec<&str> = found.iter().map(|it| it.what.as_str()).collect();
    let expected = [
        "2 people, and 3 in the copy",
        "1 notes, and 0 in the copy",
        "1 reactions that went, and 2 in the copy",
        "what it was called differs",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_merge_says_why_messages_are_not_there() {
    let (from, to) = (with_memories().await, Archive::filled(3).await);
    let name = format!("skipped/{CHAT}/0/main");
    from.to(&to, Mode::Merge).run().await.unwrap();
    assert_eq!(to.store.note(account(), name.clone()).await.unwrap().unwrap()["reason"], "too old");
    to.write(vec![Write::Note { name: name.clone(), value: Some(json!({ "reason": "its own" })) }]).await;
    from.to(&to, Mode::Merge).run().await.unwrap();
    assert_eq!(to.store.note(account(), name).await.unwrap().unwrap()["reason"], "its own");
}

#[tokio::test]
async fn a_merge_unites_what_both_left_out_and_removed() {
    let (from, to) = (Archive::filled(9).await, Archive::filled(9).await);
    let range = |(first, last)| IdRange::new(MessageId(first), MessageId(last)).unwrap();
    let ranges = |all: &[(i32, i32)]| all.iter().copied().map(range).collect::<Ranges>();
    let skipped =
        |why: &str, all: &[(i32, i32)]| Write::Skipped { chat: CHAT, ids: ranges(all), why: why.to_owned() };
    let gone = |id| Write::Deleted { chat: CHAT, id: MessageId(id), mode: DeletionMode::Hard };
    let there = [skipped("too old", &[(20, 24), (40, 40), (10_005, 10_007)]), skipped("spam", &[(30, 30)])];
    from.write(there.into_iter().chain([gone(4), gone(5)]).collect()).await;
    to.write(vec![skipped("too old", &[(25, 29), (42, 42)]), skipped("topic 4", &[(30, 31)]), gone(7)]).await;
    for _ in 0..2 {
        from.to(&to, Mode::Merge).run().await.unwrap();
        let shelved = async |shelf: Shelf| {
            let found = shelf.of(&to.store, &key(), range((1, 20_000))).await.unwrap().0;
            found.into_iter().collect::<Vec<_>>()
        };
        let expected = [
            ("spam".to_owned(), ranges(&[(30, 30)])),
            ("too old".to_owned(), ranges(&[(20, 29), (40, 40), (42, 42), (10_005, 10_007)])),
            ("topic 4".to_owned(), ranges(&[(30, 31)])),
        ];
        assert_eq!(shelved(Shelf::Skipped).await, expected);
        let expected = [("removed".to_owned(), ranges(&[(4, 5), (7, 7)]))];
        assert_eq!(shelved(Shelf::Removed).await, expected);
    }
}

#[tokio::test]
async fn what_differs_is_found() {
    let (from, to) = (Archive::filled(10).await, Archive::new());
    let transfer = from.to(&to, Mode::Copy);
    transfer.run().await.unwrap();
    let mut edited = message(3, "another text");
    edited.edited = Some("2026-11-21T00:00:00Z".parse().unwrap());
    to.write(vec![told(edited)]).await;
    let found = transfer.verify().await.unwrap().differences;
    assert!(found.iter().any(|it| it.chat == Some(CHAT)), "{found:?}");
    let mut stranger = message(1, "elsewhere");
    stranger.chat = PeerId(7);
    to.write(vec![told(stranger)]).await;
    let found = transfer.verify().await.unwrap().differences;
    assert!(found.iter().any(|it| it.chat == Some(PeerId(7)) && it.what.contains("alone")), "{found:?}");
    to.write(vec![told(message(99, "more"))]).await;
    let found = transfer.verify().await.unwrap().differences;
    assert!(found.iter().any(|it| it.what.contains("11 messages, and 12 in the copy")), "{found:?}");
}

#[tokio::test]
async fn a_merge_brings_two_together() {
    let (from, to) = (Archive::filled(600).await, Archive::new());
    to.write(vec![
        Write::Chat(Box::new(blank::chat(CHAT, ChatKind::Supergroup, "Talk"))),
        told(message(1, "message 1")),
        told(message(5000, "only here")),
        Write::Cursor { chat: CHAT, to: MessageId(100) },
    ])
    .await;
    let summary = from.to(&to, Mode::Merge).run().await.unwrap();
    assert_eq!((summary.messages, summary.new), (601, 600));
    let sync = to.store.sync(key()).await.unwrap();
    // Proven there, so proven here; the sweep looks for itself.
    assert_eq!((sync.coverage.count(), sync.cursor, sync.dialog), (600, Some(MessageId(100)), None));
    let again = from.to(&to, Mode::Merge).run().await.unwrap();
    assert_eq!((again.new, again.changed), (0, 0));
    assert_eq!(to.store.figures().await.unwrap().messages, 602);
}

#[tokio::test]
async fn goes_on_where_it_was_stopped() {
    let (from, to) = (Archive::filled(1700).await, Archive::new());
    let (progress, mut seen) = watch::channel(TransferSummary::default());
    let transfer = Transfer { progress, ..from.to(&to, Mode::Copy) };
    let token = transfer.token.clone();
    let stop = async {
        seen.changed().await.unwrap();
        token.cancel();
    };
    let (outcome, ()) = tokio::join!(transfer.run(), stop);
    assert!(outcome.is_err());
    let before = to.store.figures().await.unwrap().messages;
    assert!(before > 0 && before < 1701, "{before}");
    let transfer = from.to(&to, Mode::Copy);
    let rest = transfer.run().await.unwrap();
    assert_eq!((rest.messages, rest.resumed_after), (1701 - before, before));
    assert_eq!(transfer.verify().await.unwrap().differences, []);
}

#[tokio::test]
async fn copies_into_something_else_are_refused() {
    let (from, to) = (Archive::filled(3).await, Archive::filled(3).await);
    let error = from.to(&to, Mode::Copy).run().await.unwrap_err().to_string();
    assert!(error.contains("4 messages") && error.contains("merge"), "{error}");
}

#[tokio::test]
async fn files_whose_bytes_have_gone_are_left_wanted() {
    let (from, to) = (Archive::filled(3).await, Archive::new());
    for blob in walk(&from.folder.path().join("media/blobs")) {
        std::fs::remove_file(blob).unwrap();
    }
    let summary = from.to(&to, Mode::Copy).run().await.unwrap();
    assert_eq!((summary.files, summary.files_missing), (0, 1));
    let files = to.store.files_of(key(), vec![MessageId(4)]).await.unwrap();
    assert_eq!(files[0].state, FileState::Wanted);
    let differences = from.to(&to, Mode::Copy).verify().await.unwrap().differences;
    assert_eq!(differences[0].what, "1 files that are held, and 0 in the copy");
}

#[tokio::test]
async fn files_that_stay_behind_are_left_wanted() {
    let (from, to) = (Archive::filled(3).await, Archive::new());
    let transfer = Transfer { files: Files::Left, ..from.to(&to, Mode::Copy) };
    assert_eq!(transfer.run().await.unwrap().files, 0);
    let files = to.store.files_of(key(), vec![MessageId(4)]).await.unwrap();
    assert_eq!(files[0].state, FileState::Wanted);
    assert_eq!(transfer.verify().await.unwrap().differences, []);
    let (asked, to) = (Archive::filled(3).await, Archive::new());
    let transfer = Transfer { files: Files::Nowhere, ..asked.to(&to, Mode::Merge) };
    let summary = transfer.run().await.unwrap();
    assert_eq!((summary.files, summary.files_missing), (0, 1), "nobody wanted it to stay");
    assert_eq!(to.store.files_of(key(), vec![MessageId(4)]).await.unwrap()[0].state, FileState::Wanted);
}

#[tokio::test]
async fn bytes_that_have_changed_are_not_copied() {
    let (from, to) = (Archive::filled(3).await, Archive::new());
    for blob in walk(&from.folder.path().join("media/blobs")) {
        std::fs::write(blob, b"A picture").unwrap();
    }
    assert_eq!(from.to(&to, Mode::Copy).run().await.unwrap().files_missing, 1);
    assert_eq!(walk(&to.folder.path().join("media")), Vec::<std::path::PathBuf>::new());
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}
