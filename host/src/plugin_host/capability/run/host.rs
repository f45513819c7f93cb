//! `run` as plugins see it.

use std::time::Duration;

use tapedeck_bindings::capability::{
    run::{self, Command, Outcome},
    types::PluginError,
};

use super::{Request, RunFailure};
use crate::plugin_host::{
    capability::{exhausted, permanent, temporary},
    store::HostState,
};

/// For the files of programs of a plugin that has no scratch folder of its own.
const ROOM_BYTES: u64 = 64 << 20;

impl run::Host for HostState {
    async fn execute(&mut self, command: Command) -> wasmtime::Result<Result<Outcome, PluginError>> {
        self.host_call()?;
        let permits = self.profile.permits.clone();
        if let Err(denied) = permits.now().run(&command.program) {
            return Ok(Err(self.capabilities.refuse(&denied)));
        }
        let quota = permits.now().scratch().unwrap_or(ROOM_BYTES);
        let request = Request {
            program: command.program,
            arguments: command.arguments,
            stdin: command.stdin,
            timeout: command.timeout_ms.map(|ms| Duration::from_millis(ms.into())),
            gauge: self.capabilities.gauge.clone(),
        };
        let left = self.budget.time_left();
        let name = self.profile.name.clone();
        let outside = self.capabilities.outside.clone();
        let room = match self.capabilities.room(&name) {
            Ok(room) => room,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let execution = outside.programs.execute(&permits, request, room, quota, left);
        let ended = self.budget.unless_cancelled(execution).await?;
        Ok(ended
            .map(|ended| {
                let super::Outcome { code, stdout, stderr, is_cut } = ended;
                Outcome { code, stdout, stderr, is_cut }
            })
            .map_err(|failure| self.run_refusal(&failure)))
    }
}

impl HostState {
    fn run_refusal(&self, failure: &RunFailure) -> PluginError {
        match failure {
            RunFailure::Denied(denied) => self.capabilities.refuse(denied),
            RunFailure::Missing { .. } => {
                // Only the operator can help here.
                self.capabilities.log.write(super::super::log::Level::Warn, &failure.to_string());
                permanent(failure.to_string())
            }
            RunFailure::Invalid(_) => permanent(failure.to_string()),
            RunFailure::Full { .. } | RunFailure::Flood { .. } => exhausted(failure.to_string()),
            RunFailure::Start { .. } | RunFailure::TimedOut { .. } | RunFailure::Lost { .. } => {
                temporary(failure.to_string())
            }
        }
    }
}
