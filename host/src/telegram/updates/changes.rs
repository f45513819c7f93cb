//! What a difference tells besides new messages: edits, deletions, pins, read marks.
//!
//! The message boxes move to the end of a difference before they look at these, take their numbers
//! for old, and drop them. So they are taken out first; a difference tells each of them once.

use grammers_tl_types::enums::Update;

/// Whose numbers an update counts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Common,
    Channel(i64),
}

/// Takes what counts with these numbers out of a difference.
pub(super) fn take(updates: &mut Vec<Update>, count: Count) -> Vec<Update> {
    updates.extract_if(.., |update| count_of(update) == Some(count)).collect()
}

/// `None`: it has no number, or it says itself what is missing.
fn count_of(update: &Update) -> Option<Count> {
    Some(match update {
        Update::NewMessage(_)
        | Update::EditMessage(_)
        | Update::DeleteMessages(_)
        | Update::ReadHistoryInbox(_)
        | Update::ReadHistoryOutbox(_)
        | Update::ReadMessagesContents(_)
        | Update::WebPage(_)
        | Update::FolderPeers(_)
        | Update::PinnedMessages(_) => Count::Common,
        Update::NewChannelMessage(it) => Count::Channel(channel_of(&it.message)?),
        Update::EditChannelMessage(it) => Count::Channel(channel_of(&it.message)?),
        Update::DeleteChannelMessages(it) => Count::Channel(it.channel_id),
        Update::ReadChannelInbox(it) => Count::Channel(it.channel_id),
        Update::ChannelWebPage(it) => Count::Channel(it.channel_id),
        Update::PinnedChannelMessages(it) => Count::Channel(it.channel_id),
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
