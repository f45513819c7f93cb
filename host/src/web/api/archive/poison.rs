//! Messages that could not be read or stored.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{store, titles};
use crate::{
    archive::{ChatKey, Poison},
    model::{AccountName, MessageId, PeerId, Scope},
    web::{Web, auth::Identity, error::Problem, extract::Query},
};

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PoisonQuery {
    /// Only those of this account.
    account: Option<AccountName>,
    /// Only those of this chat.
    chat: Option<PeerId>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PoisonRow {
    account: AccountName,
    chat: PeerId,
    chat_title: Option<String>,
    id: MessageId,
    reason: String,
    /// In how many runs it was tried.
    attempts: u32,
    first: Timestamp,
    last: Timestamp,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PoisonAnswer {
    poison: Vec<PoisonRow>,
}

/// Lists the messages that could not be read or stored
///
/// The sweep has gone past them; what Telegram sent is kept, where that is known.
#[utoipa::path(get, path = "/api/v1/archive/poison", tag = "archive", params(PoisonQuery),
    responses((status = 200, body = PoisonAnswer), (status = 404, description = "Nothing was archived yet", body = Problem)))]
pub(crate) async fn list(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<PoisonQuery>,
) -> Result<Json<PoisonAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let store = store(&web).await?;
    let poison = store.poison(query.account, query.chat).await?;
    let key = |account: &AccountName, chat| ChatKey { account: account.clone(), chat };
    let titles = titles(&*store, poison.iter().map(|(account, it)| key(account, it.chat)).collect()).await?;
    let row = |(account, poison): (AccountName, Poison)| PoisonRow {
        chat_title: titles.get(&key(&account, poison.chat)).cloned(),
        account,
        chat: poison.chat,
        id: poison.id,
        reason: poison.reason,
        attempts: poison.attempts,
        first: poison.first,
        last: poison.last,
    };
    Ok(Json(PoisonAnswer { poison: poison.into_iter().map(row).collect() }))
}
