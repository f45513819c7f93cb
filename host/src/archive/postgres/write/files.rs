//! Files of messages, blobs and small pictures.

use super::{
    super::{columns::Known, sql::json, text::to_column},
    Apply,
};
use crate::{
    archive::{BlobHash, ChangeKind, FileKey, FilePlace, FileState, StoreError},
    model::{Message, PeerId},
};

pub(in crate::archive::postgres) const WANTED: i32 = 0;
pub(in crate::archive::postgres) const HELD: i32 = 1;
pub(in crate::archive::postgres) const SKIPPED: i32 = 2;
pub(in crate::archive::postgres) const FAILED: i32 = 3;

/// More files than any message has.
const MOST_FILES: usize = 4096;

/// The numbers of the message's files, each once.
pub(super) fn numbers(message: &Message) -> Vec<i64> {
    let mut numbers: Vec<i64> = Vec::new();
    if message.media.is_none() && message.action.is_none() && message.reply.is_none() {
        return numbers;
    }
    for file in message.files() {
        if !numbers.contains(&file.id) {
            numbers.push(file.id);
        }
    }
    numbers.truncate(MOST_FILES);
    numbers
}

impl Apply<'_> {
    /// Message, place, chat and number of each.
    pub(super) async fn insert_files(&self, files: &[(i64, usize, i64, i64)]) -> Result<(), StoreError> {
        if files.is_empty() {
            return Ok(());
        }
        let (mut messages, mut places, mut rooms, mut numbers) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (message, place, room, number) in files {
            messages.push(*message);
            places.push(i32::try_from(*place).unwrap_or(i32::MAX));
            rooms.push(*room);
            numbers.push(*number);
        }
        let sql = "insert into files (message, place, chat, file) \
                   select * from unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[])";
        self.run(sql, &[&messages, &places, &rooms, &numbers]).await.map(drop)
    }

    /// Files that came with a change are wanted; those that went are kept with what was known of them.
    /// How many more there are.
    pub(super) async fn changed_files(
        &mut self,
        chat: PeerId,
        known: &Known,
        now: &Message,
        heirs: &[(i64, i64)],
    ) -> Result<i64, StoreError> {
        let old = &known.stored.message;
        let (before, after) = (numbers(old), numbers(now));
        if before == after {
            return Ok(0);
        }
        let room = self.room(chat).await?.key;
        for (imported, file) in heirs {
            let rename = "update files set file = $3 where message = $1 and file = $2 \
                          and not exists (select 1 from files where message = $1 and file = $3)";
            self.run(rename, &[&known.key, imported, file]).await?;
        }
        let mut held = Vec::new();
        let mut next = 0;
        for row in self
            .rows("select place, file from files where message = $1 order by place", &[&known.key])
            .await?
        {
            next = usize::try_from(row.try_get::<_, i32>(0)?).unwrap_or(0) + 1;
            held.push(row.try_get::<_, i64>(1)?);
        }
        let fresh = after.iter().filter(|file| !held.contains(file));
        let fresh: Vec<(i64, usize, i64, i64)> =
            (next..MOST_FILES).zip(fresh).map(|(place, file)| (known.key, place, room, *file)).collect();
        self.insert_files(&fresh).await?;
        for file in old.files().into_iter().filter(|file| !after.contains(&file.id)) {
            let keep = "update files set detail = $3::text::json where message = $1 and file = $2";
            self.run(keep, &[&known.key, &file.id, &json(file)]).await?;
        }
        let are_back =
            "update files set detail = null where message = $1 and file = any($2) and detail is not null";
        self.run(are_back, &[&known.key, &after]).await?;
        Ok(i64::try_from(fresh.len()).unwrap_or(0))
    }

    pub(super) async fn file(&mut self, key: &FileKey, state: &FileState) -> Result<(), StoreError> {
        let Some(message) = self.message_key(key.chat, key.id).await? else { return Ok(()) };
        let found = "select f.key, f.state, coalesce(b.bytes, 0) from files f left join blobs b on b.key = f.blob \
                     where f.message = $1 and f.file = $2";
        let Some(known) = self.maybe(found, &[&message, &key.file]).await? else { return Ok(()) };
        let (number, why, place) = match state {
            FileState::Wanted => (WANTED, None, None),
            FileState::Held(place) => (HELD, None, Some(place)),
            FileState::Skipped { why } => (SKIPPED, Some(to_column(why)), None),
            FileState::Failed { why } => (FAILED, Some(to_column(why)), None),
        };
        let blob = match place {
            Some(FilePlace { hash, bytes, .. }) => Some(self.blob(*hash, *bytes).await?),
            None => None,
        };
        let link = place.map(|place| to_column(&place.link));
        let sql = "update files set state = $2::integer, why = $3, blob = $4, link = $5, \
                   attempts = case $2::integer when 0 then 0 when 3 then attempts + 1 else attempts end where key = $1";
        let (row, was_state): (i64, i32) = (known.try_get(0)?, known.try_get(1)?);
        self.run(sql, &[&row, &number, &why, &blob, &link]).await?;
        let was = if was_state == HELD { known.try_get(2)? } else { 0 };
        let is = place.map_or(0, |place| i64::try_from(place.bytes).unwrap_or(i64::MAX));
        self.room(key.chat).await?.now.file_bytes += is - was;
        if (was_state == HELD) != (number == HELD) || was != is {
            self.feed.message(key.chat, ChangeKind::File, key.id);
        }
        Ok(())
    }

    pub(super) async fn blob(&self, hash: BlobHash, bytes: u64) -> Result<i64, StoreError> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let hash = hash.0.as_slice();
        self.run("insert into blobs (hash, bytes) values ($1, $2) on conflict do nothing", &[&hash, &bytes])
            .await?;
        Ok(self.row("select key from blobs where hash = $1", &[&hash]).await?.try_get(0)?)
    }

    /// Unless somebody has found it useful in the meantime.
    pub(super) async fn blob_gone(&self, hash: BlobHash) -> Result<(), StoreError> {
        let sql = "delete from blobs where hash = $1 and not exists (select 1 from files where blob = blobs.key) \
                   and not exists (select 1 from avatars where blob = blobs.key)";
        self.run(sql, &[&hash.0.as_slice()]).await.map(drop)
    }

    pub(super) async fn avatar(
        &mut self,
        peer: PeerId,
        photo: i64,
        hash: BlobHash,
        extension: &str,
    ) -> Result<(), StoreError> {
        let known = self.maybe("select key from blobs where hash = $1", &[&hash.0.as_slice()]).await?;
        let blob: i64 = match known {
            Some(row) => row.try_get(0)?,
            None => self.blob(hash, 0).await?,
        };
        let sql = "insert into avatars (account, peer, photo, blob, extension, since) values ($1, $2, $3, $4, $5, $6) \
                   on conflict (account, peer, photo) do update set blob = excluded.blob, \
                   extension = excluded.extension, since = greatest(avatars.since, excluded.since)";
        let extension = to_column(extension);
        self.run(sql, &[&self.account, &peer.0, &photo, &blob, &extension, &self.at]).await?;
        if self.known_key(peer).await?.is_some() {
            self.feed.chat(peer, ChangeKind::Chat);
        }
        Ok(())
    }
}
