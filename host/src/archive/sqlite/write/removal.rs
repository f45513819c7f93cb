//! What goes for good: rows, and everything that hangs on them. Files on the disk are left to the
//! collection of orphans.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{
    super::{
        columns::detail,
        place::{file_keys, id_of, keys_of, message_key},
        time::count,
    },
    Apply,
};
use crate::{
    archive::{
        ChangeKind, DeletionMode, Shelf, StoreError,
        row::{ceiling, media_code, poll_in},
    },
    model::{MediaKind, MessageId, PeerId},
};

/// Rows that are removed at a time, so that memory stays flat.
const STEP: i64 = 4_096;

struct Doomed {
    key: i64,
    date: i64,
    is_deleted: bool,
}

impl Apply<'_> {
    pub(super) fn deleted(
        &mut self,
        chat: PeerId,
        id: MessageId,
        mode: DeletionMode,
    ) -> Result<(), StoreError> {
        if mode == DeletionMode::Soft {
            return self.soft_deleted(chat, id);
        }
        let Some(room) = self.known_room(chat)?.map(|room| room.key) else { return Ok(()) };
        let found = "select key, date, deleted is not null from messages where key = ?1";
        let key = message_key(room, id.0);
        let doomed = self.db.prepare_cached(found)?.query_row([key], doomed).optional()?;
        if let Some(doomed) = doomed {
            self.remove(chat, &doomed)?;
            self.recount(chat)?;
            self.removed(chat, id);
        }
        Ok(())
    }

    pub(super) fn prune(&mut self, chat: PeerId, before: Timestamp) -> Result<(), StoreError> {
        let first_kept = ceiling(before);
        let Some(room) =
            self.known_room(chat)?.filter(|room| room.now.first_date.is_some_and(|first| first < first_kept))
        else {
            return Ok(());
        };
        // Where dates follow the ids, the old ones stand at the beginning.
        let (key, is_in_order) = (room.key, !room.now.is_out_of_order);
        let (mut first, last) = keys_of(key);
        loop {
            let step = "select key, date, deleted is not null from messages where key between ?1 and ?2 \
                 order by key limit ?3";
            let found: Vec<Doomed> = self
                .db
                .prepare_cached(step)?
                .query_map([first, last, STEP], doomed)?
                .collect::<Result<_, _>>()?;
            let Some(reached) = found.last().map(|it| it.key) else { break };
            first = reached + 1;
            let mut is_over = false;
            for it in found {
                if it.date < first_kept {
                    self.remove(chat, &it)?;
                    self.removed(chat, MessageId(id_of(it.key)));
                } else {
                    is_over = is_in_order;
                }
            }
            if is_over {
                break;
            }
        }
        self.recount(chat)
    }

    pub(super) fn forget_chat(&mut self, chat: PeerId) -> Result<(), StoreError> {
        let Some(room) = self.known_room(chat)?.map(|room| room.key) else { return Ok(()) };
        let (first, last) = keys_of(room);
        loop {
            let step = "select key, date, deleted is not null from messages where key between ?1 and ?2 \
                 order by key limit ?3";
            let found: Vec<Doomed> = self
                .db
                .prepare_cached(step)?
                .query_map([first, last, STEP], doomed)?
                .collect::<Result<_, _>>()?;
            if found.is_empty() {
                break;
            }
            for it in &found {
                self.remove(chat, it)?;
            }
        }
        for table in ["coverage", "poison", "blocked", "topics"] {
            self.db.execute(&format!("delete from {table} where chat = ?1"), [room])?;
        }
        for table in ["avatars", "history"] {
            // A private chat goes by its user's id, and so do their names elsewhere.
            let is_user = chat.0 > 0;
            if !is_user {
                let sql = format!("delete from {table} where account = ?1 and peer = ?2");
                self.db.execute(&sql, params![self.account, chat.0])?;
            }
        }
        self.db.execute("delete from chats where key = ?1", [room])?;
        for shelf in Shelf::ALL {
            self.shelved.retain(|(_, of, _), _| *of != chat);
            let prefix = shelf.prefix(chat);
            let sql = "delete from notes where account = ?1 and substr(name, 1, length(?2)) = ?2";
            self.db.execute(sql, params![self.account, prefix])?;
        }
        self.waiting.clear();
        self.rooms.remove(&chat);
        self.feed.chat(chat, ChangeKind::Removed);
        Ok(())
    }

    fn remove(&mut self, chat: PeerId, doomed: &Doomed) -> Result<(), StoreError> {
        let (first, last) = file_keys(doomed.key);
        let files = "select count(*), coalesce(sum(b.bytes), 0) from files f left join blobs b on b.key = f.blob \
             where f.key between ?1 and ?2";
        let (files, bytes): (i64, i64) =
            self.db.prepare_cached(files)?.query_row([first, last], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if files > 0 {
            self.db
                .prepare_cached("delete from files where key between ?1 and ?2")?
                .execute([first, last])?;
        }
        let poll = "select detail from messages where key = ?1 and media = ?2";
        let poll = self
            .db
            .prepare_cached(poll)?
            .query_row(params![doomed.key, media_code(MediaKind::Poll)], |row| {
                Ok(detail(row, 0)?.as_ref().and_then(poll_in))
            });
        if let Some(poll) = poll.optional()?.flatten() {
            self.db
                .prepare_cached("delete from polls where poll = ?1 and message = ?2")?
                .execute([poll, doomed.key])?;
        }
        for sql in [
            "delete from versions where message = ?1",
            "delete from gone_reactions where message = ?1",
            "delete from reindex where message = ?1",
            "delete from messages where key = ?1",
        ] {
            self.db.prepare_cached(sql)?.execute([doomed.key])?;
        }
        self.written.removed_files += count(files);
        self.written.removed_bytes += count(bytes);
        let figures = &mut self.room(chat)?.now;
        figures.messages -= 1;
        figures.deleted -= i64::from(doomed.is_deleted);
        figures.files -= files;
        figures.file_bytes -= bytes;
        Ok(())
    }

    /// How far the chat reaches, after something went.
    pub(super) fn recount(&mut self, chat: PeerId) -> Result<(), StoreError> {
        let room = self.room(chat)?;
        let (key, is_out_of_order) = (room.key, room.now.is_out_of_order);
        let (first, last) = keys_of(key);
        let edge = |order: &str| {
            format!("select key, date from messages where key between ?1 and ?2 order by key {order} limit 1")
        };
        let read = |row: &rusqlite::Row<'_>| Ok((id_of(row.get(0)?), row.get::<_, i64>(1)?));
        let oldest = self.db.prepare_cached(&edge("asc"))?.query_row([first, last], read).optional()?;
        let newest = self.db.prepare_cached(&edge("desc"))?.query_row([first, last], read).optional()?;
        let mut dates = (oldest.map(|it| it.1), newest.map(|it| it.1));
        if is_out_of_order {
            let ends = "select min(date), max(date) from messages where key between ?1 and ?2";
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            dates = self.db.prepare_cached(ends)?.query_row([first, last], read)?;
        }
        let figures = &mut self.room(chat)?.now;
        (figures.oldest, figures.newest) = (oldest.map(|it| it.0), newest.map(|it| it.0));
        (figures.first_date, figures.last_date) = dates;
        Ok(())
    }
}

fn doomed(row: &rusqlite::Row<'_>) -> rusqlite::Result<Doomed> {
    Ok(Doomed { key: row.get(0)?, date: row.get(1)?, is_deleted: row.get(2)? })
}
