//! `tapedeck music …`: what the profile shows, and what people want of it.

mod add;
mod change;
mod choices;
mod choose;
mod clean;
mod explain;
mod history;
mod list;

use clap::Subcommand;
use serde::{Deserialize, Serialize};

use super::Context;
use crate::model::AccountName;

/// See what was played, and see and change what the Telegram profile shows
///
/// Songs are named by their place in `tapedeck music list`, or by a part of their name. What is asked
/// for here is done by the job of kind "profile-music".
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Add(add::Args),
    Remove(change::RemoveArgs),
    Move(change::MoveArgs),
    Clean(clean::Args),
    Explain(explain::Args),
    Use(choose::Args),
    Choices(choices::Args),
    History(history::Args),
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    match args.command {
        Command::List(args) => list::run(&args, context).await,
        Command::Add(args) => add::run(&args, context).await,
        Command::Remove(args) => change::remove(&args, context).await,
        Command::Move(args) => change::move_song(&args, context).await,
        Command::Clean(args) => clean::run(&args, context).await,
        Command::Explain(args) => explain::run(&args, context).await,
        Command::Use(args) => choose::run(&args, context).await,
        Command::Choices(args) => choices::run(args, context).await,
        Command::History(args) => history::run(&args, context).await,
    }
}

/// Whose profile.
#[derive(Clone, Debug, clap::Args)]
struct Whose {
    /// Whose profile [default: telegram.default_account]
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
}

impl Whose {
    fn query(&self) -> Vec<(&'static str, String)> {
        self.account.iter().map(|account| ("account", account.to_string())).collect()
    }
}

/// What the daemon has taken note of.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    song: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    songs: Option<usize>,
    #[serde(default)]
    is_unheard: bool,
}

impl Asked {
    fn tell(&self, what: &str, context: &Context) -> anyhow::Result<()> {
        if context.is_json() {
            return context.output.json(self);
        }
        context.output.note(format!("{}: {what}", self.song.as_deref().unwrap_or("all songs")));
        if self.is_unheard {
            context.output.note(
                "no job waits for it: add a job of kind \"profile-music\" with `on = [\"profile-changed\"]`",
            );
        }
        Ok(())
    }
}
