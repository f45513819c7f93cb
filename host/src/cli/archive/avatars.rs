use serde_json::json;

use super::Whose;
use crate::{
    app,
    archive::{AvatarRecord, AvatarsPage, media::avatar_link},
    cli::{Cell, Context},
    model::{PeerId, shown_bytes},
};

const PAGE: usize = 500;

/// List the small pictures of chats and people that are kept, earlier ones too
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive avatars
  tapedeck archive avatars 777000 --json")]
pub(super) struct Args {
    /// Only those of this chat or person, by its id
    #[arg(allow_hyphen_values = true)]
    peer: Option<PeerId>,
    #[command(flatten)]
    whose: Whose,
    /// How many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = super::at_least_one())]
    limit: usize,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let store = super::open(context).await?;
    super::named::check_account(&store, args.whose.account.as_ref()).await?;
    let account = args.whose.account();
    let mut page = AvatarsPage { account, peer: args.peer, after: None, limit: 0 };
    let mut all: Vec<(PeerId, AvatarRecord)> = Vec::new();
    while all.len() < args.limit {
        page.limit = PAGE.min(args.limit - all.len());
        let found = store.avatars(page.clone()).await?;
        let is_last = found.len() < page.limit;
        all.extend(found);
        page.after = all.last().map(|(peer, record)| (*peer, record.photo));
        if is_last {
            break;
        }
    }
    if context.is_json() {
        let all: Vec<_> = all.iter().map(|(peer, it)| json!({ "peer": peer, "picture": it })).collect();
        return context.output.json(&all);
    }
    if all.is_empty() {
        context
            .output
            .note("no picture is kept: `capture.media.avatars` and a job of the kind \"avatars\" fetch them");
        return Ok(());
    }
    let media = app::media(&context.config()?).store().await?;
    let mut rows = Vec::with_capacity(all.len());
    for (peer, record) in all {
        let size = media.size(record.hash).await?.map_or_else(|| "missing".to_owned(), shown_bytes);
        let link = avatar_link(peer, record.photo, &record.extension);
        let row: Vec<Cell> =
            vec![peer.to_string().into(), record.photo.to_string().into(), size.into(), link.into()];
        rows.push(row);
    }
    context.output.table(&["whose", "picture", "size", "name"], rows)
}
