use grammers_tl_types::{self as tl, functions::contacts as f};

use super::{Caller, Refusal, answers, inputs, paging::hash_of};
use crate::telegram::{Peer, Seen, Telegram};

fn has_name(username: Option<&String>, usernames: Option<&Vec<tl::enums::Username>>, wanted: &str) -> bool {
    let more = usernames.into_iter().flatten().map(|tl::enums::Username::Username(name)| &name.username);
    username.into_iter().chain(more).any(|name| name.eq_ignore_ascii_case(wanted))
}

pub(super) fn resolve_username(
    t: &mut Telegram,
    caller: &Caller,
    call: f::ResolveUsername,
) -> Result<tl::enums::contacts::ResolvedPeer, Refusal> {
    let me = caller.me()?;
    let name = call.username.trim_start_matches('@');
    let is_allowed = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    if name.is_empty() || !name.chars().all(is_allowed) {
        return Err(Refusal::new(400, "USERNAME_INVALID"));
    }
    let user = t.users.values().find(|user| has_name(user.username.as_ref(), user.usernames.as_ref(), name));
    let channel = t.channels.values().map(|channel| &channel.chat);
    let mut channel = channel.filter(|chat| has_name(chat.username.as_ref(), chat.usernames.as_ref(), name));
    let peer = match (user, channel.next()) {
        (Some(user), _) => Peer::User(user.id),
        (None, Some(channel)) => Peer::Channel(channel.id),
        (None, None) => return Err(Refusal::new(400, "USERNAME_NOT_OCCUPIED")),
    };
    let mut seen = Seen::default();
    seen.peer(peer);
    let (chats, users) = t.people(me, &seen);
    Ok(tl::types::contacts::ResolvedPeer { peer: peer.tl(), chats, users }.into())
}

pub(super) fn get_contacts(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetContacts,
) -> Result<tl::enums::contacts::Contacts, Refusal> {
    let me = caller.me()?;
    let contacts = t.boxes.get(&me).map(|mailbox| mailbox.contacts.clone()).unwrap_or_default();
    let saved_count = answers::count(contacts.len());
    let numbers = std::iter::once(i64::from(saved_count)).chain(contacts.keys().copied());
    if call.hash != 0 && call.hash == hash_of(numbers) {
        return Ok(tl::enums::contacts::Contacts::NotModified);
    }
    let users = contacts.keys().map(|id| t.user_for(me, *id)).collect();
    let contact = |(user_id, mutual): (i64, bool)| tl::types::Contact { user_id, mutual }.into();
    let contacts = contacts.into_iter().map(contact).collect();
    Ok(tl::types::contacts::Contacts { contacts, saved_count, users }.into())
}

pub(super) fn search(
    t: &mut Telegram,
    caller: &Caller,
    call: f::Search,
) -> Result<tl::enums::contacts::Found, Refusal> {
    let me = caller.me()?;
    let query = call.q.trim().trim_start_matches('@').to_lowercase();
    if query.is_empty() {
        return Err(Refusal::new(400, "SEARCH_QUERY_EMPTY"));
    }
    let limit = usize::try_from(call.limit.clamp(0, 100)).unwrap_or(0);
    let holds =
        |text: &Option<String>| text.as_ref().is_some_and(|text| text.to_lowercase().contains(&query));
    let mailbox = t.boxes.get(&me);
    let is_mine = |peer: &Peer| {
        mailbox.is_some_and(|mailbox| {
            mailbox.talks.contains_key(peer)
                || mailbox.contacts.contains_key(&peer.id()) && matches!(peer, Peer::User(_))
        })
    };
    let users = t.users.values().map(|user| {
        let by_name = holds(&user.first_name) || holds(&user.last_name);
        (Peer::User(user.id), by_name, holds(&user.username))
    });
    let channels = t.channels.values().map(|channel| {
        let chat = &channel.chat;
        (Peer::Channel(chat.id), holds(&Some(chat.title.clone())), holds(&chat.username))
    });
    let groups = t.groups.values().filter(|group| group.has(me));
    let groups =
        groups.map(|group| (Peer::Group(group.chat.id), holds(&Some(group.chat.title.clone())), false));
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for (peer, by_name, by_username) in users.chain(groups).chain(channels) {
        if is_mine(&peer) && (by_name || by_username) {
            mine.push(peer);
        } else if by_username {
            others.push(peer);
        }
    }
    mine.truncate(limit);
    others.truncate(limit);
    let mut seen = Seen::default();
    mine.iter().chain(&others).for_each(|peer| seen.peer(*peer));
    let (chats, users) = t.people(me, &seen);
    let tl_of = |peers: Vec<Peer>| peers.into_iter().map(Peer::tl).collect();
    Ok(tl::types::contacts::Found { my_results: tl_of(mine), results: tl_of(others), chats, users }.into())
}

pub(super) fn resolve_phone(
    t: &mut Telegram,
    caller: &Caller,
    call: f::ResolvePhone,
) -> Result<tl::enums::contacts::ResolvedPeer, Refusal> {
    let me = caller.me()?;
    let phone = call.phone.trim_start_matches('+');
    let account = t.accounts.iter().find(|(_, account)| account.phone == phone).map(|(user, _)| *user);
    let user = t.users.values().find(|user| user.phone.as_deref() == Some(phone)).map(|user| user.id);
    let id = account.or(user).ok_or(Refusal::new(400, "PHONE_NOT_OCCUPIED"))?;
    let users = vec![t.user_seen_by(me, id).ok_or(inputs::USER_ID_INVALID)?];
    Ok(tl::types::contacts::ResolvedPeer { peer: Peer::User(id).tl(), chats: Vec::new(), users }.into())
}
