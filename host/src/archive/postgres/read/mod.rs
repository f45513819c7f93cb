//! Questions.

pub(super) mod avatars;
pub(super) mod chats;
pub(super) mod compare;
pub(super) mod copied;
pub(super) mod figures;
pub(super) mod files;
pub(super) mod messages;
pub(super) mod sync;

use deadpool_postgres::Object;
use tokio_postgres::Row as Sql;

use super::{error::damaged, write::Values};
use crate::{
    archive::{ChatKey, StoreError},
    model::AccountName,
};

pub(super) fn account(name: &str) -> Result<AccountName, StoreError> {
    name.parse().map_err(|error| damaged("an account", error))
}

async fn rows(client: &Object, sql: &str, values: Values<'_>) -> Result<Vec<Sql>, StoreError> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query(&statement, values).await?)
}

async fn maybe(client: &Object, sql: &str, values: Values<'_>) -> Result<Option<Sql>, StoreError> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.query_opt(&statement, values).await?)
}

async fn account_key(client: &Object, name: &AccountName) -> Result<Option<i64>, StoreError> {
    let row = maybe(client, "select key from accounts where name = $1", &[&name.as_str()]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

async fn chat_key(client: &Object, key: &ChatKey) -> Result<Option<i64>, StoreError> {
    let sql =
        "select c.key from chats c join accounts a on a.key = c.account where a.name = $1 and c.id = $2";
    let row = maybe(client, sql, &[&key.account.as_str(), &key.chat.0]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// As PostgreSQL counts.
fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
