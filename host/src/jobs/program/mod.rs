//! What a kind that runs programs is made of: a program that is followed to its end, and what it
//! says about its progress.
//!
//! Whatever happens to the run, nothing of the program's group outlives it by accident: a stopped
//! run asks the group to end and then kills it, a dropped one kills it at once. Two things are
//! accepted: a program that leaves its group (a daemon) gets away, and so do background children
//! of a program that ended by itself, as under cron.

mod directives;

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::ChildStdin,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    jobs::output::Lines,
    process::{Ended, Process},
};

pub(super) use directives::Directives;

const CHUNK: usize = 64 * 1024;

/// How long output may go on after the program's end, when somebody else holds its pipes.
const LEFTOVER: Duration = Duration::from_secs(1);

/// Blocks until the program has ended, by itself or because of `stop`.
pub(super) async fn follow(
    mut process: Process,
    input: Option<&str>,
    outputs: Outputs<'_>,
    stop: &CancellationToken,
    kill_after: Duration,
) -> io::Result<Ended> {
    let Some((stdin, stdout, stderr)) = process.take_pipes() else {
        return Err(io::Error::other("the program's output is not connected"));
    };
    let Outputs { stdout: out, stderr: err, on_directive } = outputs;
    let output = async {
        tokio::join!(pump(stdout, out, on_directive), pump(stderr, err, |_| false), feed(stdin, input))
    };
    tokio::pin!(output);
    let mut is_silent = false;
    let mut ended = {
        let end = process.wait(stop, kill_after);
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
        ended.was_killed |= process.end_group(kill_after).await;
    }
    process.release();
    if !is_silent && timeout(LEFTOVER, &mut output).await.is_err() {
        tracing::warn!(
            "The program has ended, but something that it started still holds its output open; \
             what that prints from now on is lost"
        );
    }
    Ok(ended)
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
