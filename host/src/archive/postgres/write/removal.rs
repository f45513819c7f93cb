//! What goes for good: rows, and everything that hangs on them. Files on the disk are left to the
//! collection of orphans.

use jiff::Timestamp;

use super::Apply;
use crate::{
    archive::{
        ChangeKind, DeletionMode, Shelf, StoreError,
        row::{ceiling, first_moment},
    },
    model::{MessageId, PeerId},
};

/// Rows that are removed at a time, so that memory stays flat.
const STEP: i64 = 4_096;

impl Apply<'_> {
    pub(super) async fn deleted(
        &mut self,
        chat: PeerId,
        id: MessageId,
        mode: DeletionMode,
    ) -> Result<(), StoreError> {
        if mode == DeletionMode::Soft {
            return self.soft_deleted(chat, id).await;
        }
        if let Some(key) = self.message_key(chat, id).await? {
            self.remove(chat, &[key]).await?;
            self.recount(chat).await?;
            self.removed(chat, id);
        }
        Ok(())
    }

    pub(super) async fn prune(&mut self, chat: PeerId, before: Timestamp) -> Result<(), StoreError> {
        let first_kept = first_moment(ceiling(before));
        let Some(room) = self.known_key(chat).await? else { return Ok(()) };
        let step = "select key, id from messages where chat = $1 and moment < $2 order by moment limit $3";
        let mut has_removed = false;
        loop {
            let (mut keys, mut ids) = (Vec::new(), Vec::new());
            for row in self.rows(step, &[&room, &first_kept, &STEP]).await? {
                keys.push(row.try_get::<_, i64>(0)?);
                ids.push(MessageId(row.try_get(1)?));
            }
            if keys.is_empty() {
                break;
            }
            has_removed = true;
            self.remove(chat, &keys).await?;
            ids.into_iter().for_each(|id| self.removed(chat, id));
        }
        if has_removed { self.recount(chat).await } else { Ok(()) }
    }

    pub(super) async fn forget_chat(&mut self, chat: PeerId) -> Result<(), StoreError> {
        let Some(room) = self.known_key(chat).await? else { return Ok(()) };
        loop {
            let step = "select key from messages where chat = $1 order by id limit $2";
            let found = self.rows(step, &[&room, &STEP]).await?;
            let keys: Vec<i64> = found.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
            if keys.is_empty() {
                break;
            }
            self.remove(chat, &keys).await?;
        }
        for table in ["coverage", "poison", "blocked", "topics"] {
            self.run(&format!("delete from {table} where chat = $1"), &[&room]).await?;
        }
        // A private chat goes by its user's id, and so do their names elsewhere.
        if chat.0 <= 0 {
            for table in ["avatars", "history"] {
                let sql = format!("delete from {table} where account = $1 and peer = $2");
                self.run(&sql, &[&self.account, &chat.0]).await?;
            }
        }
        self.run("delete from chats where key = $1", &[&room]).await?;
        for shelf in Shelf::ALL {
            self.shelved.retain(|(_, of, _), _| *of != chat);
            let sql = "delete from notes where account = $1 and starts_with(name, $2)";
            self.run(sql, &[&self.account, &shelf.prefix(chat)]).await?;
        }
        self.waiting.clear();
        self.rooms.remove(&chat);
        self.feed.chat(chat, ChangeKind::Removed);
        Ok(())
    }

    async fn remove(&mut self, chat: PeerId, keys: &[i64]) -> Result<(), StoreError> {
        let files = "with gone as (delete from files where message = any($1) returning blob, state) \
                     select count(*), coalesce(sum(b.bytes), 0)::bigint from gone left join blobs b on b.key = gone.blob";
        let row = self.row(files, &[&keys]).await?;
        let (files, bytes): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        for table in ["versions", "gone_reactions", "reindex", "polls"] {
            self.run(&format!("delete from {table} where message = any($1)"), &[&keys]).await?;
        }
        let gone = "with gone as (delete from messages where key = any($1) returning moment, deleted), \
                    forgotten as (delete from search where moment in (select moment from gone)) \
                    select count(*), count(deleted) from gone";
        let row = self.row(gone, &[&keys]).await?;
        let (messages, deleted): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        self.written.removed_files += u64::try_from(files).unwrap_or(0);
        self.written.removed_bytes += u64::try_from(bytes).unwrap_or(0);
        let figures = &mut self.room(chat).await?.now;
        figures.messages -= messages;
        figures.deleted -= deleted;
        figures.files -= files;
        figures.file_bytes -= bytes;
        Ok(())
    }

    /// How far the chat reaches, after something went.
    pub(super) async fn recount(&mut self, chat: PeerId) -> Result<(), StoreError> {
        let key = self.room(chat).await?.key;
        let ends = "select (select min(id) from messages where chat = $1), (select max(id) from messages where chat = $1), \
                    (select min(moment) from messages where chat = $1), (select max(moment) from messages where chat = $1)";
        let row = self.row(ends, &[&key]).await?;
        let figures = &mut self.room(chat).await?.now;
        (figures.oldest, figures.newest) = (row.try_get(0)?, row.try_get(1)?);
        (figures.first_moment, figures.last_moment) = (row.try_get(2)?, row.try_get(3)?);
        Ok(())
    }
}
