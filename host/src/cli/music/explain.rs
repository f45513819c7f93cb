use serde_json::Value;

use super::Whose;
use crate::cli::{Context, client::Client, show::plain};

/// Say all that is known of a song: plays, files, every candidate with its score
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck music explain 1
  tapedeck music explain 'Blue Monday' --json")]
pub(in crate::cli) struct Args {
    /// Its place in the list, the key of its track, or a part of its name
    song: String,
    #[command(flatten)]
    whose: Whose,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let mut query = args.whose.query();
    query.push(("song", args.song.clone()));
    let known: Value = client.get(&["music", "profile", "explain"], &query).await?;
    if context.is_json() {
        return context.output.json(&known);
    }
    let output = &context.output;
    for line in lines(&known) {
        output.line(plain(&line))?;
    }
    Ok(())
}

fn lines(known: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
    for (key, label) in [
        ("title", "title"),
        ("track", "track"),
        ("played", "played"),
        ("removed", "removed by somebody"),
        ("next_try", "no file, tried again after"),
        ("next_better", "no better file, tried again after"),
    ] {
        if !known[key].is_null() {
            lines.push(format!("{label}: {}", text(&known[key])));
        }
    }
    for song in known["songs"].as_array().into_iter().flatten() {
        let silence = if song["is_placeholder"] == true { ", silence" } else { "" };
        let (backend, bytes) = (text(&song["backend"]), text(&song["bytes"]));
        lines.push(format!(
            "file from {backend}{silence}: {bytes} bytes, on the profile: {}",
            text(&song["place"])
        ));
    }
    if !known["choice"].is_null() {
        let choice = &known["choice"];
        lines.push(format!(
            "chosen by hand: {} of {}",
            text(&choice["candidate"]["id"]),
            text(&choice["backend"])
        ));
    }
    for attempt in known["attempts"]["attempts"].as_array().into_iter().flatten() {
        let candidates = attempt["candidates"].as_array().map_or(0, Vec::len);
        let outcome = &attempt["outcome"];
        let reason = outcome["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
        let until = outcome["until"].as_str().map(|until| format!(", not asked again before {until}"));
        let far = attempt["progress"]["percent"].as_u64().map(|percent| format!(" ({percent} %)"));
        let candidates =
            if candidates == 1 { "1 candidate".to_owned() } else { format!("{candidates} candidates") };
        lines.push(format!(
            "{}: {}{}{reason}{}, {candidates}",
            text(&attempt["backend"]),
            text(&outcome["is"]),
            far.unwrap_or_default(),
            until.unwrap_or_default(),
        ));
        lines.extend(attempt["candidates"].as_array().into_iter().flatten().map(candidate));
        for over in attempt["passed_over"].as_array().into_iter().flatten() {
            lines.push(format!(
                "   over {} [{}]: {}",
                text(&over["title"]),
                text(&over["id"]),
                text(&over["why"])
            ));
        }
    }
    lines
}

/// `>  91.5 Title - Artist, 3:35 [id]: why not`
fn candidate(it: &Value) -> String {
    let mark = if it["is_taken"] == true || it["is_chosen"] == true { '>' } else { ' ' };
    let artists: Vec<&str> =
        it["artists"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let artists = if artists.is_empty() { String::new() } else { format!(" - {}", artists.join(", ")) };
    let length = it["duration_ms"].as_u64().map(|ms| format!(", {}:{:02}", ms / 60_000, ms / 1000 % 60));
    let why_not = it["why_not"].as_str().map(|why| format!(": {why}")).unwrap_or_default();
    let (title, id) = (it["title"].as_str().unwrap_or_default(), it["id"].as_str().unwrap_or_default());
    let score = it["score"].as_f64().unwrap_or_default();
    format!("{mark} {score:>5.1} {title}{artists}{} [{id}]{why_not}", length.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_tell_what_backends_answered() {
        let known = json!({
            "track": "spotify:1", "title": "Song", "removed": null,
            "songs": [{ "backend": "zero", "is_placeholder": true, "bytes": 900, "place": "on" }],
            "attempts": { "attempts": [{
                "backend": "spotdl", "outcome": { "is": "failed", "reason": "no yt-dlp" },
                "candidates": [
                    { "score": 91.25, "title": "Song", "artists": ["A"], "id": "x", "duration_ms": 215_900, "is_taken": true },
                    { "score": 87.5, "title": "Song (live)", "id": "y", "why_not": "another one scored higher: 91" },
                ],
                "passed_over": [{ "id": "z", "title": "Song (karaoke)", "why": "another version" }],
            }, {
                "backend": "files", "outcome": { "is": "fetching", "candidate": "Song" }, "progress": { "percent": 42 },
            }] },
            "choice": { "backend": "spotdl", "candidate": { "id": "x" } },
        });
        assert_eq!(
            lines(&known),
            [
                "title: Song",
                "track: spotify:1",
                "file from zero, silence: 900 bytes, on the profile: on",
                "chosen by hand: x of spotdl",
                "spotdl: failed: no yt-dlp, 2 candidates",
                ">  91.2 Song - A, 3:35 [x]",
                "   87.5 Song (live) [y]: another one scored higher: 91",
                "   over Song (karaoke) [z]: another version",
                "files: fetching (42 %), 0 candidates",
            ]
        );
    }
}
