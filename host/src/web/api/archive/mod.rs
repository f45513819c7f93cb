//! What is archived: to look at, to search, and to decide about.

pub(crate) mod blocked;
pub(crate) mod certificates;
pub(crate) mod chats;
pub(crate) mod exports;
pub(crate) mod imports;
pub(crate) mod messages;
pub(crate) mod pictures;
pub(crate) mod poison;
pub(crate) mod search;
pub(crate) mod sweeps;
pub(crate) mod undo;
pub(crate) mod uploads;

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use serde::Serialize;

use crate::{
    archive::{ChatKey, Engine, SharedStore, Store, StoreError, StoreFigures},
    model::{AccountName, PeerId, Scope},
    web::{Web, auth::Identity, error::Problem},
};

/// The archive at a glance.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ArchiveView {
    /// Whether anything was archived yet. If not, the other addresses answer 404.
    is_there: bool,
    /// `sqlite` or `postgres`.
    engine: Option<&'static str>,
    figures: Option<StoreFigures>,
    /// Bytes that uploads of the last day may have together: `server.max_upload`.
    max_upload: u64,
}

/// Says what the archive holds, in figures
#[utoipa::path(get, path = "/api/v1/archive", tag = "archive", responses((status = 200, body = ArchiveView)))]
pub(crate) async fn show(State(web): State<Web>, identity: Identity) -> Result<Json<ArchiveView>, Problem> {
    identity.needs(Scope::Read)?;
    let max_upload = web.parts.settings.borrow().server.max_upload.0;
    let Some(store) = web.parts.archive.existing().await? else {
        return Ok(Json(ArchiveView { is_there: false, engine: None, figures: None, max_upload }));
    };
    let engine = match store.engine() {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    };
    let figures = Some(store.figures().await?);
    Ok(Json(ArchiveView { is_there: true, engine: Some(engine), figures, max_upload }))
}

/// The archive, where there is one.
async fn store(web: &Web) -> Result<SharedStore, Problem> {
    web.parts.archive.existing().await?.ok_or_else(|| {
        Problem::not_found("nothing was archived yet").fix(
            "Run a job of kind \"archive\", or `tapedeck import`; the page /archive shows the job's table.",
        )
    })
}

fn key(web: &Web, chat: PeerId, account: Option<AccountName>) -> ChatKey {
    ChatKey { account: account.unwrap_or_else(|| web.parts.accounts.default_account()), chat }
}

fn unknown_chat(key: &ChatKey) -> Problem {
    Problem::not_found(format!("no chat {} of the account `{}` is archived", key.chat, key.account))
        .fix("The list of chats has those that are, with their accounts (GET /api/v1/archive/chats).")
}

/// What these chats are called, as far as they are known.
async fn titles(store: &dyn Store, keys: BTreeSet<ChatKey>) -> Result<BTreeMap<ChatKey, String>, StoreError> {
    let mut titles = BTreeMap::new();
    for key in keys {
        if let Some(stored) = store.chat(key.clone()).await? {
            titles.insert(key, stored.chat.title);
        }
    }
    Ok(titles)
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match &error {
            StoreError::Open { .. } => Self::unavailable(text).fix(
                "Correct `[archive]` in the configuration, or see that its place can be read and written.",
            ),
            StoreError::Newer { .. } => Self::unavailable(text).fix("Run the newer version of Tapedeck."),
            StoreError::Unavailable { .. } => {
                Self::unavailable(text).fix("Try again in a moment; the daemon's log has the cause.")
            }
            StoreError::Full { .. } => Self::unavailable(text).fix("Make room on that disk."),
            StoreError::Damaged { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "The archive is damaged");
                Self::unavailable(text).fix("Stop the daemon and restore the archive from a backup.")
            }
            StoreError::Decided { .. } => Self::conflict(text),
            StoreError::Failed { .. } => Self::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests;
