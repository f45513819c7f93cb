use std::sync::Arc;

use axum::{Json, extract::State};

use crate::{
    config::ConfigReport,
    model::Scope,
    web::{Web, auth::Identity, error::Problem},
};

/// Shows the settings in force and what is wrong with the file
#[utoipa::path(get, path = "/api/v1/config", tag = "config", responses((status = 200, body = ConfigReport)))]
pub(crate) async fn show(
    State(web): State<Web>,
    identity: Identity,
) -> Result<Json<Arc<ConfigReport>>, Problem> {
    identity.needs(Scope::Read)?;
    Ok(Json(web.parts.config.borrow().clone()))
}

/// Reads the configuration again
#[utoipa::path(post, path = "/api/v1/config/reload", tag = "config",
    responses((status = 200, description = "What is in force now; `state` says whether it is what the file says", body = ConfigReport)))]
pub(crate) async fn reload(
    State(web): State<Web>,
    identity: Identity,
) -> Result<Json<Arc<ConfigReport>>, Problem> {
    identity.needs(Scope::Admin)?;
    (web.parts.reload)().await;
    Ok(Json(web.parts.config.borrow().clone()))
}
