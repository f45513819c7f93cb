//! Tables are made once, whoever comes first.

use super::super::{
    PostgresStore,
    migrate::{STEPS, migrate, migrate_with},
    testing::{Server, connect},
};
use crate::archive::{Store, StoreError};

async fn schema(client: &tokio_postgres::Client) -> Vec<String> {
    let sql = "select table_name || '.' || column_name || ' ' || data_type from information_schema.columns \
               where table_schema = 'public' union all select indexdef from pg_indexes where schemaname = 'public' order by 1";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn every_older_schema_becomes_the_newest() {
    let mut newest = connect(&Server::shared().database().await).await;
    migrate(&mut newest, "here").await.unwrap();
    let wanted = schema(&newest).await;
    for older in 0..STEPS.len() {
        let mut client = connect(&Server::shared().database().await).await;
        migrate_with(&mut client, "here", &STEPS[..older]).await.unwrap();
        migrate(&mut client, "here").await.unwrap();
        migrate(&mut client, "here").await.unwrap();
        assert_eq!(schema(&client).await, wanted, "from {older}");
    }
}

/// As of an archive that was made while the list of titles still belonged to the step before.
#[tokio::test]
async fn an_index_that_is_there_already_is_made_anew() {
    let mut client = connect(&Server::shared().database().await).await;
    migrate_with(&mut client, "here", &STEPS[..4]).await.unwrap();
    client.batch_execute("create index chats_by_title on chats (key)").await.unwrap();
    migrate(&mut client, "here").await.unwrap();
    let sql = "select indexdef from pg_indexes where indexname = 'chats_by_title'";
    let made: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert!(made.ends_with("(folded, key)"), "{made}");
}

/// Rows that somebody may still want to see are indexed, too: here titles that an index has no room for.
#[tokio::test]
async fn a_reader_does_not_keep_long_titles_in_the_way() {
    let address = Server::shared().database().await;
    let mut client = connect(&address).await;
    migrate_with(&mut client, "here", &STEPS[..3]).await.unwrap();
    // So many that the shortened ones, which stand in the table itself, have to move to other pages.
    let sql = "insert into accounts (name) values ('main');
               insert into chats (account, id, kind, title, folded, detail)
               select 1, id, 'private', '', string_agg(md5((id * 1000 + part)::text), ''), '{}'
               from generate_series(1, 100) id, generate_series(1, 500) part group by id";
    client.batch_execute(sql).await.unwrap();
    let reader = connect(&address).await;
    let look = "begin isolation level repeatable read; select count(*) from accounts";
    reader.batch_execute(look).await.unwrap();
    migrate(&mut client, "here").await.unwrap();
    let sql = "select max(length(folded)) from chats";
    assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i32>(0), 600);
}

#[tokio::test]
async fn a_half_made_step_leaves_nothing() {
    let mut client = connect(&Server::shared().database().await).await;
    let broken = ["create table half (a int); select 1 / 0;"];
    assert!(migrate_with(&mut client, "here", &broken).await.is_err());
    migrate(&mut client, "here").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_come_first() {
    let address = Server::shared().database().await;
    let opened = futures_util::future::join_all((0..4).map(|_| PostgresStore::open(&address))).await;
    for store in opened {
        assert_eq!(store.unwrap().figures().await.unwrap().messages, 0);
    }
}

#[tokio::test]
async fn newer_and_foreign_tables_are_left_alone() {
    let address = Server::shared().database().await;
    drop(PostgresStore::open(&address).await.unwrap());
    let client = connect(&address).await;
    client.batch_execute("update tapedeck_schema set version = 99").await.unwrap();
    let error = PostgresStore::open(&address).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    let address = Server::shared().database().await;
    connect(&address).await.batch_execute("create table shop (a int)").await.unwrap();
    let error = PostgresStore::open(&address).await.unwrap_err().to_string();
    assert!(error.contains("`shop`") && error.contains("make an empty database"), "{error}");
}

#[tokio::test]
async fn other_rules_of_search_make_the_index_anew() {
    let address = Server::shared().database().await;
    let store = PostgresStore::open(&address).await.unwrap();
    let message = crate::archive::testing::worlds::plain(crate::model::PeerId::channel(5), 1, "word");
    let mut batch = crate::archive::Batch::new(
        crate::model::AccountName::main(),
        crate::archive::Source::Sweep,
        message.date,
    );
    batch.writes.push(crate::archive::Write::Message { message: Box::new(message), sender_name: None });
    store.write(batch).await.unwrap();
    assert_eq!(store.index(10).await.unwrap().messages, 1);
    connect(&address).await.batch_execute("update counters set search_version = 0").await.unwrap();
    let store = PostgresStore::open(&address).await.unwrap();
    assert_eq!(store.figures().await.unwrap().unindexed, 1);
    assert_eq!(store.index(10).await.unwrap().messages, 1);
}

/// People are promised that they can be read.
#[tokio::test]
async fn every_view_can_be_read() {
    let address = Server::shared().database().await;
    let _store = PostgresStore::open(&address).await.unwrap();
    let client = connect(&address).await;
    let views = "select table_name::text from information_schema.views where table_schema = 'public'";
    let views = client.query(views, &[]).await.unwrap();
    assert!(views.len() >= 10);
    for view in views {
        let name: String = view.get(0);
        client.query(&format!("select * from {name}"), &[]).await.unwrap();
    }
}
