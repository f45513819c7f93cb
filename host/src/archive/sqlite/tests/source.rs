//! Archives that are only read.

use jiff::Timestamp;

use super::*;
use crate::archive::{Source, Write};

fn batch() -> Batch {
    let message =
        serde_json::json!({ "id": 1, "chat": -5, "date": "2024-01-01T00:00:00Z", "text": "a tape" });
    let message = serde_json::from_value(message).unwrap();
    let mut batch = Batch::new(AccountName::main(), Source::Sweep, Timestamp::UNIX_EPOCH);
    batch.writes.push(Write::Message { message: Box::new(message), sender_name: None });
    batch
}

#[tokio::test]
async fn a_source_is_read_and_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a?b#c%.sqlite");
    SqliteStore::open(&path).unwrap().write(batch()).await.unwrap();
    let before = std::fs::read(&path).unwrap();
    let source = SqliteStore::open_source(&path).unwrap();
    assert_eq!(source.figures().await.unwrap().messages, 1);
    let refused = source.write(batch()).await.unwrap_err().to_string();
    assert!(refused.contains("cannot be written") && refused.contains("a?b"), "{refused}");
    drop(source);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_source_without_a_journal_may_lie_where_nothing_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    SqliteStore::open(&path).unwrap().write(batch()).await.unwrap();
    let uri = read_only_uri(&path, true);
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(uri, flags).unwrap();
    let count: i64 = db.query_row("select count(*) from messages", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1, "nothing was left in the journal");
    assert!(!folder.path().join("archive.sqlite-shm").exists());
}

#[tokio::test]
async fn a_source_of_an_older_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let mut db = connection::open_writer(&path).unwrap();
    migrate::migrate_with(&mut db, &path, &migrate::STEPS[..2]).unwrap();
    drop(db);
    let source = SqliteStore::open_source(&path).unwrap();
    assert_eq!(source.figures().await.unwrap().messages, 0);
}

#[test]
fn what_is_no_archive_is_named_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let (songs, noise) = (folder.path().join("songs.db"), folder.path().join("noise.db"));
    Connection::open(&songs).unwrap().execute_batch("create table songs (name)").unwrap();
    std::fs::write(&noise, [7; 4096]).unwrap();
    for (path, told) in [(&songs, "no archive of Tapedeck"), (&noise, "not a database")] {
        let before = std::fs::read(path).unwrap();
        let error = SqliteStore::open_source(path).unwrap_err().to_string();
        assert!(error.contains(told) && error.contains(path.to_str().unwrap()), "{error}");
        assert_eq!(std::fs::read(path).unwrap(), before);
    }
    assert!(SqliteStore::open_source(&folder.path().join("nowhere")).is_err());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}
