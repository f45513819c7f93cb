//! Messages of one chat, from any place on, and what they were before.

use deadpool_postgres::Object;
use tokio_postgres::{Row as Sql, types::ToSql};

use super::{account_key, chat_key, limit, maybe, rows};
use crate::{
    archive::{
        Around, ChatKey, GoneReaction, MessagePage, StoreError, Stored, Version,
        postgres::{
            columns::{COLUMNS, NAMES, stored},
            sql::from_json,
            text::from_column,
            time::{second, time},
        },
        row::first_moment,
    },
    model::{AccountName, MessageId, PeerId},
};

/// Telegram's number of the topic *General*, whose messages name no topic.
const GENERAL: MessageId = MessageId(1);

/// Ids that may be part of a page.
#[derive(Clone, Copy, Debug)]
struct Window {
    first: i64,
    last: i64,
    is_backwards: bool,
}

pub(in crate::archive::postgres) async fn page(
    client: &mut Object,
    key: ChatKey,
    page: MessagePage,
) -> Result<Vec<Stored>, StoreError> {
    let sql = "select c.key, c.is_out_of_order from chats c join accounts a on a.key = c.account \
               where a.name = $1 and c.id = $2";
    let Some(row) = maybe(client, sql, &[&key.account.as_str(), &key.chat.0]).await? else {
        return Ok(Vec::new());
    };
    let (chat, is_out_of_order): (i64, bool) = (row.try_get(0)?, row.try_get(1)?);
    let window = window(client, chat, &page, is_out_of_order).await?;
    let sql = page_sql(&page, window.is_backwards, is_out_of_order);
    let (from, to) =
        (page.from.map(|it| first_moment(it.as_second())), page.to.map(|it| first_moment(it.as_second())));
    let (topic, sender) = (page.topic.map(|it| it.0), page.sender.map(|it| it.0));
    let ids = i32::try_from(window.first.max(i32::MIN.into())).ok().zip(i32::try_from(window.last).ok());
    let Some((first, last)) = ids else { return Ok(Vec::new()) };
    let limit = limit(page.limit);
    let all: [&(dyn ToSql + Sync); 8] = [&chat, &first, &last, &limit, &topic, &sender, &from, &to];
    let mut found: Vec<Stored> =
        rows(client, &sql, &all).await?.iter().map(|row| stored(row, key.chat)).collect::<Result<_, _>>()?;
    if window.is_backwards {
        found.reverse();
    }
    Ok(found)
}

async fn window(
    client: &Object,
    chat: i64,
    page: &MessagePage,
    is_out_of_order: bool,
) -> Result<Window, StoreError> {
    let mut window = Window { first: i64::from(i32::MIN), last: i64::from(i32::MAX), is_backwards: false };
    match page.around {
        Around::End => window.is_backwards = true,
        Around::Before(id) => (window.last, window.is_backwards) = (i64::from(id.0) - 1, true),
        Around::After(id) => window.first = i64::from(id.0) + 1,
        Around::Date(date) => {
            window.first = first_at(client, chat, date.as_second(), is_out_of_order).await?
        }
    }
    if !is_out_of_order {
        // Dates follow the ids: they say where to look, and nothing else is looked at.
        if let Some(from) = page.from {
            window.first = window.first.max(first_at(client, chat, from.as_second(), false).await?);
        }
        if let Some(to) = page.to {
            window.last = window.last.min(first_at(client, chat, to.as_second(), false).await? - 1);
        }
    }
    Ok(window)
}

/// Every value has its place in it, wanted or not: so that one statement has one text.
pub(in crate::archive::postgres) fn page_sql(
    page: &MessagePage,
    is_backwards: bool,
    is_out_of_order: bool,
) -> String {
    let topic = match page.topic {
        Some(GENERAL) => "(m.topic is null or m.topic = $5::integer)",
        Some(_) => "m.topic = $5::integer",
        None => "$5::integer is null",
    };
    let sender = if page.sender.is_some() { "m.sender = $6::bigint" } else { "$6::bigint is null" };
    let dates = |is_wanted: bool, wanted: &'static str, otherwise: &'static str| {
        // Where dates follow the ids, the ids have said it already.
        if is_wanted && is_out_of_order { wanted } else { otherwise }
    };
    let from = dates(page.from.is_some(), "m.moment >= $7::bigint", "($7::bigint is null or true)");
    let to = dates(page.to.is_some(), "m.moment < $8::bigint", "($8::bigint is null or true)");
    let deleted = if page.has_deleted { "" } else { " and m.deleted is null" };
    let order = if is_backwards { "desc" } else { "asc" };
    let columns =
        if page.has_details { COLUMNS.into() } else { COLUMNS.replace("m.detail::text", "null::text") };
    format!(
        "select {columns} from messages m {NAMES} where m.chat = $1 and m.id >= $2 \
         and m.id <= $3 and {topic} and {sender} and {from} and {to}{deleted} \
         order by m.id {order} limit $4"
    )
}

/// The first id with this moment or a later one, where moments follow the ids but for those of one second. Halves the
/// ids between which it must be: all below `low` are earlier, none from `high` on is.
pub(in crate::archive::postgres) const FIRST_FROM: &str = "with recursive half (low, high) as ( \
     select oldest::bigint, newest::bigint + 1 from chats where key = $1 \
     union all \
     select case when m.moment < $2 then m.id::bigint + 1 else low end, \
         case when m.moment < $2 then high else low + (high - low) / 2 end \
     from half left join lateral (select id, moment from messages where chat = $1 and id >= low + (high - low) / 2 \
         and id < high order by id limit 1) m on true \
     where low < high \
     ) select id from messages where chat = $1 and id >= (select max(low) from half) order by id limit 1";

/// The first id with this date or a later one; beyond all ids when there is none.
async fn first_at(client: &Object, chat: i64, date: i64, is_out_of_order: bool) -> Result<i64, StoreError> {
    let moment = first_moment(date);
    let id: Option<i32> = if is_out_of_order {
        let sql = "select id from messages where chat = $1 and moment >= $2 order by id limit 1";
        maybe(client, sql, &[&chat, &moment]).await?.map(|row| row.try_get(0)).transpose()?
    } else {
        maybe(client, FIRST_FROM, &[&chat, &moment]).await?.map(|row| row.try_get(0)).transpose()?
    };
    Ok(id.map_or(i64::from(i32::MAX) + 1, i64::from))
}

pub(in crate::archive::postgres) async fn by_id(
    client: &mut Object,
    key: ChatKey,
    ids: Vec<MessageId>,
) -> Result<Vec<Stored>, StoreError> {
    let Some(chat) = chat_key(client, &key).await? else { return Ok(Vec::new()) };
    let ids: Vec<i32> = ids.into_iter().map(|id| id.0).collect();
    let found = rows(client, &by_id_sql(), &[&chat, &ids]).await?;
    found.iter().map(|row| stored(row, key.chat)).collect()
}

pub(in crate::archive::postgres) fn by_id_sql() -> String {
    format!("select {COLUMNS} from messages m {NAMES} where m.chat = $1 and m.id = any($2) order by m.id")
}

pub(in crate::archive::postgres) async fn versions(
    client: &mut Object,
    key: ChatKey,
    id: MessageId,
) -> Result<Vec<Version>, StoreError> {
    let Some(chat) = chat_key(client, &key).await? else { return Ok(Vec::new()) };
    let sql = "select v.text, v.entities::text, v.since, v.captured from messages m join versions v on v.message = m.key \
               where m.chat = $1 and m.id = $2 order by v.since, v.key";
    let version = |row: &Sql| {
        let entities: Option<String> = row.try_get(1)?;
        let entities = entities.map(|text| from_json("an earlier text", text)).transpose()?;
        Ok(Version {
            text: from_column(row.try_get(0)?),
            entities: entities.unwrap_or_default(),
            since: second(row.try_get(2)?)?,
            captured: time(row.try_get(3)?)?,
        })
    };
    rows(client, sql, &[&chat, &id.0]).await?.iter().map(version).collect()
}

pub(in crate::archive::postgres) async fn gone_reactions(
    client: &mut Object,
    key: ChatKey,
    id: MessageId,
) -> Result<Vec<GoneReaction>, StoreError> {
    let Some(chat) = chat_key(client, &key).await? else { return Ok(Vec::new()) };
    let sql = "select g.reaction, g.count, g.gone from messages m join gone_reactions g on g.message = m.key \
               where m.chat = $1 and m.id = $2 order by g.gone, g.reaction";
    let gone = |row: &Sql| {
        let reaction = from_json("a reaction", row.try_get(0)?)?;
        Ok(GoneReaction { reaction, count: row.try_get(1)?, gone: time(row.try_get(2)?)? })
    };
    rows(client, sql, &[&chat, &id.0]).await?.iter().map(gone).collect()
}

pub(in crate::archive::postgres) async fn find_without_chat(
    client: &mut Object,
    account: AccountName,
    ids: Vec<MessageId>,
) -> Result<Vec<(MessageId, Vec<PeerId>)>, StoreError> {
    let Some(account) = account_key(client, &account).await? else { return Ok(Vec::new()) };
    let asked: Vec<i32> = ids.iter().map(|id| id.0).collect();
    let mut found: Vec<(MessageId, Vec<PeerId>)> = ids.into_iter().map(|id| (id, Vec::new())).collect();
    for row in rows(client, FIND_WITHOUT_CHAT, &[&asked, &account]).await? {
        let (id, chat) = (MessageId(row.try_get(0)?), PeerId(row.try_get(1)?));
        found.iter_mut().filter(|(asked, _)| *asked == id).for_each(|(_, chats)| chats.push(chat));
    }
    found.retain(|(_, chats)| !chats.is_empty());
    Ok(found)
}

pub(in crate::archive::postgres) const FIND_WITHOUT_CHAT: &str = "select m.id, c.id from messages m join chats c on c.key = m.chat \
     where m.id = any($1) and (m.flags & 1024) <> 0 and c.account = $2 order by c.id";
