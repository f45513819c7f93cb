use grammers_tl_types::{self as tl, functions as f};

use super::{Caller, Refusal, answers, inputs};
use crate::telegram::{Peer, Seen, Telegram, blank};

/// In characters, and for subscribers.
const LONGEST_ABOUT: usize = 70;
const LONGEST_ABOUT_PREMIUM: usize = 140;

/// Who is unknown, or named with a wrong hash, is answered as empty.
pub(super) fn get_users(
    t: &mut Telegram,
    caller: &Caller,
    call: f::users::GetUsers,
) -> Result<Vec<tl::enums::User>, Refusal> {
    let me = caller.me()?;
    let found = |input: &tl::enums::InputUser| {
        let known = inputs::user(t, me, input).ok().and_then(|id| t.user_seen_by(me, id));
        let id = match input {
            tl::enums::InputUser::User(user) => user.user_id,
            tl::enums::InputUser::FromMessage(user) => user.user_id,
            tl::enums::InputUser::UserSelf => me,
            tl::enums::InputUser::Empty => 0,
        };
        known.unwrap_or_else(|| tl::types::UserEmpty { id }.into())
    };
    Ok(call.id.iter().map(found).collect())
}

pub(super) fn get_full_user(
    t: &mut Telegram,
    caller: &Caller,
    call: f::users::GetFullUser,
) -> Result<tl::enums::users::UserFull, Refusal> {
    let me = caller.me()?;
    let id = inputs::user(t, me, &call.id)?;
    let peer = Peer::User(id);
    let mut full = blank::user_full(id);
    if let Some(profile) = t.profiles.get(&id) {
        full.about = (!profile.about.is_empty()).then(|| profile.about.clone());
        let photo = profile.photos.first().and_then(|photo| t.files.get(*photo));
        full.profile_photo = photo.and_then(|photo| t.files.photo(&photo)).map(Into::into);
        let music = profile.music.first().and_then(|music| t.files.get(*music));
        full.saved_music = music.map(|music| t.files.document(&music).into());
    }
    if let Some(talk) = t.boxes.get(&me).and_then(|mailbox| mailbox.talks.get(&peer)) {
        full.notify_settings = talk.notify.clone();
        full.folder_id = (talk.folder != 0).then_some(talk.folder);
    }
    full.can_pin_message = true;
    full.pinned_msg_id = t.history(me, peer).and_then(|history| history.pinned().first().copied());
    let shares = |group: &&crate::telegram::Group| group.has(me) && group.has(id);
    full.common_chats_count =
        if id == me { 0 } else { answers::count(t.groups.values().filter(shares).count()) };
    let mut seen = Seen::default();
    seen.peer(peer);
    let (chats, users) = t.people(me, &seen);
    Ok(tl::types::users::UserFull { full_user: full.into(), chats, users }.into())
}

pub(super) fn get_user_photos(
    t: &mut Telegram,
    caller: &Caller,
    call: f::photos::GetUserPhotos,
) -> Result<tl::enums::photos::Photos, Refusal> {
    let me = caller.me()?;
    let id = inputs::user(t, me, &call.user_id)?;
    let all = t.profiles.get(&id).map(|profile| profile.photos.clone()).unwrap_or_default();
    let skipped = usize::try_from(call.offset).unwrap_or(0);
    let limit = usize::try_from(call.limit.clamp(0, 100)).unwrap_or(0);
    let older = all.iter().filter(|photo| call.max_id == 0 || **photo < call.max_id);
    let part = older.skip(skipped).take(limit).filter_map(|photo| t.files.photo(&t.files.get(*photo)?));
    let photos: Vec<tl::enums::Photo> = part.map(Into::into).collect();
    let users = vec![t.user_for(me, id)];
    if photos.len() == all.len() {
        return Ok(tl::types::photos::Photos { photos, users }.into());
    }
    Ok(tl::types::photos::PhotosSlice { count: answers::count(all.len()), photos, users }.into())
}

pub(super) fn update_status(
    t: &mut Telegram,
    caller: &Caller,
    call: f::account::UpdateStatus,
) -> Result<bool, Refusal> {
    let me = caller.me()?;
    let now = t.now();
    let status: tl::enums::UserStatus = if call.offline {
        tl::types::UserStatusOffline { was_online: now }.into()
    } else {
        tl::types::UserStatusOnline { expires: now.saturating_add(300) }.into()
    };
    if let Some(user) = t.users.get_mut(&me) {
        user.status = Some(status.clone());
    }
    let knows_me =
        |(_, mailbox): &(&i64, &crate::telegram::Mailbox)| mailbox.talks.contains_key(&Peer::User(me));
    let others: Vec<i64> =
        t.boxes.iter().filter(knows_me).map(|(user, _)| *user).filter(|user| *user != me).collect();
    for other in others {
        t.push(other, tl::types::UpdateUserStatus { user_id: me, status: status.clone() });
    }
    Ok(true)
}

pub(super) fn update_profile(
    t: &mut Telegram,
    caller: &Caller,
    call: f::account::UpdateProfile,
) -> Result<tl::enums::User, Refusal> {
    let me = caller.me()?;
    if call.first_name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        return Err(Refusal::new(400, "FIRSTNAME_INVALID"));
    }
    let user = t.users.get_mut(&me).ok_or(inputs::USER_ID_INVALID)?;
    let longest = if user.premium { LONGEST_ABOUT_PREMIUM } else { LONGEST_ABOUT };
    if call.about.as_ref().is_some_and(|about| about.trim().chars().count() > longest) {
        return Err(Refusal::new(400, "ABOUT_TOO_LONG"));
    }
    if let Some(name) = call.first_name {
        user.first_name = Some(name);
    }
    if let Some(name) = call.last_name {
        user.last_name = (!name.is_empty()).then_some(name);
    }
    let update = tl::types::UpdateUserName {
        user_id: me,
        first_name: user.first_name.clone().unwrap_or_default(),
        last_name: user.last_name.clone().unwrap_or_default(),
        usernames: user.usernames.clone().unwrap_or_default(),
    };
    if let Some(about) = call.about {
        t.profiles.entry(me).or_default().about = about.trim().to_owned();
    }
    t.push(me, update);
    Ok(t.user_for(me, me))
}
