use super::*;
use crate::{
    archive::{
        BlockedKind, BlockedOperation, ChangeKind, ChatFigures, ChatSync, DeletionMode, DeletionsPage,
        Dialog, IdRange, Poison, Ranges, Shelf, StoreError,
    },
    model::Blob,
};

fn range(first: i32, last: i32) -> IdRange {
    IdRange::new(MessageId(first), MessageId(last)).unwrap()
}

fn covered(first: i32, last: i32) -> Write {
    Write::Covered { chat: GROUP, range: range(first, last) }
}

pub(crate) async fn coverage_grows_together(desk: Desk) {
    let parts =
        [(10, 20), (40, 50), (21, 25), (60, 70), (45, 59), (1, 3), (5, 8), (12, 15), (100, i32::MAX), (4, 4)];
    let mut expected = Ranges::default();
    for (first, last) in parts {
        desk.tell(vec![covered(first, last)]).await;
        expected.add(range(first, last));
        assert_eq!(desk.sync(desk.key(GROUP)).await.unwrap().coverage, expected);
    }
    desk.tell(vec![covered(1, i32::MAX)]).await;
    let all = desk.syncs(desk.account.clone()).await.unwrap();
    let whole: Ranges = [range(1, i32::MAX)].into_iter().collect();
    assert_eq!(all, [(GROUP, ChatSync { coverage: whole, ..ChatSync::default() })]);
    desk.finish().await;
}

pub(crate) async fn chats_of_an_account_are_known_by_their_ids(desk: Desk) {
    desk.tell(vec![said(GROUP, 1, "so"), said(ADA, 1, "so"), said(OTHER, 1, "so")]).await;
    let other: AccountName = "work".parse().unwrap();
    desk.write(Batch { account: other.clone(), ..desk.batch(vec![said(ADA, 2, "so")]) }).await.unwrap();
    assert_eq!(desk.chat_ids(desk.account.clone()).await.unwrap(), [OTHER, GROUP, ADA]);
    assert_eq!(desk.chat_ids(other).await.unwrap(), [ADA]);
    assert_eq!(desk.chat_ids("nobody".parse().unwrap()).await.unwrap(), []);
    desk.finish().await;
}

async fn shelved(desk: &Desk, shelf: Shelf) -> Vec<(String, Vec<IdRange>)> {
    let store: &SharedStore = desk;
    let found = shelf.of(store, &desk.key(GROUP), range(1, 30_000)).await.unwrap();
    found.0.into_iter().map(|(why, ids)| (why, ids.iter().collect())).collect()
}

pub(crate) async fn what_is_left_out_is_added_up(desk: Desk) {
    let skipped = |why: &str, ids: &[(i32, i32)]| Write::Skipped {
        chat: GROUP,
        ids: ids.iter().map(|(first, last)| range(*first, *last)).collect(),
        why: why.to_owned(),
    };
    // One after the other, and neither knows of the other.
    desk.tell(vec![skipped("topic 4", &[(1, 3), (9_999, 10_001)]), skipped("filter spam", &[(7, 7)])]).await;
    desk.tell(vec![skipped("topic 4", &[(5, 5)])]).await;
    desk.tell(vec![skipped("topic 4", &[(4, 4)]), skipped("topic 4", &[(2, 3)])]).await;
    let expected = [
        ("filter spam".to_owned(), vec![range(7, 7)]),
        ("topic 4".to_owned(), vec![range(1, 5), range(9_999, 10_001)]),
    ];
    assert_eq!(shelved(&desk, Shelf::Skipped).await, expected);
    assert_eq!(shelved(&desk, Shelf::Removed).await, []);
    for (first, last) in [(3, 4), (9_998, 10_002), (4, 6)] {
        let ids = range(first, last);
        desk.tell(vec![Write::Removed { chat: GROUP, ids: [ids].into_iter().collect() }]).await;
    }
    let removed = [("removed".to_owned(), vec![range(3, 6), range(9_998, 10_002)])];
    assert_eq!(shelved(&desk, Shelf::Removed).await, removed);
    assert_eq!(shelved(&desk, Shelf::Skipped).await, expected);
    desk.tell(vec![said(GROUP, 6, "so"), Write::ForgetChat { chat: GROUP }]).await;
    assert_eq!(shelved(&desk, Shelf::Skipped).await, []);
    assert_eq!(shelved(&desk, Shelf::Removed).await, []);
    desk.finish().await;
}

pub(crate) async fn cursors_only_go_forward(desk: Desk) {
    let cursor = |to| Write::Cursor { chat: GROUP, to: MessageId(to) };
    assert_eq!(desk.sync(desk.key(GROUP)).await.unwrap(), ChatSync::default());
    for (to, is) in [(10, 10), (5, 10), (11, 11), (0, 11)] {
        desk.tell(vec![cursor(to)]).await;
        assert_eq!(desk.sync(desk.key(GROUP)).await.unwrap().cursor, Some(MessageId(is)));
    }
    let listed = desk.chat(desk.key(GROUP)).await.unwrap().unwrap();
    assert_eq!((listed.cursor, listed.is_read_to_end), (Some(MessageId(11)), false));
    desk.finish().await;
}

pub(crate) async fn what_the_list_said_last_counts(desk: Desk) {
    let dialog = |top, fingerprint| Write::Dialog { chat: GROUP, top: MessageId(top), fingerprint };
    for (second, top, is) in [(5, 10, 10), (9, 8, 8), (7, 12, 8), (9, 9, 9)] {
        desk.tell_at(moment(second), vec![dialog(top, second)]).await;
        let told = desk.sync(desk.key(GROUP)).await.unwrap().dialog.unwrap();
        assert_eq!(told.top, MessageId(is));
    }
    let expected = Some(Dialog { top: MessageId(9), fingerprint: 9 });
    assert_eq!(desk.sync(desk.key(GROUP)).await.unwrap().dialog, expected);
    let listed = desk.chats(crate::archive::ChatsPage { limit: 5, ..Default::default() }).await.unwrap();
    assert_eq!((listed.len(), listed[0].cursor, listed[0].is_read_to_end), (1, None, true));
    desk.finish().await;
}

pub(crate) async fn the_feed_tells_stretches(desk: Desk) {
    let first = desk.tell((1..=100).map(|id| said(GROUP, id, "so")).collect()).await.sequence;
    let far = vec![said(GROUP, 50_000, "so"), said(GROUP, 50_002, "so"), said(OTHER, 7, "so"), covered(1, 7)];
    let last = desk.write(Batch { source: Source::Live, ..desk.batch(far) }).await.unwrap().sequence;
    let told: Vec<(PeerId, ChangeKind, Option<IdRange>, Source)> =
        desk.since(0).await.into_iter().map(|it| (it.chat, it.kind, it.ids, it.source)).collect();
    let mut expected = vec![
        (GROUP, ChangeKind::New, Some(range(1, 100)), Source::Sweep),
        (GROUP, ChangeKind::New, Some(range(50_000, 50_002)), Source::Live),
        (OTHER, ChangeKind::New, Some(range(7, 7)), Source::Live),
    ];
    expected[1..].sort_by_key(|it| it.0);
    assert_eq!(told, expected);
    assert_eq!(desk.since(first).await.len(), 2);
    assert_eq!(desk.since(last).await, []);
    assert_eq!(desk.changes(0, 1).await.unwrap().len(), 1);
    assert_eq!(desk.figures().await.unwrap().sequence, last);
    desk.finish().await;
}

pub(crate) async fn deletions_without_a_chat_find_it(desk: Desk) {
    let (grace, group) = (PeerId::user(6), PeerId::group(8));
    desk.tell(vec![
        said(ADA, 10, "so"),
        said(grace, 11, "so"),
        said(group, 12, "so"),
        said(GROUP, 10, "a channel has ids of its own"),
        said(GROUP, 13, "so"),
        said(ADA, 14, "imported twice"),
        said(group, 14, "imported twice"),
    ])
    .await;
    let other: AccountName = "work".parse().unwrap();
    desk.write(Batch { account: other, ..desk.batch(vec![said(ADA, 11, "another account")]) }).await.unwrap();
    let asked = (10..=15).map(MessageId).collect();
    let found = desk.find_without_chat(desk.account.clone(), asked).await.unwrap();
    let expected = [
        (MessageId(10), vec![ADA]),
        (MessageId(11), vec![grace]),
        (MessageId(12), vec![group]),
        (MessageId(14), vec![group, ADA]),
    ];
    assert_eq!(found, expected);
    desk.finish().await;
}

pub(crate) async fn poison_is_counted_and_healed(desk: Desk) {
    let poison = |id, second, bytes: Option<u8>| Poison {
        chat: GROUP,
        id: MessageId(id),
        reason: format!("cannot be read ({second})"),
        bytes: bytes.map(|byte| Blob(vec![byte])),
        attempts: 1,
        first: moment(second),
        last: moment(second),
    };
    let tell = |poison: Poison| Write::Poison(Box::new(poison));
    desk.tell(vec![tell(poison(5, 1, Some(1))), tell(poison(7, 1, None)), tell(poison(5, 9, None))]).await;
    let expected = Poison { attempts: 2, first: moment(1), bytes: Some(Blob(vec![1])), ..poison(5, 9, None) };
    let account = Some(desk.account.clone());
    let found = desk.poison(account.clone(), Some(GROUP)).await.unwrap();
    assert_eq!(found, [(desk.account.clone(), expected), (desk.account.clone(), poison(7, 1, None))]);
    desk.tell(vec![Write::Healed { chat: GROUP, id: MessageId(5) }]).await;
    assert_eq!(desk.poison(None, None).await.unwrap().len(), 1);
    assert_eq!(desk.poison(account, Some(OTHER)).await.unwrap(), []);
    assert_eq!(desk.figures().await.unwrap().poison, 1);
    desk.finish().await;
}

pub(crate) async fn blocked_operations_wait_for_a_word(desk: Desk) {
    let operation = |kind, message: Option<Message>| BlockedOperation {
        number: 0,
        chat: GROUP,
        kind,
        ids: vec![MessageId(1), MessageId(2)],
        message: message.map(Box::new),
        at: moment(1),
    };
    let edit = operation(BlockedKind::Edit, Some(worlds::plain(GROUP, 1, "else")));
    let deletion = operation(BlockedKind::Deletion, None);
    desk.tell(vec![Write::Blocked(Box::new(edit.clone())), Write::Blocked(Box::new(deletion.clone()))]).await;
    let found: Vec<BlockedOperation> =
        desk.blocked(Some(desk.account.clone())).await.unwrap().into_iter().map(|it| it.1).collect();
    let numbers: Vec<i64> = found.iter().map(|it| it.number).collect();
    assert!(numbers[0] < numbers[1]);
    let expected = [
        BlockedOperation { number: numbers[0], ..edit },
        BlockedOperation { number: numbers[1], ..deletion },
    ];
    assert_eq!(found, expected);
    for (after, most, numbers) in
        [(0, 1, &numbers[..1]), (numbers[0], 9, &numbers[1..]), (numbers[1], 9, &[])]
    {
        let page = desk.blocked_after(after, most).await.unwrap();
        assert_eq!(page.iter().map(|it| it.1.number).collect::<Vec<_>>(), numbers);
    }
    let second = desk.blocked_by_number(numbers[1]).await.unwrap();
    assert_eq!(second, Some((desk.account.clone(), expected[1].clone())));
    desk.tell(vec![Write::BlockedDone { number: numbers[0], is_applied: false }]).await;
    // Whoever comes too late changes nothing, also of what the batch says besides.
    let late = Write::BlockedDone { number: numbers[0], is_applied: true };
    let error = desk.write(desk.batch(vec![said(OTHER, 77, "applied"), late])).await.unwrap_err();
    assert!(matches!(error, StoreError::Decided { number } if number == numbers[0]), "{error}");
    assert!(desk.get(OTHER, 77).await.is_none());
    for decided in [numbers[0], numbers[1] + 1] {
        assert_eq!(desk.blocked_by_number(decided).await.unwrap(), None);
    }
    assert_eq!(desk.blocked(None).await.unwrap().len(), 1);
    assert_eq!(desk.figures().await.unwrap().blocked, 1);
    assert_eq!(desk.blocked(Some("nobody".parse().unwrap())).await.unwrap(), []);
    desk.finish().await;
}

/// A batch that was not acknowledged comes again.
pub(crate) async fn what_waits_is_not_held_back_twice(desk: Desk) {
    let blocked = |chat, kind, ids: &[i32], message: Option<Message>| {
        Write::Blocked(Box::new(BlockedOperation {
            number: 0,
            chat,
            kind,
            ids: ids.iter().copied().map(MessageId).collect(),
            message: message.map(Box::new),
            at: moment(1),
        }))
    };
    let deletion = |ids: &[i32]| blocked(GROUP, BlockedKind::Deletion, ids, None);
    let edit = |second, text: &str| {
        let edited = Message { edited: Some(moment(second)), ..worlds::plain(GROUP, 1, text) };
        blocked(GROUP, BlockedKind::Edit, &[1], Some(edited))
    };
    desk.tell(vec![deletion(&[1, 2]), edit(5, "better")]).await;
    desk.tell(vec![deletion(&[1, 2]), edit(5, "better")]).await;
    desk.tell(vec![deletion(&[2, 3]), deletion(&[3]), edit(6, "best"), edit(6, "best")]).await;
    desk.tell(vec![blocked(OTHER, BlockedKind::Deletion, &[1], None)]).await;
    let waiting = async || -> Vec<(i64, PeerId, BlockedKind, Vec<i32>)> {
        let all = desk.blocked(None).await.unwrap().into_iter();
        all.map(|(_, it)| (it.number, it.chat, it.kind, it.ids.iter().map(|id| id.0).collect())).collect()
    };
    let found = waiting().await;
    let told: Vec<_> = found.iter().map(|(_, chat, kind, ids)| (*chat, *kind, ids.clone())).collect();
    let expected = [
        (GROUP, BlockedKind::Deletion, vec![1, 2]),
        (GROUP, BlockedKind::Edit, vec![1]),
        (GROUP, BlockedKind::Deletion, vec![3]),
        (GROUP, BlockedKind::Edit, vec![1]),
        (OTHER, BlockedKind::Deletion, vec![1]),
    ];
    assert_eq!(told, expected);
    // Of two edits of one message, neither hides the other, in whichever order they come again.
    desk.tell(vec![edit(5, "better"), edit(6, "best")]).await;
    desk.tell(vec![edit(6, "best"), edit(5, "better")]).await;
    assert_eq!(waiting().await, found);
    // What was decided waits no more.
    let decided = Write::BlockedDone { number: found[0].0, is_applied: false };
    desk.tell(vec![deletion(&[2]), decided, deletion(&[2])]).await;
    assert_eq!(waiting().await.last().unwrap().3, [2]);
    desk.finish().await;
}

pub(crate) async fn deletions_are_found_by_their_time(desk: Desk) {
    desk.tell((1..=9).map(|id| said(GROUP, id, "so")).collect()).await;
    desk.tell(vec![said(OTHER, 1, "so")]).await;
    let gone = |chat, id, mode| Write::Deleted { chat, id: MessageId(id), mode };
    for (second, chat, id, mode) in [
        (5, GROUP, 3, DeletionMode::Soft),
        (6, OTHER, 1, DeletionMode::Soft),
        (7, GROUP, 4, DeletionMode::Hard),
        (8, GROUP, 5, DeletionMode::Soft),
        // A clock that was put back.
        (6, GROUP, 6, DeletionMode::Soft),
    ] {
        desk.tell_at(moment(second), vec![gone(chat, id, mode)]).await;
    }
    let all =
        DeletionsPage { account: desk.account.clone(), from: moment(6), to: moment(7), after: 0, limit: 100 };
    let found = desk.deletions(all.clone()).await.unwrap();
    let told: Vec<_> = found.iter().map(|it| (it.kind, it.chat, it.ids)).collect();
    let expected = [
        (ChangeKind::Deleted, OTHER, Some(range(1, 1))),
        (ChangeKind::Removed, GROUP, Some(range(4, 4))),
        (ChangeKind::Deleted, GROUP, Some(range(6, 6))),
    ];
    assert_eq!(told, expected);
    let first = desk.deletions(DeletionsPage { limit: 1, ..all.clone() }).await.unwrap();
    assert_eq!(first, found[..1]);
    let rest = DeletionsPage { after: first[0].sequence, ..all.clone() };
    assert_eq!(desk.deletions(rest).await.unwrap(), found[1..]);
    let others = DeletionsPage { account: "nobody".parse().unwrap(), ..all };
    assert_eq!(desk.deletions(others).await.unwrap(), []);
    desk.finish().await;
}

pub(crate) async fn notes_are_kept(desk: Desk) {
    let note = |value: Option<serde_json::Value>| Write::Note { name: "import".into(), value };
    let asked = async || desk.note(desk.account.clone(), "import".into()).await.unwrap();
    assert_eq!(asked().await, None);
    for value in [serde_json::json!({ "row": 5 }), serde_json::json!([1, null])] {
        desk.tell(vec![note(Some(value.clone()))]).await;
        assert_eq!(asked().await, Some(value));
    }
    let other = |name: &str| Write::Note { name: name.into(), value: Some(1.into()) };
    desk.tell(vec![other("skipped/5"), other("a")]).await;
    let page = async |after: &str, most| {
        let found = desk.notes(desk.account.clone(), after.into(), most).await.unwrap();
        found.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(
        (page("", 2).await, page("import", 9).await),
        (vec!["a".into(), "import".into()], vec!["skipped/5".to_owned()])
    );
    desk.tell(vec![note(None)]).await;
    assert_eq!(asked().await, None);
    desk.finish().await;
}

pub(crate) async fn a_chat_can_be_forgotten(desk: Desk) {
    let world = worlds::everything(31, 400);
    let chat = world[0].chat;
    let others: Vec<Message> = world.iter().filter(|it| it.chat != chat).cloned().collect();
    desk.tell(world.iter().cloned().map(told).collect()).await;
    let to = world.iter().filter(|it| it.chat == chat).map(|it| it.id).max().unwrap();
    let range = IdRange { first: MessageId(1), last: to };
    desk.tell(vec![Write::Covered { chat, range }, Write::Cursor { chat, to }]).await;
    desk.index(10_000).await.unwrap();
    let before = desk.tell(vec![]).await.sequence;
    desk.tell(vec![Write::ForgetChat { chat }]).await;
    assert_eq!(desk.chat(desk.key(chat)).await.unwrap(), None);
    assert_eq!(desk.sync(desk.key(chat)).await.unwrap(), ChatSync::default());
    assert_eq!(desk.figures().await.unwrap().messages, others.len() as u64);
    let told_of: Vec<_> = desk.since(before).await.into_iter().map(|it| (it.chat, it.kind, it.ids)).collect();
    assert_eq!(told_of, [(chat, ChangeKind::Removed, None)]);
    let search = crate::archive::SearchQuery { chat: Some(chat), limit: 5, ..Default::default() };
    assert!(desk.search(search).await.unwrap().found.is_empty());
    // It may come back.
    desk.tell(vec![Write::ForgetChat { chat }, said(chat, 1, "again")]).await;
    assert_eq!(desk.chat(desk.key(chat)).await.unwrap().unwrap().figures.messages, 1);
    desk.finish().await;
}

pub(crate) async fn old_messages_are_pruned(desk: Desk) {
    let message =
        |(id, second): (i32, i64)| told(Message { date: moment(second), ..worlds::plain(GROUP, id, "so") });
    desk.tell((1..=50).map(|id| message((id, i64::from(id) * 10))).collect()).await;
    desk.tell(vec![Write::Deleted { chat: GROUP, id: MessageId(3), mode: DeletionMode::Soft }]).await;
    let before = desk.tell(vec![said(OTHER, 1, "not here")]).await.sequence;
    let pruned = desk.tell(vec![Write::Prune { chat: GROUP, before: moment(200) }]).await;
    assert_eq!(pruned.deleted, 19);
    let figures = desk.chat(desk.key(GROUP)).await.unwrap().unwrap().figures;
    let expected = ChatFigures {
        messages: 31,
        oldest: Some(MessageId(20)),
        newest: Some(MessageId(50)),
        first_date: Some(moment(200)),
        last_date: Some(moment(500)),
        ..ChatFigures::default()
    };
    assert_eq!(figures, expected);
    let changes: Vec<_> = desk.since(before).await.into_iter().map(|it| (it.kind, it.ids)).collect();
    assert_eq!(changes, [(ChangeKind::Removed, Some(range(1, 19)))]);
    // Where dates do not follow the ids, each is looked at.
    desk.tell(vec![message((60, 10)), message((5, 900))]).await;
    let pruned = desk.tell(vec![Write::Prune { chat: GROUP, before: moment(490) }]).await;
    assert_eq!(pruned.deleted, 30);
    desk.tell(vec![Write::Deleted { chat: GROUP, id: MessageId(49), mode: DeletionMode::Hard }]).await;
    let removed = [("removed".to_owned(), vec![range(1, 49), range(60, 60)])];
    assert_eq!(shelved(&desk, Shelf::Removed).await, removed);
    let left =
        desk.messages(desk.key(GROUP), crate::archive::MessagePage::new(crate::archive::Around::End, 99));
    assert_eq!(ids(&left.await.unwrap()), [5, 50]);
    let figures = desk.chat(desk.key(GROUP)).await.unwrap().unwrap().figures;
    assert_eq!((figures.first_date, figures.last_date), (Some(moment(500)), Some(moment(900))));
    desk.finish().await;
}
