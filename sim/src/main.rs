//! Runs parts of the simulated world by hand.

mod cli;

use std::{io::Write as _, process::ExitCode};

use clap::Parser;

/// Run a simulated part of the outside world by hand
#[derive(Debug, Parser)]
#[command(name = "tapedeck-sim", version)]
enum Command {
    /// Receive web hooks, answer them all alike, and print what arrives
    Hooks(cli::hooks::Arguments),
    /// Run a simulated Spotify that plays what is typed
    Spotify(cli::spotify::Arguments),
    /// Run a simulated Telegram that any client can log in to
    Telegram(Box<cli::telegram::Arguments>),
    /// Run a simulated YouTube Music, whose recordings are tones
    Youtube(cli::youtube::Arguments),
    #[command(flatten)]
    Ask(cli::ask::Ask),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Hooks(arguments) => cli::hooks::run(arguments).await,
        Command::Spotify(arguments) => cli::spotify::run(arguments).await,
        Command::Telegram(arguments) => cli::telegram::run(*arguments).await,
        Command::Youtube(arguments) => cli::youtube::run(arguments).await,
        Command::Ask(ask) => cli::ask::run(ask).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when this cannot be written.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
