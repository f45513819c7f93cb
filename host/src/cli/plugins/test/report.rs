//! What came of it, for people and for programs. Times and memory stand in fields of their own, so
//! the rest can be compared.

use std::path::Path;

use serde::Serialize;

use crate::{
    cli::{Context, Paint, plugins::show, show::plain},
    model::{CapabilityView, MessageId, PluginLogLine, PluginState, PluginView},
};

/// Characters of a text that are shown.
const SHOWN: usize = 60;

#[derive(Debug, Serialize)]
pub(super) struct Report {
    file: String,
    id: Option<String>,
    version: Option<String>,
    kinds: Vec<String>,
    is_pure: bool,
    bytes: Option<u64>,
    compile_ms: Option<u64>,
    asks_for: Vec<CapabilityView>,
    calls: Vec<Trial>,
    /// What it wanted of the host that it was denied is among these.
    log: Vec<Line>,
    host_calls: u64,
    memory_bytes: u64,
    /// Why it is no longer called.
    given_up: Option<String>,
}

#[derive(Debug, Serialize)]
struct Line {
    level: String,
    message: String,
}

/// One call.
#[derive(Debug, Default, Serialize)]
pub(super) struct Trial {
    pub(super) call: String,
    pub(super) outcome: Option<String>,
    pub(super) error: Option<String>,
    /// It ended for want of a grant: that is no failure of the plugin.
    pub(super) is_denied: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdicts: Option<Verdicts>,
    /// The first bytes of an export.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) begins: Option<String>,
    pub(super) us: u64,
}

/// What a filter said: of each message its number, its text afterwards, and why.
#[derive(Debug, Default, Serialize)]
pub(super) struct Verdicts {
    pub(super) kept: usize,
    pub(super) dropped: Vec<(MessageId, String, String)>,
    pub(super) redacted: Vec<(MessageId, String, String)>,
}

impl Verdicts {
    pub(super) fn summary(&self) -> String {
        format!("kept {}, dropped {}, redacted {}", self.kept, self.dropped.len(), self.redacted.len())
    }
}

impl Report {
    pub(super) fn new(file: &Path, view: PluginView, calls: Vec<Trial>) -> Self {
        let line = |PluginLogLine { level, message, .. }| Line { level, message };
        let given_up = match view.state {
            PluginState::Suspended { reason, .. } => Some(reason),
            _ => None,
        };
        Self {
            file: file.display().to_string(),
            id: view.id,
            version: view.version,
            kinds: view.kinds.iter().map(ToString::to_string).collect(),
            is_pure: view.is_pure,
            bytes: view.file_bytes,
            compile_ms: view.compile_ms,
            asks_for: view.capabilities,
            calls,
            log: view.log.into_iter().map(line).collect(),
            host_calls: view.figures.host_calls,
            memory_bytes: view.figures.memory_peak_bytes,
            given_up,
        }
    }

    pub(super) fn failed(&self) -> usize {
        self.calls.iter().filter(|call| call.error.is_some() && !call.is_denied).count()
    }
}

pub(super) fn print(report: &Report, context: &Context) -> anyhow::Result<()> {
    let output = &context.output;
    let name = report.id.as_deref().unwrap_or(&report.file);
    let version = report.version.as_deref().unwrap_or("without a version");
    let pure = if report.is_pure { ", pure" } else { "" };
    let bytes = report.bytes.unwrap_or_default();
    output.line(format!("{name} {version}: {}, {bytes} bytes{pure}", report.kinds.join(", ")))?;
    if let Some(ms) = report.compile_ms {
        output.line(format!("compiled in {ms} ms"))?;
    }
    if !report.asks_for.is_empty() {
        output.line("")?;
        show::capabilities(&report.asks_for, context)?;
    }
    for trial in &report.calls {
        output.line("")?;
        print_trial(trial, context)?;
    }
    if !report.log.is_empty() {
        output.line("")?;
        output.line("its log:")?;
    }
    for Line { level, message } in &report.log {
        let paint = if matches!(level.as_str(), "error" | "warn") { Paint::Bad } else { Paint::Faint };
        output.line(format!("  {} {}", output.paint(paint, level), plain(message)))?;
    }
    output.line("")?;
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let mebibytes = report.memory_bytes as f64 / f64::from(1 << 20);
    output.line(format!("it called the host {} times and used {mebibytes:.1} MiB", report.host_calls))?;
    if let Some(reason) = &report.given_up {
        output.line(output.paint(Paint::Bad, &format!("a daemon would leave it alone now: {reason}")))?;
    }
    Ok(())
}

fn print_trial(trial: &Trial, context: &Context) -> anyhow::Result<()> {
    let output = &context.output;
    let time = output.paint(Paint::Faint, &format!("({} µs)", trial.us));
    let what = match (&trial.outcome, &trial.error) {
        (_, Some(error)) => {
            output.paint(if trial.is_denied { Paint::Busy } else { Paint::Bad }, &plain(error))
        }
        (outcome, None) => plain(outcome.as_deref().unwrap_or_default()),
    };
    output.line(format!("{}: {what} {time}", plain(&trial.call)))?;
    if let Some(verdicts) = &trial.verdicts {
        let dropped = verdicts.dropped.iter().map(|it| ("dropped", it));
        for (word, (id, text, reason)) in dropped.chain(verdicts.redacted.iter().map(|it| ("redacted", it))) {
            let reason = if reason.is_empty() { String::new() } else { format!(" ({})", plain(reason)) };
            output.line(format!("  {word} {id}{reason}: {}", short(text)))?;
        }
    }
    for line in trial.begins.iter().flat_map(|text| text.lines()).take(4) {
        output.line(format!("  {}", short(line)))?;
    }
    Ok(())
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    plain(&short)
}
