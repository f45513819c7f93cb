//! `tapedeck logout telegram`

use clap::Subcommand;
use serde_json::json;

use super::desk::Desk;
use crate::{
    cli::{Context, spotify, user::said},
    model::AccountName,
    telegram::Farewell,
};

/// Log out of an account, there and here
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// End the login at Telegram and forget it
    Telegram {
        /// Which account [default: telegram.default_account]
        #[arg(long, value_name = "NAME")]
        account: Option<AccountName>,
        /// Forget it even when Telegram cannot be reached
        #[arg(long)]
        forget: bool,
    },
    /// Forget the login at Spotify
    Spotify,
}

pub(in crate::cli) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let (account, forget) = match args.command {
        Command::Telegram { account, forget } => (account, forget),
        Command::Spotify => return spotify::logout::run(context).await,
    };
    let desk = Desk::open(context).await?;
    let farewell = if forget { Farewell::Tried } else { Farewell::Needed };
    let outcome = async {
        let account = desk.account(account.as_ref()).await?;
        desk.log_out(&account, farewell).await.map(|()| account)
    }
    .await;
    desk.close().await;
    let account = outcome?;
    said(context, json!({ "account": account }), format!("the account {account} is logged out"))
}
