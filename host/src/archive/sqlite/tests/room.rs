//! What docs/archive.md says about room on the disk.

use rusqlite::Connection;

use super::super::{
    connection::open_writer,
    migrate::{STEPS, migrate, migrate_with},
};
use super::*;

const MESSAGES: &str = r#"
insert into accounts (name) values ('main');
insert into chats (key, account, id, kind, title, folded, detail, messages) values (1, 1, 5, 'private', '', '', '{}', 20000);
with recursive n (n) as (select 1 union all select n + 1 from n where n < 20000)
insert into messages (key, date, flags, text, detail)
    select (1 << 32) + 2147483648 + n, n, 0, 'so', '{"reactions":[["a",3]],"marks":[[0,2,"bold"]]}' from n
"#;

/// Bytes of the file without its journal, and pages in it that nothing uses.
fn room(db: &Connection) -> (i64, i64) {
    db.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).unwrap();
    let sql = "select page_count * page_size, freelist_count from pragma_page_count, pragma_page_size, pragma_freelist_count";
    db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

#[tokio::test]
async fn packed_details_leave_room_in_the_file_until_somebody_vacuums() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let mut db = open_writer(&path).unwrap();
    migrate_with(&mut db, &path, &STEPS[..4]).unwrap();
    db.execute_batch(MESSAGES).unwrap();
    let (before, none) = room(&db);
    assert_eq!(none, 0);
    migrate(&mut db, &path).unwrap();
    let (after, free) = room(&db);
    assert!(after > before && free > 0, "{before} bytes, then {after} with {free} free pages");
    db.execute_batch("vacuum").unwrap();
    let (least, free) = room(&db);
    assert!(least < before && free == 0, "{before} bytes, then {least} with {free} free pages");
    assert_eq!(i64::try_from(std::fs::metadata(&path).unwrap().len()).unwrap(), least);
    drop(db);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.check().await.unwrap(), [""; 0]);
}
