//! What the archive can prove of a chat: which stretches of it were read without a hole, and what became of
//! every message number in them.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fill::{holes, newest};
use crate::{
    archive::{Around, ChatKey, IdRange, MessagePage, Ranges, SharedStore, Shelf, StoreError, StoredChat},
    model::{AccountName, MessageId, PeerId},
};

/// Messages that are counted one by one at a time.
const PAGE: usize = 500;
/// Stretches that are named in the text.
const NAMED: usize = 12;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Certificate {
    pub account: AccountName,
    pub chat: PeerId,
    pub title: String,
    pub at: Timestamp,
    /// The newest message that anybody knows of; 0 for none.
    pub newest: MessageId,
    /// Stretches that were read whole.
    pub read: Vec<IdRange>,
    /// Stretches of which nothing is proven.
    pub gaps: Vec<IdRange>,
    /// Message numbers up to the newest.
    pub ids: u64,
    /// Of these, numbers that were read.
    pub proven: u64,
    /// From 0 to 1; 1 for a chat without messages.
    pub share: f64,
    /// Messages that are here, deleted ones too.
    pub held: u64,
    /// Of these, messages that Telegram has no more.
    pub deleted: u64,
    /// Of these, messages outside of what was read whole: heard or imported, not proven.
    pub loose: u64,
    /// Read, kept, and removed here for good since: by a retention or a deletion that is not to be taken back.
    pub removed: u64,
    /// Left out when they were read, by reason.
    pub skipped: BTreeMap<String, u64>,
    pub unreadable: Vec<Unreadable>,
    /// Numbers that were read and stand for no message: never given in this chat, or not shown to this account.
    pub not_shown: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Unreadable {
    pub id: MessageId,
    pub reason: String,
    pub attempts: u32,
}

/// Of a chat that is in the archive.
pub async fn certify(
    store: &SharedStore,
    stored: &StoredChat,
    at: Timestamp,
) -> Result<Certificate, StoreError> {
    let key = ChatKey { account: stored.account.clone(), chat: stored.chat.id };
    let sync = store.sync(key.clone()).await?;
    let newest = newest(stored, &sync);
    let gaps = holes(stored, &sync);
    let ids = u64::try_from(newest.0).unwrap_or(0);
    let unread: u64 = gaps.iter().map(IdRange::len).sum();
    let proven = ids.saturating_sub(unread);
    let mut loose = 0;
    for gap in &gaps {
        loose += count(store, &key, *gap).await?;
    }
    let (mut skipped, mut removed, mut left_out) = (BTreeMap::new(), 0, 0);
    if let Some(all) = IdRange::new(MessageId(1), newest) {
        let shelved = Shelf::Skipped.of(store, &key, all).await?;
        left_out = shelved.ids().common(&sync.coverage).count();
        skipped.extend(shelved.0.into_iter().map(|(reason, ids)| (reason, ids.count())));
        let gone = Shelf::Removed.of(store, &key, all).await?.ids().common(&sync.coverage);
        // An import may have brought some of them back.
        removed = gone.count() - held_of(store, &key, &gone).await?;
    }
    let poison = store.poison(Some(key.account.clone()), Some(key.chat)).await?;
    let unreadable: Vec<Unreadable> = poison
        .into_iter()
        .map(|(_, poison)| Unreadable { id: poison.id, reason: poison.reason, attempts: poison.attempts })
        .collect();
    let held = stored.figures.messages;
    let accounted = held.saturating_sub(loose) + left_out + removed;
    Ok(Certificate {
        account: key.account,
        chat: key.chat,
        title: stored.chat.title.clone(),
        at,
        newest,
        read: sync.coverage.iter().collect(),
        gaps,
        ids,
        proven,
        share: if ids == 0 { 1.0 } else { proven as f64 / ids as f64 },
        held,
        deleted: stored.figures.deleted,
        loose,
        removed,
        skipped,
        unreadable,
        not_shown: proven.saturating_sub(accounted),
    })
}

async fn count(store: &SharedStore, key: &ChatKey, gap: IdRange) -> Result<u64, StoreError> {
    let mut after = MessageId(gap.first.0.saturating_sub(1));
    let mut counted = 0;
    loop {
        let page = MessagePage { has_details: false, ..MessagePage::new(Around::After(after), PAGE) };
        let messages = store.messages(key.clone(), page).await?;
        counted += messages.iter().filter(|stored| gap.contains(stored.message.id)).count() as u64;
        match messages.last() {
            Some(last) if messages.len() == PAGE && last.message.id < gap.last => after = last.message.id,
            _ => return Ok(counted),
        }
    }
}

/// How many of these are here. Most of them are not.
async fn held_of(store: &SharedStore, key: &ChatKey, ids: &Ranges) -> Result<u64, StoreError> {
    let (mut held, mut few) = (0, Vec::new());
    for range in ids.iter() {
        if range.len() > PAGE as u64 {
            held += count(store, key, range).await?;
            continue;
        }
        few.extend((range.first.0..=range.last.0).map(MessageId));
        if few.len() >= PAGE {
            held += store.by_id(key.clone(), std::mem::take(&mut few)).await?.len() as u64;
        }
    }
    if !few.is_empty() {
        held += store.by_id(key.clone(), few).await?.len() as u64;
    }
    Ok(held)
}

impl Certificate {
    /// Rounded down: what is not whole is never shown as whole.
    pub fn percent(&self) -> f64 {
        rounded_down(self.share)
    }
}

/// A share in percent.
pub(super) fn rounded_down(share: f64) -> f64 {
    (share * 10_000.0).floor() / 100.0
}

/// The first of these stretches, and how many more there are.
fn named(stretches: &[IdRange]) -> String {
    let one = |range: &IdRange| match range.len() {
        1 => range.first.to_string(),
        _ => format!("{} to {}", range.first, range.last),
    };
    let mut parts: Vec<String> = stretches.iter().take(NAMED).map(one).collect();
    if stretches.len() > NAMED {
        parts.push(format!("and {} more", stretches.len() - NAMED));
    }
    parts.join(", ")
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}) of the account {}, at {}", self.title, self.chat, self.account, self.at)?;
        if self.newest.0 == 0 {
            return write!(f, "There is no message in it.");
        }
        writeln!(
            f,
            "{} % proven: of the message numbers 1 to {}, {} were read whole",
            self.percent(),
            self.newest,
            self.proven
        )?;
        if !self.read.is_empty() {
            writeln!(f, "read whole: {}", named(&self.read))?;
        }
        write!(f, "{} messages are here", self.held)?;
        if self.deleted > 0 {
            write!(f, ", of which Telegram has deleted {}", self.deleted)?;
        }
        if self.loose > 0 {
            write!(f, "; {} of them lie outside of what was read whole", self.loose)?;
        }
        write!(f, "\n{} numbers stand for no message that this account is shown", self.not_shown)?;
        if self.removed > 0 {
            write!(f, "\n{} were removed here", self.removed)?;
        }
        for (reason, count) in &self.skipped {
            write!(f, "\n{count} were left out: {reason}")?;
        }
        for bad in &self.unreadable {
            write!(f, "\nmessage {} cannot be read: {}", bad.id, bad.reason)?;
        }
        for gap in &self.gaps {
            write!(f, "\nnothing is known of {} to {}", gap.first, gap.last)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(first: i32, last: i32) -> IdRange {
        IdRange::new(MessageId(first), MessageId(last)).unwrap()
    }

    fn certificate() -> Certificate {
        Certificate {
            account: AccountName::main(),
            chat: PeerId(-100),
            title: "Tapes".into(),
            at: Timestamp::UNIX_EPOCH,
            newest: MessageId(20_000),
            read: vec![stretch(1, 6), stretch(8, 20_000)],
            gaps: vec![IdRange::of(MessageId(7))],
            ids: 20_000,
            proven: 19_999,
            share: 19_999.0 / 20_000.0,
            held: 900,
            deleted: 3,
            loose: 0,
            removed: 40,
            skipped: BTreeMap::from([("topic 4".to_owned(), 12)]),
            unreadable: vec![Unreadable {
                id: MessageId(9),
                reason: "unexpected constructor".into(),
                attempts: 2,
            }],
            not_shown: 19_047,
        }
    }

    #[test]
    fn what_is_not_whole_is_never_shown_as_whole() {
        assert_eq!(certificate().percent(), 99.99);
        let nearly = Certificate { share: 0.999_999, ..certificate() };
        assert_eq!(nearly.percent(), 99.99);
        assert_eq!(Certificate { share: 1.0, ..certificate() }.percent(), 100.0);
    }

    #[test]
    fn certificates_read_as_text() {
        insta::assert_snapshot!(certificate().to_string(), @r"
        Tapes (-100) of the account main, at 1970-01-01T00:00:00Z
        99.99 % proven: of the message numbers 1 to 20000, 19999 were read whole
        read whole: 1 to 6, 8 to 20000
        900 messages are here, of which Telegram has deleted 3
        19047 numbers stand for no message that this account is shown
        40 were removed here
        12 were left out: topic 4
        message 9 cannot be read: unexpected constructor
        nothing is known of 7 to 7
        ");
    }

    #[test]
    fn many_stretches_are_named_in_part() {
        let read: Vec<IdRange> = (0..15).map(|number| stretch(10 * number + 1, 10 * number + 1)).collect();
        let told = Certificate { read, ..certificate() }.to_string();
        assert!(told.contains("read whole: 1, 11, 21, ") && told.contains(", 111, and 3 more\n"), "{told}");
    }
}
