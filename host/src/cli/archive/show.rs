use serde_json::json;

use super::{Whose, line, names::Names};
use crate::{
    archive::{Around, ChatKey, MessagePage, SharedStore, Stored},
    cli::{Cell, Context, Exit, Failure, Paint},
    model::MessageId,
};

/// Show the newest messages of a chat, or all about one message
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive show -1001234567890
  tapedeck archive show @some_channel --before 5000 --limit 200
  tapedeck archive show 777000 41 --json")]
pub(in crate::cli) struct Args {
    /// The chat's id, @name or whole title
    #[arg(value_name = "CHAT", allow_negative_numbers = true)]
    chat: String,
    /// The id of a message
    #[arg(value_name = "ID", conflicts_with = "before")]
    id: Option<i32>,
    #[command(flatten)]
    whose: Whose,
    /// Only messages before this one
    #[arg(long, value_name = "ID")]
    before: Option<i32>,
    /// How many
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = super::at_least_one())]
    limit: usize,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let store = super::open(context).await?;
    let account = args.whose.account();
    let stored = super::named::chat(&store, &account, &args.chat).await?;
    let key = ChatKey { account, chat: stored.chat.id };
    if let Some(id) = args.id {
        return one(&store, &key, MessageId(id), context).await;
    }
    let around = args.before.map_or(Around::End, |id| Around::Before(MessageId(id)));
    let messages = store.messages(key.clone(), MessagePage::new(around, args.limit)).await?;
    if context.is_json() {
        return context.output.json(&messages);
    }
    let names = Names::of(&store, messages.iter().map(|stored| (&key.account, stored))).await?;
    let row = |stored: &Stored| row(stored, names.sender(&key.account, stored), context);
    let rows = messages.iter().map(row).collect();
    context.output.table(&["id", "date", "from", "message"], rows)
}

async fn one(store: &SharedStore, key: &ChatKey, id: MessageId, context: &Context) -> anyhow::Result<()> {
    let found = store.by_id(key.clone(), vec![id]).await?.pop();
    let stored = found.ok_or_else(|| {
        Failure::new(Exit::Failed, format!("the message {id} of the chat {} is not in the archive", key.chat))
            .fix(format!(
                "`tapedeck archive show {} --before {}` shows those around it",
                key.chat,
                id.0.saturating_add(10)
            ))
    })?;
    let versions = store.versions(key.clone(), id).await?;
    let gone = store.gone_reactions(key.clone(), id).await?;
    let files = store.files_of(key.clone(), vec![id]).await?;
    if context.is_json() {
        let all = json!({ "stored": stored, "versions": versions, "gone_reactions": gone, "files": files });
        return context.output.json(&all);
    }
    let sender = Names::of(store, [(&key.account, &stored)]).await?.sender(&key.account, &stored);
    context.output.table(&["id", "date", "from", "message"], vec![row(&stored, sender, context)])?;
    for version in versions {
        context.output.line(format!(
            "{}: {}",
            context.local(version.since),
            crate::cli::show::plain(&version.text)
        ))?;
    }
    for gone in gone {
        context.output.line(format!(
            "{} ({}) until {}",
            gone.reaction,
            gone.count,
            context.local(gone.gone)
        ))?;
    }
    for file in files {
        context.output.line(serde_json::to_string(&file.state)?)?;
    }
    Ok(())
}

fn row(stored: &Stored, sender: String, context: &Context) -> Vec<Cell> {
    let text = line(stored);
    let text = if stored.deleted.is_some() { Cell::painted(Paint::Faint, text) } else { text.into() };
    vec![stored.message.id.to_string().into(), context.local(stored.message.date).into(), sender.into(), text]
}
