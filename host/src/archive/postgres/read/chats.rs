//! The list of chats, and who and what is in them.

use deadpool_postgres::Object;
use tokio_postgres::{Row as Sql, types::ToSql};

use super::{account, account_key, chat_key, count, limit, maybe, rows};
use crate::{
    archive::{
        ChatFigures, ChatKey, ChatOrder, ChatsPage, FolderRecord, HistoryEntry, StoreError, StoredChat,
        postgres::{
            sql::from_json,
            text::from_column,
            time::{second, time},
        },
        row::date_of,
        search::fold,
    },
    model::{AccountName, MessageId, PeerId, Topic, User},
};

const COLUMNS: &str = "a.name, c.detail::text, c.is_archived, c.is_pinned, c.messages, c.deleted, c.files, c.file_bytes, \
     c.oldest, c.newest, c.first_moment, c.last_moment, c.cursor, \
     c.dialog_top is not null and c.dialog_fingerprint is not null";

fn stored_chat(row: &Sql) -> Result<StoredChat, StoreError> {
    let date = |moment: Option<i64>| moment.map(|moment| second(date_of(moment))).transpose();
    Ok(StoredChat {
        account: account(row.try_get(0)?)?,
        chat: from_json("a chat", row.try_get(1)?)?,
        is_archived: row.try_get(2)?,
        is_pinned: row.try_get(3)?,
        cursor: row.try_get::<_, Option<i32>>(12)?.map(MessageId),
        is_read_to_end: row.try_get(13)?,
        figures: ChatFigures {
            messages: count(row.try_get(4)?),
            deleted: count(row.try_get(5)?),
            files: count(row.try_get(6)?),
            file_bytes: count(row.try_get(7)?),
            oldest: row.try_get::<_, Option<i32>>(8)?.map(MessageId),
            newest: row.try_get::<_, Option<i32>>(9)?.map(MessageId),
            first_date: date(row.try_get(10)?)?,
            last_date: date(row.try_get(11)?)?,
        },
    })
}

pub(in crate::archive::postgres) async fn chats(
    client: &mut Object,
    page: ChatsPage,
) -> Result<Vec<StoredChat>, StoreError> {
    let limit = limit(page.limit);
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&limit];
    let behind = match &page.after {
        None => None,
        Some(after) => behind(client, after).await?,
    };
    if let Some((activity, folded, key)) = &behind {
        let place: &(dyn ToSql + Sync) = match page.order {
            ChatOrder::Activity => activity,
            ChatOrder::Title => folded,
        };
        values.extend([place, key as &(dyn ToSql + Sync)]);
    }
    let own;
    if let Some(name) = &page.account {
        let Some(key) = account_key(client, name).await? else { return Ok(Vec::new()) };
        own = key;
        values.push(&own);
    }
    let title = page.title.as_deref().map(fold).filter(|title| !title.is_empty());
    if let Some(title) = &title {
        values.push(title);
    }
    let sql = chats_sql(page.order, behind.is_some(), page.account.is_some(), title.is_some());
    rows(client, &sql, &values).await?.iter().map(stored_chat).collect()
}

/// The limit, then where to go on from, the account and the title, as far as they are asked for.
pub(in crate::archive::postgres) fn chats_sql(
    order: ChatOrder,
    is_further: bool,
    has_account: bool,
    has_title: bool,
) -> String {
    let (behind, order) = match order {
        ChatOrder::Activity => {
            ("(coalesce(c.last_moment, 0), c.key) < ($2, $3)", "coalesce(c.last_moment, 0) desc, c.key desc")
        }
        ChatOrder::Title => ("(c.folded, c.key) > ($2, $3)", "c.folded, c.key"),
    };
    let mut conditions = vec!["true".to_owned()];
    let mut next = 2;
    if is_further {
        conditions.push(behind.to_owned());
        next = 4;
    }
    if has_account {
        conditions.push(format!("c.account = ${next}"));
        next += 1;
    }
    if has_title {
        conditions.push(format!("position(${next} in c.folded) > 0"));
    }
    let conditions = conditions.join(" and ");
    format!(
        "select {COLUMNS} from chats c join accounts a on a.key = c.account where {conditions} order by {order} limit $1"
    )
}

/// What a page goes on from: the last chat's places in both orders, and its key.
async fn behind(client: &Object, after: &ChatKey) -> Result<Option<(i64, String, i64)>, StoreError> {
    let Some(key) = chat_key(client, after).await? else { return Ok(None) };
    let sql = "select coalesce(last_moment, 0), folded from chats where key = $1";
    let row = maybe(client, sql, &[&key]).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?, key))).transpose()
}

pub(in crate::archive::postgres) async fn chat(
    client: &mut Object,
    key: ChatKey,
) -> Result<Option<StoredChat>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from chats c join accounts a on a.key = c.account where a.name = $1 and c.id = $2"
    );
    maybe(client, &sql, &[&key.account.as_str(), &key.chat.0]).await?.as_ref().map(stored_chat).transpose()
}

/// In the order in which they are asked for.
pub(in crate::archive::postgres) async fn users(
    client: &mut Object,
    account: AccountName,
    ids: Vec<PeerId>,
) -> Result<Vec<User>, StoreError> {
    let Some(account) = account_key(client, &account).await? else { return Ok(Vec::new()) };
    let ids: Vec<i64> = ids.into_iter().map(|id| id.0).collect();
    let sql = "select u.detail::text from unnest($2::bigint[]) with ordinality as asked (id, place) \
               join users u on u.account = $1 and u.id = asked.id order by asked.place";
    let found = rows(client, sql, &[&account, &ids]).await?;
    found.iter().map(|row| from_json("a user", row.try_get(0)?)).collect()
}

pub(in crate::archive::postgres) async fn owner(
    client: &mut Object,
    account: AccountName,
) -> Result<Option<User>, StoreError> {
    let sql = "select u.detail::text from accounts a join users u on u.account = a.key and u.id = a.owner \
               where a.name = $1";
    let row = maybe(client, sql, &[&account.as_str()]).await?;
    row.map(|row| from_json("a user", row.try_get(0)?)).transpose()
}

pub(in crate::archive::postgres) async fn history(
    client: &mut Object,
    account: AccountName,
    peer: PeerId,
) -> Result<Vec<HistoryEntry>, StoreError> {
    let Some(account) = account_key(client, &account).await? else { return Ok(Vec::new()) };
    let sql = "select what, value, since from history where account = $1 and peer = $2 order by key";
    let found = rows(client, sql, &[&account, &peer.0]).await?;
    let entry = |row: &Sql| {
        let (what, value, since) = (row.try_get(0)?, from_column(row.try_get(1)?), time(row.try_get(2)?)?);
        Ok(HistoryEntry { peer, what, value, since })
    };
    found.iter().map(entry).collect()
}

pub(in crate::archive::postgres) async fn topics(
    client: &mut Object,
    key: ChatKey,
) -> Result<Vec<Topic>, StoreError> {
    let Some(chat) = chat_key(client, &key).await? else { return Ok(Vec::new()) };
    let found = rows(client, "select detail::text from topics where chat = $1 order by id", &[&chat]).await?;
    found.iter().map(|row| from_json("a topic", row.try_get(0)?)).collect()
}

pub(in crate::archive::postgres) async fn folders(
    client: &mut Object,
    account: AccountName,
) -> Result<Vec<FolderRecord>, StoreError> {
    let Some(account) = account_key(client, &account).await? else { return Ok(Vec::new()) };
    let sql = "select detail::text from folders where account = $1 order by place";
    let found = rows(client, sql, &[&account]).await?;
    found.iter().map(|row| from_json("a folder", row.try_get(0)?)).collect()
}
