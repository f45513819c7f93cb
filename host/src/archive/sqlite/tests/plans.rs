//! Every question that is asked often is answered by an index at a million rows: no table is gone through, nothing is
//! sorted.

use rusqlite::Connection;

use super::super::{
    connection::{open_reader, open_writer},
    index,
    migrate::migrate,
    read, search, write,
};
use super::*;
use crate::{
    archive::{Around, ChatOrder, FilesPage, MediaClass, MessagePage},
    model::{MessageId, PeerId},
};

/// Rows of the right kind in the right numbers; what they say does not matter here. Chats of 5,000 messages, one a minute.
const MILLION: &str = "
pragma synchronous = off;
begin;
insert into accounts (name) values ('main');
with recursive n (n) as (select 1 union all select n + 1 from n where n < 20) insert into accounts (name) select 'a' || n from n;
with recursive n (n) as (select 1 union all select n + 1 from n where n < 200)
insert into chats (account, id, kind, title, folded, detail, messages, oldest, newest, first_date, last_date)
    select 1, case when n % 3 = 0 then n else -1000000000000 - n end, 'group', 't', 't', '{}', 5000, 1, 5000, n, 400000000 + n from n;
with recursive n (n) as (select 0 union all select n + 1 from n where n < 999999)
insert into messages (key, date, author, flags, text, media, topic)
    select ((1 + n / 5000) << 32) + 2147483649 + n % 5000, 1500000000 + (n % 5000) * 12000 + (n / 5000) * 60, n % 1000,
    case when n % 500 = 0 then 2 else 0 end, 'word', case when n % 10 = 0 then 0 end, case when n % 7 = 0 then 5 end from n;
insert into files (key, file, state) select key << 12, key, case when key % 100 = 0 then 0 else 1 end from messages where media = 0;
insert into moments select date >> 8, x'0101' from messages group by date >> 8;
insert into search (rowid, tokens) select moment, 'common chat:' || moment % 200 || ' w' || moment % 5000 from moments;
insert into authors (sender, name) select key, 'n' from messages limit 1000;
with recursive n (n) as (select 1 union all select n + 1 from n where n < 100000)
insert into changes (account, chat, kind, source, at)
    select 1, -1, case when n % 10 = 0 then 'deleted' else 'new' end, 'sweep', n from n;
with recursive n (n) as (select 1 union all select n + 1 from n where n < 10000)
insert into poison select 1 + n % 200, n, 'odd', null, 1, 0, 0 from n;
commit;
";

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

const KEYS: &str = "SEARCH m USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";

fn pages_of_messages_are_read_in_order(db: &Connection) {
    let page = MessagePage::new(Around::End, 50);
    let date = Some(jiff::Timestamp::UNIX_EPOCH);
    for (page, wanted) in [
        (page.clone(), KEYS),
        (MessagePage { from: date, to: date, ..page.clone() }, KEYS),
        (MessagePage { sender: Some(PeerId::user(1)), ..page.clone() }, KEYS),
        (MessagePage { has_deleted: false, topic: Some(MessageId(1)), ..page.clone() }, KEYS),
        (
            MessagePage { topic: Some(MessageId(7)), ..page },
            "SEARCH m USING INDEX messages_by_topic (topic=? AND rowid>? AND rowid<?)",
        ),
    ] {
        for is_backwards in [false, true] {
            assert_quick(db, &read::page_sql(&page, is_backwards), wanted);
        }
    }
    assert_quick(db, &read::by_id_sql(), "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)");
    assert_quick(db, read::FIRST_FROM, "SEARCH messages USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)");
    assert_quick(db, read::FIND_WITHOUT_CHAT, KEYS);
    assert_quick(db, write::ALL_PINNED, "SEARCH messages USING INDEX messages_pinned (key>? AND key<?)");
}

fn searches_end_early(db: &Connection) {
    let found = search::moments_sql(true);
    assert_quick(db, &found, "SCAN s VIRTUAL TABLE INDEX");
    assert_quick(db, &found, "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)");
    let all = search::moments_sql(false);
    assert_quick(db, &all, "SEARCH moments USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)");
    assert_quick(db, &search::message_sql(), "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)");
    assert_quick(db, index::NEWEST, "SCAN unindexed");
}

fn lists_are_read_in_order(db: &Connection) {
    for (order, name) in [(ChatOrder::Activity, "chats_by_activity"), (ChatOrder::Title, "chats_by_title")] {
        for asked in (0..8).map(|bits| [bits & 1, bits & 2, bits & 4].map(|bit| bit > 0)) {
            let [is_further, has_account, has_title] = asked;
            let sql = read::chats_sql(order, is_further, has_account, has_title);
            assert_quick(db, &sql, &format!("USING INDEX {name}"));
        }
    }
    assert_quick(db, read::CHANGES, "SEARCH c USING INTEGER PRIMARY KEY (rowid>?)");
    assert_quick(db, read::ORPHANS, "SCAN blobs");
    let deletions = "SEARCH c USING INDEX changes_deletions (account=? AND sequence>?)";
    assert_quick(db, read::DELETIONS, deletions);
    assert_quick(db, read::POISON, "SEARCH p USING PRIMARY KEY ((chat,id)>(?,?))");
}

fn files_are_read_in_order(db: &Connection) {
    let by_key = "SEARCH f USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
    let page = FilesPage {
        account: None,
        chat: Some(PeerId::user(1)),
        class: MediaClass::Wanted,
        most_attempts: 5,
        after: 0,
        limit: 50,
    };
    let account = Some(AccountName::main());
    for page in [
        page.clone(),
        FilesPage { account: account.clone(), ..page.clone() },
        FilesPage { account, chat: None, ..page.clone() },
        FilesPage { chat: None, ..page.clone() },
        FilesPage { class: MediaClass::Held, ..page.clone() },
        FilesPage { class: MediaClass::All, chat: None, ..page },
    ] {
        assert_quick(db, &read::files_sql(&page), by_key);
    }
}

#[test]
fn hot_questions_use_an_index_at_a_million_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let mut writer = open_writer(&path).unwrap();
    migrate(&mut writer, &path).unwrap();
    writer.execute_batch(MILLION).unwrap();
    let rows = "select (select count(*) from messages), (select count(*) from files)";
    let rows = writer.query_row(rows, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).unwrap();
    assert_eq!(rows, (1_000_000, 100_000));
    // As it is, and as it is after somebody has let SQLite count.
    for counted in [false, true] {
        if counted {
            writer.execute_batch("analyze").unwrap();
        }
        let db = open_reader(&path).unwrap();
        pages_of_messages_are_read_in_order(&db);
        searches_end_early(&db);
        lists_are_read_in_order(&db);
        files_are_read_in_order(&db);
    }
}
