use axum::http::header;
use axum::{extract::FromRequestParts, http::request::Parts};

use super::{Auth, token};
use crate::{
    model::{Scope, Scopes},
    state::SecretHash,
    web::error::Problem,
};

/// Who makes a request and what they may do. As an extractor it refuses anonymous requests.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The signed-in user; tokens and the machine itself have none.
    pub(crate) user: Option<String>,
    /// As the log and the run ledger name them.
    pub(crate) who: String,
    pub(crate) scopes: Scopes,
    pub(super) credential: Credential,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// There is no user and the request is from this machine.
    Open,
    /// The command line, with the token of this process.
    Process,
    Session(SecretHash),
    Token(SecretHash),
}

impl Identity {
    fn with_all_scopes(user: Option<String>, who: String, credential: Credential) -> Self {
        Self { user, who, scopes: Scope::ALL.into(), credential }
    }

    pub(super) fn of_machine() -> Self {
        Self::with_all_scopes(None, "this machine".into(), Credential::Open)
    }

    pub(super) fn of_command_line() -> Self {
        Self::with_all_scopes(None, "command line".into(), Credential::Process)
    }

    pub(super) fn of_user(user: String, session: SecretHash) -> Self {
        Self::with_all_scopes(Some(user.clone()), user, Credential::Session(session))
    }

    pub(crate) fn needs(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Problem::forbidden(format!("this token lacks the scope `{scope}`"))
            .fix(format!("Make a token that has it: `tapedeck token add NAME --scope {scope}`.")))
    }
}

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            Problem::unauthorized("sign in first").fix(
                "Sign in on the page, or send `Authorization: Bearer` with a token of `tapedeck token add`.",
            )
        })
    }
}

impl Auth {
    /// Who makes the request; `None` is somebody who has to sign in.
    pub(super) async fn identify(&self, parts: &Parts) -> Result<Option<Identity>, Problem> {
        if let Some(secret) = token::bearer(&parts.headers) {
            // A wrong token is never worth a look at the cookie.
            return self.of_bearer(secret).map(Some);
        }
        // Whoever sends other credentials does not come from this machine's own programs.
        if !self.has_users() && !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Some(Identity::of_machine()));
        }
        self.of_cookie(&parts.headers).await
    }

    /// Long answers ask this now and then: has the session ended, the token been deleted, the
    /// first user been made?
    pub(crate) async fn is_still_valid(&self, identity: &Identity) -> bool {
        match identity.credential {
            Credential::Process => true,
            Credential::Open => !self.has_users() && !self.settings.current().is_behind_proxy(),
            Credential::Session(secret) => matches!(self.session(secret).await, Ok(Some(_))),
            Credential::Token(hash) => matches!(self.token(hash), Ok(Some(_))),
        }
    }
}
