//! Counts of the whole archive, and whether they are those of its rows.

use deadpool_postgres::Object;

use super::{count, rows};
use crate::archive::{StoreError, StoreFigures};

pub(in crate::archive::postgres) async fn figures(client: &mut Object) -> Result<StoreFigures, StoreError> {
    let sql = "select (select count(*) from chats), (select count(*) from users), \
               (select coalesce(sum(messages), 0)::bigint from chats), \
               (select coalesce(sum(deleted), 0)::bigint from chats), (select count(*) from versions), \
               (select coalesce(sum(files), 0)::bigint from chats), \
               (select count(*) from files where blob is not null), \
               (select count(*) from files where state in (0, 3)), \
               (select coalesce(sum(bytes), 0)::bigint from blobs), \
               (select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint from pg_class c \
                join pg_namespace n on n.oid = c.relnamespace where n.nspname = current_schema() and c.relkind = 'r'), \
               (select count(*) from poison), (select count(*) from blocked where is_applied is null), \
               (select next_change - 1 from counters), \
               (select coalesce(sum(last - first + 1), 0)::bigint from unindexed) + (select count(*) from reindex)";
    let row = rows(client, sql, &[]).await?.remove(0);
    let number = |place: usize| row.try_get(place).map(count);
    Ok(StoreFigures {
        chats: number(0)?,
        users: number(1)?,
        messages: number(2)?,
        deleted: number(3)?,
        versions: number(4)?,
        files: number(5)?,
        files_held: number(6)?,
        files_wanted: number(7)?,
        blob_bytes: number(8)?,
        database_bytes: number(9)?,
        poison: number(10)?,
        blocked: number(11)?,
        sequence: row.try_get(12)?,
        unindexed: number(13)?,
    })
}

/// What PostgreSQL itself says is broken, and counts that are not those of the rows.
pub(in crate::archive::postgres) async fn check(client: &mut Object) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    for sql in [
        "select 'the index ' || indexrelid::regclass || ' is not valid: run `reindex database`' from pg_index \
         where not (indisvalid and indisready)",
        "select 'the chat ' || c.id || ' counts ' || c.messages || ' messages and holds ' || count(m.key) \
         from chats c left join messages m on m.chat = c.key group by c.key having c.messages <> count(m.key)",
        "select 'the file ' || f.key || ' hangs on no message' from files f \
         where not exists (select 1 from messages m where m.key = f.message) limit 100",
        "select 'the message ' || max(key) || ' has a number that is still to be given' from messages \
         having max(key) >= (select next_message from counters)",
    ] {
        for row in rows(client, sql, &[]).await? {
            problems.push(row.try_get(0)?);
        }
    }
    Ok(problems)
}
