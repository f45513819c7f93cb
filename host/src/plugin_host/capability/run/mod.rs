//! `run`: programs that were granted by name, without a shell, in the scratch folder, and never
//! longer than allowed: whatever they started ends with them.
//!
//! A program is not confined: it can do what its user can. That is why it takes a grant of its own.

mod host;
mod output;
#[cfg(test)]
mod tests;

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::{Resource, Rlimit, prlimit};
use tokio::{
    io::AsyncWriteExt as _,
    process::{ChildStdin, Command},
    time::{Instant, sleep, sleep_until, timeout},
};

use self::output::Tail;
use crate::{
    gauge::Gauge,
    model::RunGrant,
    plugin_host::{
        capability::scratch::{MOST_ENTRIES, Room},
        grants::{Denied, Permits},
    },
    process::{Process, signal_name},
};

/// Unless the grant says otherwise.
const LONGEST: Duration = Duration::from_secs(300);
const MOST_OUTPUT: u64 = 8 << 20;
const MOST_ARGUMENTS: usize = 512;
const MOST_ARGUMENT_BYTES: usize = 128 * 1024;

/// How often the folder of a running program is measured, and its grant looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long output may be on its way after everybody who could write is dead.
const LEFTOVER: Duration = Duration::from_secs(1);

/// Where programs are looked for, and what they get to know of it.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    search: OsString,
}

/// What a plugin asks for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) stdin: Vec<u8>,
    pub(crate) timeout: Option<Duration>,
    /// Shows what the program says of how far it is.
    pub(crate) gauge: Gauge,
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// `None`: a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// The beginning of one of them is missing.
    pub(crate) is_cut: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum RunFailure {
    #[error(transparent)]
    Denied(#[from] Box<Denied>),
    #[error("the program cannot be started like this: {0}")]
    Invalid(String),
    #[error("`{program}` is granted, but {why}")]
    Missing { program: String, why: String },
    #[error("`{program}` cannot be started: {source}")]
    Start { program: String, source: io::Error },
    #[error("`{program}` was ended because it took longer than {} ms", .limit.as_millis())]
    TimedOut { program: String, limit: Duration },
    #[error(
        "`{program}` was ended because its files took more than {quota} bytes, or were more than {MOST_ENTRIES}"
    )]
    Full { program: String, quota: u64 },
    #[error("`{program}` was ended because it wrote more than {limit} bytes of output a hundred times over")]
    Flood { program: String, limit: u64 },
    #[error("`{program}` was lost: {source}")]
    Lost { program: String, source: io::Error },
}

impl From<Denied> for RunFailure {
    fn from(denied: Denied) -> Self {
        Self::Denied(Box::new(denied))
    }
}

impl Programs {
    /// `search` is a PATH. Folders that depend on where somebody stands are left out.
    pub(crate) fn new(search: Option<&OsStr>) -> Self {
        let default = OsString::from("/usr/local/bin:/usr/bin:/bin");
        let folders = std::env::split_paths(search.unwrap_or(&default)).filter(|folder| folder.is_absolute());
        // Folders come from a joined list, so none of them holds a colon.
        Self { search: std::env::join_paths(folders).unwrap_or(default) }
    }

    fn find(&self, grant: &RunGrant) -> Result<PathBuf, RunFailure> {
        let program = grant.program.as_str();
        let missing = |why: String| RunFailure::Missing { program: program.to_owned(), why };
        if let Some(path) = &grant.path {
            let shown = path.display();
            return match is_program(path) {
                _ if !path.is_absolute() => Err(missing(format!("its path {shown} is not absolute"))),
                true => Ok(path.clone()),
                false => Err(missing(format!("there is no program at {shown}: correct `path` in the grant"))),
            };
        }
        let mut candidates = std::env::split_paths(&self.search).map(|folder| folder.join(program));
        let found = candidates.find(|path| is_program(path));
        found.ok_or_else(|| {
            missing("it is nowhere in PATH: install it, or add `path` to the grant".to_owned())
        })
    }

    /// Runs a program to its end, `room` being its folder. `left` is what the plugin's call has left
    /// of its time. Dropping the future kills the program.
    pub(crate) async fn execute(
        &self,
        permits: &Permits,
        request: Request,
        room: &Room,
        quota: u64,
        left: Duration,
    ) -> Result<Outcome, RunFailure> {
        let grant = permits.now().run(&request.program)?.clone();
        check_arguments(&request.arguments)?;
        let path = self.find(&grant)?;
        let program = request.program.clone();
        let limit = time_limit(&grant, request.timeout, left);
        let most_output = grant.max_output.map_or(MOST_OUTPUT, |size| size.0);
        let mut command = Command::new(&path);
        command
            .arg0(&program)
            .args(&request.arguments)
            .env_clear()
            .env("PATH", &self.search)
            .env("HOME", room.path())
            .env("TMPDIR", room.path())
            .env("LANG", "C.UTF-8")
            .current_dir(room.path());
        let process = Process::start(&mut command, !request.stdin.is_empty());
        let process = process.map_err(|source| RunFailure::Start { program: program.clone(), source })?;
        // No single file beyond the quota, and no core dumps. It is a second wall: that it may come
        // a moment late, or not at all where the system refuses, is made good by looking.
        for (resource, most) in [(Resource::Fsize, quota), (Resource::Core, 0)] {
            let _ =
                prlimit(Some(process.id()), resource, Rlimit { current: Some(most), maximum: Some(most) });
        }
        let watch = Watch { permits, program: &program, room, quota, limit };
        request.gauge.begin();
        follow(process, request.stdin, &watch, (most_output, &request.gauge)).await
    }
}

/// What the plugin asks for, but no more than is granted and than its call has left.
fn time_limit(grant: &RunGrant, asked: Option<Duration>, left: Duration) -> Duration {
    let granted = grant.timeout.map_or(LONGEST, |limit| limit.0);
    asked.unwrap_or(granted).min(granted).min(left)
}

/// What a running program must keep to.
struct Watch<'a> {
    permits: &'a Permits,
    program: &'a str,
    room: &'a Room,
    quota: u64,
    limit: Duration,
}

impl Watch<'_> {
    /// Returns when the program has gone too far.
    async fn broken(&self) -> RunFailure {
        let program = self.program.to_owned();
        let deadline = Instant::now() + self.limit;
        loop {
            tokio::select! {
                biased;
                () = sleep_until(deadline) => return RunFailure::TimedOut { program, limit: self.limit },
                () = sleep(LOOK) => {}
            }
            if let Err(denied) = self.permits.now().run(&program) {
                return denied.into();
            }
            if self.is_too_large() {
                return RunFailure::Full { program, quota: self.quota };
            }
        }
    }

    fn is_too_large(&self) -> bool {
        // A folder that cannot be looked at is no reason to go on.
        self.room.contents().map_or(true, |it| it.bytes > self.quota || it.entries > MOST_ENTRIES)
    }
}

async fn follow(
    mut process: Process,
    input: Vec<u8>,
    watch: &Watch<'_>,
    (most_output, gauge): (u64, &Gauge),
) -> Result<Outcome, RunFailure> {
    let program = watch.program;
    let lost = |source| RunFailure::Lost { program: program.to_owned(), source };
    let flood = || RunFailure::Flood { program: program.to_owned(), limit: most_output };
    let pipes = process.take_pipes();
    let (stdin, stdout, stderr) =
        pipes.ok_or_else(|| lost(io::Error::other("its output is not connected")))?;
    let (mut out, mut err) = (Tail::new(most_output, gauge.clone()), Tail::new(most_output, gauge.clone()));
    let status = {
        let output = async {
            let feed = async {
                feed(stdin, &input).await;
                Ok(())
            };
            tokio::try_join!(out.fill(stdout), err.fill(stderr), feed).is_err()
        };
        tokio::pin!(output);
        let mut is_silent = false;
        let ended = {
            let end = process.ended();
            let broken = watch.broken();
            tokio::pin!(end, broken);
            loop {
                tokio::select! {
                    biased;
                    status = &mut end => break status.map_err(lost),
                    failure = &mut broken => break Err(failure),
                    is_flood = &mut output, if !is_silent => {
                        is_silent = true;
                        if is_flood {
                            break Err(flood());
                        }
                    }
                }
            }
        };
        // The leader may have left others behind: they end now, whichever way it ended.
        process.kill();
        if ended.is_err() {
            process.ended().await.map_err(lost)?;
        }
        let status = ended?;
        if !is_silent && timeout(LEFTOVER, &mut output).await.is_err() {
            tracing::warn!(
                program,
                "Something that a plugin's program has started got away and holds its output open"
            );
        }
        status
    };
    // A closed pipe may have ended it before we did.
    if out.is_flood() || err.is_flood() {
        return Err(flood());
    }
    if watch.is_too_large() {
        return Err(RunFailure::Full { program: program.to_owned(), quota: watch.quota });
    }
    if let Some(signal) = status.signal() {
        tracing::debug!(program, signal = signal_name(signal), "A plugin's program was ended by a signal");
    }
    let is_cut = out.is_cut() || err.is_cut();
    Ok(Outcome { code: status.code(), stdout: out.into_bytes(), stderr: err.into_bytes(), is_cut })
}

async fn feed(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        // A program need not read all of its input: a closed pipe is its right.
        let _ = stdin.write_all(input).await;
    }
}

fn check_arguments(arguments: &[String]) -> Result<(), RunFailure> {
    let bytes: usize = arguments.iter().map(|argument| argument.len() + 1).sum();
    let invalid = |why: &str| Err(RunFailure::Invalid(why.to_owned()));
    if arguments.len() > MOST_ARGUMENTS || bytes > MOST_ARGUMENT_BYTES {
        return invalid("it has more than 512 arguments, or more than 128 KiB of them");
    }
    if arguments.iter().any(|argument| argument.contains('\0')) {
        return invalid("an argument holds a zero character");
    }
    Ok(())
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}
