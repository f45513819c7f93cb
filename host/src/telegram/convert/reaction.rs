//! Reactions and who gave them.

use grammers_tl_types::{enums as tl, types};

use super::{date, peer};
use crate::model::{PeerReaction, Reaction, ReactionCount, Reactions, Reactor};

pub(super) fn reactions(source: tl::MessageReactions) -> Reactions {
    let tl::MessageReactions::Reactions(types::MessageReactions {
        min,
        can_see_list,
        reactions_as_tags,
        results,
        recent_reactions,
        top_reactors,
    }) = source;
    Reactions {
        counts: results.into_iter().map(count).collect(),
        recent: recent_reactions.map(|them| them.into_iter().map(by_peer).collect()),
        top: top_reactors.map(|them| them.into_iter().map(reactor).collect()),
        is_partial: min,
        has_list: can_see_list,
        are_tags: reactions_as_tags,
    }
}

fn reaction(source: tl::Reaction) -> Reaction {
    match source {
        tl::Reaction::Empty => Reaction::Empty,
        tl::Reaction::Emoji(types::ReactionEmoji { emoticon }) => Reaction::Emoji(emoticon),
        tl::Reaction::CustomEmoji(types::ReactionCustomEmoji { document_id }) => {
            Reaction::Custom(document_id)
        }
        tl::Reaction::Paid => Reaction::Paid,
    }
}

fn count(source: tl::ReactionCount) -> ReactionCount {
    let tl::ReactionCount::Count(types::ReactionCount { chosen_order, reaction: what, count }) = source;
    ReactionCount { reaction: reaction(what), count, chosen: chosen_order }
}

fn by_peer(source: tl::MessagePeerReaction) -> PeerReaction {
    let tl::MessagePeerReaction::Reaction(types::MessagePeerReaction {
        big,
        unread,
        my,
        peer_id,
        date: given,
        reaction: what,
    }) = source;
    PeerReaction {
        peer: peer(peer_id),
        reaction: reaction(what),
        date: date(given),
        is_big: big,
        is_unread: unread,
        is_ours: my,
    }
}

fn reactor(source: tl::MessageReactor) -> Reactor {
    let tl::MessageReactor::Reactor(types::MessageReactor { top, my, anonymous, peer_id, count }) = source;
    Reactor { peer: peer_id.map(peer), count, is_top: top, is_ours: my, is_anonymous: anonymous }
}
