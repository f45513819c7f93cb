//! Programs of the host's machine. There is no shell: arguments arrive as they are. The working
//! folder is the [`scratch`](crate::scratch) folder.
//!
//! Needs the program in the plugin's `WANTS`.
//!
//! ```no_run
//! # fn main() -> Result<(), tapedeck_plugin::Error> {
//! let found = tapedeck_plugin::run::program("yt-dlp").args(["--dump-json", "ytsearch1:blues"]).output()?;
//! if found.code == Some(0) {
//!     let _json = found.stdout;
//! }
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use super::{call, http::milliseconds};
use crate::Error;
pub use crate::bindings::host::tapedeck::plugin::run::{Command, Outcome};

/// A program that will be started, by its granted name.
pub fn program(name: impl Into<String>) -> Program {
    let (arguments, stdin) = (Vec::new(), Vec::new());
    Program(Command { program: name.into(), arguments, stdin, timeout_ms: None })
}

/// What will be started.
#[derive(Clone, Debug)]
#[must_use = "nothing is started before `output`"]
pub struct Program(Command);

impl Program {
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.0.arguments.push(argument.into());
        self
    }

    pub fn args<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.0.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// What the program reads from its standard input.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.stdin = bytes.into();
        self
    }

    /// Ends the program after this long; the operator's limit holds in any case.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout_ms = Some(milliseconds(timeout));
        self
    }

    /// Runs it to its end. A failing exit code is an outcome; errors are for programs that could not start or were
    /// ended by the host.
    pub fn output(self) -> Result<Outcome, Error> {
        call::run::execute(&self.0)
    }
}
