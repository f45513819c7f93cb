//! Deletions and edits that are taken back.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::store;
use crate::{
    capture::{AppliedOperation, Undo, UndoError, UndoWhich, Undone, applied_operations},
    model::{AccountName, PeerId, Scope},
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Body, Limit, Query},
    },
};

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UndoRequest {
    /// The default account unless given.
    account: Option<AccountName>,
    /// Deletions that were noticed from this moment on.
    from: Option<Timestamp>,
    /// And not later than this; now, unless given.
    to: Option<Timestamp>,
    /// Only those of this chat.
    chat: Option<PeerId>,
    /// In place of a time: what had been held back under this number, and was applied.
    number: Option<i64>,
    /// Says what would come back, and brings back nothing.
    dry_run: bool,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AppliedQuery {
    /// The default account unless given.
    account: Option<AccountName>,
    /// What `next` of the page before said.
    before: Option<i64>,
    /// 1 to 1000; 100 unless given.
    #[param(value_type = Option<i64>)]
    limit: Limit,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AppliedAnswer {
    /// The newest first.
    applied: Vec<AppliedOperation>,
    /// What to give as `before` for the next page.
    next: Option<i64>,
}

/// Lists edits and deletions that had been held back and were applied
///
/// Each may be taken back by its number, and is listed no more then. Some of them may have been taken back by time already.
#[utoipa::path(get, path = "/api/v1/archive/undo", tag = "archive", params(AppliedQuery),
    responses((status = 200, body = AppliedAnswer), (status = 404, description = "Nothing was archived yet", body = Problem)))]
pub(crate) async fn list(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<AppliedQuery>,
) -> Result<Json<AppliedAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let store = store(&web).await?;
    let account = query.account.unwrap_or_else(|| web.parts.accounts.default_account());
    let limit = query.limit.or(100);
    let below = query.before.unwrap_or(i64::MAX);
    let mut applied = applied_operations(&store, &account, below, limit + 1).await?;
    let has_more = applied.len() > limit;
    applied.truncate(limit);
    let next = applied.last().map(|it| it.number).filter(|_| has_more);
    Ok(Json(AppliedAnswer { applied, next }))
}

/// Takes deletions back: messages that Telegram has no more are no longer marked as deleted
///
/// Those of a time, or those of an operation that had been held back and was applied; of such an edit, the words of before come
/// back. What was removed for good does not come back; the answer says about how many these are.
#[utoipa::path(post, path = "/api/v1/archive/undo", tag = "archive", request_body = UndoRequest,
    responses((status = 200, body = Undone), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn undo(
    State(web): State<Web>,
    identity: Identity,
    Body(request): Body<UndoRequest>,
) -> Result<Json<Undone>, Problem> {
    identity.needs(Scope::Admin)?;
    let store = store(&web).await?;
    let UndoRequest { account, from, to, chat, number, dry_run } = request;
    let which = match (from, number) {
        (Some(from), None) => UndoWhich::Between { from, to: to.unwrap_or(Timestamp::MAX), chat },
        (None, Some(number)) if to.is_none() && chat.is_none() => UndoWhich::Applied { number },
        _ => {
            return Err(Problem::bad_request("it is not clear which deletions are meant")
                .fix("Give `from`, with `to` and `chat` if you like, or `number` alone."));
        }
    };
    let account = account.unwrap_or_else(|| web.parts.accounts.default_account());
    let undo = Undo { account, which, is_rehearsal: dry_run };
    let undone = undo.run(&store, &web.parts.clock).await?;
    if !dry_run {
        tracing::info!(messages = undone.messages, user = identity.who, "{undone}");
    }
    Ok(Json(undone))
}

impl From<UndoError> for Problem {
    fn from(error: UndoError) -> Self {
        match error {
            UndoError::Unknown { .. } => {
                Self::not_found(error.to_string()).fix("Give `from` in place of `number`.")
            }
            UndoError::Nothing { .. } => {
                Self::conflict(error.to_string()).fix("The earlier texts of the message say what it was.")
            }
            UndoError::Store(error) => error.into(),
        }
    }
}
