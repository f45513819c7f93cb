//! Each rule of the replaced tool's table, and what follows from them together.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{media::merge_poll, reactions::Moved, *};
use crate::{
    archive::testing::worlds,
    model::{
        Blob, Chat, ChatKind, Entity, EntityKind, Extra, Forward, MediaKind, MessageId, PeerId, Reaction,
        ReactionCount, Reactions, Reply, User,
    },
};

const CHAT: PeerId = PeerId::channel(77);

fn at(second: i64) -> Option<Timestamp> {
    Some(Timestamp::from_second(1_700_000_000 + second).unwrap())
}

fn said(text: &str, edited: Option<Timestamp>) -> Message {
    Message { edited, ..worlds::plain(CHAT, 5, text) }
}

fn stored(message: Message) -> Stored {
    Stored { message, sender_name: Some("Ada".into()), deleted: None, versions: 0 }
}

fn told(old: &Message, new: &Message) -> (Message, Merged) {
    let merged = merge(&stored(old.clone()), new, None);
    (merged.message.as_deref().unwrap_or(old).clone(), merged)
}

fn reacted(counts: &[(&str, i32)], is_partial: bool) -> Option<Box<Reactions>> {
    let count = |(emoji, count): &(&str, i32)| ReactionCount {
        reaction: Reaction::Emoji((*emoji).to_owned()),
        count: *count,
        chosen: None,
    };
    Some(Box::new(Reactions {
        counts: counts.iter().map(count).collect(),
        is_partial,
        ..Reactions::default()
    }))
}

fn bold(length: i32) -> Vec<Entity> {
    vec![Entity { offset: 0, length, kind: EntityKind::Bold }]
}

fn with_file() -> Message {
    let has_file = |message: &Message| {
        message.media.as_ref().is_some_and(|media| media.kind == MediaKind::Photo && media.file.is_some())
    };
    worlds::talk(3, 400, 6).into_iter().find(has_file).expect("people send photos")
}

#[test]
fn what_is_the_same_is_not_written() {
    let message = said("so", at(5));
    assert_eq!(told(&message, &message).1, Merged::default());
}

#[test]
fn the_same_text_leaves_the_date_of_the_edit() {
    let (now, merged) = told(&said("so", None), &said("so", at(9)));
    assert_eq!((now.edited, merged), (None, Merged::default()));
    let mut with_reaction = said("so", at(9));
    with_reaction.reactions = reacted(&[("🔥", 1)], false);
    let (now, merged) = told(&said("so", at(5)), &with_reaction);
    assert_eq!((now.edited, merged.change), (at(5), Some(ChangeKind::Reactions)));
}

#[test]
fn text_fills_where_there_was_none() {
    let (now, merged) = told(&said("", None), &said("so", None));
    assert_eq!((now.text.as_str(), merged.is_refused, merged.earlier), ("so", false, None));
    let (now, _) = told(&said("", None), &said("so", at(9)));
    assert_eq!((now.text.as_str(), now.edited), ("so", at(9)));
    let (now, merged) = told(&said("", at(9)), &said("so", None));
    assert_eq!((now.text.as_str(), merged.is_refused), ("", true), "the caption was taken away");
}

#[test]
fn another_text_without_a_date_is_refused() {
    for old in [None, at(5)] {
        let (now, merged) = told(&said("so", old), &said("else", None));
        assert_eq!(now, said("so", old));
        assert!(merged.is_refused && merged.message.is_none() && merged.earlier.is_none());
    }
}

#[test]
fn a_newer_text_is_taken_and_the_old_one_kept() {
    for (old, new) in [(None, at(5)), (at(5), at(6)), (at(5), at(5))] {
        let (now, merged) = told(&said("so", old), &said("else", new));
        assert_eq!((now.text.as_str(), now.edited, merged.change), ("else", new, Some(ChangeKind::Edited)));
        let since = old.unwrap_or(now.date);
        assert_eq!(merged.earlier, Some(Earlier { text: "so".into(), entities: Vec::new(), since }));
    }
}

#[test]
fn an_older_text_is_refused() {
    let (now, merged) = told(&said("else", at(6)), &said("so", at(5)));
    assert_eq!((now, merged.is_refused), (said("else", at(6)), true));
}

#[test]
fn a_caption_that_is_not_told_stays() {
    for edited in [None, at(5)] {
        let (now, merged) = told(&said("so", at(5)), &said("", edited));
        assert_eq!((now.text.as_str(), merged.is_refused), ("so", false));
    }
    let (now, merged) = told(&said("so", at(5)), &said("", at(6)));
    assert_eq!((now.text.as_str(), merged.earlier.unwrap().text.as_str()), ("", "so"));
}

#[test]
fn marks_are_never_lost_and_move_only_with_an_edit() {
    let marked = |edited, entities| Message { entities, ..said("so it is", edited) };
    assert_eq!(told(&marked(None, bold(2)), &marked(None, Vec::new())).0.entities, bold(2));
    assert_eq!(told(&marked(None, Vec::new()), &marked(None, bold(2))).0.entities, bold(2));
    assert_eq!(told(&marked(at(5), bold(2)), &marked(at(5), bold(4))).0.entities, bold(2));
    let (now, merged) = told(&marked(at(5), bold(2)), &marked(at(6), bold(4)));
    assert_eq!((now.entities, now.edited), (bold(4), at(6)));
    assert_eq!(merged.earlier.unwrap().entities, bold(2));
}

#[test]
fn the_senders_name_is_filled_once() {
    let message = said("so", None);
    let nameless = Stored { sender_name: None, ..stored(message.clone()) };
    assert!(merge(&nameless, &message, Some("Ada")).names_sender);
    assert!(!merge(&nameless, &message, Some("")).names_sender);
    assert!(!merge(&stored(message.clone()), &message, Some("Grace")).names_sender);
}

#[test]
fn what_is_not_told_is_kept() {
    let full = worlds::everything(5, 2_000);
    for message in &full {
        let mut bare = worlds::plain(message.chat, message.id.0, "");
        bare.date = message.date;
        bare.marks.is_media_unread = message.marks.is_media_unread;
        let (now, merged) = told(message, &bare);
        assert_eq!((&now, merged.change), (message, None));
    }
}

#[test]
fn what_is_told_later_completes() {
    for message in &worlds::everything(6, 2_000) {
        let mut bare = worlds::plain(message.chat, message.id.0, "");
        bare.date = message.date;
        bare.marks.is_media_unread = message.marks.is_media_unread;
        let (now, _) = told(&bare, message);
        let same_date = Message { edited: message.edited, ..now.clone() };
        let mut same = same_date;
        same.marks.hides_edit = message.marks.hides_edit;
        assert_eq!(&same, message);
    }
}

#[test]
fn a_pin_is_not_taken_off_by_silence() {
    let mut pinned = said("so", None);
    pinned.marks.is_pinned = true;
    assert!(told(&pinned, &said("so", None)).0.marks.is_pinned);
    assert_eq!(told(&said("so", None), &pinned).1.change, Some(ChangeKind::Pinned));
}

#[test]
fn partial_reactions_never_replace_full_ones() {
    let with = |reactions| Message { reactions, ..said("so", None) };
    let full = with(reacted(&[("🔥", 2), ("👍", 1)], false));
    assert_eq!(told(&full, &with(reacted(&[("🔥", 9)], true))).0, full);
    assert_eq!(told(&with(None), &with(reacted(&[("🔥", 9)], true))).0, with(reacted(&[("🔥", 9)], true)));
    assert_eq!(told(&full, &with(None)).0, full, "silence takes nothing away");
    let none = with(reacted(&[], false));
    assert_eq!(told(&full, &none).0, with(None), "an empty list does, as if there had never been any");
    assert_eq!(told(&with(None), &none).1, Merged::default());
}

#[test]
fn reactions_that_went_are_told() {
    let (before, after) = (reacted(&[("🔥", 2), ("👍", 1)], false), reacted(&[("👍", 4)], false));
    let fire = Reaction::Emoji("🔥".into());
    let thumb = Reaction::Emoji("👍".into());
    let told = moved(before.as_deref(), after.as_deref());
    assert_eq!(told, Moved { gone: vec![(fire, 2)], present: vec![thumb] });
}

#[test]
fn counters_only_grow() {
    let seen = |views| Message { views, ..said("so", None) };
    assert_eq!(told(&seen(Some(5)), &seen(Some(9))).0.views, Some(9));
    assert_eq!(told(&seen(Some(9)), &seen(Some(5))).1, Merged::default());
    assert_eq!(told(&seen(Some(9)), &seen(None)).1, Merged::default());
}

#[test]
fn a_fresh_reference_is_kept_and_is_no_news() {
    let old = with_file();
    let mut new = old.clone();
    new.media.as_mut().unwrap().file.as_mut().unwrap().reference = Blob(vec![9; 20]);
    let (now, merged) = told(&old, &new);
    assert_eq!((&now, merged.change), (&new, None));
    assert!(merged.message.is_some(), "it is written");
}

#[test]
fn a_file_that_telegram_hides_stays() {
    let old = with_file();
    let mut new = old.clone();
    let media = new.media.as_mut().unwrap();
    (media.file, media.more_files) = (None, Vec::new());
    let (now, merged) = told(&old, &new);
    assert_eq!((now, merged.change), (old, None));
}

#[test]
fn another_file_needs_a_newer_edit() {
    let old = with_file();
    let mut new = old.clone();
    new.media.as_mut().unwrap().file.as_mut().unwrap().id += 1;
    assert_eq!(told(&old, &new).0, old, "without a date");
    new.edited = old.edited.or(Some(old.date)).map(|edited| edited + jiff::Span::new().seconds(7));
    let (now, merged) = told(&old, &new);
    assert_eq!((now.media, now.edited, merged.change), (new.media, new.edited, Some(ChangeKind::Edited)));
}

#[test]
fn unsupported_media_gives_way_and_never_takes_over() {
    let old = with_file();
    let mut unsupported = old.clone();
    let media = unsupported.media.as_mut().unwrap();
    (media.kind, media.file) = (MediaKind::Unsupported, None);
    assert_eq!(told(&old, &unsupported).0, old);
    assert_eq!(told(&unsupported, &old).0, old);
}

#[test]
fn an_answer_is_completed_with_its_quote() {
    let reply = |quote: Option<&str>, is_in_topic| {
        let quote_text = quote.map(str::to_owned);
        let reply = Reply { message: Some(MessageId(3)), is_in_topic, quote_text, ..Reply::default() };
        Message { reply: Some(Box::new(reply)), ..said("so", None) }
    };
    let (now, _) = told(&reply(None, true), &reply(Some("as was said"), false));
    assert_eq!(now, reply(Some("as was said"), true));
    assert_eq!(told(&reply(Some("as was said"), true), &reply(None, false)).1.change, None);
}

#[test]
fn poll_results_move_and_keep_what_we_chose() {
    let has_poll = |message: &Message| message.media.as_deref().and_then(poll_of).is_some();
    let old = worlds::everything(8, 4_000).into_iter().find(has_poll).expect("there are polls");
    let mut known = poll_of(old.media.as_deref().unwrap()).unwrap().clone();
    let option = known.answers[0].option.clone();
    let votes = |voters, is_chosen| crate::model::PollVotes {
        option: option.clone(),
        voters: Some(voters),
        recent: None,
        is_chosen,
        is_correct: false,
    };
    (known.results.votes, known.results.is_partial, known.is_closed) =
        (Some(vec![votes(3, true)]), false, true);
    let mut new = known.clone();
    (new.results.votes, new.results.is_partial, new.is_closed) = (Some(vec![votes(4, false)]), true, false);
    let now = merge_poll(&known, &new);
    assert_eq!(now.results.votes, Some(vec![votes(4, true)]));
    assert!(now.is_closed && !now.results.is_partial);
    let (with, other) =
        (with_poll(&old, &now), with_poll(&old, &crate::model::Poll { id: 1, ..now.clone() }));
    assert!(with.is_some() && other.is_none());
}

#[test]
fn a_forward_is_completed() {
    let forward = |from_name: Option<&str>, post| {
        let forward = Forward {
            date: at(0).unwrap(),
            from: None,
            from_name: from_name.map(str::to_owned),
            post,
            signature: None,
            saved_from_chat: None,
            saved_from_message: None,
            saved_from: None,
            saved_from_name: None,
            saved_date: None,
            announcement: None,
            is_imported: false,
            was_outgoing: false,
        };
        Message { forward: Some(Box::new(forward)), ..said("so", None) }
    };
    let post = Some(MessageId(4));
    assert_eq!(told(&forward(Some("Ada"), None), &forward(None, post)).0, forward(Some("Ada"), post));
}

#[test]
fn a_partial_chat_never_takes_the_place_of_more() {
    let full = Chat {
        title: "Tapes".into(),
        usernames: vec!["tapes".into()],
        participants: Some(9),
        photo: Some(4),
        is_forum: true,
        is_partial: false,
        kind: ChatKind::Supergroup,
        ..unknown_chat(CHAT)
    };
    let part = Chat { title: "Old tapes".into(), ..unknown_chat(CHAT) };
    assert_eq!(merge_chat(&full, &part), full);
    assert!(
        merge_chat(&full, &Chat { is_left: true, ..part.clone() }).is_left,
        "but it tells that we are out"
    );
    assert_eq!(merge_chat(&part, &full), full);
    let later = Chat { title: "New tapes".into(), participants: None, ..full.clone() };
    assert_eq!(merge_chat(&full, &later), Chat { participants: Some(9), ..later.clone() });
}

fn user(name: Option<&str>, is_deleted: bool, is_partial: bool) -> User {
    User {
        id: PeerId::user(5),
        first_name: name.map(str::to_owned),
        last_name: None,
        usernames: Vec::new(),
        phone: None,
        photo: None,
        is_self: false,
        is_contact: false,
        is_bot: false,
        is_deleted,
        is_verified: false,
        is_premium: false,
        is_partial,
        restrictions: Vec::new(),
        extra: Extra::default(),
    }
}

#[test]
fn a_deleted_account_keeps_its_name() {
    assert_eq!(
        merge_user(&user(Some("Ada"), false, false), &user(None, true, false)),
        user(Some("Ada"), true, false)
    );
    assert_eq!(
        merge_user(&user(Some("Ada"), false, false), &user(Some("Someone"), false, true)),
        user(Some("Ada"), false, false)
    );
}

#[test]
fn a_whole_name_does_not_join_half_of_another() {
    let called = |first: &str, last: Option<&str>, is_partial| {
        let first = Some(first).filter(|first| !first.is_empty());
        User { last_name: last.map(str::to_owned), ..user(first, false, is_partial) }
    };
    let parts = called("Ann", Some("Fletcher"), true);
    for (stored, told, name) in [
        (&parts, called("Ann Fletcher", None, true), ("Ann", Some("Fletcher"))),
        (&parts, called("Ann Smith", None, true), ("Ann Smith", None)),
        (&parts, called("", None, true), ("Ann", Some("Fletcher"))),
        (&called("", None, true), called("Ann Fletcher", None, true), ("Ann Fletcher", None)),
        (&called("Ann", Some("Smith"), false), called("Ann Fletcher", None, true), ("Ann", Some("Smith"))),
    ] {
        let both = merge_user(stored, &told);
        assert_eq!((both.first_name.as_deref().unwrap_or_default(), both.last_name.as_deref()), name);
    }
}

/// A telling of one message of a world: all of it, or only some of its parts, at some edit.
fn tellings() -> impl Strategy<Value = Vec<(usize, u8, u8)>> {
    prop::collection::vec((0..40_usize, 0..16_u8, 0..4_u8), 1..12)
}

fn telling(messages: &[Message], (place, parts, edit): (usize, u8, u8)) -> Message {
    let mut message = messages[place % 3].clone();
    if parts & 1 != 0 {
        message.media = None;
    }
    if parts & 2 != 0 {
        message.reply = None;
        message.forward = None;
    }
    if parts & 4 != 0 {
        (message.text, message.entities) = (String::new(), Vec::new());
    }
    if parts & 8 != 0 {
        message.extra = Extra::default();
        message.views = None;
    }
    if edit > 0 && !message.text.is_empty() {
        message.text = format!("{} ({edit})", message.text);
        message.edited = at(100_000_000 + i64::from(edit));
    }
    message
}

proptest! {
    #[test]
    fn told_again_changes_nothing(order in tellings(), seed in 0..40_u64) {
        let messages = worlds::everything(seed, 60);
        let mut known = stored(messages[0].clone());
        for one in order {
            let mut new = telling(&messages, one);
            (new.id, new.chat, new.date) = (known.message.id, known.message.chat, known.message.date);
            let first = merge(&known, &new, None);
            if let Some(message) = first.message {
                known.message = *message;
            }
            let second = merge(&known, &new, None);
            prop_assert_eq!(second.message, None);
            prop_assert_eq!(second.earlier, None);
        }
    }

    #[test]
    fn nothing_that_is_known_is_emptied(order in tellings(), seed in 0..40_u64) {
        let messages = worlds::everything(seed, 60);
        let mut known = stored(messages[0].clone());
        for one in order {
            let mut new = telling(&messages, one);
            (new.id, new.chat, new.date) = (known.message.id, known.message.chat, known.message.date);
            let before = known.message.clone();
            if let Some(message) = merge(&known, &new, None).message {
                known.message = *message;
            }
            let now = &known.message;
            prop_assert!(!now.text.is_empty() || before.text.is_empty() || new.edited > before.edited);
            prop_assert!(now.media.is_some() >= before.media.is_some());
            prop_assert!(now.reply.is_some() >= before.reply.is_some());
            prop_assert!(now.forward.is_some() >= before.forward.is_some());
            let has_lost_all = new.reactions.as_ref().is_some_and(|told| told.counts.is_empty());
            prop_assert!(now.reactions.is_some() >= before.reactions.is_some() || has_lost_all);
            prop_assert!(now.edited >= before.edited);
            prop_assert!(now.views >= before.views && now.sender.is_some() >= before.sender.is_some());
        }
    }
}
