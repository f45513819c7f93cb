//! A folder of chats, as somebody has made it in an app.

use serde::{Deserialize, Serialize};

use super::{ChatKind, PeerId};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FolderRecord {
    pub id: i32,
    pub title: String,
    pub emoticon: Option<String>,
    /// Chats that are in it always, in this order; the pinned ones first.
    pub included: Vec<PeerId>,
    pub pinned: Vec<PeerId>,
    pub excluded: Vec<PeerId>,
    /// Kinds of chats that are in it by themselves.
    pub kinds: Vec<ChatKind>,
    pub has_contacts: bool,
    pub has_non_contacts: bool,
    pub excludes_archived: bool,
    pub excludes_muted: bool,
    pub excludes_read: bool,
}

/// What decides whether a chat is in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderFacts {
    pub chat: PeerId,
    pub kind: ChatKind,
    /// Ourselves count as one.
    pub is_contact: bool,
    pub is_archived: bool,
}

impl FolderRecord {
    /// Chosen chats are always in it, then those that were taken out never are, then kinds decide.
    /// Whether a chat is muted or read changes by the hour and is left out of it.
    pub fn holds(&self, facts: FolderFacts) -> bool {
        if self.pinned.contains(&facts.chat) || self.included.contains(&facts.chat) {
            return true;
        }
        if self.excluded.contains(&facts.chat) || (self.excludes_archived && facts.is_archived) {
            return false;
        }
        match facts.kind {
            ChatKind::Private if facts.is_contact => self.has_contacts,
            ChatKind::Private => self.has_non_contacts,
            kind => self.kinds.contains(&kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(chat: i64, kind: ChatKind) -> FolderFacts {
        FolderFacts { chat: PeerId(chat), kind, is_contact: false, is_archived: false }
    }

    #[test]
    fn chosen_chats_win_over_kinds() {
        let folder = FolderRecord {
            included: vec![PeerId(1)],
            excluded: vec![PeerId(2), PeerId(1)],
            kinds: vec![ChatKind::Group],
            has_contacts: true,
            excludes_archived: true,
            ..FolderRecord::default()
        };
        let archived = |facts| FolderFacts { is_archived: true, ..facts };
        let contact = |facts| FolderFacts { is_contact: true, ..facts };
        assert!(folder.holds(archived(facts(1, ChatKind::Private))));
        assert!(!folder.holds(facts(2, ChatKind::Group)));
        assert!(folder.holds(facts(3, ChatKind::Group)));
        assert!(!folder.holds(archived(facts(3, ChatKind::Group))));
        assert!(!folder.holds(facts(4, ChatKind::Channel)));
        assert!(folder.holds(contact(facts(5, ChatKind::Private))));
        assert!(!folder.holds(facts(5, ChatKind::Private)));
    }
}
