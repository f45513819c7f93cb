//! Search learns of messages off the path of those who write them, many at a time.
//!
//! A document of the index stands for a stretch of time, a *moment*, and holds what all messages of it say. So its numbers
//! are small, words that are said twice in a conversation are kept once, and the newest are found first without
//! sorting. `moments` tells which messages each stands for.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::{
    columns::{AUTHORS, COLUMNS, Known, WIDTH, known},
    place::{chat_of, id_of, message_key_of},
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

/// How long a moment is, as a power of two: a little more than four minutes. A longer one makes a smaller index, and more
/// messages to look at for each that is found.
const MOMENT_BITS: u32 = 8;
pub(super) const MOMENT_SECONDS: i64 = 1 << MOMENT_BITS;

pub(super) fn moment_of(date: i64) -> i64 {
    date >> MOMENT_BITS
}

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
            "insert into search (search) values ('delete-all'); delete from moments; delete from words; \
             delete from trigrams; delete from unindexed; delete from reindex; \
             insert into unindexed (first, last, count) \
             select min(key), max(key), count(*) from messages having count(*) > 0;",
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
    add(db, words, changed)?;
    while done < most {
        let Some(fresh) = newest(db, most - done)? else { break };
        done += fresh.len();
        add(db, words, fresh)?;
    }
    Ok(Indexed { messages: done as u64, left: left(db)? })
}

pub(super) fn left(db: &Connection) -> Result<u64, StoreError> {
    let left = "select (select coalesce(sum(count), 0) from unindexed) + (select count(*) from reindex)";
    Ok(db.prepare_cached(left)?.query_row([], |row| row.get(0).map(count))?)
}

/// A message, and the keys of its account and chat.
type Document = (Known, i64, i64);

fn read(db: &Connection, first: i64, last: i64, most: i64) -> Result<Vec<Document>, StoreError> {
    let sql = format!(
        "select {COLUMNS}, c.account, c.key, c.id from messages m {AUTHORS} join chats c on c.key = m.key >> 32 \
         where m.key between ?1 and ?2 order by m.key desc limit ?3"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([first, last, most])?;
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
        found.extend(read(db, key, key, 1)?);
    }
    Ok(found)
}

pub(super) const NEWEST: &str =
    "select number, first, last, count from unindexed order by number desc limit 1";

/// The newest of those that search does not know; none when it knows all.
fn newest(db: &Connection, most: usize) -> Result<Option<Vec<Document>>, StoreError> {
    let read_stretch =
        |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?));
    let stretch = db.prepare_cached(NEWEST)?.query_row([], read_stretch).optional()?;
    let Some((number, first, last, count)): Option<(i64, i64, i64, i64)> = stretch else { return Ok(None) };
    let found = read(db, first, last, i64::try_from(most).unwrap_or(i64::MAX))?;
    match found.last() {
        Some((known, ..)) if found.len() == most && known.key > first => {
            // Messages among them may have been known before, or have gone since: there is one left at least.
            let left = (count - found.len() as i64).max(1);
            let shorter = "update unindexed set last = ?2, count = ?3 where number = ?1";
            db.prepare_cached(shorter)?.execute([number, known.key - 1, left])?;
        }
        _ => {
            db.prepare_cached("delete from unindexed where number = ?1")?.execute([number])?;
        }
    }
    Ok(Some(found))
}

/// What is said in a moment, and by which messages.
#[derive(Default)]
struct Moment {
    tokens: BTreeSet<String>,
    messages: BTreeSet<i64>,
}

fn add(db: &Connection, words: &mut Vocabulary, documents: Vec<Document>) -> Result<(), StoreError> {
    // In the order of their numbers: one below the one before would cost the index a segment of its own.
    let mut moments: BTreeMap<i64, Moment> = BTreeMap::new();
    for (known, account, chat) in documents {
        let message = known.stored.message;
        let moment = moments.entry(moment_of(message.date.as_second())).or_default();
        let tokens = Tokens::of(&message, account, chat);
        moment.messages.insert(known.key);
        moment.tokens.extend(tokens.iter().map(str::to_owned));
        for word in tokens.words {
            learn(db, words, word)?;
        }
    }
    let mut text = String::new();
    for (number, Moment { tokens, messages }) in moments {
        text.clear();
        for token in &tokens {
            text.push_str(token);
            text.push(' ');
        }
        db.prepare_cached("insert into search (rowid, tokens) values (?1, ?2)")?
            .execute(params![number, text])?;
        let known: Option<Vec<u8>> = db
            .prepare_cached("select messages from moments where moment = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?;
        let known: BTreeSet<i64> = known.iter().flat_map(|known| unpacked(known)).collect();
        if !messages.is_subset(&known) {
            db.prepare_cached("insert or replace into moments values (?1, ?2)")?
                .execute(params![number, packed(&known | &messages)])?;
        }
    }
    Ok(())
}

/// Each key as what it is more than the one before: chats further, and ids further or ids from the beginning. Seven bits a
/// byte; the eighth says that more follow.
fn packed(keys: BTreeSet<i64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(keys.len() * 4);
    let mut before = (0, 0);
    for key in keys {
        let (chat, id) = (chat_of(key), i64::from(id_of(key)));
        if chat != before.0 {
            before.1 = 0;
        }
        // Nearly all ids are above 0; those that are not take some bytes more.
        let further = id - before.1;
        push(&mut bytes, u64::try_from(chat - before.0).unwrap_or(0));
        push(&mut bytes, (further << 1 ^ further >> 63).cast_unsigned());
        before = (chat, id);
    }
    bytes
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(0x80 | u8::try_from(number & 0x7f).unwrap_or(0));
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or(0));
}

/// The keys of a moment.
pub(super) fn unpacked(bytes: &[u8]) -> Vec<i64> {
    let mut numbers = bytes
        .split_inclusive(|byte| byte & 0x80 == 0)
        .map(|bytes| bytes.iter().rev().fold(0_u64, |number, byte| number << 7 | u64::from(byte & 0x7f)));
    let mut keys = Vec::new();
    let mut before = (0, 0);
    while let (Some(chat), Some(further)) = (numbers.next(), numbers.next()) {
        if chat != 0 {
            before = (before.0 + chat.cast_signed(), 0);
        }
        before.1 += (further >> 1).cast_signed() ^ -(further & 1).cast_signed();
        keys.push(message_key_of(before.0, before.1));
    }
    keys
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
    use super::{super::place::message_key, *};
    use crate::{
        archive::{
            Batch, SearchQuery, Source, SqliteStore, Store as _, Write, search::TOKEN_SIGNS, testing::worlds,
        },
        model::AccountName,
    };

    #[test]
    fn moments_remember_their_messages() {
        let keys = |all: &[(i64, i32)]| -> BTreeSet<i64> {
            all.iter().map(|(chat, id)| message_key(*chat, *id)).collect()
        };
        for all in [
            keys(&[]),
            keys(&[(1, 1)]),
            keys(&[(7, 100), (7, 101), (7, 103), (8, 1), (200_000, i32::MAX)]),
            keys(&[(1, i32::MIN), (1, -999_999_990), (1, 0), (2, -5), (2, i32::MAX), (3, i32::MIN)]),
        ] {
            assert_eq!(unpacked(&packed(all.clone())), all.into_iter().collect::<Vec<_>>());
        }
        assert_eq!(packed(keys(&[(7, 100_000), (7, 100_001), (7, 100_002)])).len(), 8);
    }

    #[test]
    fn the_index_keeps_the_signs_of_tokens() {
        let script = include_str!("../../../migrations/sqlite/0004_compact.sql");
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
