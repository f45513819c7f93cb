//! Up to which moment each job's fires are decided. The ledger's other half is `runs`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};
use crate::model::JobName;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Every fire up to and including this moment has become a run, or is recorded as not run.
    pub decided_until: Timestamp,
    /// Where `every` counts from.
    pub anchor: Timestamp,
    /// The time triggers that both belong to; other ones start afresh.
    pub triggers: String,
    pub suspended: Option<Suspension>,
    /// What was decided before the clock went far back. When it comes near again, the clock was
    /// wrong in between, and this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned: Option<Abandoned>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abandoned {
    pub decided_until: Timestamp,
    pub anchor: Timestamp,
}

/// Why time does not start the job at present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    pub since: Timestamp,
    pub cause: SuspensionCause,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuspensionCause {
    /// `enabled = false` in the configuration.
    Disabled,
    /// Somebody paused it; the name says who.
    Paused(String),
    /// The job is not in the configuration any more.
    Removed,
}

#[derive(Clone, Debug)]
pub struct Schedules {
    tree: Tree<str, Schedule>,
}

impl Schedules {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "schedules")? })
    }

    pub fn get(&self, job: &JobName) -> Result<Option<Schedule>, StateError> {
        self.tree.get(job.as_str())
    }

    pub fn put(&self, job: &JobName, schedule: &Schedule) -> Result<(), StateError> {
        self.tree.insert(job.as_str(), schedule)
    }

    pub fn all(&self) -> Result<Vec<(JobName, Schedule)>, StateError> {
        let entries = self.tree.raw().iter().map(|entry| {
            let (key, value) = entry.map_err(StateError::Write)?;
            let name = std::str::from_utf8(&key).ok().and_then(|name| name.parse().ok());
            Ok((name, self.tree.decode(&key, &value)?))
        });
        let named = entries.filter_map(|entry: Result<(Option<JobName>, _), _>| match entry {
            Ok((name, schedule)) => name.map(|name| Ok((name, schedule))),
            Err(error) => Some(Err(error)),
        });
        named.collect()
    }
}
