//! What a copy of the archive takes along beside chats and messages, many rows at a time.

use rusqlite::{Connection, params};

use super::{account_key, chat_key, limit};
use crate::{
    archive::{
        AvatarRecord, BlobHash, ChatKey, GoneReaction, HistoryEntry, StoreError,
        sqlite::{place::message_key, time::time, write::from_json},
    },
    model::{AccountName, MessageId, PeerId},
};

pub(in crate::archive::sqlite) fn histories(
    db: &Connection,
    account: &AccountName,
    peers: &[PeerId],
) -> Result<Vec<HistoryEntry>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(Vec::new()) };
    let sql = "select what, value, since from history where account = ?1 and peer = ?2 order by key";
    let mut statement = db.prepare_cached(sql)?;
    let mut found = Vec::new();
    for peer in peers {
        let mut rows = statement.query(params![account, peer.0])?;
        while let Some(row) = rows.next()? {
            let (what, value, since) = (row.get(0)?, row.get(1)?, time(row.get(2)?)?);
            found.push(HistoryEntry { peer: *peer, what, value, since });
        }
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn gone_reactions_of(
    db: &Connection,
    key: &ChatKey,
    ids: &[MessageId],
) -> Result<Vec<(MessageId, GoneReaction)>, StoreError> {
    let Some(chat) = chat_key(db, key)? else { return Ok(Vec::new()) };
    let sql = "select reaction, count, gone from gone_reactions where message = ?1 order by gone, reaction";
    let mut statement = db.prepare_cached(sql)?;
    let mut found = Vec::new();
    for id in ids {
        let mut rows = statement.query([message_key(chat, id.0)])?;
        while let Some(row) = rows.next()? {
            let reaction = from_json("a reaction", &row.get::<_, String>(0)?)?;
            found.push((*id, GoneReaction { reaction, count: row.get(1)?, gone: time(row.get(2)?)? }));
        }
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn newest_avatars(
    db: &Connection,
    account: &AccountName,
    peers: &[PeerId],
) -> Result<Vec<(PeerId, AvatarRecord)>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(Vec::new()) };
    let newest = "select v.photo, b.hash, v.extension from avatars v join blobs b on b.key = v.blob \
         where v.account = ?1 and v.peer = ?2 order by v.since desc, v.photo desc limit 1";
    let mut statement = db.prepare_cached(newest)?;
    let mut found = Vec::new();
    for peer in peers {
        let mut rows = statement.query(params![account, peer.0])?;
        if let Some(row) = rows.next()? {
            let (photo, hash, extension) = (row.get(0)?, BlobHash(row.get(1)?), row.get(2)?);
            found.push((*peer, AvatarRecord { photo, hash, extension }));
        }
    }
    Ok(found)
}

pub(in crate::archive::sqlite) fn notes(
    db: &Connection,
    account: &AccountName,
    after: &str,
    most: usize,
) -> Result<Vec<(String, serde_json::Value)>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(Vec::new()) };
    let sql = "select name, value from notes where account = ?1 and name > ?2 order by name limit ?3";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![account, after, limit(most)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((row.get(0)?, from_json("a note", &row.get::<_, String>(1)?)?));
    }
    Ok(found)
}
