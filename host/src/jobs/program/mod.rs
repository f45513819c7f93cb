//! What a kind that runs programs is made of: a program in its own process group, followed to its
//! end, and what it says about its progress.
//!
//! Whatever happens to the run, nothing of the group outlives it by accident: a stopped run asks
//! the group to end and then kills it, a dropped one kills it at once. Two things are accepted:
//! a program that leaves its group (a daemon) gets away, and so do background children of a
//! program that ended by itself, as under cron.

mod directives;

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, Command},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::jobs::output::Lines;

pub(super) use directives::Directives;

const CHUNK: usize = 64 * 1024;

/// How long output may go on after the program's end, when somebody else holds its pipes.
const LEFTOVER: Duration = Duration::from_secs(1);

/// How often a stopped group is looked at after its leader has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A started program. Dropping it kills its whole group.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    group: Group,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// The run was stopped before the program ended.
    pub(super) was_stopped: bool,
    /// It had to be killed.
    pub(super) was_killed: bool,
}

impl Process {
    pub(super) fn start(command: &mut Command, has_stdin: bool) -> io::Result<Self> {
        let stdin = if has_stdin { Stdio::piped() } else { Stdio::null() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let child = command.spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let group = Group { id: id.expect("a child that was not waited for has an id"), is_armed: true };
        Ok(Self { child, group })
    }

    /// Blocks until the program has ended, by itself or because of `stop`.
    pub(super) async fn follow(
        mut self,
        input: Option<&str>,
        outputs: Outputs<'_>,
        stop: &CancellationToken,
        kill_after: Duration,
    ) -> io::Result<Ended> {
        let pipes = (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take());
        let (stdin, Some(stdout), Some(stderr)) = pipes else {
            return Err(io::Error::other("the program's output is not connected"));
        };
        let Outputs { stdout: out, stderr: err, on_directive } = outputs;
        let output = async {
            tokio::join!(pump(stdout, out, on_directive), pump(stderr, err, |_| false), feed(stdin, input))
        };
        tokio::pin!(output);
        let mut is_silent = false;
        let mut ended = {
            let end = end(&mut self.child, &self.group, stop, kill_after);
            tokio::pin!(end);
            tokio::select! {
                ended = &mut end => ended?,
                _ = &mut output => {
                    is_silent = true;
                    end.await?
                }
            }
        };
        if ended.was_stopped {
            ended.was_killed |= self.group.end(kill_after).await;
        }
        self.group.is_armed = false;
        if !is_silent && timeout(LEFTOVER, &mut output).await.is_err() {
            tracing::warn!(
                "The program has ended, but something that it started still holds its output open; \
                 what that prints from now on is lost"
            );
        }
        Ok(ended)
    }
}

async fn end(
    child: &mut Child,
    group: &Group,
    stop: &CancellationToken,
    kill_after: Duration,
) -> io::Result<Ended> {
    tokio::select! {
        biased;
        status = child.wait() => {
            return Ok(Ended { status: status?, was_stopped: false, was_killed: false });
        }
        () = stop.cancelled() => {}
    }
    tracing::info!(kill_after_ms = kill_after.as_millis(), "Asking the program to end");
    group.send(Signal::TERM);
    let deadline = Instant::now() + kill_after;
    tokio::select! {
        biased;
        status = child.wait() => Ok(Ended { status: status?, was_stopped: true, was_killed: false }),
        () = sleep_until(deadline) => {
            tracing::warn!("The program did not end when asked to: killing it and what it started");
            group.send(Signal::KILL);
            Ok(Ended { status: child.wait().await?, was_stopped: true, was_killed: true })
        }
    }
}

/// Where the program's output goes.
pub(super) struct Outputs<'a> {
    pub(super) stdout: &'a mut Lines,
    pub(super) stderr: &'a mut Lines,
    /// Takes lines of standard output that speak to us.
    pub(super) on_directive: &'a mut (dyn FnMut(&str) -> bool + Send),
}

async fn pump(
    mut pipe: impl AsyncRead + Unpin,
    lines: &mut Lines,
    mut on_directive: impl FnMut(&str) -> bool,
) {
    let mut chunk = vec![0; CHUNK];
    loop {
        match pipe.read(&mut chunk).await {
            Ok(0) => break,
            Ok(length) => lines.push(&chunk[..length], Instant::now(), &mut on_directive),
            Err(error) => {
                tracing::warn!(%error, "Cannot read the program's output any further");
                break;
            }
        }
    }
}

async fn feed(stdin: Option<ChildStdin>, input: Option<&str>) {
    if let (Some(mut stdin), Some(input)) = (stdin, input) {
        // A program need not read all of its input: a closed pipe is its right.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
}

#[derive(Debug)]
struct Group {
    id: Pid,
    is_armed: bool,
}

impl Group {
    fn send(&self, signal: Signal) {
        // No such group: all of it has ended, which is what we want.
        let _ = kill_process_group(self.id, signal);
    }

    /// The leader has ended after a stop; the rest gets the same time. True when it had to be killed.
    async fn end(&self, kill_after: Duration) -> bool {
        let deadline = Instant::now() + kill_after;
        while test_kill_process_group(self.id).is_ok() {
            if Instant::now() >= deadline {
                self.send(Signal::KILL);
                return true;
            }
            sleep(LOOK).await;
        }
        false
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.is_armed {
            self.send(Signal::KILL);
        }
    }
}

pub(super) fn signal_name(signal: i32) -> String {
    let names = [
        (1, "SIGHUP"),
        (2, "SIGINT"),
        (3, "SIGQUIT"),
        (4, "SIGILL"),
        (6, "SIGABRT"),
        (7, "SIGBUS"),
        (8, "SIGFPE"),
        (9, "SIGKILL"),
        (11, "SIGSEGV"),
        (13, "SIGPIPE"),
        (15, "SIGTERM"),
    ];
    let name = names.iter().find(|(number, _)| *number == signal);
    name.map_or_else(|| format!("signal {signal}"), |(_, name)| (*name).to_owned())
}
