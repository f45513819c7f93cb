use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;

use crate::{
    app::{AccountError, Farewell},
    model::{AccountName, AccountsView, Scope},
    web::{
        Web,
        auth::Identity,
        error::{Problem, with_causes},
        extract::{Body, Segment},
    },
};

/// Lists the Telegram accounts
///
/// Those of the configuration, those that somebody has logged in to, and the default one.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts", responses((status = 200, body = AccountsView)))]
pub(crate) async fn list(State(web): State<Web>, identity: Identity) -> Result<Json<AccountsView>, Problem> {
    identity.needs(Scope::Read)?;
    Ok(Json(web.parts.accounts.list().await.map_err(|error| Problem::internal(&error))?))
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogOut {
    /// Whether the login is forgotten even when Telegram cannot be asked to end it.
    forget: bool,
}

/// Logs an account out, at Telegram too
#[utoipa::path(post, path = "/api/v1/accounts/{name}/logout", tag = "accounts", params(("name" = AccountName, Path)),
    request_body = LogOut,
    responses((status = 204, description = "Logged out"), (status = 404, body = Problem),
              (status = 503, description = "Telegram cannot be asked", body = Problem)))]
pub(crate) async fn log_out(
    State(web): State<Web>,
    identity: Identity,
    Segment(name): Segment<AccountName>,
    Body(wish): Body<LogOut>,
) -> Result<StatusCode, Problem> {
    identity.needs(Scope::Admin)?;
    let farewell = if wish.forget { Farewell::Tried } else { Farewell::Needed };
    web.parts.accounts.log_out(&name, farewell).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match &error {
            AccountError::NotLoggedIn { account } => {
                Self::not_found(format!("nobody is logged in to the account `{account}`"))
                    .fix("GET /api/v1/accounts and `tapedeck accounts` list who is.")
            }
            AccountError::LoggedOut { .. } => Self::conflict(error.to_string()).fix("Log in to it again."),
            AccountError::NoApplication => Self::conflict(error.to_string())
                .fix("Put telegram.api_id and telegram.api_hash into config.toml."),
            AccountError::LogOut { .. } | AccountError::Servers(_) => Self::unavailable(with_causes(&error))
                .fix(
                    "Try again, or forget it here all the same (`\"forget\": true`, on the command line \
                     `--forget`) and end it in Telegram under Settings → Devices.",
                ),
            AccountError::Session { .. } => Self::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::TelegramError;

    #[test]
    fn failed_logouts_say_why() {
        let account = AccountName::main();
        let problem =
            Problem::from(AccountError::LogOut { account, source: TelegramError::KeyUnknown { dc: 2 } });
        let text = serde_json::to_string(&problem).unwrap();
        assert!(text.contains("data centre 2") && text.contains("`--forget`"), "{text}");
    }
}
