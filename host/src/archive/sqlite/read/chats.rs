//! The list of chats, and who and what is in them.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{account_key, asked, chat_key, limit, parse_account};
use crate::{
    archive::{
        ChatFigures, ChatKey, ChatOrder, ChatSync, ChatsPage, Dialog, FolderRecord, HistoryEntry, IdRange,
        Ranges, StoreError, StoredChat,
        search::fold,
        sqlite::{
            time::{count, second, time},
            write::from_json,
        },
    },
    model::{AccountName, MessageId, PeerId, Topic, User},
};

const COLUMNS: &str = "a.name, c.detail, c.is_archived, c.is_pinned, c.messages, c.deleted, c.files, c.file_bytes, \
     c.oldest, c.newest, c.first_date, c.last_date, c.cursor, \
     c.dialog_top is not null and c.dialog_fingerprint is not null";

fn stored_chat(row: &rusqlite::Row<'_>) -> Result<StoredChat, StoreError> {
    let (account, detail): (String, String) = (row.get(0)?, row.get(1)?);
    let date = |date: Option<i64>| date.map(second).transpose();
    Ok(StoredChat {
        account: parse_account(&account)?,
        chat: from_json("a chat", &detail)?,
        is_archived: row.get(2)?,
        is_pinned: row.get(3)?,
        cursor: row.get::<_, Option<i32>>(12)?.map(MessageId),
        is_read_to_end: row.get(13)?,
        figures: ChatFigures {
            messages: row.get(4).map(count)?,
            deleted: row.get(5).map(count)?,
            files: row.get(6).map(count)?,
            file_bytes: row.get(7).map(count)?,
            oldest: row.get::<_, Option<i32>>(8)?.map(MessageId),
            newest: row.get::<_, Option<i32>>(9)?.map(MessageId),
            first_date: date(row.get(10)?)?,
            last_date: date(row.get(11)?)?,
        },
    })
}

/// What a page goes on from: the last chat's places in both orders, and its key.
#[derive(Default)]
struct Behind {
    activity: i64,
    folded: String,
    key: i64,
}

pub(in crate::archive::sqlite) fn chats(
    db: &Connection,
    page: &ChatsPage,
) -> Result<Vec<StoredChat>, StoreError> {
    let account = match &page.account {
        None => None,
        Some(name) => match account_key(db, name)? {
            None => return Ok(Vec::new()),
            Some(key) => Some(key),
        },
    };
    let behind = match &page.after {
        None => None,
        Some(after) => behind(db, after)?,
    };
    let title = page.title.as_deref().map(fold).filter(|title| !title.is_empty());
    let sql = chats_sql(page.order, behind.is_some(), account.is_some(), title.is_some());
    let limit = limit(page.limit);
    let behind = behind.unwrap_or_default();
    let wanted = asked(
        &sql,
        &[
            (":activity", &behind.activity),
            (":folded", &behind.folded),
            (":key", &behind.key),
            (":account", &account),
            (":title", &title),
            (":limit", &limit),
        ],
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(wanted.as_slice())?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(stored_chat(row)?);
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn chats_sql(
    order: ChatOrder,
    is_further: bool,
    has_account: bool,
    has_title: bool,
) -> String {
    let (behind, order, index) = match order {
        ChatOrder::Activity => (
            "(coalesce(c.last_date, 0), c.key) < (:activity, :key)",
            "coalesce(c.last_date, 0) desc, c.key desc",
            "chats_by_activity",
        ),
        ChatOrder::Title => ("(c.folded, c.key) > (:folded, :key)", "c.folded, c.key", "chats_by_title"),
    };
    let mut conditions = vec!["true"];
    if is_further {
        conditions.push(behind);
    }
    if has_account {
        conditions.push("c.account = :account");
    }
    if has_title {
        conditions.push("instr(c.folded, :title) > 0");
    }
    let conditions = conditions.join(" and ");
    format!(
        "select {COLUMNS} from chats c indexed by {index} cross join accounts a on a.key = c.account \
         where {conditions} order by {order} limit :limit"
    )
}

fn behind(db: &Connection, after: &ChatKey) -> Result<Option<Behind>, StoreError> {
    let Some(key) = chat_key(db, after)? else { return Ok(None) };
    let place = "select coalesce(last_date, 0), folded from chats where key = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok(Behind { activity: row.get(0)?, folded: row.get(1)?, key });
    Ok(Some(db.prepare_cached(place)?.query_row([key], read)?))
}

pub(in crate::archive::sqlite) fn chat(
    db: &Connection,
    key: &ChatKey,
) -> Result<Option<StoredChat>, StoreError> {
    let Some(chat) = chat_key(db, key)? else { return Ok(None) };
    let sql = format!("select {COLUMNS} from chats c join accounts a on a.key = c.account where c.key = ?1");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([chat])?;
    rows.next()?.map(stored_chat).transpose()
}

pub(in crate::archive::sqlite) fn users(
    db: &Connection,
    account: &AccountName,
    ids: Vec<PeerId>,
) -> Result<Vec<User>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(Vec::new()) };
    let mut statement = db.prepare_cached("select detail from users where account = ?1 and id = ?2")?;
    let mut found = Vec::new();
    for id in ids {
        let detail: Option<String> =
            statement.query_row(params![account, id.0], |row| row.get(0)).optional()?;
        found.extend(detail.map(|detail| from_json("a user", &detail)).transpose()?);
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn owner(
    db: &Connection,
    account: &AccountName,
) -> Result<Option<User>, StoreError> {
    let owner = "select u.detail from accounts a join users u on u.account = a.key and u.id = a.owner where a.name = ?1";
    let owner: Option<String> =
        db.prepare_cached(owner)?.query_row([account.as_str()], |row| row.get(0)).optional()?;
    owner.map(|detail| from_json("a user", &detail)).transpose()
}

pub(in crate::archive::sqlite) fn history(
    db: &Connection,
    account: &AccountName,
    peer: PeerId,
) -> Result<Vec<HistoryEntry>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(Vec::new()) };
    let sql = "select what, value, since from history where account = ?1 and peer = ?2 order by key";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![account, peer.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(HistoryEntry { peer, what: row.get(0)?, value: row.get(1)?, since: time(row.get(2)?)? });
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn topics(db: &Connection, key: &ChatKey) -> Result<Vec<Topic>, StoreError> {
    let Some(chat) = chat_key(db, key)? else { return Ok(Vec::new()) };
    let mut statement = db.prepare_cached("select detail from topics where chat = ?1 order by id")?;
    let details = statement.query_map([chat], |row| row.get::<_, String>(0))?;
    details.map(|detail| from_json("a topic", &detail?)).collect()
}

pub(in crate::archive::sqlite) fn folders(
    db: &Connection,
    account: &AccountName,
) -> Result<Vec<FolderRecord>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(Vec::new()) };
    let mut statement = db.prepare_cached("select detail from folders where account = ?1 order by place")?;
    let details = statement.query_map([account], |row| row.get::<_, String>(0))?;
    details.map(|detail| from_json("a folder", &detail?)).collect()
}

pub(in crate::archive::sqlite) fn sync(db: &Connection, key: &ChatKey) -> Result<ChatSync, StoreError> {
    let Some(chat) = chat_key(db, key)? else { return Ok(ChatSync::default()) };
    let marks = "select cursor, dialog_top, dialog_fingerprint from chats where key = ?1";
    let mut sync = db.prepare_cached(marks)?.query_row([chat], chat_sync)?;
    sync.coverage = coverage(db, chat)?;
    Ok(sync)
}

fn chat_sync(row: &rusqlite::Row<'_>) -> rusqlite::Result<ChatSync> {
    let dialog = match (row.get::<_, Option<i32>>(1)?, row.get::<_, Option<i64>>(2)?) {
        (Some(top), Some(fingerprint)) => Some(Dialog { top: MessageId(top), fingerprint }),
        _ => None,
    };
    let cursor = row.get::<_, Option<i32>>(0)?.map(MessageId);
    Ok(ChatSync { cursor, coverage: Ranges::default(), dialog })
}

fn coverage(db: &Connection, chat: i64) -> Result<Ranges, StoreError> {
    let mut statement =
        db.prepare_cached("select first, last from coverage where chat = ?1 order by first")?;
    let ranges = statement.query_map([chat], |row| {
        Ok(IdRange { first: MessageId(row.get(0)?), last: MessageId(row.get(1)?) })
    })?;
    Ok(ranges.collect::<Result<_, _>>()?)
}

pub(in crate::archive::sqlite) fn chat_ids(
    db: &Connection,
    account: &AccountName,
) -> Result<Vec<PeerId>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(Vec::new()) };
    let mut statement = db.prepare_cached("select id from chats where account = ?1 order by id")?;
    let ids = statement.query_map([account], |row| Ok(PeerId(row.get(0)?)))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

pub(in crate::archive::sqlite) fn syncs(
    db: &Connection,
    account: &AccountName,
) -> Result<Vec<(PeerId, ChatSync)>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(Vec::new()) };
    let sql =
        "select cursor, dialog_top, dialog_fingerprint, id, key from chats where account = ?1 order by id";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([account])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut sync = chat_sync(row)?;
        sync.coverage = coverage(db, row.get(4)?)?;
        found.push((PeerId(row.get(3)?), sync));
    }
    Ok(found)
}
