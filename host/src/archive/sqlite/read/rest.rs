//! The change feed, what could not be read or was held back, notes and figures.

use rusqlite::{Connection, OptionalExtension as _, Row, Rows, params};

use super::{account_key, limit, parse_account, peer};
use crate::{
    archive::{
        BlockedKind, BlockedOperation, Change, DeletionsPage, IdRange, Poison, PoisonList, PoisonPage,
        PoisonPlace, StoreError, StoreFigures,
        query::poison_list,
        sqlite::{
            error::damaged,
            index,
            time::{count, time},
            write::{from_json, kind_of, source_of},
        },
    },
    model::{AccountName, Blob, MessageId, PeerId},
};

pub(in crate::archive::sqlite) const CHANGES: &str = "select c.sequence, a.name, c.chat, c.kind, c.first, c.last, c.source, c.at from changes c \
     cross join accounts a on a.key = c.account where c.sequence > ?1 order by c.sequence limit ?2";

pub(in crate::archive::sqlite) fn changes(
    db: &Connection,
    after: i64,
    most: usize,
) -> Result<Vec<Change>, StoreError> {
    read_changes(db.prepare_cached(CHANGES)?.query([after, limit(most)])?)
}

/// Goes through the deletions of the account behind one number, in an index that knows their times.
pub(in crate::archive::sqlite) const DELETIONS: &str = "select c.sequence, ?4, c.chat, c.kind, c.first, c.last, c.source, c.at \
     from changes c indexed by changes_deletions where c.account = (select key from accounts where name = ?4) \
     and c.sequence > ?1 and c.kind in ('deleted', 'removed') and c.at between ?2 and ?3 \
     order by c.sequence limit ?5";

pub(in crate::archive::sqlite) fn deletions(
    db: &Connection,
    page: &DeletionsPage,
) -> Result<Vec<Change>, StoreError> {
    let DeletionsPage { account, from, to, after, limit: most } = page;
    let (from, to) = (from.as_millisecond(), to.as_millisecond());
    let asked = params![after, from, to, account.as_str(), limit(*most)];
    read_changes(db.prepare_cached(DELETIONS)?.query(asked)?)
}

fn read_changes(mut rows: Rows<'_>) -> Result<Vec<Change>, StoreError> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (account, kind, source): (String, String, String) = (row.get(1)?, row.get(3)?, row.get(6)?);
        let ids = match (row.get::<_, Option<i32>>(4)?, row.get::<_, Option<i32>>(5)?) {
            (Some(first), Some(last)) => IdRange::new(MessageId(first), MessageId(last)),
            _ => None,
        };
        found.push(Change {
            sequence: row.get(0)?,
            account: parse_account(&account)?,
            chat: peer(row, 2)?,
            kind: kind_of(&kind).ok_or_else(|| damaged("a change", &kind))?,
            ids,
            source: source_of(&source).ok_or_else(|| damaged("a change", &source))?,
            at: time(row.get(7)?)?,
        });
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn poison(
    db: &Connection,
    account: Option<&AccountName>,
    chat: Option<PeerId>,
) -> Result<Vec<(AccountName, Poison)>, StoreError> {
    let page = PoisonPage { account: account.cloned(), chat, after: None, limit: usize::MAX };
    Ok(poison_after(db, &page)?.0)
}

pub(in crate::archive::sqlite) const POISON: &str = "select a.name, c.id, p.id, p.reason, p.bytes, p.attempts, p.first, p.last, p.chat \
     from poison p cross join chats c on c.key = p.chat cross join accounts a on a.key = c.account \
     where (p.chat, p.id) > (?1, ?2) and (?3 is null or a.name = ?3) and (?4 is null or c.id = ?4) \
     order by p.chat, p.id limit ?5";

pub(in crate::archive::sqlite) fn poison_after(
    db: &Connection,
    page: &PoisonPage,
) -> Result<PoisonList, StoreError> {
    let PoisonPage { account, chat, after, limit: most } = page;
    let after = after.unwrap_or(PoisonPlace { chat: i64::MIN, id: MessageId(i32::MIN) });
    let (account, chat) = (account.as_ref().map(AccountName::as_str), chat.map(|chat| chat.0));
    let mut statement = db.prepare_cached(POISON)?;
    let mut rows =
        statement.query(params![after.chat, after.id.0, account, chat, limit(most.saturating_add(1))])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let poison = Poison {
            chat: peer(row, 1)?,
            id: MessageId(row.get(2)?),
            reason: row.get(3)?,
            bytes: row.get::<_, Option<Vec<u8>>>(4)?.map(Blob),
            attempts: row.get(5)?,
            first: time(row.get(6)?)?,
            last: time(row.get(7)?)?,
        };
        let place = PoisonPlace { chat: row.get(8)?, id: poison.id };
        found.push((place, parse_account(&row.get::<_, String>(0)?)?, poison));
    }
    Ok(poison_list(found, *most))
}

pub(in crate::archive::sqlite) fn blocked(
    db: &Connection,
    account: Option<&AccountName>,
) -> Result<Vec<(AccountName, BlockedOperation)>, StoreError> {
    let sql = format!("{BLOCKED} and (?1 is null or a.name = ?1) order by b.number");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![account.map(AccountName::as_str)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(blocked_row(row)?);
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn blocked_after(
    db: &Connection,
    number: i64,
    most: usize,
) -> Result<Vec<(AccountName, BlockedOperation)>, StoreError> {
    let mut statement =
        db.prepare_cached(&format!("{BLOCKED} and b.number > ?1 order by b.number limit ?2"))?;
    let mut rows = statement.query(params![number, i64::try_from(most).unwrap_or(i64::MAX)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(blocked_row(row)?);
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn blocked_by_number(
    db: &Connection,
    number: i64,
) -> Result<Option<(AccountName, BlockedOperation)>, StoreError> {
    let mut statement = db.prepare_cached(&format!("{BLOCKED} and b.number = ?1"))?;
    let mut rows = statement.query([number])?;
    rows.next()?.map(blocked_row).transpose()
}

const BLOCKED: &str = "select a.name, b.number, c.id, b.kind, b.ids, b.message, b.at from blocked b \
     join chats c on c.key = b.chat join accounts a on a.key = c.account where b.is_applied is null";

fn blocked_row(row: &Row<'_>) -> Result<(AccountName, BlockedOperation), StoreError> {
    let (kind, ids): (String, String) = (row.get(3)?, row.get(4)?);
    let message: Option<String> = row.get(5)?;
    let operation = BlockedOperation {
        number: row.get(1)?,
        chat: peer(row, 2)?,
        kind: if kind == "edit" { BlockedKind::Edit } else { BlockedKind::Deletion },
        ids: from_json("a blocked operation", &ids)?,
        message: message.map(|text| from_json("a blocked operation", &text)).transpose()?,
        at: time(row.get(6)?)?,
    };
    Ok((parse_account(&row.get::<_, String>(0)?)?, operation))
}

pub(in crate::archive::sqlite) fn note(
    db: &Connection,
    account: &AccountName,
    name: &str,
) -> Result<Option<serde_json::Value>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(None) };
    let value = "select value from notes where account = ?1 and name = ?2";
    let value: Option<String> =
        db.prepare_cached(value)?.query_row(params![account, name], |row| row.get(0)).optional()?;
    value.map(|value| from_json("a note", &value)).transpose()
}

pub(in crate::archive::sqlite) fn figures(db: &Connection) -> Result<StoreFigures, StoreError> {
    let number = |sql: &str| -> Result<u64, StoreError> {
        Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0).map(count))?)
    };
    Ok(StoreFigures {
        chats: number("select count(*) from chats")?,
        users: number("select count(*) from users")?,
        messages: number("select coalesce(sum(messages), 0) from chats")?,
        deleted: number("select coalesce(sum(deleted), 0) from chats")?,
        versions: number("select count(*) from versions")?,
        files: number("select coalesce(sum(files), 0) from chats")?,
        files_held: number("select count(*) from files where blob is not null")?,
        files_wanted: number("select count(*) from files where state in (0, 3)")?,
        blob_bytes: number("select coalesce(sum(bytes), 0) from blobs")?,
        database_bytes: number("select page_count * page_size from pragma_page_count, pragma_page_size")?,
        poison: number("select count(*) from poison")?,
        blocked: number("select count(*) from blocked where is_applied is null")?,
        sequence: db.query_row("select coalesce(max(sequence), 0) from changes", [], |row| row.get(0))?,
        unindexed: index::left(db)?,
    })
}

/// What SQLite finds wrong, and counts of chats that are not those of their rows.
pub(in crate::archive::sqlite) fn check(db: &Connection) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    for sql in [
        "select integrity_check from pragma_integrity_check where integrity_check != 'ok'",
        "select 'the chat ' || c.id || ' counts ' || c.messages || ' messages and holds ' || count(m.key) \
         from chats c left join messages m on m.key between c.key << 32 and (c.key << 32) + 4294967295 \
         group by c.key having c.messages != count(m.key)",
        "select 'messages of chat ' || (key >> 32) || ' are there without it' from messages \
         where key >> 32 not in (select key from chats) group by key >> 32",
        "select 'the file ' || f.key || ' hangs on no message' from files f \
         where not exists (select 1 from messages m where m.key = f.key >> 12) limit 100",
    ] {
        let mut statement = db.prepare(sql)?;
        let found = statement.query_map([], |row| row.get::<_, String>(0))?;
        problems.extend(found.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(problems)
}
