//! What a difference tells besides new messages: edits, deletions, pins, read marks.
//!
//! The message boxes move to the end of a difference before they look at these, take their numbers
//! for old, and drop them. So they are taken out first; a difference tells each of them once.

use grammers_tl_types::enums::Update;

/// Whose numbers an update counts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Count {
    Common,
    Channel(i64),
}

/// Takes what counts with these numbers out of a difference.
pub(super) fn take(updates: &mut Vec<Update>, count: Count) -> Vec<Update> {
    updates.extract_if(.., |update| number_of(update).is_some_and(|(of, _)| of == count)).collect()
}

/// Whose numbers an update counts with, and which it has. `None`: it has none, or it says itself
/// what is missing.
pub(super) fn number_of(update: &Update) -> Option<(Count, i32)> {
    Some(match update {
        Update::NewMessage(it) => (Count::Common, it.pts),
        Update::EditMessage(it) => (Count::Common, it.pts),
        Update::DeleteMessages(it) => (Count::Common, it.pts),
        Update::ReadHistoryInbox(it) => (Count::Common, it.pts),
        Update::ReadHistoryOutbox(it) => (Count::Common, it.pts),
        Update::ReadMessagesContents(it) => (Count::Common, it.pts),
        Update::WebPage(it) => (Count::Common, it.pts),
        Update::FolderPeers(it) => (Count::Common, it.pts),
        Update::PinnedMessages(it) => (Count::Common, it.pts),
        Update::NewChannelMessage(it) => (Count::Channel(channel_of(&it.message)?), it.pts),
        Update::EditChannelMessage(it) => (Count::Channel(channel_of(&it.message)?), it.pts),
        Update::DeleteChannelMessages(it) => (Count::Channel(it.channel_id), it.pts),
        Update::ReadChannelInbox(it) => (Count::Channel(it.channel_id), it.pts),
        Update::ChannelWebPage(it) => (Count::Channel(it.channel_id), it.pts),
        Update::PinnedChannelMessages(it) => (Count::Channel(it.channel_id), it.pts),
        _ => return None,
    })
}

fn channel_of(message: &grammers_tl_types::enums::Message) -> Option<i64> {
    use grammers_tl_types::enums::{Message, Peer};
    let peer = match message {
        Message::Message(it) => &it.peer_id,
        Message::Service(it) => &it.peer_id,
        Message::Empty(it) => it.peer_id.as_ref()?,
    };
    match peer {
        Peer::Channel(it) => Some(it.channel_id),
        Peer::User(_) | Peer::Chat(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use grammers_tl_types::types;

    use super::*;

    #[test]
    fn each_count_takes_its_own() {
        let deleted = types::UpdateDeleteMessages { messages: vec![1], pts: 5, pts_count: 1 };
        let in_channel = |channel_id| types::UpdateDeleteChannelMessages {
            channel_id,
            messages: vec![1],
            pts: 5,
            pts_count: 1,
        };
        let too_long = types::UpdateChannelTooLong { channel_id: 7, pts: None };
        let all: Vec<Update> =
            vec![deleted.into(), in_channel(7).into(), in_channel(8).into(), too_long.into()];
        let mut updates = all.clone();
        assert_eq!(take(&mut updates, Count::Channel(7)), all[1..2]);
        assert_eq!(take(&mut updates, Count::Common), all[..1]);
        assert_eq!(updates, all[2..]);
    }
}
