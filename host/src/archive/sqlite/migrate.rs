//! The tables, step by step. A step and its number are written in one transaction, so that a kill
//! leaves either both or neither; who comes second finds nothing to do.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, types::ToSqlOutput};

use super::error::damaged;
use crate::archive::{
    StoreError,
    row::{packed, shortened},
};

/// One per version, and never changed again once it was released.
pub(super) const STEPS: &[Step] = &[
    Step::script(include_str!("../../../migrations/sqlite/0001_archive.sql")),
    Step::script(include_str!("../../../migrations/sqlite/0002_views.sql")),
    Step::script(include_str!("../../../migrations/sqlite/0003_search.sql")),
    Step {
        then: Some(shorten_details),
        ..Step::script(include_str!("../../../migrations/sqlite/0004_compact.sql"))
    },
    Step {
        script: include_str!("../../../migrations/sqlite/0005_packed.sql"),
        then: Some(pack_details),
        end: include_str!("../../../migrations/sqlite/0005_packed_end.sql"),
    },
    Step::script(include_str!("../../../migrations/sqlite/0006_deletions.sql")),
];

#[derive(Clone, Copy)]
pub(super) struct Step {
    script: &'static str,
    /// What SQL cannot say.
    then: Option<Then>,
    /// What comes after that.
    end: &'static str,
}

type Then = fn(&Connection) -> Result<(), StoreError>;

impl Step {
    const fn script(script: &'static str) -> Self {
        Self { script, then: None, end: "" }
    }
}

/// "tape", so that `file` and others can tell what it is.
pub(crate) const APPLICATION: i32 = 0x7461_7065;

/// Whether nothing has to be done before it is read; fails for what is no archive of ours, or one of a newer version.
pub(super) fn is_current(db: &Connection, path: &Path) -> Result<bool, StoreError> {
    let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let place = || path.display().to_string();
    if application != APPLICATION {
        return Err(StoreError::Open { place: place(), reason: "it is no archive of Tapedeck".into() });
    }
    let (found, known) = (version(db)?, u32::try_from(STEPS.len()).unwrap_or(u32::MAX));
    if found > known {
        return Err(StoreError::Newer { place: place(), found, known });
    }
    Ok(found == known)
}

pub(super) fn migrate(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    migrate_with(db, path, STEPS)
}

pub(super) fn migrate_with(db: &mut Connection, path: &Path, steps: &[Step]) -> Result<(), StoreError> {
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    while version(db)? < known {
        let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Somebody else may have been faster.
        let done = version(&step)?;
        if let Some(next) = steps.get(done as usize) {
            refuse_strangers(&step, done, path)?;
            step.execute_batch(next.script)?;
            if let Some(then) = next.then {
                then(&step)?;
            }
            step.execute_batch(next.end)?;
            step.pragma_update(None, "user_version", done + 1)?;
            step.pragma_update(None, "application_id", APPLICATION)?;
        }
        step.commit()?;
    }
    let found = version(db)?;
    if found > known {
        return Err(StoreError::Newer { place: path.display().to_string(), found, known });
    }
    Ok(())
}

/// Details that are spelt out become what they are now.
fn shorten_details(db: &Connection) -> Result<(), StoreError> {
    let mut next = db.prepare(
        "select key, date, detail from messages where key > ?1 and detail is not null order by key limit 1000",
    )?;
    let mut update = db.prepare("update messages set detail = ?2 where key = ?1")?;
    let mut after = 0;
    loop {
        let rows = next.query_map([after], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let rows: Vec<(i64, i64, String)> = rows.collect::<Result<_, _>>()?;
        let Some((last, ..)) = rows.last() else { return Ok(()) };
        after = *last;
        for (key, date, detail) in rows {
            let short = shortened(&detail, date).map_err(|error| damaged("a message", error))?;
            update.execute(rusqlite::params![key, short])?;
        }
    }
}

/// Messages move to their new table, with details that take less room.
fn pack_details(db: &Connection) -> Result<(), StoreError> {
    let mut next = db.prepare(
        "select key, date, author, flags, text, detail, media, reply_to, views, forwards, edited, topic, album, action, \
         deleted, versions from former_messages order by key",
    )?;
    let mut insert = db.prepare(
        "insert into messages values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    let mut rows = next.query([])?;
    while let Some(row) = rows.next()? {
        for place in 0..16 {
            insert.raw_bind_parameter(place + 1, ToSqlOutput::Borrowed(row.get_ref(place)?))?;
        }
        let detail: Option<String> = row.get(5)?;
        if let Some(detail) = detail {
            let now =
                packed(&detail, row.get(6)?, row.get(1)?).map_err(|error| damaged("a message", error))?;
            insert.raw_bind_parameter(6, now)?;
        }
        insert.raw_execute()?;
    }
    Ok(())
}

/// Another program's database is left alone.
fn refuse_strangers(db: &Connection, version: u32, path: &Path) -> Result<(), StoreError> {
    let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = db.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    if application == APPLICATION || version == 0 && tables == 0 {
        return Ok(());
    }
    Err(StoreError::Open {
        place: path.display().to_string(),
        reason: "it is a database of another program; choose another `archive.folder`".into(),
    })
}

fn version(db: &Connection) -> Result<u32, StoreError> {
    Ok(db.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{super::connection::open_writer, *};

    fn schema(db: &Connection) -> Vec<String> {
        let sql =
            "select coalesce(sql, name) from sqlite_schema where name not like 'sqlite_%' order by name";
        let mut all = db.prepare(sql).unwrap();
        all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn fresh() -> (tempfile::TempDir, PathBuf, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive.sqlite");
        let db = open_writer(&path).unwrap();
        (folder, path, db)
    }

    #[test]
    fn every_older_schema_becomes_the_newest() {
        let (_folder, path, mut db) = fresh();
        migrate(&mut db, &path).unwrap();
        let wanted = schema(&db);
        for older in 0..STEPS.len() {
            let (_folder, path, mut db) = fresh();
            migrate_with(&mut db, &path, &STEPS[..older]).unwrap();
            migrate(&mut db, &path).unwrap();
            assert_eq!(schema(&db), wanted, "from {older}");
            migrate(&mut db, &path).unwrap();
            assert_eq!(schema(&db), wanted, "twice");
        }
    }

    #[test]
    fn a_half_made_step_leaves_nothing() {
        for half in 1..20 {
            let (_folder, path, mut db) = fresh();
            // Up to somewhere in the middle, and then something that cannot be done.
            let script = STEPS[0].script;
            let end = script.match_indices(';').nth(half).unwrap().0 + 1;
            let broken = format!("{}\nselect * from nowhere;", &script[..end]);
            migrate_with(&mut db, &path, &[Step::script(broken.leak())]).unwrap_err();
            assert_eq!((schema(&db), version(&db).unwrap()), (Vec::new(), 0));
            migrate(&mut db, &path).unwrap();
            assert_eq!(version(&db).unwrap() as usize, STEPS.len());
        }
    }

    #[test]
    fn a_half_made_move_of_messages_leaves_them_where_they_are() {
        let (_folder, path, mut db) = fresh();
        migrate_with(&mut db, &path, &STEPS[..4]).unwrap();
        let insert =
            "insert into messages (key, date, flags, text, detail) values (4294967296, 7, 0, 'so', ?1)";
        let detail = r#"{"reactions":[["a",3]]}"#;
        db.execute(insert, [detail]).unwrap();
        let before = schema(&db);
        let wrong =
            ["drop table former_messages; select * from nowhere;", "select 1; create table messages (key);"];
        for end in wrong {
            let mut steps = STEPS[..5].to_vec();
            steps[4].end = end;
            migrate_with(&mut db, &path, &steps).unwrap_err();
            assert_eq!((schema(&db), version(&db).unwrap()), (before.clone(), 4));
        }
        let found =
            |db: &Connection, sql: &str| db.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(found(&db, "select detail from messages"), detail);
        migrate(&mut db, &path).unwrap();
        assert!(found(&db, "select detail from messages").len() < 12);
    }

    #[test]
    fn a_newer_archive_is_not_touched() {
        let (_folder, path, mut db) = fresh();
        migrate(&mut db, &path).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
        let told = migrate(&mut db, &path).unwrap_err().to_string();
        assert!(told.contains("99") && told.contains("update tapedeck"), "{told}");
    }

    #[test]
    fn the_database_of_another_program_is_left_alone() {
        let (_folder, path, mut db) = fresh();
        db.execute_batch("create table songs (name)").unwrap();
        let told = migrate(&mut db, &path).unwrap_err().to_string();
        assert!(told.contains("another program") && told.contains("archive.folder"), "{told}");
        assert_eq!(schema(&db).len(), 1);
    }

    #[test]
    fn two_that_open_it_at_once_agree() {
        let (_folder, path, first) = fresh();
        drop(first);
        let open = |path: PathBuf| {
            std::thread::spawn(move || {
                let mut db = open_writer(&path).unwrap();
                migrate(&mut db, &path).unwrap();
            })
        };
        let all: Vec<_> = (0..4).map(|_| open(path.clone())).collect();
        all.into_iter().for_each(|one| one.join().unwrap());
    }
}
