//! Small pictures of chats and people.

use deadpool_postgres::Object;

use super::{account_key, files::hash, limit, rows};
use crate::{
    archive::{AvatarRecord, AvatarsOf, AvatarsPage, StoreError, postgres::text::from_column},
    model::{AccountName, PeerId},
};

pub(in crate::archive::postgres) async fn avatars(
    client: &mut Object,
    page: AvatarsPage,
) -> Result<Vec<(PeerId, AvatarRecord)>, StoreError> {
    let Some(account) = account_key(client, &page.account).await? else { return Ok(Vec::new()) };
    let sql = "select v.peer, v.photo, b.hash, v.extension from avatars v join blobs b on b.key = v.blob \
         where v.account = $1 and (v.peer, v.photo) > ($2, $3) and ($4::bigint is null or v.peer = $4) \
         order by v.peer, v.photo limit $5";
    let (peer, photo) = page.after.map_or((i64::MIN, i64::MIN), |(peer, photo)| (peer.0, photo));
    let (only, most) = (page.peer.map(|peer| peer.0), limit(page.limit));
    let found = rows(client, sql, &[&account, &peer, &photo, &only, &most]).await?;
    let avatar = |row: &tokio_postgres::Row| {
        let record = AvatarRecord {
            photo: row.try_get(1)?,
            hash: hash(row.try_get(2)?)?,
            extension: from_column(row.try_get(3)?),
        };
        Ok((PeerId(row.try_get(0)?), record))
    };
    found.iter().map(avatar).collect()
}

pub(in crate::archive::postgres) async fn wanted_avatars(
    client: &mut Object,
    account: AccountName,
    whose: AvatarsOf,
    after: Option<PeerId>,
    most: usize,
) -> Result<Vec<(PeerId, i64)>, StoreError> {
    let Some(account) = account_key(client, &account).await? else { return Ok(Vec::new()) };
    let people = match whose {
        AvatarsOf::Everybody => "",
        AvatarsOf::Chats => " and exists (select 1 from chats where account = $1 and id = users.id)",
    };
    // A private chat is told of by its user.
    let sql = format!(
        "select peer, photo from (select id as peer, (detail ->> 'photo')::bigint as photo from chats \
         where account = $1 and id > $2 and id < 0 \
         union all select id, (detail ->> 'photo')::bigint from users where account = $1 and id > $2{people}) \
         it where photo is not null and not exists \
         (select 1 from avatars v where v.account = $1 and v.peer = it.peer and v.photo = it.photo) \
         order by peer limit $3"
    );
    let (after, most) = (after.map_or(i64::MIN, |peer| peer.0), limit(most));
    let found = rows(client, &sql, &[&account, &after, &most]).await?;
    found.iter().map(|row| Ok((PeerId(row.try_get(0)?), row.try_get(1)?))).collect()
}

pub(in crate::archive::postgres) async fn user_ids(
    client: &mut Object,
    account: AccountName,
    after: Option<PeerId>,
    most: usize,
) -> Result<Vec<PeerId>, StoreError> {
    let Some(account) = account_key(client, &account).await? else { return Ok(Vec::new()) };
    let sql = "select id from users where account = $1 and id > $2 order by id limit $3";
    let (after, most) = (after.map_or(i64::MIN, |peer| peer.0), limit(most));
    let found = rows(client, sql, &[&account, &after, &most]).await?;
    found.iter().map(|row| Ok(PeerId(row.try_get(0)?))).collect()
}
