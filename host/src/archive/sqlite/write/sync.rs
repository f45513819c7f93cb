//! How far a chat was read, and what could not be.

use std::collections::HashMap;

use rusqlite::params;

use super::{Apply, from_json};
use crate::{
    archive::{BlockedKind, BlockedOperation, IdRange, Poison, StoreError, merge::is_same_edit, row::json},
    model::{Message, MessageId, PeerId},
};

impl Apply<'_> {
    /// The stretch and all that it meets become one.
    pub(super) fn covered(&mut self, chat: PeerId, range: IdRange) -> Result<(), StoreError> {
        let key = self.room(chat)?.key;
        let (mut first, mut last) = (i64::from(range.first.0), i64::from(range.last.0));
        let mut met = Vec::new();
        {
            let below =
                "select first, last from coverage where chat = ?1 and first <= ?2 order by first desc";
            let mut below = self.db.prepare_cached(below)?;
            let mut rows = below.query([key, last + 1])?;
            while let Some(row) = rows.next()? {
                let known: (i64, i64) = (row.get(0)?, row.get(1)?);
                if known.1 < first - 1 {
                    break;
                }
                met.push(known);
            }
        }
        if met.iter().any(|known| known.0 <= first && known.1 >= last) {
            return Ok(());
        }
        for known in met {
            (first, last) = (first.min(known.0), last.max(known.1));
            self.db
                .prepare_cached("delete from coverage where chat = ?1 and first = ?2")?
                .execute([key, known.0])?;
        }
        self.db.prepare_cached("insert into coverage values (?1, ?2, ?3)")?.execute([key, first, last])?;
        Ok(())
    }

    pub(super) fn cursor(&mut self, chat: PeerId, to: MessageId) -> Result<(), StoreError> {
        let key = self.room(chat)?.key;
        let forward = "update chats set cursor = ?2 where key = ?1 and (cursor is null or cursor < ?2)";
        self.db.prepare_cached(forward)?.execute(params![key, to.0])?;
        Ok(())
    }

    pub(super) fn dialog(
        &mut self,
        chat: PeerId,
        top: MessageId,
        fingerprint: i64,
    ) -> Result<(), StoreError> {
        let key = self.room(chat)?.key;
        self.db
            .prepare_cached(
                "update chats set dialog_top = ?2, dialog_fingerprint = ?3, dialog_at = ?4 \
                 where key = ?1 and (dialog_at is null or dialog_at <= ?4)",
            )?
            .execute(params![key, top.0, fingerprint, self.at])?;
        Ok(())
    }

    pub(super) fn poison(&mut self, poison: &Poison) -> Result<(), StoreError> {
        let key = self.room(poison.chat)?.key;
        let (first, last) = (poison.first.as_millisecond(), poison.last.as_millisecond());
        let bytes = poison.bytes.as_ref().map(|bytes| &bytes.0);
        self.db
            .prepare_cached(
                "insert into poison (chat, id, reason, bytes, attempts, first, last) \
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict do update set reason = excluded.reason, \
                 bytes = coalesce(excluded.bytes, bytes), attempts = attempts + excluded.attempts, \
                 first = min(first, excluded.first), last = max(last, excluded.last)",
            )?
            .execute(params![key, poison.id.0, poison.reason, bytes, poison.attempts, first, last])?;
        Ok(())
    }

    pub(super) fn healed(&mut self, chat: PeerId, id: MessageId) -> Result<(), StoreError> {
        let Some(key) = self.known_room(chat)?.map(|room| room.key) else { return Ok(()) };
        let heal = "delete from poison where chat = ?1 and id = ?2";
        self.db.prepare_cached(heal)?.execute(params![key, id.0])?;
        Ok(())
    }

    pub(super) fn blocked(&mut self, operation: &BlockedOperation) -> Result<(), StoreError> {
        let key = self.room(operation.chat)?.key;
        let kind = match operation.kind {
            BlockedKind::Edit => "edit",
            BlockedKind::Deletion => "deletion",
        };
        let ids = self.not_waiting(key, kind, operation)?;
        if ids.is_empty() {
            return Ok(());
        }
        let (told, message) = (json(&ids), operation.message.as_deref().map(json));
        self.db
            .prepare_cached("insert into blocked (chat, kind, ids, message, at) values (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![key, kind, told, message, operation.at.as_millisecond()])?;
        let number = self.db.last_insert_rowid();
        let waiting = self.waiting.entry((operation.chat, operation.kind)).or_default();
        ids.into_iter().for_each(|id| waiting.entry(id).or_default().push(number));
        Ok(())
    }

    /// Of the messages that an operation is about, those of which the same does not wait already.
    fn not_waiting(
        &mut self,
        chat: i64,
        kind: &str,
        operation: &BlockedOperation,
    ) -> Result<Vec<MessageId>, StoreError> {
        let place = (operation.chat, operation.kind);
        if !self.waiting.contains_key(&place) {
            let open = "select number, ids from blocked where is_applied is null and chat = ?1 and kind = ?2 \
                 order by number";
            let mut open = self.db.prepare_cached(open)?;
            let mut rows = open.query(params![chat, kind])?;
            let mut waiting: HashMap<MessageId, Vec<i64>> = HashMap::new();
            while let Some(row) = rows.next()? {
                let (number, ids): (i64, String) = (row.get(0)?, row.get(1)?);
                let ids: Vec<MessageId> = from_json("a blocked operation", &ids)?;
                ids.into_iter().for_each(|id| waiting.entry(id).or_default().push(number));
            }
            self.waiting.insert(place, waiting);
        }
        let mut new = Vec::new();
        for id in &operation.ids {
            let numbers = self.waiting.get(&place).and_then(|waiting| waiting.get(id));
            let numbers = numbers.map_or(&[][..], Vec::as_slice);
            let mut is_waiting = operation.message.is_none() && !numbers.is_empty();
            for number in numbers {
                if let Some(told) = operation.message.as_deref() {
                    is_waiting |= is_same_edit(self.held_edit(*number)?.as_ref(), told);
                }
            }
            if !is_waiting {
                new.push(*id);
            }
        }
        Ok(new)
    }

    fn held_edit(&self, number: i64) -> Result<Option<Message>, StoreError> {
        let held = "select message from blocked where number = ?1";
        let held: Option<String> = self.db.prepare_cached(held)?.query_row([number], |row| row.get(0))?;
        held.map(|held| from_json("a blocked operation", &held)).transpose()
    }

    pub(super) fn blocked_done(&mut self, number: i64, is_applied: bool) -> Result<(), StoreError> {
        let done = "update blocked set is_applied = ?2 where number = ?1 and is_applied is null";
        let changed = self.db.prepare_cached(done)?.execute(params![number, is_applied])?;
        self.waiting.clear();
        if changed == 0 { Err(StoreError::Decided { number }) } else { Ok(()) }
    }
}
