//! Basic groups, and channels (which supergroups and forums are too).

use std::collections::BTreeMap;

use grammers_tl_types as tl;

use super::{History, Logged, Peer, Profile, blank};

/// A basic group. Its messages are in the boxes of its members.
#[derive(Clone, Debug)]
pub struct Group {
    /// As a stranger sees it.
    pub chat: tl::types::Chat,
    pub profile: Profile,
    pub members: BTreeMap<i64, Member>,
    /// The supergroup it became.
    pub migrated_to: Option<i64>,
}

/// A channel, a supergroup or a forum. It has a history and numbers of its own.
#[derive(Clone, Debug)]
pub struct Channel {
    /// As a stranger sees it.
    pub chat: tl::types::Channel,
    pub profile: Profile,
    pub members: BTreeMap<i64, Member>,
    /// Members that are counted, and never listed.
    pub more_members: i32,
    pub history: History,
    /// Topics of a forum, by the id of the message that opened them. The general one has id 1.
    pub topics: BTreeMap<i32, tl::types::ForumTopic>,
    /// Who sent what, where the message does not say.
    pub authors: BTreeMap<i32, i64>,
    pub reactors: BTreeMap<i32, Vec<Reactor>>,
    /// The group where posts are discussed, or the channel that this group discusses.
    pub linked: Option<i64>,
    /// The basic group that it was, and the last id it had there.
    pub migrated_from: Option<(i64, i32)>,
    /// How many numbered changes there were.
    pub pts: i32,
    /// Numbered changes, oldest first. What is taken away is too long ago to be asked for.
    pub log: Vec<Logged>,
    pub last_id: i32,
}

/// Somebody's place in a group or channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub role: Role,
    pub inviter: i64,
    pub since: i32,
    pub rank: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Creator,
    Admin,
    Plain,
    /// Was there, and went.
    Left,
    Banned,
}

/// Somebody's reaction to a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Reactor {
    pub peer: Peer,
    pub reaction: tl::enums::Reaction,
    pub date: i32,
    pub is_big: bool,
}

impl Member {
    pub fn new(role: Role, since: i32) -> Self {
        Self { role, inviter: 0, since, rank: None }
    }

    /// Takes part: has not left, and is not banned.
    pub fn is_in(&self) -> bool {
        matches!(self.role, Role::Creator | Role::Admin | Role::Plain)
    }

    pub fn is_admin(&self) -> bool {
        matches!(self.role, Role::Creator | Role::Admin)
    }
}

impl Group {
    pub fn new(id: i64, title: &str, date: i32) -> Self {
        Self {
            chat: blank::group(id, title, date),
            profile: Profile::default(),
            members: BTreeMap::new(),
            migrated_to: None,
        }
    }

    pub fn has(&self, user: i64) -> bool {
        self.members.get(&user).is_some_and(Member::is_in)
    }
}

impl Channel {
    pub fn new(id: i64, title: &str, date: i32) -> Self {
        Self {
            chat: blank::channel(id, title, date),
            profile: Profile::default(),
            members: BTreeMap::new(),
            more_members: 0,
            history: History::default(),
            topics: BTreeMap::new(),
            authors: BTreeMap::new(),
            reactors: BTreeMap::new(),
            linked: None,
            migrated_from: None,
            pts: 1,
            log: Vec::new(),
            last_id: 0,
        }
    }

    /// Puts a generated history in the place of the stored one.
    pub fn set_history(&mut self, history: History) {
        self.last_id = history.top().max(self.last_id);
        self.history = history;
    }

    pub fn has(&self, user: i64) -> bool {
        self.members.get(&user).is_some_and(Member::is_in)
    }

    pub fn is_public(&self) -> bool {
        self.chat.username.is_some()
    }

    pub fn member_count(&self) -> i32 {
        let listed = self.members.values().filter(|member| member.is_in()).count();
        i32::try_from(listed).unwrap_or(i32::MAX).saturating_add(self.more_members)
    }

    /// Forgets all changes but the newest: who missed more is told that it is too much.
    pub fn trim_log(&mut self, keep: usize) {
        self.log.drain(..self.log.len().saturating_sub(keep));
    }

    pub(crate) fn next_id(&mut self) -> i32 {
        self.last_id += 1;
        self.last_id
    }
}
