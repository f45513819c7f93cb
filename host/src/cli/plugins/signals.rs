//! Signals that end a call of a plugin's file: what it has started ends too, and its folder goes.

use std::{
    fs, io,
    sync::{Arc, OnceLock},
};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::{Exit, Failure};

/// Which signal came first.
#[derive(Clone, Debug, Default)]
pub(super) struct Signalled(Arc<OnceLock<Exit>>);

impl Signalled {
    pub(super) fn failure(&self) -> anyhow::Error {
        let exit = self.0.get().copied().unwrap_or(Exit::Interrupted);
        let name = match exit {
            Exit::HungUp => "SIGHUP",
            Exit::Terminated => "SIGTERM",
            _ => "SIGINT",
        };
        Failure::new(exit, format!("{name} has ended it")).into()
    }
}

/// From now on the first signal cancels `stop`. The second one ends the process at once, for whom that takes too long.
/// Not tracked: it is there to the very end, because these signals do nothing by themselves any more.
#[expect(clippy::disallowed_methods, reason = "the end must not wait for the one who listens for it")]
pub(super) fn listen(stop: &CancellationToken, signalled: &Signalled) -> io::Result<()> {
    let mut signals = Signals::listen()?;
    let (stop, signalled) = (stop.clone(), signalled.clone());
    tokio::spawn(async move {
        first(signals.next().await, &stop, &signalled);
        std::process::exit(signals.next().await as i32);
    });
    Ok(())
}

pub(super) fn first(exit: Exit, stop: &CancellationToken, signalled: &Signalled) {
    // There is one first.
    let _ = signalled.0.set(exit);
    stop.cancel();
}

struct Signals {
    /// Nothing where `nohup` or a service has seen to it that nobody hears it.
    hang_up: Option<Signal>,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        // Who listens ends that it is ignored. Where nobody can tell whether it is, it stays what it is.
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hang_up = match is_hang_up_ignored(&status) {
            Some(false) => Some(signal(SignalKind::hangup())?),
            Some(true) | None => None,
        };
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { hang_up, interrupt, terminate })
    }

    async fn next(&mut self) -> Exit {
        let Self { hang_up, interrupt, terminate } = self;
        tokio::select! {
            Some(()) = async { hang_up.as_mut()?.recv().await } => Exit::HungUp,
            _ = interrupt.recv() => Exit::Interrupted,
            _ = terminate.recv() => Exit::Terminated,
        }
    }
}

/// As Linux tells it of a process: of each signal, one bit, the lowest being that of number 1.
fn is_hang_up_ignored(status: &str) -> Option<bool> {
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    Some(u64::from_str_radix(ignored.trim(), 16).ok()? & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hanging_up_may_be_ignored() {
        let status = |ignored: &str| format!("Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t{ignored}\n");
        assert_eq!(is_hang_up_ignored(&status("0000000000001001")), Some(true), "as under nohup");
        assert_eq!(is_hang_up_ignored(&status("0000000000001000")), Some(false));
        assert_eq!(is_hang_up_ignored(""), None);
    }
}
