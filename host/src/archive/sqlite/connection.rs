//! Opening the file, and what is asked of SQLite for it.

use std::{
    fs::{self, OpenOptions},
    io::ErrorKind,
    os::unix::{ffi::OsStrExt as _, fs::OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use crate::archive::{StoreError, media::BLOBS};

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
    if fs::metadata(path).map_or(0, |file| file.len()) == 0 && has_left_traces(path) {
        let place = path.display().to_string();
        let reason = "it is gone or empty, but what belongs to it is there: put it back from a backup, or begin \
                      anew in another `archive.folder`";
        return Err(StoreError::Open { place, reason: reason.into() });
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

/// Somebody else's archive, or one on a disk that can only be read.
pub(super) fn open_source(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let open = |is_immutable| {
        let db = open_as(read_only_uri(path, is_immutable), path, flags)?;
        db.pragma_update(None, "query_only", true)?;
        db.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        db.query_row("select count(*) from sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Ok(db)
    };
    match open(false) {
        // The index of the journal has no place there: without a journal none is needed.
        Err(StoreError::Unavailable { .. } | StoreError::Failed { .. }) if !has_journal(path) => open(true),
        opened => opened,
    }
}

/// Whether something was written that is not in the file itself yet, or must be undone in it. It lies beside the file, not
/// beside a link to it.
pub(crate) fn has_journal(path: &Path) -> bool {
    has_beside(path, "-wal") || has_beside(path, "-journal")
}

fn has_beside(path: &Path, ending: &str) -> bool {
    let file = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = file.into_os_string();
    name.push(ending);
    fs::metadata(name).is_ok_and(|journal| journal.len() > 0)
}

/// Whether there was an archive in this place, even if it is there no more.
pub(crate) fn has_left_traces(path: &Path) -> bool {
    let holds_something = |folder: PathBuf| fs::read_dir(folder).is_ok_and(|mut it| it.next().is_some());
    // The other kind of journal is there, too, when a process was killed that made a new one.
    has_beside(path, "-wal") || holds_something(path.with_file_name("media").join(BLOBS))
}

/// Before the tables of another archive are brought up to date.
pub(super) fn refuse_unwritable(path: &Path) -> Result<(), StoreError> {
    let opened = OpenOptions::new().append(true).open(path);
    opened.map(drop).map_err(|error| StoreError::Open {
        place: path.display().to_string(),
        reason: format!(
            "its tables are of an older version, and they cannot be brought up to date there ({error}): copy it to \
             where it can be written"
        ),
    })
}

/// The name of a file that SQLite is only to read. Immutable: nobody writes it meanwhile.
pub(crate) fn read_only_uri(path: &Path, is_immutable: bool) -> String {
    let mut uri = "file:".to_owned();
    if path.is_absolute() {
        // No host: of a path that begins with two strokes, the first folder would be taken for one.
        uri.push_str("//");
    }
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'?' | b'#' | 0x80.. => uri.push_str(&format!("%{byte:02x}")),
            byte => uri.push(char::from(*byte)),
        }
    }
    uri.push_str(if is_immutable { "?mode=ro&immutable=1" } else { "?mode=ro" });
    uri
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    open_as(path, path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

fn open_as(name: impl AsRef<Path>, path: &Path, how: OpenFlags) -> Result<Connection, StoreError> {
    let flags = how | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(name, flags)
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
    fn every_path_can_be_named() {
        for (path, uri) in [
            (&b"kept/a.sqlite"[..], "file:kept/a.sqlite?mode=ro"),
            (b"/kept/a?b#c%.sqlite", "file:///kept/a%3fb%23c%25.sqlite?mode=ro"),
            (b"//kept/a.sqlite", "file:////kept/a.sqlite?mode=ro"),
            (b"/caf\xc3\xa9/\xff", "file:///caf%c3%a9/%ff?mode=ro"),
        ] {
            assert_eq!(read_only_uri(Path::new(std::ffi::OsStr::from_bytes(path)), false), uri);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("caf\u{e9}.sqlite");
        open_writer(&path).unwrap().execute_batch("create table a (b)").unwrap();
        let twice = format!("/{}", path.display());
        for path in [path.as_path(), Path::new(&twice)] {
            open_source(path).unwrap();
        }
    }

    #[test]
    fn a_journal_lies_beside_the_file_and_not_beside_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("archive.sqlite"), folder.path().join("link.sqlite"));
        fs::write(&path, "").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        for ending in ["-wal", "-journal"] {
            let journal = folder.path().join(format!("archive.sqlite{ending}"));
            fs::write(&journal, "").unwrap();
            assert!(!has_journal(&path) && !has_journal(&link), "an empty one says nothing");
            fs::write(&journal, "a page").unwrap();
            assert!(has_journal(&path) && has_journal(&link), "{ending}");
            fs::remove_file(journal).unwrap();
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
