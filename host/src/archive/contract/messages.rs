use std::collections::BTreeMap;

use super::*;
use crate::{
    archive::{Around, DeletionMode, MessagePage, Version},
    model::Media,
};

fn edited(chat: PeerId, id: i32, text: &str, second: i64) -> Write {
    told(Message { edited: Some(moment(second)), ..worlds::plain(chat, id, text) })
}

pub(crate) async fn a_message_comes_back_as_it_was(desk: Desk) {
    let message = worlds::plain(GROUP, 7, "Good evening, “tape” ñ 磁带 🎧!");
    desk.tell(vec![Write::Message { message: Box::new(message.clone()), sender_name: Some("Ada".into()) }])
        .await;
    let expected = Stored { message, sender_name: Some("Ada".into()), deleted: None, versions: 0 };
    assert_eq!(desk.get(GROUP, 7).await, Some(expected));
    assert_eq!(desk.get(GROUP, 8).await, None);
    assert_eq!(desk.get(OTHER, 7).await, None);
    desk.finish().await;
}

pub(crate) async fn a_world_comes_back_as_it_was(desk: Desk) {
    let world = worlds::everything(11, 3_000);
    for page in world.chunks(100) {
        desk.tell(page.iter().cloned().map(told).collect()).await;
    }
    let mut chats: BTreeMap<PeerId, Vec<&Message>> = BTreeMap::new();
    for message in &world {
        chats.entry(message.chat).or_default().push(message);
    }
    for (chat, expected) in chats {
        let page = MessagePage::new(Around::After(MessageId(0)), world.len());
        let found = desk.messages(desk.key(chat), page).await.unwrap();
        let found: Vec<&Message> = found.iter().map(|stored| &stored.message).collect();
        assert_eq!(found, expected);
        let plain =
            MessagePage { has_details: false, ..MessagePage::new(Around::After(MessageId(0)), world.len()) };
        let plain = desk.messages(desk.key(chat), plain).await.unwrap();
        let columns = |it: &Message| {
            let answered = it.reply.as_ref().and_then(|reply| reply.message);
            let carries = it.media.as_ref().map(|media| media.kind);
            let what = it.action.as_ref().map(|action| action.name.clone());
            (
                (it.id, it.date, it.edited, it.sender, it.text.clone(), it.marks),
                (answered, carries, what, it.views, it.forwards, it.album),
            )
        };
        assert!(plain.iter().map(|it| columns(&it.message)).eq(expected.iter().map(|it| columns(it))));
        assert!(plain.iter().all(|it| it.message.entities.is_empty() && it.message.files().is_empty()));
        let figures = desk.chat(desk.key(chat)).await.unwrap().unwrap().figures;
        assert_eq!(figures.messages, expected.len() as u64);
        assert_eq!((figures.oldest, figures.newest), (Some(expected[0].id), expected.last().map(|it| it.id)));
        assert_eq!(figures.last_date, expected.iter().map(|it| it.date).max());
        assert_eq!(figures.first_date, expected.iter().map(|it| it.date).min());
    }
    desk.finish().await;
}

pub(crate) async fn telling_again_changes_nothing(desk: Desk) {
    let world = worlds::everything(12, 800);
    let tell = || world.iter().cloned().map(told).collect::<Vec<_>>();
    let first = desk.tell(tell()).await;
    let again = desk.tell(tell()).await;
    assert_eq!((first.new, first.unchanged), (world.len() as u64, 0));
    assert_eq!((again.new, again.changed, again.unchanged), (0, 0, world.len() as u64));
    assert_eq!(again.sequence, first.sequence, "the feed is silent");
    desk.finish().await;
}

pub(crate) async fn a_batch_counts_what_became_of_it(desk: Desk) {
    desk.tell(vec![said(GROUP, 1, "one"), said(GROUP, 2, "two"), said(GROUP, 3, "three")]).await;
    let written = desk
        .tell(vec![
            said(GROUP, 1, "one"),
            edited(GROUP, 2, "zwei", 5),
            said(GROUP, 3, "drei"),
            said(GROUP, 4, "four"),
            Write::Deleted { chat: GROUP, id: MessageId(1), mode: DeletionMode::Soft },
            Write::Deleted { chat: GROUP, id: MessageId(99), mode: DeletionMode::Soft },
        ])
        .await;
    let counts = (written.new, written.changed, written.unchanged, written.refused, written.deleted);
    assert_eq!(counts, (1, 1, 2, 1, 1));
    desk.finish().await;
}

pub(crate) async fn twice_in_one_batch_is_told_twice(desk: Desk) {
    let written =
        desk.tell(vec![said(GROUP, 1, "one"), edited(GROUP, 1, "uno", 5), said(GROUP, 1, "one")]).await;
    assert_eq!((written.new, written.changed, written.refused), (1, 1, 1));
    assert_eq!(desk.get(GROUP, 1).await.unwrap().message.text, "uno");
    desk.finish().await;
}

pub(crate) async fn texts_are_never_rewound(desk: Desk) {
    desk.tell(vec![edited(GROUP, 1, "second", 5)]).await;
    for write in [said(GROUP, 1, "first"), edited(GROUP, 1, "first and a half", 4)] {
        let written = desk.tell(vec![write]).await;
        assert_eq!((written.refused, written.changed), (1, 0));
    }
    assert_eq!(desk.get(GROUP, 1).await.unwrap().message.text, "second");
    assert!(desk.versions(desk.key(GROUP), MessageId(1)).await.unwrap().is_empty());
    desk.finish().await;
}

pub(crate) async fn earlier_texts_are_kept_once(desk: Desk) {
    let first = worlds::plain(GROUP, 1, "first");
    desk.tell(vec![told(first.clone())]).await;
    desk.tell_at(moment(10), vec![edited(GROUP, 1, "second", 5)]).await;
    desk.tell_at(moment(20), vec![edited(GROUP, 1, "third", 15)]).await;
    let second =
        Version { text: "second".into(), entities: Vec::new(), since: moment(5), captured: moment(20) };
    let expected = [
        Version { text: "first".into(), entities: Vec::new(), since: first.date, captured: moment(10) },
        second.clone(),
    ];
    assert_eq!(desk.versions(desk.key(GROUP), MessageId(1)).await.unwrap(), expected);
    let again = Write::Version { chat: GROUP, id: MessageId(1), version: Box::new(second) };
    let written = desk.tell(vec![again]).await;
    assert_eq!((written.changed, written.unchanged), (0, 1));
    let older =
        Version { text: "draft".into(), entities: Vec::new(), since: moment(-9), captured: moment(30) };
    desk.tell(vec![Write::Version { chat: GROUP, id: MessageId(1), version: Box::new(older) }]).await;
    assert_eq!(desk.versions(desk.key(GROUP), MessageId(1)).await.unwrap().len(), 3);
    assert_eq!(desk.get(GROUP, 1).await.unwrap().versions, 3);
    desk.finish().await;
}

pub(crate) async fn an_earlier_text_keeps_its_first_moment(desk: Desk) {
    desk.tell(vec![said(GROUP, 1, "first")]).await;
    desk.tell_at(moment(20), vec![edited(GROUP, 1, "second", 5)]).await;
    let [mut first] =
        <[Version; 1]>::try_from(desk.versions(desk.key(GROUP), MessageId(1)).await.unwrap()).unwrap();
    assert_eq!(first.captured, moment(20));
    // As another archive knows it, which looked earlier, or later.
    for (captured, kept) in [(moment(10), moment(10)), (moment(15), moment(10))] {
        first.captured = captured;
        let version = Box::new(first.clone());
        let written = desk.tell(vec![Write::Version { chat: GROUP, id: MessageId(1), version }]).await;
        assert_eq!((written.changed, written.unchanged), (0, 1));
        let versions = desk.versions(desk.key(GROUP), MessageId(1)).await.unwrap();
        assert_eq!(versions.iter().map(|it| it.captured).collect::<Vec<_>>(), [kept]);
    }
    desk.finish().await;
}

pub(crate) async fn a_sender_keeps_the_first_name(desk: Desk) {
    let named = |name: Option<&str>| Write::Message {
        message: Box::new(worlds::plain(GROUP, 1, "so")),
        sender_name: name.map(str::to_owned),
    };
    for (told, kept) in
        [(None, None), (Some("Ada"), Some("Ada")), (Some("Ada L."), Some("Ada")), (None, Some("Ada"))]
    {
        desk.tell(vec![named(told)]).await;
        assert_eq!(desk.get(GROUP, 1).await.unwrap().sender_name.as_deref(), kept);
    }
    desk.finish().await;
}

pub(crate) async fn messages_of_one_second_are_all_kept(desk: Desk) {
    let writes: Vec<Write> = [GROUP, OTHER, ADA, PeerId::group(9)]
        .into_iter()
        .flat_map(|chat| (1..=50).map(move |id| (chat, id)))
        .map(|(chat, id)| told(Message { date: moment(0), ..worlds::plain(chat, id, "so") }))
        .collect();
    assert_eq!(desk.tell(writes).await.new, 200);
    for chat in [GROUP, OTHER, ADA, PeerId::group(9)] {
        let page = MessagePage::new(Around::Date(moment(0)), 100);
        assert_eq!(ids(&desk.messages(desk.key(chat), page).await.unwrap()), (1..=50).collect::<Vec<_>>());
    }
    desk.finish().await;
}

pub(crate) async fn soft_deletions_keep_and_mark(desk: Desk) {
    desk.tell(vec![said(GROUP, 1, "one"), said(GROUP, 2, "two")]).await;
    let gone = Write::Deleted { chat: GROUP, id: MessageId(1), mode: DeletionMode::Soft };
    desk.tell_at(moment(5), vec![gone.clone()]).await;
    assert_eq!(desk.tell_at(moment(9), vec![gone]).await.deleted, 0, "the first moment counts");
    assert_eq!(desk.get(GROUP, 1).await.unwrap().deleted, Some(moment(5)));
    // Whoever tells of it later does not take the mark away.
    desk.tell(vec![edited(GROUP, 1, "uno", 5)]).await;
    let stored = desk.get(GROUP, 1).await.unwrap();
    assert_eq!((stored.deleted, stored.message.text.as_str()), (Some(moment(5)), "uno"));
    let figures = desk.chat(desk.key(GROUP)).await.unwrap().unwrap().figures;
    assert_eq!((figures.messages, figures.deleted), (2, 1));
    let page = MessagePage { has_deleted: false, ..MessagePage::new(Around::End, 10) };
    assert_eq!(ids(&desk.messages(desk.key(GROUP), page).await.unwrap()), [2]);
    desk.finish().await;
}

pub(crate) async fn deletions_can_be_taken_back(desk: Desk) {
    desk.tell(vec![said(GROUP, 1, "one")]).await;
    let back = Write::Undeleted { chat: GROUP, id: MessageId(1) };
    let gone = Write::Deleted { chat: GROUP, id: MessageId(1), mode: DeletionMode::Soft };
    let before = desk.tell(vec![gone]).await.sequence;
    desk.tell(vec![back.clone()]).await;
    let changes = desk.since(before).await;
    assert_eq!(changes.iter().map(|it| it.kind).collect::<Vec<_>>(), [crate::archive::ChangeKind::Undeleted]);
    assert_eq!(desk.get(GROUP, 1).await.unwrap().deleted, None);
    assert_eq!(desk.tell(vec![back]).await.sequence, changes[0].sequence, "once is enough");
    assert_eq!(desk.chat(desk.key(GROUP)).await.unwrap().unwrap().figures.deleted, 0);
    desk.finish().await;
}

pub(crate) async fn hard_deletions_leave_nothing(desk: Desk) {
    let world = worlds::everything(13, 300);
    desk.tell(world.iter().cloned().map(told).collect()).await;
    desk.tell(vec![edited(GROUP, 1, "so", 1), edited(GROUP, 1, "else", 2)]).await;
    desk.index(1000).await.unwrap();
    let gone = |chat, id| Write::Deleted { chat, id, mode: DeletionMode::Hard };
    let mut writes: Vec<Write> = world.iter().map(|message| gone(message.chat, message.id)).collect();
    writes.push(gone(GROUP, MessageId(1)));
    let written = desk.tell(writes).await;
    assert_eq!(written.deleted, world.len() as u64 + 1);
    let figures = desk.figures().await.unwrap();
    let left = (figures.messages, figures.versions, figures.files, figures.files_wanted, figures.unindexed);
    assert_eq!(left, (0, 0, 0, 0, 0));
    let found = desk.search(crate::archive::SearchQuery { limit: 10, ..Default::default() }).await.unwrap();
    assert!(found.found.is_empty());
    let chat = desk.chat(desk.key(GROUP)).await.unwrap().unwrap();
    assert_eq!(chat.figures, crate::archive::ChatFigures::default());
    desk.finish().await;
}

/// Those that wait share a transaction; each has its own result.
pub(crate) async fn a_wrong_batch_does_no_harm_to_others(desk: Desk) {
    let batches =
        (1..=60).map(|id| desk.write(desk.batch(vec![said(GROUP, id, "so"), said(OTHER, id, "so")])));
    let written = futures_util::future::join_all(batches).await;
    assert!(written.iter().all(|it| it.as_ref().is_ok_and(|written| written.new == 2)));
    let mut sequences: Vec<i64> = written.into_iter().map(|it| it.unwrap().sequence).collect();
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), 60, "each tells the number of its own end");
    assert_eq!(desk.figures().await.unwrap().messages, 120);
    assert!(*desk.written().borrow() >= 60);
    desk.finish().await;
}

/// Rows lie by their dates, and checksums are of them: whoever tells another one later moves nothing.
pub(crate) async fn the_first_date_of_a_message_stays(desk: Desk) {
    let telling = |id, second, source: Option<&str>| {
        let mut message = Message { date: moment(second), ..worlds::plain(GROUP, id, "so") };
        if let Some(source) = source {
            message.extra.insert(Message::IMPORT, serde_json::json!({ "from": source }));
        }
        message
    };
    let (desktop, archive) = (Some("telegram-desktop"), Some("telegram-archive"));
    let pairs = [(desktop, None), (None, desktop), (desktop, desktop), (desktop, archive), (None, None)];
    for (id, (first, second)) in (1..).zip(pairs) {
        desk.tell(vec![told(telling(id, 100, first))]).await;
        desk.tell(vec![told(telling(id, 3_700, second))]).await;
        let again = desk.tell(vec![told(telling(id, 3_700, second))]).await;
        assert_eq!((again.new, again.changed), (0, 0), "{first:?}, then {second:?}");
        let message = desk.get(GROUP, id).await.unwrap().message;
        assert_eq!(message.date, moment(100), "{first:?}, then {second:?}");
        assert_eq!(message.is_imported(), first.is_some() && second.is_some());
        let compared = desk.compare(desk.key(GROUP), Some(MessageId(id - 1)), 9).await.unwrap();
        assert_eq!((compared.rows, compared.unsealed, compared.damaged), (1, 0, Vec::new()));
    }
    let figures = desk.chat(desk.key(GROUP)).await.unwrap().unwrap().figures;
    assert_eq!((figures.first_date, figures.last_date), (Some(moment(100)), Some(moment(100))));
    let page = MessagePage::new(Around::Date(moment(101)), 9);
    assert_eq!(ids(&desk.messages(desk.key(GROUP), page).await.unwrap()), [0; 0]);
    desk.finish().await;
}

pub(crate) async fn imported_files_become_those_of_telegram(desk: Desk) {
    let has_file = |message: &&Message| message.media.as_ref().is_some_and(|media| media.file.is_some());
    let captured = worlds::talk(4, 400, 6).iter().find(has_file).unwrap().clone();
    let mut imported = captured.clone();
    imported.extra.insert(Message::IMPORT, serde_json::json!({ "from": "telegram-desktop" }));
    let media: &mut Media = imported.media.as_mut().unwrap();
    media.more_files.clear();
    let file = media.file.as_mut().unwrap();
    (file.id, file.dc, file.access_hash, file.reference) = (-1, 0, 0, Default::default());
    let key = crate::archive::FileKey { chat: imported.chat, id: imported.id, file: -1 };
    let place = crate::archive::FilePlace {
        hash: crate::archive::BlobHash([7; 32]),
        bytes: 9,
        link: "5/photo.jpg".into(),
    };
    let state = crate::archive::FileState::Held(place);
    desk.tell(vec![told(imported), Write::File { key, state: state.clone() }]).await;
    desk.tell(vec![told(captured.clone())]).await;
    let files = desk.files_of(desk.key(captured.chat), vec![captured.id]).await.unwrap();
    let main = captured.media.as_ref().unwrap().file.as_ref().unwrap();
    let held = files.iter().find(|file| file.key.file == main.id).expect("it is Telegram's now");
    assert_eq!((&held.state, &held.file), (&state, &**main));
    assert!(files.iter().all(|file| file.key.file != -1), "{files:?}");
    assert_eq!(desk.get(captured.chat, captured.id.0).await.unwrap().message, captured);
    desk.finish().await;
}
