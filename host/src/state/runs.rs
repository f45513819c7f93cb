//! The run ledger: every run by id, and an index of each job's runs.
//!
//! Both trees are written in one transaction, with the schedules that a decision moved.

use std::ops::Bound;

use sled::{Transactional as _, transaction::TransactionError};

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
        self.commit(std::slice::from_ref(run), &[])
    }

    /// Writes runs together with the schedules that they were decided from: all or nothing.
    pub fn commit(&self, runs: &[Run], schedules: &[(&JobName, &super::Schedule)]) -> Result<(), StateError> {
        (self.runs.raw(), &self.by_job, &self.schedules)
            .transaction(|(by_id, by_job, by_name)| {
                for run in runs {
                    by_id.insert(run.id.to_bytes(), encode(run))?;
                    by_job.insert(JobKey { job: &run.job, run: run.id }.to_bytes(), run.status.as_str())?;
                }
                for (job, schedule) in schedules {
                    by_name.insert(job.as_str(), encode(schedule))?;
                }
                Ok(())
            })
            .map_err(|error: TransactionError<()>| match error {
                TransactionError::Storage(error) => StateError::Write(error),
                TransactionError::Abort(()) => StateError::Stopped,
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
        self.ids_of(job, before).filter_map(|id| id.and_then(|id| self.get(id)).transpose())
    }

    /// Newest first.
    fn ids_of(
        &self,
        job: &JobName,
        before: Option<RunId>,
    ) -> impl Iterator<Item = Result<RunId, StateError>> + use<> {
        let from = job_prefix(job);
        let end = JobKey { job, run: before.unwrap_or(RunId(uuid::Uuid::max())) }.to_bytes();
        let id_at = from.len();
        self.by_job.range(from..end).rev().map(move |entry| {
            let (key, _) = entry.map_err(StateError::Write)?;
            Ok(RunId(uuid::Uuid::from_slice(&key[id_at..]).unwrap_or_default()))
        })
    }

    /// Runs that were not over when they were last written, and interrupted ones whose
    /// consequences have not been drawn. Oldest first.
    pub fn not_settled(&self) -> Result<Vec<Run>, StateError> {
        let mut found = self.in_status(|status| !status.is_over() || status == Status::Interrupted)?;
        found.retain(|run| !run.is_settled);
        Ok(found)
    }

    #[cfg(test)]
    pub(crate) fn unfinished(&self) -> Result<Vec<Run>, StateError> {
        self.in_status(|status| !status.is_over())
    }

    fn in_status(&self, wanted: impl Fn(Status) -> bool) -> Result<Vec<Run>, StateError> {
        let mut found = Vec::new();
        for entry in self.by_job.iter() {
            let (key, status) = entry.map_err(StateError::Write)?;
            let status = std::str::from_utf8(&status).ok().and_then(|status| status.parse().ok());
            if status.is_some_and(|status| !wanted(status)) || key.len() < 16 {
                continue;
            }
            let id = uuid::Uuid::from_slice(&key[key.len() - 16..]).unwrap_or_default();
            found.extend(self.get(RunId(id))?);
        }
        found.sort_by_key(|run| run.id);
        Ok(found)
    }

    /// The names of all jobs that have runs, also of those that nobody has configured any more. It takes a look for each
    /// job, however many runs there are.
    pub fn jobs(&self) -> Result<Vec<JobName>, StateError> {
        let mut jobs = Vec::new();
        let mut from = Vec::new();
        while let Some(entry) = self.by_job.range(from..).next() {
            let (key, _) = entry.map_err(StateError::Write)?;
            let name = key.split(|byte| *byte == 0).next().unwrap_or_default();
            jobs.extend(std::str::from_utf8(name).ok().and_then(|name| name.parse().ok()));
            from = [name, &[1]].concat();
        }
        Ok(jobs)
    }

    pub fn newest_of(&self, job: &JobName) -> Result<Option<Run>, StateError> {
        self.of_job(job, None).next().transpose()
    }

    /// The job's runs that are over, without the newest `keep` of all its runs.
    pub fn over_beyond(&self, job: &JobName, keep: usize) -> Result<Vec<Run>, StateError> {
        self.ids_of(job, None)
            .skip(keep)
            .filter_map(|id| id.and_then(|id| self.get(id)).transpose())
            .filter(|run| run.as_ref().map_or(true, |run| run.status.is_over()))
            .collect()
    }

    /// Runs that are over and older than `id`.
    pub fn over_before(&self, id: RunId) -> Result<Vec<Run>, StateError> {
        let old = self.runs.raw().range(..id.to_bytes()).map(|entry| {
            let (key, value) = entry.map_err(StateError::Write)?;
            self.runs.decode(&key, &value)
        });
        old.filter(|run| run.as_ref().map_or(true, |run| run.status.is_over())).collect()
    }

    pub(super) fn remove(&self, runs: &[Run]) -> Result<(), StateError> {
        let (mut by_id, mut by_job) = (sled::Batch::default(), sled::Batch::default());
        for run in runs {
            by_id.remove(run.id.to_bytes());
            by_job.remove(JobKey { job: &run.job, run: run.id }.to_bytes());
        }
        (self.runs.raw(), &self.by_job)
            .transaction(|(runs, index)| {
                runs.apply_batch(&by_id)?;
                index.apply_batch(&by_job)?;
                Ok(())
            })
            .map_err(|error: TransactionError<()>| match error {
                TransactionError::Storage(error) => StateError::Write(error),
                TransactionError::Abort(()) => StateError::Stopped,
            })
    }
}
