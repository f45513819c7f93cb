//! Messages of one chat, from any place on, and what they were before.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{super::columns::*, asked, chat_key, limit, peer};
use crate::{
    archive::{
        Around, ChatKey, GoneReaction, MessagePage, StoreError, Stored, Version,
        row::first_moment,
        sqlite::{
            time::{second, time},
            write::from_json,
        },
    },
    model::{AccountName, MessageId, PeerId},
};

/// Telegram's number of the topic *General*, whose messages name no topic.
const GENERAL: MessageId = MessageId(1);

/// Ids that may be part of a page.
struct Window {
    first: i64,
    last: i64,
    is_backwards: bool,
}

pub(in crate::archive::sqlite) fn messages(
    db: &Connection,
    key: &ChatKey,
    page: &MessagePage,
) -> Result<Vec<Stored>, StoreError> {
    let Some(chat) = chat_key(db, key)? else { return Ok(Vec::new()) };
    let order = "select is_out_of_order from chats where key = ?1";
    let is_out_of_order: bool = db.prepare_cached(order)?.query_row([chat], |row| row.get(0))?;
    let mut window = Window { first: i64::from(i32::MIN), last: i64::from(i32::MAX), is_backwards: false };
    match page.around {
        Around::End => window.is_backwards = true,
        Around::Before(id) => (window.last, window.is_backwards) = (i64::from(id.0) - 1, true),
        Around::After(id) => window.first = i64::from(id.0) + 1,
        Around::Date(date) => window.first = first_at(db, chat, date.as_second(), is_out_of_order)?,
    }
    let (from, to) = (page.from.map(|it| it.as_second()), page.to.map(|it| it.as_second()));
    if !is_out_of_order {
        // Dates follow the ids: they say where to look, and nothing else is looked at.
        if let Some(from) = from {
            window.first = window.first.max(first_at(db, chat, from, false)?);
        }
        if let Some(to) = to {
            window.last = window.last.min(first_at(db, chat, to, false)? - 1);
        }
    }
    let sql = page_sql(page, window.is_backwards);
    let (from, to) = (from.map(first_moment), to.map(first_moment));
    let (topic, sender) = (page.topic.map(|it| it.0), page.sender.map(|it| it.0));
    let limit = limit(page.limit);
    let wanted = asked(
        &sql,
        &[
            (":chat", &chat),
            (":first", &window.first),
            (":last", &window.last),
            (":topic", &topic),
            (":from", &from),
            (":end", &to),
            (":sender", &sender),
            (":limit", &limit),
        ],
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(wanted.as_slice())?;
    let mut found = Vec::with_capacity(page.limit.min(256));
    while let Some(row) = rows.next()? {
        found.push(stored(row, key.chat)?);
    }
    if window.is_backwards {
        found.reverse();
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn page_sql(page: &MessagePage, is_backwards: bool) -> String {
    let mut conditions = String::new();
    match page.topic {
        Some(GENERAL) => conditions.push_str(" and (m.topic is null or m.topic = :topic)"),
        Some(_) => conditions.push_str(" and m.topic = :topic"),
        None => {}
    }
    if page.from.is_some() {
        conditions.push_str(" and m.moment >= :from");
    }
    if page.to.is_some() {
        conditions.push_str(" and m.moment < :end");
    }
    if page.sender.is_some() {
        conditions.push_str(" and m.sender = :sender");
    }
    if !page.has_deleted {
        conditions.push_str(" and m.deleted is null");
    }
    // Said and not left to be guessed: the index of moments would lead through all chats.
    let index = match page.topic {
        Some(topic) if topic != GENERAL => "messages_by_topic",
        _ => "messages_by_id",
    };
    let order = if is_backwards { "desc" } else { "asc" };
    format!(
        "select {COLUMNS} from messages m indexed by {index} {NAMES} where m.chat = :chat \
         and m.id between :first and :last{conditions} order by m.id {order} limit :limit"
    )
}

/// The first id with this date or a later one; beyond all ids when there is none.
fn first_at(db: &Connection, chat: i64, date: i64, is_out_of_order: bool) -> Result<i64, StoreError> {
    let moment = first_moment(date);
    let beyond = i64::from(i32::MAX) + 1;
    if is_out_of_order {
        let all = "select id from messages indexed by messages_by_id where chat = ?1 and moment >= ?2 \
             order by id limit 1";
        let id = db.prepare_cached(all)?.query_row([chat, moment], |row| row.get(0)).optional()?;
        return Ok(id.unwrap_or(beyond));
    }
    let edges = "select oldest, newest from chats where key = ?1";
    let edges = db.prepare_cached(edges)?.query_row([chat], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(mut low), Some(newest)): (Option<i64>, Option<i64>) = edges else { return Ok(beyond) };
    let mut high = newest + 1;
    // Half of what is left, as in a dictionary: twenty looks for a million messages.
    let mut at = db.prepare_cached(FIRST_FROM)?;
    while low < high {
        let middle = low + (high - low) / 2;
        let found = at.query_row([chat, middle], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match found {
            Some::<(i64, i64)>((id, there)) if there < moment => low = id + 1,
            _ => high = middle,
        }
    }
    let found = at.query_row([chat, low], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(beyond))
}

pub(in crate::archive::sqlite) const FIRST_FROM: &str = "select id, moment from messages indexed by messages_by_id \
     where chat = ?1 and id >= ?2 order by id limit 1";

pub(in crate::archive::sqlite) fn by_id(
    db: &Connection,
    key: &ChatKey,
    mut ids: Vec<MessageId>,
) -> Result<Vec<Stored>, StoreError> {
    let Some(chat) = chat_key(db, key)? else { return Ok(Vec::new()) };
    ids.sort_unstable();
    ids.dedup();
    let mut statement = db.prepare_cached(&by_id_sql())?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let mut rows = statement.query(params![chat, id.0])?;
        if let Some(row) = rows.next()? {
            found.push(stored(row, key.chat)?);
        }
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn by_id_sql() -> String {
    format!("select {COLUMNS} from messages m {NAMES} where m.chat = ?1 and m.id = ?2")
}

fn message_key(db: &Connection, key: &ChatKey, id: MessageId) -> Result<Option<i64>, StoreError> {
    let Some(chat) = chat_key(db, key)? else { return Ok(None) };
    let found = "select key from messages where chat = ?1 and id = ?2";
    Ok(db.prepare_cached(found)?.query_row(params![chat, id.0], |row| row.get(0)).optional()?)
}

pub(in crate::archive::sqlite) fn versions(
    db: &Connection,
    key: &ChatKey,
    id: MessageId,
) -> Result<Vec<Version>, StoreError> {
    let Some(message) = message_key(db, key, id)? else { return Ok(Vec::new()) };
    let sql = "select text, entities, since, captured from versions where message = ?1 order by since, key";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([message])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let entities: Option<String> = row.get(1)?;
        let entities = entities.map(|text| from_json("an earlier text", &text)).transpose()?;
        found.push(Version {
            text: row.get(0)?,
            entities: entities.unwrap_or_default(),
            since: second(row.get(2)?)?,
            captured: time(row.get(3)?)?,
        });
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn gone_reactions(
    db: &Connection,
    key: &ChatKey,
    id: MessageId,
) -> Result<Vec<GoneReaction>, StoreError> {
    let Some(message) = message_key(db, key, id)? else { return Ok(Vec::new()) };
    let sql = "select reaction, count, gone from gone_reactions where message = ?1 order by gone, reaction";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([message])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let reaction: String = row.get(0)?;
        let reaction = from_json("a reaction", &reaction)?;
        found.push(GoneReaction { reaction, count: row.get(1)?, gone: time(row.get(2)?)? });
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn find_without_chat(
    db: &Connection,
    account: &AccountName,
    ids: Vec<MessageId>,
) -> Result<Vec<(MessageId, Vec<PeerId>)>, StoreError> {
    let Some(account) = super::account_key(db, account)? else { return Ok(Vec::new()) };
    let mut statement = db.prepare_cached(FIND_WITHOUT_CHAT)?;
    let mut found = Vec::new();
    for id in ids {
        let chats = statement.query_map(params![id.0, account], |row| peer(row, 0))?;
        let mut chats: Vec<PeerId> = chats.collect::<Result<_, _>>()?;
        chats.sort_unstable();
        if !chats.is_empty() {
            found.push((id, chats));
        }
    }
    Ok(found)
}

pub(in crate::archive::sqlite) const FIND_WITHOUT_CHAT: &str = "select c.id from messages m indexed by messages_by_shared_id cross join chats c on c.key = m.chat \
     where m.id = ?1 and (m.flags & 1024) != 0 and c.account = ?2";
