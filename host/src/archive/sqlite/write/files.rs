//! Files of messages, blobs and small pictures.

use rusqlite::{OptionalExtension as _, params};

use super::{
    super::{
        columns::Known,
        place::{MOST_FILES, file_keys},
    },
    Apply,
};
use crate::{
    archive::{BlobHash, ChangeKind, FileKey, FilePlace, FileState, StoreError, row::json},
    model::{Message, PeerId},
};

pub(in crate::archive::sqlite) const WANTED: i64 = 0;
pub(in crate::archive::sqlite) const HELD: i64 = 1;
pub(in crate::archive::sqlite) const SKIPPED: i64 = 2;
pub(in crate::archive::sqlite) const FAILED: i64 = 3;

/// The numbers of the message's files, each once.
fn numbers(message: &Message) -> Vec<i64> {
    let mut numbers: Vec<i64> = Vec::new();
    for file in message.files() {
        if !numbers.contains(&file.id) {
            numbers.push(file.id);
        }
    }
    numbers.truncate(MOST_FILES);
    numbers
}

struct KnownFile {
    key: i64,
    state: i64,
    bytes: i64,
}

impl Apply<'_> {
    /// How many there are.
    pub(super) fn new_files(&self, message: i64, told: &Message) -> Result<i64, StoreError> {
        if told.media.is_none() && told.action.is_none() && told.reply.is_none() {
            return Ok(0);
        }
        let mut count = 0;
        for (key, file) in (file_keys(message).0..).zip(numbers(told)) {
            self.insert_file(key, file)?;
            count += 1;
        }
        Ok(count)
    }

    fn insert_file(&self, key: i64, file: i64) -> Result<(), StoreError> {
        let insert = "insert into files (key, file) values (?1, ?2)";
        self.db.prepare_cached(insert)?.execute([key, file])?;
        Ok(())
    }

    /// Files that came with a change are wanted; those that went are kept with what was known of them.
    /// How many more there are.
    pub(super) fn changed_files(
        &self,
        known: &Known,
        now: &Message,
        heirs: &[(i64, i64)],
    ) -> Result<i64, StoreError> {
        let old = &known.stored.message;
        let (before, after) = (numbers(old), numbers(now));
        if before == after {
            return Ok(0);
        }
        let (first, last) = file_keys(known.key);
        for (imported, file) in heirs {
            let rename = "update or ignore files set file = ?4 where key between ?1 and ?2 and file = ?3 \
                 and not exists (select 1 from files where key between ?1 and ?2 and file = ?4)";
            self.db.prepare_cached(rename)?.execute(params![first, last, imported, file])?;
        }
        let mut held =
            self.db.prepare_cached("select key, file from files where key between ?1 and ?2 order by key")?;
        let held: Vec<(i64, i64)> =
            held.query_map([first, last], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        let mut next = held.last().map_or(first, |(key, _)| key + 1);
        let mut added = 0;
        for file in after.iter().filter(|file| !held.iter().any(|(_, known)| known == *file)) {
            if next > last {
                break;
            }
            self.insert_file(next, *file)?;
            (next, added) = (next + 1, added + 1);
        }
        for file in old.files().into_iter().filter(|file| !after.contains(&file.id)) {
            let keep = "update files set detail = ?4 where key between ?1 and ?2 and file = ?3";
            self.db.prepare_cached(keep)?.execute(params![first, last, file.id, json(file)])?;
        }
        for file in &after {
            let is_back = "update files set detail = null where key between ?1 and ?2 and file = ?3 \
                 and detail is not null";
            self.db.prepare_cached(is_back)?.execute(params![first, last, file])?;
        }
        Ok(added)
    }

    pub(super) fn file(&mut self, key: &FileKey, state: &FileState) -> Result<(), StoreError> {
        let Some(known) = self.known_file(key)? else { return Ok(()) };
        let (number, why, place) = match state {
            FileState::Wanted => (WANTED, None, None),
            FileState::Held(place) => (HELD, None, Some(place)),
            FileState::Skipped { why } => (SKIPPED, Some(why), None),
            FileState::Failed { why } => (FAILED, Some(why), None),
        };
        let blob = match place {
            Some(FilePlace { hash, bytes, .. }) => Some(self.blob(*hash, *bytes)?),
            None => None,
        };
        self.db
            .prepare_cached(
                "update files set state = ?2, why = ?3, blob = ?4, link = ?5, \
                 attempts = case ?2 when 0 then 0 when 3 then attempts + 1 else attempts end where key = ?1",
            )?
            .execute(params![known.key, number, why, blob, place.map(|place| &place.link)])?;
        let was = if known.state == HELD { known.bytes } else { 0 };
        let is = place.map_or(0, |place| i64::try_from(place.bytes).unwrap_or(i64::MAX));
        self.room(key.chat)?.now.file_bytes += is - was;
        if (known.state == HELD) != (number == HELD) || was != is {
            self.feed.message(key.chat, ChangeKind::File, key.id);
        }
        Ok(())
    }

    fn known_file(&mut self, key: &FileKey) -> Result<Option<KnownFile>, StoreError> {
        let Some(message) = self.message_key(key.chat, key.id)? else { return Ok(None) };
        let (first, last) = file_keys(message);
        let mut found = self.db.prepare_cached(
            "select f.key, f.state, coalesce(b.bytes, 0) from files f left join blobs b on b.key = f.blob \
             where f.key between ?1 and ?2 and f.file = ?3",
        )?;
        let known = found.query_row([first, last, key.file], |row| {
            Ok(KnownFile { key: row.get(0)?, state: row.get(1)?, bytes: row.get(2)? })
        });
        Ok(known.optional()?)
    }

    pub(super) fn blob(&self, hash: BlobHash, bytes: u64) -> Result<i64, StoreError> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let insert = "insert into blobs (hash, bytes) values (?1, ?2) on conflict do nothing";
        self.db.prepare_cached(insert)?.execute(params![hash.0, bytes])?;
        let key = "select key from blobs where hash = ?1";
        Ok(self.db.prepare_cached(key)?.query_row(params![hash.0], |row| row.get(0))?)
    }

    /// Unless somebody has found it useful in the meantime.
    pub(super) fn blob_gone(&self, hash: BlobHash) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "delete from blobs where hash = ?1 and not exists (select 1 from files where blob = blobs.key) \
                 and not exists (select 1 from avatars where blob = blobs.key)",
            )?
            .execute(params![hash.0])?;
        Ok(())
    }

    pub(super) fn avatar(
        &mut self,
        peer: PeerId,
        photo: i64,
        hash: BlobHash,
        extension: &str,
    ) -> Result<(), StoreError> {
        let known = "select key from blobs where hash = ?1";
        let blob = self.db.prepare_cached(known)?.query_row(params![hash.0], |row| row.get(0)).optional()?;
        let blob = match blob {
            Some(blob) => blob,
            None => self.blob(hash, 0)?,
        };
        self.db
            .prepare_cached(
                "insert into avatars values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do update \
                 set blob = excluded.blob, extension = excluded.extension, since = max(since, excluded.since)",
            )?
            .execute(params![self.account, peer.0, photo, blob, extension, self.at])?;
        if self.known_room(peer)?.is_some() {
            self.feed.chat(peer, ChangeKind::Chat);
        }
        Ok(())
    }
}
