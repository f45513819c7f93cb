//! One call, from its turn to its answer: which failures are tried again, and how.

use std::sync::Arc;

use grammers_mtproto::transport;
use grammers_mtsender::{InvocationError, RpcError};
use grammers_session::Session as _;

use super::{Client, Lane, call::Call, link::Answer, link::Link};
use crate::telegram::{Error, error::is_temporary_answer, session::SessionError};

/// How often a call follows a data centre's word that another one has what it wants.
const MOST_MIGRATIONS: u32 = 3;

/// What has happened to a call so far.
#[derive(Debug, Default)]
struct Tries {
    failures: u32,
    migrations: u32,
    is_authorized: bool,
}

/// What follows from an answer.
enum Next {
    Done(Vec<u8>),
    Again,
    Fail(Error),
}

impl Client {
    pub(super) async fn answer_to(&self, mut lane: Lane, call: Call) -> Result<Vec<u8>, Error> {
        let mut tries = Tries::default();
        loop {
            if self.shared.pool.closed().is_cancelled() {
                return Err(Error::Closed);
            }
            match self.try_once(&mut lane, &call, &mut tries).await? {
                Next::Done(bytes) => {
                    self.shared.health.note_answer(lane, &call);
                    return Ok(bytes);
                }
                Next::Again => {}
                Next::Fail(error) => {
                    self.shared.health.note_error(&error);
                    return Err(error);
                }
            }
        }
    }

    async fn try_once(&self, lane: &mut Lane, call: &Call, tries: &mut Tries) -> Result<Next, Error> {
        let pool = &self.shared.pool;
        let limits = &pool.parts.settings.limits;
        // A pause can be long; who logs out meanwhile waits for nothing.
        let turn = self.shared.governor.admit(call, self.patience, self.teller.as_ref());
        let turn = pool.closed().run_until_cancelled(turn).await.ok_or(Error::Closed)??;
        let seen = pool.authorizations(*lane);
        let link = pool.link(*lane).await?;
        let _first_key = pool.first_key(link.dc).await?;
        let limit = if call.carries_a_file() { limits.file } else { limits.call };
        let answer = link.call(call.body.clone(), limit, limits.ping).await;
        Ok(match answer {
            Answer::Answered(Ok(bytes)) => {
                turn.note_answer();
                pool.note_answer(*lane);
                Next::Done(bytes)
            }
            Answer::Answered(Err(InvocationError::Rpc(error))) => {
                turn.note_answer();
                drop(turn);
                pool.note_answer(*lane);
                self.after_refusal(lane, call, tries, &error, seen).await?
            }
            Answer::Answered(Err(error)) => self.after_break(*lane, call, tries, &link, error),
            Answer::Slow => self.after_silence(call, tries, limit),
            Answer::Silent => {
                tracing::warn!(dc = link.dc, method = call.method, "Telegram is silent: connecting anew");
                pool.replace(*lane, &link);
                self.after_silence(call, tries, limit)
            }
        })
    }

    async fn after_refusal(
        &self,
        lane: &mut Lane,
        call: &Call,
        tries: &mut Tries,
        error: &RpcError,
        seen: u64,
    ) -> Result<Next, Error> {
        let refused = || Error::Rpc {
            method: call.method,
            code: error.code,
            name: error.name.clone(),
            value: error.value,
        };
        Ok(match (error.code, error.name.as_str(), error.value) {
            (420, name, seconds) => {
                self.shared.governor.note_flood(call, name, seconds);
                Next::Again
            }
            (303, name, Some(dc)) if tries.migrations < MOST_MIGRATIONS => {
                tries.migrations += 1;
                let dc = i32::try_from(dc).map_err(|_| refused())?;
                match (name, *lane) {
                    ("FILE_MIGRATE", _) => {
                        *lane = Lane::Media(dc);
                        tries.is_authorized = false;
                    }
                    ("PHONE_MIGRATE" | "NETWORK_MIGRATE" | "USER_MIGRATE", Lane::Main) => {
                        let moved = self.session().set_home_dc_id(dc).await;
                        moved.map_err(|error| Error::Session { source: error.into() })?;
                    }
                    _ => return Ok(Next::Fail(refused())),
                }
                Next::Again
            }
            (401, "AUTH_KEY_UNREGISTERED", _) if self.may_authorize(*lane)? && !tries.is_authorized => {
                tries.is_authorized = true;
                self.authorize(*lane, seen).await?;
                Next::Again
            }
            (401, "SESSION_PASSWORD_NEEDED", _) => Next::Fail(refused()),
            (401, _, _) | (406, "AUTH_KEY_DUPLICATED", _) => {
                Next::Fail(Error::LoggedOut { reason: error.name.clone() })
            }
            (code, name, _) if is_temporary_answer(code, name) && self.has_another_try(tries) => {
                tokio::time::sleep(self.shared.pool.parts.settings.limits.pause(tries.failures)).await;
                Next::Again
            }
            _ => Next::Fail(refused()),
        })
    }

    /// The connection is gone; the next one is made after a pause that all callers share.
    fn after_break(
        &self,
        lane: Lane,
        call: &Call,
        tries: &mut Tries,
        link: &Arc<Link>,
        error: InvocationError,
    ) -> Next {
        let pool = &self.shared.pool;
        if link.has_ended() {
            pool.replace(lane, link);
        } else {
            pool.note_failure(lane);
        }
        if let Some(refused) = refused_key(link.dc, &error) {
            return Next::Fail(refused);
        }
        match error {
            InvocationError::Session(source) => Next::Fail(Error::Session { source }),
            _ if call.is_repeatable() && self.has_another_try(tries) => {
                tracing::debug!(dc = link.dc, method = call.method, %error, "The connection broke: trying again");
                Next::Again
            }
            error => Next::Fail(Error::Connection { method: call.method, dc: link.dc, source: error.into() }),
        }
    }

    fn after_silence(&self, call: &Call, tries: &mut Tries, limit: std::time::Duration) -> Next {
        if call.is_repeatable() && self.has_another_try(tries) {
            Next::Again
        } else {
            Next::Fail(Error::Timeout { method: call.method, limit })
        }
    }

    fn has_another_try(&self, tries: &mut Tries) -> bool {
        tries.failures += 1;
        tries.failures < self.shared.pool.parts.settings.limits.tries
    }
}

/// The server's word that it does not know our key, or what came of the library's attempt to make
/// a new one.
pub(super) fn refused_key(dc: i32, error: &InvocationError) -> Option<Error> {
    match error {
        InvocationError::Transport(transport::Error::BadStatus { status: 404 }) => {
            Some(Error::KeyUnknown { dc })
        }
        InvocationError::Session(source) => match source.downcast_ref()? {
            SessionError::KeyRefused { dc } => Some(Error::KeyUnknown { dc: *dc }),
            _ => None,
        },
        _ => None,
    }
}
