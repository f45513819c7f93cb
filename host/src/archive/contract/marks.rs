use super::*;
use crate::{
    archive::{ChangeKind, GoneReaction},
    model::{
        Blob, Detail, Media, MediaKind, Poll, PollAnswer, PollResults, PollVotes, Reaction, ReactionCount,
        Reactions, RichText,
    },
};

pub(crate) async fn pins_go_by_their_own_word(desk: Desk) {
    desk.tell((1..=4).map(|id| said(GROUP, id, "so")).collect()).await;
    let pin = |ids: &[i32], is_pinned| Write::Pinned {
        chat: GROUP,
        ids: ids.iter().copied().map(MessageId).collect(),
        is_pinned,
    };
    let exactly =
        |ids: &[i32]| Write::PinnedExactly { chat: GROUP, ids: ids.iter().copied().map(MessageId).collect() };
    let pinned = async || -> Vec<i32> {
        let all = (1..=4).map(MessageId).collect();
        let mut found = desk.by_id(desk.key(GROUP), all).await.unwrap();
        found.retain(|it| it.message.marks.is_pinned);
        ids(&found)
    };
    desk.tell(vec![pin(&[1, 2, 99], true)]).await;
    assert_eq!(pinned().await, [1, 2]);
    // Whoever tells the message without its pin does not take it off.
    desk.tell(vec![said(GROUP, 1, "so")]).await;
    assert_eq!(pinned().await, [1, 2]);
    desk.tell(vec![pin(&[1], false)]).await;
    let before = desk.tell(vec![exactly(&[3, 4])]).await.sequence;
    assert_eq!(pinned().await, [3, 4]);
    assert_eq!(desk.tell(vec![exactly(&[3, 4]), pin(&[3], true)]).await.sequence, before);
    desk.tell(vec![exactly(&[])]).await;
    assert_eq!(pinned().await, [0; 0]);
    let kinds: Vec<ChangeKind> = desk.since(before).await.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [ChangeKind::Pinned]);
    desk.finish().await;
}

fn given(counts: &[(&str, i32)], is_partial: bool) -> Reactions {
    let count = |(emoji, count): &(&str, i32)| ReactionCount {
        reaction: Reaction::Emoji((*emoji).to_owned()),
        count: *count,
        chosen: None,
    };
    Reactions { counts: counts.iter().map(count).collect(), is_partial, ..Reactions::default() }
}

pub(crate) async fn reactions_that_went_are_remembered(desk: Desk) {
    let tell = async |second: i64, counts: &[(&str, i32)], is_partial: bool| {
        let reactions = Box::new(given(counts, is_partial));
        desk.tell_at(moment(second), vec![Write::Reactions { chat: GROUP, id: MessageId(1), reactions }])
            .await
    };
    desk.tell(vec![said(GROUP, 1, "so")]).await;
    let none = Some(Box::new(given(&[], false)));
    desk.tell(vec![told(Message { reactions: none, ..worlds::plain(GROUP, 3, "so") })]).await;
    assert_eq!(desk.get(GROUP, 3).await.unwrap().message.reactions, None, "an empty list is none");
    tell(1, &[("🔥", 2), ("👍", 1)], false).await;
    assert_eq!(tell(2, &[("🔥", 9)], true).await.changed, 0, "a part of them takes nothing away");
    tell(3, &[("👍", 3)], false).await;
    let gone = |emoji: &str, count, second| GoneReaction {
        reaction: Reaction::Emoji(emoji.into()),
        count,
        gone: moment(second),
    };
    let asked = async || desk.gone_reactions(desk.key(GROUP), MessageId(1)).await.unwrap();
    assert_eq!(asked().await, [gone("🔥", 2, 3)]);
    // Telling the message without reactions says nothing of them.
    desk.tell(vec![said(GROUP, 1, "so")]).await;
    assert_eq!(
        desk.get(GROUP, 1).await.unwrap().message.reactions,
        Some(Box::new(given(&[("👍", 3)], false)))
    );
    let before = tell(4, &[], false).await;
    assert_eq!(desk.get(GROUP, 1).await.unwrap().message.reactions, None, "as if nobody had given any");
    assert_eq!(asked().await, [gone("🔥", 2, 3), gone("👍", 3, 4)]);
    assert_eq!(desk.get(GROUP, 1).await.unwrap().message.edited, None, "nobody has edited it");
    // One that comes back is not gone.
    tell(5, &[("🔥", 1)], false).await;
    assert_eq!(asked().await, [gone("👍", 3, 4)]);
    let kinds: Vec<ChangeKind> = desk.since(before.sequence).await.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [ChangeKind::Reactions]);
    desk.tell(vec![said(GROUP, 2, "and")]).await;
    for (id, gone) in [(2, gone("🔥", 7, 1)), (1, gone("👍", 5, 4)), (99, gone("👍", 1, 1))] {
        desk.tell(vec![Write::GoneReaction { chat: GROUP, id: MessageId(id), gone }]).await;
    }
    let all = desk.gone_reactions_of(desk.key(GROUP), [1, 2, 3, 99].map(MessageId).into()).await.unwrap();
    let expected = [(1, gone("👍", 5, 4)), (2, gone("🔥", 7, 1))];
    assert_eq!(all, expected.map(|(id, gone)| (MessageId(id), gone)));
    desk.finish().await;
}

fn poll(id: i64, voters: i32) -> Poll {
    let option = Blob(vec![1]);
    Poll {
        id,
        question: RichText { text: "Which side?".into(), entities: Vec::new() },
        answers: vec![PollAnswer {
            text: RichText { text: "B".into(), entities: Vec::new() },
            option: option.clone(),
            extra: Default::default(),
        }],
        is_closed: false,
        is_quiz: false,
        is_multiple_choice: false,
        has_public_voters: false,
        close_date: None,
        results: PollResults {
            votes: Some(vec![PollVotes {
                option,
                voters: Some(voters),
                recent: None,
                is_chosen: false,
                is_correct: false,
            }]),
            ..PollResults::default()
        },
        extra: Default::default(),
    }
}

pub(crate) async fn results_reach_every_poll(desk: Desk) {
    let asked = |chat, id, number| {
        let media = Media {
            kind: MediaKind::Poll,
            file: None,
            more_files: Vec::new(),
            is_spoiler: false,
            ttl_seconds: None,
            detail: Some(Box::new(Detail::Poll(poll(number, 1)))),
            extra: Default::default(),
        };
        told(Message { media: Some(Box::new(media)), ..worlds::plain(chat, id, "") })
    };
    desk.tell(vec![asked(GROUP, 1, 900), asked(OTHER, 2, 900), asked(OTHER, 3, 901)]).await;
    let results = Write::PollResults { poll: Box::new(poll(900, 7)) };
    assert_eq!(desk.tell(vec![results.clone()]).await.changed, 2);
    assert_eq!(desk.tell(vec![results]).await.changed, 0);
    for (chat, id, voters) in [(GROUP, 1, 7), (OTHER, 2, 7), (OTHER, 3, 1)] {
        let message = desk.get(chat, id).await.unwrap().message;
        let Some(Detail::Poll(poll)) = message.media.unwrap().detail.map(|it| *it) else { panic!("a poll") };
        assert_eq!(poll.results.votes.unwrap()[0].voters, Some(voters));
    }
    desk.finish().await;
}
