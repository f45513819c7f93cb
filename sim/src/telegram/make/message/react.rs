use grammers_tl_types::{
    enums::{MessageReactions, Reaction},
    types,
};

use super::super::{
    media::{Kind, Made},
    scene::Scene,
    talk::REACTIONS,
};

/// One or two emoji, without names.
pub(super) fn few(scene: &mut Scene<'_>) -> Option<MessageReactions> {
    let first = scene.dice.below(REACTIONS.len());
    let counts = scene.dice.below(2) + 1;
    let results = (0..counts)
        .map(|place| {
            let reaction = emoji(REACTIONS[(first + place) % REACTIONS.len()]);
            (reaction, scene.dice.between(1, 9))
        })
        .map(|(reaction, count)| types::ReactionCount { chosen_order: None, reaction, count }.into())
        .collect();
    Some(reactions(results).into())
}

/// Of every sort: emoji, custom, paid; with who was last and who gave most.
pub(super) fn many(scene: &mut Scene<'_>) -> Option<MessageReactions> {
    let custom = Made::new(Kind::AnimatedSticker, scene.dice.throw() % 100).id();
    let kinds =
        [emoji(REACTIONS[0]), types::ReactionCustomEmoji { document_id: custom }.into(), Reaction::Paid];
    let mut results = Vec::new();
    let mut recent = Vec::new();
    for reaction in kinds {
        let (date, is_paid) = (scene.date + scene.dice.between(1, 600), reaction == Reaction::Paid);
        if !is_paid {
            recent.push(
                types::MessagePeerReaction {
                    big: scene.dice.one_in(4),
                    unread: false,
                    my: false,
                    peer_id: scene.peer_of_member(),
                    date,
                    reaction: reaction.clone(),
                }
                .into(),
            );
        }
        let count = scene.dice.between(1, 200);
        results.push(types::ReactionCount { chosen_order: None, reaction, count }.into());
    }
    let (top, my, anonymous) = (true, false, scene.dice.one_in(2));
    let peer_id = (!anonymous).then(|| scene.peer_of_member());
    let reactor = types::MessageReactor { top, my, anonymous, peer_id, count: 50 };
    Some(
        types::MessageReactions {
            can_see_list: true,
            recent_reactions: Some(recent),
            top_reactors: Some(vec![reactor.into()]),
            ..reactions(results)
        }
        .into(),
    )
}

fn emoji(emoticon: &str) -> Reaction {
    types::ReactionEmoji { emoticon: emoticon.into() }.into()
}

fn reactions(results: Vec<grammers_tl_types::enums::ReactionCount>) -> types::MessageReactions {
    types::MessageReactions {
        min: false,
        can_see_list: false,
        reactions_as_tags: false,
        results,
        recent_reactions: None,
        top_reactors: None,
    }
}
