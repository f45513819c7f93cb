//! Chats, people, topics and folders.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tapedeck::{
    archive::{AvatarsOf, ChatFigures, ChatOrder, ChatsPage, StoredChat},
    model::{AccountName, BarePeer, Chat, ChatKind, FolderRecord, MessageId, PeerId, Topic, User},
    telegram::convert,
};
use tapedeck_sim::telegram::{
    Member, Peer, Telegram,
    make::{self, PlannedChat, peer_of},
    tl,
};

use super::Captured;
use crate::worlds::id_of;

/// More than a world has of anything that is asked for at once.
const ALL: usize = 100_000;

impl Captured {
    pub(super) async fn lists_are_as_the_world(&self) {
        let chats = self.chats().await;
        let people = self.people().await;
        self.chats_are_as_the_world(&chats);
        self.planned_chats_are_as_planned(&chats);
        self.people_are_as_the_world(&people);
        self.names_are_as_the_world(&chats, &people).await;
        self.pictures_are_as_the_world(&chats, &people).await;
        self.topics_are_as_the_world().await;
        self.folders_are_as_the_world().await;
    }

    /// Page by page, those that nobody wrote in, too.
    pub(super) async fn chats(&self) -> BTreeMap<PeerId, StoredChat> {
        let mut chats = BTreeMap::new();
        let mut page = ChatsPage { order: ChatOrder::Title, limit: 100, ..ChatsPage::default() };
        loop {
            let found = self.stage.store.chats(page.clone()).await.unwrap();
            let Some(last) = found.last() else { return chats };
            page.after = Some(self.stage.key(last.chat.id));
            for chat in found {
                assert_eq!(chat.account, AccountName::main());
                assert_eq!(chats.insert(chat.chat.id, chat), None, "a chat is there twice");
            }
        }
    }

    pub(super) async fn people(&self) -> BTreeMap<PeerId, User> {
        let account = AccountName::main();
        let ids = self.stage.store.user_ids(account.clone(), None, ALL).await.unwrap();
        let users = self.stage.store.users(account.clone(), ids.clone()).await.unwrap();
        assert_eq!(users.iter().map(|user| user.id).collect::<Vec<_>>(), ids);
        let owner = self.stage.store.owner(account).await.unwrap().expect("somebody's account");
        assert_eq!(owner.id, PeerId::user(self.plan.me()));
        users.into_iter().map(|user| (user.id, user)).collect()
    }

    /// Every one of them, however it became known: from the list, as a sender, from a forward.
    fn chats_are_as_the_world(&self, chats: &BTreeMap<PeerId, StoredChat>) {
        let me = self.plan.me();
        let planned: BTreeSet<PeerId> = self.plan.chats.iter().map(|chat| id_of(peer_of(chat))).collect();
        let met = self.met.lock().unwrap();
        self.stage.scene.telegram(|t| {
            for (id, stored) in chats {
                assert_eq!(stored.chat, shown(t, me, *id));
                if !planned.contains(id) {
                    assert_eq!(stored.figures, ChatFigures::default(), "{id} is only known by name");
                    assert!(!stored.is_archived && !stored.is_pinned && !stored.is_read_to_end);
                }
            }
            let groups = met.seen.groups.iter().map(|id| PeerId::group(*id));
            let channels = met.seen.channels.iter().map(|id| convert::chat(t.channel_for(me, *id)).id);
            for id in planned.iter().copied().chain(groups).chain(channels) {
                assert!(chats.contains_key(&id), "{id} was met and is not there");
            }
        });
    }

    /// By what the plan and the world say, without a word of ours in between.
    fn planned_chats_are_as_planned(&self, chats: &BTreeMap<PeerId, StoredChat>) {
        let me = self.plan.me();
        let (mut archived, mut pinned, mut named) = (0, 0, 0);
        self.stage.scene.telegram(|t| {
            for (place, planned) in self.plan.chats.iter().enumerate() {
                let peer = peer_of(planned);
                let stored = &chats[&id_of(peer)];
                let chat = &stored.chat;
                // One's own chat is called after oneself.
                let title = if peer == Peer::User(me) { "Ann Fletcher" } else { &planned.title };
                assert_eq!((chat.title.as_str(), chat.kind), (title, kind_of(planned)));
                assert_eq!(chat.usernames, username(t, peer).into_iter().collect::<Vec<_>>());
                assert_eq!(chat.participants, participants(t, peer), "{title}");
                assert_eq!(chat.is_forum, planned.kind == make::ChatKind::Forum);
                let moved_to = (planned.kind == make::ChatKind::OldGroup)
                    .then(|| PeerId::channel(self.plan.chats[place + 1].id));
                assert_eq!(chat.moved_to, moved_to);
                let mailbox = &t.boxes[&me];
                assert_eq!(stored.is_archived, mailbox.talks[&peer].folder == 1, "{title}");
                assert_eq!(
                    stored.is_pinned,
                    mailbox.pinned.iter().flatten().any(|it| *it == peer),
                    "{title}"
                );
                let figures = figures(t, me, peer);
                assert_eq!(figures.messages, planned.messages as u64);
                assert_eq!((stored.cursor, stored.is_read_to_end), (figures.newest, true));
                assert_eq!(ChatFigures { files: 0, ..stored.figures.clone() }, figures, "{title}");
                archived += usize::from(stored.is_archived);
                pinned += usize::from(stored.is_pinned);
                named += usize::from(!chat.usernames.is_empty());
            }
        });
        assert!(archived > 0 && pinned > 0 && named > 0);
    }

    fn people_are_as_the_world(&self, people: &BTreeMap<PeerId, User>) {
        let me = self.plan.me();
        let met = self.met.lock().unwrap();
        self.stage.scene.telegram(|t| {
            for (id, user) in people {
                assert_eq!(*user, person(t, me, *id));
                let Some(theirs) = t.users.get(&id.0) else { continue };
                assert_eq!((&user.first_name, &user.last_name), (&theirs.first_name, &theirs.last_name));
                assert_eq!(user.usernames, theirs.username.iter().cloned().collect::<Vec<_>>());
                assert_eq!((user.is_bot, user.is_premium), (theirs.bot, theirs.premium));
                assert_eq!(user.is_contact, t.boxes[&me].contacts.contains_key(&id.0));
            }
        });
        let chats = self.plan.chats.iter().map(|chat| id_of(peer_of(chat))).filter(|id| id.0 > 0);
        for id in met.seen.users.iter().map(|id| PeerId::user(*id)).chain(chats) {
            assert!(people.contains_key(&id), "{id} was met and is not there");
        }
        assert!(people.values().any(|user| user.is_contact) && people.values().any(|user| user.is_bot));
    }

    /// Everybody has had one name so far.
    async fn names_are_as_the_world(
        &self,
        chats: &BTreeMap<PeerId, StoredChat>,
        people: &BTreeMap<PeerId, User>,
    ) {
        let mut expected: BTreeMap<PeerId, BTreeSet<(String, String)>> = BTreeMap::new();
        let mut note = |peer: PeerId, what: &str, value: String| {
            if !value.is_empty() {
                expected.entry(peer).or_default().insert((what.to_owned(), value));
            }
        };
        for Chat { id, title, usernames, photo, .. } in chats.values().map(|stored| &stored.chat) {
            note(*id, "name", title.clone());
            note(*id, "usernames", usernames.join(" "));
            note(*id, "photo", photo.map(|photo| photo.to_string()).unwrap_or_default());
        }
        for user in people.values().filter(|user| !user.is_partial) {
            note(user.id, "name", user.name());
            note(user.id, "usernames", user.usernames.join(" "));
            note(user.id, "phone", user.phone.clone().unwrap_or_default());
            note(user.id, "photo", user.photo.map(|photo| photo.to_string()).unwrap_or_default());
        }
        let peers: BTreeSet<PeerId> = chats.keys().chain(people.keys()).copied().collect();
        let peers: Vec<PeerId> = peers.into_iter().collect();
        let mut found: BTreeMap<PeerId, BTreeSet<(String, String)>> = BTreeMap::new();
        for entry in self.stage.store.histories(AccountName::main(), peers).await.unwrap() {
            let name = (entry.what, entry.value);
            assert!(found.entry(entry.peer).or_default().insert(name), "{} has a name twice", entry.peer);
        }
        assert_eq!(found, expected);
    }

    /// Nobody has fetched them yet, and all of them are known.
    async fn pictures_are_as_the_world(
        &self,
        chats: &BTreeMap<PeerId, StoredChat>,
        people: &BTreeMap<PeerId, User>,
    ) {
        let of_chats = chats.values().filter(|it| it.chat.id.0 < 0).map(|it| (it.chat.id, it.chat.photo));
        let of_people = people.values().map(|user| (user.id, user.photo));
        let all = of_chats.chain(of_people).filter_map(|(id, photo)| Some((id, photo?)));
        let expected: BTreeMap<PeerId, i64> = all.collect();
        let whose = AvatarsOf::Everybody;
        let wanted = self.stage.store.wanted_avatars(AccountName::main(), whose, None, ALL).await.unwrap();
        assert_eq!(wanted, expected.into_iter().collect::<Vec<_>>());
        let has_face = |chat: &&PlannedChat| matches!(peer_of(chat), Peer::Group(_) | Peer::Channel(_));
        for chat in self.plan.chats.iter().filter(has_face) {
            assert!(wanted.iter().any(|(id, _)| *id == id_of(peer_of(chat))), "{}", chat.title);
        }
    }

    async fn topics_are_as_the_world(&self) {
        let mut count = 0;
        for chat in &self.plan.chats {
            let peer = peer_of(chat);
            let found = self.stage.store.topics(self.stage.key(id_of(peer))).await.unwrap();
            let expected = self.stage.scene.telegram(|t| topics(t, self.plan.me(), peer));
            assert_eq!(found, expected, "{}", chat.title);
            count += found.len();
        }
        assert!(count > 1);
    }

    async fn folders_are_as_the_world(&self) {
        let me = self.plan.me();
        let expected: Vec<FolderRecord> = self.stage.scene.telegram(|t| {
            let filters = t.boxes[&me].filters.iter().cloned();
            filters.filter_map(|filter| convert::folder(filter, Some(PeerId::user(me)))).collect()
        });
        let found = self.stage.store.folders(AccountName::main()).await.unwrap();
        assert_eq!(found, expected);
        let [folder] = found.as_slice() else { panic!("there is one") };
        assert_eq!((folder.title.as_str(), folder.emoticon.as_deref()), ("Tapes", Some("📼")));
        assert_eq!((folder.kinds.as_slice(), folder.excludes_archived), (&[ChatKind::Channel][..], true));
        let planned: BTreeSet<PeerId> = self.plan.chats.iter().map(|chat| id_of(peer_of(chat))).collect();
        assert!(folder.included.len() == 4 && folder.included.iter().all(|id| planned.contains(id)));
    }
}

/// As the account sees it.
fn shown(t: &Telegram, me: i64, id: PeerId) -> Chat {
    match id.bare() {
        BarePeer::User(_) => Chat::private(person(t, me, id)),
        BarePeer::Group(id) => convert::chat(t.group_for(me, id)),
        BarePeer::Channel(id) => convert::chat(t.channel_for(me, id)),
    }
}

/// Messages may name people who are nobody.
fn person(t: &Telegram, me: i64, id: PeerId) -> User {
    let nobody = || tl::types::UserEmpty { id: id.0 }.into();
    convert::user(t.user_seen_by(me, id.0).unwrap_or_else(nobody))
}

fn kind_of(chat: &PlannedChat) -> ChatKind {
    match chat.kind {
        make::ChatKind::Saved | make::ChatKind::Private => ChatKind::Private,
        make::ChatKind::Bot => ChatKind::Bot,
        make::ChatKind::Group | make::ChatKind::OldGroup => ChatKind::Group,
        make::ChatKind::NewGroup | make::ChatKind::Supergroup | make::ChatKind::Forum => ChatKind::Supergroup,
        make::ChatKind::Channel => ChatKind::Channel,
    }
}

fn username(t: &Telegram, peer: Peer) -> Option<String> {
    match peer {
        Peer::User(id) => t.users[&id].username.clone(),
        Peer::Group(_) => None,
        Peer::Channel(id) => t.channels[&id].chat.username.clone(),
    }
}

fn participants(t: &Telegram, peer: Peer) -> Option<i32> {
    let count = |members: &BTreeMap<i64, Member>| {
        i32::try_from(members.values().filter(|member| member.is_in()).count()).unwrap()
    };
    match peer {
        Peer::User(_) => None,
        Peer::Group(id) => Some(count(&t.groups[&id].members)),
        Peer::Channel(id) => Some(count(&t.channels[&id].members) + t.channels[&id].more_members),
    }
}

/// Files are counted one by one elsewhere.
fn figures(t: &Telegram, me: i64, peer: Peer) -> ChatFigures {
    let history = t.history(me, peer).expect("it was made");
    let oldest = history.ids_from(0).next().expect("every chat has a message");
    let date = |id| history.date(id).and_then(|date| Timestamp::from_second(date.into()).ok());
    ChatFigures {
        messages: history.len() as u64,
        oldest: Some(MessageId(oldest)),
        newest: Some(MessageId(history.top())),
        first_date: date(oldest),
        last_date: date(history.top()),
        ..ChatFigures::default()
    }
}

/// In the order of their ids.
fn topics(t: &Telegram, me: i64, peer: Peer) -> Vec<Topic> {
    let Peer::Channel(id) = peer else { return Vec::new() };
    let seen = |topic: &tl::types::ForumTopic| {
        let my = Peer::from(&topic.from_id) == Peer::User(me);
        convert::topic(tl::types::ForumTopic { my, ..topic.clone() }.into()).expect("it was not deleted")
    };
    t.channels[&id].topics.values().map(seen).collect()
}
