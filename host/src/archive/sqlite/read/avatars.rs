//! Small pictures of chats and people.

use rusqlite::{Connection, params};

use super::{account_key, limit};
use crate::{
    archive::{AvatarRecord, AvatarsOf, AvatarsPage, BlobHash, StoreError},
    model::{AccountName, PeerId},
};

pub(in crate::archive::sqlite) fn avatars(
    db: &Connection,
    page: &AvatarsPage,
) -> Result<Vec<(PeerId, AvatarRecord)>, StoreError> {
    let Some(account) = account_key(db, &page.account)? else { return Ok(Vec::new()) };
    let sql = "select v.peer, v.photo, b.hash, v.extension from avatars v join blobs b on b.key = v.blob \
         where v.account = ?1 and (v.peer, v.photo) > (?2, ?3) and (?4 is null or v.peer = ?4) \
         order by v.peer, v.photo limit ?5";
    let (peer, photo) = page.after.map_or((i64::MIN, i64::MIN), |(peer, photo)| (peer.0, photo));
    let only = page.peer.map(|peer| peer.0);
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map(params![account, peer, photo, only, limit(page.limit)], |row| {
        let record = AvatarRecord { photo: row.get(1)?, hash: BlobHash(row.get(2)?), extension: row.get(3)? };
        Ok((PeerId(row.get(0)?), record))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(in crate::archive::sqlite) fn wanted_avatars(
    db: &Connection,
    account: &AccountName,
    whose: AvatarsOf,
    after: Option<PeerId>,
    most: usize,
) -> Result<Vec<(PeerId, i64)>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(Vec::new()) };
    let people = match whose {
        AvatarsOf::Everybody => "",
        AvatarsOf::Chats => " and exists (select 1 from chats where account = ?1 and id = users.id)",
    };
    // A private chat is told of by its user.
    let sql = format!(
        "select peer, photo from (select id as peer, detail ->> '$.photo' as photo from chats \
         where account = ?1 and id > ?2 and id < 0 \
         union all select id, detail ->> '$.photo' from users where account = ?1 and id > ?2{people}) \
         it where photo is not null and not exists \
         (select 1 from avatars v where v.account = ?1 and v.peer = it.peer and v.photo = it.photo) \
         order by peer limit ?3"
    );
    let after = after.map_or(i64::MIN, |peer| peer.0);
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement
        .query_map(params![account, after, limit(most)], |row| Ok((PeerId(row.get(0)?), row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(in crate::archive::sqlite) fn user_ids(
    db: &Connection,
    account: &AccountName,
    after: Option<PeerId>,
    most: usize,
) -> Result<Vec<PeerId>, StoreError> {
    let Some(account) = account_key(db, account)? else { return Ok(Vec::new()) };
    let sql = "select id from users where account = ?1 and id > ?2 order by id limit ?3";
    let after = after.map_or(i64::MIN, |peer| peer.0);
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map(params![account, after, limit(most)], |row| row.get(0).map(PeerId))?;
    Ok(found.collect::<Result<_, _>>()?)
}
