//! `tapedeck plugins …`: one file per subcommand.

mod bench;
mod call;
mod check;
mod decide;
mod forget;
mod inspect;
mod list;
mod new;
mod reload;
mod set_paused;
mod show;
mod signals;
mod test;

use clap::Subcommand;

use super::{Cell, Context, Paint};
use crate::model::{PluginState, PluginView};

/// Look at plugins, try them, grant what they ask for
///
/// Plugins are WebAssembly components: files that end with .wasm in the plugin folder. Each is denied
/// everything that it does not ask for and that is not granted to it.
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Show(show::Args),
    Inspect(inspect::Args),
    Check(check::Args),
    Call(call::Args),
    #[command(about = "Give a plugin what it asks for", long_about = decide::GRANT)]
    Grant(decide::Args),
    #[command(about = "Take back what a plugin was granted", long_about = decide::WITHDRAW)]
    Withdraw(decide::Args),
    #[command(about = "Keep plugins from being called", long_about = set_paused::PAUSE)]
    Pause(set_paused::Args),
    #[command(about = "Let plugins be called again", long_about = set_paused::RESUME)]
    Resume(set_paused::Args),
    Reload(reload::Args),
    Forget(forget::Args),
    New(new::Args),
    Test(test::Args),
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    match args.command {
        Command::List(args) => list::run(&args, context).await,
        Command::Show(args) => show::run(&args, context).await,
        Command::Inspect(args) => inspect::run(&args, context),
        Command::Check(args) => check::run(&args, context).await,
        Command::Call(args) => call::run(&args, context).await,
        Command::Grant(args) => decide::grant(&args, context).await,
        Command::Withdraw(args) => decide::withdraw(&args, context).await,
        Command::Pause(args) => set_paused::run(&args, "pause", context).await,
        Command::Resume(args) => set_paused::run(&args, "resume", context).await,
        Command::Reload(args) => reload::run(&args, context).await,
        Command::Forget(args) => forget::run(&args, context).await,
        Command::New(args) => new::run(&args, context),
        Command::Test(args) => test::run(&args, context).await,
    }
}

/// "ready", "resting until 12:00:00": in words, and how it looks.
fn state(plugin: &PluginView, context: &Context) -> Cell {
    match &plugin.state {
        PluginState::Ready if plugin.problem.is_some() => Cell::painted(Paint::Busy, "ready, with a problem"),
        PluginState::Ready => Cell::painted(Paint::Good, "ready"),
        PluginState::Found => "not running".into(),
        PluginState::Loading { is_compiling: true, .. } => Cell::painted(Paint::Busy, "compiling"),
        PluginState::Loading { .. } => Cell::painted(Paint::Busy, "loading"),
        PluginState::Paused(paused) => Cell::painted(Paint::Faint, format!("paused by {}", paused.by)),
        PluginState::Suspended { until, .. } => {
            Cell::painted(Paint::Bad, format!("failed too often, rests until {}", context.time(*until)))
        }
        PluginState::Broken { .. } => Cell::painted(Paint::Bad, "broken"),
        PluginState::Missing { .. } => Cell::painted(Paint::Bad, "no file"),
        PluginState::Disabled => Cell::painted(Paint::Faint, "disabled"),
    }
}

/// Why it does not do what it should.
fn reason(plugin: &PluginView) -> Option<&str> {
    match &plugin.state {
        PluginState::Suspended { reason, .. }
        | PluginState::Broken { reason }
        | PluginState::Missing { reason } => Some(reason),
        _ => plugin.problem.as_deref(),
    }
}

fn kinds(plugin: &PluginView) -> String {
    plugin.kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
