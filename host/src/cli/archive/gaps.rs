use super::{Whose, certificate, open};
use crate::{
    capture::{ChatGaps, chats_with_gaps},
    cli::{Cell, Context, show::plain},
    model::{AccountName, counted},
};

/// List the stretches of a chat that nobody has read, or all chats that have any
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive gaps
  tapedeck archive gaps @some_channel
  tapedeck archive gaps -1001234567890 --json")]
pub(super) struct Args {
    /// The chat's id, @name or whole title [default: all chats that have gaps]
    #[arg(allow_negative_numbers = true)]
    chat: Option<String>,
    /// Whose archive [default: the account main, or all accounts when no chat is named]
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let Some(chat) = &args.chat else { return all(args.account.clone(), context).await };
    let whose = Whose { account: args.account.clone() };
    let certificate = certificate::of(chat, &whose, context).await?;
    if context.is_json() {
        return context.output.json(&certificate.gaps);
    }
    for gap in &certificate.gaps {
        context.output.line(format!("{} to {}", gap.first, gap.last))?;
    }
    context.output.note(format!("{} % of the message numbers were read whole", certificate.percent()));
    Ok(())
}

async fn all(account: Option<AccountName>, context: &Context) -> anyhow::Result<()> {
    let store = open(context).await?;
    super::named::check_account(&store, account.as_ref()).await?;
    let (found, seen) = chats_with_gaps(&store, account).await?;
    if context.is_json() {
        return context.output.json(&found);
    }
    let row = |it: &ChatGaps| -> Vec<Cell> {
        vec![
            it.account.to_string().into(),
            it.chat.to_string().into(),
            plain(&it.title).into(),
            it.gaps.len().to_string().into(),
            it.ids.to_string().into(),
            it.percent().to_string().into(),
        ]
    };
    if !found.is_empty() {
        context
            .output
            .table(&["account", "chat", "title", "gaps", "ids", "% read"], found.iter().map(row).collect())?;
    }
    let with_gaps = counted(found.len() as u64, "chat");
    let verb = if found.len() == 1 { "has" } else { "have" };
    context.output.note(format!("{with_gaps} of {seen} {verb} gaps"));
    Ok(())
}
