//! Questions, each answered from one snapshot.

mod avatars;
mod chats;
mod compare;
mod copied;
mod files;
mod messages;
mod rest;

use rusqlite::{Connection, OptionalExtension as _, ToSql, params};

pub(super) use self::{avatars::*, chats::*, compare::*, copied::*, files::*, messages::*, rest::*};
use super::error::damaged;
use crate::{
    archive::{ChatKey, StoreError},
    model::{AccountName, PeerId},
};

pub(super) fn account_key(db: &Connection, name: &AccountName) -> Result<Option<i64>, StoreError> {
    let key = "select key from accounts where name = ?1";
    Ok(db.prepare_cached(key)?.query_row([name.as_str()], |row| row.get(0)).optional()?)
}

fn parse_account(name: &str) -> Result<AccountName, StoreError> {
    name.parse().map_err(|error| damaged("an account", error))
}

fn chat_key(db: &Connection, key: &ChatKey) -> Result<Option<i64>, StoreError> {
    let found =
        "select c.key from chats c join accounts a on a.key = c.account where a.name = ?1 and c.id = ?2";
    let found =
        db.prepare_cached(found)?.query_row(params![key.account.as_str(), key.chat.0], |row| row.get(0));
    Ok(found.optional()?)
}

fn peer(row: &rusqlite::Row<'_>, place: usize) -> rusqlite::Result<PeerId> {
    row.get(place).map(PeerId)
}

/// As SQLite counts.
fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

type Named<'a> = (&'static str, &'a dyn ToSql);

/// Those that the question has a place for.
fn asked<'a>(sql: &str, all: &[Named<'a>]) -> Vec<Named<'a>> {
    all.iter().copied().filter(|(name, _)| sql.contains(name)).collect()
}
