//! Lists, searches and threads, read page by page.

use super::*;

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
