use grammers_tl_types::{self as tl, functions as f};
use tl::enums::ChannelParticipantsFilter as Filter;

use super::{Caller, Refusal, answers, dialogs, inputs, paging::hash_of};
use crate::telegram::{Channel, Member, Peer, Profile, Role, Seen, Telegram, all_rights, blank};

pub(super) fn get_chats(
    t: &mut Telegram,
    caller: &Caller,
    call: f::messages::GetChats,
) -> Result<tl::enums::messages::Chats, Refusal> {
    let me = caller.me()?;
    if call.id.iter().any(|id| !t.groups.contains_key(id)) {
        return Err(inputs::CHAT_ID_INVALID);
    }
    let chats = call.id.iter().map(|id| t.group_for(me, *id)).collect();
    Ok(tl::types::messages::Chats { chats }.into())
}

fn photo_of(t: &Telegram, profile: &Profile) -> Option<tl::enums::Photo> {
    let photo = t.files.get(*profile.photos.first()?)?;
    t.files.photo(&photo).map(Into::into)
}

pub(super) fn get_full_chat(
    t: &mut Telegram,
    caller: &Caller,
    call: f::messages::GetFullChat,
) -> Result<tl::enums::messages::ChatFull, Refusal> {
    let me = caller.me()?;
    let group = t.groups.get(&call.chat_id).ok_or(inputs::CHAT_ID_INVALID)?;
    let mut seen = Seen::default();
    seen.peer(Peer::Group(call.chat_id));
    let participants: tl::enums::ChatParticipants = if group.has(me) {
        let members = group.members.iter().filter(|(_, member)| member.is_in());
        let participants = members.map(|(user, member)| {
            seen.users.insert(*user);
            participant(*user, member)
        });
        let participants = participants.collect();
        tl::types::ChatParticipants { chat_id: call.chat_id, participants, version: group.chat.version }
            .into()
    } else {
        tl::types::ChatParticipantsForbidden { chat_id: call.chat_id, self_participant: None }.into()
    };
    let mut full = blank::group_full(call.chat_id, &group.profile.about, participants);
    full.chat_photo = photo_of(t, &group.profile);
    let peer = Peer::Group(call.chat_id);
    full.pinned_msg_id = t.history(me, peer).and_then(|history| history.pinned().first().copied());
    let (chats, users) = t.people(me, &seen);
    Ok(tl::types::messages::ChatFull { full_chat: full.into(), chats, users }.into())
}

fn participant(user_id: i64, member: &Member) -> tl::enums::ChatParticipant {
    let (inviter_id, date, rank) = (member.inviter, member.since, member.rank.clone());
    match member.role {
        Role::Creator => tl::types::ChatParticipantCreator { user_id, rank }.into(),
        Role::Admin => tl::types::ChatParticipantAdmin { user_id, inviter_id, date, rank }.into(),
        _ => tl::types::ChatParticipant { user_id, inviter_id, date, rank }.into(),
    }
}

pub(super) fn get_channels(
    t: &mut Telegram,
    caller: &Caller,
    call: f::channels::GetChannels,
) -> Result<tl::enums::messages::Chats, Refusal> {
    let me = caller.me()?;
    let mut chats = Vec::new();
    for input in &call.id {
        match inputs::channel(t, me, input) {
            Ok(id) => chats.push(t.channel_for(me, id)),
            // One may ask what became of a channel that one was thrown out of.
            Err(refusal) if refusal == inputs::CHANNEL_PRIVATE && call.id.len() == 1 => return Err(refusal),
            Err(refusal) if refusal == inputs::CHANNEL_PRIVATE => {
                if let tl::enums::InputChannel::Channel(channel) = input {
                    chats.push(t.channel_for(me, channel.channel_id));
                }
            }
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(tl::types::messages::Chats { chats }.into())
}

pub(super) fn get_full_channel(
    t: &mut Telegram,
    caller: &Caller,
    call: f::channels::GetFullChannel,
) -> Result<tl::enums::messages::ChatFull, Refusal> {
    let me = caller.me()?;
    let id = inputs::channel(t, me, &call.channel)?;
    let channel: &Channel = t.channels.get(&id).ok_or(inputs::CHANNEL_INVALID)?;
    let talk = t
        .boxes
        .get(&me)
        .and_then(|mailbox| mailbox.talks.get(&Peer::Channel(id)))
        .cloned()
        .unwrap_or_default();
    let mut full = blank::channel_full(id, &channel.profile.about);
    full.can_view_participants = !channel.chat.broadcast;
    full.participants_count = Some(channel.member_count());
    full.admins_count =
        Some(answers::count(channel.members.values().filter(|member| member.is_admin()).count()));
    full.read_inbox_max_id = talk.read_inbox;
    full.read_outbox_max_id = talk.read_outbox;
    full.unread_count = dialogs::unread_count(t, me, Peer::Channel(id), &talk);
    full.notify_settings = talk.notify;
    full.folder_id = (talk.folder != 0).then_some(talk.folder);
    full.linked_chat_id = channel.linked;
    full.pts = channel.pts;
    full.pinned_msg_id = channel.history.pinned().first().copied();
    if let Some(photo) = photo_of(t, &channel.profile) {
        full.chat_photo = photo;
    }
    if let Some((group, max_id)) = channel.migrated_from {
        full.migrated_from_chat_id = Some(group);
        full.migrated_from_max_id = Some(max_id);
    }
    full.available_reactions = Some(tl::types::ChatReactionsAll { allow_custom: true }.into());
    let mut seen = Seen::default();
    seen.peer(Peer::Channel(id));
    seen.channels.extend(channel.linked);
    seen.groups.extend(channel.migrated_from.map(|(group, _)| group));
    let (chats, users) = t.people(me, &seen);
    Ok(tl::types::messages::ChatFull { full_chat: full.into(), chats, users }.into())
}

fn channel_participant(me: i64, user_id: i64, member: &Member) -> tl::enums::ChannelParticipant {
    let (inviter_id, date, rank) = (member.inviter, member.since, member.rank.clone());
    match member.role {
        Role::Creator => {
            tl::types::ChannelParticipantCreator { user_id, admin_rights: all_rights().into(), rank }.into()
        }
        Role::Admin => tl::types::ChannelParticipantAdmin {
            can_edit: false,
            is_self: user_id == me,
            user_id,
            inviter_id: (user_id == me).then_some(inviter_id),
            promoted_by: inviter_id,
            date,
            admin_rights: all_rights().into(),
            rank,
        }
        .into(),
        Role::Plain if user_id == me => tl::types::ChannelParticipantSelf {
            via_request: false,
            user_id,
            inviter_id,
            date,
            subscription_until_date: None,
            rank,
        }
        .into(),
        Role::Plain => {
            tl::types::ChannelParticipant { user_id, date, subscription_until_date: None, rank }.into()
        }
        Role::Left => tl::types::ChannelParticipantLeft { peer: Peer::User(user_id).tl() }.into(),
        Role::Banned => {
            let banned_rights = tl::types::ChatBannedRights { view_messages: true, ..blank::banned_rights() };
            tl::types::ChannelParticipantBanned {
                left: true,
                peer: Peer::User(user_id).tl(),
                kicked_by: inviter_id,
                date,
                banned_rights: banned_rights.into(),
                rank,
            }
            .into()
        }
    }
}

fn is_named(t: &Telegram, user: i64, query: &str) -> bool {
    let Some(user) = t.users.get(&user) else { return false };
    let names = [&user.first_name, &user.last_name, &user.username];
    let query = query.to_lowercase();
    names.into_iter().flatten().any(|name| name.to_lowercase().contains(&query))
}

pub(super) fn get_participants(
    t: &mut Telegram,
    caller: &Caller,
    call: f::channels::GetParticipants,
) -> Result<tl::enums::channels::ChannelParticipants, Refusal> {
    let me = caller.me()?;
    let id = inputs::channel(t, me, &call.channel)?;
    let channel = t.channels.get(&id).ok_or(inputs::CHANNEL_INVALID)?;
    let is_admin = channel.members.get(&me).is_some_and(Member::is_admin);
    let needs_admin =
        matches!(call.filter, Filter::ChannelParticipantsKicked(_) | Filter::ChannelParticipantsBanned(_));
    if !is_admin && (channel.chat.broadcast || needs_admin) {
        return Err(Refusal::new(400, "CHAT_ADMIN_REQUIRED"));
    }
    let contacts = t.boxes.get(&me).map(|mailbox| &mailbox.contacts);
    let is_wanted = |user: i64, member: &Member| match &call.filter {
        Filter::ChannelParticipantsRecent => member.is_in(),
        Filter::ChannelParticipantsAdmins => member.is_admin(),
        Filter::ChannelParticipantsKicked(filter) => {
            member.role == Role::Banned && is_named(t, user, &filter.q)
        }
        Filter::ChannelParticipantsBanned(filter) => {
            member.role == Role::Banned && is_named(t, user, &filter.q)
        }
        Filter::ChannelParticipantsBots => member.is_in() && t.users.get(&user).is_some_and(|user| user.bot),
        Filter::ChannelParticipantsSearch(filter) => member.is_in() && is_named(t, user, &filter.q),
        Filter::ChannelParticipantsContacts(filter) => {
            member.is_in()
                && contacts.is_some_and(|contacts| contacts.contains_key(&user))
                && is_named(t, user, &filter.q)
        }
        Filter::ChannelParticipantsMentions(filter) => {
            member.is_in() && is_named(t, user, filter.q.as_deref().unwrap_or_default())
        }
    };
    let mut wanted: Vec<_> =
        channel.members.iter().filter(|(user, member)| is_wanted(**user, member)).collect();
    wanted.sort_by_key(|(user, member)| (std::cmp::Reverse(member.since), **user));
    let count = match call.filter {
        Filter::ChannelParticipantsRecent => channel.member_count(),
        _ => answers::count(wanted.len()),
    };
    let skipped = usize::try_from(call.offset).unwrap_or(0);
    let limit = usize::try_from(call.limit.clamp(0, 200)).unwrap_or(0);
    let part: Vec<_> = wanted.into_iter().skip(skipped).take(limit).collect();
    if call.hash != 0 && call.hash == hash_of(part.iter().map(|(user, _)| **user)) {
        return Ok(tl::enums::channels::ChannelParticipants::NotModified);
    }
    let mut seen = Seen::default();
    seen.peer(Peer::Channel(id));
    seen.users.extend(part.iter().map(|(user, _)| **user));
    let participants =
        part.into_iter().map(|(user, member)| channel_participant(me, *user, member)).collect();
    let (chats, users) = t.people(me, &seen);
    Ok(tl::types::channels::ChannelParticipants { count, participants, chats, users }.into())
}

pub(super) fn get_participant(
    t: &mut Telegram,
    caller: &Caller,
    call: f::channels::GetParticipant,
) -> Result<tl::enums::channels::ChannelParticipant, Refusal> {
    let me = caller.me()?;
    let id = inputs::channel(t, me, &call.channel)?;
    let Peer::User(user) = inputs::peer(t, me, &call.participant)? else {
        return Err(Refusal::new(400, "PARTICIPANT_ID_INVALID"));
    };
    let channel = t.channels.get(&id).ok_or(inputs::CHANNEL_INVALID)?;
    let member = channel.members.get(&user).ok_or(Refusal::new(400, "USER_NOT_PARTICIPANT"))?;
    let participant = channel_participant(me, user, member);
    let mut seen = Seen::default();
    seen.peer(Peer::Channel(id));
    seen.peer(Peer::User(user));
    let (chats, users) = t.people(me, &seen);
    Ok(tl::types::channels::ChannelParticipant { participant, chats, users }.into())
}

pub(super) fn join_channel(
    t: &mut Telegram,
    caller: &Caller,
    call: f::channels::JoinChannel,
) -> Result<tl::enums::messages::ChatInviteJoinResult, Refusal> {
    let me = caller.me()?;
    let id = inputs::channel(t, me, &call.channel)?;
    if t.channels.get(&id).is_some_and(|channel| channel.has(me)) {
        return Err(Refusal::new(400, "USER_ALREADY_PARTICIPANT"));
    }
    t.join(Peer::Channel(id), me);
    let updates = answers::updates(t, me, vec![tl::types::UpdateChannel { channel_id: id }.into()]);
    Ok(tl::types::messages::ChatInviteJoinResultOk { updates }.into())
}

pub(super) fn leave_channel(
    t: &mut Telegram,
    caller: &Caller,
    call: f::channels::LeaveChannel,
) -> Result<tl::enums::Updates, Refusal> {
    let me = caller.me()?;
    let id = inputs::channel(t, me, &call.channel)?;
    if !t.channels.get(&id).is_some_and(|channel| channel.has(me)) {
        return Err(Refusal::new(400, "USER_NOT_PARTICIPANT"));
    }
    t.leave(Peer::Channel(id), me, Role::Left);
    Ok(answers::updates(t, me, vec![tl::types::UpdateChannel { channel_id: id }.into()]))
}

/// Channels that one was in; only an export may ask.
pub(super) fn get_left_channels(
    t: &mut Telegram,
    caller: &Caller,
    call: f::channels::GetLeftChannels,
) -> Result<tl::enums::messages::Chats, Refusal> {
    let me = caller.me()?;
    if caller.takeout.is_none() {
        return Err(super::takeout::REQUIRED);
    }
    let was_in =
        |channel: &&Channel| channel.members.get(&me).is_some_and(|member| member.role == Role::Left);
    let skipped = usize::try_from(call.offset).unwrap_or(0);
    let left = t.channels.values().filter(was_in).skip(skipped).take(100);
    let chats = left.map(|channel| t.channel_for(me, channel.chat.id)).collect();
    Ok(tl::types::messages::Chats { chats }.into())
}
