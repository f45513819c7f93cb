//! A run: one attempt-with-retries of a job, from the moment it was due to its end.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{EventName, JobName};

/// Sorts by time of creation: a UUID of version 7.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = String, examples("01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f"))]
pub struct RunId(pub Uuid);

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a run id: it looks like 01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f")]
pub struct InvalidRunId(String);

impl FromStr for RunId {
    type Err = InvalidRunId;
    fn from_str(text: &str) -> Result<Self, InvalidRunId> {
        Uuid::parse_str(text).map(Self).map_err(|_| InvalidRunId(text.chars().take(80).collect()))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Values that a person gives to one run; a job uses them as it documents.
pub type Params = BTreeMap<String, String>;

/// Why a run exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Trigger {
    Cron,
    Every,
    AtStart,
    Event {
        event: EventName,
    },
    After {
        job: JobName,
        run: RunId,
    },
    OnFailure {
        job: JobName,
        run: RunId,
    },
    /// An earlier run was interrupted and had attempts left.
    Retry {
        run: RunId,
    },
    /// Somebody asked for it: a user or token name, or `command line`.
    Manual {
        who: String,
    },
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Queued,
    Running,
    /// Waits for something outside; `waiting_until` and `reason` say for what.
    Waiting,
    Succeeded,
    Failed,
    TimedOut,
    Cancelled,
    Skipped,
    Missed,
    /// The daemon ended in mid-run.
    Interrupted,
}

impl Status {
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Cancelled,
        Self::Skipped,
        Self::Missed,
        Self::Interrupted,
    ];

    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Waiting)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Missed => "missed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl FromStr for Status {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|status| status.as_str()).collect();
            format!("`{text}` is not a status: use one of {}", known.join(", "))
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Progress {
    pub done: u64,
    /// Unknown when the work has no end in sight.
    pub total: Option<u64>,
    /// What is counted: "messages", "bytes".
    pub unit: String,
    pub message: String,
}

/// What a run achieved: one sentence for people, the fields for programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Summary {
    pub text: String,
    pub data: serde_json::Value,
}

impl Summary {
    /// From a job kind's own summary type: its `Display` is the sentence, its fields the data.
    pub fn of(summary: &(impl fmt::Display + Serialize)) -> Self {
        let data = serde_json::to_value(summary).unwrap_or(serde_json::Value::Null);
        Self { text: summary.to_string(), data }
    }
}

/// The fires that one `missed` or `skipped` entry stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Covered {
    pub from: Timestamp,
    pub until: Timestamp,
    pub count: u64,
    /// There were more than we counted.
    pub is_at_least: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Run {
    pub id: RunId,
    pub job: JobName,
    pub kind: String,
    pub trigger: Trigger,
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// When it should have started.
    pub due: Timestamp,
    pub created: Timestamp,
    #[serde(default)]
    pub started: Option<Timestamp>,
    #[serde(default)]
    pub ended: Option<Timestamp>,
    pub status: Status,
    /// Why it is skipped, missed, waiting, cancelled, interrupted.
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub waiting_until: Option<Timestamp>,
    /// The service that asked it to wait: "Telegram".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// The attempt that runs or ran last, from 1; 0 before the first.
    #[serde(default)]
    pub attempt: u32,
    /// How many attempts the policy allows.
    #[serde(default)]
    pub attempts: u32,
    #[serde(default)]
    pub progress: Option<Progress>,
    #[serde(default)]
    pub summary: Option<Summary>,
    /// Why it failed, with all causes.
    #[serde(default)]
    pub error: Option<String>,
    #[serde(default)]
    pub covers: Option<Covered>,
    /// An interrupted run whose consequences have been drawn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_settled: bool,
}

impl Run {
    pub fn duration_ms(&self) -> Option<i64> {
        let (started, ended) = (self.started?, self.ended?);
        Some(ended.as_millisecond() - started.as_millisecond())
    }
}

/// One line of a run's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogLine {
    /// Counts from 1 within the run; gaps mean that older lines were dropped.
    pub seq: u64,
    pub at: Timestamp,
    /// "error", "warn", "info", "debug", "trace".
    pub level: String,
    pub target: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    #[schema(value_type = Object)]
    pub fields: serde_json::Map<String, serde_json::Value>,
}
