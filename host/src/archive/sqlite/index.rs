//! Search learns of messages off the path of those who write them, many at a time.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::{
    columns::{COLUMNS, Known, NAMES, WIDTH, known},
    time::count,
};
use crate::{
    archive::{
        Indexed, StoreError,
        search::{Tokens, VERSION, trigrams},
    },
    model::PeerId,
};

/// Words that are remembered to be in the vocabulary.
const MOST_WORDS: usize = 60_000;

/// Thrown away when a step of indexing is undone.
#[derive(Debug, Default)]
pub(super) struct Vocabulary(HashSet<String>);

/// Tokens that were made by other rules are forgotten: all messages wait to be indexed again.
pub(super) fn renew(db: &mut Connection) -> Result<(), StoreError> {
    if rules(db)? == VERSION {
        return Ok(());
    }
    let renewing = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have been faster.
    if rules(&renewing)? != VERSION {
        renewing.execute_batch(
            "insert into search (search) values ('delete-all'); delete from words; delete from trigrams; \
             delete from unindexed; delete from reindex; \
             insert into unindexed select min(key), max(key) from messages having count(*) > 0;",
        )?;
        renewing.execute("update search_rules set version = ?1", [VERSION])?;
    }
    Ok(renewing.commit()?)
}

fn rules(db: &Connection) -> Result<u32, StoreError> {
    Ok(db.query_row("select version from search_rules", [], |row| row.get(0))?)
}

pub(super) fn index(db: &Connection, words: &mut Vocabulary, most: usize) -> Result<Indexed, StoreError> {
    let changed = changed(db, most)?;
    let mut done = changed.len();
    add(db, words, changed, true)?;
    while done < most {
        let Some((fresh, count)) = newest(db, most - done)? else { break };
        add(db, words, fresh, false)?;
        done += count;
    }
    Ok(Indexed { messages: done as u64, left: left(db)? })
}

/// A message that was removed is not found any more.
pub(super) fn forget(db: &Connection, moment: i64) -> Result<(), StoreError> {
    db.prepare_cached("delete from search where rowid = ?1")?.execute([moment])?;
    Ok(())
}

pub(super) fn left(db: &Connection) -> Result<u64, StoreError> {
    let left =
        "select (select coalesce(sum(last - first + 1), 0) from unindexed) + (select count(*) from reindex)";
    Ok(db.prepare_cached(left)?.query_row([], |row| row.get(0).map(count))?)
}

/// A message, and the keys of its account and chat.
type Document = (Known, i64, i64);

fn read(db: &Connection, condition: &str, first: i64, last: i64) -> Result<Vec<Document>, StoreError> {
    let sql = format!(
        "select {COLUMNS}, c.account, c.key, c.id from messages m {NAMES} join chats c on c.key = m.chat \
         where {condition} order by m.key desc"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([first, last])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let known = known(row, PeerId(row.get(WIDTH + 2)?))?;
        found.push((known, row.get(WIDTH)?, row.get(WIDTH + 1)?));
    }
    Ok(found)
}

/// Messages that have changed since search has looked at them.
fn changed(db: &Connection, most: usize) -> Result<Vec<Document>, StoreError> {
    let keys: Vec<i64> = db
        .prepare_cached("select message from reindex order by message desc limit ?1")?
        .query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for key in keys {
        db.prepare_cached("delete from reindex where message = ?1")?.execute([key])?;
        found.extend(read(db, "m.key between ?1 and ?2", key, key)?);
    }
    Ok(found)
}

/// The newest of those that search does not know, and how many keys they stand for; none when it knows all.
fn newest(db: &Connection, most: usize) -> Result<Option<(Vec<Document>, usize)>, StoreError> {
    let newest = "select first, last from unindexed order by first desc limit 1";
    let range = db.prepare_cached(newest)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((first, last)): Option<(i64, i64)> = range else { return Ok(None) };
    let step = i64::try_from(most).unwrap_or(i64::MAX);
    let from = first.max(last.saturating_sub(step - 1));
    let found = read(db, "m.key between ?1 and ?2", from, last)?;
    if from > first {
        db.prepare_cached("update unindexed set last = ?2 where first = ?1")?.execute([first, from - 1])?;
    } else {
        db.prepare_cached("delete from unindexed where first = ?1")?.execute([first])?;
    }
    Ok(Some((found, usize::try_from(last - from + 1).unwrap_or(usize::MAX))))
}

fn add(
    db: &Connection,
    words: &mut Vocabulary,
    mut documents: Vec<Document>,
    is_known: bool,
) -> Result<(), StoreError> {
    // A number below the one before would cost the index a segment of its own.
    documents.sort_unstable_by_key(|(known, ..)| known.moment);
    let mut text = String::new();
    for (known, account, chat) in documents {
        let tokens = Tokens::of(&known.stored.message, account, chat);
        text.clear();
        for token in tokens.iter() {
            text.push_str(token);
            text.push(' ');
        }
        if is_known {
            forget(db, known.moment)?;
        }
        db.prepare_cached("insert into search (rowid, tokens) values (?1, ?2)")?
            .execute(params![known.moment, text])?;
        for word in tokens.words {
            learn(db, words, word)?;
        }
    }
    Ok(())
}

fn learn(db: &Connection, words: &mut Vocabulary, word: String) -> Result<(), StoreError> {
    if words.0.contains(&word) {
        return Ok(());
    }
    if db.prepare_cached("insert or ignore into words (word) values (?1)")?.execute([&word])? > 0 {
        let key = db.last_insert_rowid();
        for trigram in trigrams(&word) {
            db.prepare_cached("insert into trigrams values (?1, ?2)")?.execute([trigram, key])?;
        }
    }
    if words.0.len() >= MOST_WORDS {
        words.0.clear();
    }
    words.0.insert(word);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        archive::{
            Batch, SearchQuery, Source, SqliteStore, Store as _, Write, search::TOKEN_SIGNS, testing::worlds,
        },
        model::AccountName,
    };

    #[test]
    fn the_index_keeps_the_signs_of_tokens() {
        let script = include_str!("../../../migrations/sqlite/0003_search.sql");
        assert!(script.contains(&format!("tokenchars '{TOKEN_SIGNS}'")));
    }

    #[tokio::test]
    async fn other_rules_make_another_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive.sqlite");
        let found = async |store: &SqliteStore| {
            let query = SearchQuery { text: "tape".into(), limit: 9, ..SearchQuery::default() };
            store.search(query).await.unwrap().found.len()
        };
        let store = SqliteStore::open(&path).unwrap();
        let mut batch = Batch::new(AccountName::main(), Source::Sweep, jiff::Timestamp::UNIX_EPOCH);
        let told = |id| Write::Message {
            message: Box::new(worlds::plain(PeerId::user(5), id, "the tape")),
            sender_name: None,
        };
        batch.writes = (1..=3).map(told).collect();
        store.write(batch).await.unwrap();
        store.index(10).await.unwrap();
        assert_eq!(found(&store).await, 3);
        drop(store);
        Connection::open(&path).unwrap().execute("update search_rules set version = 0", []).unwrap();
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(found(&store).await, 0);
        assert_eq!(store.index(10).await.unwrap().messages, 3);
        assert_eq!(found(&store).await, 3);
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    }
}
