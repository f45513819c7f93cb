use crate::{
    archive::{ChatKey, ChatOrder, ChatsPage, StoredChat},
    cli::{Cell, Context, Paint, show::plain},
    model::{AccountName, shown_bytes},
};

const PAGE: usize = 200;

/// List the chats that were archived, those with the newest messages first
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive chats
  tapedeck archive chats --title tapes --account work
  tapedeck archive chats --json | jq -r '.[].chat.title'")]
pub(in crate::cli) struct Args {
    /// Only this account's [default: all]
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
    /// Only chats with this in their title or username
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Sort by title
    #[arg(long)]
    by_title: bool,
    /// How many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = super::at_least_one())]
    limit: usize,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let store = super::open(context).await?;
    super::named::check_account(&store, args.account.as_ref()).await?;
    let mut page = ChatsPage {
        account: args.account.clone(),
        title: args.title.clone(),
        order: if args.by_title { ChatOrder::Title } else { ChatOrder::Activity },
        after: None,
        limit: 0,
    };
    let mut chats: Vec<StoredChat> = Vec::new();
    while chats.len() < args.limit {
        page.limit = PAGE.min(args.limit - chats.len());
        let found = store.chats(page.clone()).await?;
        let is_last = found.len() < page.limit;
        chats.extend(found);
        page.after = chats.last().map(|last| ChatKey { account: last.account.clone(), chat: last.chat.id });
        if is_last {
            break;
        }
    }
    if context.is_json() {
        return context.output.json(&chats);
    }
    if chats.is_empty() {
        context.output.note("no chat fits");
        return Ok(());
    }
    let rows = chats.iter().map(|chat| row(chat, context)).collect();
    context
        .output
        .table(&["account", "chat", "title", "messages", "deleted", "files", "held", "newest"], rows)
}

fn row(stored: &StoredChat, context: &Context) -> Vec<Cell> {
    let figures = &stored.figures;
    let title = if stored.chat.title.is_empty() {
        Cell::painted(Paint::Faint, "unknown")
    } else {
        plain(&stored.chat.title).into()
    };
    vec![
        stored.account.to_string().into(),
        stored.chat.id.to_string().into(),
        title,
        figures.messages.to_string().into(),
        figures.deleted.to_string().into(),
        figures.files.to_string().into(),
        shown_bytes(figures.file_bytes).into(),
        figures.last_date.map(|at| context.local(at)).unwrap_or_default().into(),
    ]
}
