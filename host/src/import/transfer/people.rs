//! What belongs to no chat: everybody who was ever met, what they were called, their pictures, and notes.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use super::{Files, Mode, PER_PAGE, Transfer, TransferSummary};
use crate::{
    archive::{AvatarRecord, AvatarsPage, HistoryEntry, Ranges, Write},
    import::error::ImportError,
    model::{AccountName, PeerId},
};

/// Notes of what was not kept or is gone, and why: without them a certificate could not say so.
const SHELVES: [&str; 2] = ["skipped/", "removed/"];
/// What says how far something is, or numbers a feed: that is of one archive, and means nothing in another.
const OWN: [&str; 4] = ["transfer:", "import:", "hard-deletions", "applied/"];

/// Whether a note goes along with a copy.
pub(super) fn goes_along(name: &str) -> bool {
    !OWN.iter().any(|own| name.starts_with(own))
}

impl Transfer {
    /// Before the messages, so that what somebody was called has its dates.
    pub(super) async fn people(
        &self,
        account: &AccountName,
        summary: &mut TransferSummary,
    ) -> Result<(), ImportError> {
        let mut after = None;
        loop {
            self.go_on()?;
            let ids = self.from.user_ids(account.clone(), after, PER_PAGE).await?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = Some(*last);
            let mut batch = self.batch(account, self.clock.now());
            let users = self.from.users(account.clone(), ids.clone()).await?;
            summary.people += users.len() as u64;
            batch.writes.extend(users.into_iter().map(|user| Write::User(Box::new(user))));
            batch.writes.extend(self.histories(account, ids).await?);
            self.to.write(batch).await?;
        }
    }

    /// In place of what the target has learnt of them from being told.
    pub(super) async fn histories(
        &self,
        account: &AccountName,
        peers: Vec<PeerId>,
    ) -> Result<Vec<Write>, ImportError> {
        let mut all = self.from.histories(account.clone(), peers.clone()).await?.into_iter().peekable();
        let mut writes = Vec::with_capacity(peers.len());
        for peer in peers {
            let mut entries: Vec<HistoryEntry> = Vec::new();
            while let Some(entry) = all.next_if(|entry| entry.peer == peer) {
                entries.push(entry);
            }
            writes.push(Write::History { peer, entries });
        }
        Ok(writes)
    }

    /// Earlier ones, too. The one that counts is told first, and stays the newest whatever is told of earlier days.
    pub(super) async fn pictures(
        &self,
        account: &AccountName,
        summary: &mut TransferSummary,
    ) -> Result<(), ImportError> {
        if matches!(self.files, Files::Left | Files::Nowhere) {
            return Ok(());
        }
        let (mut after, mut ours) = (None, None);
        loop {
            self.go_on()?;
            let page = AvatarsPage { account: account.clone(), peer: None, after, limit: PER_PAGE };
            let mut all = self.from.avatars(page).await?;
            let Some((peer, last)) = all.last() else { return Ok(()) };
            after = Some((*peer, last.photo));
            let mut peers: Vec<PeerId> = all.iter().map(|(peer, _)| *peer).collect();
            peers.dedup();
            if self.mode == Mode::Merge {
                // Its own may be newer. Of one person, the pictures may go on from the page before.
                let known = self.to.newest_avatars(account.clone(), peers.clone()).await?;
                let known = known.into_iter().map(|(peer, _)| peer).filter(|peer| Some(*peer) != ours);
                let known: HashSet<PeerId> = known.collect();
                peers.retain(|peer| !known.contains(peer));
                all.retain(|(peer, _)| !known.contains(peer));
            }
            let now = self.clock.now();
            let before = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
            ours = peers.last().copied();
            let newest = self.from.newest_avatars(account.clone(), peers).await?;
            self.tell_pictures(account, newest, now).await?;
            summary.pictures += self.tell_pictures(account, all, before).await?;
        }
    }

    /// How many of them have their bytes.
    async fn tell_pictures(
        &self,
        account: &AccountName,
        pictures: Vec<(PeerId, AvatarRecord)>,
        at: jiff::Timestamp,
    ) -> Result<u64, ImportError> {
        let _claim = self.claim().await?;
        let (mut batch, mut count) = (self.batch(account, at), 0);
        for (peer, AvatarRecord { photo, hash, extension }) in pictures {
            if self.blob(hash, None).await? {
                let bytes = self.size(hash).await?;
                batch.writes.extend(bytes.map(|bytes| Write::Blob { hash, bytes }));
                batch.writes.push(Write::Avatar { peer, photo, hash, extension });
                count += 1;
            }
        }
        self.to.write(batch).await?;
        Ok(count)
    }

    /// A copy has all of them; a merge adds why messages are not there.
    pub(super) async fn notes(&self, account: &AccountName) -> Result<(), ImportError> {
        let mut after = String::new();
        loop {
            let notes = self.from.notes(account.clone(), after, PER_PAGE).await?;
            let Some((last, _)) = notes.last() else { return Ok(()) };
            after = last.clone();
            let mut batch = self.batch(account, self.clock.now());
            for (name, value) in notes {
                if self.mode == Mode::Merge
                    && let Some(shelved) = shelved(&name, &value)
                {
                    // They join what the target has in the same place.
                    batch.writes.extend(shelved);
                    continue;
                }
                let is_wanted = match self.mode {
                    Mode::Copy => goes_along(&name),
                    Mode::Merge => {
                        SHELVES.iter().any(|shelf| name.starts_with(shelf))
                            && self.to.note(account.clone(), name.clone()).await?.is_none()
                    }
                };
                if is_wanted {
                    batch.writes.push(Write::Note { name, value: Some(value) });
                }
            }
            self.to.write(batch).await?;
        }
    }
}

/// What a note of messages that were left out or are gone says, as words that can be added to others.
fn shelved(name: &str, value: &serde_json::Value) -> Option<Vec<Write>> {
    let (shelf, rest) = name.split_once('/')?;
    let chat = PeerId(rest.split('/').next()?.parse().ok()?);
    let all: BTreeMap<String, Ranges> = serde_json::from_value(value.clone()).ok()?;
    let word = |(why, ids): (String, Ranges)| match shelf {
        "skipped" => Some(Write::Skipped { chat, ids, why }),
        "removed" => Some(Write::Removed { chat, ids }),
        _ => None,
    };
    all.into_iter().map(word).collect()
}
