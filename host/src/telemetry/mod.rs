//! The daemon's log on standard error, and each run's own lines.

mod plain;
mod run_log;
mod subscriber;

pub(crate) use plain::without_controls;
pub use run_log::{RunLog, RunLogBook, RunLogLayer};
pub use subscriber::{LogSettings, SetFilter, init};

/// Output of programs that jobs run: kept with the run, left out of the daemon's own log.
pub const OUTPUT_TARGET: &str = "tapedeck::output";
