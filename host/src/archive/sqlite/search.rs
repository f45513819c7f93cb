//! Searching: the index names moments, the newest first, and the messages of each are looked at before they are told.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Write as _,
};

use rusqlite::{Connection, Statement};

use super::{
    columns::{AUTHORS, COLUMNS, Known, has, known},
    index::{MOMENT_SECONDS, moment_of, unpacked},
    place::{chat_of, id_of},
    read::{account_key, place_of},
};
use crate::{
    archive::{
        Found, SearchPage, SearchQuery, StoreError,
        row::{ceiling, media_code},
        search::{Clause, Filter, Fragment, MOST_LOOKS, MOST_WORDS, Search, Token, has_link},
    },
    model::{AccountName, PeerId},
};

/// Bits of a place on the time line of the archive that tell messages of the same second apart.
const TIE_BITS: u32 = 22;

/// Within a second, messages of a chat stand by their ids. Those of two chats hardly ever meet; where they do, no page
/// ends between them.
fn place(date: i64, key: i64) -> i64 {
    let tie = i64::from(id_of(key)).wrapping_add(chat_of(key).wrapping_mul(0x9e37_79b1));
    date << TIE_BITS | (tie & ((1 << TIE_BITS) - 1))
}

/// What the query asks besides words.
struct Wanted<'q> {
    query: &'q SearchQuery,
    /// By key; none: any.
    chats: Option<Vec<i64>>,
    account: Option<i64>,
    /// Unix seconds; the second is not part of it.
    dates: (i64, i64),
    before: i64,
}

pub(super) fn search(db: &Connection, query: &SearchQuery) -> Result<SearchPage, StoreError> {
    let search = Search::parse(&query.text);
    let Some(wanted) = wanted(db, query)? else { return Ok(SearchPage::default()) };
    let Some(expression) = expression(db, &search, &wanted)? else { return Ok(SearchPage::default()) };
    let mut page = SearchPage::default();
    let (from, to) = wanted.dates;
    let newest = moment_of(to.saturating_sub(1).min((wanted.before - 1) >> TIE_BITS));
    let sql = moments_sql(!expression.is_empty());
    let mut moments = db.prepare_cached(&sql)?;
    let mut moments = if expression.is_empty() {
        moments.query([newest, moment_of(from)])?
    } else {
        moments.query(rusqlite::params![newest, moment_of(from), expression])?
    };
    let mut looker = Looker { db, one: db.prepare_cached(&message_sql())?, chats: HashMap::new(), looks: 0 };
    while page.found.len() < query.limit
        && let Some(row) = moments.next()?
    {
        let (moment, messages): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let mut found = Vec::new();
        for key in unpacked(&messages) {
            found.extend(looker.look(moment, key, &search, &wanted)?);
        }
        found.sort_unstable_by_key(|(place, _)| std::cmp::Reverse(*place));
        let last = found.get((query.limit - page.found.len()).wrapping_sub(1)).map(|(place, _)| *place);
        page.found.extend(found.into_iter().filter(|(place, _)| last <= Some(*place)).map(|(_, it)| it));
        let is_enough = looker.looks >= MOST_LOOKS;
        page.next = last.or(is_enough.then(|| (moment * MOMENT_SECONDS) << TIE_BITS));
        if is_enough {
            break;
        }
    }
    Ok(page)
}

/// Reads messages and compares them with what is looked for.
struct Looker<'db> {
    db: &'db Connection,
    one: rusqlite::CachedStatement<'db>,
    chats: HashMap<i64, (AccountName, PeerId)>,
    looks: usize,
}

impl Looker<'_> {
    fn look(
        &mut self,
        moment: i64,
        key: i64,
        search: &Search,
        wanted: &Wanted<'_>,
    ) -> Result<Option<(i64, Found)>, StoreError> {
        if wanted.chats.as_ref().is_some_and(|chats| !chats.contains(&chat_of(key))) {
            return Ok(None);
        }
        self.looks += 1;
        let (account, chat) = match self.chats.entry(chat_of(key)) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(free) => match place_of(self.db, chat_of(key))? {
                Some(place) => free.insert(place).clone(),
                None => return Ok(None),
            },
        };
        if wanted.query.account.as_ref().is_some_and(|wanted| *wanted != account) {
            return Ok(None);
        }
        let Some((place, Known { stored, .. })) = self.read(moment, key, chat, wanted)? else {
            return Ok(None);
        };
        let is_found = (!wanted.query.has_link || has_link(&stored.message)) && search.is_in(&stored.message);
        Ok(is_found.then_some((place, Found { account, stored })))
    }

    /// The message, unless one of its columns says that it is not wanted, or it went and another came in its place.
    fn read(
        &mut self,
        moment: i64,
        key: i64,
        chat: PeerId,
        wanted: &Wanted<'_>,
    ) -> Result<Option<(i64, Known)>, StoreError> {
        let one: &mut Statement<'_> = &mut self.one;
        let mut rows = one.query([key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let date = super::columns::date_of(row)?;
        let (from, to) = wanted.dates;
        let place = place(date, key);
        let is_there = moment_of(date) == moment && date >= from && date < to && place < wanted.before;
        let query = wanted.query;
        if !is_there || !has(row, query.sender.map(|it| it.0), query.media.map(media_code))? {
            return Ok(None);
        }
        Ok(Some((place, known(row, chat)?)))
    }
}

pub(super) fn message_sql() -> String {
    format!("select {COLUMNS} from messages m {AUTHORS} where m.key = ?1")
}

pub(super) fn moments_sql(is_indexed: bool) -> String {
    if is_indexed {
        "select m.moment, m.messages from search s cross join moments m on m.moment = s.rowid \
         where s.search match ?3 and s.rowid <= ?1 and s.rowid >= ?2 order by s.rowid desc"
            .into()
    } else {
        "select moment, messages from moments where moment <= ?1 and moment >= ?2 order by moment desc".into()
    }
}

/// None: there is no such account or chat.
fn wanted<'q>(db: &Connection, query: &'q SearchQuery) -> Result<Option<Wanted<'q>>, StoreError> {
    let account = match &query.account {
        None => None,
        Some(name) => match account_key(db, name)? {
            None => return Ok(None),
            account => account,
        },
    };
    let chats = match query.chat {
        None => None,
        Some(chat) => {
            let chats = "select key from chats where id = ?1 and (?2 is null or account = ?2)";
            let chats: Vec<i64> = db
                .prepare_cached(chats)?
                .query_map(rusqlite::params![chat.0, account], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            if chats.is_empty() {
                return Ok(None);
            }
            Some(chats)
        }
    };
    // As far as seconds go whose places are numbers.
    const ENDS: i64 = 1 << 40;
    let dates = (query.from.map_or(-ENDS, ceiling), query.to.map_or(ENDS, ceiling));
    Ok(Some(Wanted { query, chats, account, dates, before: query.before.unwrap_or(i64::MAX) }))
}

/// What the index is asked. Empty: everything; none: nothing can be found.
fn expression(db: &Connection, search: &Search, wanted: &Wanted<'_>) -> Result<Option<String>, StoreError> {
    let mut words: Vec<(Fragment, Option<Vec<String>>)> = Vec::new();
    for fragment in search.fragments() {
        words.push((fragment.clone(), expand(db, fragment)?));
    }
    let known = |fragment: &Fragment| {
        words.iter().find(|(known, _)| known == fragment).and_then(|(_, words)| words.clone())
    };
    let mut clauses = search.clauses(known);
    clauses.extend(filters(wanted));
    let mut expression = String::new();
    for Clause(any) in clauses {
        if any.is_empty() {
            return Ok(None);
        }
        if !expression.is_empty() {
            expression.push_str(" AND ");
        }
        expression.push('(');
        for (place, token) in any.iter().enumerate() {
            let between = if place > 0 { " OR " } else { "" };
            // The signs of tokens are those that the table was made with; a quote is none of them.
            let _ = match token {
                Token::Exact(token) => write!(expression, "{between}\"{token}\""),
                Token::Beginning(token) => write!(expression, "{between}\"{token}\" *"),
            };
        }
        expression.push(')');
    }
    Ok(Some(expression))
}

fn filters(wanted: &Wanted<'_>) -> Vec<Clause> {
    let query = wanted.query;
    let mut filters: Vec<Vec<Filter>> = Vec::new();
    if let Some(chats) = &wanted.chats {
        filters.push(chats.iter().copied().map(Filter::Chat).collect());
    } else if let Some(account) = wanted.account {
        filters.push(vec![Filter::Account(account)]);
    }
    filters.extend(query.sender.map(|sender| vec![Filter::Sender(sender)]));
    filters.extend(query.media.map(|media| vec![Filter::Media(media)]));
    filters.extend(query.has_link.then(|| vec![Filter::Link]));
    let clause = |any: Vec<Filter>| Clause(any.into_iter().map(|it| Token::Exact(it.token())).collect());
    filters.into_iter().map(clause).collect()
}

/// The words that hold a part; none when there are too many.
fn expand(db: &Connection, fragment: &Fragment) -> Result<Option<Vec<String>>, StoreError> {
    let trigrams = fragment.trigrams();
    let mut words = Vec::new();
    if fragment.is_beginning() {
        let mut found =
            db.prepare_cached("select word from words where word >= ?1 and word < ?2 order by word")?;
        let mut rows = found.query([&fragment.text, &fragment.end_of_beginning()])?;
        while let Some(row) = rows.next()? {
            words.push(row.get::<_, String>(0)?);
            if words.len() > MOST_WORDS {
                return Ok(None);
            }
        }
        words.retain(|word| fragment.is_in(word));
        return Ok(Some(words));
    }
    let all = vec!["select word from trigrams where trigram = ?"; trigrams.len()].join(" intersect ");
    let mut found = db.prepare(&format!("select word from words where key in ({all})"))?;
    let mut rows = found.query(rusqlite::params_from_iter(trigrams))?;
    while let Some(row) = rows.next()? {
        let word: String = row.get(0)?;
        if fragment.is_in(&word) {
            words.push(word);
        }
        if words.len() > MOST_WORDS {
            return Ok(None);
        }
    }
    Ok(Some(words))
}
