//! `tapedeck explain …`: says why something is as it is.

mod chat;

use super::Context;

/// Say why a chat is captured or not
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Chat(chat::Args),
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    match args.command {
        Command::Chat(args) => chat::run(&args, context).await,
    }
}
