use clap::Subcommand;
use serde_json::json;

use super::{elsewhere::Elsewhere, named};
use crate::{
    archive::{Poison, PoisonPage, SharedStore},
    capture::Retried,
    cli::{Cell, Context, client::Client, show::plain},
    model::{AccountName, PeerId},
};

const PAGE: usize = 500;

/// List messages that could not be read, or ask for them again
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

const LIST: &str = "\
List messages that could not be read, with the reason

Examples:
  tapedeck archive poison list
  tapedeck archive poison list --chat @some_channel
  tapedeck archive poison list --json | jq '.[].poison.reason'";

const RETRY: &str = "\
Ask Telegram for them again

Those that can be read now take their places. Needs a running daemon: it has the login.

Examples:
  tapedeck archive poison retry
  tapedeck archive poison retry --chat @some_channel --account work";

#[derive(Debug, Subcommand)]
enum Command {
    #[command(about = "List messages that could not be read, with the reason", long_about = LIST)]
    List(Which),
    #[command(about = "Ask Telegram for them again", long_about = RETRY)]
    Retry(Which),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Only this account's
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
    /// Only those of this chat, by its id, @name or whole title
    #[arg(long, value_name = "CHAT", allow_negative_numbers = true)]
    chat: Option<String>,
}

impl Which {
    /// In the archive of this machine.
    async fn chat(&self, store: &SharedStore) -> anyhow::Result<Option<PeerId>> {
        named::check_account(store, self.account.as_ref()).await?;
        let Some(name) = &self.chat else { return Ok(None) };
        named::id(store, self.account.as_ref(), name).await.map(Some)
    }

    /// In that of the daemon which is asked.
    async fn chat_of_daemon(&self, context: &Context) -> anyhow::Result<Option<PeerId>> {
        let Some(name) = &self.chat else { return Ok(None) };
        match Elsewhere::find(context).await? {
            Some(elsewhere) => named::id_elsewhere(&elsewhere, self.account.as_ref(), name).await.map(Some),
            None => self.chat(&super::open(context).await?).await,
        }
    }
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    match &args.command {
        Command::List(which) => list(which, context).await,
        Command::Retry(which) => retry(which, context).await,
    }
}

async fn list(which: &Which, context: &Context) -> anyhow::Result<()> {
    let all = all(which, context).await?;
    if context.is_json() {
        let all: Vec<_> =
            all.iter().map(|(account, poison)| json!({ "account": account, "poison": poison })).collect();
        return context.output.json(&all);
    }
    if all.is_empty() {
        context.output.note("every message could be read");
        return Ok(());
    }
    let row = |(account, poison): &(AccountName, Poison)| -> Vec<Cell> {
        vec![
            account.to_string().into(),
            poison.chat.to_string().into(),
            poison.id.to_string().into(),
            poison.attempts.to_string().into(),
            context.local(poison.last).into(),
            plain(&poison.reason).into(),
        ]
    };
    let rows = all.iter().map(row).collect();
    context.output.table(&["account", "chat", "id", "runs", "last", "why"], rows)
}

async fn all(which: &Which, context: &Context) -> anyhow::Result<Vec<(AccountName, Poison)>> {
    let store = super::open(context).await?;
    let chat = which.chat(&store).await?;
    let mut page = PoisonPage { account: which.account.clone(), chat, after: None, limit: PAGE };
    let mut all = Vec::new();
    loop {
        let (found, next) = store.poison_after(page.clone()).await?;
        all.extend(found);
        if next.is_none() {
            return Ok(all);
        }
        page.after = next;
    }
}

async fn retry(which: &Which, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let body = json!({ "account": which.account, "chat": which.chat_of_daemon(context).await? });
    let retried: Retried = client.post(&["archive", "poison", "retry"], &body).await?;
    if context.is_json() {
        return context.output.json(&retried);
    }
    context.output.line(&retried)
}
