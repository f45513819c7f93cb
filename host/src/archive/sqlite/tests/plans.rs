//! Every question that is asked often is answered by an index: no table is gone through, nothing is sorted.

use rusqlite::Connection;

use super::super::{connection::open_reader, read, search};
use super::*;
use crate::{
    archive::{Around, Batch, ChatOrder, FilesPage, MediaClass, MessagePage, Source, Write, testing::worlds},
    model::{MessageId, PeerId},
};

/// A filled archive, and a connection to it.
async fn filled() -> (tempfile::TempDir, SqliteStore, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let store = SqliteStore::open(&path).unwrap();
    for page in worlds::talk(61, 4_000, 12).chunks(200) {
        let mut batch = Batch::new(AccountName::main(), Source::Sweep, jiff::Timestamp::UNIX_EPOCH);
        let told = |message: &crate::model::Message| Write::Message {
            message: Box::new(message.clone()),
            sender_name: None,
        };
        batch.writes = page.iter().map(told).collect();
        store.write(batch).await.unwrap();
    }
    while store.index(1_000).await.unwrap().left > 0 {}
    let db = open_reader(&path).unwrap();
    (folder, store, db)
}

fn plan(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement =
        db.prepare(&format!("explain query plan {sql}")).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let lines = statement.raw_query();
    lines.mapped(|row| row.get::<_, String>(3)).map(Result::unwrap).collect()
}

/// Each line of the plan is a search of an index or by the key, or the one that is allowed.
#[track_caller]
fn assert_quick(db: &Connection, sql: &str, wanted: &str) {
    let lines = plan(db, sql);
    assert!(lines.iter().any(|line| line.contains(wanted)), "{wanted}\n{sql}\n{lines:#?}");
    let is_slow = |line: &&String| {
        line.starts_with("SCAN") && !line.contains("VIRTUAL TABLE INDEX") && !line.contains(wanted)
            || line.contains("TEMP B-TREE")
            || line.contains("AUTOMATIC")
    };
    assert_eq!(lines.iter().find(is_slow), None, "{sql}\n{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_messages_are_read_by_their_index() {
    let (_folder, _store, db) = filled().await;
    let page = MessagePage::new(Around::End, 50);
    for (page, wanted) in [
        (page.clone(), "SEARCH m USING INDEX messages_by_id (chat=? AND id>? AND id<?)"),
        (
            MessagePage {
                from: Some(jiff::Timestamp::UNIX_EPOCH),
                to: Some(jiff::Timestamp::UNIX_EPOCH),
                ..page.clone()
            },
            "SEARCH m USING INDEX messages_by_id (chat=? AND id>? AND id<?)",
        ),
        (
            MessagePage { sender: Some(PeerId::user(1)), ..page.clone() },
            "SEARCH m USING INDEX messages_by_id (chat=? AND id>? AND id<?)",
        ),
        (
            MessagePage { topic: Some(MessageId(7)), ..page },
            "SEARCH m USING INDEX messages_by_topic (chat=? AND topic=? AND id>? AND id<?)",
        ),
    ] {
        for is_backwards in [false, true] {
            assert_quick(&db, &read::page_sql(&page, is_backwards), wanted);
        }
    }
    assert_quick(&db, &read::by_id_sql(), "messages_by_id (chat=? AND id=?)");
    assert_quick(&db, read::FIRST_FROM, "messages_by_id (chat=? AND id>?)");
    assert_quick(&db, read::FIND_WITHOUT_CHAT, "messages_by_shared_id (id=?)");
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_end_early() {
    let (_folder, _store, db) = filled().await;
    let found = search::candidates_sql(true);
    assert_quick(&db, &found, "SCAN s VIRTUAL TABLE INDEX");
    assert_quick(&db, &found, "SEARCH m USING INDEX messages_by_moment (moment=?)");
    assert_quick(
        &db,
        &search::candidates_sql(false),
        "SEARCH m USING INDEX messages_by_moment (moment>? AND moment<?)",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_in_order() {
    let (_folder, _store, db) = filled().await;
    for (order, index) in [(ChatOrder::Activity, "chats_by_activity"), (ChatOrder::Title, "chats_by_title")] {
        for is_further in [false, true] {
            assert_quick(
                &db,
                &read::chats_sql(order, is_further, true, true),
                &format!("USING INDEX {index}"),
            );
        }
    }
    assert_quick(&db, read::CHANGES, "SEARCH c USING INTEGER PRIMARY KEY (rowid>?)");
    let page = FilesPage {
        account: None,
        chat: Some(PeerId::user(1)),
        class: MediaClass::Wanted,
        most_attempts: 5,
        after: 0,
        limit: 50,
    };
    let account = Some(AccountName::main());
    let of_account = FilesPage { account, ..page.clone() };
    assert_quick(&db, &read::files_sql(&of_account), "files_wanted (chat=? AND rowid>?)");
    let held = FilesPage { class: MediaClass::Held, ..of_account };
    assert_quick(&db, &read::files_sql(&held), "files_by_chat (chat=? AND rowid>?)");
    let everywhere = FilesPage { chat: None, ..page };
    assert_quick(&db, &read::files_sql(&everywhere), "SEARCH f USING INTEGER PRIMARY KEY (rowid>?)");
    assert_quick(&db, read::ORPHANS, "SCAN blobs");
}
