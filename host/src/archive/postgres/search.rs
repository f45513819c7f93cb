//! Finds messages by what they say, the newest first.
//!
//! Rare words come out of the inverted index and are sorted; common ones are met soon by going back through the
//! newest messages. How often each token was met decides, and in between how often all of them are met in the newest
//! messages, so that neither all messages that hold a common word are sorted, nor the whole archive is gone through
//! for a rare one. What one page costs is bounded either way: when enough was looked at, it ends, and says where to go on.

use std::collections::HashMap;

use deadpool_postgres::{Object, Transaction};

use super::{
    columns::{COLUMNS, NAMES, WIDTH, stored},
    text::from_column,
};
use crate::{
    archive::{
        Found, SearchPage, SearchQuery, StoreError,
        row::{ceiling, first_moment},
        search::{Anchor, Clause, Filter, Fragment, MOST_LOOKS, MOST_WORDS, Search, Token},
    },
    model::{AccountName, PeerId},
};

/// Up to so many messages with the rarest of the words, sorting all that the index finds is cheap.
const RARE: f64 = 2_000.0;
/// With more than that it is too dear, however rarely the words meet.
const COMMON: f64 = 20_000.0;
/// In between, so many of the newest messages say how often the words meet.
const SAMPLE: i64 = 1_000;
/// A stretch with at least so many in each sample fills a page.
const COMMON_IN_SAMPLE: i64 = 6;
/// So many messages are gone through for one page.
const STRETCH: i64 = 8_000;
/// Words that hold a part are all looked for when they are this rare together.
const RARE_WORDS: i64 = 20_000;
const MOST_RARE_WORDS: i64 = 1_000;

/// Where the next candidates come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Everything that the inverted index finds, sorted.
    Index,
    /// The newest first, one after the other.
    Scan,
}

/// What candidates must fulfil.
#[derive(Debug)]
struct Plan {
    /// For `@@`; none: every message will do.
    tokens: Option<String>,
    way: Way,
}

pub(super) async fn search(client: &mut Object, query: SearchQuery) -> Result<SearchPage, StoreError> {
    let step = client.build_transaction().read_only(true).start().await?;
    let search = Search::parse(&query.text);
    let mut before = query.before.unwrap_or(i64::MAX);
    if let Some(to) = query.to {
        before = before.min(first_moment(ceiling(to)));
    }
    let from = query.from.map_or(i64::MIN, |from| first_moment(ceiling(from)));
    let Some(Plan { tokens, way }) = plan(&step, &query, &search, from, before).await? else {
        return Ok(SearchPage::default());
    };
    let mut page = SearchPage::default();
    let wanted = query.limit.saturating_add(1);
    let mut batch = wanted.clamp(32, MOST_LOOKS);
    let mut looks = 0;
    let mut goes_on = None;
    while page.found.len() < wanted && before > from {
        let (moments, reached) = match (way, &tokens) {
            // The index finds all of them each time it is asked.
            (Way::Index, Some(tokens)) => from_index(&step, tokens, from, before, MOST_LOOKS).await?,
            (_, tokens) => by_going_back(&step, tokens.as_deref(), from, before, batch).await?,
        };
        let is_gone_through = way == Way::Scan && moments.len() < batch;
        let mut unseen = moments.as_slice();
        while page.found.len() < wanted && !unseen.is_empty() {
            let (some, rest) = unseen.split_at(batch.min(unseen.len()));
            for (moment, found) in messages(&step, some).await? {
                if page.found.len() < wanted && search.is_in(&found.stored.message) {
                    page.found.push(found);
                    if page.found.len() == query.limit {
                        page.next = Some(moment);
                    }
                }
            }
            looks += some.len();
            batch = (batch * 2).min(MOST_LOOKS);
            unseen = rest;
        }
        let Some(reached) = reached else { break };
        before = reached;
        if looks >= MOST_LOOKS || is_gone_through {
            goes_on = Some(reached);
            break;
        }
    }
    if page.found.len() <= query.limit {
        page.next = goes_on;
    }
    page.found.truncate(query.limit);
    Ok(page)
}

/// None: nothing can be found.
async fn plan(
    step: &Transaction<'_>,
    query: &SearchQuery,
    search: &Search,
    from: i64,
    before: i64,
) -> Result<Option<Plan>, StoreError> {
    let mut expanded = HashMap::new();
    for fragment in search.fragments() {
        expanded.insert(fragment.clone(), expand(step, fragment).await?);
    }
    let mut clauses = search.clauses(|fragment| expanded.get(fragment).cloned().flatten());
    let Some(filters) = filters(step, query).await? else { return Ok(None) };
    clauses.extend(filters);
    if clauses.is_empty() {
        return Ok(Some(Plan { tokens: None, way: Way::Scan }));
    }
    let mut rarest = f64::MAX;
    for clause in &mut clauses {
        let counts = counts(step, clause).await?;
        // Tokens that nobody has said are not worth looking for.
        clause.0.retain(|token| counts.contains_key(token));
        if clause.0.is_empty() {
            return Ok(None);
        }
        rarest = rarest.min(counts.values().sum());
    }
    let tokens = tsquery(&clauses);
    let is_scanned =
        rarest > RARE && (rarest > COMMON || are_common_lately(step, &tokens, from, before).await?);
    let way = if is_scanned { Way::Scan } else { Way::Index };
    Ok(Some(Plan { tokens: Some(tokens), way }))
}

pub(super) const LATELY: &str = "select count(*), count(*) filter (where words @@ $1::text::tsquery) from \
     (select words from search where moment >= $2 and moment < $3 order by moment desc limit $4) as newest";

/// Also when there are few messages at all: these are soon gone through.
async fn are_common_lately(
    step: &Transaction<'_>,
    tokens: &str,
    from: i64,
    before: i64,
) -> Result<bool, StoreError> {
    let statement = step.prepare_cached(LATELY).await?;
    let row = step.query_one(&statement, &[&tokens, &from, &before, &SAMPLE]).await?;
    let (seen, hits): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    Ok(seen < SAMPLE || hits >= COMMON_IN_SAMPLE)
}

/// Words of the vocabulary that hold it; none when these are too many and too common.
async fn expand(step: &Transaction<'_>, fragment: &Fragment) -> Result<Option<Vec<String>>, StoreError> {
    let trigrams = fragment.trigrams();
    let rows = if trigrams.is_empty() || fragment.anchor == Anchor::Start {
        let sql = "select token, count from tokens where token >= $1 and token < $2 and trigrams is not null limit $3";
        let end = fragment.end_of_beginning();
        step.query(&step.prepare_cached(sql).await?, &[&fragment.text, &end, &(MOST_RARE_WORDS + 1)]).await?
    } else {
        step.query(&step.prepare_cached(PARTS).await?, &[&trigrams, &(MOST_RARE_WORDS * 2)]).await?
    };
    let is_cut = rows.len() as i64 > MOST_RARE_WORDS;
    let (mut words, mut sum) = (Vec::new(), 0);
    for row in &rows {
        let word: &str = row.try_get(0)?;
        if fragment.is_in(word) {
            words.push(word.to_owned());
            sum += row.try_get::<_, i64>(1)?;
        }
    }
    let are_few = words.len() <= MOST_WORDS || sum <= RARE_WORDS;
    Ok(Some(words).filter(|_| are_few && !is_cut))
}

/// On its own, so that the limit does not make going through all tokens look cheap.
pub(super) const PARTS: &str = "with found as materialized (select token, count from tokens \
     where trigrams @> $1 and trigrams is not null) select token, count from found limit $2";

/// What the query asks for besides words. None: there is no such account or chat.
async fn filters(step: &Transaction<'_>, query: &SearchQuery) -> Result<Option<Vec<Clause>>, StoreError> {
    let mut clauses = Vec::new();
    if query.account.is_some() || query.chat.is_some() {
        let account = query.account.as_ref().map(AccountName::as_str);
        let chat = query.chat.map(|chat| chat.0);
        let sql = "select distinct accounts.key, case when $2::bigint is not null then chats.key end \
                   from accounts left join chats on chats.account = accounts.key and chats.id = $2::bigint \
                   where ($1::text is null or accounts.name = $1) and ($2::bigint is null or chats.key is not null)";
        let mut tokens = Vec::new();
        for row in step.query(&step.prepare_cached(sql).await?, &[&account, &chat]).await? {
            let (account, chat): (i64, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
            let filter = chat.map_or(Filter::Account(account), Filter::Chat);
            tokens.push(Token::Exact(filter.token()));
        }
        if tokens.is_empty() {
            return Ok(None);
        }
        clauses.push(Clause(tokens));
    }
    let others = [
        query.sender.map(Filter::Sender),
        query.media.map(Filter::Media),
        query.has_link.then_some(Filter::Link),
    ];
    clauses.extend(others.into_iter().flatten().map(|filter| Clause(vec![Token::Exact(filter.token())])));
    Ok(Some(clauses))
}

/// In how many messages each token is, of those that are in any.
async fn counts(step: &Transaction<'_>, clause: &Clause) -> Result<HashMap<Token, f64>, StoreError> {
    let (mut exact, mut found) = (Vec::new(), HashMap::new());
    for token in &clause.0 {
        match token {
            Token::Exact(token) => exact.push(token),
            Token::Beginning(start) => {
                let count = first_count(step, start).await?;
                if count > 0.0 {
                    found.insert(token.clone(), count);
                }
            }
        }
    }
    let sql = "select token, count from tokens where token = any($1)";
    for row in step.query(&step.prepare_cached(sql).await?, &[&exact]).await? {
        found.insert(Token::Exact(row.try_get(0)?), row.try_get::<_, i64>(1)? as f64);
    }
    Ok(found)
}

/// Of all tokens that begin so.
async fn first_count(step: &Transaction<'_>, start: &str) -> Result<f64, StoreError> {
    let end = format!("{start}{}", char::MAX);
    let sql = "select coalesce(sum(count), 0)::bigint from tokens where token >= $1 and token < $2";
    let count: i64 = step.query_one(&step.prepare_cached(sql).await?, &[&start, &end]).await?.try_get(0)?;
    Ok(count as f64)
}

/// As PostgreSQL reads it. No token holds a quotation mark or a backslash.
fn tsquery(clauses: &[Clause]) -> String {
    let one = |token: &Token| match token {
        Token::Exact(token) => format!("'{token}'"),
        Token::Beginning(start) => format!("'{start}':*"),
    };
    let any = |clause: &Clause| format!("({})", clause.0.iter().map(one).collect::<Vec<_>>().join(" | "));
    clauses.iter().map(any).collect::<Vec<_>>().join(" & ")
}

pub(super) const FROM_INDEX: &str = "with found as materialized (select moment from search where words @@ $1::text::tsquery) \
     select moment from found where moment >= $2 and moment < $3 order by moment desc limit $4";

/// Moments, and where to go on; none when that was all.
async fn from_index(
    step: &Transaction<'_>,
    tokens: &str,
    from: i64,
    before: i64,
    most: usize,
) -> Result<(Vec<i64>, Option<i64>), StoreError> {
    let statement = step.prepare_cached(FROM_INDEX).await?;
    let rows = step.query(&statement, &[&tokens, &from, &before, &(most as i64)]).await?;
    let moments: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let reached = moments.last().copied().filter(|_| moments.len() >= most);
    Ok((moments, reached))
}

pub(super) const BY_GOING_BACK: &str = "select moment, $1::text is null or words @@ $1::text::tsquery from \
     (select moment, words from search where moment >= $2 and moment < $3 order by moment desc limit $4) as newest";

/// Without anything to look for, messages that the index does not know yet count as well.
pub(super) const OF_MESSAGES: &str =
    "select moment from messages where moment >= $1 and moment < $2 order by moment desc limit $3";

async fn by_going_back(
    step: &Transaction<'_>,
    tokens: Option<&str>,
    from: i64,
    before: i64,
    most: usize,
) -> Result<(Vec<i64>, Option<i64>), StoreError> {
    let Some(tokens) = tokens else {
        let statement = step.prepare_cached(OF_MESSAGES).await?;
        let rows = step.query(&statement, &[&from, &before, &(most as i64)]).await?;
        let moments: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let reached = moments.last().copied().filter(|_| moments.len() >= most);
        return Ok((moments, reached));
    };
    // In small steps first: common words are met soon.
    let mut moments = Vec::new();
    let (mut before, mut seen, mut stretch) = (before, 0, 500);
    let statement = step.prepare_cached(BY_GOING_BACK).await?;
    while seen < STRETCH {
        let rows = step.query(&statement, &[&tokens, &from, &before, &stretch]).await?;
        for row in &rows {
            before = row.try_get(0)?;
            if row.try_get(1)? {
                moments.push(before);
                if moments.len() >= most {
                    return Ok((moments, Some(before)));
                }
            }
        }
        if (rows.len() as i64) < stretch {
            return Ok((moments, None));
        }
        seen += stretch;
        stretch = (stretch * 2).min(8_000);
    }
    Ok((moments, Some(before)))
}

/// The newest first.
async fn messages(step: &Transaction<'_>, moments: &[i64]) -> Result<Vec<(i64, Found)>, StoreError> {
    if moments.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select {COLUMNS}, c.id, a.name from messages m {NAMES} join chats c on c.key = m.chat \
         join accounts a on a.key = c.account where m.moment = any($1) order by m.moment desc"
    );
    let rows = step.query(&step.prepare_cached(&sql).await?, &[&moments]).await?;
    let found = rows.iter().map(|row| {
        let account: String = from_column(row.try_get(WIDTH + 1)?);
        let stored = stored(row, PeerId(row.try_get(WIDTH)?))?;
        Ok((row.try_get(1)?, Found { account: super::read::account(&account)?, stored }))
    });
    found.collect()
}
