//! Who and what a call is about: ids with the hashes that prove one has met them.

use grammers_tl_types as tl;
use tl::enums::{InputChannel, InputDocument, InputPeer, InputPhoto, InputUser};

use super::Refusal;
use crate::telegram::{File, Peer, Telegram};

pub(super) const PEER_ID_INVALID: Refusal = Refusal::new(400, "PEER_ID_INVALID");
pub(super) const USER_ID_INVALID: Refusal = Refusal::new(400, "USER_ID_INVALID");
pub(super) const CHANNEL_INVALID: Refusal = Refusal::new(400, "CHANNEL_INVALID");
pub(super) const CHANNEL_PRIVATE: Refusal = Refusal::new(400, "CHANNEL_PRIVATE");
pub(super) const CHAT_ID_INVALID: Refusal = Refusal::new(400, "CHAT_ID_INVALID");
pub(super) const MESSAGE_ID_INVALID: Refusal = Refusal::new(400, "MESSAGE_ID_INVALID");
pub(super) const FILE_REFERENCE_EXPIRED: Refusal = Refusal::new(400, "FILE_REFERENCE_EXPIRED");

fn user_by(t: &Telegram, me: i64, id: i64, access_hash: i64) -> Result<i64, Refusal> {
    let is_known =
        t.users.contains_key(&id) && (id == me || t.access_hash(me, Peer::User(id)) == access_hash);
    if is_known { Ok(id) } else { Err(USER_ID_INVALID) }
}

fn channel_by(t: &Telegram, me: i64, id: i64, access_hash: Option<i64>) -> Result<i64, Refusal> {
    let channel = t.channels.get(&id).ok_or(CHANNEL_INVALID)?;
    if access_hash.is_some_and(|hash| hash != t.access_hash(me, Peer::Channel(id))) {
        return Err(CHANNEL_INVALID);
    }
    if t.can_see(me, channel) { Ok(id) } else { Err(CHANNEL_PRIVATE) }
}

/// Whether a message that both sides know really mentions somebody.
fn is_met(t: &Telegram, me: i64, place: &InputPeer, msg_id: i32, who: Peer) -> Result<(), Refusal> {
    let place = peer(t, me, place)?;
    let message = t.message(me, place, msg_id).ok_or(MESSAGE_ID_INVALID)?;
    let mut seen = crate::telegram::Seen::default();
    seen.message(&message);
    let is_seen = match who {
        Peer::User(id) => seen.users.contains(&id),
        Peer::Group(id) => seen.groups.contains(&id),
        Peer::Channel(id) => seen.channels.contains(&id),
    };
    if is_seen { Ok(()) } else { Err(PEER_ID_INVALID) }
}

pub(super) fn user(t: &Telegram, me: i64, input: &InputUser) -> Result<i64, Refusal> {
    match input {
        InputUser::UserSelf => Ok(me),
        InputUser::User(user) => user_by(t, me, user.user_id, user.access_hash),
        InputUser::FromMessage(user) => {
            is_met(t, me, &user.peer, user.msg_id, Peer::User(user.user_id))?;
            Ok(user.user_id)
        }
        InputUser::Empty => Err(USER_ID_INVALID),
    }
}

pub(super) fn channel(t: &Telegram, me: i64, input: &InputChannel) -> Result<i64, Refusal> {
    match input {
        InputChannel::Channel(channel) => channel_by(t, me, channel.channel_id, Some(channel.access_hash)),
        InputChannel::FromMessage(channel) => {
            is_met(t, me, &channel.peer, channel.msg_id, Peer::Channel(channel.channel_id))?;
            channel_by(t, me, channel.channel_id, None)
        }
        InputChannel::Empty => Err(CHANNEL_INVALID),
    }
}

pub(super) fn peer(t: &Telegram, me: i64, input: &InputPeer) -> Result<Peer, Refusal> {
    match input {
        InputPeer::PeerSelf => Ok(Peer::User(me)),
        InputPeer::User(user) => user_by(t, me, user.user_id, user.access_hash).map(Peer::User),
        InputPeer::Chat(chat) => match t.groups.get(&chat.chat_id) {
            Some(group) if group.members.contains_key(&me) => Ok(Peer::Group(chat.chat_id)),
            _ => Err(CHAT_ID_INVALID),
        },
        InputPeer::Channel(channel) => {
            channel_by(t, me, channel.channel_id, Some(channel.access_hash)).map(Peer::Channel)
        }
        InputPeer::UserFromMessage(user) => {
            is_met(t, me, &user.peer, user.msg_id, Peer::User(user.user_id))?;
            Ok(Peer::User(user.user_id))
        }
        InputPeer::ChannelFromMessage(channel) => {
            is_met(t, me, &channel.peer, channel.msg_id, Peer::Channel(channel.channel_id))?;
            channel_by(t, me, channel.channel_id, None).map(Peer::Channel)
        }
        InputPeer::Empty => Err(PEER_ID_INVALID),
    }
}

/// What a client would send to name a peer.
pub(super) fn of(t: &Telegram, me: i64, peer: Peer) -> InputPeer {
    let access_hash = t.access_hash(me, peer);
    match peer {
        Peer::User(user_id) => tl::types::InputPeerUser { user_id, access_hash }.into(),
        Peer::Group(chat_id) => tl::types::InputPeerChat { chat_id }.into(),
        Peer::Channel(channel_id) => tl::types::InputPeerChannel { channel_id, access_hash }.into(),
    }
}

/// A file by its id, hash and a reference that has not expired.
pub(super) fn file(
    t: &Telegram,
    id: i64,
    hash: i64,
    reference: &[u8],
    unknown: Refusal,
) -> Result<File, Refusal> {
    let file = t.files.get(id).filter(|file| file.access_hash == hash).ok_or(unknown)?;
    if t.files.reference(id) == reference { Ok(file) } else { Err(FILE_REFERENCE_EXPIRED) }
}

pub(super) fn document(t: &Telegram, input: &InputDocument) -> Result<File, Refusal> {
    const INVALID: Refusal = Refusal::new(400, "DOCUMENT_INVALID");
    match input {
        InputDocument::Document(it) => file(t, it.id, it.access_hash, &it.file_reference, INVALID),
        InputDocument::Empty => Err(INVALID),
    }
}

pub(super) fn photo(t: &Telegram, input: &InputPhoto) -> Result<File, Refusal> {
    const INVALID: Refusal = Refusal::new(400, "PHOTO_INVALID");
    match input {
        InputPhoto::Photo(it) => file(t, it.id, it.access_hash, &it.file_reference, INVALID),
        InputPhoto::Empty => Err(INVALID),
    }
}
