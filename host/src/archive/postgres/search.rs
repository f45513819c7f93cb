//! Finds messages by what they say, the newest first.
//!
//! Rare words come out of the inverted index and are sorted; common ones are met soon by going back through the
//! newest messages. How often each token was met decides, and in between how often all of them are met in the newest
//! messages, so that neither all messages that hold a common word are sorted, nor the whole archive is gone through
//! for a rare one. What one page costs is bounded either way: when enough was looked at, it ends, and says where to go on.

use std::collections::HashMap;

use deadpool_postgres::{Object, Transaction};
use tokio_postgres::Row;

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
const COMMON: f64 = 60_000.0;
/// In between, so many of the newest messages say how often the words meet.
const SAMPLE: i64 = 1_000;
/// A stretch with at least so many in each sample fills a page.
const COMMON_IN_SAMPLE: i64 = 6;
/// So many messages are gone through for one page.
const STRETCH: i64 = 8_000;
/// Where a clause has more tokens, going through messages compares their words as text: each token would be looked for on
/// its own.
const MANY: usize = 16;
/// So few tokens of a clause are found at once as fast as one after the other.
const FEW: usize = 4;
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
    /// None: every message will do.
    wanted: Option<Wanted>,
    way: Way,
}

#[derive(Debug)]
struct Wanted {
    /// For `@@`, one after the other: the index is much faster with each of the words that a part stands for than with
    /// all of them at once.
    asked: Vec<String>,
    /// The same for messages that are gone through, without what `parts` say; none when these say all.
    tokens: Option<String>,
    /// Regular expressions for the words of a message as text.
    parts: Vec<String>,
}

pub(super) async fn search(client: &mut Object, query: SearchQuery) -> Result<SearchPage, StoreError> {
    let step = client.build_transaction().read_only(true).start().await?;
    let search = Search::parse(&query.text);
    let mut before = query.before.unwrap_or(i64::MAX);
    if let Some(to) = query.to {
        before = before.min(first_moment(ceiling(to)));
    }
    let from = query.from.map_or(i64::MIN, |from| first_moment(ceiling(from)));
    let Some(Plan { wanted: what, way }) = plan(&step, &query, &search, from, before).await? else {
        return Ok(SearchPage::default());
    };
    let mut page = SearchPage::default();
    let wanted = query.limit.saturating_add(1);
    let mut batch = wanted.clamp(32, MOST_LOOKS);
    let mut looks = 0;
    let mut goes_on = None;
    while page.found.len() < wanted && before > from {
        let (moments, reached) = match (way, &what) {
            // The index finds all of them each time it is asked.
            (Way::Index, Some(what)) => from_index(&step, what, from, before, MOST_LOOKS).await?,
            (Way::Scan, Some(what)) => by_going_back(&step, what, from, before, batch).await?,
            (_, None) => everything(&step, from, before, batch).await?,
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
    let said = clauses.len();
    let Some(filters) = filters(step, query).await? else { return Ok(None) };
    clauses.extend(filters);
    if clauses.is_empty() {
        return Ok(Some(Plan { wanted: None, way: Way::Scan }));
    }
    let parts = shortened(&mut clauses[..said], &expanded);
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
    let wanted = Wanted::of(&clauses, said, parts);
    let is_scanned =
        rarest > RARE && (rarest > COMMON || are_common_lately(step, &wanted, from, before).await?);
    let way = if is_scanned { Way::Scan } else { Way::Index };
    Ok(Some(Plan { wanted: Some(wanted), way }))
}

/// Where a beginning stands for many words, it is asked for itself: that is faster in the index, and for a message. For
/// other parts of words, an expression.
fn shortened(clauses: &mut [Clause], expanded: &HashMap<Fragment, Option<Vec<String>>>) -> Vec<String> {
    let mut parts = Vec::new();
    for (fragment, words) in expanded {
        let Some(words) = words.as_ref().filter(|words| words.len() > MANY) else { continue };
        let is_open = fragment.is_beginning() && fragment.anchor != Anchor::End;
        if !is_open || Filter::is_begun_by(&fragment.text) {
            parts.push(expression(fragment));
            continue;
        }
        let says_it = |clause: &&mut Clause| {
            clause.0.iter().eq(&words.iter().cloned().map(Token::Exact).collect::<Vec<_>>())
        };
        if let Some(clause) = clauses.iter_mut().find(says_it) {
            clause.0 = vec![Token::Beginning(fragment.text.clone())];
        }
    }
    parts
}

impl Wanted {
    /// The first of the clauses, `said`, are about words; of these, those with many tokens are among the `parts`.
    fn of(clauses: &[Clause], said: usize, parts: Vec<String>) -> Self {
        let is_many = |place: usize| place < said && clauses[place].0.len() > MANY;
        let all_but = |left_out: &dyn Fn(usize) -> bool| {
            tsquery(
                clauses.iter().enumerate().filter(|(place, _)| !left_out(*place)).map(|(_, clause)| clause),
            )
        };
        let tokens = Some(all_but(&is_many)).filter(|tokens| !tokens.is_empty());
        let dearest = (0..clauses.len()).max_by_key(|place| clauses[*place].0.len());
        let asked = match dearest {
            // Each word of one part with all words of another one would be asked for too often.
            Some(dearest)
                if clauses[dearest].0.len() > FEW
                    && (0..said).filter(|place| is_many(*place)).count() < 2 =>
            {
                let others = all_but(&|place| place == dearest);
                let and = if others.is_empty() { "" } else { " & " };
                clauses[dearest]
                    .0
                    .iter()
                    .map(|token| format!("{}{and}{others}", token_query(token)))
                    .collect()
            }
            _ => vec![tsquery(clauses)],
        };
        Self { asked, tokens, parts }
    }
}

/// For the words of a message as PostgreSQL writes them, each between quotation marks. What filters are called is not meant.
fn expression(fragment: &Fragment) -> String {
    let text: String = fragment
        .text
        .chars()
        .flat_map(|letter| [(!letter.is_alphanumeric()).then_some('\\'), Some(letter)])
        .flatten()
        .collect();
    const ANYTHING: &str = "[^':]*";
    let start = if fragment.is_beginning() { "" } else { ANYTHING };
    let end = if fragment.anchor == Anchor::End && !fragment.is_beginning() { "" } else { ANYTHING };
    format!("'{start}{text}{end}'")
}

/// Whether a message that is gone through may be one: `$1` and `$2` are [`Wanted::tokens`] and [`Wanted::parts`].
macro_rules! may_be_one {
    () => {
        "(($1::text is null or words @@ $1::text::tsquery) and ($2::text[] = '{}' or words::text ~ all($2::text[])))"
    };
}

pub(super) const LATELY: &str = concat!(
    "select count(*), count(*) filter (where ",
    may_be_one!(),
    ") from (select words from search where moment >= $3 and moment < $4 order by moment desc limit $5) as newest"
);

/// Also when there are few messages at all: these are soon gone through.
async fn are_common_lately(
    step: &Transaction<'_>,
    Wanted { tokens, parts, .. }: &Wanted,
    from: i64,
    before: i64,
) -> Result<bool, StoreError> {
    let statement = step.prepare_cached(LATELY).await?;
    let row = step.query_one(&statement, &[tokens, parts, &from, &before, &SAMPLE]).await?;
    let (seen, hits): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    Ok(seen < SAMPLE || hits >= COMMON_IN_SAMPLE)
}

/// Words of the vocabulary that hold it; none when these are too many and too common.
async fn expand(step: &Transaction<'_>, fragment: &Fragment) -> Result<Option<Vec<String>>, StoreError> {
    let rows = if fragment.is_beginning() {
        let sql = "select token, count from tokens where token >= $1 and token < $2 and trigrams is not null limit $3";
        let end = fragment.end_of_beginning();
        step.query(&step.prepare_cached(sql).await?, &[&fragment.text, &end, &(MOST_RARE_WORDS + 1)]).await?
    } else {
        let statement = step.prepare_cached(PARTS).await?;
        step.query(&statement, &[&fragment.trigrams(), &(MOST_RARE_WORDS * 2)]).await?
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

/// As PostgreSQL reads it.
fn tsquery<'a>(clauses: impl IntoIterator<Item = &'a Clause>) -> String {
    let any =
        |clause: &Clause| format!("({})", clause.0.iter().map(token_query).collect::<Vec<_>>().join(" | "));
    clauses.into_iter().map(any).collect::<Vec<_>>().join(" & ")
}

/// No token holds a quotation mark or a backslash.
fn token_query(token: &Token) -> String {
    match token {
        Token::Exact(token) => format!("'{token}'"),
        Token::Beginning(start) => format!("'{start}':*"),
    }
}

pub(super) const FROM_INDEX: &str = "with found as materialized (select distinct moment from unnest($1::text[]) as asked (tokens), \
     lateral (select moment from search where words @@ asked.tokens::tsquery) as hits) \
     select moment from found where moment >= $2 and moment < $3 order by moment desc limit $4";

/// Moments, and where to go on; none when that was all.
async fn from_index(
    step: &Transaction<'_>,
    wanted: &Wanted,
    from: i64,
    before: i64,
    most: usize,
) -> Result<(Vec<i64>, Option<i64>), StoreError> {
    let statement = step.prepare_cached(FROM_INDEX).await?;
    let rows = step.query(&statement, &[&wanted.asked, &from, &before, &(most as i64)]).await?;
    moments(&rows, most)
}

/// Without anything to look for, messages that the index does not know yet count as well.
pub(super) const OF_MESSAGES: &str =
    "select moment from messages where moment >= $1 and moment < $2 order by moment desc limit $3";

async fn everything(
    step: &Transaction<'_>,
    from: i64,
    before: i64,
    most: usize,
) -> Result<(Vec<i64>, Option<i64>), StoreError> {
    let statement = step.prepare_cached(OF_MESSAGES).await?;
    moments(&step.query(&statement, &[&from, &before, &(most as i64)]).await?, most)
}

fn moments(rows: &[Row], most: usize) -> Result<(Vec<i64>, Option<i64>), StoreError> {
    let moments: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let reached = moments.last().copied().filter(|_| moments.len() >= most);
    Ok((moments, reached))
}

pub(super) const BY_GOING_BACK: &str = concat!(
    "select moment, ",
    may_be_one!(),
    " from (select moment, words from search where moment >= $3 and moment < $4 order by moment desc limit $5) as newest"
);

async fn by_going_back(
    step: &Transaction<'_>,
    Wanted { tokens, parts, .. }: &Wanted,
    from: i64,
    before: i64,
    most: usize,
) -> Result<(Vec<i64>, Option<i64>), StoreError> {
    // In small steps first: common words are met soon.
    let mut moments = Vec::new();
    let (mut before, mut seen, mut stretch) = (before, 0, 500);
    let statement = step.prepare_cached(BY_GOING_BACK).await?;
    while seen < STRETCH {
        let rows = step.query(&statement, &[tokens, parts, &from, &before, &stretch]).await?;
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
        stretch = (stretch * 2).min(STRETCH - seen);
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
