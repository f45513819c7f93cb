use jiff::Timestamp;
use serde_json::json;

use super::Whose;
use crate::{
    capture::{Undo, UndoWhich, Undone},
    cli::{Cell, Context, Exit, Failure, client::Client, show::plain, when::When},
    model::PeerId,
};

/// Take deletions back: those of a time, or of a number of `archive blocked list`
///
/// Messages that were marked as deleted by the listener or a recheck are there again, and stay, whatever Telegram says of them
/// later. With `capture.deletions = "hard"` that works as long as `capture.undo_window` has not passed. Times are such as
/// 2026-05-01, 2026-05-01T18:30 (in your zone), or 3h and 7d for so long ago.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive undo --since 2h --dry-run
  tapedeck archive undo --since 2026-05-01T18:30 --until 2026-05-01T19:00 --chat -1001234567890
  tapedeck archive undo 7")]
pub(super) struct Args {
    /// The number of what had been held back and was applied
    #[arg(value_name = "NUMBER", required_unless_present = "since")]
    number: Option<i64>,
    #[command(flatten)]
    whose: Whose,
    /// Deletions that were noticed since then
    #[arg(long, value_name = "TIME", conflicts_with = "number")]
    since: Option<When>,
    /// And not later than this [default: now]
    #[arg(long, value_name = "TIME", requires = "since")]
    until: Option<When>,
    /// Only those of this chat, by its id
    #[arg(long, value_name = "ID", requires = "since", allow_hyphen_values = true)]
    chat: Option<PeerId>,
    /// Say what would come back, and bring back nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
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

async fn undo(args: &Args, context: &Context) -> anyhow::Result<Undone> {
    let (now, zone) = (context.now(), &context.zone);
    let moment = |when: When| when.moment(now, zone);
    let (from, to) = (args.since.map(moment), args.until.map(moment));
    let store = super::open(context).await?;
    // The daemon shows at once what it has written itself.
    if let Some(client) = Client::find(context).await? {
        let body = json!({
            "account": args.whose.account, "from": from, "to": to, "chat": args.chat, "number": args.number,
            "dry_run": args.dry_run,
        });
        return client.post(&["archive", "undo"], &body).await;
    }
    let which = match (args.number, from) {
        (Some(number), _) => UndoWhich::Applied { number },
        (None, from) => {
            let from = from.unwrap_or(now);
            UndoWhich::Between { from, to: to.unwrap_or(Timestamp::MAX), chat: args.chat }
        }
    };
    let undo = Undo { account: args.whose.account(), which, is_rehearsal: args.dry_run };
    undo.run(&store, &context.clock)
        .await
        .map_err(|error| Failure::new(Exit::Failed, error.to_string()).fix("give --since TIME").into())
}
