//! Deletions, seen in passing: a wake-up for those who look for themselves afterwards. Whoever needs
//! all of them, in order, listens to `telegram::updates`; this takes nothing away from that one, and
//! moves no place in the stream of updates.

use std::sync::Arc;

use grammers_session::updates::UpdatesLike;
use grammers_tl_types::enums::{Update, Updates};

use crate::model::MessageId;

/// The messages of private chats that were deleted elsewhere.
pub(super) fn deleted(pushed: &UpdatesLike) -> Option<Arc<[MessageId]>> {
    let UpdatesLike::Updates(updates) = pushed else { return None };
    let updates = match updates {
        Updates::Updates(all) => all.updates.as_slice(),
        Updates::Combined(all) => all.updates.as_slice(),
        Updates::UpdateShort(short) => std::slice::from_ref(&short.update),
        _ => return None,
    };
    let ids = updates.iter().filter_map(|update| match update {
        Update::DeleteMessages(it) => Some(&it.messages),
        _ => None,
    });
    let ids: Vec<MessageId> = ids.flatten().map(|id| MessageId(*id)).collect();
    (!ids.is_empty()).then(|| ids.into())
}

#[cfg(test)]
mod tests {
    use grammers_tl_types::types;

    use super::*;

    #[test]
    fn only_deletions_of_private_chats_are_seen() {
        let short = |update: Update| UpdatesLike::Updates(types::UpdateShort { update, date: 0 }.into());
        let messages = vec![4, 5];
        let here = types::UpdateDeleteMessages { messages: messages.clone(), pts: 1, pts_count: 2 };
        let ids = deleted(&short(here.into())).unwrap();
        assert_eq!(*ids, [MessageId(4), MessageId(5)]);
        let there = types::UpdateDeleteChannelMessages { channel_id: 1, messages, pts: 1, pts_count: 2 };
        assert_eq!(deleted(&short(there.into())), None);
        assert_eq!(deleted(&UpdatesLike::ConnectionClosed), None);
    }
}
