//! A batch becomes rows. Everything here runs inside one transaction, and one batch at a time: so the numbers of
//! the change feed are seen in their order.

mod copied;
mod feed;
mod figures;
mod files;
mod marks;
mod mending;
mod messages;
mod people;
mod removal;
mod sync;

use std::collections::{BTreeMap, HashMap, HashSet};

use deadpool_postgres::Transaction;
use tokio_postgres::{Row as Sql, types::ToSql};

pub(super) use self::files::{FAILED, HELD, SKIPPED};
use self::{feed::Feed, figures::Room};
use super::sql::{from_json, json};
use crate::{
    archive::{
        Batch, BlockedKind, ChangeKind, IdRange, Ranges, Shelf, Source, StoreError, Write, Written,
        shelf::{self, REMOVED},
    },
    model::{Message, MessageId, PeerId},
};

/// Of the locks that programs agree on by number: held by whoever writes.
pub(super) const LOCK: i64 = 0x7461_7065_0002;

pub(super) type Values<'v> = &'v [&'v (dyn ToSql + Sync)];

/// One batch on its way.
struct Apply<'a> {
    step: &'a Transaction<'a>,
    account: i64,
    source: Source,
    /// Milliseconds.
    at: i64,
    rooms: HashMap<PeerId, Room>,
    /// What is known of the users that the batch tells of, as JSON.
    users: HashMap<PeerId, String>,
    feed: Feed,
    written: Written,
    /// Keys of the messages that are new.
    new: Option<(i64, i64)>,
    /// Ids that are noted when the batch is done.
    shelved: ToShelve,
    /// Which operations wait already: read when the first one comes.
    waiting: HashMap<(PeerId, BlockedKind), HashMap<MessageId, Vec<i64>>>,
}

/// By chat and reason.
type ToShelve = BTreeMap<(Shelf, PeerId, String), Ranges>;

pub(super) async fn apply(step: &Transaction<'_>, batch: &Batch) -> Result<Written, StoreError> {
    step.execute(&step.prepare_cached("select pg_advisory_xact_lock($1)").await?, &[&LOCK]).await?;
    let mut apply = Apply {
        step,
        account: 0,
        source: batch.source,
        at: batch.at.as_millisecond(),
        rooms: HashMap::new(),
        users: HashMap::new(),
        feed: Feed::default(),
        written: Written::default(),
        new: None,
        shelved: ToShelve::default(),
        waiting: HashMap::new(),
    };
    apply.account = apply.account_key(batch.account.as_str()).await?;
    apply.look_up(&batch.writes).await?;
    let mut writes = batch.writes.as_slice();
    while let Some(first) = writes.first() {
        let run = messages::run(writes);
        if run.is_empty() {
            apply.one(first).await?;
            writes = &writes[1..];
        } else {
            apply.messages(&run).await?;
            writes = &writes[run.len()..];
        }
    }
    apply.finish().await
}

impl Apply<'_> {
    async fn account_key(&self, name: &str) -> Result<i64, StoreError> {
        if let Some(row) = self.maybe("select key from accounts where name = $1", &[&name]).await? {
            return Ok(row.try_get(0)?);
        }
        Ok(self.row("insert into accounts (name) values ($1) returning key", &[&name]).await?.try_get(0)?)
    }

    /// Chats and users of the whole batch at once.
    async fn look_up(&mut self, writes: &[Write]) -> Result<(), StoreError> {
        let (mut chats, mut users) = (HashSet::new(), HashSet::new());
        for write in writes {
            match write {
                Write::Message { message, .. } | Write::Mended { message, .. } => {
                    chats.insert(message.chat.0);
                }
                Write::Chat(chat) => drop(chats.insert(chat.id.0)),
                Write::User(user) => drop(users.insert(user.id.0)),
                _ => {}
            }
        }
        let chats: Vec<i64> = chats.into_iter().collect();
        self.load_rooms(&chats).await?;
        if !users.is_empty() {
            let users: Vec<i64> = users.into_iter().collect();
            let sql = "select id, detail::text from users where account = $1 and id = any($2)";
            for row in self.rows(sql, &[&self.account, &users]).await? {
                self.users.insert(PeerId(row.try_get(0)?), row.try_get(1)?);
            }
        }
        Ok(())
    }

    async fn one(&mut self, write: &Write) -> Result<(), StoreError> {
        match write {
            Write::Message { message, sender_name } => {
                let told: (&Message, _) = (message, sender_name.as_deref());
                self.messages(&[told]).await
            }
            Write::Mended { message, sender_name } => self.mended(message, sender_name.as_deref()).await,
            Write::Sealed { chat, range } => self.sealed(*chat, *range).await,
            Write::Chat(chat) => self.chat(chat).await,
            Write::Listed { chat, is_archived, is_pinned } => {
                self.listed(*chat, *is_archived, *is_pinned).await
            }
            Write::User(user) => self.user(user).await,
            Write::Topic { chat, topic } => self.topic(*chat, topic).await,
            Write::Folders(folders) => self.folders(folders).await,
            Write::Version { chat, id, version } => self.version(*chat, *id, version).await,
            Write::History { peer, entries } => self.history(*peer, entries).await,
            Write::GoneReaction { chat, id, gone } => self.gone_reaction(*chat, *id, gone).await,
            Write::Deleted { chat, id, mode } => self.deleted(*chat, *id, *mode).await,
            Write::Undeleted { chat, id } => self.undeleted(*chat, *id).await,
            Write::Pinned { chat, ids, is_pinned } => self.pinned(*chat, ids, *is_pinned).await,
            Write::PinnedExactly { chat, ids } => self.pinned_exactly(*chat, ids).await,
            Write::Reactions { chat, id, reactions } => self.reactions(*chat, *id, reactions).await,
            Write::PollResults { poll } => self.poll_results(poll).await,
            Write::Covered { chat, range } => self.covered(*chat, *range).await,
            Write::Cursor { chat, to } => self.cursor(*chat, *to).await,
            Write::Dialog { chat, top, fingerprint } => self.dialog(*chat, *top, *fingerprint).await,
            Write::Poison(poison) => self.poison(poison).await,
            Write::Healed { chat, id } => self.healed(*chat, *id).await,
            Write::Blocked(operation) => self.blocked(operation).await,
            Write::BlockedDone { number, is_applied } => self.blocked_done(*number, *is_applied).await,
            Write::File { key, state } => self.file(key, state).await,
            Write::Blob { hash, bytes } => self.blob(*hash, *bytes).await.map(drop),
            Write::BlobGone { hash } => self.blob_gone(*hash).await,
            Write::Avatar { peer, photo, hash, extension } => {
                self.avatar(*peer, *photo, *hash, extension).await
            }
            Write::ForgetChat { chat } => self.forget_chat(*chat).await,
            Write::Prune { chat, before } => self.prune(*chat, *before).await,
            Write::Skipped { chat, ids, why } => {
                self.shelve(Shelf::Skipped, *chat, why, ids.iter());
                Ok(())
            }
            Write::Removed { chat, ids } => {
                self.shelve(Shelf::Removed, *chat, REMOVED, ids.iter());
                Ok(())
            }
            Write::Note { name, value } => self.note(name, value.as_ref()).await,
        }
    }

    async fn finish(mut self) -> Result<Written, StoreError> {
        self.save_rooms().await?;
        self.save_shelved().await?;
        if let Some((first, last)) = self.new {
            // New rows wait for search as one stretch with those before them.
            let longer = "update unindexed set last = $2 where last = $1::bigint - 1";
            if self.run(longer, &[&first, &last]).await? == 0 {
                self.run("insert into unindexed (first, last) values ($1, $2)", &[&first, &last]).await?;
            }
        }
        self.written.sequence = self.tell().await?;
        Ok(self.written)
    }

    fn shelve(&mut self, shelf: Shelf, chat: PeerId, why: &str, ids: impl Iterator<Item = IdRange>) {
        let place = self.shelved.entry((shelf, chat, why.to_owned())).or_default();
        ids.for_each(|range| place.add(range));
    }

    /// Gone for good.
    fn removed(&mut self, chat: PeerId, id: MessageId) {
        self.feed.message(chat, ChangeKind::Removed, id);
        self.written.deleted += 1;
        self.shelve(Shelf::Removed, chat, REMOVED, std::iter::once(IdRange::of(id)));
    }

    async fn save_shelved(&mut self) -> Result<(), StoreError> {
        for ((shelf, chat, why), ids) in std::mem::take(&mut self.shelved) {
            for (name, ids) in shelf.notes(chat, &ids) {
                let known = "select value::text from notes where account = $1 and name = $2";
                let known = self.maybe(known, &[&self.account, &name]).await?;
                let known = known.map(|row| from_json("a note", row.try_get(0)?)).transpose()?;
                if let Some(now) = shelf::Shelved::with(known, &why, &ids) {
                    self.note(&name, Some(&now)).await?;
                }
            }
        }
        Ok(())
    }

    async fn note(&self, name: &str, value: Option<&serde_json::Value>) -> Result<(), StoreError> {
        match value {
            Some(value) => {
                let sql = "insert into notes (account, name, value) values ($1, $2, $3::text::json) \
                           on conflict (account, name) do update set value = excluded.value";
                self.run(sql, &[&self.account, &name, &json(value)]).await?
            }
            None => {
                self.run("delete from notes where account = $1 and name = $2", &[&self.account, &name])
                    .await?
            }
        };
        Ok(())
    }

    /// How many rows it touched.
    async fn run(&self, sql: &str, values: Values<'_>) -> Result<u64, StoreError> {
        let statement = self.step.prepare_cached(sql).await?;
        Ok(self.step.execute(&statement, values).await?)
    }

    async fn rows(&self, sql: &str, values: Values<'_>) -> Result<Vec<Sql>, StoreError> {
        let statement = self.step.prepare_cached(sql).await?;
        Ok(self.step.query(&statement, values).await?)
    }

    async fn row(&self, sql: &str, values: Values<'_>) -> Result<Sql, StoreError> {
        let statement = self.step.prepare_cached(sql).await?;
        Ok(self.step.query_one(&statement, values).await?)
    }

    async fn maybe(&self, sql: &str, values: Values<'_>) -> Result<Option<Sql>, StoreError> {
        let statement = self.step.prepare_cached(sql).await?;
        Ok(self.step.query_opt(&statement, values).await?)
    }
}
