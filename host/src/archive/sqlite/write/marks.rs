//! What happens to a message that is known: deletions, pins, reactions, results of polls.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, params};

use super::{
    super::{
        columns::{AUTHORS, COLUMNS, Known, examined},
        place::{id_of, keys_of, message_key},
    },
    Apply,
};
use crate::{
    archive::{
        ChangeKind, StoreError, Version,
        merge::{Earlier, Merged, merge_reactions, with_poll},
        row::Flag,
    },
    model::{MessageId, PeerId, Poll, Reactions},
};

const PINNED: i32 = Flag::Pinned as i32;

pub(in crate::archive::sqlite) const ALL_PINNED: &str = "select key from messages indexed by messages_pinned \
     where key between ?1 and ?2 and (flags & 2) != 0";

impl Apply<'_> {
    pub(super) fn message_key(&mut self, chat: PeerId, id: MessageId) -> Result<Option<i64>, StoreError> {
        let Some(room) = self.known_room(chat)?.map(|room| room.key) else { return Ok(None) };
        let key = "select key from messages where key = ?1";
        Ok(self.db.prepare_cached(key)?.query_row([message_key(room, id.0)], |row| row.get(0)).optional()?)
    }

    pub(super) fn known_message(&mut self, chat: PeerId, id: MessageId) -> Result<Option<Known>, StoreError> {
        let Some(room) = self.known_room(chat)?.map(|room| room.key) else { return Ok(None) };
        let sql = format!("select {COLUMNS} from messages m {AUTHORS} where m.key = ?1");
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = statement.query([message_key(room, id.0)])?;
        rows.next()?.map(|sql| examined(sql, chat)).transpose()
    }

    pub(super) fn soft_deleted(&mut self, chat: PeerId, id: MessageId) -> Result<(), StoreError> {
        let Some(room) = self.known_room(chat)?.map(|room| room.key) else { return Ok(()) };
        let mark = "update messages set deleted = ?2 where key = ?1 and deleted is null";
        if self.db.prepare_cached(mark)?.execute([message_key(room, id.0), self.at])? > 0 {
            self.room(chat)?.now.deleted += 1;
            self.written.deleted += 1;
            self.feed.message(chat, ChangeKind::Deleted, id);
        }
        Ok(())
    }

    pub(super) fn undeleted(&mut self, chat: PeerId, id: MessageId) -> Result<(), StoreError> {
        let Some(room) = self.known_room(chat)?.map(|room| room.key) else { return Ok(()) };
        let mark = "update messages set deleted = null where key = ?1 and deleted is not null";
        if self.db.prepare_cached(mark)?.execute([message_key(room, id.0)])? > 0 {
            self.room(chat)?.now.deleted -= 1;
            self.feed.message(chat, ChangeKind::Undeleted, id);
        }
        Ok(())
    }

    pub(super) fn pinned(
        &mut self,
        chat: PeerId,
        ids: &[MessageId],
        is_pinned: bool,
    ) -> Result<(), StoreError> {
        let Some(room) = self.known_room(chat)?.map(|room| room.key) else { return Ok(()) };
        let change = if is_pinned {
            "update messages set flags = flags | ?2 where key = ?1 and (flags & ?2) = 0"
        } else {
            "update messages set flags = flags & ~?2 where key = ?1 and (flags & ?2) != 0"
        };
        for id in ids {
            if self.db.prepare_cached(change)?.execute(params![message_key(room, id.0), PINNED])? > 0 {
                self.written.changed += 1;
                self.feed.message(chat, ChangeKind::Pinned, *id);
            }
        }
        Ok(())
    }

    pub(super) fn pinned_exactly(&mut self, chat: PeerId, ids: &[MessageId]) -> Result<(), StoreError> {
        let Some(room) = self.known_room(chat)?.map(|room| room.key) else { return Ok(()) };
        let (first, last) = keys_of(room);
        let pinned: Vec<MessageId> = self
            .db
            .prepare_cached(ALL_PINNED)?
            .query_map([first, last], |row| row.get(0).map(id_of).map(MessageId))?
            .collect::<Result<_, _>>()?;
        let wanted: BTreeSet<MessageId> = ids.iter().copied().collect();
        let taken_off: Vec<MessageId> = pinned.into_iter().filter(|id| !wanted.contains(id)).collect();
        self.pinned(chat, &taken_off, false)?;
        self.pinned(chat, ids, true)
    }

    pub(super) fn reactions(
        &mut self,
        chat: PeerId,
        id: MessageId,
        reactions: &Reactions,
    ) -> Result<(), StoreError> {
        let Some(known) = self.known_message(chat, id)? else { return Ok(()) };
        let old = &known.stored.message;
        let now = merge_reactions(old.reactions.as_deref(), Some(reactions)).map(Box::new);
        if now == old.reactions {
            self.written.unchanged += 1;
            return Ok(());
        }
        let message = crate::model::Message { reactions: now, ..old.clone() };
        self.changed(chat, &known, message, ChangeKind::Reactions)
    }

    pub(super) fn poll_results(&mut self, poll: &Poll) -> Result<(), StoreError> {
        let places: Vec<(PeerId, MessageId)> = self
            .db
            .prepare_cached(
                "select chats.id, polls.message from polls join chats on chats.key = polls.message >> 32 \
                 where polls.poll = ?1 and chats.account = ?2",
            )?
            .query_map([poll.id, self.account], |row| {
                Ok((PeerId(row.get(0)?), MessageId(id_of(row.get(1)?))))
            })?
            .collect::<Result<_, _>>()?;
        for (chat, id) in places {
            let Some(known) = self.known_message(chat, id)? else { continue };
            match with_poll(&known.stored.message, poll) {
                Some(now) if now != known.stored.message => {
                    self.changed(chat, &known, now, ChangeKind::Touched)?;
                }
                _ => self.written.unchanged += 1,
            }
        }
        Ok(())
    }

    fn changed(
        &mut self,
        chat: PeerId,
        known: &Known,
        now: crate::model::Message,
        change: ChangeKind,
    ) -> Result<(), StoreError> {
        let merged = Merged { message: Some(Box::new(now)), change: Some(change), ..Merged::default() };
        self.merged(chat, known, merged, None)
    }

    pub(super) fn version(
        &mut self,
        chat: PeerId,
        id: MessageId,
        version: &Version,
    ) -> Result<(), StoreError> {
        let Some(key) = self.message_key(chat, id)? else { return Ok(()) };
        let Version { text, entities, since, captured } = version.clone();
        let (earlier, captured) = (Earlier { text, entities, since }, captured.as_millisecond());
        if self.earlier(key, &earlier, captured)? {
            self.db
                .prepare_cached("update messages set versions = coalesce(versions, 0) + 1 where key = ?1")?
                .execute([key])?;
            self.written.changed += 1;
            self.feed.message(chat, ChangeKind::Touched, id);
        } else {
            self.captured_no_later(key, &earlier, captured)?;
            self.written.unchanged += 1;
        }
        Ok(())
    }
}
