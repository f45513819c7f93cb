//! Archives that an older version has written.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::super::{
    connection::{open_reader, open_writer},
    migrate::{STEPS, migrate_with},
};
use super::*;
use crate::{
    archive::{
        Around, FileState, FilesPage, MediaClass, MessagePage,
        row::{Row, json, moment},
        testing::worlds,
    },
    model::{Message, Reaction},
};

/// The tables had a number for each message in the order of arrival, and `detail` spelt out.
fn write(db: &Connection, world: &[Message]) {
    let run =
        |sql: &str, values: &[&dyn rusqlite::ToSql]| db.prepare_cached(sql).unwrap().execute(values).unwrap();
    run("insert into accounts (name) values ('main')", &[]);
    run("insert into names (name) values ('Ada'), ('Bob')", &[]);
    let mut chats: BTreeMap<PeerId, i64> = BTreeMap::new();
    let mut places = std::collections::HashSet::new();
    for (key, message) in (1_i64..).zip(world) {
        let next = chats.len() as i64 + 1;
        let chat = *chats.entry(message.chat).or_insert_with(|| {
            let known = crate::archive::merge::unknown_chat(message.chat);
            let insert = "insert into chats (key, account, id, kind, title, folded, detail) values (?1, 1, ?2, 'group', '', '', ?3)";
            run(insert, &[&next, &message.chat.0, &json(&known)]);
            next
        });
        let row = Row::of(message);
        let mut place = moment(row.date, row.id);
        while !places.insert(place) {
            place += 1;
        }
        let name = (key % 3 > 0).then_some(key % 3);
        run(
            "insert into messages (key, chat, id, moment, sender, sender_name, text, flags, edited, reply_to, topic, album, \
             views, forwards, media, action, deleted, versions, detail) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
            params![
                key,
                chat,
                row.id,
                place,
                row.sender,
                name,
                row.text,
                row.flags,
                row.edited,
                row.reply_to,
                row.topic,
                row.album,
                row.views,
                row.forwards,
                row.media,
                row.action,
                (key % 50 == 0).then_some(5000_i64),
                i64::from(key % 40 == 0),
                row.detail
            ],
        );
        run(
            "update chats set messages = messages + 1, oldest = min(coalesce(oldest, ?2), ?2), \
             newest = max(coalesce(newest, ?2), ?2), first_moment = min(coalesce(first_moment, ?3), ?3), \
             last_moment = max(coalesce(last_moment, ?3), ?3), is_out_of_order = 1 where key = ?1",
            &[&chat, &row.id, &place],
        );
        let mut numbers: Vec<i64> = Vec::new();
        for file in message.files() {
            if !numbers.contains(&file.id) {
                numbers.push(file.id);
            }
        }
        for (at, file) in (0_i64..).zip(numbers) {
            let state = if key % 2 == 0 { 2 } else { 0 };
            let insert =
                "insert into files (key, chat, file, state, why) values (?1, ?2, ?3, ?4, 'too large')";
            run(insert, params![key << 12 | at, chat, file, state]);
            run("update chats set files = files + 1 where key = ?1", &[&chat]);
        }
        if key % 40 == 0 {
            let insert =
                "insert into versions (message, text, since, captured) values (?1, 'before', 7, 9000)";
            run(insert, &[&key]);
            let heart = json(&Reaction::Emoji("\u{2764}".into()));
            run("insert into gone_reactions values (?1, ?2, 3, 9000)", params![key, heart]);
        }
    }
    run("insert into unindexed values (1, ?1)", &[&(world.len() as i64)]);
    run("update counters set next_message = ?1", &[&(world.len() as i64 + 1)]);
}

#[tokio::test]
async fn an_archive_of_any_older_schema_says_the_same() {
    // The tables of messages were those of the first until the third; what came later is what they became.
    for (written, reached) in [(1, 1), (2, 2), (3, 3), (3, 4), (3, 5)] {
        says_the_same(written, reached).await;
    }
}

/// Written by a program that knew `written` schemas, and opened by one that knew `reached`.
async fn says_the_same(written: usize, reached: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let mut world = worlds::everything(17, 700);
    // As exports of old groups number theirs.
    world[0].id = MessageId(-999_999_990);
    let mut older = open_writer(&path).unwrap();
    migrate_with(&mut older, &path, &STEPS[..written]).unwrap();
    write(&older, &world);
    migrate_with(&mut older, &path, &STEPS[..reached]).unwrap();
    drop(older);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.figures().await.unwrap().messages, world.len() as u64);
    for (key, message) in (1_i64..).zip(&world) {
        let chat = ChatKey { account: AccountName::main(), chat: message.chat };
        let found = store.by_id(chat.clone(), vec![message.id]).await.unwrap().remove(0);
        assert_eq!(&found.message, message);
        let name = ["", "Ada", "Bob"][(key % 3) as usize];
        assert_eq!(found.sender_name.unwrap_or_default(), name);
        assert_eq!((found.deleted.is_some(), found.versions), (key % 50 == 0, u32::from(key % 40 == 0)));
        if key % 40 == 0 {
            assert_eq!(store.versions(chat.clone(), message.id).await.unwrap()[0].text, "before");
            assert_eq!(store.gone_reactions(chat.clone(), message.id).await.unwrap()[0].count, 3);
        }
        let files = store.files_of(chat, vec![message.id]).await.unwrap();
        assert!(files.iter().all(|file| matches!(file.state, FileState::Skipped { .. }) == (key % 2 == 0)));
        assert_eq!(files.iter().map(|file| &file.file).collect::<Vec<_>>().len(), {
            let ids: std::collections::BTreeSet<i64> = message.files().iter().map(|file| file.id).collect();
            ids.len()
        });
    }
    let chat = world[0].chat;
    let page = MessagePage::new(Around::End, 2_000);
    let ids = store.messages(ChatKey { account: AccountName::main(), chat }, page).await.unwrap();
    assert!(ids.is_sorted_by_key(|it| it.message.id));
    assert_eq!(ids.len(), world.iter().filter(|it| it.chat == chat).count());
    let wanted = FilesPage {
        account: None,
        chat: None,
        class: MediaClass::Wanted,
        most_attempts: 9,
        after: 0,
        limit: 9_999,
    };
    assert!(store.files(wanted).await.unwrap().0.len() > 50);
    assert_eq!(store.figures().await.unwrap().unindexed, world.len() as u64, "search begins anew");
    while store.index(500).await.unwrap().left > 0 {}
    let db = open_reader(&path).unwrap();
    let spelt_out =
        "select count(*) from messages where instr(detail, '{\"entities') or instr(detail, '\"dc\"')";
    assert_eq!(db.query_row(spelt_out, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    let behind = "select count(*) from messages where typeof(detail) = 'blob'";
    assert!(db.query_row(behind, [], |row| row.get::<_, i64>(0)).unwrap() > 100);
}
