use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Whose;
use crate::cli::{Cell, Context, Paint, client::Client, show::plain};

/// List the songs on the profile, the topmost first
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck music list
  tapedeck music list --json | jq -r '.songs[].title'")]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, Serialize, Deserialize)]
struct Profile {
    account: String,
    seen: Option<Timestamp>,
    waiting_until: Option<Timestamp>,
    songs: Vec<Song>,
    on_the_way: Vec<serde_json::Value>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Song {
    place: usize,
    is_ours: bool,
    track: Option<String>,
    title: Option<String>,
    performer: Option<String>,
    seconds: u32,
    backend: Option<String>,
    is_placeholder: bool,
    message: Option<i32>,
    document: Option<i64>,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let profile: Profile = client.get(&["music", "profile"], &args.whose.query()).await?;
    if context.is_json() {
        return context.output.json(&profile);
    }
    match (profile.seen, profile.songs.is_empty()) {
        (None, true) => context.output.note("nobody has looked at this profile yet"),
        (Some(_), true) => context.output.note("there is no song on this profile"),
        _ => {}
    }
    if !profile.songs.is_empty() {
        let rows = profile.songs.iter().map(row).collect();
        context.output.table(&["", "title", "performer", "length", "from"], rows)?;
    }
    if let Some(until) = profile.waiting_until {
        context.output.note(format!("Telegram asked for a pause: waiting until {}", context.time(until)));
    }
    match profile.on_the_way.len() {
        0 => {}
        1 => context.output.note("1 file is on its way"),
        files => context.output.note(format!("{files} files are on their way")),
    }
    Ok(())
}

fn row(song: &Song) -> Vec<Cell> {
    let from = match (&song.backend, song.is_placeholder) {
        _ if !song.is_ours => Cell::painted(Paint::Faint, "somebody else"),
        (Some(backend), true) => Cell::painted(Paint::Busy, format!("{backend}, silence")),
        (backend, _) => backend.clone().unwrap_or_default().into(),
    };
    vec![
        song.place.to_string().into(),
        plain(song.title.as_deref().unwrap_or_default()).into(),
        plain(song.performer.as_deref().unwrap_or_default()).into(),
        format!("{}:{:02}", song.seconds / 60, song.seconds % 60).into(),
        from,
    ]
}
