//! How a command ends, and what it says when it ends badly.

use std::process::ExitCode;

use serde_json::json;

use super::{Output, Paint, output::Closed};
use crate::state::StateError;

/// What the process tells its caller. Documented in `tapedeck --help` and `docs/cli.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Ok = 0,
    Failed = 1,
    /// Wrong arguments, or a problem in the configuration.
    Usage = 2,
    /// No daemon is running, or it cannot be reached.
    NoDaemon = 3,
    /// Not signed in, or not allowed.
    Refused = 4,
    /// The run that was waited for did not succeed.
    RunFailed = 5,
    /// Signals ended it, as shells say it: 128 and the signal's number.
    HungUp = 129,
    Interrupted = 130,
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that knows its exit code and, when there is one, what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: String,
    fix: Option<String>,
    #[source]
    source: Option<anyhow::Error>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), fix: None, source: None }
    }

    /// Wrong arguments, or a problem in the configuration.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// What to do about it, as it was put.
    pub(crate) fn way_out(&self) -> Option<&str> {
        self.fix.as_deref()
    }

    pub(crate) fn caused_by(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// Prints the chain once: what failed, why, what to try.
pub(super) fn report(error: &anyhow::Error, output: &Output) -> Exit {
    // Whoever read our output has had enough, which is not our failure.
    if error.chain().any(|cause| cause.is::<Closed>()) {
        return Exit::Ok;
    }
    let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
    let exit = failure.map_or_else(|| default_exit(error), |failure| failure.exit);
    let fix = failure.and_then(|failure| failure.fix.as_deref());
    let mut causes = error.chain().map(ToString::to_string).collect::<Vec<_>>();
    // A transparent wrapper says the same thing twice.
    causes.dedup();
    if output.is_json() {
        let (error, caused_by) = (causes.remove(0), causes);
        output.error_json(&json!({ "error": error, "caused_by": caused_by, "fix": fix, "exit": exit as u8 }));
        return exit;
    }
    for (index, cause) in causes.iter().enumerate() {
        let label = if index == 0 { "error:" } else { "caused by:" };
        output.error_line(&format!("{} {cause}", output.paint_error(Paint::Bad, label)));
    }
    if let Some(fix) = fix {
        output.error_line(&format!("{} {fix}", output.paint_error(Paint::Good, "try:")));
    }
    exit
}

fn default_exit(error: &anyhow::Error) -> Exit {
    let is_too_new = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref::<StateError>(), Some(StateError::TooNew { .. }))
    };
    if error.chain().any(is_too_new) { Exit::Usage } else { Exit::Failed }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;
    use crate::cli::Context;

    fn reported(error: &anyhow::Error) -> (Exit, String) {
        let context = Context::for_tests(&[]);
        let exit = report(error, &context.output);
        (exit, context.output.said())
    }

    #[test]
    fn says_what_why_and_what_to_try() {
        let failure = Failure::new(Exit::NoDaemon, "no daemon answers")
            .fix("start it with `tapedeck run`")
            .caused_by(anyhow::anyhow!("connection refused"));
        let (exit, said) = reported(&failure.into());
        assert_eq!(exit, Exit::NoDaemon);
        assert_eq!(
            said,
            "error: no daemon answers\ncaused by: connection refused\ntry: start it with `tapedeck run`\n"
        );
    }

    #[test]
    fn finds_the_exit_code_beneath_context() {
        let error = Err::<(), _>(Failure::new(Exit::Refused, "no")).context("cannot list jobs").unwrap_err();
        assert_eq!(reported(&error).0, Exit::Refused);
    }

    #[test]
    fn closed_output_is_no_failure() {
        let error = Err::<(), _>(Closed).context("cannot print").unwrap_err();
        assert_eq!(reported(&error), (Exit::Ok, String::new()));
    }

    #[test]
    fn json_errors_are_one_document() {
        let context = Context::for_tests(&["--json"]);
        report(&Failure::usage("no such file").fix("make one").into(), &context.output);
        let said: serde_json::Value = serde_json::from_str(&context.output.said()).unwrap();
        assert_eq!(said["error"], "no such file");
        assert_eq!((&said["fix"], &said["exit"]), (&"make one".into(), &2.into()));
    }
}
