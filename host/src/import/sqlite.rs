//! SQLite databases of others, opened for reading only.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, civil, tz::TimeZone};
use rusqlite::{Connection, OpenFlags, ToSql, types::ValueRef};
use serde_json::{Map, Value};

use super::{
    error::ImportError,
    fields::Fields,
    kind,
    rows::{LONGEST_VALUE, Rows, too_long},
};
use crate::archive::{APPLICATION_ID, has_journal, read_only_uri};

#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    connection: Connection,
}

impl Database {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let damaged = |error| ImportError::damaged(path, "its start", error);
        // An absent file would be made.
        kind::refuse_special(path)?;
        let connection = match connect(path, false) {
            // In a folder that cannot be written the index of the journal has no place: without a journal none is needed.
            Err(_) if !has_journal(path) => connect(path, true),
            connected => connected,
        };
        let connection = connection.map_err(damaged)?;
        let application = connection.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0));
        if application.map_err(damaged)? == APPLICATION_ID {
            return Err(kind::ours(path));
        }
        Ok(Self { path: path.to_owned(), connection })
    }

    pub(super) fn count(&self, table: &'static str) -> Result<u64, ImportError> {
        let count = self
            .connection
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
        count.map(|count| u64::try_from(count).unwrap_or(0)).map_err(|error| self.damaged(table, error))
    }

    /// Every row as an object by its columns' names, one at a time. `place` names them in errors.
    pub(super) fn each(
        &self,
        place: &str,
        sql: &str,
        arguments: &[&dyn ToSql],
        mut take: impl FnMut(Fields) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let damaged = |error| self.damaged(place, error);
        let mut statement = self.connection.prepare_cached(sql).map_err(damaged)?;
        let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = statement.query(arguments).map_err(damaged)?;
        while let Some(row) = rows.next().map_err(damaged)? {
            let (mut fields, mut refused) = (Map::with_capacity(names.len()), None);
            for (number, name) in names.iter().enumerate() {
                match value(row.get_ref(number).map_err(damaged)?) {
                    Some(value) => drop(fields.insert(name.clone(), value)),
                    None => refused = Some(too_long(name)),
                }
            }
            take(Fields::incomplete(fields, refused))?;
        }
        Ok(())
    }

    fn damaged(&self, place: &str, error: rusqlite::Error) -> ImportError {
        ImportError::damaged(&self.path, place, error)
    }
}

impl Rows for Database {
    fn place(&self) -> &Path {
        &self.path
    }

    fn has_table(&self, name: &str) -> Result<bool, ImportError> {
        let count: rusqlite::Result<i64> = self.connection.query_row(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1",
            [name],
            |row| row.get(0),
        );
        count.map(|count| count > 0).map_err(|error| self.damaged(name, error))
    }

    fn has_column(&self, table: &str, column: &str) -> Result<bool, ImportError> {
        let count: rusqlite::Result<i64> = self.connection.query_row(
            "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2",
            [table, column],
            |row| row.get(0),
        );
        count.map(|count| count > 0).map_err(|error| self.damaged(table, error))
    }

    fn all(&self, what: &str, sql: &str, numbers: &[i64]) -> Result<Vec<Fields>, ImportError> {
        let numbers: Vec<&dyn ToSql> = numbers.iter().map(|number| number as &dyn ToSql).collect();
        let mut all = Vec::new();
        self.each(what, sql, &numbers, |fields| {
            all.push(fields);
            Ok(())
        })?;
        Ok(all)
    }
}

fn connect(path: &Path, is_immutable: bool) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(read_only_uri(path, is_immutable), flags)?;
    // Functions in a foreign schema are not ours to call.
    connection
        .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON; PRAGMA cell_size_check = ON")?;
    connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0))?;
    Ok(connection)
}

/// None when it is too long.
fn value(raw: ValueRef<'_>) -> Option<Value> {
    Some(match raw {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number),
        ValueRef::Text(text) if text.len() <= LONGEST_VALUE => {
            String::from_utf8_lossy(text).into_owned().into()
        }
        ValueRef::Blob(bytes) if bytes.len() <= LONGEST_VALUE => STANDARD.encode(bytes).into(),
        ValueRef::Text(_) | ValueRef::Blob(_) => return None,
    })
}

/// `2024-01-01 12:00:00.000000` in UTC, or with an offset, which counts.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let iso = text.trim().replacen(' ', "T", 1);
    let at = iso.parse::<Timestamp>().ok().or_else(|| {
        let local: civil::DateTime = iso.parse().ok()?;
        Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })?;
    // Telegram counts whole seconds.
    Timestamp::from_second(at.as_second()).ok()
}

pub(super) fn take_moment(fields: &mut Fields, name: &str) -> Option<Timestamp> {
    let at = moment(fields.get(name)?.as_str()?)?;
    fields.take(name);
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_an_offset_are_utc() {
        for (text, wanted) in [
            ("2024-01-01 12:00:00.000000", Some("2024-01-01T12:00:00Z")),
            ("2024-01-01T12:00:00", Some("2024-01-01T12:00:00Z")),
            ("2024-01-01 12:00:00+02:00", Some("2024-01-01T10:00:00Z")),
            ("2024-01-01T12:00:00.5Z", Some("2024-01-01T12:00:00Z")),
            ("yesterday", None),
        ] {
            assert_eq!(moment(text), wanted.map(|it| it.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn views_are_no_tables() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a?b#c%.db");
        let made = Connection::open(&path).unwrap();
        made.execute_batch("CREATE TABLE a (x); CREATE VIEW messages AS SELECT * FROM a; INSERT INTO a VALUES (1), ('t'), (x'00ff')").unwrap();
        let database = Database::open(&path).unwrap();
        assert!(database.has_table("a").unwrap() && !database.has_table("messages").unwrap());
        let values: Vec<Value> = database
            .all("a", "SELECT x FROM a", &[])
            .unwrap()
            .into_iter()
            .map(|mut row| row.take("x").unwrap())
            .collect();
        assert_eq!(values, [Value::from(1), "t".into(), "AP8=".into()]);
    }

    #[test]
    fn what_is_no_database_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        std::fs::write(&path, "SQLite format 3\0 and then nothing of the kind").unwrap();
        assert!(matches!(Database::open(&path), Err(ImportError::Damaged { .. })));
        assert!(matches!(Database::open(&folder.path().join("b.db")), Err(ImportError::Open { .. })));
    }
}
