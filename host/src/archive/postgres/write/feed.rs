//! What the change feed tells of a batch: a line for each stretch of ids, not for each message.

use std::collections::BTreeMap;

use super::{super::sql::word, Apply};
use crate::{
    archive::{ChangeKind, StoreError},
    model::{MessageId, PeerId},
};

/// Ids that are no further apart stand in one line.
const NEAR: i64 = 256;

#[derive(Debug, Default)]
pub(super) struct Feed(BTreeMap<(PeerId, String), Lines>);

#[derive(Debug, Default)]
struct Lines {
    ids: Vec<i32>,
    /// Of the chat as a whole.
    is_whole: bool,
}

impl Feed {
    pub(super) fn message(&mut self, chat: PeerId, kind: ChangeKind, id: MessageId) {
        self.0.entry((chat, word(&kind))).or_default().ids.push(id.0);
    }

    pub(super) fn chat(&mut self, chat: PeerId, kind: ChangeKind) {
        self.0.entry((chat, word(&kind))).or_default().is_whole = true;
    }
}

impl Apply<'_> {
    /// The newest number after it.
    pub(super) async fn tell(&mut self) -> Result<i64, StoreError> {
        let (mut chats, mut kinds, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut line = |chat: PeerId, kind: &str, ids: Option<(i32, i32)>| {
            chats.push(chat.0);
            kinds.push(kind.to_owned());
            firsts.push(ids.map(|ids| ids.0));
            lasts.push(ids.map(|ids| ids.1));
        };
        for ((chat, kind), Lines { mut ids, is_whole }) in std::mem::take(&mut self.feed).0 {
            if is_whole {
                line(chat, &kind, None);
            }
            ids.sort_unstable();
            for near in ids.chunk_by(|a, b| i64::from(*b) - i64::from(*a) <= NEAR) {
                line(chat, &kind, Some((near[0], near[near.len() - 1])));
            }
        }
        let count = i64::try_from(chats.len()).unwrap_or(i64::MAX);
        let next = if count == 0 {
            self.row("select next_change from counters", &[]).await?
        } else {
            self.row("update counters set next_change = next_change + $1 returning next_change", &[&count])
                .await?
        };
        let next: i64 = next.try_get(0)?;
        if count > 0 {
            let sql = "insert into changes (sequence, account, chat, kind, first, last, source, at) \
                       select $1::bigint + place - 1, $2::bigint, chat, kind, first, last, $3::text, $4::bigint \
                       from unnest($5::bigint[], $6::text[], $7::integer[], $8::integer[]) \
                       with ordinality as new (chat, kind, first, last, place)";
            let (first, source) = (next - count, word(&self.source));
            self.run(sql, &[&first, &self.account, &source, &self.at, &chats, &kinds, &firsts, &lasts])
                .await?;
        }
        Ok(next - 1)
    }
}
