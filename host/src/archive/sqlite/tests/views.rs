//! People query the views: they say what the tables hold, and the documentation names every column.

use std::collections::BTreeMap;

use super::super::{connection::open_reader, connection::open_writer, migrate::migrate};
use super::*;
use crate::archive::{
    Batch, Source, Write,
    row::{media_names, pieces},
    testing::worlds,
};

#[test]
fn every_column_of_every_view_is_documented() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let mut db = open_writer(&path).unwrap();
    migrate(&mut db, &path).unwrap();
    let page = include_str!("../../../../../docs/archive.md");
    let views = "select name from sqlite_schema where type = 'view' order by name";
    let mut views = db.prepare(views).unwrap();
    let views: Vec<String> = views.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(views.len() >= 9);
    for view in views {
        let heading = format!("### `{view}`");
        let text =
            page.split(&heading).nth(1).unwrap_or_else(|| panic!("docs/archive.md has no `{heading}`"));
        let text = text.split("\n#").next().unwrap();
        let mut columns = db.prepare("select name from pragma_table_info(?1)").unwrap();
        for column in columns.query_map([&view], |row| row.get::<_, String>(0)).unwrap() {
            let column = column.unwrap();
            assert!(text.contains(&format!("`{column}`")), "docs/archive.md: `{column}` of {view}");
        }
    }
}

#[test]
fn kinds_of_media_are_called_as_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let mut db = open_writer(&path).unwrap();
    migrate(&mut db, &path).unwrap();
    let mut kinds = db.prepare("select code, name from media_kinds order by code").unwrap();
    let kinds: Vec<(i32, String)> =
        kinds.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert_eq!(kinds, media_names().map(|(code, name)| (code, name.to_owned())).collect::<Vec<_>>());
}

#[tokio::test]
async fn views_say_what_the_store_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let store = SqliteStore::open(&path).unwrap();
    let world = worlds::everything(71, 900);
    let mut batch = Batch::new(AccountName::main(), Source::Sweep, jiff::Timestamp::UNIX_EPOCH);
    let told = |message: &crate::model::Message| Write::Message {
        message: Box::new(message.clone()),
        sender_name: Some("Ada".into()),
    };
    batch.writes = world.iter().map(told).collect();
    store.write(batch).await.unwrap();
    let db = open_reader(&path).unwrap();
    let mut rows = db.prepare("select chat, id, date, text, media, sender_name from messages_plain").unwrap();
    let mut rows = rows.query([]).unwrap();
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next().unwrap() {
        let place: (i64, i32) = (row.get(0).unwrap(), row.get(1).unwrap());
        let said: (String, String, Option<String>, String) =
            (row.get(2).unwrap(), row.get(3).unwrap(), row.get(4).unwrap(), row.get(5).unwrap());
        found.insert(place, said);
    }
    assert_eq!(found.len(), world.len());
    for message in &world {
        let date = message.date.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let media = message.media.as_ref().map(|media| media.kind.as_str().to_owned());
        let said = (date, message.text.clone(), media, "Ada".to_owned());
        assert_eq!(found[&(message.chat.0, message.id.0)], said);
    }
    let mut details =
        db.prepare("select media, detail, file_name from messages_plain where detail is not null").unwrap();
    let mut details = details.query([]).unwrap();
    let mut names = 0;
    while let Some(row) = details.next().unwrap() {
        let detail: String = row.get(1).unwrap();
        let spelt: serde_json::Value =
            serde_json::from_str(&detail).unwrap_or_else(|error| panic!("{error}: {detail}"));
        let name: Option<String> = row.get(2).unwrap();
        assert_eq!(spelt.pointer("/file/name").and_then(|name| name.as_str()), name.as_deref());
        names += usize::from(name.is_some());
    }
    assert!(names > 20);
    let counts = "select (select sum(count) from reactions_plain), (select count(*) from files_plain where state = 'wanted')";
    let (reactions, files): (i64, i64) =
        db.query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let given = world.iter().filter_map(|message| message.reactions.as_ref()).flat_map(|it| &it.counts);
    assert_eq!(reactions, given.map(|it| i64::from(it.count)).sum::<i64>());
    assert!(files > 50);
}

/// Numbers of pieces are in archives and never change; the views have them one by one.
#[test]
fn views_know_every_piece_of_a_detail() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let mut db = open_writer(&path).unwrap();
    migrate(&mut db, &path).unwrap();
    db.execute_batch(
        "insert into accounts (name) values ('main'); \
         insert into chats (key, account, id, kind, title, folded, detail) values (1, 1, 5, 'private', '', '', '{}'); \
         insert into messages (key, date, flags, text) values ((1 << 32) | 2147483649, 7, 0, 'so');",
    )
    .unwrap();
    for (code, piece) in pieces() {
        // `file_name` looks into what is no JSON here: nobody asks for it.
        let text = String::from_utf8(code.clone()).unwrap();
        let behind = [&code[..], b"\0behind \x01\xff"].concat();
        let both: [&dyn rusqlite::ToSql; 2] = [&text, &behind];
        for detail in both {
            db.execute("update messages set detail = ?1", [detail]).unwrap();
            let told: String =
                db.query_row("select detail from messages_plain", [], |row| row.get(0)).unwrap();
            assert_eq!(told, piece, "{code:?}");
        }
    }
    // The other view that looks into details reads them in the same way.
    let spelling = |view: &str| -> Vec<String> {
        let text = "select sql from sqlite_master where name = ?1";
        let text: String = db.query_row(text, [view], |row| row.get(0)).unwrap();
        text.lines().map(str::trim).filter(|line| line.starts_with(", char(")).map(str::to_owned).collect()
    };
    assert_eq!(spelling("reactions_plain"), spelling("messages_plain"));
    assert!(spelling("messages_plain").len() > 20);
}
