//! What is proven of a chat.

use axum::{Json, extract::State};

use super::{key, store, unknown_chat};
use crate::{
    capture::certificate::{Certificate, certify},
    model::{PeerId, Scope},
    web::{
        Web,
        api::profile::OfAccount,
        auth::Identity,
        error::Problem,
        extract::{Query, Segment},
    },
};

/// Says what of a chat is proven to be whole, and where the gaps are
///
/// Every message number that was read has a message here, was left out for a reason, could not be read, or stands for none that
/// this account is shown.
#[utoipa::path(get, path = "/api/v1/archive/chats/{chat}/certificate", tag = "archive", params(("chat" = PeerId, Path), OfAccount),
    responses((status = 200, body = Certificate), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(web): State<Web>,
    identity: Identity,
    Segment(chat): Segment<PeerId>,
    Query(query): Query<OfAccount>,
) -> Result<Json<Certificate>, Problem> {
    identity.needs(Scope::Read)?;
    let (store, key) = (store(&web).await?, key(&web, chat, query.account));
    let stored = store.chat(key.clone()).await?.ok_or_else(|| unknown_chat(&key))?;
    Ok(Json(certify(&store, &stored, web.parts.clock.now()).await?))
}
