//! What is counted of a plugin, and its last lines. Calls feed it; pages and metrics read it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use jiff::Timestamp;

use super::{capability::log::Flood, error::Failure};
use crate::model::{PluginFigures, PluginLogLine, PluginView};

/// Longer lines are cut.
const LONGEST_LINE: usize = 4096;

/// Belongs to the name, not to the code: it goes on when new code takes over.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    calls: AtomicU64,
    errors: AtomicU64,
    errors_by_kind: Mutex<BTreeMap<&'static str, u64>>,
    total_us: AtomicU64,
    longest_us: AtomicU64,
    memory_peak_bytes: AtomicU64,
    instances_made: AtomicU64,
    host_calls: AtomicU64,
    log_lines_dropped: AtomicU64,
    swaps: AtomicU64,
    last_call: Mutex<Option<Timestamp>>,
    last_error: Mutex<Option<PluginLogLine>>,
    log: Mutex<VecDeque<PluginLogLine>>,
    pub(crate) flood: Flood,
}

/// What one call cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) time: Duration,
    pub(crate) memory_bytes: u64,
    pub(crate) host_calls: u64,
    pub(crate) log_lines_dropped: u64,
}

impl Figures {
    pub(crate) fn count_call(&self, at: Timestamp, cost: Cost, failure: Option<&Failure>) {
        let us = u64::try_from(cost.time.as_micros()).unwrap_or(u64::MAX);
        self.calls.fetch_add(1, Relaxed);
        self.total_us.fetch_add(us, Relaxed);
        self.longest_us.fetch_max(us, Relaxed);
        self.count_start(cost);
        *lock(&self.last_call) = Some(at);
        if let Some(failure) = failure {
            self.errors.fetch_add(1, Relaxed);
            *lock(&self.errors_by_kind).entry(failure.kind()).or_default() += 1;
            *lock(&self.last_error) = Some(line(at, "error", &failure.to_string()));
        }
    }

    /// What an instance took before anybody called it.
    pub(crate) fn count_start(&self, cost: Cost) {
        self.memory_peak_bytes.fetch_max(cost.memory_bytes, Relaxed);
        self.host_calls.fetch_add(cost.host_calls, Relaxed);
        self.log_lines_dropped.fetch_add(cost.log_lines_dropped, Relaxed);
    }

    pub(crate) fn count_instance(&self) {
        self.instances_made.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_swap(&self) {
        self.swaps.fetch_add(1, Relaxed);
    }

    /// A line of the plugin's own, or one of ours about it.
    pub(crate) fn log(&self, at: Timestamp, level: &str, message: &str) {
        let mut log = lock(&self.log);
        if log.len() == PluginView::LOG_LINES {
            log.pop_front();
        }
        log.push_back(line(at, level, message));
    }

    pub(crate) fn view(&self) -> PluginFigures {
        PluginFigures {
            calls: self.calls.load(Relaxed),
            errors: self.errors.load(Relaxed),
            errors_by_kind: lock(&self.errors_by_kind).iter().map(|(kind, n)| ((*kind).into(), *n)).collect(),
            total_us: self.total_us.load(Relaxed),
            longest_us: self.longest_us.load(Relaxed),
            memory_peak_bytes: self.memory_peak_bytes.load(Relaxed),
            instances_made: self.instances_made.load(Relaxed),
            host_calls: self.host_calls.load(Relaxed),
            log_lines_dropped: self.log_lines_dropped.load(Relaxed),
            swaps: self.swaps.load(Relaxed),
            last_call: *lock(&self.last_call),
            last_error: lock(&self.last_error).clone(),
        }
    }

    /// Oldest first.
    pub(crate) fn log_lines(&self) -> Vec<PluginLogLine> {
        lock(&self.log).iter().cloned().collect()
    }
}

fn line(at: Timestamp, level: &str, message: &str) -> PluginLogLine {
    let end = message.floor_char_boundary(LONGEST_LINE);
    let cut = if end < message.len() { "…" } else { "" };
    PluginLogLine { at, level: level.into(), message: format!("{}{cut}", &message[..end]) }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_only_the_last_lines() {
        let figures = Figures::default();
        for n in 0..1_000_000 {
            figures.log(Timestamp::UNIX_EPOCH, "info", &format!("line {n}"));
        }
        let lines = figures.log_lines();
        assert_eq!(lines.len(), PluginView::LOG_LINES);
        assert_eq!(lines.last().unwrap().message, "line 999999");
    }

    #[test]
    fn long_lines_are_cut_between_letters() {
        let figures = Figures::default();
        figures.log(Timestamp::UNIX_EPOCH, "info", &"ä".repeat(LONGEST_LINE));
        let kept = &figures.log_lines()[0].message;
        assert!(kept.len() <= LONGEST_LINE + "…".len() && kept.ends_with("ä…"));
    }

    #[test]
    fn calls_and_errors_add_up() {
        let figures = Figures::default();
        let cost = |ms| Cost {
            time: Duration::from_millis(ms),
            memory_bytes: ms * 10,
            host_calls: 2,
            log_lines_dropped: 0,
        };
        figures.count_call(Timestamp::UNIX_EPOCH, cost(3), None);
        let broken = Failure::Garbage { what: "nothing".into() };
        figures.count_call(Timestamp::UNIX_EPOCH, cost(1), Some(&broken));
        let view = figures.view();
        assert_eq!((view.calls, view.errors, view.host_calls), (2, 1, 4));
        assert_eq!((view.longest_us, view.memory_peak_bytes), (3_000, 30));
        assert_eq!(view.mean(), Duration::from_millis(2));
        assert_eq!(view.last_error.unwrap().message, broken.to_string());
        assert_eq!(view.errors_by_kind, [("garbage".to_owned(), 1)].into());
    }
}
