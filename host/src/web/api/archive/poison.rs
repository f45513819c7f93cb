//! Messages that could not be read or stored.

use std::time::Duration;

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use super::{store, titles};
use crate::{
    archive::{ChatKey, Poison, PoisonPage, PoisonPlace},
    capture::{CaptureError, CaptureParts, OpenError, Retried, RetryPoison, Tell},
    model::{AccountName, MessageId, PeerId, Scope},
    web::{
        Web,
        auth::Identity,
        error::{Problem, with_causes},
        extract::{Body, Limit, Query},
    },
};

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PoisonQuery {
    /// Only those of this account.
    account: Option<AccountName>,
    /// Only those of this chat.
    chat: Option<PeerId>,
    /// What `next` of the page before said.
    #[serde(deserialize_with = "place")]
    #[param(value_type = Option<String>)]
    after: Option<PoisonPlace>,
    /// 1 to 1000; 100 unless given.
    #[param(value_type = Option<i64>)]
    limit: Limit,
}

fn place<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PoisonPlace>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(serde::de::Error::custom)
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
    /// Those of a chat together.
    poison: Vec<PoisonRow>,
    /// What to give as `after` for the next page.
    next: Option<String>,
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
    let PoisonQuery { account, chat, after, limit } = query;
    let page = PoisonPage { account, chat, after, limit: limit.or(100) };
    let (poison, next) = store.poison_after(page).await?;
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
    let next = next.map(|place| place.to_string());
    Ok(Json(PoisonAnswer { poison: poison.into_iter().map(row).collect(), next }))
}

/// Whoever asks waits no longer; pauses that Telegram asks for can take hours.
const PATIENCE: Duration = Duration::from_secs(45);

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RetryRequest {
    /// The default account unless given.
    account: Option<AccountName>,
    /// Only those of this chat.
    chat: Option<PeerId>,
    /// Only this message of the chat.
    id: Option<MessageId>,
}

/// Asks Telegram again for messages that could not be read
///
/// Those that can be read now take their places, and are listed no more. A newer tapedeck may read what this one cannot.
#[utoipa::path(post, path = "/api/v1/archive/poison/retry", tag = "archive", request_body = Option<RetryRequest>,
    responses((status = 200, body = Retried), (status = 404, description = "Nothing was archived yet", body = Problem),
        (status = 409, description = "The account is not logged in", body = Problem),
        (status = 503, description = "Telegram does not answer in time", body = Problem)))]
pub(crate) async fn retry(
    State(web): State<Web>,
    identity: Identity,
    Body(request): Body<RetryRequest>,
) -> Result<Json<Retried>, Problem> {
    identity.needs(Scope::Run)?;
    store(&web).await?;
    let RetryRequest { account, chat, id } = request;
    if id.is_some() && chat.is_none() {
        return Err(Problem::bad_request("`id` is given without `chat`")
            .fix("Say in which chat the message is: numbers repeat from chat to chat."));
    }
    let section = web.parts.settings.borrow().capture.clone();
    let parts = CaptureParts {
        accounts: web.parts.accounts.clone(),
        archive: web.parts.archive.clone(),
        plugins: Some(web.parts.plugins.clone()),
        clock: web.parts.clock.clone(),
    };
    let asked = async {
        let capture = parts.open(account.as_ref(), &section).await?;
        let (retried, ended) = RetryPoison { capture, chat, id, tell: Tell::nobody() }.run().await;
        ended?;
        Ok::<_, Problem>(retried)
    };
    let retried = tokio::time::timeout(PATIENCE, asked).await.map_err(|_| {
        Problem::unavailable("Telegram has not answered in time")
            .fix("Try again later: GET /api/v1/accounts says whether it has asked for a pause.")
    })??;
    tracing::info!(asked = retried.asked, healed = retried.healed, user = identity.who, "{retried}");
    Ok(Json(retried))
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Account(error) => Self::conflict(with_causes(&error))
                .fix("GET /api/v1/accounts says how the accounts are; the page /accounts logs in."),
            OpenError::Store(error) => error.into(),
        }
    }
}

impl From<CaptureError> for Problem {
    fn from(error: CaptureError) -> Self {
        match error {
            CaptureError::Store(error) => error.into(),
            error if error.is_temporary() => {
                Self::unavailable(with_causes(&error)).fix("Try again in a moment.")
            }
            error => Self::conflict(with_causes(&error)).fix("The daemon's log has the whole story."),
        }
    }
}
