//! Passes a run's log lines on while it runs: to the ledger, and as a wake-up to the page.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::runner::RunnerTools;
use crate::{event::Event, model::RunId, telemetry::RunLog};

/// A kill loses at most about this much of a log.
const WRITE_EVERY: Duration = Duration::from_millis(200);

/// Ends after `done`, with everything written.
pub(super) async fn keep_log(run: RunId, log: &RunLog, tools: &RunnerTools, done: CancellationToken) {
    let mut written = 0;
    loop {
        tokio::select! {
            () = log.grown_beyond(written) => {}
            () = done.cancelled() => {
                write(run, log, &mut written, tools);
                return;
            }
        }
        write(run, log, &mut written, tools);
        // All runs that log share one flush. Its failure ends the daemon where runs are decided.
        let _ = tools.state.flushed().await;
        tokio::select! {
            () = sleep(WRITE_EVERY) => {}
            () = done.cancelled() => {}
        }
    }
}

fn write(run: RunId, log: &RunLog, written: &mut u64, tools: &RunnerTools) {
    let (lines, oldest) = log.read(*written, usize::MAX);
    let Some(last) = lines.last().map(|line| line.seq) else { return };
    if let Err(error) = tools.state.run_logs.write(run, &lines, oldest) {
        // Outside of the run's span: its own log is what cannot be written.
        tracing::error!(parent: None, run.id = %run, error = &error as &dyn std::error::Error, "A run's log cannot be written");
    }
    *written = last;
    tools.bus.send(Event::Log { run, seq: last });
}
