use serde_json::Value;

use super::Whose;
use crate::cli::{Context, client::Client, show::plain};

/// Say all that is known of a song: plays, files, what each backend answered
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
    for attempt in known["attempts"]["attempts"].as_array().into_iter().flatten() {
        let candidates = attempt["candidates"].as_array().map_or(0, Vec::len);
        let outcome = &attempt["outcome"];
        let reason = outcome["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
        lines.push(format!(
            "{}: {}{reason}, {candidates} candidates",
            text(&attempt["backend"]),
            text(&outcome["is"])
        ));
        for candidate in attempt["candidates"].as_array().into_iter().flatten().take(5) {
            lines.push(format!("  {:>5} {}", text(&candidate["score"]), text(&candidate["title"])));
        }
    }
    lines
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
                "candidates": [{ "score": 87.5, "title": "Song (live)" }],
            }] },
        });
        assert_eq!(
            lines(&known),
            [
                "title: Song",
                "track: spotify:1",
                "file from zero, silence: 900 bytes, on the profile: on",
                "spotdl: failed: no yt-dlp, 1 candidates",
                "   87.5 Song (live)",
            ]
        );
    }
}
