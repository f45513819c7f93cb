use serde_json::json;

use super::Whose;
use crate::{
    cli::{Context, client::Client, show::plain},
    music::profile::ChoiceView,
};

/// Take this recording of a song instead, for good
///
/// Candidates are listed by `tapedeck music explain`; with --backend, any id that the backend knows will do, such as
/// that of a video for spotdl. `tapedeck music choices undo` takes it back.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck music use 'Blue Monday' dQw4w9WgXcQ
  tapedeck music use 3 'New Order/Blue Monday.flac' --backend files")]
pub(in crate::cli) struct Args {
    /// Its place in the list, the key of its track, or a part of its name
    song: String,
    /// The recording's id or address
    candidate: String,
    /// Whose recording it is [default: whoever has found it]
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    #[command(flatten)]
    whose: Whose,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let wish = json!({
        "song": args.song, "candidate": args.candidate, "backend": args.backend, "account": args.whose.account,
    });
    let choice: ChoiceView = client.post(&["music", "choices"], &wish).await?;
    if context.is_json() {
        return context.output.json(&choice);
    }
    let ChoiceView { title, backend, candidate, .. } = &choice;
    let recording = if candidate.title.is_empty() { &candidate.id } else { &candidate.title };
    context.output.note(format!("{}: {} of {backend} is taken instead", plain(title), plain(recording)));
    Ok(())
}
