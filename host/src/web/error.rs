//! Errors as people and programs read them: RFC 9457 problem documents that say what to do.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{scheduler::ScheduleError, state::StateError};

pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was refused or failed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Problem {
    pub(crate) title: &'static str,
    pub(crate) status: u16,
    /// What went wrong, for which input.
    pub(crate) detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
    #[serde(skip)]
    #[schema(ignore)]
    retry_after_s: Option<u64>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { title, status: status.as_u16(), detail: detail.into(), fix: None, retry_after_s: None }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    pub(crate) fn too_many(detail: impl Into<String>, retry_after_s: u64) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, detail);
        Self { retry_after_s: Some(retry_after_s), ..problem }
            .fix(format!("Wait {retry_after_s} s and try again."))
    }

    /// Logs the cause; the answer does not tell it.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "A request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong inside tapedeck")
            .fix("The daemon's log has the cause.")
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// For errors whose causes are meant for people.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).expect("a problem has string keys only");
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        let mut response = (status, headers, body).into_response();
        if let Some(pause) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, pause.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl From<StateError> for Problem {
    fn from(error: StateError) -> Self {
        match &error {
            StateError::Write(_)
            | StateError::Flush(_)
            | StateError::Folder { .. }
            | StateError::File { .. } => {
                tracing::error!(error = &error as &dyn std::error::Error, "The state cannot be used");
                Self::unavailable("the state cannot be read or written")
                    .fix("Check that the disk is not full and that the data folder is writable; the daemon's log has the cause.")
            }
            _ => Self::internal(&error),
        }
    }
}

impl From<ScheduleError> for Problem {
    fn from(error: ScheduleError) -> Self {
        match error {
            ScheduleError::UnknownJob(name) => unknown_job(&name),
            ScheduleError::UnknownRun(_) => {
                Self::not_found(error.to_string()).fix("GET /api/v1/runs lists the runs that are kept.")
            }
            ScheduleError::RunIsOver(..) => {
                Self::conflict(error.to_string()).fix("There is nothing left to cancel.")
            }
            ScheduleError::NameIsTaken(_) => {
                Self::conflict(error.to_string()).fix("Give the job in config.toml another name.")
            }
            ScheduleError::ShuttingDown => {
                Self::unavailable(error.to_string()).fix("Try again when it has started again.")
            }
            ScheduleError::Trigger(_) => {
                Self::conflict(error.to_string()).fix("Correct the job's triggers in the configuration.")
            }
            ScheduleError::State(error) => error.into(),
        }
    }
}

pub(crate) fn unknown_job(name: &str) -> Problem {
    let name: String = name.chars().take(80).collect();
    Problem::not_found(format!("there is no job `{name}`"))
        .fix("GET /api/v1/jobs and `tapedeck jobs list` show the names of all jobs.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_causes_stay_inside() {
        let problem = Problem::internal(&std::io::Error::other("password=hunter2"));
        assert!(!serde_json::to_string(&problem).unwrap().contains("hunter2"));
    }

    #[test]
    fn says_when_to_come_back() {
        let response = Problem::too_many("slow down", 7).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
        assert_eq!(response.headers()[header::CONTENT_TYPE], PROBLEM_JSON);
    }
}
