//! Puts a plan into the state: people, chats, and where the account stands in each.

use std::sync::Arc;

use grammers_tl_types::{enums, types};

use super::{
    Recipe,
    dice::Dice,
    media::{Kind, Made},
    message::{TOPICS, topic_title},
    people::{ME, name, phone, username},
    plan::{ChatKind, Plan, PlannedChat},
    source::{Chat, Drawer},
};
use crate::telegram::state::{Channel, Group, History, Member, Peer, Profile, Role, Telegram, blank, digits};

/// Above everybody who takes part in the chats.
const FIRST_ACCOUNT: i64 = 1_800_000;

/// Fills a Telegram with the world of a recipe, and its account.
pub fn fill(t: &mut Telegram, recipe: &Recipe) -> Arc<Plan> {
    let plan = Arc::new(Plan::new(recipe));
    t.add_account(ME, "", &recipe.phone, recipe.home_dc);
    for id in plan.cast.people() {
        add_person(t, id, recipe.until);
    }
    t.files.add_shelf(Arc::new(Drawer { date: plan.chats[0].since }));
    for number in 0..plan.chats.len() {
        add_chat(t, &plan, number);
    }
    stand(t, &plan);
    plan
}

/// More accounts in a world that was filled, by phone number: the account's own with more added to
/// it. They are in the first supergroup.
pub fn add_accounts(t: &mut Telegram, plan: &Plan, count: u32) -> Vec<String> {
    let group = plan.chats.iter().find(|chat| chat.kind == ChatKind::Supergroup);
    let first: i64 = digits(&plan.recipe.phone).parse().unwrap_or_default();
    let add = |number: u32| {
        let (id, phone) = (FIRST_ACCOUNT + i64::from(number), format!("+{}", first + i64::from(number)));
        t.add_account(id, &format!("Guest {number}"), &phone, plan.recipe.home_dc);
        if let Some((group, known)) = group.and_then(|group| Some((group, t.channels.get_mut(&group.id)?))) {
            known.members.insert(id, Member::new(Role::Plain, group.since));
            t.mailbox(id).talks.entry(Peer::Channel(group.id)).or_default();
        }
        phone
    };
    (1..=count).map(add).collect()
}

fn add_person(t: &mut Telegram, id: i64, now: i32) {
    let (first, last) = name(id);
    let mut dice = Dice::at(5, &[id]);
    let user = t.add_user(id, first);
    user.last_name = last.map(str::to_owned);
    user.username = username(id);
    user.phone = (id != ME).then(|| phone(id));
    user.premium = dice.one_in(4);
    user.status = Some(match dice.below(4) {
        0 => types::UserStatusOffline { was_online: now - dice.between(60, 90_000) }.into(),
        1 => types::UserStatusRecently { by_me: false }.into(),
        2 => types::UserStatusLastWeek { by_me: false }.into(),
        _ => types::UserStatusOnline { expires: now + 300 }.into(),
    });
    let photos = if id == ME || dice.one_in(2) { vec![face(id)] } else { Vec::new() };
    let about = if dice.one_in(3) { "Tapes, mostly.".to_owned() } else { String::new() };
    t.profiles.insert(id, Profile { about, photos, music: Vec::new() });
    if id != ME && dice.one_in(3) {
        t.add_contact(ME, id, dice.one_in(2));
    }
}

fn face(of: i64) -> i64 {
    Made::new(Kind::Face, of.cast_unsigned()).id()
}

fn add_chat(t: &mut Telegram, plan: &Arc<Plan>, number: usize) {
    let chat = &plan.chats[number];
    let history = History::generated(Arc::new(Chat { plan: plan.clone(), number }));
    match chat.kind {
        ChatKind::Saved => t.mailbox(ME).set_history(Peer::User(ME), history),
        ChatKind::Private => t.mailbox(ME).set_history(Peer::User(chat.id), history),
        ChatKind::Bot => {
            let user = t.add_user(chat.id, &chat.title);
            user.bot = true;
            user.bot_info_version = Some(1);
            user.username = Some(format!("tape_{}_bot", chat.id));
            t.mailbox(ME).set_history(Peer::User(chat.id), history);
        }
        ChatKind::Group | ChatKind::OldGroup => {
            let mut group = Group::new(chat.id, &chat.title, chat.since);
            group.members = members(chat);
            group.profile.photos = vec![face(chat.id)];
            if chat.kind == ChatKind::OldGroup {
                group.migrated_to = Some(plan.chats[number + 1].id);
            }
            t.groups.insert(chat.id, group);
            t.mailbox(ME).set_history(Peer::Group(chat.id), history);
        }
        _ => {
            let mut channel = Channel::new(chat.id, &chat.title, chat.since);
            channel.chat.broadcast = chat.kind == ChatKind::Channel;
            channel.chat.megagroup = chat.kind != ChatKind::Channel;
            channel.chat.forum = chat.kind == ChatKind::Forum;
            channel.chat.signatures = channel.chat.broadcast;
            channel.chat.username = number.is_multiple_of(3).then(|| format!("tape_chat_{number}"));
            channel.members = members(chat);
            channel.profile = Profile {
                about: format!("{}: everything about it.", chat.title),
                photos: vec![face(chat.id)],
                music: Vec::new(),
            };
            channel.more_members = if channel.chat.broadcast { 1_200 } else { 0 };
            if chat.kind == ChatKind::NewGroup {
                let old = &plan.chats[number - 1];
                channel.migrated_from = Some((old.id, plan.id(number - 1, old.places - 1)));
            }
            if channel.chat.forum {
                add_topics(&mut channel, plan, number);
            }
            channel.set_history(history);
            // As many changes as there are messages: what a client saved before stays below.
            channel.pts = i32::try_from(chat.places).unwrap_or(i32::MAX).saturating_add(1);
            t.channels.insert(chat.id, channel);
            t.mailbox(ME).talks.entry(Peer::Channel(chat.id)).or_default();
        }
    }
}

fn members(chat: &PlannedChat) -> std::collections::BTreeMap<i64, Member> {
    // Channels are somebody else's, groups the account's own in part.
    let creator = if chat.kind == ChatKind::Channel || chat.members.len() < 2 { 1 } else { 0 };
    let creator = chat.members.get(creator).copied().unwrap_or(ME);
    let role = |place: usize, id: i64| match place {
        _ if id == creator => Role::Creator,
        2 => Role::Admin,
        _ => Role::Plain,
    };
    let member = |(place, id): (usize, &i64)| {
        (*id, Member { inviter: creator, ..Member::new(role(place, *id), chat.since) })
    };
    chat.members.iter().enumerate().map(member).collect()
}

fn add_topics(channel: &mut Channel, plan: &Plan, number: usize) {
    let chat = &plan.chats[number];
    let peer = Peer::Channel(chat.id);
    let general = blank::topic(1, "General", chat.since, peer, Peer::User(chat.members[0]));
    channel.topics.insert(1, general);
    for place in (1..=TOPICS).filter(|place| *place < chat.places) {
        let id = plan.id(number, place);
        let from = Peer::User(chat.members[place % chat.members.len()]);
        let title = topic_title(plan, number, place);
        let mut topic = blank::topic(id, &title, plan.date(number, id), peer, from);
        topic.pinned = place == 1;
        topic.closed = place == 4;
        channel.topics.insert(id, topic);
    }
}

/// Where the account stands: what is read, pinned, archived and in folders.
fn stand(t: &mut Telegram, plan: &Plan) {
    let mut dice = Dice::at(plan.recipe.seed, &[0x7374_616e]);
    let mut work = Vec::new();
    for (number, chat) in plan.chats.iter().enumerate() {
        let peer = peer_of(chat);
        let top = if chat.places == 0 { 0 } else { plan.id(number, chat.places - 1) };
        let unread = if dice.one_in(3) { dice.below(8) } else { 0 };
        let read = chat.places.saturating_sub(unread + 1);
        let read = if unread == 0 || chat.places == 0 { top } else { plan.id(number, read) };
        let archived = number > 4 && dice.one_in(6);
        let mailbox = t.mailbox(ME);
        let talk = mailbox.talks.entry(peer).or_default();
        (talk.read_inbox, talk.read_outbox) = (read, top);
        talk.folder = i32::from(archived);
        if !archived && work.len() < 4 && number.is_multiple_of(2) {
            work.push(peer);
        }
    }
    let pinned: Vec<Peer> = plan.chats.iter().take(2).map(peer_of).collect();
    let included = work.iter().map(|peer| input(t, *peer)).collect();
    let mailbox = t.mailbox(ME);
    mailbox.pinned[0] = pinned;
    mailbox.filters = vec![folder(included)];
}

fn folder(include_peers: Vec<enums::InputPeer>) -> enums::DialogFilter {
    types::DialogFilter {
        contacts: false,
        non_contacts: false,
        groups: false,
        broadcasts: true,
        bots: false,
        exclude_muted: false,
        exclude_read: false,
        exclude_archived: true,
        title_noanimate: false,
        id: 2,
        title: blank::text("Tapes"),
        emoticon: Some("📼".into()),
        color: None,
        pinned_peers: Vec::new(),
        include_peers,
        exclude_peers: Vec::new(),
    }
    .into()
}

fn input(t: &Telegram, peer: Peer) -> enums::InputPeer {
    let access_hash = t.access_hash(ME, peer);
    match peer {
        Peer::User(ME) => enums::InputPeer::PeerSelf,
        Peer::User(user_id) => types::InputPeerUser { user_id, access_hash }.into(),
        Peer::Group(chat_id) => types::InputPeerChat { chat_id }.into(),
        Peer::Channel(channel_id) => types::InputPeerChannel { channel_id, access_hash }.into(),
    }
}

/// Where the messages of a planned chat are, as the account knows it.
pub fn peer_of(chat: &PlannedChat) -> Peer {
    match chat.kind {
        ChatKind::Saved | ChatKind::Private | ChatKind::Bot => Peer::User(chat.id),
        ChatKind::Group | ChatKind::OldGroup => Peer::Group(chat.id),
        _ => Peer::Channel(chat.id),
    }
}
