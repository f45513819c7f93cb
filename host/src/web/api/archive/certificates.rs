//! What is proven of a chat.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;

use super::{key, store, unknown_chat};
use crate::{
    archive::{ChatSync, IdRange, StoredChat},
    model::{AccountName, MessageId, PeerId, Scope},
    web::{
        Web,
        api::profile::OfAccount,
        auth::Identity,
        error::Problem,
        extract::{Query, Segment},
    },
};

/// Which message numbers of a chat were read without a hole.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct CertificateView {
    account: AccountName,
    chat: PeerId,
    at: Timestamp,
    /// The newest message that anybody knows of; 0 for none.
    newest: MessageId,
    /// Stretches that were read whole.
    read: Vec<IdRange>,
    /// Stretches of which nothing is proven.
    gaps: Vec<IdRange>,
    /// Message numbers up to the newest.
    ids: u64,
    /// Of these, numbers that were read.
    proven: u64,
    /// From 0 to 1; 1 for a chat without messages.
    share: f64,
    /// Messages that are here, deleted ones too.
    held: u64,
    /// Of these, messages that Telegram has no more.
    deleted: u64,
}

impl CertificateView {
    fn new(stored: &StoredChat, sync: &ChatSync, at: Timestamp) -> Self {
        let covered = sync.coverage.iter().next_back().map(|range| range.last);
        let listed = sync.dialog.map(|dialog| dialog.top);
        let known = stored.figures.newest.max(covered).max(sync.cursor).max(listed);
        let newest = known.unwrap_or(MessageId(0));
        let all = IdRange::new(MessageId(1), newest);
        let gaps = all.map(|all| sync.coverage.gaps(all)).unwrap_or_default();
        let ids = all.map_or(0, |all| all.len());
        let proven = ids.saturating_sub(gaps.iter().map(IdRange::len).sum());
        Self {
            account: stored.account.clone(),
            chat: stored.chat.id,
            at,
            newest,
            read: sync.coverage.iter().collect(),
            gaps,
            ids,
            proven,
            share: if ids == 0 { 1.0 } else { proven as f64 / ids as f64 },
            held: stored.figures.messages,
            deleted: stored.figures.deleted,
        }
    }
}

/// Says what of a chat is proven to be whole, and where the gaps are
///
/// A number that was read and has no message here was never given in this chat, is not shown to this account, or was left out.
#[utoipa::path(get, path = "/api/v1/archive/chats/{chat}/certificate", tag = "archive", params(("chat" = PeerId, Path), OfAccount),
    responses((status = 200, body = CertificateView), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(web): State<Web>,
    identity: Identity,
    Segment(chat): Segment<PeerId>,
    Query(query): Query<OfAccount>,
) -> Result<Json<CertificateView>, Problem> {
    identity.needs(Scope::Read)?;
    let (store, key) = (store(&web).await?, key(&web, chat, query.account));
    let stored = store.chat(key.clone()).await?.ok_or_else(|| unknown_chat(&key))?;
    let sync = store.sync(key).await?;
    Ok(Json(CertificateView::new(&stored, &sync, web.parts.clock.now())))
}
