//! The tables, step by step. A step and its number are written in one transaction; who comes second waits for
//! the first, and finds nothing to do.

use tokio_postgres::Client;

use super::text::to_column;
use crate::archive::{StoreError, search};

/// One script per version, and never changed again once it was released.
pub(super) const STEPS: &[&str] = &[
    include_str!("../../../migrations/postgres/0001_archive.sql"),
    include_str!("../../../migrations/postgres/0002_views.sql"),
    include_str!("../../../migrations/postgres/0003_file_names.sql"),
    include_str!("../../../migrations/postgres/0004_lists.sql"),
    include_str!("../../../migrations/postgres/0005_titles.sql"),
    include_str!("../../../migrations/postgres/0006_deletions.sql"),
];

/// Of the locks that programs agree on by number: held while tables are made.
const LOCK: i64 = 0x7461_7065_0001;

pub(super) async fn migrate(client: &mut Client, place: &str) -> Result<(), StoreError> {
    migrate_with(client, place, STEPS).await
}

pub(super) async fn migrate_with(client: &mut Client, place: &str, steps: &[&str]) -> Result<(), StoreError> {
    loop {
        let step = client.transaction().await?;
        step.execute("select pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        let done = version(&step).await?;
        let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        if done > known {
            return Err(StoreError::Newer { place: place.to_owned(), found: done, known });
        }
        let Some(script) = steps.get(done as usize) else {
            step.commit().await?;
            return Ok(());
        };
        if done == 0 {
            refuse_strangers(&step, place).await?;
            step.batch_execute("create table tapedeck_schema (version integer not null); insert into tapedeck_schema values (0)")
                .await?;
        }
        step.batch_execute(script).await?;
        if done == 0 {
            let version = i32::try_from(search::VERSION).unwrap_or(i32::MAX);
            step.execute("insert into counters values (1, 1, $1)", &[&version]).await?;
        }
        let done = i32::try_from(done + 1).unwrap_or(i32::MAX);
        step.execute("update tapedeck_schema set version = $1", &[&done]).await?;
        step.commit().await?;
    }
}

/// Whether nothing has to be done before it is read; fails for what is no archive of ours, or one of a newer version.
pub(super) async fn is_current(client: &mut Client, place: &str) -> Result<bool, StoreError> {
    let found = version(&client.transaction().await?).await?;
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    match found {
        0 => {
            let reason = "the database holds no archive of Tapedeck".into();
            Err(StoreError::Open { place: place.to_owned(), reason })
        }
        newer if newer > known => Err(StoreError::Newer { place: place.to_owned(), found, known }),
        _ => Ok(found == known),
    }
}

async fn version(step: &tokio_postgres::Transaction<'_>) -> Result<u32, StoreError> {
    let is_there = step.query_one("select to_regclass('tapedeck_schema') is not null", &[]).await?;
    if !is_there.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let version: i32 = step.query_one("select version from tapedeck_schema", &[]).await?.try_get(0)?;
    Ok(u32::try_from(version).unwrap_or(0))
}

/// Another program's tables are left alone.
async fn refuse_strangers(step: &tokio_postgres::Transaction<'_>, place: &str) -> Result<(), StoreError> {
    let sql = "select table_name::text from information_schema.tables \
               where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1 limit 1";
    match step.query_opt(sql, &[]).await? {
        None => Ok(()),
        Some(row) => {
            let table: String = row.try_get(0)?;
            let reason = format!(
                "the database holds tables of another program, such as `{}`: make an empty database for the archive",
                to_column(&table)
            );
            Err(StoreError::Open { place: place.to_owned(), reason })
        }
    }
}
