//! Every log line inside a span that has a `run.id` is kept with that run: the last N of them.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value};
use tokio::sync::Notify;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use crate::{
    clock::SharedClock,
    model::{LogLine, RunId},
};

/// A longer line is cut; whoever logs more than this wants a file.
const LONGEST_LINE: usize = 16 * 1024;

/// The logs of all runs in flight. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct RunLogBook {
    open: Arc<Mutex<HashMap<RunId, Arc<RunLog>>>>,
}

impl RunLogBook {
    /// From now on, lines in the run's span are kept, the last `lines` of them.
    pub fn open(&self, run: RunId, lines: usize) -> Arc<RunLog> {
        let log = Arc::new(RunLog::new(lines.max(1)));
        lock(&self.open).insert(run, log.clone());
        log
    }

    pub fn close(&self, run: RunId) {
        lock(&self.open).remove(&run);
    }

    pub fn get(&self, run: RunId) -> Option<Arc<RunLog>> {
        lock(&self.open).get(&run).cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last lines of one run.
#[derive(Debug)]
pub struct RunLog {
    lines: Mutex<Lines>,
    grown: Notify,
    most: usize,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<LogLine>,
    last_seq: u64,
}

impl RunLog {
    fn new(most: usize) -> Self {
        Self { lines: Mutex::default(), grown: Notify::new(), most }
    }

    pub fn push(&self, mut line: LogLine) {
        let mut lines = lock(&self.lines);
        lines.last_seq += 1;
        line.seq = lines.last_seq;
        if lines.kept.len() == self.most {
            lines.kept.pop_front();
        }
        lines.kept.push_back(line);
        drop(lines);
        self.grown.notify_waiters();
    }

    /// Lines after `after`, at most `limit`, and the number of the oldest one that is kept.
    pub fn read(&self, after: u64, limit: usize) -> (Vec<LogLine>, u64) {
        let lines = lock(&self.lines);
        let oldest = lines.kept.front().map_or(1, |line| line.seq);
        let skip = usize::try_from((after + 1).saturating_sub(oldest)).unwrap_or(usize::MAX);
        (lines.kept.iter().skip(skip).take(limit).cloned().collect(), oldest)
    }

    /// Returns when there is a line after `seq`.
    pub async fn grown_beyond(&self, seq: u64) {
        loop {
            let grown = self.grown.notified();
            tokio::pin!(grown);
            grown.as_mut().enable();
            if lock(&self.lines).last_seq > seq {
                return;
            }
            grown.await;
        }
    }
}

/// The subscriber layer that fills the book.
#[derive(Debug)]
pub struct RunLogLayer {
    book: RunLogBook,
    clock: SharedClock,
}

impl RunLogLayer {
    pub fn new(book: RunLogBook, clock: SharedClock) -> Self {
        Self { book, clock }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for RunLogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut finder = RunIdFinder(None);
        attributes.record(&mut finder);
        let log = finder.0.and_then(|run| self.book.get(run));
        if let (Some(log), Some(span)) = (log, context.span(id)) {
            span.extensions_mut().insert(log);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(scope) = context.event_scope(event) else { return };
        for span in scope {
            if let Some(log) = span.extensions().get::<Arc<RunLog>>() {
                log.push(self.line_of(event));
                return;
            }
        }
    }
}

impl RunLogLayer {
    fn line_of(&self, event: &Event<'_>) -> LogLine {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        LogLine {
            seq: 0,
            at: self.clock.now(),
            level: metadata.level().as_str().to_ascii_lowercase(),
            target: metadata.target().to_owned(),
            message: fields.message,
            fields: fields.others,
        }
    }
}

struct RunIdFinder(Option<RunId>);

impl Visit for RunIdFinder {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "run.id" {
            self.0 = format!("{value:?}").parse().ok();
        }
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.others.insert(field.name().to_owned(), value);
    }

    fn put_text(&mut self, field: &Field, mut text: String) {
        if text.len() > LONGEST_LINE {
            text.truncate(text.floor_char_boundary(LONGEST_LINE));
            text.push('…');
        }
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field, text.into());
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put_text(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, value.to_owned());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        self.put_text(field, text);
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::clock::ManualClock;

    fn capture(lines: usize, log: impl FnOnce()) -> Vec<LogLine> {
        let book = RunLogBook::default();
        let run: RunId = "01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f".parse().unwrap();
        let kept = book.open(run, lines);
        let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let subscriber = tracing_subscriber::registry().with(RunLogLayer::new(book, clock));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("outside");
            tracing::info_span!("run", run.id = %run).in_scope(log);
        });
        kept.read(0, usize::MAX).0
    }

    #[test]
    fn keeps_lines_of_nested_spans() {
        let lines = capture(10, || {
            tracing::info!(chat.count = 3, "Read");
            tracing::info_span!("inner").in_scope(|| tracing::warn!("Slow"));
        });
        let said: Vec<_> =
            lines.iter().map(|line| (line.seq, line.level.as_str(), line.message.as_str())).collect();
        assert_eq!(said, [(1, "info", "Read"), (2, "warn", "Slow")]);
        assert_eq!(lines[0].fields["chat.count"], 3);
    }

    #[test]
    fn keeps_only_the_last_lines() {
        let lines = capture(3, || (0..100).for_each(|i| tracing::info!("line {i}")));
        assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), [98, 99, 100]);
    }

    #[test]
    fn reads_on_after_dropped_lines() {
        let log = RunLog::new(3);
        let line = LogLine {
            seq: 0,
            at: Timestamp::UNIX_EPOCH,
            level: "info".into(),
            target: String::new(),
            message: String::new(),
            fields: Map::new(),
        };
        (0..10).for_each(|_| log.push(line.clone()));
        let seqs = |after| log.read(after, 2).0.iter().map(|line| line.seq).collect::<Vec<_>>();
        assert_eq!((seqs(0), seqs(8), seqs(10)), (vec![8, 9], vec![9, 10], vec![]));
    }

    use jiff::Timestamp;
}
