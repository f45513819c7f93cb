use std::fs;

use anyhow::Context as _;
use serde_json::json;

use super::Args;
use crate::{
    cli::{Cell, Context, Exit, Failure, plugins::bench::Bench},
    model::{Candidate, Track},
    plugin_host::CallTerms,
};

/// What a recording may be at most.
const MOST_BYTES: u64 = 512 << 20;

pub(super) async fn call(args: &Args, bench: &Bench, context: &Context) -> anyhow::Result<()> {
    let Some(text) = &args.track else {
        let failure = Failure::usage("there is no track to look for");
        return Err(failure.fix("give it --track '{\"title\": \"…\", \"artists\": [\"…\"]}'").into());
    };
    let track: Track =
        serde_json::from_str(text).map_err(|error| Failure::usage("--track is no track").caused_by(error))?;
    let backend = bench.plugins.backend(&bench.name);
    let candidates = backend.find(&track, &CallTerms::default()).await?;
    let Some(file) = &args.output else { return list(&candidates, context) };
    let best = candidates.first().ok_or_else(|| Failure::new(Exit::Failed, "it finds no such track"))?;
    let written = fs::File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    let recording = backend.fetch(&track, best, Box::new(written), MOST_BYTES, &CallTerms::default()).await?;
    if context.is_json() {
        return context.output.json(&json!({
            "candidate": best,
            "file": file,
            "bytes": recording.bytes,
            "mime": recording.mime,
            "extension": recording.extension,
            "duration_ms": recording.duration.map(|duration| duration.as_millis()),
            "bitrate": recording.bitrate,
        }));
    }
    context.output.note(format!("wrote {}: {} bytes, {}", file.display(), recording.bytes, recording.mime));
    Ok(())
}

fn list(candidates: &[Candidate], context: &Context) -> anyhow::Result<()> {
    if context.is_json() {
        return context.output.json(candidates);
    }
    if candidates.is_empty() {
        context.output.note("it finds no such track");
        return Ok(());
    }
    let rows = candidates.iter().map(|it| {
        let duration = it.duration.map(|duration| format!("{} s", duration.as_secs())).unwrap_or_default();
        let cells = [it.score.to_string(), it.title.clone(), it.artists.join(", "), duration, it.url.clone()];
        cells.map(Cell::from).into()
    });
    context.output.table(&["score", "title", "artists", "length", "address"], rows.collect())
}
