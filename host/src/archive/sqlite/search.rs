//! Searching: the index names candidates, the newest first, and each is looked at before it is told.

use std::fmt::Write as _;

use rusqlite::Connection;

use super::{
    columns::{COLUMNS, NAMES, WIDTH, known},
    read::{account_key, account_name},
};
use crate::{
    archive::{
        Found, SearchPage, SearchQuery, StoreError,
        row::first_moment,
        search::{Anchor, Clause, Filter, Fragment, MOST_WORDS, Search, Token},
    },
    model::PeerId,
};

/// Candidates that are looked at for one page. Who wants to know what else there is asks for the next page.
const MOST_LOOKS: usize = 2_000;

pub(super) fn search(db: &Connection, query: &SearchQuery) -> Result<SearchPage, StoreError> {
    let search = Search::parse(&query.text);
    let Some(expression) = expression(db, &search, query)? else { return Ok(SearchPage::default()) };
    let upper = [query.before, query.to.map(|to| first_moment(to.as_second()))].into_iter().flatten().min();
    let lower = query.from.map(|from| first_moment(from.as_second()));
    let (upper, lower) = (upper.unwrap_or(i64::MAX), lower.unwrap_or(i64::MIN));
    let mut page = SearchPage::default();
    if query.limit == 0 {
        return Ok(page);
    }
    let sql = candidates_sql(!expression.is_empty());
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = if expression.is_empty() {
        statement.query([upper, lower])?
    } else {
        statement.query(rusqlite::params![upper, lower, expression])?
    };
    let mut looks = 0;
    while let Some(row) = rows.next()? {
        let known = known(row, PeerId(row.get(WIDTH + 1)?))?;
        if search.is_in(&known.stored.message) {
            page.found.push(Found { account: account_name(db, row.get(WIDTH)?)?, stored: known.stored });
        }
        looks += 1;
        if page.found.len() == query.limit || looks == MOST_LOOKS {
            page.next = Some(known.moment);
            break;
        }
    }
    Ok(page)
}

pub(super) fn candidates_sql(is_indexed: bool) -> String {
    let rest = format!("{NAMES} join chats c on c.key = m.chat");
    if is_indexed {
        format!(
            "select {COLUMNS}, c.account, c.id from search s cross join messages m on m.moment = s.rowid {rest} \
             where s.search match ?3 and s.rowid < ?1 and s.rowid >= ?2 order by s.rowid desc"
        )
    } else {
        format!(
            "select {COLUMNS}, c.account, c.id from messages m {rest} \
             where m.moment < ?1 and m.moment >= ?2 order by m.moment desc"
        )
    }
}

/// What the index is asked. Empty: everything; none: nothing can be found.
fn expression(db: &Connection, search: &Search, query: &SearchQuery) -> Result<Option<String>, StoreError> {
    let mut words: Vec<(Fragment, Option<Vec<String>>)> = Vec::new();
    for fragment in search.fragments() {
        words.push((fragment.clone(), expand(db, fragment)?));
    }
    let known = |fragment: &Fragment| {
        words.iter().find(|(known, _)| known == fragment).and_then(|(_, words)| words.clone())
    };
    let mut clauses = search.clauses(known);
    let Some(filters) = filters(db, query)? else { return Ok(None) };
    clauses.extend(filters);
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

fn filters(db: &Connection, query: &SearchQuery) -> Result<Option<Vec<Clause>>, StoreError> {
    let mut filters: Vec<Vec<Filter>> = Vec::new();
    let account = match &query.account {
        None => None,
        Some(name) => match account_key(db, name)? {
            None => return Ok(None),
            Some(key) => Some(key),
        },
    };
    if let Some(chat) = query.chat {
        let chats = "select key from chats where id = ?1 and (?2 is null or account = ?2)";
        let chats: Vec<i64> = db
            .prepare_cached(chats)?
            .query_map(rusqlite::params![chat.0, account], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        if chats.is_empty() {
            return Ok(None);
        }
        filters.push(chats.into_iter().map(Filter::Chat).collect());
    } else if let Some(account) = account {
        filters.push(vec![Filter::Account(account)]);
    }
    filters.extend(query.sender.map(|sender| vec![Filter::Sender(sender)]));
    filters.extend(query.media.map(|media| vec![Filter::Media(media)]));
    filters.extend(query.has_link.then(|| vec![Filter::Link]));
    let clause = |any: Vec<Filter>| Clause(any.into_iter().map(|it| Token::Exact(it.token())).collect());
    Ok(Some(filters.into_iter().map(clause).collect()))
}

/// The words that hold a part; none when there are too many.
fn expand(db: &Connection, fragment: &Fragment) -> Result<Option<Vec<String>>, StoreError> {
    let trigrams = fragment.trigrams();
    let mut words = Vec::new();
    if trigrams.is_empty() || fragment.anchor == Anchor::Start {
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
