//! `tapedeck login`: at Telegram here, at Spotify in `cli/spotify`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::{
    ask,
    desk::Desk,
    import::{self, Import},
    steps::{People, Scanner, Steps, who},
};
use crate::{
    cli::{Context, spotify, user::said},
    model::{AccountName, LoginMethod, LoginRequest, LoginView, SelfView},
};

/// Log in to an account that jobs work with
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Log in to Telegram by QR code, phone number, or another program's login
    ///
    /// Needs `telegram.api_id` and `telegram.api_hash`, which https://my.telegram.org gives out
    /// under API development tools. A login that works stays as it is until the new one does.
    #[command(after_long_help = "\
Examples:
  tapedeck login telegram
  tapedeck login telegram --account work --phone '+34 600 123 456'
  tapedeck login telegram --import ~/old/backup.session
  tapedeck login telegram --import ~/.local/share/TelegramDesktop/tdata")]
    Telegram(Telegram),
    /// Log in to Spotify in a browser, or with --paste in one on another machine
    ///
    /// Needs `spotify.client_id`, from https://developer.spotify.com/dashboard. A login that works
    /// stays as it is until the new one does; one of another account takes its place.
    #[command(after_long_help = "\
Examples:
  tapedeck login spotify
  tapedeck login spotify --paste")]
    Spotify(spotify::login::Spotify),
}

#[derive(Debug, clap::Args)]
struct Telegram {
    /// What to call the account [default: telegram.default_account]
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
    /// Show a code for the phone to scan; so it is unless told otherwise
    #[arg(long, conflicts_with_all = ["phone", "import"])]
    qr: bool,
    /// Ask for the code that Telegram sends; without a number, to the account's own
    #[arg(long, value_name = "NUMBER", num_args = 0..=1, conflicts_with = "import")]
    phone: Option<Option<String>>,
    /// Let a Telethon or Pyrogram session, or a Telegram Desktop folder, log us in
    ///
    /// Its key is used this once, to accept a login of our own, as a phone would.
    #[arg(long, value_name = "PATH")]
    import: Option<PathBuf>,
    /// Use the imported key itself: the other program must never be started again
    #[arg(long, requires = "import")]
    take_over: bool,
    /// Import this user of a folder with several
    #[arg(long, value_name = "ID", requires = "import")]
    user: Option<i64>,
    /// Let another user than before have the account's name
    #[arg(long)]
    replace: bool,
}

pub(in crate::cli) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let args = match args.command {
        Command::Telegram(args) => args,
        Command::Spotify(args) => return spotify::login::run(&args, context).await,
    };
    let desk = Desk::open(context).await?;
    let outcome = log_in(&args, &desk, context).await;
    desk.notices().iter().for_each(|notice| context.output.note(notice));
    desk.close().await;
    let (account, user) = outcome?;
    let text = format!("logged in as {}; the account is called {account}", who(&user));
    match context.is_json() {
        // The last step has said it.
        true => Ok(()),
        false => said(context, json!({}), text),
    }
}

async fn log_in(args: &Telegram, desk: &Desk, context: &Context) -> anyhow::Result<(AccountName, SelfView)> {
    let account = desk.account(args.account.as_ref()).await?;
    let request =
        |method, phone| LoginRequest { account: account.clone(), method, phone, replace: args.replace };
    let user = match (&args.import, &args.phone) {
        (Some(path), _) => {
            let imported = tokio::select! {
                imported = import::read(path, args.user, context) => imported?,
                () = ask::given_up() => return Err(ask::interrupted()),
            };
            if args.take_over {
                let login = desk.take_over(account.clone(), &imported, args.replace).await?;
                follow(context, desk, People, login).await?
            } else {
                let scanner = Import::new(account.clone(), imported, context)?;
                let login = desk.start(request(LoginMethod::Qr, None)).await?;
                follow(context, desk, scanner, login).await?
            }
        }
        (None, Some(phone)) => {
            let login = desk.start(request(LoginMethod::Phone, phone.clone())).await?;
            follow(context, desk, People, login).await?
        }
        (None, None) => {
            let login = desk.start(request(LoginMethod::Qr, None)).await?;
            follow(context, desk, People, login).await?
        }
    };
    Ok((account, user))
}

async fn follow(
    context: &Context,
    desk: &Desk,
    scanner: impl Scanner,
    login: LoginView,
) -> anyhow::Result<SelfView> {
    Steps { context, desk, scanner, drawn: 0 }.follow(login).await
}
