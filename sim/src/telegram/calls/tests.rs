//! What calls do, made one after the other on a world without a wire.

use std::collections::BTreeMap;

use grammers_tl_types::{self as tl, functions as f};

use super::*;
use crate::telegram::{Content, Peer, Role, Spot, blank, message};

const ADA: i64 = 1;
const GRACE: i64 = 2;
const BOB: i64 = 3;

/// Ada and Grace have accounts in data centre 1; Bob is only talked about.
fn world() -> Telegram {
    let mut t = Telegram::default();
    t.set_now(1_700_000_000);
    t.add_account(ADA, "Ada", "+15550001", 1);
    t.add_account(GRACE, "Grace", "+15550002", 1);
    t.add_user(BOB, "Bob");
    t
}

fn ada() -> Caller {
    Caller::of(ADA)
}

fn grace() -> Caller {
    Caller::of(GRACE)
}

fn send_text(
    t: &mut Telegram,
    me: i64,
    to: Peer,
    text: &str,
    random_id: i64,
) -> Result<tl::enums::Updates, Refusal> {
    let peer = inputs::of(t, me, to);
    let mut call: f::messages::SendMessage = blank_send(peer);
    call.message = text.to_owned();
    call.random_id = random_id;
    send::send_message(t, &Caller::of(me), call)
}

fn blank_send(peer: tl::enums::InputPeer) -> f::messages::SendMessage {
    f::messages::SendMessage {
        no_webpage: false,
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer,
        reply_to: None,
        message: String::new(),
        random_id: 0,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
        rich_message: None,
    }
}

fn texts(t: &Telegram, viewer: i64, peer: Peer) -> Vec<String> {
    let history = t.history(viewer, peer).unwrap();
    let ids: Vec<i32> = history.ids_from(0).collect();
    ids.iter().map(|id| message::text_of(&history.get(*id).unwrap()).to_owned()).collect()
}

#[test]
fn same_random_id_sends_once() {
    let mut t = world();
    let sent = send_text(&mut t, ADA, Peer::User(GRACE), "once", 77).unwrap();
    assert!(
        matches!(sent, tl::enums::Updates::UpdateShortSentMessage(ref it) if it.out && it.pts_count == 1)
    );
    let again = send_text(&mut t, ADA, Peer::User(GRACE), "once", 77).unwrap_err();
    assert_eq!((again.code, again.name.as_ref()), (500, "RANDOM_ID_DUPLICATE"));
    assert_eq!(texts(&t, GRACE, Peer::User(ADA)), ["once"]);
    let empty = send_text(&mut t, ADA, Peer::User(GRACE), " ", 78).unwrap_err();
    assert_eq!(empty.name, "MESSAGE_EMPTY");
    send_text(&mut t, GRACE, Peer::User(ADA), "another's number", 77).unwrap();
}

#[test]
fn every_box_has_its_own_copy() {
    let mut t = world();
    t.say(Peer::User(ADA), BOB, "only for Ada");
    let said = t.say(Peer::User(GRACE), ADA, "hello");
    let answered = {
        let id = t.twin_in(ADA, said.id(), GRACE).unwrap();
        assert_ne!(id, said.id());
        t.answer(Peer::User(ADA), GRACE, id, "hello yourself")
    };
    let hers = t.twin_in(GRACE, answered.id(), ADA).unwrap();
    let kept = t.message(ADA, Peer::User(GRACE), hers).unwrap();
    assert_eq!(message::reply_of(&kept).unwrap().reply_to_msg_id, Some(said.id()));
    assert!(!message::is_out(&kept) && message::is_out(&t.stored(answered).unwrap()));
    t.edit(said, "hello!");
    assert_eq!(texts(&t, GRACE, Peer::User(ADA)), ["hello!", "hello yourself"]);
    let call = f::messages::DeleteMessages { revoke: false, id: vec![said.id(), 999] };
    let tl::enums::messages::AffectedMessages::Messages(affected) =
        edit::delete_messages(&mut t, &ada(), call).unwrap();
    assert_eq!(affected.pts_count, 1);
    assert_eq!(texts(&t, ADA, Peer::User(GRACE)), ["hello yourself"]);
    assert_eq!(texts(&t, GRACE, Peer::User(ADA)).len(), 2);
}

/// What a client that missed everything makes of the differences.
#[derive(Default)]
struct Mirror {
    pts: i32,
    kept: BTreeMap<i32, tl::enums::Message>,
}

impl Mirror {
    fn take(&mut self, new: Vec<tl::enums::Message>, other: Vec<tl::enums::Update>) {
        use tl::enums::Update as U;
        self.kept.extend(new.into_iter().map(|message| (message.id(), message)));
        for update in other {
            match update {
                U::EditMessage(it) => drop(self.kept.insert(it.message.id(), it.message)),
                U::EditChannelMessage(it) => drop(self.kept.insert(it.message.id(), it.message)),
                U::DeleteMessages(it) => self.kept.retain(|id, _| !it.messages.contains(id)),
                U::DeleteChannelMessages(it) => self.kept.retain(|id, _| !it.messages.contains(id)),
                U::PinnedMessages(it) => self.pin(&it.messages, it.pinned),
                U::PinnedChannelMessages(it) => self.pin(&it.messages, it.pinned),
                _ => {}
            }
        }
    }

    fn pin(&mut self, ids: &[i32], pinned: bool) {
        for id in ids {
            if let Some(tl::enums::Message::Message(message)) = self.kept.get_mut(id) {
                message.pinned = pinned;
            }
        }
    }

    fn catch_up(&mut self, t: &mut Telegram, caller: &Caller) {
        loop {
            let call = f::updates::GetDifference {
                pts: self.pts,
                pts_limit: Some(7),
                pts_total_limit: None,
                date: 1,
                qts: 0,
                qts_limit: None,
            };
            match updates::get_difference(t, caller, call).unwrap() {
                tl::enums::updates::Difference::Empty(_) => return,
                tl::enums::updates::Difference::Difference(it) => {
                    let tl::enums::updates::State::State(state) = it.state;
                    self.pts = state.pts;
                    self.take(it.new_messages, it.other_updates);
                }
                tl::enums::updates::Difference::Slice(it) => {
                    let tl::enums::updates::State::State(state) = it.intermediate_state;
                    assert!(state.pts > self.pts);
                    self.pts = state.pts;
                    self.take(it.new_messages, it.other_updates);
                }
                tl::enums::updates::Difference::TooLong(_) => panic!("nothing was trimmed"),
            }
        }
    }
}

/// Says, edits, pins and deletes in one chat, the same way every time.
fn stir(t: &mut Telegram, chat: Peer, from: i64, step: usize, spots: &mut Vec<Spot>) {
    let dice = (step * 7919 + 13) % 101;
    let spot = spots.get(dice % spots.len().max(1)).copied();
    match (dice % 6, spot) {
        (3, Some(spot)) => drop(t.edit(spot, &format!("edited {step}"))),
        (4, Some(spot)) => t.pin(spot, dice.is_multiple_of(2)),
        (5, Some(spot)) => {
            t.delete(spot);
            spots.retain(|other| *other != spot);
        }
        _ => spots.push(t.say(chat, from, &format!("said {step}"))),
    }
}

#[test]
fn differences_replay_to_equal_boxes() {
    let mut t = world();
    let mut spots = Vec::new();
    let mut mirror = Mirror { pts: 1, ..Mirror::default() };
    t.add_group(50, "Chess", &[GRACE, ADA, BOB]);
    for step in 0..200 {
        let (chat, from) = match step % 3 {
            0 => (Peer::User(GRACE), ADA),
            1 => (Peer::Group(50), GRACE),
            _ => (Peer::User(ADA), BOB),
        };
        stir(&mut t, chat, from, step, &mut spots);
        if step % 41 == 40 {
            mirror.catch_up(&mut t, &ada());
        }
    }
    mirror.catch_up(&mut t, &ada());
    let mut kept = BTreeMap::new();
    for peer in [Peer::User(GRACE), Peer::User(BOB), Peer::Group(50)] {
        let ids: Vec<i32> = t.history(ADA, peer).unwrap().ids_from(0).collect();
        kept.extend(ids.into_iter().map(|id| (id, t.message(ADA, peer, id).unwrap())));
    }
    assert!(kept.len() > 50);
    assert_eq!(mirror.kept, kept);
    assert_eq!(mirror.pts, t.accounts[&ADA].pts);
}

fn channel_difference(
    t: &mut Telegram,
    caller: &Caller,
    channel: i64,
    pts: i32,
) -> tl::enums::updates::ChannelDifference {
    let me = caller.me().unwrap();
    let access_hash = t.access_hash(me, Peer::Channel(channel));
    let call = f::updates::GetChannelDifference {
        force: false,
        channel: tl::types::InputChannel { channel_id: channel, access_hash }.into(),
        filter: tl::enums::ChannelMessagesFilter::Empty,
        pts,
        limit: 9,
    };
    updates::get_channel_difference(t, caller, call).unwrap()
}

#[test]
fn channel_differences_replay_to_equal_history() {
    let mut t = world();
    let chat = t.add_supergroup(60, "Harbour", GRACE);
    t.join(chat, ADA);
    let mut mirror = Mirror { pts: 1, ..Mirror::default() };
    let mut spots = Vec::new();
    for step in 0..150 {
        stir(&mut t, chat, if step % 2 == 0 { GRACE } else { BOB }, step, &mut spots);
    }
    loop {
        match channel_difference(&mut t, &ada(), 60, mirror.pts) {
            tl::enums::updates::ChannelDifference::Difference(it) => {
                mirror.take(it.new_messages, it.other_updates);
                mirror.pts = it.pts;
                if it.r#final {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let ids: Vec<i32> = t.channels[&60].history.ids_from(0).collect();
    let kept: BTreeMap<_, _> = ids.into_iter().map(|id| (id, t.message(ADA, chat, id).unwrap())).collect();
    assert_eq!(mirror.kept, kept);
    assert!(matches!(
        channel_difference(&mut t, &ada(), 60, mirror.pts),
        tl::enums::updates::ChannelDifference::Empty(it) if it.pts == t.channels[&60].pts
    ));
}

#[test]
fn trimmed_logs_answer_too_long() {
    let mut t = world();
    let chat = t.add_channel(60, "News", GRACE);
    t.join(chat, ADA);
    for number in 0..20 {
        t.say(chat, GRACE, &number.to_string());
        t.say(Peer::User(ADA), GRACE, &number.to_string());
    }
    t.channels.get_mut(&60).unwrap().trim_log(6);
    t.accounts.get_mut(&ADA).unwrap().trim_log(10);
    assert!(matches!(
        channel_difference(&mut t, &ada(), 60, 3),
        tl::enums::updates::ChannelDifference::TooLong(it) if it.messages.len() == 10
    ));
    let mut at = |pts| {
        let (pts_limit, pts_total_limit, qts_limit) = (None, None, None);
        let call = f::updates::GetDifference { pts, pts_limit, pts_total_limit, date: 1, qts: 0, qts_limit };
        updates::get_difference(&mut t, &ada(), call)
    };
    assert!(matches!(at(10).unwrap(), tl::enums::updates::Difference::TooLong(it) if it.pts == 21));
    assert!(
        matches!(at(11).unwrap(), tl::enums::updates::Difference::Difference(it) if it.new_messages.len() == 10)
    );
    assert_eq!(at(22).unwrap_err().name, "PERSISTENT_TIMESTAMP_INVALID");
}

fn dialogs_page(
    t: &mut Telegram,
    folder_id: Option<i32>,
    last: Option<&(i32, i32, Peer)>,
) -> Vec<(i32, i32, Peer)> {
    let (offset_date, offset_id, offset_peer) = match last {
        Some((date, id, peer)) => (*date, *id, inputs::of(t, ADA, *peer)),
        None => (0, 0, tl::enums::InputPeer::Empty),
    };
    let call = f::messages::GetDialogs {
        exclude_pinned: false,
        folder_id,
        offset_date,
        offset_id,
        offset_peer,
        limit: 20,
        hash: 0,
    };
    let (dialogs, messages) = match dialogs::get_dialogs(t, &ada(), call).unwrap() {
        tl::enums::messages::Dialogs::Dialogs(it) => (it.dialogs, it.messages),
        tl::enums::messages::Dialogs::Slice(it) => (it.dialogs, it.messages),
        other => panic!("{other:?}"),
    };
    let dialogs = dialogs.into_iter().filter_map(|dialog| match dialog {
        tl::enums::Dialog::Dialog(dialog) => Some(dialog),
        _ => None,
    });
    let date = |dialog: &tl::types::Dialog| {
        let mut tops = messages.iter().filter(|message| message.id() == dialog.top_message);
        let peer = Peer::from(&dialog.peer);
        let place = |message: &&tl::enums::Message| match message {
            tl::enums::Message::Message(message) => Peer::from(&message.peer_id) == peer,
            _ => true,
        };
        message::date_of(tops.find(place).unwrap())
    };
    dialogs.map(|dialog| (date(&dialog), dialog.top_message, Peer::from(&dialog.peer))).collect()
}

#[test]
fn dialogs_page_to_the_whole_list() {
    let mut t = world();
    for id in 100..190 {
        t.add_user(id, "Somebody");
        // Several at the same moment: the page must not end between them and lose one.
        t.set_now(1_700_000_000 + i32::try_from(id / 4).unwrap());
        t.say(Peer::User(ADA), id, "hello");
    }
    for id in 100..110 {
        t.mailbox(ADA).talks.get_mut(&Peer::User(id)).unwrap().folder = 1;
    }
    t.mailbox(ADA).pin_chat(Peer::User(120));
    let mut all: Vec<(i32, i32, Peer)> = Vec::new();
    loop {
        let page = dialogs_page(&mut t, Some(0), all.last().cloned().as_ref());
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    assert_eq!(all[0].2, Peer::User(120));
    let peers: std::collections::BTreeSet<Peer> = all.iter().map(|(_, _, peer)| *peer).collect();
    assert_eq!((all.len(), peers.len()), (80, 80));
    assert_eq!(dialogs_page(&mut t, Some(1), None).len(), 10);
}

#[test]
fn expired_reference_is_renewed_by_its_message() {
    let mut t = world();
    let file = t.add_document(Content::Noise { seed: 1, len: 300_000 }, "audio/mpeg", Vec::new());
    let spot = t.send_file(Peer::User(ADA), BOB, &file, "listen");
    let location = |t: &Telegram| {
        let kept = t.message(ADA, Peer::User(BOB), spot.id()).unwrap();
        let Some(tl::enums::MessageMedia::Document(media)) = message::media_of(&kept) else {
            panic!("{kept:?}")
        };
        let Some(tl::enums::Document::Document(document)) = &media.document else { panic!("{media:?}") };
        tl::types::InputDocumentFileLocation {
            id: document.id,
            access_hash: document.access_hash,
            file_reference: document.file_reference.clone(),
            thumb_size: String::new(),
        }
    };
    let get = |t: &mut Telegram, caller: &Caller, location: &tl::types::InputDocumentFileLocation, offset| {
        let location = location.clone().into();
        let call =
            f::upload::GetFile { precise: false, cdn_supported: false, location, offset, limit: 262_144 };
        files::get_file(t, caller, call).map(|file| match file {
            tl::enums::upload::File::File(file) => file.bytes,
            other => panic!("{other:?}"),
        })
    };
    let old = location(&t);
    let mut whole = get(&mut t, &ada(), &old, 0).unwrap();
    whole.extend(get(&mut t, &ada(), &old, 262_144).unwrap());
    assert_eq!(whole, file.content.read(0..300_000));
    assert_eq!(get(&mut t, &Caller { dc: 4, ..ada() }, &old, 0).unwrap_err().name, "FILE_MIGRATE_1");
    t.files.expire_reference(file.id);
    assert_eq!(get(&mut t, &ada(), &old, 0).unwrap_err().name, "FILE_REFERENCE_EXPIRED");
    let new = location(&t);
    assert!(get(&mut t, &ada(), &new, 0).is_ok());
    let wrong = tl::types::InputDocumentFileLocation { access_hash: 1, ..new };
    assert_eq!(get(&mut t, &ada(), &wrong, 0).unwrap_err().name, "FILE_ID_INVALID");
}

#[test]
fn votes_and_reactions_are_seen_by_each_in_their_way() {
    let mut t = world();
    let chat = t.add_supergroup(60, "Harbour", ADA);
    t.join(chat, GRACE);
    let mut poll = blank::message(0, chat, 0, "");
    let asked = tl::types::Poll { public_voters: true, ..blank::poll(5, "Tea?", &["yes", "no"]) };
    poll.media = Some(
        tl::types::MessageMediaPoll {
            poll: asked.into(),
            results: blank::poll_results().into(),
            attached_media: None,
        }
        .into(),
    );
    let spot = t.post(chat, ADA, poll.into());
    t.vote(spot, BOB, vec![b"0".to_vec()]);
    let (peer, msg_id) = (inputs::of(&t, GRACE, chat), spot.id());
    let vote = |options: Vec<Vec<u8>>| f::messages::SendVote { peer: peer.clone(), msg_id, options };
    assert_eq!(
        reactions::send_vote(&mut t, &grace(), vote(vec![b"9".to_vec()])).unwrap_err().name,
        "OPTION_INVALID"
    );
    reactions::send_vote(&mut t, &grace(), vote(vec![b"1".to_vec()])).unwrap();
    reactions::send_vote(&mut t, &grace(), vote(vec![b"0".to_vec()])).unwrap();
    let counts = |viewer| {
        let kept = t.message(viewer, chat, msg_id).unwrap();
        let Some(tl::enums::MessageMedia::Poll(media)) = message::media_of(&kept) else { panic!("{kept:?}") };
        let tl::enums::PollResults::Results(results) = &media.results;
        let answers = results.results.iter().flatten();
        let each = answers.map(|tl::enums::PollAnswerVoters::Voters(it)| (it.voters.unwrap(), it.chosen));
        (results.total_voters, each.collect::<Vec<_>>())
    };
    assert_eq!(counts(GRACE), (Some(2), vec![(2, true), (0, false)]));
    assert_eq!(counts(ADA), (Some(2), vec![(2, false), (0, false)]));

    t.react(spot, BOB, "👍");
    t.react(spot, GRACE, "👍");
    let chosen = |t: &Telegram, viewer| {
        let kept = t.message(viewer, chat, msg_id).unwrap();
        let Some(tl::enums::MessageReactions::Reactions(it)) = crate::telegram::reactions_of(&kept) else {
            return None;
        };
        let tl::enums::ReactionCount::Count(count) = &it.results[0];
        Some((count.count, count.chosen_order))
    };
    assert_eq!((chosen(&t, GRACE), chosen(&t, ADA)), (Some((2, Some(0))), Some((2, None))));
    let (id, limit) = (msg_id, 1);
    let call = f::messages::GetMessageReactionsList { peer, id, reaction: None, offset: None, limit };
    let tl::enums::messages::MessageReactionsList::List(list) =
        reactions::get_message_reactions_list(&mut t, &grace(), call).unwrap();
    assert_eq!((list.count, list.reactions.len(), list.next_offset.as_deref()), (2, 1, Some("1")));
    t.react(spot, GRACE, "");
    t.react(spot, BOB, "");
    assert_eq!(chosen(&t, GRACE), None);
}

fn found(messages: tl::enums::messages::Messages) -> (Vec<(i32, i32, Peer)>, Option<i32>) {
    let (messages, rate) = match messages {
        tl::enums::messages::Messages::Messages(it) => (it.messages, None),
        tl::enums::messages::Messages::Slice(it) => (it.messages, it.next_rate),
        tl::enums::messages::Messages::ChannelMessages(it) => (it.messages, None),
        other => panic!("{other:?}"),
    };
    let key = |message: tl::enums::Message| match message {
        tl::enums::Message::Message(it) => (it.date, it.id, Peer::from(&it.peer_id)),
        tl::enums::Message::Service(it) => (it.date, it.id, Peer::from(&it.peer_id)),
        tl::enums::Message::Empty(it) => panic!("{it:?}"),
    };
    (messages.into_iter().map(key).collect(), rate)
}

#[test]
fn global_search_pages_through_every_match() {
    let mut t = world();
    let group = t.add_supergroup(60, "Harbour", ADA);
    for number in 0..90 {
        t.set_now(1_700_000_000 + number / 3);
        let text = if number % 3 == 0 { "nothing" } else { "A Boat, sailing" };
        let chat = if number % 2 == 0 { group } else { Peer::User(ADA) };
        t.say(chat, BOB, text);
    }
    let mut all = Vec::new();
    let mut rate = 0;
    loop {
        let (offset_peer, offset_id) = match all.last() {
            Some((_, id, peer)) => (inputs::of(&t, ADA, *peer), *id),
            None => (tl::enums::InputPeer::Empty, 0),
        };
        let call = f::messages::SearchGlobal {
            broadcasts_only: false,
            groups_only: false,
            users_only: false,
            folder_id: None,
            community: None,
            q: "boat sail".to_owned(),
            filter: tl::enums::MessagesFilter::InputMessagesFilterEmpty,
            min_date: 0,
            max_date: 0,
            offset_rate: rate,
            offset_peer,
            offset_id,
            limit: 7,
        };
        let (page, next) = found(search::search_global(&mut t, &ada(), call).unwrap());
        all.extend(page);
        match next {
            Some(next) => rate = next,
            None => break,
        }
    }
    assert_eq!(all.len(), 60);
    assert!(all.windows(2).all(|pair| pair[0] > pair[1]));
}

fn replies(t: &mut Telegram, chat: Peer, msg_id: i32) -> Vec<i32> {
    let peer = inputs::of(t, ADA, chat);
    let call = f::messages::GetReplies {
        peer,
        msg_id,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 50,
        max_id: 0,
        min_id: 0,
        hash: 0,
    };
    let (page, _) = found(history::get_replies(t, &ada(), call).unwrap());
    page.into_iter().map(|(_, id, _)| id).collect()
}

#[test]
fn comments_are_found_from_the_post() {
    let mut t = world();
    let channel = t.add_channel(60, "News", ADA);
    let group = t.add_supergroup(61, "News talk", ADA);
    t.link(60, 61);
    let post = t.say(channel, ADA, "today");
    let peer = inputs::of(&t, ADA, channel);
    let call = f::messages::GetDiscussionMessage { peer, msg_id: post.id() };
    let tl::enums::messages::DiscussionMessage::Message(discussion) =
        history::get_discussion_message(&mut t, &ada(), call).unwrap();
    let head = discussion.messages[0].id();
    let first = t.answer(group, BOB, head, "first").id();
    let second = t.answer(group, GRACE, first, "to the first").id();
    t.say(group, BOB, "something else");
    assert_eq!(replies(&mut t, channel, post.id()), [second, first]);
    let Some(tl::enums::Message::Message(post)) = t.message(ADA, channel, post.id()) else {
        panic!("no post")
    };
    let Some(tl::enums::MessageReplies::Replies(counted)) = post.replies else { panic!("no comments") };
    assert_eq!((counted.comments, counted.replies, counted.max_id), (true, 2, Some(second)));
}

#[test]
fn topics_hold_their_own_messages() {
    let mut t = world();
    let forum = t.add_forum(60, "Harbour", ADA);
    let topic = t.add_topic(60, ADA, "Boats");
    let general = t.say(forum, BOB, "in general").id();
    let first = t.answer(forum, BOB, topic, "about boats").id();
    let second = t.answer(forum, BOB, first, "more about boats").id();
    assert_eq!(replies(&mut t, forum, topic)[..2], [second, first]);
    assert!(replies_in_general(&mut t, forum).contains(&general));
    let peer = inputs::of(&t, ADA, forum);
    let call = f::messages::GetForumTopics {
        peer,
        q: None,
        offset_date: 0,
        offset_id: 0,
        offset_topic: 0,
        limit: 10,
    };
    let tl::enums::messages::ForumTopics::Topics(topics) =
        topics::get_forum_topics(&mut t, &ada(), call).unwrap();
    let tops = topics.topics.iter().map(|topic| match topic {
        tl::enums::ForumTopic::Topic(topic) => (topic.id, topic.top_message),
        other => panic!("{other:?}"),
    });
    assert_eq!(tops.collect::<Vec<_>>(), [(topic, second), (1, general)]);
}

fn replies_in_general(t: &mut Telegram, forum: Peer) -> Vec<i32> {
    let Peer::Channel(id) = forum else { panic!("a forum is a channel") };
    let known = &t.channels[&id];
    known.history.ids_below(i32::MAX).filter(|id| search::is_in_thread(known, *id, 1)).collect()
}

#[test]
fn reading_tells_the_author() {
    let mut t = world();
    let said = t.say(Peer::User(GRACE), ADA, "read me");
    let peer = inputs::of(&t, GRACE, Peer::User(ADA));
    let call = f::messages::ReadHistory { peer: peer.clone(), max_id: 0 };
    read::read_history(&mut t, &grace(), call.clone()).unwrap();
    assert_eq!(t.boxes[&ADA].talks[&Peer::User(GRACE)].read_outbox, said.id());
    let again = read::read_history(&mut t, &grace(), call).unwrap();
    assert!(matches!(again, tl::enums::messages::AffectedMessages::Messages(it) if it.pts_count == 0));
    let state = updates::state_of(&t, GRACE);
    assert_eq!((state.pts, state.unread_count), (3, 0));
}

#[test]
fn strangers_and_the_thrown_out_are_refused() {
    let mut t = world();
    let chat = t.add_supergroup(60, "Harbour", ADA);
    t.join(chat, GRACE);
    let page = |t: &mut Telegram, peer| {
        let call = f::messages::GetHistory {
            peer,
            offset_id: 0,
            offset_date: 0,
            add_offset: 0,
            limit: 10,
            max_id: 0,
            min_id: 0,
            hash: 0,
        };
        history::get_history(t, &grace(), call)
    };
    let right = inputs::of(&t, GRACE, chat);
    let adas = inputs::of(&t, ADA, chat);
    assert!(page(&mut t, right.clone()).is_ok());
    assert_eq!(page(&mut t, adas).unwrap_err().name, "CHANNEL_INVALID");
    t.leave(chat, GRACE, Role::Banned);
    assert_eq!(page(&mut t, right).unwrap_err().name, "CHANNEL_PRIVATE");
    let nobody = Caller { user: None, ..grace() };
    let call = f::users::GetUsers { id: vec![tl::enums::InputUser::UserSelf] };
    assert_eq!(users::get_users(&mut t, &nobody, call).unwrap_err().code, 401);
}

#[test]
fn export_runs_until_it_is_finished() {
    let mut t = world();
    let start = || f::account::InitTakeoutSession {
        contacts: true,
        message_users: true,
        message_chats: false,
        message_megagroups: false,
        message_channels: false,
        files: false,
        file_max_size: None,
    };
    t.mailbox(ADA).takeout_after = t.now() + 30;
    let refusal = takeout::init_takeout_session(&mut t, &ada(), start()).unwrap_err();
    assert_eq!((refusal.code, refusal.name.as_ref()), (420, "TAKEOUT_INIT_DELAY_30"));
    t.advance(30);
    let tl::enums::account::Takeout::Takeout(takeout) =
        takeout::init_takeout_session(&mut t, &ada(), start()).unwrap();
    let inside = Caller { takeout: Some(takeout.id), ..ada() };
    assert_eq!(takeout::check(&t, &inside), Ok(()));
    takeout::finish_takeout_session(&mut t, &inside, f::account::FinishTakeoutSession { success: true })
        .unwrap();
    assert_eq!(takeout::check(&t, &inside).unwrap_err().name, "TAKEOUT_INVALID");
}

#[test]
fn albums_and_forwards_keep_their_order() {
    let mut t = world();
    let chat = t.add_channel(60, "News", ADA);
    let posts: Vec<i32> = (0..3).map(|number| t.say(chat, ADA, &number.to_string()).id()).collect();
    let call = f::messages::ForwardMessages {
        silent: false,
        background: false,
        with_my_score: false,
        drop_author: false,
        drop_media_captions: false,
        noforwards: false,
        allow_paid_floodskip: false,
        from_ephemeral: false,
        from_peer: inputs::of(&t, ADA, chat),
        id: posts.clone(),
        random_id: vec![1, 2, 3],
        to_peer: inputs::of(&t, ADA, Peer::User(GRACE)),
        top_msg_id: None,
        reply_to: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        video_timestamp: None,
        allow_paid_stars: None,
        suggested_post: None,
    };
    let tl::enums::Updates::Updates(answer) = forward::forward_messages(&mut t, &ada(), call).unwrap() else {
        panic!("no updates")
    };
    assert_eq!(answer.updates.len(), 6);
    assert_eq!(texts(&t, GRACE, Peer::User(ADA)), ["0", "1", "2"]);
    let newest = t.history(GRACE, Peer::User(ADA)).unwrap().top();
    let Some(tl::enums::Message::Message(copy)) = t.message(GRACE, Peer::User(ADA), newest) else {
        panic!("none")
    };
    let Some(tl::enums::MessageFwdHeader::Header(header)) = copy.fwd_from else { panic!("no origin") };
    assert_eq!((header.from_id, header.channel_post), (Some(chat.tl()), Some(posts[2])));
}

fn upload(t: &mut Telegram, file_id: i64, bytes: &[u8]) -> tl::enums::InputFile {
    let mut parts = 0;
    for part in bytes.chunks(1024) {
        let call = f::upload::SaveFilePart { file_id, file_part: parts, bytes: part.to_vec() };
        assert!(upload::save_file_part(t, &ada(), call).unwrap());
        parts += 1;
    }
    let md5_checksum = format!("{:x}", md5::compute(bytes));
    tl::types::InputFile { id: file_id, parts, name: "song.mp3".to_owned(), md5_checksum }.into()
}

fn uploaded(file: tl::enums::InputFile) -> tl::enums::InputMedia {
    let audio = tl::types::DocumentAttributeAudio {
        voice: false,
        duration: 3,
        title: Some("Song".to_owned()),
        performer: None,
        waveform: None,
    };
    tl::types::InputMediaUploadedDocument {
        nosound_video: false,
        force_file: false,
        spoiler: false,
        file,
        thumb: None,
        mime_type: "audio/mpeg".to_owned(),
        attributes: vec![audio.into()],
        stickers: None,
        video_cover: None,
        video_timestamp: None,
        ttl_seconds: None,
    }
    .into()
}

#[test]
fn uploaded_song_is_sent_once_and_saved() {
    let mut t = world();
    let bytes: Vec<u8> = (0..5_000_u32).map(|place| place.to_le_bytes()[0]).collect();
    let media = uploaded(upload(&mut t, 11, &bytes));
    let plain = blank_send(tl::enums::InputPeer::PeerSelf);
    let call = f::messages::SendMedia {
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer: plain.peer,
        reply_to: None,
        media,
        message: "listen".to_owned(),
        random_id: 5,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
    };
    send::send_media(&mut t, &ada(), call.clone()).unwrap();
    assert_eq!(send::send_media(&mut t, &ada(), call).unwrap_err().name, "RANDOM_ID_DUPLICATE");
    let history = t.history(ADA, Peer::User(ADA)).unwrap();
    assert_eq!(history.len(), 1);
    let kept = history.get(history.top()).unwrap().into_owned();
    let Some(tl::enums::MessageMedia::Document(media)) = message::media_of(&kept) else { panic!("{kept:?}") };
    let Some(tl::enums::Document::Document(document)) = &media.document else { panic!("{media:?}") };
    assert_eq!((document.size, document.dc_id), (5_000, 1));
    assert_eq!(t.files.get(document.id).unwrap().content.read(0..9_000), bytes);

    let input = |file_reference: Vec<u8>| -> tl::enums::InputDocument {
        tl::types::InputDocument { id: document.id, access_hash: document.access_hash, file_reference }.into()
    };
    let save = |id, unsave| f::account::SaveMusic { unsave, id, after_id: None };
    let saved = |t: &mut Telegram| {
        let call =
            f::users::GetSavedMusic { id: tl::enums::InputUser::UserSelf, offset: 0, limit: 10, hash: 0 };
        match music::get_saved_music(t, &ada(), call).unwrap() {
            tl::enums::users::SavedMusic::Music(it) => it.documents,
            other => panic!("{other:?}"),
        }
    };
    music::save_music(&mut t, &ada(), save(input(document.file_reference.clone()), false)).unwrap();
    t.files.expire_references();
    let refused =
        music::save_music(&mut t, &ada(), save(input(document.file_reference.clone()), true)).unwrap_err();
    assert_eq!(refused.name, "FILE_REFERENCE_EXPIRED");
    let documents = vec![input(Vec::new())];
    let call = f::users::GetSavedMusicById { id: tl::enums::InputUser::UserSelf, documents };
    let tl::enums::users::SavedMusic::Music(renewed) =
        music::get_saved_music_by_id(&mut t, &ada(), call).unwrap()
    else {
        panic!("not modified")
    };
    let Some(tl::enums::Document::Document(renewed)) = renewed.documents.first() else { panic!("not saved") };
    assert_eq!(saved(&mut t).len(), 1);
    music::save_music(&mut t, &ada(), save(input(renewed.file_reference.clone()), true)).unwrap();
    assert!(saved(&mut t).is_empty());
}

#[test]
fn long_histories_are_cleared_in_turns() {
    let mut t = world();
    for number in 0..2_500 {
        t.say(Peer::User(ADA), BOB, &number.to_string());
    }
    let peer = inputs::of(&t, ADA, Peer::User(BOB));
    let call = f::messages::DeleteHistory {
        just_clear: false,
        revoke: false,
        peer,
        max_id: 0,
        min_date: None,
        max_date: None,
    };
    let mut left = Vec::new();
    while left.last() != Some(&0) {
        let tl::enums::messages::AffectedHistory::History(affected) =
            edit::delete_history(&mut t, &ada(), call.clone()).unwrap();
        left.push(affected.offset);
    }
    assert_eq!(left, [1_500, 500, 0]);
    assert!(t.history(ADA, Peer::User(BOB)).unwrap().is_empty());
    assert!(!t.boxes[&ADA].talks.contains_key(&Peer::User(BOB)));
}

#[test]
fn only_authors_and_admins_change_messages() {
    let mut t = world();
    let chat = t.add_supergroup(60, "Harbour", ADA);
    t.join(chat, GRACE);
    let said = t.say(chat, ADA, "mine");
    let own = t.say(chat, GRACE, "hers");
    let peer = inputs::of(&t, GRACE, chat);
    let change = |id, text: &str| f::messages::EditMessage {
        no_webpage: false,
        invert_media: false,
        peer: peer.clone(),
        id,
        message: Some(text.to_owned()),
        media: None,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        quick_reply_shortcut_id: None,
        rich_message: None,
    };
    let mut edited =
        |call| edit::edit_message(&mut t, &grace(), call).map_err(|refusal| refusal.name.into_owned());
    assert_eq!(edited(change(said.id(), "no")).unwrap_err(), "MESSAGE_AUTHOR_REQUIRED");
    assert_eq!(edited(change(own.id(), "hers")).unwrap_err(), "MESSAGE_NOT_MODIFIED");
    assert_eq!(edited(change(999, "none")).unwrap_err(), "MESSAGE_ID_INVALID");
    edited(change(own.id(), "hers, changed")).unwrap();
    let channel = |viewer, t: &Telegram| -> tl::enums::InputChannel {
        let access_hash = t.access_hash(viewer, chat);
        tl::types::InputChannel { channel_id: 60, access_hash }.into()
    };
    let (hers, adas) = (channel(GRACE, &t), channel(ADA, &t));
    let delete = |channel| f::channels::DeleteMessages { channel, id: vec![said.id(), own.id()] };
    let refused = edit::delete_channel_messages(&mut t, &grace(), delete(hers)).unwrap_err();
    assert_eq!(refused.name, "MESSAGE_DELETE_FORBIDDEN");
    let tl::enums::messages::AffectedMessages::Messages(gone) =
        edit::delete_channel_messages(&mut t, &ada(), delete(adas)).unwrap();
    assert_eq!((gone.pts_count, gone.pts), (2, t.channels[&60].pts));
}

#[test]
fn unchanged_lists_are_not_sent_again() {
    let mut t = world();
    let ids: Vec<i64> =
        (0..3).map(|number| i64::from(t.say(Peer::User(ADA), BOB, &number.to_string()).id())).collect();
    t.add_contact(ADA, BOB, true);
    let peer = inputs::of(&t, ADA, Peer::User(BOB));
    let newest_first = ids.into_iter().rev();
    let call = f::messages::GetHistory {
        peer,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 10,
        max_id: 0,
        min_id: 0,
        hash: paging::hash_of(newest_first),
    };
    let answer = history::get_history(&mut t, &ada(), call.clone()).unwrap();
    assert!(matches!(answer, tl::enums::messages::Messages::NotModified(it) if it.count == 3));
    t.say(Peer::User(ADA), BOB, "one more");
    let answer = history::get_history(&mut t, &ada(), call).unwrap();
    assert!(matches!(answer, tl::enums::messages::Messages::Messages(it) if it.messages.len() == 4));
    let hash = paging::hash_of([1, BOB]);
    let contacts = contacts::get_contacts(&mut t, &ada(), f::contacts::GetContacts { hash }).unwrap();
    assert!(matches!(contacts, tl::enums::contacts::Contacts::NotModified));
}
