use serde_json::json;

use super::{Asked, Whose};
use crate::cli::{Context, client::Client};

/// Take everything off the profile that Tapedeck has ever put there
///
/// Their messages in Saved Messages are deleted too. What you put there yourself stays.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Example:
  tapedeck music clean")]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    whose: Whose,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let wish = json!({ "account": args.whose.account });
    let asked: Asked = client.post(&["music", "profile", "clean"], &wish).await?;
    let what = match asked.songs {
        Some(0) => "there is none of ours".to_owned(),
        Some(1) => "1 is taken off".to_owned(),
        songs => format!("{} are taken off", songs.unwrap_or_default()),
    };
    asked.tell(&what, context)
}
