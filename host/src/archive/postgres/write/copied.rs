//! What another archive remembers, as it is there.

use super::{
    super::{sql::json, text::to_column},
    Apply,
};
use crate::{
    archive::{GoneReaction, HistoryEntry, StoreError},
    model::{MessageId, PeerId},
};

impl Apply<'_> {
    pub(super) async fn history(&mut self, peer: PeerId, entries: &[HistoryEntry]) -> Result<(), StoreError> {
        let known = "delete from history where account = $1 and peer = $2";
        self.run(known, &[&self.account, &peer.0]).await?;
        let whats: Vec<&str> = entries.iter().map(|entry| entry.what.as_str()).collect();
        let values: Vec<String> = entries.iter().map(|entry| to_column(&entry.value).into_owned()).collect();
        let sinces: Vec<i64> = entries.iter().map(|entry| entry.since.as_millisecond()).collect();
        let sql = "insert into history (account, peer, what, value, since) \
                   select $1::bigint, $2::bigint, told.what, told.value, told.since \
                   from unnest($3::text[], $4::text[], $5::bigint[]) with ordinality as told (what, value, since, place) \
                   order by told.place";
        self.run(sql, &[&self.account, &peer.0, &whats, &values, &sinces]).await.map(drop)
    }

    pub(super) async fn gone_reaction(
        &mut self,
        chat: PeerId,
        id: MessageId,
        gone: &GoneReaction,
    ) -> Result<(), StoreError> {
        let Some(key) = self.message_key(chat, id).await? else { return Ok(()) };
        let sql = "insert into gone_reactions (message, reaction, count, gone) values ($1, $2, $3, $4) \
                   on conflict (message, reaction) do update set count = excluded.count, gone = excluded.gone";
        self.run(sql, &[&key, &json(&gone.reaction), &gone.count, &gone.gone.as_millisecond()])
            .await
            .map(drop)
    }
}
