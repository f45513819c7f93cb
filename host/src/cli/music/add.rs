use std::path::PathBuf;

use super::{Asked, Whose};
use crate::cli::{Context, Exit, Failure, client::Client};

/// Put a file of your own on the profile, on top
///
/// It stays until you remove it. Title and artist come from the file's tags, or from its name, such
/// as `Artist - Title.mp3`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Example:
  tapedeck music add 'New Order - Blue Monday.mp3'")]
pub(in crate::cli) struct Args {
    /// A recording
    file: PathBuf,
    #[command(flatten)]
    whose: Whose,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let bytes = std::fs::read(&args.file).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot read {}", args.file.display())).caused_by(error)
    })?;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let client = Client::need(context).await?;
    let mut query = args.whose.query();
    query.push(("name", name));
    let asked: Asked = client.post_bytes(&["music", "profile", "songs"], &query, bytes).await?;
    asked.tell("is added", context)
}
