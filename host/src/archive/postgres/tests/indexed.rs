//! What is indexed lies in order.

use super::super::{
    PostgresStore,
    index::SORT_IN,
    testing::{Server, connect},
};
use crate::{
    archive::{Batch, Source, Store as _, Write, testing::worlds},
    model::{AccountName, PeerId},
};

/// A search would go through all that lies on the pile.
#[tokio::test]
async fn nothing_is_left_on_the_pile() {
    let address = Server::shared().database().await;
    let store = PostgresStore::open(&address).await.unwrap();
    let messages: Vec<_> =
        (1..=300).map(|id| worlds::plain(PeerId::channel(5), id, &format!("word{id} of many"))).collect();
    let mut batch = Batch::new(AccountName::main(), Source::Sweep, messages[0].date);
    let told = |message| Write::Message { message: Box::new(message), sender_name: None };
    batch.writes = messages.into_iter().map(told).collect();
    store.write(batch).await.unwrap();
    assert_eq!(store.index(10_000).await.unwrap().left, 0);
    let pages = connect(&address).await.query_one(SORT_IN, &[]).await.unwrap();
    assert_eq!((pages.get::<_, i64>(0), pages.get::<_, i64>(1)), (0, 0));
}
