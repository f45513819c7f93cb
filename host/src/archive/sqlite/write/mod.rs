//! A batch becomes rows. Everything here runs inside the transaction of the writer.

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

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension as _, params};

#[cfg(test)]
pub(super) use self::marks::ALL_PINNED;
use self::{feed::Feed, figures::Room};
pub(super) use self::{
    feed::{kind_of, source_of},
    files::{FAILED, HELD, SKIPPED},
};
use super::error::damaged;
use crate::{
    archive::{
        Batch, BlockedKind, ChangeKind, IdRange, Ranges, Shelf, Source, StoreError, Write, Written,
        row::json,
        shelf::{self, REMOVED},
    },
    model::{AccountName, Message, MessageId, PeerId},
};

/// Keys that do not change as long as the database is what it was: the writer throws them away when
/// a batch is undone.
#[derive(Debug, Default)]
pub(super) struct Memory {
    accounts: HashMap<AccountName, i64>,
    /// The names that each sender is known under.
    authors: HashMap<Option<i64>, Vec<(Option<String>, i64)>>,
}

/// Senders that are remembered; far more than a chat has people who are talking.
const MOST_AUTHORS: usize = 4_096;

/// One batch on its way.
struct Apply<'a> {
    db: &'a Connection,
    memory: &'a mut Memory,
    account: i64,
    source: Source,
    /// Milliseconds.
    at: i64,
    rooms: HashMap<PeerId, Room>,
    feed: Feed,
    written: Written,
    fresh: Vec<Fresh>,
    /// Ids that are noted when the batch is done.
    shelved: ToShelve,
    /// Which operations wait already: read when the first one comes.
    waiting: HashMap<(PeerId, BlockedKind), HashMap<MessageId, Vec<i64>>>,
}

/// By chat and reason.
type ToShelve = BTreeMap<(Shelf, PeerId, String), Ranges>;

/// A stretch of keys with messages that are new.
struct Fresh {
    first: i64,
    last: i64,
    count: i64,
}

pub(super) fn apply(db: &Connection, memory: &mut Memory, batch: &Batch) -> Result<Written, StoreError> {
    let account = account_key(db, memory, &batch.account)?;
    let mut apply = Apply {
        db,
        memory,
        account,
        source: batch.source,
        at: batch.at.as_millisecond(),
        rooms: HashMap::new(),
        feed: Feed::default(),
        written: Written::default(),
        fresh: Vec::new(),
        shelved: ToShelve::default(),
        waiting: HashMap::new(),
    };
    let mut writes = batch.writes.as_slice();
    while let Some(first) = writes.first() {
        let run = messages::run(writes);
        if run.is_empty() {
            apply.one(first)?;
            writes = &writes[1..];
        } else {
            apply.messages(&run)?;
            writes = &writes[run.len()..];
        }
    }
    apply.finish()
}

fn account_key(db: &Connection, memory: &mut Memory, name: &AccountName) -> Result<i64, StoreError> {
    if let Some(key) = memory.accounts.get(name) {
        return Ok(*key);
    }
    let found = db.prepare_cached("select key from accounts where name = ?1")?;
    let key = { found }.query_row([name.as_str()], |row| row.get(0)).optional()?;
    let key = match key {
        Some(key) => key,
        None => {
            db.execute("insert into accounts (name) values (?1)", [name.as_str()])?;
            db.last_insert_rowid()
        }
    };
    memory.accounts.insert(name.clone(), key);
    Ok(key)
}

impl Apply<'_> {
    fn one(&mut self, write: &Write) -> Result<(), StoreError> {
        match write {
            Write::Message { message, sender_name } => {
                let told: (&Message, _) = (message, sender_name.as_deref());
                self.messages(&[told])
            }
            Write::Mended { message, sender_name } => self.mended(message, sender_name.as_deref()),
            Write::Sealed { chat, range } => self.sealed(*chat, *range),
            Write::Chat(chat) => self.chat(chat),
            Write::Listed { chat, is_archived, is_pinned } => self.listed(*chat, *is_archived, *is_pinned),
            Write::User(user) => self.user(user),
            Write::Topic { chat, topic } => self.topic(*chat, topic),
            Write::Folders(folders) => self.folders(folders),
            Write::Version { chat, id, version } => self.version(*chat, *id, version),
            Write::History { peer, entries } => self.history(*peer, entries),
            Write::GoneReaction { chat, id, gone } => self.gone_reaction(*chat, *id, gone),
            Write::Deleted { chat, id, mode } => self.deleted(*chat, *id, *mode),
            Write::Undeleted { chat, id } => self.undeleted(*chat, *id),
            Write::Pinned { chat, ids, is_pinned } => self.pinned(*chat, ids, *is_pinned),
            Write::PinnedExactly { chat, ids } => self.pinned_exactly(*chat, ids),
            Write::Reactions { chat, id, reactions } => self.reactions(*chat, *id, reactions),
            Write::PollResults { poll } => self.poll_results(poll),
            Write::Covered { chat, range } => self.covered(*chat, *range),
            Write::Cursor { chat, to } => self.cursor(*chat, *to),
            Write::Dialog { chat, top, fingerprint } => self.dialog(*chat, *top, *fingerprint),
            Write::Poison(poison) => self.poison(poison),
            Write::Healed { chat, id } => self.healed(*chat, *id),
            Write::Blocked(operation) => self.blocked(operation),
            Write::BlockedDone { number, is_applied } => self.blocked_done(*number, *is_applied),
            Write::File { key, state } => self.file(key, state),
            Write::Blob { hash, bytes } => self.blob(*hash, *bytes).map(drop),
            Write::BlobGone { hash } => self.blob_gone(*hash),
            Write::Avatar { peer, photo, hash, extension } => self.avatar(*peer, *photo, *hash, extension),
            Write::ForgetChat { chat } => self.forget_chat(*chat),
            Write::Prune { chat, before } => self.prune(*chat, *before),
            Write::Skipped { chat, ids, why } => {
                self.shelve(Shelf::Skipped, *chat, why, ids.iter());
                Ok(())
            }
            Write::Removed { chat, ids } => {
                self.shelve(Shelf::Removed, *chat, REMOVED, ids.iter());
                Ok(())
            }
            Write::Note { name, value } => self.note(name, value.as_ref()),
        }
    }

    fn finish(mut self) -> Result<Written, StoreError> {
        let rooms: Vec<Room> = self.rooms.drain().map(|(_, room)| room).collect();
        for room in rooms {
            room.save(self.db)?;
        }
        self.save_shelved()?;
        for fresh in &self.fresh {
            self.unindexed(fresh)?;
        }
        let feed = std::mem::take(&mut self.feed);
        feed.save(self.db, self.account, self.source, self.at)?;
        let newest = "select coalesce(max(sequence), 0) from changes";
        self.written.sequence = self.db.prepare_cached(newest)?.query_row([], |row| row.get(0))?;
        Ok(self.written)
    }

    /// New rows wait for search as one stretch with those that came just before them in the same chat.
    fn unindexed(&self, Fresh { first, last, count }: &Fresh) -> Result<(), StoreError> {
        let longer = "update unindexed set last = ?2, count = count + ?3 \
             where number = (select max(number) from unindexed) and last < ?1 and last >> 32 = ?1 >> 32";
        if self.db.prepare_cached(longer)?.execute([first, last, count])? == 0 {
            self.db
                .prepare_cached("insert into unindexed (first, last, count) values (?1, ?2, ?3)")?
                .execute([first, last, count])?;
        }
        Ok(())
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

    fn save_shelved(&mut self) -> Result<(), StoreError> {
        for ((shelf, chat, why), ids) in std::mem::take(&mut self.shelved) {
            for (name, ids) in shelf.notes(chat, &ids) {
                let known = "select value from notes where account = ?1 and name = ?2";
                let known: Option<String> = self
                    .db
                    .prepare_cached(known)?
                    .query_row(params![self.account, name], |row| row.get(0))
                    .optional()?;
                let known = known.map(|known| from_json("a note", &known)).transpose()?;
                if let Some(now) = shelf::Shelved::with(known, &why, &ids) {
                    self.note(&name, Some(&now))?;
                }
            }
        }
        Ok(())
    }

    fn note(&self, name: &str, value: Option<&serde_json::Value>) -> Result<(), StoreError> {
        match value {
            Some(value) => self.db.execute(
                "insert into notes (account, name, value) values (?1, ?2, ?3) \
                 on conflict do update set value = excluded.value",
                params![self.account, name, json(value)],
            )?,
            None => self
                .db
                .execute("delete from notes where account = ?1 and name = ?2", params![self.account, name])?,
        };
        Ok(())
    }

    /// None when nothing is known of who wrote it.
    fn author_key(&mut self, sender: Option<i64>, name: Option<&str>) -> Result<Option<i64>, StoreError> {
        if sender.is_none() && name.is_none() {
            return Ok(None);
        }
        let known = self.memory.authors.get(&sender).into_iter().flatten();
        if let Some((_, key)) = { known }.find(|(known, _)| known.as_deref() == name) {
            return Ok(Some(*key));
        }
        let found = self
            .db
            .prepare_cached("select key from authors where sender is ?1 and name is ?2")?
            .query_row(params![sender, name], |row| row.get(0))
            .optional()?;
        let key = match found {
            Some(key) => key,
            None => {
                self.db
                    .prepare_cached("insert into authors (sender, name) values (?1, ?2)")?
                    .execute(params![sender, name])?;
                self.db.last_insert_rowid()
            }
        };
        if self.memory.authors.len() >= MOST_AUTHORS {
            self.memory.authors.clear();
        }
        self.memory.authors.entry(sender).or_default().push((name.map(str::to_owned), key));
        Ok(Some(key))
    }
}

/// Our own JSON, back.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| damaged(what, error))
}
