//! What callers hear of changes, in order and whole.

use super::*;

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
