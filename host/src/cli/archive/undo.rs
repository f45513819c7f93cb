use jiff::Timestamp;
use serde_json::json;

use super::{Whose, elsewhere::Elsewhere, named};
use crate::{
    archive::BlockedKind,
    capture::{AppliedOperation, Undo, UndoError, UndoWhich, Undone, applied_operations},
    cli::{Cell, Context, Exit, Failure, client::Client, show::plain, when::When},
    model::PeerId,
};

const EARLIER: &str = "`tapedeck archive show CHAT ID` shows what a message said before";
const SINCE: &str = "give --since TIME in place of the number";

/// Take deletions back: those of a time, or of a number of `archive blocked list`
///
/// A number takes back an edit, too: the message says again what it said before. Messages that were marked as deleted by the listener or a recheck are there again, and stay, whatever Telegram says of them
/// later. With `capture.deletions = "hard"` that works as long as `capture.undo_window` has not passed. Times are such as
/// 2026-05-01, 2026-05-01T18:30 (in your zone), or 3h and 7d for so long ago.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["number", "since", "list"])))]
#[command(after_long_help = "\
Examples:
  tapedeck archive undo --since 2h --dry-run
  tapedeck archive undo --since 2026-05-01T18:30 --until 2026-05-01T19:00 --chat @some_channel
  tapedeck archive undo --list
  tapedeck archive undo 7")]
pub(super) struct Args {
    /// The number of what had been held back and was applied
    #[arg(value_name = "NUMBER")]
    number: Option<i64>,
    #[command(flatten)]
    whose: Whose,
    /// Deletions that were noticed since then
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// And not later than this [default: now]
    #[arg(long, value_name = "TIME", requires = "since")]
    until: Option<When>,
    /// Only those of this chat, by its id, @name or whole title
    #[arg(long, value_name = "CHAT", requires = "since", allow_negative_numbers = true)]
    chat: Option<String>,
    /// List what had been held back and was applied: it may be taken back by its number
    #[arg(long, conflicts_with = "dry_run")]
    list: bool,
    /// Say what would come back, and bring back nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    if args.list {
        return list(args, context).await;
    }
    let undone = undo(args, context).await?;
    if context.is_json() {
        return context.output.json(&undone);
    }
    let rows: Vec<Vec<Cell>> = undone
        .chats
        .iter()
        .map(|it| vec![it.chat.to_string().into(), plain(&it.title).into(), it.messages.to_string().into()])
        .collect();
    if !rows.is_empty() {
        context.output.table(&["chat", "title", "messages"], rows)?;
    }
    let would = if args.dry_run { "would be: " } else { "" };
    context.output.note(format!("{would}{undone}"));
    Ok(())
}

async fn list(args: &Args, context: &Context) -> anyhow::Result<()> {
    let applied = match Elsewhere::find(context).await? {
        Some(elsewhere) => elsewhere.applied(args.whose.account.as_ref()).await?,
        None => {
            let store = super::open(context).await?;
            named::check_account(&store, args.whose.account.as_ref()).await?;
            applied_operations(&store, &args.whose.account(), i64::MAX, usize::MAX).await?
        }
    };
    if context.is_json() {
        return context.output.json(&applied);
    }
    if applied.is_empty() {
        context.output.note("nothing that had been held back was applied");
        return Ok(());
    }
    let row = |it: &AppliedOperation| -> Vec<Cell> {
        let what = match it.kind {
            BlockedKind::Edit => "edit",
            BlockedKind::Deletion => "deletion",
        };
        vec![
            it.number.to_string().into(),
            it.chat.to_string().into(),
            plain(&it.title).into(),
            what.into(),
            it.messages.to_string().into(),
            context.local(it.at).into(),
        ]
    };
    let rows = applied.iter().map(row).collect();
    context.output.table(&["number", "chat", "title", "what", "messages", "applied"], rows)
}

async fn undo(args: &Args, context: &Context) -> anyhow::Result<Undone> {
    let (now, zone) = (context.now(), &context.zone);
    let moment = |when: When| when.moment(now, zone);
    let (from, to) = (args.since.map(moment), args.until.map(moment));
    let ask = async |client: &Client, chat: Option<PeerId>| {
        let body = json!({
            "account": args.whose.account, "from": from, "to": to, "chat": chat, "number": args.number,
            "dry_run": args.dry_run,
        });
        let answer = client.post(&["archive", "undo"], &body).await;
        answer.map_err(|error| if args.number.is_some() { in_our_words(error) } else { error })
    };
    if let Some(elsewhere) = Elsewhere::find(context).await? {
        let chat = match &args.chat {
            Some(name) => Some(named::id_elsewhere(&elsewhere, args.whose.account.as_ref(), name).await?),
            None => None,
        };
        return ask(elsewhere.client(), chat).await;
    }
    let store = super::open(context).await?;
    named::check_account(&store, args.whose.account.as_ref()).await?;
    let chat = match &args.chat {
        Some(name) => Some(named::id(&store, Some(&args.whose.account()), name).await?),
        None => None,
    };
    // The daemon shows at once what it has written itself.
    if let Some(client) = Client::find(context).await? {
        return ask(&client, chat).await;
    }
    let which = match (args.number, from) {
        (Some(number), _) => UndoWhich::Applied { number },
        (None, from) => {
            let from = from.unwrap_or(now);
            UndoWhich::Between { from, to: to.unwrap_or(Timestamp::MAX), chat }
        }
    };
    let undo = Undo { account: args.whose.account(), which, is_rehearsal: args.dry_run };
    undo.run(&store, &context.clock).await.map_err(|error| {
        let fix = if matches!(error, UndoError::Nothing { .. }) { EARLIER } else { SINCE };
        Failure::new(Exit::Failed, error.to_string()).fix(fix).into()
    })
}

/// The daemon names the fields of its own API.
pub(super) fn in_our_words(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) if failure.way_out().is_some_and(|fix| fix.contains("`from`")) => {
            failure.fix(SINCE).into()
        }
        Ok(failure) => failure.into(),
        Err(error) => error,
    }
}
