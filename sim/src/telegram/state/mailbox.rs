//! What one account has: its messages with users and basic groups, and its list of chats.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use grammers_tl_types as tl;

use super::{History, Peer, Reactor, blank};

/// The messages and the chat list of one account.
///
/// Messages with users, bots, oneself and basic groups share one sequence of ids, and each
/// account has its own copy of them. Channels keep theirs; here is only where one stands in them.
#[derive(Clone, Debug, Default)]
pub struct Mailbox {
    pub histories: BTreeMap<Peer, History>,
    /// Which history has a stored message. Generated ones are found by their range.
    homes: HashMap<i32, Peer>,
    /// The same message in other boxes has the same number here.
    pub(crate) twins: HashMap<i32, u64>,
    pub reactors: BTreeMap<i32, Vec<Reactor>>,
    pub last_id: i32,
    /// The chat list, by chat. In which order is decided by the newest messages.
    pub talks: BTreeMap<Peer, Talk>,
    /// Pinned chats, topmost first: of the main list, and of the archive.
    pub pinned: [Vec<Peer>; 2],
    /// Folders, in order.
    pub filters: Vec<tl::enums::DialogFilter>,
    /// Contacts, and whether it is mutual.
    pub contacts: BTreeMap<i64, bool>,
    /// What was sent under a random id, so that it is not sent twice.
    pub(crate) random_ids: HashMap<i64, (Peer, i32)>,
    /// Running takeouts.
    pub takeouts: BTreeSet<i64>,
    /// When the next takeout may begin.
    pub takeout_after: i32,
}

/// One chat of the list, and where its owner stands in it.
#[derive(Clone, Debug)]
pub struct Talk {
    /// 0: the main list; 1: the archive.
    pub folder: i32,
    pub read_inbox: i32,
    pub read_outbox: i32,
    pub is_marked_unread: bool,
    /// Unread messages that mention the owner.
    pub mentions: BTreeSet<i32>,
    /// The owner's messages with unread reactions.
    pub new_reactions: BTreeSet<i32>,
    pub draft: Option<tl::enums::DraftMessage>,
    pub notify: tl::enums::PeerNotifySettings,
    pub shows_topics_as_messages: bool,
    /// Read up to here, by topic.
    pub topics: BTreeMap<i32, i32>,
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            folder: 0,
            read_inbox: 0,
            read_outbox: 0,
            is_marked_unread: false,
            mentions: BTreeSet::new(),
            new_reactions: BTreeSet::new(),
            draft: None,
            notify: blank::notify_settings(),
            shows_topics_as_messages: false,
            topics: BTreeMap::new(),
        }
    }
}

impl Mailbox {
    /// Puts a generated history into the box; its ids must be free.
    pub fn set_history(&mut self, peer: Peer, history: History) {
        self.last_id = self.last_id.max(history.top());
        self.histories.insert(peer, history);
        self.talks.entry(peer).or_default();
    }

    /// Puts a message into a chat, under the id that it has.
    pub fn insert(&mut self, peer: Peer, message: tl::enums::Message) {
        let id = message.id();
        self.last_id = self.last_id.max(id);
        self.homes.insert(id, peer);
        self.talks.entry(peer).or_default();
        self.histories.entry(peer).or_default().insert(message);
    }

    /// The chat that a message of the box is in.
    pub fn home(&self, id: i32) -> Option<Peer> {
        if let Some(peer) = self.homes.get(&id) {
            return Some(*peer);
        }
        let mut made = self.histories.iter().filter(|(_, history)| history.generated_ids().is_some());
        made.find(|(_, history)| history.has(id)).map(|(peer, _)| *peer)
    }

    /// Takes a message out, and says where it was.
    pub fn remove(&mut self, id: i32) -> Option<Peer> {
        let peer = self.home(id)?;
        self.homes.remove(&id);
        self.twins.remove(&id);
        self.reactors.remove(&id);
        self.histories.get_mut(&peer)?.remove(id).then_some(peer)
    }

    pub(crate) fn next_id(&mut self) -> i32 {
        self.last_id += 1;
        self.last_id
    }
}
