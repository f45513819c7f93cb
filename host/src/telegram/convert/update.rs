//! What live updates tell, as far as an archive wants to know it.

use grammers_tl_types::{enums as tl, types};

use super::{
    message::fetched,
    peer,
    poll::{poll, results},
    reaction::reactions,
};
use crate::model::{Fetched, Message, MessageId, PeerId, Poll, PollResults, Reactions};

/// Something that happened to messages or to the list of chats.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    Message(Box<Message>),
    Edited(Box<Message>),
    /// Without a chat, it is a private one or a basic group.
    Deleted {
        chat: Option<PeerId>,
        ids: Vec<MessageId>,
    },
    Pinned {
        chat: PeerId,
        ids: Vec<MessageId>,
        is_pinned: bool,
    },
    Reactions {
        chat: PeerId,
        id: MessageId,
        reactions: Box<Reactions>,
    },
    /// The poll itself comes along only when it is new or was closed.
    Poll {
        id: i64,
        at: Option<(PeerId, MessageId)>,
        poll: Option<Box<Poll>>,
        results: Box<PollResults>,
    },
    Archived {
        chat: PeerId,
        is_archived: bool,
    },
    /// The folders are other ones now: ask for them.
    Folders,
}

/// Everything that an archive wants to know of an update, which may be nothing.
pub fn news(source: tl::Update) -> Vec<News> {
    use tl::Update as U;
    let ids = |all: Vec<i32>| all.into_iter().map(MessageId).collect();
    let one = match source {
        U::NewMessage(types::UpdateNewMessage { message, .. })
        | U::NewChannelMessage(types::UpdateNewChannelMessage { message, .. }) => {
            said(message).map(News::Message)
        }
        U::EditMessage(types::UpdateEditMessage { message, .. })
        | U::EditChannelMessage(types::UpdateEditChannelMessage { message, .. }) => {
            said(message).map(News::Edited)
        }
        U::DeleteMessages(it) => Some(News::Deleted { chat: None, ids: ids(it.messages) }),
        U::DeleteChannelMessages(it) => {
            Some(News::Deleted { chat: Some(PeerId::channel(it.channel_id)), ids: ids(it.messages) })
        }
        U::PinnedMessages(it) => {
            Some(News::Pinned { chat: peer(it.peer), ids: ids(it.messages), is_pinned: it.pinned })
        }
        U::PinnedChannelMessages(it) => Some(News::Pinned {
            chat: PeerId::channel(it.channel_id),
            ids: ids(it.messages),
            is_pinned: it.pinned,
        }),
        U::MessageReactions(it) => Some(News::Reactions {
            chat: peer(it.peer),
            id: MessageId(it.msg_id),
            reactions: Box::new(reactions(it.reactions)),
        }),
        U::MessagePoll(it) => {
            let at = it.peer.map(peer).zip(it.msg_id.map(MessageId));
            let whole = it.poll.map(|asked| Box::new(poll(asked, it.results.clone())));
            Some(News::Poll { id: it.poll_id, at, poll: whole, results: Box::new(results(it.results)) })
        }
        U::FolderPeers(it) => {
            let moved = it.folder_peers.into_iter().map(|tl::FolderPeer::Peer(one)| News::Archived {
                chat: peer(one.peer),
                is_archived: one.folder_id == 1,
            });
            return moved.collect();
        }
        U::DialogFilter(_) | U::DialogFilters | U::DialogFilterOrder(_) => Some(News::Folders),
        _ => None,
    };
    one.into_iter().collect()
}

/// Empty messages are none.
fn said(source: tl::Message) -> Option<Box<Message>> {
    match fetched(source) {
        Fetched::Message(message) => Some(message),
        Fetched::Missing { .. } => None,
    }
}
