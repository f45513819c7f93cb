//! A page of messages in our own terms, and what the archive is told of it.

use std::collections::HashMap;

use crate::{
    archive::{IdRange, Write},
    model::{Chat, Fetched, Message, MessageId, PeerId, User},
    telegram::{
        convert,
        read::{self, Quarantined},
    },
};

/// The oldest first.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) messages: Vec<Message>,
    /// Telegram has no message of these ids, or does not show it.
    pub(super) missing: Vec<MessageId>,
    pub(super) users: Vec<User>,
    pub(super) chats: Vec<Chat>,
    /// That this version cannot read.
    pub(super) bad: Vec<Quarantined>,
}

impl Page {
    pub(super) fn of(page: read::Page) -> Self {
        let mut it = Self {
            users: page.users.into_iter().map(convert::user).collect(),
            chats: page.chats.into_iter().map(convert::chat).collect(),
            bad: page.quarantined,
            ..Self::default()
        };
        for message in page.messages {
            match convert::fetched(message) {
                Fetched::Message(message) => it.messages.push(*message),
                Fetched::Missing { id, .. } => it.missing.push(id),
            }
        }
        it.messages.sort_by_key(|message| message.id);
        it.bad.sort_by_key(|bad| bad.id);
        it
    }

    pub(super) fn newest(&self) -> Option<MessageId> {
        let read = self.messages.last().map(|message| message.id);
        let bad = self.bad.last().map(|bad| bad.id);
        read.max(bad).max(self.missing.iter().max().copied())
    }

    /// Whose name was what when this was read.
    pub(super) fn names(&self) -> HashMap<PeerId, String> {
        let users = self.users.iter().map(|user| (user.id, user.name()));
        let chats = self.chats.iter().map(|chat| (chat.id, chat.title.clone()));
        users.chain(chats).filter(|(_, name)| !name.is_empty()).collect()
    }
}

/// Who was told of already in this run, so that a hundred pages of the same people are written once.
#[derive(Debug, Default)]
pub(super) struct Known {
    seen: HashMap<PeerId, i64>,
}

impl Known {
    /// The writes for those who are new or look different now.
    pub(super) fn people(&mut self, page: &Page) -> Vec<Write> {
        let mut writes = Vec::new();
        for user in page.users.iter().filter(|user| self.is_new(user.id, fingerprint(user))) {
            writes.push(Write::User(Box::new(user.clone())));
        }
        for chat in page.chats.iter().filter(|chat| self.is_new(chat.id, fingerprint(chat))) {
            writes.push(Write::Chat(Box::new(chat.clone())));
        }
        writes
    }

    pub(super) fn is_new(&mut self, peer: PeerId, fingerprint: i64) -> bool {
        self.seen.insert(peer, fingerprint) != Some(fingerprint)
    }
}

/// One number for something, to notice that it changed.
pub(super) fn fingerprint(of: &impl serde::Serialize) -> i64 {
    let bytes = serde_json::to_vec(of).unwrap_or_default();
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

pub(super) fn message(message: Message, names: &HashMap<PeerId, String>) -> Write {
    let sender_name = sender_of(&message).and_then(|sender| names.get(&sender).cloned());
    Write::Message { message: Box::new(message), sender_name }
}

/// Posts come from the channel; in private chats, what is not ours is theirs.
pub(super) fn sender_of(message: &Message) -> Option<PeerId> {
    let is_theirs = message.marks.is_post || (message.chat.0 > 0 && !message.marks.is_outgoing);
    message.sender.or(is_theirs.then_some(message.chat))
}

/// What lies between `after` and `to`, without the messages that could not be read.
pub(super) fn covered(after: MessageId, to: MessageId, bad: &[Quarantined]) -> Vec<IdRange> {
    let mut ranges = Vec::new();
    let mut next = i64::from(after.0) + 1;
    let mut add = |from: i64, to: i64| {
        let id = |id: i64| i32::try_from(id).ok().map(MessageId);
        ranges.extend(id(from).zip(id(to)).and_then(|(from, to)| IdRange::new(from, to)));
    };
    for bad in bad
        .iter()
        .map(|bad| i64::from(bad.id.0))
        .filter(|id| *id > i64::from(after.0) && *id <= i64::from(to.0))
    {
        add(next, bad - 1);
        next = bad + 1;
    }
    add(next, to.0.into());
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(id: i32) -> Quarantined {
        Quarantined { peer: None, id: MessageId(id), bytes: Vec::new(), reason: String::new() }
    }

    fn ranges(after: i32, to: i32, of: &[i32]) -> Vec<(i32, i32)> {
        let bad: Vec<_> = of.iter().copied().map(bad).collect();
        covered(MessageId(after), MessageId(to), &bad).iter().map(|it| (it.first.0, it.last.0)).collect()
    }

    #[test]
    fn nothing_is_covered_that_could_not_be_read() {
        assert_eq!(ranges(0, 9, &[]), [(1, 9)]);
        assert_eq!(ranges(4, 9, &[5, 7]), [(6, 6), (8, 9)]);
        assert_eq!(ranges(4, 9, &[9]), [(5, 8)]);
        assert_eq!(ranges(4, 5, &[5]), []);
        assert_eq!(ranges(9, 9, &[]), []);
        assert_eq!(ranges(0, i32::MAX, &[i32::MAX]), [(1, i32::MAX - 1)]);
    }
}
