use clap::Subcommand;
use serde_json::json;

use crate::{
    archive::{BlockedKind, BlockedOperation},
    capture::{self, Decision},
    cli::{Cell, Context, Exit, Failure, client::Client, show::plain},
    model::AccountName,
};

/// List edits and deletions that were held back, and decide about them
///
/// Too many came at once: somebody clears a chat, or has got hold of a login. Until somebody decides, the archive is as if
/// they had not happened.
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what waits for a decision
    #[command(
        after_long_help = "Examples:\n  tapedeck archive blocked list\n  tapedeck archive blocked list --json | jq length"
    )]
    List,
    /// Let them happen, as `capture.deletions` says
    #[command(
        after_long_help = "Examples:\n  tapedeck archive blocked apply 7\n  tapedeck archive blocked apply --all"
    )]
    Apply(Which),
    /// Forget them: the archive stays as it is
    #[command(
        after_long_help = "Examples:\n  tapedeck archive blocked dismiss 7 8\n  tapedeck archive blocked dismiss --all"
    )]
    Dismiss(Which),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Numbers from the list
    #[arg(value_name = "NUMBER", required_unless_present = "all")]
    numbers: Vec<i64>,
    /// All that wait
    #[arg(long, short, conflicts_with = "numbers")]
    all: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    match &args.command {
        Command::List => list(context).await,
        Command::Apply(which) => decide(which, Decision::Apply, context).await,
        Command::Dismiss(which) => decide(which, Decision::Dismiss, context).await,
    }
}

async fn list(context: &Context) -> anyhow::Result<()> {
    let held = super::open(context).await?.blocked(None).await?;
    if context.is_json() {
        let held: Vec<_> =
            held.iter().map(|(account, it)| json!({ "account": account, "operation": it })).collect();
        return context.output.json(&held);
    }
    if held.is_empty() {
        context.output.note("nothing is held back");
        return Ok(());
    }
    let row = |(account, it): &(AccountName, BlockedOperation)| -> Vec<Cell> {
        let what = match it.kind {
            BlockedKind::Edit => "edit",
            BlockedKind::Deletion => "deletion",
        };
        let text = it.message.as_ref().map(|message| plain(&message.text)).unwrap_or_default();
        vec![
            it.number.to_string().into(),
            account.to_string().into(),
            it.chat.to_string().into(),
            what.into(),
            it.ids.len().to_string().into(),
            context.local(it.at).into(),
            text.into(),
        ]
    };
    let rows = held.iter().map(row).collect();
    context.output.table(&["number", "account", "chat", "what", "messages", "when", "new text"], rows)
}

async fn decide(which: &Which, decision: Decision, context: &Context) -> anyhow::Result<()> {
    let config = context.config()?;
    let store = super::open(context).await?;
    let numbers = match which.all {
        true => store.blocked(None).await?.into_iter().map(|(_, it)| it.number).collect(),
        false => which.numbers.clone(),
    };
    // The daemon shows at once what it has written itself.
    let client = Client::find(context).await?;
    let (action, done) = match decision {
        Decision::Apply => ("apply", "applied"),
        Decision::Dismiss => ("dismiss", "dismissed"),
    };
    let mut decided = Vec::new();
    for number in numbers {
        let messages = match &client {
            Some(client) => {
                let path = ["archive", "blocked", &number.to_string(), action];
                let answer: serde_json::Value = client.post(&path, &json!({})).await?;
                answer["messages"].as_u64().unwrap_or(0)
            }
            None => {
                let made = capture::decide(&store, &context.clock, number, decision, &config.capture).await;
                made.map_err(|error| {
                    Failure::new(Exit::Failed, error.to_string())
                        .fix("`tapedeck archive blocked list` shows what waits")
                })? as u64
            }
        };
        decided.push(json!({ "number": number, "decision": decision, "messages": messages }));
        if !context.is_json() {
            context.output.line(format!("{number}: {done}, {messages} messages"))?;
        }
    }
    if context.is_json() { context.output.json(&decided) } else { Ok(()) }
}
