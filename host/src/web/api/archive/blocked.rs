//! Edits and deletions that came with too many others, and wait for somebody to decide.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{store, titles};
use crate::{
    archive::{BlockedKind, BlockedOperation, ChatKey},
    capture::{self, Decision, HeldError},
    model::{AccountName, MessageId, PeerId, Scope},
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Limit, Query, Segment},
    },
};

/// Ids in one row: a storm of deletions has ten thousand.
const IDS: usize = 100;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct BlockedRow {
    number: i64,
    account: AccountName,
    chat: PeerId,
    chat_title: Option<String>,
    kind: BlockedKind,
    at: Timestamp,
    /// How many messages it is about.
    messages: usize,
    /// Of these, the first hundred.
    ids: Vec<MessageId>,
    /// The text as it would be, of an edit.
    text: Option<String>,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BlockedQuery {
    /// What `next` of the page before said.
    after: i64,
    /// 1 to 1000; 100 unless given.
    #[param(value_type = Option<i64>)]
    limit: Limit,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct BlockedAnswer {
    /// Oldest first.
    blocked: Vec<BlockedRow>,
    /// What to give as `after` for the next page.
    next: Option<i64>,
}

/// Lists edits and deletions that were held back because too many came at once
///
/// The archive is as if they had not happened, until somebody applies or dismisses them.
#[utoipa::path(get, path = "/api/v1/archive/blocked", tag = "archive", params(BlockedQuery),
    responses((status = 200, body = BlockedAnswer), (status = 404, description = "Nothing was archived yet", body = Problem)))]
pub(crate) async fn list(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<BlockedQuery>,
) -> Result<Json<BlockedAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let limit = query.limit.or(100);
    let store = store(&web).await?;
    let mut blocked = store.blocked_after(query.after, limit + 1).await?;
    let has_more = blocked.len() > limit;
    blocked.truncate(limit);
    let next = blocked.last().map(|(_, it)| it.number).filter(|_| has_more);
    let key = |account: &AccountName, chat| ChatKey { account: account.clone(), chat };
    let titles = titles(&*store, blocked.iter().map(|(account, it)| key(account, it.chat)).collect()).await?;
    let row = |(account, operation): (AccountName, BlockedOperation)| BlockedRow {
        number: operation.number,
        chat_title: titles.get(&key(&account, operation.chat)).cloned(),
        account,
        chat: operation.chat,
        kind: operation.kind,
        at: operation.at,
        messages: operation.ids.len(),
        ids: operation.ids.into_iter().take(IDS).collect(),
        text: operation.message.map(|message| message.text),
    };
    Ok(Json(BlockedAnswer { blocked: blocked.into_iter().map(row).collect(), next }))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Decided {
    number: i64,
    is_applied: bool,
    /// How many messages of the archive it was about.
    messages: usize,
}

/// Lets an edit or deletion happen that was held back
///
/// As `capture.deletions` says; the earlier text of an edit is kept.
#[utoipa::path(post, path = "/api/v1/archive/blocked/{number}/apply", tag = "archive",
    params(("number" = i64, Path, description = "As in the list")),
    responses((status = 200, body = Decided), (status = 404, body = Problem)))]
pub(crate) async fn apply(
    State(web): State<Web>,
    identity: Identity,
    Segment(number): Segment<i64>,
) -> Result<Json<Decided>, Problem> {
    decide(&web, &identity, number, true).await
}

/// Forgets an edit or deletion that was held back: the archive stays as it is
#[utoipa::path(post, path = "/api/v1/archive/blocked/{number}/dismiss", tag = "archive",
    params(("number" = i64, Path, description = "As in the list")),
    responses((status = 200, body = Decided), (status = 404, body = Problem)))]
pub(crate) async fn dismiss(
    State(web): State<Web>,
    identity: Identity,
    Segment(number): Segment<i64>,
) -> Result<Json<Decided>, Problem> {
    decide(&web, &identity, number, false).await
}

async fn decide(
    web: &Web,
    identity: &Identity,
    number: i64,
    is_applied: bool,
) -> Result<Json<Decided>, Problem> {
    identity.needs(Scope::Admin)?;
    let store = store(web).await?;
    let capture = web.parts.settings.borrow().capture.clone();
    let decision = if is_applied { Decision::Apply } else { Decision::Dismiss };
    let messages = capture::decide(&store, &web.parts.clock, number, decision, &capture).await?;
    tracing::info!(
        blocked.number = number,
        user = identity.who,
        is_applied,
        "A blocked operation was decided about"
    );
    Ok(Json(Decided { number, is_applied, messages }))
}

impl From<HeldError> for Problem {
    fn from(error: HeldError) -> Self {
        match error {
            HeldError::Unknown { .. } => Self::not_found(error.to_string())
                .fix("GET /api/v1/archive/blocked lists what waits for a decision."),
            HeldError::Store(error) => error.into(),
        }
    }
}
