//! Kind `command`: runs a program. No shell: arguments arrive as they are written.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail, ensure};
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::{process::Command, time::Instant};

use super::{
    JobTools, Kind,
    output::{Lines, Stream},
    program::{Directives, Outputs, follow},
    read_settings, schema_of,
    template::{Escape, Template, trigger_word},
};
use crate::{
    clock::SharedClock,
    model::{JobName, Period, Summary},
    process::{Ended, Process, signal_name},
    scheduler::{Job, JobError, RunContext},
};

pub(super) const KIND: Kind = Kind {
    name: "command",
    about: "Runs a program; its output becomes the run's log.",
    schema: schema_of::<Settings>,
    build,
};

/// Runs a program with arguments, without a shell.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The program: a name that is looked up in `PATH`, or a path; relative paths count from the
    /// folder of `config.toml`.
    program: String,
    /// Its arguments, one string each; may hold placeholders such as `{{params.name}}`. Default: none.
    #[serde(default)]
    args: Vec<String>,
    /// Working folder. Default: the folder of `config.toml`.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "path"))]
    folder: Option<PathBuf>,
    /// Variables to set for it; values may be secrets. Default: none.
    #[serde(default)]
    #[schemars(
        with = "BTreeMap<String, String>",
        extend("additionalProperties" = {"type": "string", "format": "secret"})
    )]
    environment: BTreeMap<String, SecretString>,
    /// `true` hides the daemon's own variables from it, `PATH` too. Default: false.
    #[serde(default)]
    clear_environment: bool,
    /// Text for its standard input. Default: nothing to read.
    #[serde(default)]
    stdin: Option<String>,
    /// Exit codes that count as success. Default: [0].
    #[serde(default = "success_codes")]
    success_codes: BTreeSet<u8>,
    /// How long it may take to end when it is asked to (SIGTERM) before it is killed. Default: "10s".
    #[serde(default = "kill_after")]
    kill_after: Period,
    /// Longer lines of output are cut, 80 to 1048576. Default: 8192.
    #[serde(default = "max_line_bytes")]
    #[schemars(range(min = 80, max = 1_048_576))]
    max_line_bytes: u32,
}

fn success_codes() -> BTreeSet<u8> {
    BTreeSet::from([0])
}

fn kill_after() -> Period {
    Period::from_secs(10)
}

fn max_line_bytes() -> u32 {
    8192
}

/// What one run of the program came to.
#[derive(Debug, Serialize)]
struct Outcome {
    /// Absent when a signal ended it.
    exit_code: Option<i32>,
    signal: Option<i32>,
    lines: u64,
    bytes: u64,
    /// Lines that were too many for the log.
    dropped_lines: u64,
    duration_ms: u64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.exit_code, self.signal) {
            (Some(code), _) => write!(f, "exit code {code}")?,
            (None, signal) => write!(f, "ended by {}", signal_name(signal.unwrap_or_default()))?,
        }
        write!(f, ", {} lines ({} bytes) of output", self.lines, self.bytes)
    }
}

#[derive(Debug)]
struct CommandJob {
    settings: Settings,
    program: PathBuf,
    folder: PathBuf,
    args: Vec<Template>,
    clock: SharedClock,
    private_variables: Arc<BTreeSet<String>>,
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let settings: Settings = read_settings(settings)?;
    ensure!(!settings.program.trim().is_empty(), "`program` is empty: name the program to run");
    ensure!(
        (80..=1_048_576).contains(&settings.max_line_bytes),
        "`max_line_bytes` is {}: use 80 to 1048576",
        settings.max_line_bytes
    );
    for name in settings.environment.keys() {
        if name.is_empty() || name.contains(['=', '\0']) {
            bail!("`environment`: `{}` cannot be the name of a variable", name.escape_debug());
        }
    }
    let args = settings.args.iter().enumerate().map(|(index, arg)| {
        Template::parse(arg).with_context(|| format!("`args`: argument {} cannot be read", index + 1))
    });
    let args = args.collect::<anyhow::Result<_>>()?;
    let base = &tools.base_folder;
    let folder = settings.folder.as_ref().map_or_else(|| base.clone(), |folder| base.join(folder));
    // Without a slash it is a name for `PATH`; with one it must not depend on the working folder.
    let program = Path::new(&settings.program);
    let program = if settings.program.contains('/') { base.join(program) } else { program.to_owned() };
    Ok(Arc::new(CommandJob {
        program,
        folder,
        args,
        clock: tools.clock.clone(),
        private_variables: tools.private_variables.clone(),
        settings,
    }))
}

impl Job for CommandJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move { self.attempt(&context).await })
    }

    fn stop_grace(&self) -> Duration {
        // The program gets `kill_after`, and then what it leaves behind.
        self.settings.kill_after.0 * 2 + Duration::from_secs(5)
    }
}

impl CommandJob {
    async fn attempt(&self, context: &RunContext) -> Result<Summary, JobError> {
        let mut command = self.command(context).map_err(JobError::permanent)?;
        if !self.folder.is_dir() {
            let folder = self.folder.display();
            return Err(JobError::permanent(anyhow!(
                "the working folder {folder} does not exist: create it, or change `folder`"
            )));
        }
        let started = Instant::now();
        let process = Process::start(&mut command, self.settings.stdin.is_some());
        let process = process.map_err(|error| self.explain_start(error))?;
        let longest = self.settings.max_line_bytes as usize;
        let mut stdout = Lines::new(Stream::Stdout, longest, started);
        let mut stderr = Lines::new(Stream::Stderr, longest, started);
        let directives = Directives { report: context.report.clone(), clock: self.clock.clone() };
        let mut on_directive = |line: &str| directives.take(line);
        let outputs = Outputs { stdout: &mut stdout, stderr: &mut stderr, on_directive: &mut on_directive };
        let input = self.settings.stdin.as_deref();
        let ended = follow(process, input, outputs, &context.stop, self.settings.kill_after.0).await;
        stdout.finish(&mut on_directive);
        stderr.finish(|_| false);
        let ended = ended
            .with_context(|| format!("cannot follow `{}` to its end", self.settings.program))
            .map_err(JobError::temporary)?;
        let outcome = Outcome {
            exit_code: ended.status.code(),
            signal: ended.status.signal(),
            lines: stdout.totals.lines + stderr.totals.lines,
            bytes: stdout.totals.bytes + stderr.totals.bytes,
            dropped_lines: stdout.totals.dropped + stderr.totals.dropped,
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        self.judge(&ended, &Summary::of(&outcome), &stderr)
    }

    fn command(&self, context: &RunContext) -> anyhow::Result<Command> {
        let mut command = Command::new(&self.program);
        if self.settings.clear_environment {
            command.env_clear();
        }
        // The daemon's own line to systemd is not the program's to use.
        command.env_remove("NOTIFY_SOCKET").env_remove("WATCHDOG_USEC").env_remove("WATCHDOG_PID");
        for name in self.private_variables.iter() {
            command.env_remove(name);
        }
        command.current_dir(&self.folder);
        for (name, value) in &context.params {
            command.env(format!("TAPEDECK_PARAM_{}", variable_name(name)), value);
        }
        command
            .env("TAPEDECK_RUN_ID", context.id.to_string())
            .env("TAPEDECK_JOB", context.job.as_str())
            .env("TAPEDECK_TRIGGER", trigger_word(&context.trigger))
            .env("TAPEDECK_DUE", context.due.to_string())
            .env("TAPEDECK_ATTEMPT", context.attempt.to_string());
        for (name, value) in &self.settings.environment {
            command.env(name, value.expose_secret());
        }
        let now = self.clock.now();
        for (index, arg) in self.args.iter().enumerate() {
            let arg = arg.render(context, now, Escape::None);
            command.arg(arg.with_context(|| format!("argument {} cannot be filled in", index + 1))?);
        }
        Ok(command)
    }

    fn judge(&self, ended: &Ended, summary: &Summary, stderr: &Lines) -> Result<Summary, JobError> {
        let is_success = ended.status.code().is_some_and(|code| {
            u8::try_from(code).is_ok_and(|code| self.settings.success_codes.contains(&code))
        });
        // Told to stop and ended well is still not what the run was for.
        if is_success && !ended.was_killed && !ended.was_stopped {
            return Ok(summary.clone());
        }
        let program = &self.settings.program;
        let how = describe(ended.status);
        let error = if ended.was_killed {
            anyhow!("`{program}` was stopped, and killed because it did not end within `kill_after`")
        } else if ended.was_stopped {
            anyhow!("`{program}` was stopped: {how}")
        } else {
            let last = stderr.last(5, 1024);
            let last = if last.is_empty() { "nothing on standard error".to_owned() } else { last };
            anyhow!("`{program}` failed: {how}; last on standard error:\n{last}")
        };
        Err(JobError::temporary(error).with_summary(summary.clone()))
    }

    fn explain_start(&self, error: io::Error) -> JobError {
        let program = self.program.display();
        let is_path = self.settings.program.contains('/');
        let (is_temporary, text) = match error.kind() {
            io::ErrorKind::NotFound if !is_path => (
                false,
                format!("there is no program `{program}` in PATH: install it, or write its whole path"),
            ),
            io::ErrorKind::NotFound if self.program.exists() => {
                (false, format!("{program} cannot start: the interpreter in its first line does not exist"))
            }
            io::ErrorKind::NotFound => (false, format!("there is no program {program}: correct `program`")),
            io::ErrorKind::PermissionDenied => {
                (false, format!("{program} may not be run: make it executable with `chmod +x`"))
            }
            io::ErrorKind::InvalidInput => {
                (false, format!("{program} cannot start: an argument or variable holds a NUL character"))
            }
            io::ErrorKind::ArgumentListTooLong => {
                (false, format!("{program} cannot start: arguments and variables are too long together"))
            }
            io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => {
                (true, format!("{program} cannot start: the system has no room for one more process"))
            }
            _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
                (false, format!("{program} is no program: a script needs a first line such as `#!/bin/sh`"))
            }
            _ => (true, format!("{program} cannot start")),
        };
        let error = anyhow::Error::new(error).context(text);
        if is_temporary { JobError::temporary(error) } else { JobError::permanent(error) }
    }
}

/// `chat-id` becomes `CHAT_ID`.
fn variable_name(param: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    param.chars().map(letter).collect()
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(9)) => "ended by SIGKILL, perhaps because memory ran out".to_owned(),
        (None, signal) => format!("ended by {}", signal_name(signal.unwrap_or_default())),
    }
}

#[cfg(test)]
#[path = "tests/command.rs"]
mod tests;
