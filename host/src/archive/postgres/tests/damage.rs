//! Rows that lie otherwise on the disk than they were written.

use std::sync::Arc;

use super::super::{
    PostgresStore,
    testing::{Server, connect},
};
use crate::archive::contract::{Desk, Fresh, damage};

/// A store, and what writes into its tables behind its back.
async fn broken() -> (Desk, damage::Damage<impl AsyncFn(String)>) {
    let address = Server::shared().database().await;
    let store = Arc::new(PostgresStore::open(&address).await.unwrap());
    let run = async move |sql: String| {
        let rows = connect(&address).await.execute(&sql, &[]).await.unwrap();
        assert!(rows > 0, "{sql}");
    };
    let (misdate, garble) = ("moment = moment + 268435456", "detail = '{\"media\":3}'");
    let damage = damage::Damage { run, misdate, garble, names: "names" };
    (Desk::new(Fresh { store, kept: Box::new(()) }), damage)
}

#[tokio::test]
async fn damaged_rows_are_found_and_mended() {
    let (desk, damage) = broken().await;
    damage::damaged_rows_are_found_and_mended(desk, damage).await;
}

#[tokio::test]
async fn a_damaged_name_of_a_sender_is_mended() {
    let (desk, damage) = broken().await;
    damage::a_damaged_name_of_a_sender_is_mended(desk, damage).await;
}

#[tokio::test]
async fn the_only_copy_of_a_row_stays() {
    let (desk, damage) = broken().await;
    damage::the_only_copy_of_a_row_stays(desk, damage).await;
}

#[tokio::test]
async fn rows_without_a_checksum_are_sealed() {
    let (desk, damage) = broken().await;
    damage::rows_without_a_checksum_are_sealed(desk, damage).await;
}
