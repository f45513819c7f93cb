//! Characters that PostgreSQL does not take.

use super::fresh;
use crate::{
    archive::{Batch, ChatKey, ChatsPage, SearchQuery, Source, Write, merge::unknown_chat, testing::worlds},
    model::{AccountName, Media, MediaKind, MessageId, PeerId},
};

const CHAT: PeerId = PeerId::channel(5);

#[tokio::test]
async fn nul_is_kept_wherever_it_is_said() {
    let archive = fresh().await;
    let store = archive.store;
    let account = AccountName::main();
    let mut message = worlds::plain(CHAT, 1, "nul\0in the middle \u{10ffff}0 \\u0000");
    message.signature = Some("sig\0ned".into());
    message.media = Some(Box::new(Media {
        kind: MediaKind::Unsupported,
        file: None,
        more_files: Vec::new(),
        is_spoiler: false,
        ttl_seconds: None,
        detail: None,
        extra: serde_json::Map::from_iter([("a\0".to_owned(), "\0\\\u{10ffff}".into())]).into(),
    }));
    let mut chat = unknown_chat(CHAT);
    chat.title = "Ti\0tle".into();
    let note = serde_json::json!({ "a\0": ["\0"] });
    let mut batch = Batch::new(account.clone(), Source::Sweep, message.date);
    batch.writes = vec![
        Write::Chat(Box::new(chat.clone())),
        Write::Message { message: Box::new(message.clone()), sender_name: Some("A\0da".into()) },
        Write::Note { name: "how far".into(), value: Some(note.clone()) },
    ];
    store.write(batch.clone()).await.unwrap();
    assert_eq!(store.write(batch).await.unwrap().unchanged, 1);
    let key = ChatKey { account: account.clone(), chat: CHAT };
    let stored = store.by_id(key.clone(), vec![MessageId(1)]).await.unwrap().remove(0);
    assert_eq!(stored.message, message);
    assert_eq!(stored.sender_name.as_deref(), Some("A\0da"));
    assert_eq!(store.chat(key).await.unwrap().unwrap().chat, chat);
    assert_eq!(store.note(account, "how far".into()).await.unwrap(), Some(note));
    store.index(10).await.unwrap();
    let query = SearchQuery { text: "nul middle".into(), limit: 5, ..SearchQuery::default() };
    assert_eq!(store.search(query).await.unwrap().found.len(), 1);
    let titled = ChatsPage { title: Some("title".into()), limit: 5, ..ChatsPage::default() };
    assert!(store.chats(titled).await.is_ok());
}
