use serde_json::json;

use super::{Asked, Whose};
use crate::cli::{Context, client::Client};

/// Take a song off the profile, and delete its message
///
/// It stays away until it is played again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Example:
  tapedeck music remove 3")]
pub(in crate::cli) struct RemoveArgs {
    /// Its place in the list, the key of its track, or a part of its name
    song: String,
    #[command(flatten)]
    whose: Whose,
}

/// Move a song to the top, or below another one
///
/// It stays there until it is played again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck music move 5
  tapedeck music move 'Blue Monday' --after 2")]
pub(in crate::cli) struct MoveArgs {
    /// Its place in the list, the key of its track, or a part of its name
    song: String,
    /// The song that it should stand below
    #[arg(long, value_name = "SONG")]
    after: Option<String>,
    #[command(flatten)]
    whose: Whose,
}

pub(super) async fn remove(args: &RemoveArgs, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let wish = json!({ "song": args.song, "account": args.whose.account });
    let asked: Asked = client.post(&["music", "profile", "remove"], &wish).await?;
    asked.tell("is taken off", context)
}

pub(super) async fn move_song(args: &MoveArgs, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let wish = json!({ "song": args.song, "after": args.after, "account": args.whose.account });
    let asked: Asked = client.post(&["music", "profile", "move"], &wish).await?;
    asked.tell("is moved", context)
}
