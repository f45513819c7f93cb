//! Questions on the terminal, which Ctrl-C ends. Without a terminal, answers are lines of standard
//! input.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    process::{Command, Stdio},
};

use tokio::sync::oneshot;

use crate::cli::{Context, Exit, Failure};

/// A line that may be seen.
pub(in crate::cli) async fn line(context: &Context, question: &str) -> anyhow::Result<String> {
    context.output.note(question);
    on_a_thread(read_line).await
}

/// A line that must not be seen.
pub(super) async fn hidden(context: &Context, question: &str) -> anyhow::Result<String> {
    context.output.note(question);
    if !io::stdin().is_terminal() {
        return on_a_thread(read_line).await;
    }
    let mut echo = Echo { is_off: true };
    let answer = on_a_thread(rpassword::read_password).await;
    echo.is_off = false;
    answer
}

pub(super) fn is_terminal() -> bool {
    io::stdin().is_terminal()
}

fn read_line() -> io::Result<String> {
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
    }
}

/// On a thread of its own, not one of the pool: the process can end while it still waits.
async fn on_a_thread(read: impl FnOnce() -> io::Result<String> + Send + 'static) -> anyhow::Result<String> {
    let (sender, answer) = oneshot::channel();
    std::thread::spawn(move || {
        // Nobody listens any more after Ctrl-C.
        let _ = sender.send(read());
    });
    match answer.await {
        Ok(Ok(line)) => Ok(line),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Failure::usage("there is nobody to answer: standard input has ended")
                .fix("run it on a terminal, or use the page")
                .into())
        }
        Ok(Err(error)) => Err(Failure::usage("the answer cannot be read").caused_by(error).into()),
        Err(_) => Err(Failure::usage("the answer cannot be read").into()),
    }
}

/// Returns at Ctrl-C.
pub(in crate::cli) async fn given_up() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

pub(in crate::cli) fn interrupted() -> anyhow::Error {
    Failure::new(Exit::Failed, "given up; nothing was changed").into()
}

/// What is typed while hidden input is read is not shown; who is dropped then shows it again.
struct Echo {
    is_off: bool,
}

impl Drop for Echo {
    fn drop(&mut self) {
        if self.is_off {
            // Without it the terminal is only less comfortable.
            let _ = Command::new("stty").arg("echo").stdin(Stdio::inherit()).stderr(Stdio::null()).status();
        }
    }
}
