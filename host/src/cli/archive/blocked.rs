use std::{collections::HashSet, sync::Arc};

use clap::Subcommand;
use serde_json::json;

use super::elsewhere::{Elsewhere, Held};
use crate::{
    archive::{BlockedKind, BlockedOperation, Store},
    capture::{self, Decision, HeldError},
    cli::{Cell, Context, Exit, Failure, client::Client, show::plain},
    model::AccountName,
};

const PAGE: usize = 500;
const LIST: &str = "`tapedeck archive blocked list` shows what waits";

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
    /// Put them away: the archive stays as it is, whoever asks Telegram again
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
    if let Some(elsewhere) = Elsewhere::find(context).await? {
        let held = elsewhere.blocked().await?;
        return if context.is_json() { context.output.json(&held) } else { table(held, context) };
    }
    let held = all(&super::open(context).await?).await?;
    if context.is_json() {
        let held: Vec<_> =
            held.iter().map(|(account, it)| json!({ "account": account, "operation": it })).collect();
        return context.output.json(&held);
    }
    let row = |(account, it): (AccountName, BlockedOperation)| Held {
        number: it.number,
        account,
        chat: it.chat,
        kind: it.kind,
        messages: it.ids.len(),
        at: it.at,
        text: it.message.map(|message| message.text),
    };
    table(held.into_iter().map(row).collect(), context)
}

fn table(held: Vec<Held>, context: &Context) -> anyhow::Result<()> {
    if held.is_empty() {
        context.output.note("nothing is held back");
        return Ok(());
    }
    let row = |it: Held| -> Vec<Cell> {
        let what = match it.kind {
            BlockedKind::Edit => "edit",
            BlockedKind::Deletion => "deletion",
        };
        vec![
            it.number.to_string().into(),
            it.account.to_string().into(),
            it.chat.to_string().into(),
            what.into(),
            it.messages.to_string().into(),
            context.local(it.at).into(),
            plain(&it.text.unwrap_or_default()).into(),
        ]
    };
    let rows = held.into_iter().map(row).collect();
    context.output.table(&["number", "account", "chat", "what", "messages", "when", "new text"], rows)
}

async fn all(store: &Arc<dyn Store>) -> anyhow::Result<Vec<(AccountName, BlockedOperation)>> {
    let mut held: Vec<(AccountName, BlockedOperation)> = Vec::new();
    loop {
        let page = store.blocked_after(held.last().map_or(0, |(_, it)| it.number), PAGE).await?;
        if page.is_empty() {
            return Ok(held);
        }
        held.extend(page);
    }
}

/// Those that are meant, each once. All of them must be among what waits.
fn chosen(which: &Which, waiting: Vec<i64>) -> anyhow::Result<Vec<i64>> {
    if which.all {
        return Ok(waiting);
    }
    let waiting: HashSet<i64> = waiting.into_iter().collect();
    let mut numbers = which.numbers.clone();
    // Decided about once, however often it is named.
    let mut seen = HashSet::new();
    numbers.retain(|number| seen.insert(*number));
    match numbers.iter().find(|number| !waiting.contains(*number)) {
        None => Ok(numbers),
        Some(&number) => {
            let error = HeldError::Unknown { number };
            Err(Failure::new(Exit::Failed, error.to_string()).fix(LIST).into())
        }
    }
}

async fn decide(which: &Which, decision: Decision, context: &Context) -> anyhow::Result<()> {
    if let Some(elsewhere) = Elsewhere::find(context).await? {
        let waiting = elsewhere.blocked().await?.into_iter().map(|it| it.number).collect();
        let client = elsewhere.client();
        let decide = async |number| ask(client, number, decision).await;
        return decide_each(chosen(which, waiting)?, decision, decide, context).await;
    }
    let config = context.config()?;
    let store = super::open(context).await?;
    let waiting = all(&store).await?.into_iter().map(|(_, it)| it.number).collect();
    let numbers = chosen(which, waiting)?;
    // The daemon shows at once what it has written itself.
    if let Some(client) = Client::find(context).await? {
        let decide = async |number| ask(&client, number, decision).await;
        return decide_each(numbers, decision, decide, context).await;
    }
    let decide = async |number| {
        let made = capture::decide(&store, &context.clock, number, decision, &config.capture).await;
        let made = made.map_err(|error| Failure::new(Exit::Failed, error.to_string()).fix(LIST))?;
        anyhow::Ok(made as u64)
    };
    decide_each(numbers, decision, decide, context).await
}

/// How many messages the daemon says it was about.
async fn ask(client: &Client, number: i64, decision: Decision) -> anyhow::Result<u64> {
    let action = match decision {
        Decision::Apply => "apply",
        Decision::Dismiss => "dismiss",
    };
    let path = ["archive", "blocked", &number.to_string(), action];
    let answer = client.post::<serde_json::Value>(&path, &json!({})).await;
    Ok(answer.map_err(in_our_words)?["messages"].as_u64().unwrap_or(0))
}

async fn decide_each(
    numbers: Vec<i64>,
    decision: Decision,
    decide: impl AsyncFn(i64) -> anyhow::Result<u64>,
    context: &Context,
) -> anyhow::Result<()> {
    let done = match decision {
        Decision::Apply => "applied",
        Decision::Dismiss => "dismissed",
    };
    let mut decided = Vec::new();
    for number in numbers {
        let messages = decide(number).await?;
        decided.push(json!({ "number": number, "decision": decision, "messages": messages }));
        if !context.is_json() {
            context.output.line(format!("{number}: {done}, {messages} messages"))?;
        }
    }
    if context.is_json() { context.output.json(&decided) } else { Ok(()) }
}

/// The daemon names the address of its own list.
fn in_our_words(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) if failure.way_out().is_some_and(|fix| fix.contains("/archive/blocked")) => {
            failure.fix(LIST).into()
        }
        Ok(failure) => failure.into(),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        archive::{Batch, SqliteStore, Write},
        cli::failure::report,
        model::{MessageId, PeerId},
    };

    #[tokio::test]
    async fn a_number_that_is_named_twice_is_decided_about_once() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        std::fs::write(&config, "archive.folder = \"kept\"\n").unwrap();
        let context = Context::for_tests(&["--config", config.to_str().unwrap()]);
        let store = SqliteStore::open(&folder.path().join("kept/archive.sqlite")).unwrap();
        let mut batch = Batch::new(AccountName::main(), crate::archive::Source::Live, Timestamp::UNIX_EPOCH);
        batch.writes.push(Write::Blocked(Box::new(BlockedOperation {
            number: 0,
            chat: PeerId(-77),
            kind: BlockedKind::Deletion,
            ids: vec![MessageId(1), MessageId(2)],
            message: None,
            at: Timestamp::UNIX_EPOCH,
        })));
        store.write(batch).await.unwrap();
        let number = store.blocked_after(0, 9).await.unwrap()[0].1.number;
        let which = Which { numbers: vec![number, number], all: false };
        decide(&which, Decision::Dismiss, &context).await.unwrap();
        assert_eq!(context.output.written(), format!("{number}: dismissed, 2 messages\n"));
        assert!(store.blocked_after(0, 9).await.unwrap().is_empty());
    }

    #[test]
    fn the_daemons_hint_becomes_a_command() {
        let of_daemon = Failure::new(Exit::Failed, "no")
            .fix("GET /api/v1/archive/blocked lists what waits for a decision.");
        let context = Context::for_tests(&[]);
        report(&in_our_words(of_daemon.into()), &context.output);
        let said = context.output.said();
        assert!(said.contains("tapedeck archive blocked list") && !said.contains("GET"), "{said}");
    }
}
