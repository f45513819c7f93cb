use std::fs;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Args;
use crate::{
    cli::{Cell, Context, Exit, Failure, plugins::bench::Bench},
    model::{Candidate, Track},
    plugin_host::CallTerms,
};

/// What a recording may be at most.
const MOST_BYTES: u64 = 512 << 20;

const AS_IT_SHOULD_BE: &str = "give it --track '{\"title\": \"…\", \"artists\": [\"…\"]}'";

/// A track as somebody writes it: what is left out is not known, and nothing else may stand there.
pub(super) fn track(text: &str) -> anyhow::Result<Track> {
    let no_track = || Failure::usage("--track is no track").fix(AS_IT_SHOULD_BE);
    let value: Value = serde_json::from_str(text).map_err(|error| no_track().caused_by(error))?;
    let Value::Object(given) = &value else {
        return Err(no_track().caused_by(anyhow::anyhow!("it has to be an object, {{…}}")).into());
    };
    let known = serde_json::to_value(Track::default()).context("a track has a JSON form")?;
    let unknown: Vec<_> = given.keys().filter(|key| known.get(key.as_str()).is_none()).cloned().collect();
    if !unknown.is_empty() {
        let known: Vec<_> = known.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let text = format!("no such keys: {}; a track may have {}", unknown.join(", "), known.join(", "));
        return Err(no_track().caused_by(anyhow::anyhow!(text)).into());
    }
    Ok(serde_json::from_value(value).map_err(|error| no_track().caused_by(error))?)
}

pub(super) async fn call(
    args: &Args,
    track: Option<Track>,
    bench: &Bench,
    context: &Context,
) -> anyhow::Result<()> {
    let Some(track) = track else {
        return Err(Failure::usage("there is no track to look for").fix(AS_IT_SHOULD_BE).into());
    };
    let backend = bench.plugins.backend(&bench.name);
    let terms = CallTerms { cancel: bench.stop.clone(), ..CallTerms::default() };
    let candidates = backend.find(&track, &terms).await?;
    let Some(file) = &args.output else { return list(&candidates, context) };
    let best = candidates.first().ok_or_else(|| Failure::new(Exit::Failed, "it finds no such track"))?;
    let written = fs::File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    let recording = backend.fetch(&track, best, Box::new(written), MOST_BYTES, &terms).await?;
    if context.is_json() {
        return context.output.json(&json!({
            "candidate": best,
            "file": file.display().to_string(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_track_is_refused_by_name() {
        assert_eq!(track(r#"{"title": "Blue", "artists": ["Joni"]}"#).unwrap().artists, ["Joni"]);
        for (text, told) in [
            ("[]", "it has to be an object"),
            ("\"Blue\"", "it has to be an object"),
            (
                r#"{"title": "Blue", "duration_ms": -1, "singer": "Joni"}"#,
                "no such keys: duration_ms, singer;",
            ),
            (r#"{"title": 7}"#, "invalid type"),
            ("{", "EOF"),
        ] {
            let error = track(text).unwrap_err();
            let chain = format!("{error:#}");
            assert!(chain.starts_with("--track is no track: ") && chain.contains(told), "{text}: {chain}");
        }
    }
}
