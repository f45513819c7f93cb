//! Jobs, runs and log lines as people read them.

use jiff::Timestamp;

use super::{Cell, Context, Paint, follow::took};
use crate::{
    model::{JobView, LogLine, Run, Status, Trigger},
    telemetry::OUTPUT_TARGET,
};

/// Text without what could move the cursor or change colours: jobs print anything.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\t' { plain.extend(c.escape_default()) } else { plain.push(c) }
    }
    plain
}

pub(super) fn paint_of(status: Status) -> Option<Paint> {
    match status {
        Status::Succeeded => Some(Paint::Good),
        Status::Failed | Status::TimedOut | Status::Interrupted => Some(Paint::Bad),
        Status::Running | Status::Waiting | Status::Queued => Some(Paint::Busy),
        Status::Cancelled | Status::Skipped | Status::Missed => Some(Paint::Faint),
    }
}

pub(super) fn status_cell(status: Status) -> Cell {
    match paint_of(status) {
        Some(paint) => Cell::painted(paint, status.as_str()),
        None => status.as_str().into(),
    }
}

pub(super) fn ended(status: Status) -> &'static str {
    match status {
        Status::Failed => "has failed",
        Status::TimedOut => "took too long and was stopped",
        Status::Cancelled => "was cancelled",
        Status::Skipped => "was skipped",
        Status::Missed => "was missed",
        Status::Interrupted => "was interrupted",
        Status::Succeeded => "has succeeded",
        Status::Queued | Status::Running | Status::Waiting => "is not over",
    }
}

/// "backup has succeeded in 12 s: 3 files copied"
pub(super) fn outcome(context: &Context, run: &Run) -> String {
    let mut text = format!("{} {}", run.job, ended(run.status));
    if let Some(took) = took(run) {
        text += &format!(" in {took}");
    }
    if let Some(detail) = detail(context, run) {
        text += &format!(": {detail}");
    }
    match paint_of(run.status) {
        Some(paint) => context.output.paint_error(paint, &text),
        None => text,
    }
}

/// What there is to say about a run in a line.
pub(super) fn detail(context: &Context, run: &Run) -> Option<String> {
    if let (Status::Waiting, Some(until)) = (run.status, run.waiting_until) {
        return Some(waiting(context, run, until));
    }
    let first = |text: &str| text.lines().next().map(plain);
    let summary = run.summary.as_ref().map(|summary| summary.text.as_str());
    let progress = run.progress.as_ref().filter(|_| !run.status.is_over()).map(|progress| {
        let total = progress.total.map(|total| format!("/{total}")).unwrap_or_default();
        plain(&format!("{}{total} {} {}", progress.done, progress.unit, progress.message))
    });
    progress.or_else(|| run.error.as_deref().or(run.reason.as_deref()).or(summary).and_then(first))
}

/// "waiting for Telegram until 14:03:20 (212 s)"
pub(super) fn waiting(context: &Context, run: &Run, until: Timestamp) -> String {
    let service = run.waiting_for.as_deref().or(run.reason.as_deref()).unwrap_or("something outside");
    plain(&format!("waiting for {service} until {}", context.pause(until)))
}

pub(super) fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Cron => "cron".into(),
        Trigger::Every => "every".into(),
        Trigger::AtStart => "start".into(),
        Trigger::Event { event } => format!("event {event}"),
        Trigger::After { job, .. } => format!("after {job}"),
        Trigger::OnFailure { job, .. } => format!("failure of {job}"),
        Trigger::Retry { .. } => "retry".into(),
        Trigger::Manual { who } => format!("by {who}"),
    }
}

/// What a job does at present: "running", "2 running", "paused", "disabled", "idle".
pub(super) fn state_cell(job: &JobView) -> Cell {
    let queued = if job.queued > 0 { format!(", {} queued", job.queued) } else { String::new() };
    match job.running.len() {
        0 if job.paused.is_some() => Cell::painted(Paint::Faint, format!("paused{queued}")),
        0 if !job.policy.enabled => Cell::painted(Paint::Faint, "disabled"),
        0 if job.queued > 0 => Cell::painted(Paint::Busy, format!("{} queued", job.queued)),
        0 => "idle".into(),
        1 => Cell::painted(Paint::Busy, format!("running{queued}")),
        more => Cell::painted(Paint::Busy, format!("{more} running{queued}")),
    }
}

/// A line of a run's log: as JSON, or the time, what was said and the fields.
pub(super) fn log_line(context: &Context, line: &LogLine) -> anyhow::Result<()> {
    let output = &context.output;
    if output.is_json() {
        return output.json_line(line);
    }
    let time = line.at.to_zoned(context.zone.clone()).strftime("%H:%M:%S").to_string();
    let time = output.paint(Paint::Faint, &time);
    let level = match line.level.as_str() {
        "error" => output.paint(Paint::Bad, "error "),
        "warn" => output.paint(Paint::Busy, "warning "),
        _ => String::new(),
    };
    // What a program prints is shown as it is, on whichever stream it was.
    let level = if line.target.starts_with(OUTPUT_TARGET) { String::new() } else { level };
    let mut text = plain(&line.message);
    for (key, value) in &line.fields {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text += &output.paint(Paint::Faint, &format!(" {key}={}", plain(&value)));
    }
    output.line(format!("{time} {level}{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(target: &str, level: &str, message: &str) -> LogLine {
        let at = "2026-01-01T12:00:00Z".parse().unwrap();
        let fields = serde_json::from_str(r#"{"chat.count": 3}"#).unwrap();
        LogLine { seq: 1, at, level: level.into(), target: target.into(), message: message.into(), fields }
    }

    #[test]
    fn escape_sequences_stay_text() {
        let context = Context::for_tests(&[]);
        log_line(&context, &line("tapedeck::output::stdout", "info", "\u{1b}[2Jgone\r")).unwrap();
        assert_eq!(context.output.written(), "12:00:00 \\u{1b}[2Jgone\\r chat.count=3\n");
    }

    #[test]
    fn own_warnings_say_so() {
        let context = Context::for_tests(&[]);
        log_line(&context, &line("tapedeck::jobs", "warn", "Slow")).unwrap();
        assert_eq!(context.output.written(), "12:00:00 warning Slow chat.count=3\n");
    }

    #[test]
    fn json_lines_are_whole() {
        let context = Context::for_tests(&["--json"]);
        let line = line("x", "info", "\u{1b}");
        log_line(&context, &line).unwrap();
        assert_eq!(serde_json::from_str::<LogLine>(&context.output.written()).unwrap(), line);
    }
}
