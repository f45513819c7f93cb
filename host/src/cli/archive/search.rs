use super::{line, named, names::Names};
use crate::{
    archive::{Found, SearchPage, SearchQuery},
    cli::{Cell, Context, export::word, when::When},
    model::{AccountName, MediaKind, PeerId},
};

const PAGE: usize = 100;

/// Find messages by words, the newest first
///
/// All words must be there, in any script, in full or in part; "in quotes", in this order.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive search tape
  tapedeck archive search '\"new order\" live' --chat @some_channel
  tapedeck archive search tape --from 2026-05-01 --to 2026-06-01 --media photo
  tapedeck archive search '#cassettes' --link --json | jq -r '.found[].stored.message.text'")]
pub(in crate::cli) struct Args {
    /// What to look for
    #[arg(value_name = "WORDS", required = true, num_args = 1..)]
    words: Vec<String>,
    /// Only this account's [default: all]
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
    /// Only in this chat, by its id, @name or whole title
    #[arg(long, value_name = "CHAT", allow_negative_numbers = true)]
    chat: Option<String>,
    /// Only from this sender, by their id
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    sender: Option<i64>,
    /// Only from this moment on: a date, a time, or how long ago, as in 30d
    #[arg(long, value_name = "WHEN")]
    from: Option<When>,
    /// Only before this moment
    #[arg(long, value_name = "WHEN")]
    to: Option<When>,
    /// Only with media of this kind: photo, video, voice, document …
    #[arg(long, value_name = "KIND", value_parser = word::<MediaKind>)]
    media: Option<MediaKind>,
    /// Only with a link
    #[arg(long)]
    link: bool,
    /// Goes on from here: the `next` of --json
    #[arg(long, value_name = "PLACE", allow_negative_numbers = true)]
    before: Option<i64>,
    /// How many
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = super::at_least_one())]
    limit: usize,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let store = super::open(context).await?;
    named::check_account(&store, args.account.as_ref()).await?;
    let moment = |when: Option<When>| when.map(|when| when.moment(context.now(), &context.zone));
    let chat = match &args.chat {
        Some(name) => Some(named::id(&store, args.account.as_ref(), name).await?),
        None => None,
    };
    let mut query = SearchQuery {
        text: args.words.join(" "),
        account: args.account.clone(),
        chat,
        sender: args.sender.map(PeerId),
        from: moment(args.from),
        to: moment(args.to),
        media: args.media,
        has_link: args.link,
        before: args.before,
        ..SearchQuery::default()
    };
    let mut all = SearchPage::default();
    loop {
        query.limit = PAGE.min(args.limit - all.found.len());
        let page = store.search(query.clone()).await?;
        all.found.extend(page.found);
        all.next = page.next;
        query.before = page.next;
        if page.next.is_none() || all.found.len() >= args.limit {
            break;
        }
    }
    if context.is_json() {
        return context.output.json(&all);
    }
    let waiting = store.figures().await?.unindexed;
    if waiting > 0 {
        context.output.note(format!("{waiting} messages wait to be indexed and cannot be found yet"));
    }
    if all.found.is_empty() {
        context.output.note("no message fits");
        return Ok(());
    }
    let names = Names::of(&store, all.found.iter().map(|found| (&found.account, &found.stored))).await?;
    let rows = all.found.iter().map(|found| row(found, &names, context)).collect();
    context.output.table(&["chat", "id", "date", "from", "message"], rows)?;
    if let Some(next) = all.next {
        context.output.note(format!("there may be older ones: --before {next}, or a larger --limit"));
    }
    Ok(())
}

fn row(found: &Found, names: &Names, context: &Context) -> Vec<Cell> {
    let message = &found.stored.message;
    vec![
        message.chat.to_string().into(),
        message.id.to_string().into(),
        context.local(message.date).into(),
        names.sender(&found.account, &found.stored).into(),
        line(&found.stored).into(),
    ]
}
