//! File references run out after a while; a fresh one comes with the message that the file hangs
//! on. Here are those that downloads need, so that one call renews a hundred.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use grammers_tl_types::{enums as tl, functions, types};
use jiff::{SignedDuration, Timestamp};

use super::{DownloadError, Origin, Wanted, wanted::FileKey};
use crate::{
    clock::SharedClock,
    model::{BarePeer, Blob, Fetched, PeerId},
    telegram::{Client, Error, convert::fetched},
};

/// Telegram takes no more messages at once.
const MOST_MESSAGES: usize = 100;
/// References are renewed before use from this age on. Telegram's last some hours.
const OLD: SignedDuration = SignedDuration::from_hours(1);

pub(super) struct References {
    client: Client,
    clock: SharedClock,
    known: Mutex<HashMap<FileKey, Known>>,
    /// One renewal at a time: most who wait for their turn find theirs done.
    turn: tokio::sync::Mutex<()>,
}

struct Known {
    reference: Blob,
    told: Timestamp,
    origin: Option<Origin>,
    /// Downloads that use it.
    users: usize,
}

/// Forgets references again when their downloads are over.
pub(super) struct Noted<'a> {
    references: &'a References,
    keys: Vec<FileKey>,
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        let mut known = self.references.known();
        for key in &self.keys {
            if let Some(entry) = known.get_mut(key) {
                entry.users -= 1;
                if entry.users == 0 {
                    known.remove(key);
                }
            }
        }
    }
}

impl References {
    pub(super) fn new(client: Client, clock: SharedClock) -> Self {
        Self { client, clock, known: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    pub(super) fn note(&self, wanted: &[Wanted]) -> Noted<'_> {
        let mut known = self.known();
        let mut keys = Vec::with_capacity(wanted.len());
        for one in wanted {
            let (Some(key), Some(reference)) = (one.key(), one.reference()) else { continue };
            keys.push(key);
            let fresh =
                || Known { reference: reference.clone(), told: one.told, origin: one.origin, users: 0 };
            let entry = known.entry(key).or_insert_with(fresh);
            entry.users += 1;
            entry.origin = entry.origin.or(one.origin);
            if one.told > entry.told {
                (entry.reference, entry.told) = (reference.clone(), one.told);
            }
        }
        drop(known);
        Noted { references: self, keys }
    }

    pub(super) fn current(&self, wanted: &Wanted) -> Option<Blob> {
        Some(self.known().get(&wanted.key()?)?.reference.clone())
    }

    pub(super) async fn refresh_if_old(&self, wanted: &Wanted) -> Result<(), DownloadError> {
        let now = self.clock.now();
        let old = wanted.key().and_then(|key| {
            let known = self.known();
            let entry = known.get(&key)?;
            let is_old = entry.origin.is_some() && now.duration_since(entry.told) > OLD;
            is_old.then(|| entry.reference.clone())
        });
        let Some(old) = old else { return Ok(()) };
        match self.refresh(wanted, &old).await {
            // Telegram says the same again: it is still good.
            Err(DownloadError::Gone { .. }) if self.was_told(wanted, now) => Ok(()),
            refreshed => refreshed,
        }
    }

    fn was_told(&self, wanted: &Wanted, since: Timestamp) -> bool {
        let known = self.known();
        wanted.key().and_then(|key| known.get(&key)).is_some_and(|entry| entry.told >= since)
    }

    /// Returns when there is another reference than `refused`.
    pub(super) async fn refresh(&self, wanted: &Wanted, refused: &Blob) -> Result<(), DownloadError> {
        let gone = || DownloadError::Gone { path: wanted.path.clone() };
        let failed = |source| DownloadError::Telegram { path: wanted.path.clone(), source };
        let key = wanted.key().ok_or_else(gone)?;
        let _turn = self.turn.lock().await;
        let is_fresh = |known: &HashMap<FileKey, Known>| {
            known.get(&key).is_some_and(|entry| entry.reference != *refused)
        };
        if is_fresh(&self.known()) {
            return Ok(());
        }
        let (chat, messages) = self.neighbours(key).ok_or_else(gone)?;
        self.renew(chat, &messages).await.map_err(failed)?;
        if is_fresh(&self.known()) { Ok(()) } else { Err(gone()) }
    }

    /// The message of this file, and those of others in the same chat that are as old.
    fn neighbours(&self, key: FileKey) -> Option<(PeerId, Vec<i32>)> {
        let known = self.known();
        let first = known.get(&key)?;
        let origin = first.origin?;
        let mut others: Vec<i32> = known
            .values()
            .filter(|entry| entry.told <= first.told)
            .filter_map(|entry| entry.origin)
            .filter(|other| other.chat == origin.chat && other.message != origin.message)
            .map(|other| other.message.0)
            .collect();
        others.sort_unstable();
        others.dedup();
        others.truncate(MOST_MESSAGES - 1);
        others.insert(0, origin.message.0);
        Some((origin.chat, others))
    }

    async fn renew(&self, chat: PeerId, messages: &[i32]) -> Result<(), Error> {
        let id: Vec<tl::InputMessage> =
            messages.iter().map(|id| types::InputMessageId { id: *id }.into()).collect();
        let answer = match chat.bare() {
            BarePeer::Channel(_) => {
                let channel = self.client.input_channel(chat).await?;
                self.client.invoke(&functions::channels::GetMessages { channel, id }).await?
            }
            BarePeer::User(_) | BarePeer::Group(_) => {
                self.client.invoke(&functions::messages::GetMessages { id }).await?
            }
        };
        let now = self.clock.now();
        let mut known = self.known();
        for message in of_answer(answer) {
            let Fetched::Message(message) = fetched(message) else { continue };
            for file in message.files() {
                if let Some(entry) = known.get_mut(&FileKey::of(file)) {
                    (entry.reference, entry.told) = (file.reference.clone(), now);
                }
            }
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<FileKey, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_answer(answer: tl::messages::Messages) -> Vec<tl::Message> {
    match answer {
        tl::messages::Messages::Messages(it) => it.messages,
        tl::messages::Messages::Slice(it) => it.messages,
        tl::messages::Messages::ChannelMessages(it) => it.messages,
        tl::messages::Messages::NotModified(_) => Vec::new(),
    }
}
