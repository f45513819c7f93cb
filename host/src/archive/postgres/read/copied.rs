//! What a copy of the archive takes along beside chats and messages, many rows at a time.

use deadpool_postgres::Object;
use tokio_postgres::Row as Sql;

use super::{account_key, chat_key, files::hash, limit, rows};
use crate::{
    archive::{
        AvatarRecord, ChatKey, GoneReaction, HistoryEntry, StoreError,
        postgres::{sql::from_json, text::from_column, time::time},
    },
    model::{AccountName, MessageId, PeerId},
};

pub(in crate::archive::postgres) async fn histories(
    client: &mut Object,
    account: AccountName,
    peers: Vec<PeerId>,
) -> Result<Vec<HistoryEntry>, StoreError> {
    let Some(account) = account_key(client, &account).await? else { return Ok(Vec::new()) };
    let peers: Vec<i64> = peers.into_iter().map(|peer| peer.0).collect();
    let sql = "select h.peer, h.what, h.value, h.since from unnest($2::bigint[]) with ordinality as asked (peer, place) \
               join history h on h.account = $1 and h.peer = asked.peer order by asked.place, h.key";
    let entry = |row: &Sql| {
        let (peer, what) = (PeerId(row.try_get(0)?), row.try_get(1)?);
        Ok(HistoryEntry { peer, what, value: from_column(row.try_get(2)?), since: time(row.try_get(3)?)? })
    };
    rows(client, sql, &[&account, &peers]).await?.iter().map(entry).collect()
}

pub(in crate::archive::postgres) async fn gone_reactions_of(
    client: &mut Object,
    key: ChatKey,
    ids: Vec<MessageId>,
) -> Result<Vec<(MessageId, GoneReaction)>, StoreError> {
    let Some(chat) = chat_key(client, &key).await? else { return Ok(Vec::new()) };
    let ids: Vec<i32> = ids.into_iter().map(|id| id.0).collect();
    let sql = "select m.id, g.reaction, g.count, g.gone from messages m join gone_reactions g on g.message = m.key \
               where m.chat = $1 and m.id = any($2) order by m.id, g.gone, g.reaction";
    let gone = |row: &Sql| {
        let reaction = from_json("a reaction", row.try_get(1)?)?;
        let gone = GoneReaction { reaction, count: row.try_get(2)?, gone: time(row.try_get(3)?)? };
        Ok((MessageId(row.try_get(0)?), gone))
    };
    rows(client, sql, &[&chat, &ids]).await?.iter().map(gone).collect()
}

pub(in crate::archive::postgres) async fn newest_avatars(
    client: &mut Object,
    account: AccountName,
    peers: Vec<PeerId>,
) -> Result<Vec<(PeerId, AvatarRecord)>, StoreError> {
    let Some(account) = account_key(client, &account).await? else { return Ok(Vec::new()) };
    let peers: Vec<i64> = peers.into_iter().map(|peer| peer.0).collect();
    let sql = "select distinct on (v.peer) v.peer, v.photo, b.hash, v.extension from avatars v \
               join blobs b on b.key = v.blob where v.account = $1 and v.peer = any($2) \
               order by v.peer, v.since desc, v.photo desc";
    let avatar = |row: &Sql| {
        let (photo, hash) = (row.try_get(1)?, hash(row.try_get(2)?)?);
        let record = AvatarRecord { photo, hash, extension: from_column(row.try_get(3)?) };
        Ok((PeerId(row.try_get(0)?), record))
    };
    rows(client, sql, &[&account, &peers]).await?.iter().map(avatar).collect()
}

pub(in crate::archive::postgres) async fn notes(
    client: &mut Object,
    account: AccountName,
    after: String,
    most: usize,
) -> Result<Vec<(String, serde_json::Value)>, StoreError> {
    let Some(account) = account_key(client, &account).await? else { return Ok(Vec::new()) };
    let sql = "select name, value::text from notes where account = $1 and name > $2 order by name limit $3";
    let found = rows(client, sql, &[&account, &after, &limit(most)]).await?;
    found.iter().map(|row| Ok((row.try_get(0)?, from_json("a note", row.try_get(1)?)?))).collect()
}
