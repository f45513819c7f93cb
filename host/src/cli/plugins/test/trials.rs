//! What each kind of plugin is asked to do.

use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::{
    report::{Trial, Verdicts},
    samples::Samples,
};
use crate::{
    cli::{Context, plugins::bench::Bench},
    clock::SharedClock,
    model::{Candidate, PluginKind, PluginName, Recording, Track},
    plugin_host::{
        CallTerms, ExportOptions, Failure, GuestFailure, Piece, PluginError, Plugins, Verdict, redact,
    },
};

/// As many as a daemon hands over at once when there are few.
const BATCH: usize = 20;
/// A recording that is longer than this is not what was asked for.
const MOST_BYTES: u64 = 256 << 20;
/// Bytes of an export that are shown.
const SHOWN: usize = 400;

/// Calls it as each of its kinds.
pub(super) async fn all(bench: &Bench, context: &Context) -> Vec<Trial> {
    let samples = Samples::load();
    let mut trials = Trials {
        plugins: bench.plugins.clone(),
        name: bench.name.clone(),
        clock: context.clock.clone(),
        stop: bench.stop.clone(),
        done: Vec::new(),
    };
    let kinds = &bench.loaded.kinds;
    for kind in kinds {
        // A filter of both kinds is called in columns, as a daemon does.
        if *kind == PluginKind::ChatFilterRecords && kinds.contains(&PluginKind::ChatFilter) {
            continue;
        }
        of_kind(*kind, &mut trials, &samples).await;
    }
    trials.done
}

struct Trials {
    plugins: Plugins,
    name: PluginName,
    clock: SharedClock,
    stop: CancellationToken,
    done: Vec<Trial>,
}

impl Trials {
    fn note(&mut self, call: impl Into<String>, since: Instant, outcome: Result<String, PluginError>) {
        let us = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let is_denied = outcome.as_ref().is_err_and(|error| {
            matches!(error.failure, Failure::Denied { .. } | Failure::Guest(GuestFailure::Denied { .. }))
        });
        let (outcome, error) = match outcome {
            Ok(outcome) => (Some(outcome), None),
            Err(error) => (None, Some(error.to_string())),
        };
        self.done.push(Trial { call: call.into(), outcome, error, is_denied, us, ..Trial::default() });
    }

    fn last(&mut self) -> &mut Trial {
        self.done.last_mut().expect("there was a call")
    }
}

async fn of_kind(kind: PluginKind, trials: &mut Trials, samples: &Samples) {
    match kind {
        PluginKind::ChatFilter | PluginKind::ChatFilterRecords => judge(trials, samples).await,
        // What an exporter asks of the host makes its thread wait, which must not be the runtime's.
        PluginKind::Exporter => tokio::task::block_in_place(|| export(trials, samples)),
        PluginKind::TrackBackend => {
            for track in &samples.tracks {
                find(trials, track).await;
            }
        }
        PluginKind::Probe => {}
    }
}

async fn judge(trials: &mut Trials, samples: &Samples) {
    let filter = trials.plugins.filter(&trials.name).cancelled_by(trials.stop.clone());
    let since = Instant::now();
    let selected = filter.selects(samples.chat.clone()).await;
    let words = selected.map(|it| if it { "takes this chat" } else { "leaves this chat alone" }.to_owned());
    trials.note("select-chat", since, words);
    for messages in samples.messages.chunks(BATCH) {
        let since = Instant::now();
        let judged = filter.judge(messages.into(), None).await;
        let verdicts = judged.as_ref().map(|decisions| {
            let mut verdicts = Verdicts { kept: messages.len() - decisions.len(), ..Verdicts::default() };
            for decision in decisions {
                let message = &messages[decision.index];
                let reason = decision.reason.clone();
                match &decision.verdict {
                    Verdict::Drop => verdicts.dropped.push((message.id, message.text.clone(), reason)),
                    Verdict::Redact(cuts) => {
                        let mut changed = message.clone();
                        redact(&mut changed, cuts);
                        verdicts.redacted.push((message.id, changed.text, reason));
                    }
                }
            }
            verdicts
        });
        let verdicts = verdicts.ok();
        let call = format!("judge {} messages", messages.len());
        trials.note(
            call,
            since,
            judged.map(|_| verdicts.as_ref().map(Verdicts::summary).unwrap_or_default()),
        );
        trials.last().verdicts = verdicts;
    }
}

fn export(trials: &mut Trials, samples: &Samples) {
    let exporter = trials.plugins.exporter(&trials.name).cancelled_by(trials.stop.clone());
    let since = Instant::now();
    let formats = match exporter.formats() {
        Ok(formats) => formats,
        Err(error) => return trials.note("formats", since, Err(error)),
    };
    let names: Vec<_> = formats.iter().map(|format| format.name.as_str()).collect();
    trials.note("formats", since, Ok(names.join(", ")));
    for format in &formats {
        let since = Instant::now();
        let written = write(trials, samples, &format.name);
        let call = format!("export {} messages as {}", samples.messages.len(), format.name);
        match written {
            Ok(pieces) => {
                let bytes = pieces.iter().flat_map(|piece| &piece.content).copied().collect::<Vec<u8>>();
                trials.note(call, since, Ok(format!("{} bytes, sha256 {}", bytes.len(), hash(&bytes))));
                let start = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]).into_owned();
                trials.last().begins = Some(start);
            }
            Err(error) => trials.note(call, since, Err(error)),
        }
    }
}

fn write(trials: &Trials, samples: &Samples, format: &str) -> Result<Vec<Piece>, PluginError> {
    let options = ExportOptions {
        format: format.into(),
        parameters: serde_json::Map::new(),
        created: trials.clock.now(),
        account: samples.people.iter().find(|person| person.is_self).cloned(),
        is_single_chat: true,
        has_facts_if_full: false,
        extra: Vec::new(),
    };
    let exporter = trials.plugins.exporter(&trials.name).cancelled_by(trials.stop.clone());
    let mut session = exporter.open(&options)?;
    let mut pieces = session.begin_chat(&samples.chat, &samples.topics)?;
    session.introduce(&samples.people)?;
    for messages in samples.messages.chunks(BATCH) {
        pieces.extend(session.push(messages, None, None)?);
    }
    pieces.extend(session.finish()?);
    Ok(pieces)
}

async fn find(trials: &mut Trials, track: &Track) {
    let backend = trials.plugins.backend(&trials.name);
    let terms = CallTerms { cancel: trials.stop.clone(), ..CallTerms::default() };
    let since = Instant::now();
    let found = backend.find(track, &terms).await;
    let first = found.as_ref().ok().and_then(|found| found.first().cloned());
    trials.note(format!("find {}", track.title), since, found.map(|found| candidates(&found)));
    let Some(candidate) = first else { return };
    let since = Instant::now();
    let kept = Kept::default();
    let fetched = backend.fetch(track, &candidate, Box::new(kept.clone()), MOST_BYTES, &terms).await;
    trials.note(format!("fetch {}", candidate.id), since, fetched.map(|it| recording(&it, &kept)));
}

fn candidates(found: &[Candidate]) -> String {
    match found {
        [] => "nothing".into(),
        [first, ..] => {
            format!("{} found, the best with {} of 100: {}", found.len(), first.score, first.title)
        }
    }
}

fn recording(recording: &Recording, kept: &Kept) -> String {
    let Recording { mime, extension, bytes, duration, picture, .. } = recording;
    let plays = duration.map_or_else(String::new, |it| format!(", plays {:.2} s", it.as_secs_f64()));
    let cover = if picture.is_some() { ", with a picture" } else { "" };
    let hash = hash(&kept.0.lock().unwrap_or_else(PoisonError::into_inner));
    format!("{bytes} bytes of {mime} (.{extension}){plays}{cover}, sha256 {hash}")
}

/// Enough of it to tell two files apart.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// A recording that goes nowhere.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
