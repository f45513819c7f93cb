//! A page of messages, with all that hangs on them.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use super::{Done, Mode, Transfer, TransferSummary, note};
use crate::{
    archive::{Batch, ChatKey, DeletionMode, Stored, StoredFile, Write},
    import::error::ImportError,
    model::{Message, MessageId, PeerId},
};

/// More are asked for again.
const MOST_KNOWN: usize = 100_000;

impl Transfer {
    pub(super) async fn page(
        &self,
        key: &ChatKey,
        page: Vec<Stored>,
        known_users: &mut HashSet<PeerId>,
        summary: &mut TransferSummary,
    ) -> Result<(), ImportError> {
        let Some(last) = page.last().map(|stored| stored.message.id) else { return Ok(()) };
        let _claim = self.claim().await?;
        let mut batch = self.batch(&key.account, self.clock.now());
        let named = page.iter().flat_map(|stored| people(&stored.message));
        self.users(key, named, known_users, &mut batch, summary).await?;
        let ids: Vec<MessageId> = page.iter().map(|stored| stored.message.id).collect();
        let gone = self.from.gone_reactions_of(key.clone(), ids.clone()).await?;
        let mut files: HashMap<MessageId, Vec<StoredFile>> = HashMap::new();
        for file in self.from.files_of(key.clone(), ids).await? {
            files.entry(file.key.id).or_default().push(file);
        }
        let mut deletions: BTreeMap<Timestamp, Vec<Write>> = BTreeMap::new();
        for stored in page {
            let (chat, id) = (key.chat, stored.message.id);
            if let Some(at) = stored.deleted {
                let deletion = Write::Deleted { chat, id, mode: DeletionMode::Soft };
                deletions.entry(at).or_default().push(deletion);
            }
            let has_versions = stored.versions > 0;
            batch
                .writes
                .push(Write::Message { message: Box::new(stored.message), sender_name: stored.sender_name });
            if has_versions {
                let versions = self.from.versions(key.clone(), id).await?.into_iter();
                batch.writes.extend(versions.map(|it| Write::Version { chat, id, version: Box::new(it) }));
            }
            for file in files.remove(&id).unwrap_or_default() {
                self.file(key, file, &mut batch.writes, summary).await?;
            }
            summary.messages += 1;
        }
        let chat = key.chat;
        batch.writes.extend(gone.into_iter().map(|(id, gone)| Write::GoneReaction { chat, id, gone }));
        let done = Write::Note { name: note(key.chat), value: serde_json::to_value(Done::After(last)).ok() };
        self.write_all(key, batch, deletions, done, summary).await
    }

    /// A batch says one moment, and deletions have their own; the note comes with the last.
    async fn write_all(
        &self,
        key: &ChatKey,
        batch: Batch,
        deletions: BTreeMap<Timestamp, Vec<Write>>,
        done: Write,
        summary: &mut TransferSummary,
    ) -> Result<(), ImportError> {
        let mut batches = vec![batch];
        for (at, writes) in deletions {
            let mut batch = self.batch(&key.account, at);
            batch.writes = writes;
            batches.push(batch);
        }
        if let Some(last) = batches.last_mut() {
            last.writes.push(done);
        }
        for batch in batches {
            let written = self.to.write(batch).await?;
            summary.new += written.new;
            summary.changed += written.changed;
            summary.unchanged += written.unchanged;
        }
        Ok(())
    }

    /// Everybody who is named, unless they were told of before.
    pub(super) async fn users(
        &self,
        key: &ChatKey,
        named: impl IntoIterator<Item = PeerId>,
        known: &mut HashSet<PeerId>,
        batch: &mut Batch,
        summary: &mut TransferSummary,
    ) -> Result<(), ImportError> {
        if known.len() > MOST_KNOWN {
            known.clear();
        }
        let named = named.into_iter().filter(|peer| peer.0 > 0);
        let new: Vec<PeerId> = named.filter(|peer| known.insert(*peer)).collect();
        if !new.is_empty() {
            let users = self.from.users(key.account.clone(), new).await?;
            // A copy has counted everybody.
            if self.mode == Mode::Merge {
                summary.people += users.len() as u64;
            }
            batch.writes.extend(users.into_iter().map(|user| Write::User(Box::new(user))));
        }
        Ok(())
    }
}

fn people(message: &Message) -> Vec<PeerId> {
    let mut people: Vec<PeerId> = message.sender.into_iter().chain(message.via_bot).collect();
    people.extend(message.forward.as_ref().and_then(|forward| forward.from));
    people.extend(message.action.iter().flat_map(|action| action.users.iter().copied()));
    let reactions = message.reactions.iter().flat_map(|it| it.recent.iter().flatten());
    people.extend(reactions.map(|reaction| reaction.peer));
    people
}
