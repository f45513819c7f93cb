//! Gaps are what nobody has read, not what looks like one.

use jiff::Timestamp;
use tapedeck::{
    archive::{Batch, IdRange, Source, Write},
    capture::{Fill, Filled, Tell},
    model::{AccountName, Chat, MessageId, PeerId, User},
};
use tapedeck_sim::telegram::Peer;

use super::stage::{Stage, WITH_GRACE};
use crate::support::{ADA, soon};

async fn fill(stage: &Stage) -> Filled {
    let fill = Fill { capture: stage.capture(), chats: Vec::new(), min_ids: 1, tell: Tell::nobody() };
    let (filled, ended) = soon(fill.run()).await;
    ended.unwrap();
    filled
}

fn user(id: PeerId) -> User {
    serde_json::from_value(serde_json::json!({ "id": id, "first_name": "Grace" })).unwrap()
}

/// As after an import that knew only part of a chat.
async fn knows(stage: &Stage, ranges: &[(i32, i32)]) {
    let mut batch = Batch::new(AccountName::main(), Source::Import, Timestamp::UNIX_EPOCH);
    batch.writes.push(Write::Chat(Box::new(Chat::private(user(WITH_GRACE)))));
    batch.writes.extend(ranges.iter().map(|(first, last)| Write::Covered {
        chat: WITH_GRACE,
        range: IdRange { first: MessageId(*first), last: MessageId(*last) },
    }));
    stage.store.write(batch).await.unwrap();
}

#[tokio::test]
async fn only_what_nobody_read_is_asked_for() {
    let stage = Stage::open().await;
    stage.scene.grace_says(400);
    knows(&stage, &[(1, 50), (60, 200), (351, 400)]).await;
    // Whom the chat is with is learnt from the list.
    let mut dialogs = tapedeck::telegram::read::Dialogs::new(&stage.client, Default::default());
    while soon(dialogs.next_page()).await.unwrap().is_some() {}
    stage.forget_calls();
    let filled = fill(&stage).await;
    assert_eq!((filled.holes, filled.with_holes), (2, 1), "{filled}");
    let ids = stage.ids(WITH_GRACE).await;
    assert!((51..=59).chain(201..=350).all(|id| ids.contains(&id)), "{ids:?}");
    let calls = stage.scene.calls("messages.getHistory");
    assert!(calls <= 3, "{calls} calls");
    assert_eq!(stage.cursor(WITH_GRACE).await, 0, "cursors are the sweep's");
    stage.forget_calls();
    assert_eq!(fill(&stage).await.holes, 0);
    assert_eq!(stage.all_calls(), 0);
    stage.finish();
}

/// In a private chat, most numbers belong to others.
#[tokio::test]
async fn numbers_of_other_chats_are_no_gaps() {
    let stage = Stage::open().await;
    stage.scene.telegram(|t| {
        t.add_user(3, "Somebody");
        for number in 0..300 {
            let from = if number % 100 == 0 { crate::support::GRACE } else { 3 };
            t.say(Peer::User(ADA), from, "hello");
        }
    });
    stage.sweep().await;
    stage.forget_calls();
    assert_eq!(fill(&stage).await.holes, 0);
    assert_eq!(stage.all_calls(), 0);
    let certificate = stage.certificate(WITH_GRACE).await;
    assert_eq!((certificate.ids, certificate.held, certificate.not_shown), (201, 3, 198), "{certificate}");
    stage.finish();
}
