//! What search looks at, a step at a time and off the path of commits: the newest messages first.

use std::collections::BTreeMap;

use deadpool_postgres::{Object, Transaction};

use super::{
    columns::{COLUMNS, NAMES, WIDTH, known},
    write::LOCK,
};
use crate::{
    archive::{
        Indexed, StoreError,
        search::{Tokens, VERSION, trigrams},
    },
    model::PeerId,
};

/// Rows that one transaction looks at: writers wait for no more than that.
const STEP: i64 = 1_000;

/// PostgreSQL puts what is new on a pile first, which every search goes through until a vacuum comes. It takes long, and
/// writers do not wait for it.
pub(super) const SORT_IN: &str = "select gin_clean_pending_list('search_by_words'::regclass), \
     gin_clean_pending_list('tokens_by_trigram'::regclass)";

pub(super) async fn index(client: &mut Object, most: usize) -> Result<Indexed, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut messages = 0;
    loop {
        let step = client.transaction().await?;
        step.execute(&step.prepare_cached("select pg_advisory_xact_lock($1)").await?, &[&LOCK]).await?;
        let wanted = STEP.min(most - i64::try_from(messages).unwrap_or(i64::MAX));
        let taken = if wanted > 0 { take(&step, wanted).await? } else { None };
        match taken {
            Some(indexed) => {
                messages += indexed;
                step.commit().await?;
            }
            None => {
                let left = "select (select coalesce(sum(last - first + 1), 0)::bigint from unindexed) \
                            + (select count(*) from reindex)";
                let left: i64 = step.query_one(&step.prepare_cached(left).await?, &[]).await?.try_get(0)?;
                step.commit().await?;
                if left == 0
                    && messages > 0
                    && let Err(error) = client.execute(SORT_IN, &[]).await
                {
                    // All is found, only more slowly.
                    tracing::debug!(error = &error as &dyn std::error::Error, "The index was not sorted");
                }
                return Ok(Indexed { messages, left: u64::try_from(left).unwrap_or(0) });
            }
        }
    }
}

/// How many messages search knows now; none when there is nothing left to do.
async fn take(step: &Transaction<'_>, most: i64) -> Result<Option<u64>, StoreError> {
    let newest = "select first, last from unindexed order by first desc limit 1";
    if let Some(row) = step.query_opt(&step.prepare_cached(newest).await?, &[]).await? {
        let (first, last): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let from = first.max(last - most + 1);
        let count = learn(step, "m.key between $1 and $2", &[&from, &last]).await?;
        let shorter = if from == first {
            "delete from unindexed where first = $1 and $2::bigint is not null"
        } else {
            "update unindexed set last = $2::bigint - 1 where first = $1"
        };
        step.execute(&step.prepare_cached(shorter).await?, &[&first, &from]).await?;
        return Ok(Some(count));
    }
    let changed = "delete from reindex where message in (select message from reindex order by message desc limit $1) \
                   returning message";
    let changed = step.query(&step.prepare_cached(changed).await?, &[&most]).await?;
    if changed.is_empty() {
        return Ok(None);
    }
    let keys: Vec<i64> = changed.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    learn(step, "m.key = any($1)", &[&keys]).await.map(Some)
}

async fn learn(
    step: &Transaction<'_>,
    which: &str,
    values: super::write::Values<'_>,
) -> Result<u64, StoreError> {
    let sql = format!(
        "select {COLUMNS}, c.account, c.key, c.id from messages m {NAMES} join chats c on c.key = m.chat where {which}"
    );
    let (mut moments, mut texts) = (Vec::new(), Vec::new());
    // Word or not, and how many messages hold it.
    let mut counts: BTreeMap<String, (bool, i64)> = BTreeMap::new();
    for row in step.query(&step.prepare_cached(&sql).await?, values).await? {
        let known = known(&row, PeerId(row.try_get(WIDTH + 2)?))?;
        let tokens = Tokens::of(&known.stored.message, row.try_get(WIDTH)?, row.try_get(WIDTH + 1)?);
        moments.push(known.moment);
        texts.push(tokens.iter().collect::<Vec<_>>().join(" "));
        let Tokens { words, signs, filters } = tokens;
        for (is_word, tokens) in [(true, words), (false, signs), (false, filters)] {
            for token in tokens {
                counts.entry(token).or_insert((is_word, 0)).1 += 1;
            }
        }
    }
    let insert = "insert into search (moment, words) select moment, array_to_tsvector(string_to_array(tokens, ' ')) \
                  from unnest($1::bigint[], $2::text[]) as told (moment, tokens) \
                  on conflict (moment) do update set words = excluded.words";
    step.execute(&step.prepare_cached(insert).await?, &[&moments, &texts]).await?;
    count(step, counts).await?;
    Ok(moments.len() as u64)
}

async fn count(step: &Transaction<'_>, mut counts: BTreeMap<String, (bool, i64)>) -> Result<(), StoreError> {
    let tokens: Vec<&String> = counts.keys().collect();
    let added: Vec<i64> = counts.values().map(|(_, count)| *count).collect();
    let update = "update tokens set count = tokens.count + told.count from unnest($1::text[], $2::bigint[]) \
                  as told (token, count) where tokens.token = told.token returning tokens.token";
    for row in step.query(&step.prepare_cached(update).await?, &[&tokens, &added]).await? {
        counts.remove(row.try_get::<_, &str>(0)?);
    }
    let (mut tokens, mut added, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for (token, (is_word, count)) in counts {
        let numbers =
            is_word.then(|| trigrams(&token).iter().map(i64::to_string).collect::<Vec<_>>().join(","));
        tokens.push(token);
        added.push(count);
        found.push(numbers);
    }
    let insert = "insert into tokens (token, count, trigrams) \
                  select token, count, string_to_array(trigrams, ',')::bigint[] \
                  from unnest($1::text[], $2::bigint[], $3::text[]) as told (token, count, trigrams)";
    step.execute(&step.prepare_cached(insert).await?, &[&tokens, &added, &found]).await?;
    Ok(())
}

/// When texts become other tokens than when the index was made, it is made anew.
pub(super) async fn renew(client: &mut Object) -> Result<(), StoreError> {
    let version = i32::try_from(VERSION).unwrap_or(i32::MAX);
    let step = client.transaction().await?;
    step.execute("select pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let changed = "update counters set search_version = $1 where search_version <> $1";
    if step.execute(changed, &[&version]).await? > 0 {
        step.batch_execute(
            "truncate search, tokens, reindex, unindexed; \
             insert into unindexed (first, last) select 1, next_message - 1 from counters where next_message > 1",
        )
        .await?;
    }
    Ok(step.commit().await?)
}
