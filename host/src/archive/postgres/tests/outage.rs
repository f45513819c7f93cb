//! A server that goes away.

use std::sync::Arc;

use super::super::{
    PostgresStore,
    testing::{Server, connect},
};
use crate::{
    archive::{Batch, ChatKey, Source, Store, StoreError, Write, testing::worlds},
    model::{AccountName, MessageId, PeerId},
};

const CHAT: PeerId = PeerId::channel(5);

fn batch(ids: std::ops::Range<i32>) -> Batch {
    let told = |id| Write::Message { message: Box::new(worlds::plain(CHAT, id, "word")), sender_name: None };
    let mut batch = Batch::new(AccountName::main(), Source::Sweep, worlds::plain(CHAT, 1, "").date);
    batch.writes = ids.map(told).collect();
    batch
}

async fn count(store: &PostgresStore) -> u64 {
    store.figures().await.unwrap().messages
}

/// The server dies at many moments of a batch that takes it several steps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_meets_an_outage_is_there_whole_or_not_at_all() {
    let server = Server::start();
    let store = Arc::new(PostgresStore::open(&server.database().await).await.unwrap());
    store.write(batch(1..2)).await.unwrap();
    let mut before = 1;
    for round in 0..3 {
        let writing = {
            let store = store.clone();
            let work = async move {
                let mut last = Ok(());
                for part in 0..200 {
                    let first = 1000 + round * 100_000 + part * 100;
                    last = store.write(batch(first..first + 100)).await.map(drop);
                    if last.is_err() {
                        break;
                    }
                }
                last
            };
            tokio::task::JoinSet::from_iter([work])
        };
        // Some of them are there.
        let mut told = store.written();
        for _ in 0..=round {
            told.changed().await.unwrap();
        }
        server.stop();
        let error = writing.join_all().await.remove(0).unwrap_err();
        assert!(error.is_temporary(), "{error:?}");
        assert!(matches!(store.figures().await, Err(StoreError::Unavailable { .. })));
        server.restart();
        let now = count(&store).await;
        assert!(now > before && (now - 1) % 100 == 0, "{before} {now}");
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        before = now;
    }
}

#[tokio::test]
async fn a_batch_that_cannot_be_is_not_there_at_all() {
    let address = Server::shared().database().await;
    let store = PostgresStore::open(&address).await.unwrap();
    let stranger = connect(&address).await;
    stranger.batch_execute("alter table notes rename to elsewhere").await.unwrap();
    let mut bad = batch(1..50);
    bad.writes.push(Write::Note { name: "last of all".into(), value: Some(1.into()) });
    store.write(bad.clone()).await.unwrap_err();
    assert_eq!(count(&store).await, 0);
    stranger.batch_execute("alter table elsewhere rename to notes").await.unwrap();
    store.write(bad).await.unwrap();
    assert_eq!(count(&store).await, 49);
}

#[tokio::test]
async fn writing_that_is_given_up_leaves_nothing_half() {
    let store = PostgresStore::open(&Server::shared().database().await).await.unwrap();
    for part in 0..20 {
        let writing = store.write(batch(part * 500 + 1..part * 500 + 501));
        let _ = tokio::time::timeout(std::time::Duration::from_millis(part as u64), writing).await;
    }
    let kept = count(&store).await;
    assert_eq!(kept % 500, 0);
    let key = ChatKey { account: AccountName::main(), chat: CHAT };
    assert!(store.by_id(key, vec![MessageId(1)]).await.unwrap().len() <= 1);
    store.write(batch(20_000..20_001)).await.unwrap();
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let error = PostgresStore::open("postgres://me:secret@127.0.0.1:1/deck").await.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("me@127.0.0.1:1/deck"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}
