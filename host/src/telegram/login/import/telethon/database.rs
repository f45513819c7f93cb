//! Session files: small SQLite databases. Which program wrote one, its columns tell.

use std::{
    collections::BTreeMap, error::Error, ffi::OsString, fs, io, os::unix::fs::PermissionsExt as _, path::Path,
};

use grammers_session::types::{PeerAuth, PeerId, PeerInfo, PeerKind};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, types::Value};

use super::{ImportedLogin, TelethonError};
use crate::telegram::servers::AuthKey;

/// A program that ran for years may have met this many; more are left out.
const MOST_PEERS: u32 = 1_000_000;

pub(super) fn read(path: &Path, origin: &str) -> Result<ImportedLogin, TelethonError> {
    let damaged =
        |source: Box<dyn Error + Send + Sync>| TelethonError::Damaged { origin: origin.into(), source };
    let copy = copy(path).map_err(|source| TelethonError::Unreadable { origin: origin.into(), source })?;
    let database = open(&copy.path().join(COPY)).map_err(|error| damaged(error.into()))?;
    let session = Session::read(&database).map_err(|error| damaged(error.into()))?;
    let Some(session) = session else { return Err(TelethonError::NotASession { origin: origin.into() }) };
    if session.is_test {
        return Err(TelethonError::TestServers { origin: origin.into() });
    }
    let Some(key) = session.key.filter(|key| !key.is_empty()) else {
        return Err(TelethonError::NoLogin { origin: origin.into() });
    };
    let auth_key = AuthKey::try_from(key).map_err(|_| damaged("its key is not 256 bytes long".into()))?;
    let dc_id = i32::try_from(session.dc_id).ok().filter(|dc| (1..1000).contains(dc));
    let dc_id = dc_id.ok_or_else(|| damaged("its data centre has an impossible number".into()))?;
    let met = session.program.peers(&database).map_err(|error| damaged(error.into()))?;
    Ok(ImportedLogin {
        dc_id,
        auth_key,
        user_id: session.user_id.or(met.user_id),
        other_keys: BTreeMap::new(),
        peers: met.peers,
    })
}

const COPY: &str = "copy.session";

/// In a folder that only we can read. With the journal, an unfinished change of the other program
/// is undone in the copy, as SQLite does.
fn copy(path: &Path) -> io::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("tapedeck-import-").tempdir()?;
    for ending in ["", "-journal", "-wal"] {
        let with_ending = |path: &Path| {
            let mut name = OsString::from(path);
            name.push(ending);
            name
        };
        let copy = with_ending(&folder.path().join(COPY));
        match fs::copy(with_ending(path), &copy) {
            Err(error) if !ending.is_empty() && error.kind() == io::ErrorKind::NotFound => continue,
            copied => copied?,
        };
        // Its own mode came with it, which may be read-only.
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o600))?;
    }
    Ok(folder)
}

fn open(copy: &Path) -> rusqlite::Result<Connection> {
    let writable = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(copy, writable)?;
    database.pragma_update(None, "trusted_schema", false)?;
    Ok(database)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Telethon,
    Pyrogram,
}

/// The one row of the table `sessions`.
struct Session {
    program: Program,
    dc_id: i64,
    key: Option<Vec<u8>>,
    user_id: Option<i64>,
    is_test: bool,
}

impl Session {
    /// `None` when the tables are those of something else.
    fn read(database: &Connection) -> rusqlite::Result<Option<Self>> {
        let columns = columns(database, "sessions")?;
        let has = |name: &str| columns.iter().any(|column| column == name);
        let program = match (has("dc_id") && has("auth_key"), has("user_id")) {
            (true, true) => Program::Pyrogram,
            (true, false) => Program::Telethon,
            (false, _) => return Ok(None),
        };
        let optional = |name: &'static str| if has(name) { name } else { "null" };
        let sql = format!(
            "select dc_id, auth_key, {}, {} from sessions order by length(auth_key) desc limit 1",
            optional("user_id"),
            optional("test_mode")
        );
        let row = database.query_row(&sql, [], |row| {
            Ok(Self {
                program,
                dc_id: row.get(0)?,
                key: row.get(1)?,
                user_id: row.get::<_, Option<i64>>(2)?.filter(|id| *id > 0),
                is_test: matches!(row.get(3)?, Value::Integer(1..)),
            })
        });
        let nobody = Self { program, dc_id: 0, key: None, user_id: None, is_test: false };
        Ok(Some(row.optional()?.unwrap_or(nobody)))
    }
}

#[derive(Default)]
struct Met {
    /// Telethon keeps its own user as the hash of the id 0.
    user_id: Option<i64>,
    peers: Vec<PeerInfo>,
}

impl Program {
    /// Both write ids as bots see them: below zero for groups, below -10^12 for channels.
    fn peers(self, database: &Connection) -> rusqlite::Result<Met> {
        let (table, hash) = match self {
            Self::Telethon => ("entities", "hash"),
            Self::Pyrogram => ("peers", "access_hash"),
        };
        let columns = columns(database, table)?;
        let mut met = Met::default();
        if !["id", hash].iter().all(|name| columns.iter().any(|column| column == name)) {
            return Ok(met);
        }
        let mut statement =
            database.prepare(&format!("select id, {hash} from {table} limit {MOST_PEERS}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            // SQLite does not hold columns to their types; what is no number is no peer.
            let (Value::Integer(id), Value::Integer(hash)) = (row.get(0)?, row.get(1)?) else { continue };
            match id {
                0 => met.user_id = Some(hash).filter(|id| *id > 0),
                id => met.peers.extend(peer(id, hash)),
            }
        }
        Ok(met)
    }
}

fn peer(id: i64, hash: i64) -> Option<PeerInfo> {
    let peer = PeerId::from_bot_api_dialog_id(id)?;
    let (id, auth) = (peer.bare_id()?, Some(PeerAuth::from_hash(hash)).filter(|_| hash != 0));
    Some(match peer.kind() {
        PeerKind::User => PeerInfo::User { id, auth, bot: None, is_self: None },
        PeerKind::Chat => PeerInfo::Chat { id },
        PeerKind::Channel => PeerInfo::Channel { id, auth, kind: None },
    })
}

fn columns(database: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = database.prepare("select name from pragma_table_info(?1)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}
