use std::cmp::Reverse;

use grammers_tl_types::{self as tl, functions::messages as f};

use super::{Caller, Refusal, answers, inputs, paging::hash_of};
use crate::telegram::{Mailbox, Peer, Seen, Talk, Telegram, message};

/// How many unread messages are counted one by one; beyond, the generated ones count as incoming.
const COUNTED: usize = 1_000;

/// Newest messages of a chat that the viewer has not read and did not write.
pub(crate) fn unread_count(t: &Telegram, me: i64, peer: Peer, talk: &Talk) -> i32 {
    let Some(history) = t.history(me, peer) else { return 0 };
    let after = talk.read_inbox.saturating_add(1);
    let total = history.count_from(after);
    if total > COUNTED {
        return answers::count(total);
    }
    let is_incoming = |id: &i32| {
        let kept = history.get(*id);
        let Some(kept) = kept else { return false };
        match peer {
            Peer::Channel(channel) => {
                let author = t.channels.get(&channel).and_then(|channel| channel.authors.get(id));
                author != Some(&me) && message::from_of(&kept) != Some(Peer::User(me))
            }
            Peer::User(user) if user == me => false,
            _ => !message::is_out(&kept),
        }
    };
    answers::count(history.ids_from(after).filter(is_incoming).count())
}

/// The newest message of a chat, and when it was sent.
fn top(t: &Telegram, me: i64, peer: Peer) -> Option<(i32, i32)> {
    let history = t.history(me, peer)?;
    let id = history.top();
    Some((history.date(id)?, id))
}

pub(super) fn dialog(t: &Telegram, me: i64, peer: Peer) -> tl::types::Dialog {
    let mailbox = t.boxes.get(&me);
    let talk = mailbox.and_then(|mailbox| mailbox.talks.get(&peer)).cloned().unwrap_or_default();
    let pts = match peer {
        Peer::Channel(id) => t.channels.get(&id).map(|channel| channel.pts),
        _ => None,
    };
    tl::types::Dialog {
        pinned: mailbox.is_some_and(|mailbox| mailbox.pinned.iter().any(|list| list.contains(&peer))),
        unread_mark: talk.is_marked_unread,
        view_forum_as_messages: talk.shows_topics_as_messages,
        peer: peer.tl(),
        top_message: top(t, me, peer).map_or(0, |(_, id)| id),
        read_inbox_max_id: talk.read_inbox,
        read_outbox_max_id: talk.read_outbox,
        unread_count: unread_count(t, me, peer, &talk),
        unread_mentions_count: answers::count(talk.mentions.len()),
        unread_reactions_count: answers::count(talk.new_reactions.len()),
        unread_poll_votes_count: 0,
        notify_settings: talk.notify,
        pts,
        draft: talk.draft,
        folder_id: (talk.folder != 0).then_some(talk.folder),
        ttl_period: None,
    }
}

/// The archive as one entry of the main list.
fn archive(t: &Telegram, me: i64, inside: &[Peer]) -> Option<tl::types::DialogFolder> {
    let top_peer = *inside.first()?;
    let mailbox = t.boxes.get(&me)?;
    let unread: Vec<i32> = inside
        .iter()
        .filter_map(|peer| Some(unread_count(t, me, *peer, mailbox.talks.get(peer)?)))
        .filter(|count| *count > 0)
        .collect();
    let folder = tl::types::Folder {
        autofill_new_broadcasts: false,
        autofill_public_groups: false,
        autofill_new_correspondents: false,
        id: 1,
        title: "Archived Chats".to_owned(),
        photo: None,
    };
    Some(tl::types::DialogFolder {
        pinned: true,
        folder: folder.into(),
        peer: top_peer.tl(),
        top_message: top(t, me, top_peer)?.1,
        unread_muted_peers_count: 0,
        unread_unmuted_peers_count: answers::count(unread.len()),
        unread_muted_messages_count: 0,
        unread_unmuted_messages_count: unread.iter().sum(),
    })
}

/// A list's chats, pinned ones first, then newest first. Chats without messages are not listed.
fn ordered(t: &Telegram, me: i64, folder: Option<i32>) -> (Vec<Peer>, Vec<(i32, i32, Peer)>) {
    let Some(mailbox) = t.boxes.get(&me) else { return (Vec::new(), Vec::new()) };
    let is_in = |talk: &Talk| folder.is_none_or(|folder| folder == talk.folder);
    let is_known = |peer: &&Peer| mailbox.talks.get(peer).is_some_and(is_in);
    let pinned: Vec<Peer> = mailbox.pinned.iter().flatten().filter(is_known).copied().collect();
    let listed = mailbox.talks.iter().filter(|(peer, talk)| is_in(talk) && !pinned.contains(peer));
    let mut others: Vec<(i32, i32, Peer)> =
        listed.filter_map(|(peer, _)| top(t, me, *peer).map(|(date, id)| (date, id, *peer))).collect();
    others.sort_unstable_by_key(|key| Reverse(*key));
    (pinned, others)
}

/// Dialogs with their newest messages, and everybody in them.
struct Listed {
    dialogs: Vec<tl::enums::Dialog>,
    messages: Vec<tl::enums::Message>,
    chats: Vec<tl::enums::Chat>,
    users: Vec<tl::enums::User>,
}

fn listed(t: &Telegram, me: i64, peers: &[Peer], folder: Option<tl::types::DialogFolder>) -> Listed {
    let mut tops: Vec<(Peer, i32)> = Vec::new();
    let mut dialogs: Vec<tl::enums::Dialog> = Vec::new();
    if let Some(folder) = folder {
        tops.push((Peer::from(&folder.peer), folder.top_message));
        dialogs.push(folder.into());
    }
    for peer in peers {
        let dialog = dialog(t, me, *peer);
        tops.push((*peer, dialog.top_message));
        dialogs.push(dialog.into());
    }
    let messages: Vec<_> = tops.iter().filter_map(|(peer, id)| t.message(me, *peer, *id)).collect();
    let mut seen: Seen = answers::seen_in(&messages);
    tops.iter().for_each(|(peer, _)| seen.peer(*peer));
    let (chats, users) = t.people(me, &seen);
    Listed { dialogs, messages, chats, users }
}

pub(super) fn get_dialogs(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetDialogs,
) -> Result<tl::enums::messages::Dialogs, Refusal> {
    let me = caller.me()?;
    if call.folder_id.is_some_and(|folder| !(0..=1).contains(&folder)) {
        return Err(Refusal::new(400, "FOLDER_ID_INVALID"));
    }
    let from = match &call.offset_peer {
        tl::enums::InputPeer::Empty => None,
        peer => Some(inputs::peer(t, me, peer)?),
    };
    let (pinned, others) = ordered(t, me, call.folder_id);
    let is_first = call.offset_date == 0 && call.offset_id == 0 && from.is_none();
    let count = others.len() + if call.exclude_pinned { 0 } else { pinned.len() };
    let limit = usize::try_from(call.limit.clamp(0, 100)).unwrap_or(0);
    let is_later = |key: &&(i32, i32, Peer)| {
        let (date, id, peer) = **key;
        match (call.offset_date, call.offset_id, from) {
            (0, 0, None) => true,
            (offset, 0, None) => date < offset,
            (0, offset, None) => id < offset,
            (0, offset, Some(from)) => match top(t, me, from) {
                // Only the peer says where: its place in the list is where its newest message is.
                Some((at, top)) => (date, id, peer) < (at, if offset == 0 { top } else { offset }, from),
                None => id < offset,
            },
            (at, offset, Some(from)) => (date, id, peer) < (at, offset, from),
            (at, offset, None) => (date, id) < (at, offset),
        }
    };
    let first = pinned.iter().copied().filter(|_| is_first && !call.exclude_pinned);
    let peers: Vec<Peer> =
        first.chain(others.iter().filter(is_later).map(|(_, _, peer)| *peer)).take(limit).collect();
    let hash = hash_of(peers.iter().flat_map(|peer| {
        let top = top(t, me, *peer).map_or(0, |(_, id)| id);
        [peer.id(), i64::from(top)]
    }));
    if call.hash != 0 && call.hash == hash {
        return Ok(tl::types::messages::DialogsNotModified { count: answers::count(count) }.into());
    }
    let folder = (call.folder_id == Some(0) && is_first && !call.exclude_pinned).then(|| {
        let (pinned, others) = ordered(t, me, Some(1));
        let inside: Vec<Peer> =
            pinned.into_iter().chain(others.into_iter().map(|(_, _, peer)| peer)).collect();
        archive(t, me, &inside)
    });
    let is_all = is_first && peers.len() == count;
    let Listed { dialogs, messages, chats, users } = listed(t, me, &peers, folder.flatten());
    if is_all {
        return Ok(tl::types::messages::Dialogs { dialogs, messages, chats, users }.into());
    }
    let count = answers::count(count);
    Ok(tl::types::messages::DialogsSlice { count, dialogs, messages, chats, users }.into())
}

fn peer_dialogs(t: &mut Telegram, me: i64, peers: &[Peer]) -> tl::enums::messages::PeerDialogs {
    let Listed { dialogs, messages, chats, users } = listed(t, me, peers, None);
    let state = super::updates::state_of(t, me);
    tl::types::messages::PeerDialogs { dialogs, messages, chats, users, state: state.into() }.into()
}

pub(super) fn get_pinned_dialogs(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetPinnedDialogs,
) -> Result<tl::enums::messages::PeerDialogs, Refusal> {
    let me = caller.me()?;
    let place = usize::try_from(call.folder_id).ok().filter(|place| *place < 2);
    let place = place.ok_or(Refusal::new(400, "FOLDER_ID_INVALID"))?;
    let pinned = t.boxes.get(&me).map(|mailbox| mailbox.pinned[place].clone()).unwrap_or_default();
    Ok(peer_dialogs(t, me, &pinned))
}

pub(super) fn get_peer_dialogs(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetPeerDialogs,
) -> Result<tl::enums::messages::PeerDialogs, Refusal> {
    let me = caller.me()?;
    let mut peers = Vec::new();
    for peer in &call.peers {
        match peer {
            tl::enums::InputDialogPeer::Peer(peer) => peers.push(inputs::peer(t, me, &peer.peer)?),
            tl::enums::InputDialogPeer::Folder(folder) => {
                let (pinned, others) = ordered(t, me, Some(folder.folder_id));
                peers.extend(pinned);
                peers.extend(others.into_iter().map(|(_, _, peer)| peer));
            }
            tl::enums::InputDialogPeer::Community(community) => {
                peers.push(Peer::Channel(inputs::channel(t, me, &community.community)?));
            }
        }
    }
    Ok(peer_dialogs(t, me, &peers))
}

/// The folders, and the list of everything, which is one of them.
pub(super) fn get_dialog_filters(
    t: &mut Telegram,
    caller: &Caller,
    _: f::GetDialogFilters,
) -> Result<tl::enums::messages::DialogFilters, Refusal> {
    let me = caller.me()?;
    let kept = t.boxes.get(&me).map(|mailbox| mailbox.filters.clone()).unwrap_or_default();
    let has_default = kept.contains(&tl::enums::DialogFilter::Default);
    let default = (!has_default && !kept.is_empty()).then_some(tl::enums::DialogFilter::Default);
    let filters = default.into_iter().chain(kept).collect();
    Ok(tl::types::messages::DialogFilters { tags_enabled: false, filters }.into())
}

pub(super) fn get_dialog_unread_marks(
    t: &mut Telegram,
    caller: &Caller,
    _: f::GetDialogUnreadMarks,
) -> Result<Vec<tl::enums::DialogPeer>, Refusal> {
    let me = caller.me()?;
    let talks = t.boxes.get(&me).into_iter().flat_map(|mailbox| &mailbox.talks);
    let marked = talks.filter(|(_, talk)| talk.is_marked_unread);
    Ok(marked.map(|(peer, _)| tl::types::DialogPeer { peer: peer.tl() }.into()).collect())
}

impl Mailbox {
    /// Pins a chat on top of its list.
    pub fn pin_chat(&mut self, peer: Peer) {
        let folder = self.talks.entry(peer).or_default().folder;
        let list = &mut self.pinned[usize::from(folder == 1)];
        list.retain(|other| *other != peer);
        list.insert(0, peer);
    }
}

impl Telegram {
    /// A folder with chats chosen one by one.
    pub fn add_folder(&mut self, owner: i64, id: i32, title: &str, chats: &[Peer]) {
        let include_peers = chats.iter().map(|peer| inputs::of(self, owner, *peer)).collect();
        let filter = tl::types::DialogFilter {
            contacts: false,
            non_contacts: false,
            groups: false,
            broadcasts: false,
            bots: false,
            exclude_muted: false,
            exclude_read: false,
            exclude_archived: false,
            title_noanimate: false,
            id,
            title: crate::telegram::blank::text(title),
            emoticon: None,
            color: None,
            pinned_peers: Vec::new(),
            include_peers,
            exclude_peers: Vec::new(),
        };
        self.mailbox(owner).filters.push(filter.into());
    }
}
