//! How far a chat was read, and what could not be.

use std::collections::HashMap;

use super::{
    super::{
        sql::{from_json, json, word},
        text::to_column,
    },
    Apply,
};
use crate::{
    archive::{BlockedOperation, IdRange, Poison, StoreError, merge::is_same_edit},
    model::{MessageId, PeerId},
};

impl Apply<'_> {
    /// The stretch and all that it meets become one.
    pub(super) async fn covered(&mut self, chat: PeerId, range: IdRange) -> Result<(), StoreError> {
        let key = self.room(chat).await?.key;
        // Stretches stand apart: of those that begin before this one, only the last can reach it.
        let met = "with met as (delete from coverage where chat = $1 and (first in (select first from coverage \
                   where chat = $1 and first < $2::integer order by first desc limit 1) \
                   and last::bigint >= $2::integer::bigint - 1 or first >= $2::integer \
                   and first::bigint <= $3::integer::bigint + 1) \
                   returning first, last) \
                   insert into coverage (chat, first, last) \
                   select $1::bigint, least($2::integer, min(first)), greatest($3::integer, max(last)) \
                   from met";
        let is_held = "select 1 from coverage where chat = $1 and first <= $2 and last >= $3";
        let (first, last) = (range.first.0, range.last.0);
        if self.maybe(is_held, &[&key, &first, &last]).await?.is_none() {
            self.run(met, &[&key, &first, &last]).await?;
        }
        Ok(())
    }

    pub(super) async fn cursor(&mut self, chat: PeerId, to: MessageId) -> Result<(), StoreError> {
        let key = self.room(chat).await?.key;
        let forward = "update chats set cursor = $2 where key = $1 and (cursor is null or cursor < $2)";
        self.run(forward, &[&key, &to.0]).await.map(drop)
    }

    pub(super) async fn dialog(
        &mut self,
        chat: PeerId,
        top: MessageId,
        fingerprint: i64,
    ) -> Result<(), StoreError> {
        let key = self.room(chat).await?.key;
        let sql = "update chats set dialog_top = $2, dialog_fingerprint = $3, dialog_at = $4 \
                   where key = $1 and (dialog_at is null or dialog_at <= $4)";
        self.run(sql, &[&key, &top.0, &fingerprint, &self.at]).await.map(drop)
    }

    pub(super) async fn poison(&mut self, poison: &Poison) -> Result<(), StoreError> {
        let key = self.room(poison.chat).await?.key;
        let (first, last) = (poison.first.as_millisecond(), poison.last.as_millisecond());
        let bytes = poison.bytes.as_ref().map(|bytes| bytes.0.as_slice());
        let attempts = i32::try_from(poison.attempts).unwrap_or(i32::MAX);
        let sql = "insert into poison (chat, id, reason, bytes, attempts, first, last) \
                   values ($1, $2, $3, $4, $5, $6, $7) on conflict (chat, id) do update set reason = excluded.reason, \
                   bytes = coalesce(excluded.bytes, poison.bytes), attempts = poison.attempts + excluded.attempts, \
                   first = least(poison.first, excluded.first), last = greatest(poison.last, excluded.last)";
        let reason = to_column(&poison.reason);
        self.run(sql, &[&key, &poison.id.0, &reason, &bytes, &attempts, &first, &last]).await.map(drop)
    }

    pub(super) async fn healed(&mut self, chat: PeerId, id: MessageId) -> Result<(), StoreError> {
        let Some(key) = self.known_key(chat).await? else { return Ok(()) };
        self.run("delete from poison where chat = $1 and id = $2", &[&key, &id.0]).await.map(drop)
    }

    pub(super) async fn blocked(&mut self, operation: &BlockedOperation) -> Result<(), StoreError> {
        let key = self.room(operation.chat).await?.key;
        let kind = word(&operation.kind);
        let new = self.not_waiting(key, &kind, operation).await?;
        if new.is_empty() {
            return Ok(());
        }
        let ids: Vec<i32> = new.iter().map(|id| id.0).collect();
        let message = operation.message.as_deref().map(json);
        let sql = "insert into blocked (chat, kind, ids, message, at) values ($1, $2, $3, $4::text::json, $5) \
                   returning number";
        let at = operation.at.as_millisecond();
        let number: i64 = self.row(sql, &[&key, &kind, &ids, &message, &at]).await?.try_get(0)?;
        let waiting = self.waiting.entry((operation.chat, operation.kind)).or_default();
        new.into_iter().for_each(|id| waiting.entry(id).or_default().push(number));
        Ok(())
    }

    /// Of the messages that an operation is about, those of which the same does not wait already.
    async fn not_waiting(
        &mut self,
        chat: i64,
        kind: &str,
        operation: &BlockedOperation,
    ) -> Result<Vec<MessageId>, StoreError> {
        let place = (operation.chat, operation.kind);
        if !self.waiting.contains_key(&place) {
            let open = "select number, ids from blocked where is_applied is null and chat = $1 and kind = $2 \
                        order by number";
            let mut waiting: HashMap<MessageId, Vec<i64>> = HashMap::new();
            for row in self.rows(open, &[&chat, &kind]).await? {
                let (number, ids): (i64, Vec<i32>) = (row.try_get(0)?, row.try_get(1)?);
                ids.into_iter().for_each(|id| waiting.entry(MessageId(id)).or_default().push(number));
            }
            self.waiting.insert(place, waiting);
        }
        let mut new = Vec::new();
        for id in &operation.ids {
            let numbers = self.waiting.get(&place).and_then(|waiting| waiting.get(id)).cloned();
            let numbers = numbers.unwrap_or_default();
            let mut is_waiting = operation.message.is_none() && !numbers.is_empty();
            for number in numbers {
                let Some(told) = operation.message.as_deref() else { break };
                let held = "select message::text from blocked where number = $1";
                let held: Option<String> = self.row(held, &[&number]).await?.try_get(0)?;
                let held = held.map(|held| from_json("a blocked operation", held)).transpose()?;
                is_waiting |= is_same_edit(held.as_ref(), told);
            }
            if !is_waiting {
                new.push(*id);
            }
        }
        Ok(new)
    }

    pub(super) async fn blocked_done(&mut self, number: i64, is_applied: bool) -> Result<(), StoreError> {
        let done = "update blocked set is_applied = $2 where number = $1 and is_applied is null";
        self.waiting.clear();
        let changed = self.run(done, &[&number, &is_applied]).await?;
        if changed == 0 { Err(StoreError::Decided { number }) } else { Ok(()) }
    }
}
