//! Archives that an older version has written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;
use tokio_postgres::{Client, types::ToSql};

use super::super::{
    PostgresStore,
    migrate::{STEPS, migrate_with},
    sql::{json, word},
    testing::{Server, connect},
    text::{json_to_column, to_column},
};
use crate::{
    archive::{
        Around, BlobHash, Change, ChangeKind, ChatKey, ChatOrder, ChatsPage, Dialog, FilePlace, FileState,
        FolderRecord, HistoryEntry, IdRange, MessagePage, SearchQuery, Store, StoredChat, Write,
        merge::{poll_of, unknown_chat},
        row::{Row, moment},
        search::fold,
        testing::worlds,
    },
    model::{AccountName, Chat, Message, MessageId, PeerId, Reaction, Topic, User},
};

/// What the columns say of a moment of ours.
const NOW: i64 = 1_700_000_000_000;

/// What an archive held before this version came.
struct World {
    messages: Vec<Message>,
    chats: Vec<Chat>,
    user: User,
    topic: Topic,
    folder: FolderRecord,
}

impl World {
    fn new() -> Self {
        let messages = worlds::everything(17, 600);
        let ids: BTreeSet<PeerId> = messages.iter().map(|message| message.chat).collect();
        let chats = (0..).zip(ids).map(|(place, id)| Chat {
            title: title(place),
            is_partial: false,
            usernames: if place == 2 { vec!["tapes".to_owned()] } else { Vec::new() },
            ..unknown_chat(id)
        });
        let topic = json!({ "id": 7, "title": "To\0pic", "created": "2026-01-01T00:00:00Z", "by": 5,
            "icon_color": 3, "newest": 9 });
        Self {
            chats: chats.collect(),
            messages,
            user: serde_json::from_value(json!({ "id": 5, "first_name": "A\0da", "usernames": ["ada"] }))
                .unwrap(),
            topic: serde_json::from_value(topic).unwrap(),
            folder: FolderRecord { id: 2, title: "Tapes".to_owned(), ..FolderRecord::default() },
        }
    }

    fn key(&self, chat: PeerId) -> ChatKey {
        ChatKey { account: AccountName::main(), chat }
    }
}

/// Among them one that no entry of an index has room for, as imports bring them.
fn title(place: u32) -> String {
    if place != 3 {
        return format!("{} tapes", char::from_u32(0x41 + place * 7 % 26).unwrap());
    }
    let mut state = 1_u32;
    let letter = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_u32(0x4e00 + (state >> 16) % 20_000).unwrap()
    };
    (0..5_000).map(letter).collect()
}

struct Older {
    client: Client,
    schema: usize,
}

/// Since this schema, whoever writes keeps to what an entry of an index takes.
const LISTED: usize = 4;

impl Older {
    async fn run(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) {
        self.client.execute(sql, values).await.unwrap();
    }

    async fn key(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> i64 {
        self.client.query_one(sql, values).await.unwrap().get(0)
    }

    /// Rows had no checksums.
    async fn write(&self, world: &World) {
        let account =
            self.key("insert into accounts (name, owner) values ('main', 5) returning key", &[]).await;
        let mut chats = BTreeMap::new();
        for chat in &world.chats {
            let insert = "insert into chats (account, id, kind, title, folded, detail) \
                          values ($1, $2, $3, $4, $5, $6::text::json) returning key";
            let longest = if self.schema < LISTED { usize::MAX } else { 600 };
            let folded = std::iter::once(&chat.title).chain(&chat.usernames).map(|name| fold(name));
            let folded = folded.collect::<Vec<_>>().join(" ").chars().take(longest).collect::<String>();
            let values: [&(dyn ToSql + Sync); 6] =
                [&account, &chat.id.0, &word(&chat.kind), &chat.title, &folded, &json(chat)];
            chats.insert(chat.id, self.key(insert, &values).await);
        }
        self.messages(world, &chats).await;
        self.rest(world, account, chats[&world.chats[0].id]).await;
    }

    async fn messages(&self, world: &World, chats: &BTreeMap<PeerId, i64>) {
        let mut names = Vec::new();
        for name in ["Ada", "Bo\u{10ffff}0b"] {
            names.push(self.key("insert into names (name) values ($1) returning key", &[&name]).await);
        }
        let insert = "insert into messages (key, chat, moment, sender, sender_name, edited, album, deleted, id, flags, \
                      reply_to, topic, views, forwards, media, versions, text, action, detail) values ($1, $2, $3, $4, \
                      $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19::text::json)";
        let insert = self.client.prepare(insert).await.unwrap();
        let mut taken = BTreeSet::new();
        for (key, message) in (1_i64..).zip(&world.messages) {
            let chat = chats[&message.chat];
            let mut row = Row::of(message);
            let detail = row.detail.take().map(json_to_column);
            let mut place = moment(row.date, row.id);
            while !taken.insert(place) {
                place += 1;
            }
            let (text, action) = (to_column(&row.text), row.action.as_deref().map(to_column));
            let values: [&(dyn ToSql + Sync); 19] = [
                &key,
                &chat,
                &place,
                &row.sender,
                &name_of(key).map(|(place, _)| names[place]),
                &row.edited,
                &row.album,
                &is_deleted(key).then_some(NOW),
                &row.id,
                &row.flags,
                &row.reply_to,
                &row.topic,
                &row.views,
                &row.forwards,
                &row.media,
                &i32::from(is_edited(key)),
                &text,
                &action,
                &detail,
            ];
            self.client.execute(&insert, &values).await.unwrap();
            let figures = "update chats set messages = messages + 1, deleted = deleted + $4, oldest = least(oldest, $2), \
                           newest = greatest(newest, $2), first_moment = least(first_moment, $3), \
                           last_moment = greatest(last_moment, $3), is_out_of_order = true where key = $1";
            self.run(figures, &[&chat, &row.id, &place, &i64::from(is_deleted(key))]).await;
            self.belongings(key, chat, message).await;
        }
        let last = world.messages.len() as i64;
        self.run("insert into unindexed values (1, $1)", &[&last]).await;
        self.run("update counters set next_message = $1::bigint + 1", &[&last]).await;
    }

    async fn belongings(&self, key: i64, chat: i64, message: &Message) {
        for (place, file) in (0_i32..).zip(files_of(message)) {
            let state = if is_skipped(key) { 2 } else { 0 };
            let insert = "insert into files (message, place, chat, file, state, why) values ($1, $2, $3, $4, $5, 'too large')";
            self.run(insert, &[&key, &place, &chat, &file, &state]).await;
            self.run("update chats set files = files + 1 where key = $1", &[&chat]).await;
        }
        if let Some(poll) = message.media.as_deref().and_then(poll_of) {
            self.run("insert into polls values ($1, $2)", &[&poll.id, &key]).await;
        }
        if is_edited(key) {
            let insert = "insert into versions (message, text, since, captured) values ($1, 'before', 7, $2)";
            self.run(insert, &[&key, &NOW]).await;
            let heart = json(&Reaction::Emoji("\u{2764}".into()));
            self.run("insert into gone_reactions values ($1, $2, 3, $3)", &[&key, &heart, &NOW]).await;
        }
    }

    async fn rest(&self, world: &World, account: i64, chat: i64) {
        let user = "insert into users values ($1, 5, $2::text::json)";
        self.run(user, &[&account, &json(&world.user)]).await;
        let history =
            "insert into history (account, peer, what, value, since) values ($1, 5, 'name', 'Adele', $2)";
        self.run(history, &[&account, &NOW]).await;
        self.run("insert into topics values ($1, 7, $2::text::json)", &[&chat, &json(&world.topic)]).await;
        self.run("insert into folders values ($1, 0, $2::text::json)", &[&account, &json(&world.folder)])
            .await;
        self.run("insert into coverage values ($1, 1, 4), ($1, 6, 900)", &[&chat]).await;
        let read = "update chats set cursor = 4, dialog_top = 900, dialog_fingerprint = -3, dialog_at = $2, \
                    is_pinned = true where key = $1";
        self.run(read, &[&chat, &NOW]).await;
        let insert =
            "insert into blobs (hash, bytes) values (decode(repeat('07', 32), 'hex'), 9) returning key";
        let blob = self.key(insert, &[]).await;
        let held = "update files set state = 1, why = null, blob = $1, link = '5/a.jpg' \
                    where key = (select min(key) from files)";
        self.run(held, &[&blob]).await;
        let avatar = "insert into avatars (account, peer, photo, blob, extension, since) values ($1, 5, 8, $2, 'jpg', $3)";
        self.run(avatar, &[&account, &blob, &NOW]).await;
        self.run("insert into poison values ($1, 5, 'odd', '\\x01', 2, $2, $2)", &[&chat, &NOW]).await;
        let blocked = "insert into blocked (chat, kind, ids, at) values ($1, 'deletion', array[3, 4], $2)";
        self.run(blocked, &[&chat, &NOW]).await;
        self.run("insert into notes values ($1, 'import', '{\"row\":5}')", &[&account]).await;
        let change = "insert into changes values (1, $1, $2, 'edited', 4, 6, 'live', $3)";
        self.run(change, &[&account, &world.chats[0].id.0, &NOW]).await;
        self.run("update counters set next_change = 2", &[]).await;
    }
}

fn name_of(key: i64) -> Option<(usize, &'static str)> {
    [None, Some((0, "Ada")), Some((1, "Bo\0b"))][(key % 3) as usize]
}

fn is_deleted(key: i64) -> bool {
    key % 50 == 0
}

fn is_edited(key: i64) -> bool {
    key % 40 == 0
}

fn is_skipped(key: i64) -> bool {
    key % 2 == 0
}

fn files_of(message: &Message) -> Vec<i64> {
    let mut numbers: Vec<i64> = Vec::new();
    for file in message.files() {
        if !numbers.contains(&file.id) {
            numbers.push(file.id);
        }
    }
    numbers
}

fn at() -> Timestamp {
    Timestamp::from_millisecond(NOW).unwrap()
}

#[tokio::test]
async fn an_archive_of_every_older_schema_says_the_same() {
    let world = World::new();
    for schema in 1..STEPS.len() {
        let address = Server::shared().database().await;
        let mut client = connect(&address).await;
        migrate_with(&mut client, "here", &STEPS[..schema]).await.unwrap();
        let older = Older { client, schema };
        older.write(&world).await;
        let store = PostgresStore::open(&address).await.unwrap();
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        messages_are_there(&store, &world).await;
        lists_are_there(&store, &world).await;
        rest_is_there(&store, &world).await;
        goes_on(&store, &world).await;
        let named = "select count(*) from messages_plain where file_name is not null";
        assert!(older.key(named, &[]).await > 0);
        assert_eq!(older.key("select max(length(folded))::bigint from chats", &[]).await, 600);
    }
}

async fn messages_are_there(store: &PostgresStore, world: &World) {
    let mut files = Vec::new();
    for (key, message) in (1_i64..).zip(&world.messages) {
        let chat = world.key(message.chat);
        let found = store.by_id(chat.clone(), vec![message.id]).await.unwrap().remove(0);
        assert_eq!(&found.message, message);
        assert_eq!(found.sender_name.as_deref(), name_of(key).map(|(_, name)| name));
        assert_eq!((found.deleted, found.versions), (is_deleted(key).then(at), u32::from(is_edited(key))));
        if is_edited(key) {
            assert_eq!(store.versions(chat.clone(), message.id).await.unwrap()[0].text, "before");
            assert_eq!(store.gone_reactions(chat.clone(), message.id).await.unwrap()[0].count, 3);
        }
        let of_message = store.files_of(chat, vec![message.id]).await.unwrap();
        assert_eq!(of_message.iter().map(|file| file.key.file).collect::<Vec<_>>(), files_of(message));
        files.extend(of_message.into_iter().map(|file| (is_skipped(key), file.state)));
    }
    let place = FilePlace { hash: BlobHash([7; 32]), bytes: 9, link: "5/a.jpg".to_owned() };
    assert_eq!(files[0].1, FileState::Held(place));
    let skipped = FileState::Skipped { why: "too large".to_owned() };
    for (is_skipped, state) in &files[1..] {
        assert_eq!(*state, if *is_skipped { skipped.clone() } else { FileState::Wanted });
    }
    let figures = store.figures().await.unwrap();
    let count = |is: fn(i64) -> bool| (1..=world.messages.len() as i64).filter(|key| is(*key)).count() as u64;
    let messages = world.messages.len() as u64;
    assert_eq!((figures.messages, figures.deleted), (messages, count(is_deleted)));
    assert_eq!((figures.versions, figures.unindexed), (count(is_edited), messages));
    assert_eq!((figures.files, figures.files_held), (files.len() as u64, 1));
    assert_eq!((figures.users, figures.poison, figures.blocked, figures.sequence), (1, 1, 1, 1));
}

/// From page to page, in both orders.
async fn lists_are_there(store: &PostgresStore, world: &World) {
    let list = async |order| {
        let mut all: Vec<StoredChat> = Vec::new();
        loop {
            let after = all.last().map(|last| world.key(last.chat.id));
            let page =
                store.chats(ChatsPage { order, after, limit: 5, ..ChatsPage::default() }).await.unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    };
    let newest = list(ChatOrder::Activity).await;
    assert!(newest.is_sorted_by(|one, next| one.figures.last_date >= next.figures.last_date));
    let titled = list(ChatOrder::Title).await;
    assert!(titled.is_sorted_by_key(|it| fold(&it.chat.title)));
    for mut listed in [newest, titled] {
        listed.sort_by_key(|it| it.chat.id);
        assert_eq!(
            listed.iter().map(|it| &it.chat).collect::<Vec<_>>(),
            world.chats.iter().collect::<Vec<_>>()
        );
    }
    let begins: String = world.chats[3].title.chars().take(20).collect();
    for (part, chat) in [(begins.as_str(), &world.chats[3]), ("TAPES", &world.chats[2])] {
        let page = ChatsPage { title: Some(part.to_owned()), limit: 99, ..ChatsPage::default() };
        assert!(store.chats(page).await.unwrap().iter().any(|it| it.chat == *chat), "{part}");
    }
    for chat in &world.chats {
        let page = MessagePage::new(Around::End, 2_000);
        let found = store.messages(world.key(chat.id), page).await.unwrap();
        assert!(found.is_sorted_by_key(|it| it.message.id));
        assert_eq!(found.len(), world.messages.iter().filter(|it| it.chat == chat.id).count());
    }
}

async fn rest_is_there(store: &PostgresStore, world: &World) {
    let (account, chat) = (AccountName::main(), world.key(world.chats[0].id));
    assert_eq!(
        store.users(account.clone(), vec![PeerId(5)]).await.unwrap(),
        std::slice::from_ref(&world.user)
    );
    assert_eq!(store.owner(account.clone()).await.unwrap(), Some(world.user.clone()));
    let (what, value) = ("name".to_owned(), "Adele".to_owned());
    let entry = HistoryEntry { peer: PeerId(5), what, value, since: at() };
    assert_eq!(store.history(account.clone(), PeerId(5)).await.unwrap(), [entry]);
    assert_eq!(store.topics(chat.clone()).await.unwrap(), std::slice::from_ref(&world.topic));
    assert_eq!(store.folders(account.clone()).await.unwrap(), std::slice::from_ref(&world.folder));
    let sync = store.sync(chat.clone()).await.unwrap();
    let dialog = Dialog { top: MessageId(900), fingerprint: -3 };
    assert_eq!((sync.cursor, sync.dialog), (Some(MessageId(4)), Some(dialog)));
    let read =
        [(1, 4), (6, 900)].map(|(first, last)| IdRange::new(MessageId(first), MessageId(last)).unwrap());
    assert_eq!(sync.coverage.iter().collect::<Vec<_>>(), read);
    let stored = store.chat(chat.clone()).await.unwrap().unwrap();
    assert!(stored.is_pinned && stored.is_read_to_end && !stored.is_archived);
    let avatar = store.avatar(account.clone(), PeerId(5)).await.unwrap().unwrap();
    assert_eq!((avatar.photo, avatar.hash), (8, BlobHash([7; 32])));
    assert_eq!(store.note(account.clone(), "import".to_owned()).await.unwrap(), Some(json!({ "row": 5 })));
    let waiting = store.blocked(Some(account)).await.unwrap().remove(0).1;
    assert_eq!((waiting.chat, waiting.ids), (chat.chat, vec![MessageId(3), MessageId(4)]));
    let changes = store.changes(0, 9).await.unwrap();
    let told = |it: &Change| (it.sequence, it.chat, it.kind, it.ids);
    let ids = IdRange::new(MessageId(4), MessageId(6));
    assert_eq!(changes.iter().map(told).collect::<Vec<_>>(), [(1, chat.chat, ChangeKind::Edited, ids)]);
}

/// What is told again is known, rows get their checksums, and search finds what was there.
async fn goes_on(store: &PostgresStore, world: &World) {
    let mut batch = crate::archive::Batch::new(AccountName::main(), crate::archive::Source::Sweep, at());
    let told = |message: &Message| Write::Message { message: Box::new(message.clone()), sender_name: None };
    batch.writes = world.messages.iter().map(told).collect();
    batch.writes.extend(world.chats.iter().map(|chat| Write::Chat(Box::new(chat.clone()))));
    let written = store.write(batch.clone()).await.unwrap();
    assert_eq!((written.unchanged, written.sequence), (world.messages.len() as u64, 1));
    let all = IdRange::new(MessageId(1), MessageId(i32::MAX)).unwrap();
    batch.writes = world.chats.iter().map(|chat| Write::Sealed { chat: chat.id, range: all }).collect();
    for unsealed in [true, false] {
        for chat in &world.chats {
            let found = store.compare(world.key(chat.id), None, 2_000).await.unwrap();
            let expected = if unsealed { found.rows } else { 0 };
            assert_eq!((found.unsealed, found.damaged), (expected, Vec::new()));
        }
        store.write(batch.clone()).await.unwrap();
    }
    while store.index(500).await.unwrap().left > 0 {}
    let is_word = |word: &&str| word.len() > 5 && word.chars().all(|letter| letter.is_ascii_alphabetic());
    let has_word = |message: &&Message| message.text.split(' ').any(|word| is_word(&word));
    let message = world.messages.iter().find(has_word).unwrap();
    let text = message.text.split(' ').find(is_word).unwrap().to_owned();
    let query = SearchQuery { text, chat: Some(message.chat), limit: 600, ..SearchQuery::default() };
    let found = store.search(query).await.unwrap().found;
    assert!(found.iter().any(|it| it.stored.message.id == message.id));
}
