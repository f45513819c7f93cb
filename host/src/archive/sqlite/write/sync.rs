//! How far a chat was read, and what could not be.

use rusqlite::params;

use super::Apply;
use crate::{
    archive::{BlockedKind, BlockedOperation, IdRange, Poison, StoreError, row::json},
    model::{MessageId, PeerId},
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
        let (ids, message) = (json(&operation.ids), operation.message.as_deref().map(json));
        self.db
            .prepare_cached("insert into blocked (chat, kind, ids, message, at) values (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![key, kind, ids, message, operation.at.as_millisecond()])?;
        Ok(())
    }

    pub(super) fn blocked_done(&mut self, number: i64, is_applied: bool) -> Result<(), StoreError> {
        let done = "update blocked set is_applied = ?2 where number = ?1 and is_applied is null";
        self.db.prepare_cached(done)?.execute(params![number, is_applied])?;
        Ok(())
    }
}
