//! What a sweep does, chat by chat.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    capture::{ChatLine, SweepCounts, SweepStage},
    model::{AccountName, RunId, Scope},
    web::{Web, auth::Identity, error::Problem},
};

/// Chats of one sweep in an answer.
const MOST: usize = 60;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SweepRow {
    account: AccountName,
    /// Whose progress and waits `GET /api/v1/runs/{id}` tells.
    run: Option<RunId>,
    began: Option<Timestamp>,
    stage: SweepStage,
    counts: SweepCounts,
    /// At most 60, those first that are read now, then those that failed, that come next, and that were done last. Chats
    /// that have not changed are only counted.
    chats: Vec<ChatLine>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SweepsAnswer {
    sweeps: Vec<SweepRow>,
}

/// Shows the newest sweep of each account since the start, chat by chat
#[utoipa::path(get, path = "/api/v1/archive/sweeps", tag = "archive", responses((status = 200, body = SweepsAnswer)))]
pub(crate) async fn list(State(web): State<Web>, identity: Identity) -> Result<Json<SweepsAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let sweeps = web.parts.sweeps.all().into_iter().map(|(account, shown)| SweepRow {
        account,
        run: shown.run,
        began: shown.began,
        stage: shown.stage,
        counts: shown.counts(),
        chats: shown.lines(MOST),
    });
    Ok(Json(SweepsAnswer { sweeps: sweeps.collect() }))
}
