use crate::{
    model::{LogLine, RunId},
    state::{State, StateError},
    telemetry::RunLogBook,
};

/// Lines of a run after `after`, at most `limit`: from memory while it runs, then from the ledger.
pub fn read_log(
    book: &RunLogBook,
    state: &State,
    run: RunId,
    after: u64,
    limit: usize,
) -> Result<Vec<LogLine>, StateError> {
    match book.get(run) {
        Some(log) => Ok(log.read(after, limit).0),
        None => state.run_logs.read(run, after, limit),
    }
}
