//! Files as the programs write them, in every version of their tables, and damaged ones.

use std::path::PathBuf;

use base64::{Engine as _, prelude::BASE64_URL_SAFE};
use grammers_session::types::{PeerAuth, PeerInfo};
use rusqlite::{Connection, params};

use super::*;

const KEY: [u8; 256] = [0xA7; 256];

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("my.session")
    }

    fn with(bytes: &[u8]) -> Self {
        let folder = Self::new();
        fs::write(folder.path(), bytes).unwrap();
        folder
    }

    fn read(&self) -> Result<ImportedLogin, TelethonError> {
        read_file(&self.path())
    }
}

/// The tables of a version of Telethon.
fn telethon(version: u32, address: &str, key: &[u8]) -> Folder {
    let folder = Folder::new();
    let database = Connection::open(folder.path()).unwrap();
    let takeout = if version >= 4 { ", takeout_id integer" } else { "" };
    let temporary = if version >= 8 { ", tmp_auth_key blob" } else { "" };
    let date = if version >= 7 { ", date integer" } else { "" };
    database
        .execute_batch(&format!(
            "create table version (version integer primary key);
             insert into version values ({version});
             create table sessions (dc_id integer primary key, server_address text, port integer, auth_key blob
                 {takeout}{temporary});
             create table entities (id integer primary key, hash integer not null, username text, phone integer,
                 name text{date}) without rowid;"
        ))
        .unwrap();
    database
        .execute(
            "insert into sessions (dc_id, server_address, port, auth_key) values (4, ?1, 443, ?2)",
            params![address, key],
        )
        .unwrap();
    let entities =
        [(0_i64, 777_i64), (777, 70), (-5, 0), (-1_000_000_000_009, -90), (42, 0), (-1_000_000_000_000, 1)];
    for (id, hash) in entities {
        database.execute("insert into entities (id, hash) values (?1, ?2)", [id, hash]).unwrap();
    }
    folder
}

#[test]
fn every_version_of_telethon_is_read() {
    for version in 1..=9 {
        let address =
            ["149.154.167.91", "2001:67c:4e8:f002::a", "venus.web.telegram.org"][version as usize % 3];
        let login = telethon(version, address, &KEY).read().unwrap();
        assert_eq!((login.dc_id, login.auth_key, login.user_id), (4, KEY, Some(777)), "{version}");
        let hash = |hash| Some(PeerAuth::from_hash(hash));
        assert_eq!(
            login.peers,
            [
                PeerInfo::Channel { id: 9, auth: hash(-90), kind: None },
                PeerInfo::Chat { id: 5 },
                PeerInfo::User { id: 42, auth: None, bot: None, is_self: None },
                PeerInfo::User { id: 777, auth: hash(70), bot: None, is_self: None },
            ]
        );
    }
}

#[test]
fn reading_changes_nothing() {
    let folder = telethon(7, "149.154.167.91", &KEY);
    // Telethon is in the middle of a change.
    let running = Connection::open(folder.path()).unwrap();
    running.execute_batch("begin immediate; update sessions set dc_id = 5;").unwrap();
    let before = fs::read(folder.path()).unwrap();
    assert_eq!(folder.read().unwrap().dc_id, 4, "what is not committed does not count");
    assert_eq!(fs::read(folder.path()).unwrap(), before);
    running.execute_batch("commit").unwrap();
    assert_eq!(folder.read().unwrap().dc_id, 5);
}

#[test]
fn write_ahead_logs_are_read_too() {
    let folder = telethon(7, "149.154.167.91", &KEY);
    let running = Connection::open(folder.path()).unwrap();
    running.pragma_update(None, "journal_mode", "wal").unwrap();
    running.execute_batch("update sessions set dc_id = 5;").unwrap();
    assert_eq!(folder.read().unwrap().dc_id, 5);
}

#[test]
fn tables_without_entities_are_enough() {
    let folder = telethon(7, "149.154.167.91", &KEY);
    Connection::open(folder.path()).unwrap().execute_batch("drop table entities").unwrap();
    let login = folder.read().unwrap();
    assert_eq!((login.user_id, login.peers.len()), (None, 0));
}

#[test]
fn sessions_without_a_login_say_so() {
    let logged_out = telethon(7, "149.154.167.91", &[]);
    assert!(matches!(logged_out.read(), Err(TelethonError::NoLogin { .. })));
    let database = Connection::open(logged_out.path()).unwrap();
    for change in ["update sessions set auth_key = null", "delete from sessions"] {
        database.execute_batch(change).unwrap();
        assert!(matches!(logged_out.read(), Err(TelethonError::NoLogin { .. })), "{change}");
    }
}

/// The tables of Pyrogram, and of its followers.
fn pyrogram(columns: &str, values: &str) -> Folder {
    let folder = Folder::new();
    let database = Connection::open(folder.path()).unwrap();
    database
        .execute_batch(&format!(
            "create table sessions (dc_id integer primary key, test_mode integer, auth_key blob, date integer,
                 user_id integer, is_bot integer{columns});
             create table peers (id integer primary key, access_hash integer, type text, username text,
                 phone_number text, last_update_on integer);
             create table version (number integer primary key);
             insert into peers (id, access_hash, type) values (-1000000000009, 90, 'channel'), (8, 80, 'user');
             insert into sessions values (2, 0, zeroblob(256), 0, 8, 0{values});"
        ))
        .unwrap();
    database.execute("update sessions set auth_key = ?1", [KEY.as_slice()]).unwrap();
    folder
}

#[test]
fn files_of_pyrogram_are_read() {
    for (columns, values) in [
        ("", ""),
        (", api_id integer", ", 6"),
        (", api_id integer, server_address text, port integer", ", 6, 'x', 1"),
    ] {
        let login = pyrogram(columns, values).read().unwrap();
        assert_eq!((login.dc_id, login.auth_key, login.user_id), (2, KEY, Some(8)));
        assert_eq!(login.peers.len(), 2);
    }
    let folder = pyrogram("", "");
    Connection::open(folder.path()).unwrap().execute_batch("update sessions set test_mode = 1").unwrap();
    assert!(matches!(folder.read(), Err(TelethonError::TestServers { .. })));
}

#[test]
fn other_files_are_told_apart() {
    assert!(matches!(Folder::new().read(), Err(TelethonError::Unreadable { .. })));
    assert!(matches!(Folder::with(b"").read(), Err(TelethonError::Empty { .. })));
    assert!(matches!(Folder::with(b"hello").read(), Err(TelethonError::NotASession { .. })));
    assert!(matches!(Folder::with(&[0xFF; 1000]).read(), Err(TelethonError::NotASession { .. })));
    assert!(matches!(read_file(Path::new("/")), Err(TelethonError::NotASession { .. })));
    let other = Folder::new();
    Connection::open(other.path()).unwrap().execute_batch("create table birds (name text)").unwrap();
    let error = other.read().unwrap_err();
    assert!(matches!(error, TelethonError::NotASession { .. }), "{error:?}");
    assert!(error.to_string().contains("my.session") && error.to_string().contains("tdata"), "{error}");
}

#[test]
fn damaged_files_never_panic() {
    let whole = fs::read(telethon(7, "149.154.167.91", &KEY).path()).unwrap();
    for end in (0..whole.len()).step_by(997) {
        let _ = Folder::with(&whole[..end]).read();
    }
    for at in (0..whole.len()).step_by(61) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xFF;
        // A flipped byte of free space harms nothing.
        if let Ok(login) = Folder::with(&bytes).read() {
            assert_eq!(login.auth_key.len(), 256);
        }
    }
    let short = telethon(7, "149.154.167.91", &KEY[1..]).read();
    assert!(matches!(short, Err(TelethonError::Damaged { .. })), "{short:?}");
    let cut = Folder::with(&whole[..whole.len() / 2]).read();
    assert!(matches!(cut, Err(TelethonError::Damaged { .. })), "{cut:?}");
}

fn text(parts: &[&[u8]]) -> String {
    BASE64_URL_SAFE.encode(parts.concat())
}

#[test]
fn texts_of_telethon_are_read() {
    for address in [&[149, 154, 167, 51][..], &[0x20; 16]] {
        let text = format!("1{}", text(&[&[4], address, &443_u16.to_be_bytes(), &KEY]));
        for text in [text.clone(), format!("  {text}\n"), text.trim_end_matches('=').to_owned()] {
            let login = read_text(&text).unwrap();
            assert_eq!((login.dc_id, login.auth_key), (4, KEY));
            assert_eq!(Folder::with(text.as_bytes()).read().unwrap(), login);
        }
        for end in 0..text.len() - 1 {
            let cut = read_text(&text[..end]);
            assert!(matches!(cut, Err(TelethonError::NotASession { .. })) || end > 350, "{end}: {cut:?}");
        }
    }
    let nobody = format!("1{}", text(&[&[4, 1, 1, 1, 1, 0, 80], &[0; 256]]));
    assert!(matches!(read_text(&nobody), Err(TelethonError::NoLogin { .. })));
}

#[test]
fn texts_of_pyrogram_are_read() {
    let id: i64 = 5_000_000_123;
    let oldest = text(&[&[2, 0], &KEY, &8_u32.to_be_bytes(), &[0]]);
    let older = text(&[&[2, 0], &KEY, &id.to_be_bytes(), &[0]]);
    let newest = text(&[&[2], &6_u32.to_be_bytes(), &[0], &KEY, &id.to_be_bytes(), &[0]]);
    for (text, user_id) in [(oldest, 8), (older, id), (newest, id)] {
        let login = read_text(text.trim_end_matches('=')).unwrap();
        assert_eq!((login.dc_id, login.auth_key, login.user_id), (2, KEY, Some(user_id)));
    }
    let test = text(&[&[2, 1], &KEY, &id.to_be_bytes(), &[0]]);
    assert!(matches!(read_text(&test), Err(TelethonError::TestServers { .. })));
    for wrong in ["", "1", "=", "hello", "1AgAO", "привет"] {
        assert!(matches!(read_text(wrong), Err(TelethonError::NotASession { .. })), "{wrong}");
    }
}
