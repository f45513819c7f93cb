use serde::{Deserialize, Serialize};

use crate::{
    cli::{Cell, Context, Paint, client::Client, show::plain, when::When},
    model::{EndedHow, PlayId, PlayView},
};

/// As many as the daemon gives at once.
const PAGE: usize = 1000;

/// List what was played, newest first
///
/// Times are such as 2026-05-01, 2026-05-01T18:30 (in your zone), or 3h and 7d for so long ago.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck music history
  tapedeck music history --since 7d --search 'new order'
  tapedeck music history --limit 100000 --json | jq -r '.plays[].track.title'")]
pub(in crate::cli) struct Args {
    /// Only what began at this time or later
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    /// Only what began before this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// Only songs with these words in title, artists or album
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// Only this song, by the key that --json shows
    #[arg(long, value_name = "KEY")]
    song: Option<String>,
    /// Only what was played before this play: the `next` of --json
    #[arg(long, value_name = "ID")]
    before: Option<PlayId>,
    /// How many, at least 1
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct History {
    plays: Vec<PlayView>,
    next: Option<PlayId>,
    total: usize,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let mut history = History { next: args.before, ..History::default() };
    loop {
        let query = query(args, &history, context);
        let page: History = client.get(&["music", "history"], &query).await?;
        history.plays.extend(page.plays);
        (history.next, history.total) = (page.next, page.total);
        if history.next.is_none() || history.plays.len() >= args.limit as usize {
            break;
        }
    }
    if context.is_json() {
        return context.output.json(&history);
    }
    if history.plays.is_empty() {
        context.output.note(if history.total == 0 { "nothing was played yet" } else { "no play fits" });
        return Ok(());
    }
    let rows = history.plays.iter().map(|play| row(play, context)).collect();
    context.output.table(&["began", "title", "artists", "listened", "ended", "from"], rows)?;
    if let Some(next) = history.next {
        context.output.note(format!("there are older ones: --before {next}, or a larger --limit"));
    }
    Ok(())
}

fn query(args: &Args, history: &History, context: &Context) -> Vec<(&'static str, String)> {
    let moment = |when: When| when.moment(context.now(), &context.zone).to_string();
    let left = (args.limit as usize).saturating_sub(history.plays.len()).clamp(1, PAGE);
    let wanted = [
        ("since", args.since.map(moment)),
        ("until", args.until.map(moment)),
        ("search", args.search.clone()),
        ("song", args.song.clone()),
        ("before", history.next.map(|id| id.to_string())),
        ("limit", Some(left.to_string())),
    ];
    wanted.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn row(play: &PlayView, context: &Context) -> Vec<Cell> {
    let source = play.sources.first().map(|said| match &said.client {
        Some(client) => format!("{} ({})", said.source, plain(client)),
        None => said.source.to_string(),
    });
    let ended = match end(play) {
        "plays" => Cell::painted(Paint::Busy, "plays"),
        faint @ ("skipped" | "unknown") => Cell::painted(Paint::Faint, faint),
        plain => plain.into(),
    };
    vec![
        context.local(play.started).into(),
        plain(&play.track.title).into(),
        plain(&play.track.artists.join(", ")).into(),
        clock(play.listened_ms).into(),
        ended,
        source.unwrap_or_default().into(),
    ]
}

/// Of what somebody tells afterwards, nobody knows when it ended, and that it did.
fn end(play: &PlayView) -> &'static str {
    match (play.ended, play.ended_how) {
        (None, None) => "plays",
        (_, Some(EndedHow::Finished)) => "finished",
        (_, Some(EndedHow::Skipped)) => "skipped",
        (_, Some(EndedHow::Stopped)) => "stopped",
        (_, Some(EndedHow::Unknown)) | (Some(_), None) => "unknown",
    }
}

/// `3:07`
fn clock(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1000 % 60)
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command};
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_has_no_end_plays() {
        let ends = |ended: Option<&str>, how: Option<&str>| {
            let play = json!({
                "id": "019b7c0c-0000-7000-8000-000000000000", "key": "text:a|b|", "track": { "title": "b", "artists": ["a"] },
                "started": "2026-01-01T12:00:00Z", "ended": ended, "ended_how": how, "listened_ms": 0, "sources": [],
            });
            end(&serde_json::from_value(play).unwrap())
        };
        assert_eq!(ends(None, None), "plays");
        assert_eq!(ends(None, Some("unknown")), "unknown", "a scrobbler told of it");
        assert_eq!(ends(Some("2026-01-01T12:03:00Z"), Some("finished")), "finished");
    }

    #[test]
    fn no_plays_cannot_be_asked_for() {
        let read = |limit: &str| {
            Args::augment_args(Command::new("history")).try_get_matches_from(["history", "--limit", limit])
        };
        assert!(read("1").is_ok() && read("0").is_err());
    }
}
