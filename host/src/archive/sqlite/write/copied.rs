//! What another archive remembers, as it is there.

use rusqlite::params;

use super::Apply;
use crate::{
    archive::{GoneReaction, HistoryEntry, StoreError, row::json},
    model::{MessageId, PeerId},
};

impl Apply<'_> {
    pub(super) fn history(&mut self, peer: PeerId, entries: &[HistoryEntry]) -> Result<(), StoreError> {
        let known = "delete from history where account = ?1 and peer = ?2";
        self.db.prepare_cached(known)?.execute(params![self.account, peer.0])?;
        for HistoryEntry { what, value, since, .. } in entries {
            self.db
                .prepare_cached(
                    "insert into history (account, peer, what, value, since) values (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![self.account, peer.0, what, value, since.as_millisecond()])?;
        }
        Ok(())
    }

    pub(super) fn gone_reaction(
        &mut self,
        chat: PeerId,
        id: MessageId,
        gone: &GoneReaction,
    ) -> Result<(), StoreError> {
        let Some(key) = self.message_key(chat, id)? else { return Ok(()) };
        self.db
            .prepare_cached(
                "insert into gone_reactions values (?1, ?2, ?3, ?4) \
                 on conflict do update set count = excluded.count, gone = excluded.gone",
            )?
            .execute(params![key, json(&gone.reaction), gone.count, gone.gone.as_millisecond()])?;
        Ok(())
    }
}
