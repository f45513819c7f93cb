//! Opening the file, and what is asked of SQLite for it.

use std::{
    fs::{self, OpenOptions},
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use crate::archive::StoreError;

/// The first one that does not lose commits when the journal begins anew.
const OLDEST_SQLITE: i32 = 3_051_003;
/// Another process may be writing: an import by hand, a person with an SQL shell.
const BUSY: Duration = Duration::from_secs(30);
const WRITER_CACHE_KIB: i32 = 12 * 1024;
const READER_CACHE_KIB: i32 = 2 * 1024;
/// The journal is copied into the database when it is as long as this.
const JOURNAL_PAGES: i32 = 4_000;
const JOURNAL_BYTES: i32 = 32 * 1024 * 1024;
const STATEMENTS: usize = 128;

/// Makes file and folder when they are not there, for their owner alone.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    assert_sqlite(rusqlite::version_number(), path)?;
    let unable = |error: std::io::Error| {
        let place = path.display().to_string();
        if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            return StoreError::Full { place };
        }
        let reason = format!("{error}; `archive.folder` must be a folder that can be written");
        StoreError::Open { place, reason }
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(unable)?;
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(unable)?;
    let db = open(path)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    // What a write has promised must outlive a power cut: a deletion that was seen live is told once only.
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "wal_autocheckpoint", JOURNAL_PAGES)?;
    db.pragma_update(None, "journal_size_limit", JOURNAL_BYTES)?;
    db.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    Ok(db)
}

pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let db = open(path)?;
    db.pragma_update(None, "query_only", true)?;
    db.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(db)
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)
        .map_err(|error| StoreError::Open { place: path.display().to_string(), reason: error.to_string() })?;
    db.busy_timeout(BUSY)?;
    // Nothing in the file may run code of its own.
    db.pragma_update(None, "trusted_schema", false)?;
    // Rows that belong together are written and removed by one hand; checking each again would cost a look-up per row.
    db.pragma_update(None, "foreign_keys", false)?;
    db.pragma_update(None, "temp_store", "memory")?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

fn assert_sqlite(found: i32, path: &Path) -> Result<(), StoreError> {
    if found >= OLDEST_SQLITE {
        return Ok(());
    }
    let reason = format!(
        "this program was built with SQLite {}, which can lose what was written: build it with 3.51.3 or later",
        rusqlite::version()
    );
    Err(StoreError::Open { place: path.display().to_string(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sqlite_that_loses_writes_is_refused() {
        let path = Path::new("archive.sqlite");
        assert_sqlite(rusqlite::version_number(), path).unwrap();
        let told = assert_sqlite(3_051_002, path).unwrap_err().to_string();
        assert!(told.contains("archive.sqlite") && told.contains("3.51.3"), "{told}");
    }

    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/archive.sqlite");
        let db = open_writer(&path).unwrap();
        db.execute_batch("create table a (b)").unwrap();
        for ending in ["", "-wal", "-shm"] {
            let path = folder.path().join(format!("deep/archive.sqlite{ending}"));
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0, "{ending}");
        }
    }

    #[test]
    fn writes_are_durable() {
        let folder = tempfile::tempdir().unwrap();
        let db = open_writer(&folder.path().join("archive.sqlite")).unwrap();
        let asked = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, String>(0));
        assert_eq!(asked("journal_mode").unwrap(), "wal");
        let synchronous: i64 = db.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!(synchronous, 2);
    }
}
