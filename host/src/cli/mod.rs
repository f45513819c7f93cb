//! The command line: one file per subcommand. Data goes to standard output, everything else to
//! standard error, both through `output`; each command ends with an `Exit` code.

mod archive;
mod check;
mod client;
mod compile_plugin;
mod completions;
mod config;
mod context;
mod demo;
mod demo_song;
mod demo_work;
mod each;
mod emit;
mod explain;
mod export;
mod failure;
mod follow;
mod health;
mod help;
mod import;
mod indexing;
mod init;
mod jobs;
mod music;
mod offline;
mod output;
mod plugins;
mod run;
mod show;
mod spotify;
mod state;
mod stream;
mod telegram;
mod token;
mod user;
mod when;

use std::{ffi::OsString, path::PathBuf, process::ExitCode, time::Duration};

use clap::{ArgAction, Args, FromArgMatches as _, Parser, Subcommand};
use tokio::runtime::Runtime;

pub(crate) use context::Context;
use each::each;
pub(crate) use failure::{Exit, Failure};
pub(crate) use output::{Cell, Output, Paint};

use crate::{config::Environment, plugin_host};

/// How long threads that work on disks may take to end.
const FAREWELL: Duration = Duration::from_secs(30);

/// Run jobs on cron schedules and on events
///
/// Jobs are tables in `config.toml`; the daemon runs them, remembers every run, and serves a page
/// and an API. The other commands talk to the running daemon, or read its data when none runs.
#[derive(Debug, Parser)]
#[command(name = "tapedeck", version, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command understands.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// Read this configuration [env: TAPEDECK_CONFIG] [default: ./config.toml]
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Write JSON on standard output: one document, or one a line for what goes on
    #[arg(long, global = true)]
    json: bool,
    /// Talk to the daemon at this address instead of the one of the configuration [env: TAPEDECK_URL]
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// Prove who you are to the daemon at `--url` [env: TAPEDECK_TOKEN]
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true)]
    token: Option<String>,
    /// Log more; twice for everything
    #[arg(long, short, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Log and say only what went wrong
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Check(check::Args),
    Run(run::Args),
    Demo(demo::Args),
    Jobs(jobs::Args),
    Emit(emit::Args),
    Explain(explain::Args),
    Export(Box<export::Args>),
    Login(telegram::login::Args),
    Logout(telegram::logout::Args),
    Accounts(telegram::accounts::Args),
    Plugins(plugins::Args),
    Music(music::Args),
    Archive(archive::Args),
    Import(import::Args),
    User(user::Args),
    Token(token::Args),
    Config(config::Args),
    State(state::Args),
    Health(health::Args),
    Completions(completions::Args),
    #[command(hide = true)]
    DemoSong(demo_song::Args),
    #[command(hide = true)]
    DemoWork(demo_work::Args),
    #[command(hide = true)]
    CompilePlugin(compile_plugin::Args),
}

/// Runs the command that the arguments name. Every end of the process passes here.
pub fn main(arguments: impl IntoIterator<Item = OsString>, environment: Environment) -> ExitCode {
    let cli = match parse(arguments) {
        Ok(cli) => cli,
        Err(error) => return output::print_usage(&error),
    };
    let output = Output::of_process(cli.global.json, cli.global.quiet, &environment);
    let context = Context::new(&cli.global, environment, output);
    if let Ok(program) = std::env::current_exe() {
        plugin_host::compile_apart(program);
    }
    // Fails only when there is a provider already, which then is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Its memory is bounded, and threads take some: it has none but its own.
    if let Command::CompilePlugin(args) = &cli.command {
        let done = compile_plugin::run(args);
        return done
            .map_or_else(|error| failure::report(&error, &context.output).into(), |()| Exit::Ok.into());
    }
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => run_to_the_end(runtime, run(cli.command, &context), FAREWELL),
        Err(error) => Err(anyhow::Error::new(error).context("cannot start the worker threads")),
    };
    match outcome {
        Ok(()) => Exit::Ok.into(),
        Err(error) => failure::report(&error, &context.output).into(),
    }
}

/// Whatever is stuck on a thread, the process ends.
fn run_to_the_end<T>(runtime: Runtime, work: impl Future<Output = T>, farewell: Duration) -> T {
    let outcome = runtime.block_on(work);
    // A thread that reads from a disk which does not answer would be waited for without end.
    runtime.shutdown_timeout(farewell);
    outcome
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let matches = help::command().try_get_matches_from(arguments)?;
    Cli::from_arg_matches(&matches)
}

async fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Init(args) => init::run(&args, context),
        Command::Check(args) => check::run(&args, context).await,
        Command::Run(args) => run::run(&args, context).await,
        Command::Demo(args) => demo::run(&args, context).await,
        Command::Jobs(args) => jobs::run(args, context).await,
        Command::Emit(args) => emit::run(&args, context).await,
        Command::Explain(args) => explain::run(args, context).await,
        Command::Export(args) => export::run(*args, context).await,
        Command::Login(args) => telegram::login::run(args, context).await,
        Command::Logout(args) => telegram::logout::run(args, context).await,
        Command::Plugins(args) => plugins::run(args, context).await,
        Command::Music(args) => music::run(args, context).await,
        Command::Archive(args) => archive::run(args, context).await,
        Command::Import(args) => import::run(args, context).await,
        Command::Accounts(args) => telegram::accounts::run(&args, context).await,
        Command::User(args) => user::run(args, context).await,
        Command::Token(args) => token::run(args, context).await,
        Command::Config(args) => config::run(&args, context).await,
        Command::State(args) => state::run(args, context).await,
        Command::Health(args) => health::run(&args, context).await,
        Command::Completions(args) => completions::run(&args, context),
        Command::DemoSong(args) => demo_song::run(&args, context),
        Command::DemoWork(args) => demo_work::run(&args, context),
        Command::CompilePlugin(args) => compile_plugin::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_ends_though_a_thread_is_stuck() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let work = async move {
            drop(tokio::task::spawn_blocking(move || {
                begun.send(()).unwrap();
                held.recv()
            }));
            begins.await
        };
        run_to_the_end(runtime, work, Duration::from_millis(1)).unwrap();
        // Not before now.
        drop(release);
    }
}
