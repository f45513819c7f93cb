//! Messages of one chat, from any place on, and what they were before.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{super::columns::*, asked, chat_key, limit, peer};
use crate::{
    archive::{
        Around, ChatKey, GoneReaction, MessagePage, StoreError, Stored, Version,
        sqlite::{
            place::{id_of, keys_of, message_key, message_key_of},
            time::{second, time},
            write::from_json,
        },
    },
    model::{AccountName, MessageId, PeerId},
};

/// Telegram's number of the topic *General*, whose messages name no topic.
const GENERAL: MessageId = MessageId(1);

/// Keys that may be part of a page.
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
    let (first, last) = keys_of(chat);
    let mut window = Window { first, last, is_backwards: false };
    match page.around {
        Around::End => window.is_backwards = true,
        Around::Before(id) => (window.last, window.is_backwards) = (message_key(chat, id.0) - 1, true),
        Around::After(id) => window.first = message_key(chat, id.0) + 1,
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
    let (topic, sender) = (page.topic.map(|it| it.0), page.sender.map(|it| it.0));
    let limit = limit(page.limit);
    let wanted = asked(
        &sql,
        &[
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
        conditions.push_str(" and m.date >= :from");
    }
    if page.to.is_some() {
        conditions.push_str(" and m.date < :end");
    }
    if page.sender.is_some() {
        conditions.push_str(" and m.author in (select key from authors where sender = :sender)");
    }
    if !page.has_deleted {
        conditions.push_str(" and m.deleted is null");
    }
    // Said and not left to be guessed.
    let index = match page.topic {
        Some(topic) if topic != GENERAL => "indexed by messages_by_topic",
        _ => "not indexed",
    };
    let order = if is_backwards { "desc" } else { "asc" };
    let columns = if page.has_details { COLUMNS.into() } else { COLUMNS.replace("m.detail", "null") };
    format!(
        "select {columns} from messages m {index} {AUTHORS} where m.key between :first and :last{conditions} \
         order by m.key {order} limit :limit"
    )
}

/// The first key with this date or a later one; beyond all of the chat when there is none.
fn first_at(db: &Connection, chat: i64, date: i64, is_out_of_order: bool) -> Result<i64, StoreError> {
    let (first, last) = keys_of(chat);
    let beyond = last + 1;
    if is_out_of_order {
        let all = "select key from messages where key between ?1 and ?2 and date >= ?3 order by key limit 1";
        let key = db.prepare_cached(all)?.query_row([first, last, date], |row| row.get(0)).optional()?;
        return Ok(key.unwrap_or(beyond));
    }
    let edges = "select oldest, newest from chats where key = ?1";
    let edges = db.prepare_cached(edges)?.query_row([chat], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(oldest), Some(newest)): (Option<i64>, Option<i64>) = edges else { return Ok(beyond) };
    let (mut low, mut high) = (message_key_of(chat, oldest), message_key_of(chat, newest + 1));
    // Half of what is left, as in a dictionary: twenty looks for a million messages.
    let mut at = db.prepare_cached(FIRST_FROM)?;
    while low < high {
        let middle = low + (high - low) / 2;
        let found = at.query_row([middle, last], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match found {
            Some::<(i64, i64)>((key, there)) if there < date => low = key + 1,
            _ => high = middle,
        }
    }
    let found = at.query_row([low, last], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(beyond))
}

pub(in crate::archive::sqlite) const FIRST_FROM: &str =
    "select key, date from messages where key between ?1 and ?2 order by key limit 1";

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
        let mut rows = statement.query([message_key(chat, id.0)])?;
        if let Some(row) = rows.next()? {
            found.push(stored(row, key.chat)?);
        }
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn by_id_sql() -> String {
    format!("select {COLUMNS} from messages m {AUTHORS} where m.key = ?1")
}

/// Where it would stand; none in a chat that nobody knows.
fn place_of_message(db: &Connection, key: &ChatKey, id: MessageId) -> Result<Option<i64>, StoreError> {
    Ok(chat_key(db, key)?.map(|chat| message_key(chat, id.0)))
}

pub(in crate::archive::sqlite) fn versions(
    db: &Connection,
    key: &ChatKey,
    id: MessageId,
) -> Result<Vec<Version>, StoreError> {
    let Some(message) = place_of_message(db, key, id)? else { return Ok(Vec::new()) };
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
    let Some(message) = place_of_message(db, key, id)? else { return Ok(Vec::new()) };
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

/// Ids that are no further apart are looked for together.
const NEAR: i64 = 256;

/// Private chats and basic groups share one count, so that an id is in one of them: each is asked for the whole
/// stretch, which costs less than an index over all messages that only this would use.
pub(in crate::archive::sqlite) fn find_without_chat(
    db: &Connection,
    account: &AccountName,
    ids: Vec<MessageId>,
) -> Result<Vec<(MessageId, Vec<PeerId>)>, StoreError> {
    let Some(account) = super::account_key(db, account)? else { return Ok(Vec::new()) };
    let mut wanted: BTreeMap<i32, Vec<PeerId>> = ids.iter().map(|id| (id.0, Vec::new())).collect();
    let ids: Vec<i32> = wanted.keys().copied().collect();
    let mut statement = db.prepare_cached(FIND_WITHOUT_CHAT)?;
    for stretch in ids.chunk_by(|a, b| i64::from(*b) - i64::from(*a) <= NEAR) {
        let mut rows = statement.query(params![account, stretch[0], stretch[stretch.len() - 1]])?;
        while let Some(row) = rows.next()? {
            if let Some(chats) = wanted.get_mut(&id_of(row.get(1)?)) {
                chats.push(peer(row, 0)?);
            }
        }
    }
    let found = wanted.into_iter().filter(|(_, chats)| !chats.is_empty());
    Ok(found
        .map(|(id, mut chats)| {
            chats.sort_unstable();
            (MessageId(id), chats)
        })
        .collect())
}

/// Channels have lower numbers than all others, and a count of their own.
pub(in crate::archive::sqlite) const FIND_WITHOUT_CHAT: &str = "select c.id, m.key from chats c cross join messages m \
     on m.key between (c.key << 32) + ?2 + 2147483648 and (c.key << 32) + ?3 + 2147483648 \
     where c.account = ?1 and c.id > -1000000000000 and c.oldest <= ?3 and c.newest >= ?2";
