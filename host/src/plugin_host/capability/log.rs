//! `log`: a plugin's lines go to the daemon's log, to the log of the run that they belong to, and to
//! the plugin's own page. However many there are, they cost little.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use tapedeck_bindings::capability::log;

use crate::{
    model::{ByteSize, PluginLimits},
    plugin_host::{
        limits::LineCounter,
        store::{HostState, Profile},
    },
    telemetry::without_controls,
};

const TARGET: &str = "tapedeck::plugin";

/// Longer lines are cut.
const LONGEST_LINE: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Level {
    /// As the contract numbers them.
    const fn of(number: u8) -> Self {
        match number {
            1 => Self::Error,
            2 => Self::Warn,
            4 => Self::Debug,
            5 => Self::Trace,
            _ => Self::Info,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Where the lines of one instance go. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Log {
    profile: Arc<Profile>,
    lines: LineCounter,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Log").field(&self.profile.name).finish()
    }
}

impl Log {
    pub(crate) fn new(profile: Arc<Profile>, lines: LineCounter) -> Self {
        Self { profile, lines }
    }

    /// Each line of a text by itself, so that none can pass for a line of somebody else.
    pub(crate) fn write(&self, level: Level, text: &str) {
        if text.is_empty() {
            self.line(level, "");
        }
        text.lines().for_each(|line| self.line(level, line));
    }

    fn line(&self, level: Level, line: &str) {
        let limits = &self.profile.limits;
        let most = u64::from(limits.log_lines);
        let count = self.lines.count();
        if count > most {
            self.lines.drop_one();
            if count == most + 1 {
                let note = format!("More than {most} lines in one call: the rest of them is dropped");
                self.emit(Level::Warn, &note);
            }
            return;
        }
        let now = self.profile.clock.now();
        let admission = self.profile.figures.flood.admit(limits, now, line.len().min(LONGEST_LINE) as u64);
        if admission.dropped_before > 0 {
            let note = format!(
                "{} lines dropped: more than {} or {} of them in a minute",
                admission.dropped_before,
                limits.log_lines_per_minute,
                ByteSize(limits.log_bytes_per_minute)
            );
            self.emit(Level::Warn, &note);
        }
        if admission.is_admitted {
            self.emit(level, &clean(&self.profile.secrets.conceal(line)));
        } else {
            self.lines.drop_one();
        }
    }

    fn emit(&self, level: Level, line: &str) {
        let (name, version) = (&self.profile.name, self.profile.who.version.as_deref().unwrap_or_default());
        // A level is fixed where the macro stands.
        match level {
            Level::Error => {
                tracing::error!(target: TARGET, { plugin.name = %name, plugin.version = version }, "{line}");
            }
            Level::Warn => {
                tracing::warn!(target: TARGET, { plugin.name = %name, plugin.version = version }, "{line}");
            }
            Level::Info => {
                tracing::info!(target: TARGET, { plugin.name = %name, plugin.version = version }, "{line}");
            }
            Level::Debug => {
                tracing::debug!(target: TARGET, { plugin.name = %name, plugin.version = version }, "{line}");
            }
            Level::Trace => {
                tracing::trace!(target: TARGET, { plugin.name = %name, plugin.version = version }, "{line}");
            }
        }
        self.profile.figures.log(self.profile.clock.now(), level.as_str(), line);
    }
}

fn clean(line: &str) -> String {
    let end = line.floor_char_boundary(LONGEST_LINE);
    let mut clean = without_controls(&line[..end]);
    if end < line.len() {
        clean.push_str(&format!(" … ({} bytes cut)", line.len() - end));
    }
    clean
}

/// Counts the lines of a plugin by the minute.
#[derive(Debug, Default)]
pub(crate) struct Flood(Mutex<Minute>);

#[derive(Debug, Default)]
struct Minute {
    began: Timestamp,
    lines: u64,
    bytes: u64,
    dropped: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct Admission {
    is_admitted: bool,
    /// In the minute that is over.
    dropped_before: u64,
}

impl Flood {
    fn admit(&self, limits: &PluginLimits, now: Timestamp, bytes: u64) -> Admission {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.duration_since(minute.began);
        // A clock that was set back begins a new minute too.
        let is_over = passed >= SignedDuration::from_mins(1) || passed.is_negative();
        let mut dropped_before = 0;
        if is_over {
            dropped_before = minute.dropped;
            *minute = Minute { began: now, ..Minute::default() };
        }
        let is_admitted = minute.lines < limits.log_lines_per_minute
            && minute.bytes.saturating_add(bytes) <= limits.log_bytes_per_minute;
        if is_admitted {
            minute.lines += 1;
            minute.bytes += bytes;
        } else {
            minute.dropped += 1;
        }
        Admission { is_admitted, dropped_before }
    }
}

impl log::Host for HostState {
    fn write(&mut self, level: u8, message: String) -> wasmtime::Result<()> {
        // A plugin that logs too much loses lines, not the call: they have a limit of their own.
        self.budget.check()?;
        self.capabilities.log.write(Level::of(level), &message);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_cleaned() {
        assert_eq!(clean("a\u{1b}[31mb\u{0}c"), "ab\u{fffd}c");
        let cut = clean(&"ä".repeat(LONGEST_LINE));
        assert!(cut.ends_with("ä … (4096 bytes cut)"), "{cut}");
    }

    #[test]
    fn unknown_levels_are_information() {
        assert_eq!(
            [0, 1, 3, 5, 6, 255].map(|number| Level::of(number).as_str()),
            ["info", "error", "info", "trace", "info", "info"]
        );
    }

    fn limits() -> PluginLimits {
        PluginLimits { log_lines_per_minute: 7, log_bytes_per_minute: 100, ..PluginLimits::default() }
    }

    #[test]
    fn floods_are_counted_and_end() {
        let (flood, limits) = (Flood::default(), limits());
        let now = Timestamp::from_second(1_000_000).unwrap();
        let admitted = (0..12).filter(|_| flood.admit(&limits, now, 10).is_admitted).count();
        assert_eq!(admitted, 7);
        let later = now + SignedDuration::from_secs(60);
        assert_eq!(flood.admit(&limits, later, 10), Admission { is_admitted: true, dropped_before: 5 });
        assert_eq!(flood.admit(&limits, later, 10), Admission { is_admitted: true, dropped_before: 0 });
        assert!(flood.admit(&limits, later, 80).is_admitted);
        assert!(!flood.admit(&limits, later, 1).is_admitted);
    }

    #[test]
    fn clocks_that_go_back_begin_a_new_minute() {
        let (flood, limits) = (Flood::default(), limits());
        let now = Timestamp::from_second(1_000_000).unwrap();
        assert!(flood.admit(&limits, now, 100).is_admitted && !flood.admit(&limits, now, 1).is_admitted);
        let earlier = now - SignedDuration::from_hours(5);
        assert_eq!(flood.admit(&limits, earlier, 1), Admission { is_admitted: true, dropped_before: 1 });
    }
}
