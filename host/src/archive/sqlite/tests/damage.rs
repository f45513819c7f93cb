//! Rows that lie otherwise on the disk than they were written.

use super::*;
use crate::archive::{
    contract::{Desk, damage},
    sqlite::connection::open_writer,
};

/// A store, and what writes into its file behind its back.
fn broken() -> (Desk, damage::Damage<impl AsyncFn(String)>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let store = std::sync::Arc::new(SqliteStore::open(&path).unwrap());
    let run = async move |sql: String| {
        let rows = open_writer(&path).unwrap().execute(&sql, []).unwrap();
        assert!(rows > 0, "{sql}");
    };
    let (misdate, garble) = ("date = date + 64", "detail = x'ff00ff'");
    let damage = damage::Damage { run, misdate, garble, names: "authors" };
    (Desk::new(Fresh { store, kept: Box::new(folder) }), damage)
}

#[tokio::test]
async fn damaged_rows_are_found_and_mended() {
    let (desk, damage) = broken();
    damage::damaged_rows_are_found_and_mended(desk, damage).await;
}

#[tokio::test]
async fn a_damaged_name_of_a_sender_is_mended() {
    let (desk, damage) = broken();
    damage::a_damaged_name_of_a_sender_is_mended(desk, damage).await;
}

#[tokio::test]
async fn the_only_copy_of_a_row_stays() {
    let (desk, damage) = broken();
    damage::the_only_copy_of_a_row_stays(desk, damage).await;
}

#[tokio::test]
async fn rows_without_a_checksum_are_sealed() {
    let (desk, damage) = broken();
    damage::rows_without_a_checksum_are_sealed(desk, damage).await;
}

/// As a disk does it: SQLite itself finds nothing wrong with any of them.
#[tokio::test]
async fn a_thousand_flipped_bits_of_texts_are_found() {
    const ROWS: i32 = 1_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let store = std::sync::Arc::new(SqliteStore::open(&path).unwrap());
    let chat = crate::model::PeerId::channel(77);
    let mut batch = crate::archive::Batch::new(
        AccountName::main(),
        crate::archive::Source::Sweep,
        jiff::Timestamp::UNIX_EPOCH,
    );
    batch.writes = (1..=ROWS)
        .map(|id| {
            crate::archive::testing::worlds::plain(chat, id, &"The tape runs. ".repeat(id as usize % 20 + 1))
        })
        .map(|message| crate::archive::Write::Message { message: Box::new(message), sender_name: None })
        .collect();
    store.write(batch).await.unwrap();
    let db = open_writer(&path).unwrap();
    let texts = "select key, cast(text as blob) from messages order by key";
    let mut texts = db.prepare(texts).unwrap();
    let texts: Vec<(i64, Vec<u8>)> =
        texts.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for (key, mut text) in texts {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let bit = usize::try_from(state >> 33).unwrap() % (text.len() * 8);
        text[bit / 8] ^= 1 << (bit % 8);
        // Some are no texts any more.
        let flip = "update messages set text = cast(?2 as text) where key = ?1";
        db.execute(flip, rusqlite::params![key, text]).unwrap();
    }
    let key = ChatKey { account: AccountName::main(), chat };
    let found = store.compare(key, None, 2_000).await.unwrap();
    assert_eq!(found.damaged, (1..=ROWS).map(MessageId).collect::<Vec<_>>());
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
