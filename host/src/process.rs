//! A program in a process group of its own, so that it ends with everything it has started.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::{
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// How often a stopped group is looked at after its leader has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A started program. Dropping it kills its whole group.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Group,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// It was stopped before it ended by itself.
    pub(crate) was_stopped: bool,
    /// It had to be killed.
    pub(crate) was_killed: bool,
}

impl Process {
    pub(crate) fn start(command: &mut Command, has_stdin: bool) -> io::Result<Self> {
        let stdin = if has_stdin { Stdio::piped() } else { Stdio::null() };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let child = command.spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let group = Group { id: id.expect("a child that was not waited for has an id"), is_armed: true };
        Ok(Self { child, group })
    }

    /// The leader's id, which is the group's.
    pub(crate) fn id(&self) -> Pid {
        self.group.id
    }

    /// Once; the first one is there only if it was asked for.
    pub(crate) fn take_pipes(&mut self) -> Option<(Option<ChildStdin>, ChildStdout, ChildStderr)> {
        Some((self.child.stdin.take(), self.child.stdout.take()?, self.child.stderr.take()?))
    }

    /// Returns when the program has ended, by itself or because of `stop`: then its group is asked to
    /// end, and killed if the program still runs after `kill_after`.
    pub(crate) async fn wait(&mut self, stop: &CancellationToken, kill_after: Duration) -> io::Result<Ended> {
        tokio::select! {
            biased;
            status = self.child.wait() => {
                return Ok(Ended { status: status?, was_stopped: false, was_killed: false });
            }
            () = stop.cancelled() => {}
        }
        tracing::info!(kill_after_ms = kill_after.as_millis(), "Asking the program to end");
        self.group.send(Signal::TERM);
        let deadline = Instant::now() + kill_after;
        tokio::select! {
            biased;
            status = self.child.wait() => Ok(Ended { status: status?, was_stopped: true, was_killed: false }),
            () = sleep_until(deadline) => {
                tracing::warn!("The program did not end when asked to: killing it and what it started");
                self.group.send(Signal::KILL);
                Ok(Ended { status: self.child.wait().await?, was_stopped: true, was_killed: true })
            }
        }
    }

    /// Returns when the program has ended by itself. Can be asked again after it was dropped.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// The leader has ended after a stop; the rest gets the same time. True when it had to be killed.
    pub(crate) async fn end_group(&self, kill_after: Duration) -> bool {
        let deadline = Instant::now() + kill_after;
        while test_kill_process_group(self.group.id).is_ok() {
            if Instant::now() >= deadline {
                self.group.send(Signal::KILL);
                return true;
            }
            sleep(LOOK).await;
        }
        false
    }

    /// Kills the program and everything that it has started.
    pub(crate) fn kill(&self) {
        self.group.send(Signal::KILL);
    }

    /// What the program has left running may go on.
    pub(crate) fn release(mut self) {
        self.group.is_armed = false;
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
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.is_armed {
            self.send(Signal::KILL);
        }
    }
}

pub(crate) fn signal_name(signal: i32) -> String {
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
