use super::*;
use crate::{
    archive::{
        AvatarsOf, BlobHash, ChangeKind, ChatOrder, ChatsPage, FolderRecord, HistoryEntry,
        merge::unknown_chat,
    },
    model::{Chat, ChatKind, Extra, Topic, User},
};

fn chat(id: PeerId, title: &str) -> Chat {
    Chat { title: title.into(), is_partial: false, kind: ChatKind::Supergroup, ..unknown_chat(id) }
}

fn tell_chat(chat: Chat) -> Write {
    Write::Chat(Box::new(chat))
}

fn user(id: i64, name: &str) -> User {
    User {
        id: PeerId::user(id),
        first_name: Some(name.to_owned()),
        last_name: None,
        usernames: Vec::new(),
        phone: None,
        photo: None,
        is_self: false,
        is_contact: false,
        is_bot: false,
        is_deleted: false,
        is_verified: false,
        is_premium: false,
        is_partial: false,
        restrictions: Vec::new(),
        extra: Extra::default(),
    }
}

pub(crate) async fn chats_are_listed_by_activity_and_by_title(desk: Desk) {
    let names = ["Érable", "banana", "Cassettes", "apple", "ёлка"];
    for (number, name) in names.iter().enumerate() {
        let id = PeerId::channel(100 + number as i64);
        let last = Message { date: moment(number as i64 * 10), ..worlds::plain(id, 1, "so") };
        desk.tell(vec![tell_chat(chat(id, name)), told(last)]).await;
    }
    desk.tell(vec![tell_chat(chat(PeerId::channel(200), "silent"))]).await;
    let listed = async |page: ChatsPage| -> Vec<String> {
        let mut titles = Vec::new();
        let mut page = ChatsPage { limit: 2, ..page };
        loop {
            let found = desk.chats(page.clone()).await.unwrap();
            let Some(last) = found.last() else { return titles };
            page.after = Some(ChatKey { account: last.account.clone(), chat: last.chat.id });
            titles.extend(found.into_iter().map(|it| it.chat.title));
        }
    };
    let activity = listed(ChatsPage::default()).await;
    assert_eq!(activity, ["ёлка", "apple", "Cassettes", "banana", "Érable", "silent"]);
    let by_title = ChatsPage { order: ChatOrder::Title, ..ChatsPage::default() };
    assert_eq!(listed(by_title.clone()).await, ["apple", "banana", "Cassettes", "Érable", "silent", "ёлка"]);
    let part = |title: &str| ChatsPage { title: Some(title.to_owned()), ..by_title.clone() };
    assert_eq!(listed(part("ERA")).await, ["Érable"]);
    assert_eq!(listed(part("елка")).await, ["ёлка"]);
    assert_eq!(listed(part("%")).await, [""; 0]);
    let nobody = ChatsPage { account: Some("nobody".parse().unwrap()), ..by_title };
    assert_eq!(listed(nobody).await, [""; 0]);
    desk.finish().await;
}

pub(crate) async fn a_partial_chat_takes_nothing_away(desk: Desk) {
    let full = Chat { participants: Some(9), is_forum: true, ..chat(GROUP, "Tapes") };
    desk.tell(vec![tell_chat(full.clone())]).await;
    let sequence = desk.tell(vec![tell_chat(unknown_chat(GROUP)), said(GROUP, 1, "so")]).await.sequence;
    let stored = desk.chat(desk.key(GROUP)).await.unwrap().unwrap();
    assert_eq!(stored.chat, full);
    assert!(desk.since(0).await.iter().filter(|it| it.kind == ChangeKind::Chat).count() == 1);
    desk.tell(vec![tell_chat(Chat { title: "Reels".into(), participants: None, ..full.clone() })]).await;
    let stored = desk.chat(desk.key(GROUP)).await.unwrap().unwrap();
    assert_eq!(stored.chat, Chat { title: "Reels".into(), ..full });
    assert_eq!(desk.since(sequence).await.len(), 1);
    desk.finish().await;
}

pub(crate) async fn where_a_chat_stands_is_kept(desk: Desk) {
    let listed = |is_archived, is_pinned| Write::Listed { chat: GROUP, is_archived, is_pinned };
    desk.tell(vec![tell_chat(chat(GROUP, "Tapes")), listed(Some(true), Some(true))]).await;
    desk.tell(vec![listed(None, Some(false)), tell_chat(chat(GROUP, "Tapes"))]).await;
    let stored = desk.chat(desk.key(GROUP)).await.unwrap().unwrap();
    assert_eq!((stored.is_archived, stored.is_pinned), (true, false));
    desk.finish().await;
}

pub(crate) async fn names_and_pictures_have_a_history(desk: Desk) {
    for (second, title, photo) in
        [(0, "Tapes", None), (1, "Tapes", Some(5)), (2, "Reels", Some(5)), (3, "Tapes", None)]
    {
        desk.tell_at(moment(second), vec![tell_chat(Chat { photo, ..chat(GROUP, title) })]).await;
    }
    let history = desk.history(desk.account.clone(), GROUP).await.unwrap();
    let told: Vec<(&str, &str, i64)> = history
        .iter()
        .map(|it| (it.what.as_str(), it.value.as_str(), it.since.as_second() - moment(0).as_second()))
        .collect();
    let expected = [
        ("name", "Tapes", 0),
        ("photo", "5", 1),
        ("name", "Reels", 2),
        ("name", "Tapes", 3),
        ("photo", "", 3),
    ];
    assert_eq!(told, expected);
    let phone = |phone: &str| User { phone: Some(phone.into()), ..user(5, "Ada") };
    desk.tell(vec![Write::User(Box::new(phone("1"))), Write::User(Box::new(phone("2")))]).await;
    let history = desk.history(desk.account.clone(), PeerId::user(5)).await.unwrap();
    let phones: Vec<&str> =
        history.iter().filter(|it| it.what == "phone").map(|it| it.value.as_str()).collect();
    assert_eq!(phones, ["1", "2"]);
    // As another archive has it, however often it is told.
    let before = desk.history(desk.account.clone(), GROUP).await.unwrap();
    let entries: Vec<HistoryEntry> = before[1..4].to_vec();
    for _ in 0..2 {
        desk.tell(vec![Write::History { peer: GROUP, entries: entries.clone() }]).await;
    }
    let both = desk.histories(desk.account.clone(), vec![PeerId::user(5), GROUP]).await.unwrap();
    let expected: Vec<HistoryEntry> = history.into_iter().chain(entries).collect();
    assert_eq!(both, expected);
    desk.finish().await;
}

pub(crate) async fn users_topics_and_folders_are_kept(desk: Desk) {
    let (ada, me) = (user(5, "Ada"), User { is_self: true, ..user(6, "Grace") });
    desk.tell(vec![Write::User(Box::new(ada.clone())), Write::User(Box::new(me.clone()))]).await;
    desk.tell(vec![Write::User(Box::new(User { is_partial: true, ..user(5, "Somebody") }))]).await;
    let asked = vec![PeerId::user(5), PeerId::user(99), PeerId::user(6)];
    assert_eq!(desk.users(desk.account.clone(), asked).await.unwrap(), [ada, me.clone()]);
    assert_eq!(desk.owner(desk.account.clone()).await.unwrap(), Some(me));
    assert_eq!(desk.owner("nobody".parse().unwrap()).await.unwrap(), None);

    let topic = |id: i32, title: &str, newest: i32| Topic {
        id: MessageId(id),
        title: title.into(),
        created: moment(0),
        by: PeerId::user(5),
        icon_color: 1,
        icon_emoji: None,
        newest: MessageId(newest),
        is_closed: false,
        is_pinned: false,
        is_hidden: false,
        extra: Extra::default(),
    };
    let tell = |topic: Topic| Write::Topic { chat: GROUP, topic: Box::new(topic) };
    desk.tell(vec![tell(topic(9, "B", 20)), tell(topic(4, "A", 5)), tell(topic(9, "C", 11))]).await;
    assert_eq!(desk.topics(desk.key(GROUP)).await.unwrap(), [topic(4, "A", 5), topic(9, "C", 20)]);

    let folder = |id: i32| FolderRecord {
        id,
        title: format!("Folder {id}"),
        included: vec![GROUP],
        ..Default::default()
    };
    desk.tell(vec![Write::Folders(vec![folder(2), folder(1)])]).await;
    desk.tell(vec![Write::Folders(vec![folder(3), folder(2)])]).await;
    assert_eq!(desk.folders(desk.account.clone()).await.unwrap(), [folder(3), folder(2)]);
    desk.finish().await;
}

pub(crate) async fn accounts_do_not_mix(desk: Desk) {
    let work: AccountName = "work".parse().unwrap();
    let of = |account: &AccountName, text: &str| Batch {
        account: account.clone(),
        ..desk.batch(vec![
            said(GROUP, 1, text),
            tell_chat(chat(GROUP, text)),
            Write::User(Box::new(user(5, text))),
        ])
    };
    desk.write(of(&desk.account, "home")).await.unwrap();
    desk.write(of(&work, "work")).await.unwrap();
    for (account, text) in [(&desk.account, "home"), (&work, "work")] {
        let key = ChatKey { account: account.clone(), chat: GROUP };
        assert_eq!(desk.by_id(key.clone(), vec![MessageId(1)]).await.unwrap()[0].message.text, text);
        assert_eq!(desk.chat(key).await.unwrap().unwrap().chat.title, text);
        let users = desk.users(account.clone(), vec![PeerId::user(5)]).await.unwrap();
        assert_eq!(users[0].name(), text);
        let page = ChatsPage { account: Some(account.clone()), limit: 9, ..Default::default() };
        assert_eq!(desk.chats(page).await.unwrap().len(), 1);
    }
    desk.finish().await;
}

pub(crate) async fn pictures_that_are_not_held_are_wanted(desk: Desk) {
    let with =
        |photo: Option<i64>, id: i64, name: &str| Write::User(Box::new(User { photo, ..user(id, name) }));
    let group = Chat { photo: Some(9), ..chat(GROUP, "Tapes") };
    let private = Chat { kind: ChatKind::Private, ..chat(PeerId::user(6), "Grace") };
    desk.tell(vec![
        tell_chat(group),
        tell_chat(private),
        with(Some(5), 5, "Ada"),
        with(Some(6), 6, "Grace"),
        with(None, 7, "Linus"),
    ])
    .await;
    let wanted = async |whose, after, most| {
        desk.wanted_avatars(desk.account.clone(), whose, after, most).await.unwrap()
    };
    let (ada, grace) = (PeerId::user(5), PeerId::user(6));
    assert_eq!(wanted(AvatarsOf::Everybody, None, 9).await, [(GROUP, 9), (ada, 5), (grace, 6)]);
    assert_eq!(wanted(AvatarsOf::Chats, None, 9).await, [(GROUP, 9), (grace, 6)]);
    assert_eq!(wanted(AvatarsOf::Everybody, Some(GROUP), 1).await, [(ada, 5)]);
    let hash = BlobHash([1; 32]);
    let held = Write::Avatar { peer: grace, photo: 6, hash, extension: "jpg".into() };
    desk.tell(vec![Write::Blob { hash, bytes: 3 }, held]).await;
    assert_eq!(wanted(AvatarsOf::Chats, None, 9).await, [(GROUP, 9)]);
    desk.tell(vec![with(Some(66), 6, "Grace")]).await;
    assert_eq!(wanted(AvatarsOf::Chats, None, 9).await, [(GROUP, 9), (grace, 66)], "she has another one now");
    let ids = desk.user_ids(desk.account.clone(), Some(ada), 9).await.unwrap();
    assert_eq!(ids, [grace, PeerId::user(7)]);
    desk.finish().await;
}
