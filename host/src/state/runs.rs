//! The run ledger: every run by id, and an index of each job's runs.
//!
//! The index is a second tree. It is written after the run and removed before it, so that a kill
//! in between leaves a run that is not indexed; [`Runs::repair`] mends that at the next start.

use std::ops::Bound;

use sled::Transactional as _;

use super::{
    StateError,
    tree::{Key, Tree, encode},
};
use crate::model::{JobName, Run, RunId, Status};

struct JobKey<'a> {
    job: &'a JobName,
    run: RunId,
}

impl Key for JobKey<'_> {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = job_prefix(self.job);
        bytes.extend(self.run.to_bytes());
        bytes
    }
}

/// Job names have no zero byte, so no job's keys lie within another's.
fn job_prefix(job: &JobName) -> Vec<u8> {
    let mut bytes = job.as_str().as_bytes().to_vec();
    bytes.push(0);
    bytes
}

#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    pub job: Option<JobName>,
    pub status: Option<Status>,
    /// Only runs older than this one.
    pub before: Option<RunId>,
}

#[derive(Clone, Debug)]
pub struct Runs {
    runs: Tree<RunId, Run>,
    by_job: sled::Tree,
    schedules: sled::Tree,
}

impl Runs {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self {
            runs: Tree::open(db, "runs")?,
            by_job: db.open_tree("runs-by-job").map_err(StateError::Write)?,
            schedules: db.open_tree("schedules").map_err(StateError::Write)?,
        })
    }

    pub fn get(&self, id: RunId) -> Result<Option<Run>, StateError> {
        self.runs.get(&id)
    }

    /// Writes a run, new or changed.
    pub fn put(&self, run: &Run) -> Result<(), StateError> {
        self.runs.insert(&run.id, run)?;
        let key = JobKey { job: &run.job, run: run.id }.to_bytes();
        self.by_job.insert(key, run.status.as_str()).map_err(StateError::Write)?;
        Ok(())
    }

    /// Writes runs together with the schedule that they were decided from: all or nothing.
    pub fn decide(&self, job: &JobName, schedule: &super::Schedule, runs: &[Run]) -> Result<(), StateError> {
        (self.runs.raw(), &self.by_job, &self.schedules)
            .transaction(|(by_id, by_job, schedules)| {
                for run in runs {
                    by_id.insert(run.id.to_bytes(), encode(run))?;
                    by_job.insert(JobKey { job, run: run.id }.to_bytes(), run.status.as_str())?;
                }
                schedules.insert(job.as_str(), encode(schedule))?;
                Ok(())
            })
            .map_err(|error: sled::transaction::TransactionError| match error {
                sled::transaction::TransactionError::Storage(error) => StateError::Write(error),
                sled::transaction::TransactionError::Abort(()) => StateError::Stopped,
            })
    }

    /// Newest first.
    pub fn list(&self, filter: &RunFilter, limit: usize) -> Result<Vec<Run>, StateError> {
        let matches = |run: &Run| filter.status.is_none_or(|status| run.status == status);
        let runs: Box<dyn Iterator<Item = Result<Run, StateError>> + '_> = match &filter.job {
            Some(job) => Box::new(self.of_job(job, filter.before)),
            None => {
                let end = filter.before.map_or(Bound::Unbounded, |id| Bound::Excluded(id.to_bytes()));
                let newest_first = self.runs.raw().range((Bound::Unbounded, end)).rev();
                Box::new(newest_first.map(|entry| {
                    let (key, value) = entry.map_err(StateError::Write)?;
                    self.runs.decode(&key, &value)
                }))
            }
        };
        runs.filter(|run| run.as_ref().map_or(true, matches)).take(limit).collect()
    }

    fn of_job(
        &self,
        job: &JobName,
        before: Option<RunId>,
    ) -> impl Iterator<Item = Result<Run, StateError>> + '_ {
        let from = job_prefix(job);
        let end = match before {
            Some(run) => JobKey { job, run }.to_bytes(),
            None => JobKey { job, run: RunId(uuid::Uuid::max()) }.to_bytes(),
        };
        let id_at = from.len();
        self.by_job.range(from..end).rev().filter_map(move |entry| {
            let found = entry.map_err(StateError::Write).and_then(|(key, _)| {
                let id = uuid::Uuid::from_slice(&key[id_at..]).unwrap_or_default();
                self.get(RunId(id))
            });
            found.transpose()
        })
    }

    /// Runs that were not over when they were last written.
    pub fn unfinished(&self) -> Result<Vec<Run>, StateError> {
        let mut unfinished = Vec::new();
        for entry in self.by_job.iter() {
            let (key, status) = entry.map_err(StateError::Write)?;
            let is_over = std::str::from_utf8(&status)
                .ok()
                .and_then(|s| s.parse::<Status>().ok())
                .is_some_and(Status::is_over);
            if is_over || key.len() < 16 {
                continue;
            }
            let id = uuid::Uuid::from_slice(&key[key.len() - 16..]).unwrap_or_default();
            unfinished.extend(self.get(RunId(id))?);
        }
        unfinished.sort_by_key(|run| run.id);
        Ok(unfinished)
    }

    pub fn remove(&self, run: &Run) -> Result<(), StateError> {
        let key = JobKey { job: &run.job, run: run.id }.to_bytes();
        self.by_job.remove(key).map_err(StateError::Write)?;
        self.runs.remove(&run.id)?;
        Ok(())
    }
}
