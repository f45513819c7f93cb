//! The bounds of one instance and of one call, and who ran into them.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use wasmtime::ResourceLimiter;

use super::error::{Failure, Limit};
use crate::model::PluginLimits;

/// Why we stopped a call from our side. Travels through the guest's stack as an error of wasmtime.
#[derive(Clone, Debug)]
pub(crate) enum Halt {
    Deadline(Deadline),
    Cancelled,
    Limit(Limit),
}

/// How long something may take, and the setting that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    pub(crate) limit: Duration,
    pub(crate) setting: &'static str,
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Failure::from(self.clone()).fmt(f)
    }
}

impl std::error::Error for Halt {}

impl From<Halt> for Failure {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Deadline(Deadline { limit, setting }) => Self::Timeout { limit, setting },
            Halt::Cancelled => Self::Cancelled,
            Halt::Limit(which) => Self::Limit { which },
        }
    }
}

/// What an instance holds. wasmtime asks before each growth.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Arc<PluginLimits>,
    memory_bytes: u64,
    memory_peak_bytes: u64,
    table_elements: u64,
    /// What the last question was about, to take it back when the growth fails after all.
    asked: u64,
    /// The first growth that was refused: most guests answer it with a trap that says nothing.
    refused: Option<Limit>,
}

impl Meter {
    pub(crate) fn new(limits: Arc<PluginLimits>) -> Self {
        Self { limits, memory_bytes: 0, memory_peak_bytes: 0, table_elements: 0, asked: 0, refused: None }
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    pub(crate) fn memory_peak_bytes(&self) -> u64 {
        self.memory_peak_bytes
    }

    pub(crate) fn refused(&self) -> Option<Limit> {
        self.refused
    }

    /// A guest that went on without what it was refused is not blamed for it in a later call.
    pub(crate) fn forgive(&mut self) {
        self.refused = None;
    }

    fn refuse(&mut self, limit: Limit) -> bool {
        self.refused.get_or_insert(limit);
        false
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let more = (desired as u64).saturating_sub(current as u64);
        let all = self.memory_bytes.saturating_add(more);
        if all > self.limits.memory_bytes {
            return Ok(self.refuse(Limit::Memory { limit: self.limits.memory_bytes }));
        }
        (self.memory_bytes, self.asked) = (all, more);
        self.memory_peak_bytes = self.memory_peak_bytes.max(all);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory_bytes = self.memory_bytes.saturating_sub(std::mem::take(&mut self.asked));
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let more = (desired as u64).saturating_sub(current as u64);
        let all = self.table_elements.saturating_add(more);
        if all > self.limits.table_elements {
            return Ok(self.refuse(Limit::Table { limit: self.limits.table_elements }));
        }
        (self.table_elements, self.asked) = (all, more);
        Ok(true)
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.table_elements = self.table_elements.saturating_sub(std::mem::take(&mut self.asked));
        Ok(())
    }

    fn instances(&self) -> usize {
        self.limits.instances as usize
    }

    fn tables(&self) -> usize {
        self.limits.instances as usize
    }

    fn memories(&self) -> usize {
        self.limits.instances as usize
    }
}

/// What is left of one call's time and calls.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Arc<PluginLimits>,
    started: Instant,
    deadline: Deadline,
    computing: Option<(Deadline, Computed)>,
    cancel: Option<CancellationToken>,
    host_calls: u64,
    lines: LineCounter,
}

/// How long an async call has computed so far: the time in which it was polled. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Computed(Arc<AtomicU64>);

impl Computed {
    pub(crate) fn add(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    fn so_far(&self) -> Duration {
        Duration::from_nanos(self.0.load(Relaxed))
    }
}

/// The log lines of one call, counted wherever they come from. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineCounter(Arc<LineCounts>);

#[derive(Debug, Default)]
struct LineCounts {
    seen: AtomicU64,
    dropped: AtomicU64,
}

impl LineCounter {
    /// How many there were in this call, this one included.
    pub(crate) fn count(&self) -> u64 {
        self.0.seen.fetch_add(1, Relaxed) + 1
    }

    /// One of them is not written.
    pub(crate) fn drop_one(&self) {
        self.0.dropped.fetch_add(1, Relaxed);
    }

    fn begin(&self) {
        self.0.seen.store(0, Relaxed);
        self.0.dropped.store(0, Relaxed);
    }
}

impl Budget {
    /// Until the first call begins there is nothing to spend.
    pub(crate) fn new(limits: Arc<PluginLimits>) -> Self {
        Self {
            limits,
            started: Instant::now(),
            deadline: Deadline { limit: Duration::ZERO, setting: "limits.deadline" },
            computing: None,
            cancel: None,
            host_calls: 0,
            lines: LineCounter::default(),
        }
    }

    pub(crate) fn begin(&mut self, deadline: Deadline, cancel: Option<CancellationToken>) {
        (self.started, self.deadline, self.cancel) = (Instant::now(), deadline, cancel);
        self.computing = None;
        self.host_calls = 0;
        self.lines.begin();
    }

    /// A call that waits for most of its time may compute for so long of it. Who polls it adds to `computed`.
    pub(crate) fn bound_computing(&mut self, deadline: Deadline, computed: Computed) {
        self.computing = Some((deadline, computed));
    }

    /// Every capability asks this first.
    pub(crate) fn host_call(&mut self) -> Result<(), Halt> {
        self.host_calls += 1;
        if self.host_calls > self.limits.host_calls {
            return Err(Halt::Limit(Limit::HostCalls { limit: self.limits.host_calls }));
        }
        self.check()
    }

    /// Asked once a tick while the guest runs.
    pub(crate) fn check(&self) -> Result<(), Halt> {
        if self.cancel.as_ref().is_some_and(CancellationToken::is_cancelled) {
            return Err(Halt::Cancelled);
        }
        if self.started.elapsed() >= self.deadline.limit {
            return Err(Halt::Deadline(self.deadline));
        }
        match &self.computing {
            Some((deadline, computed)) if computed.so_far() >= deadline.limit => {
                Err(Halt::Deadline(*deadline))
            }
            _ => Ok(()),
        }
    }

    /// For host calls that wait for something.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.limit.saturating_sub(self.started.elapsed())
    }

    /// What a wait that outlived [`Self::time_left`] ends with.
    pub(crate) fn overdue(&self) -> Halt {
        Halt::Deadline(self.deadline)
    }

    pub(crate) fn cancel(&self) -> Option<&CancellationToken> {
        self.cancel.as_ref()
    }

    pub(crate) fn lines(&self) -> &LineCounter {
        &self.lines
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What it has computed of it, as far as that is told apart.
    pub(crate) fn computed(&self) -> Duration {
        self.computing.as_ref().map_or_else(|| self.elapsed(), |(_, computed)| computed.so_far())
    }

    pub(crate) fn host_calls(&self) -> u64 {
        self.host_calls
    }

    pub(crate) fn log_lines_dropped(&self) -> u64 {
        self.lines.0.dropped.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Arc<PluginLimits> {
        Arc::new(PluginLimits {
            memory_bytes: 100,
            table_elements: 10,
            host_calls: 3,
            log_lines: 2,
            ..Default::default()
        })
    }

    fn minute() -> Deadline {
        Deadline { limit: Duration::from_secs(60), setting: "limits.deadline" }
    }

    #[test]
    fn all_memories_share_one_limit() {
        let mut meter = Meter::new(limits());
        assert!(meter.memory_growing(0, 60, None).unwrap());
        assert!(!meter.memory_growing(0, 60, None).unwrap());
        assert_eq!(meter.refused(), Some(Limit::Memory { limit: 100 }));
        assert!(meter.memory_growing(60, 100, None).unwrap());
        assert_eq!(meter.memory_peak_bytes(), 100);
    }

    #[test]
    fn failed_growth_is_taken_back() {
        let mut meter = Meter::new(limits());
        assert!(meter.memory_growing(0, 90, None).unwrap());
        meter.memory_grow_failed(wasmtime::Error::msg("no memory")).unwrap();
        assert!(meter.memory_growing(0, 90, None).unwrap());
        assert!(meter.table_growing(0, 10, None).unwrap());
        assert!(!meter.table_growing(10, 11, None).unwrap());
    }

    #[test]
    fn host_calls_run_out_and_lines_are_counted() {
        let mut budget = Budget::new(limits());
        assert!(matches!(budget.host_call(), Err(Halt::Deadline(_))), "no call has begun");
        budget.begin(minute(), None);
        assert!((0..3).all(|_| budget.host_call().is_ok()));
        assert!(matches!(budget.host_call(), Err(Halt::Limit(Limit::HostCalls { limit: 3 }))));
        assert_eq!((budget.lines().count(), budget.lines().clone().count()), (1, 2));
        budget.lines().drop_one();
        assert_eq!(budget.log_lines_dropped(), 1);
        budget.begin(minute(), None);
        assert_eq!((budget.lines().count(), budget.log_lines_dropped()), (1, 0));
    }

    #[test]
    fn cancelling_ends_a_call() {
        let token = CancellationToken::new();
        let mut budget = Budget::new(limits());
        budget.begin(minute(), Some(token.clone()));
        assert!(budget.check().is_ok());
        token.cancel();
        assert!(matches!(budget.check(), Err(Halt::Cancelled)));
    }

    #[test]
    fn computing_has_a_bound_of_its_own() {
        let mut budget = Budget::new(limits());
        budget.begin(minute(), None);
        let (computed, short) = (Computed::default(), Deadline { limit: Duration::from_secs(1), ..minute() });
        budget.bound_computing(short, computed.clone());
        computed.add(Duration::from_millis(999));
        assert!(budget.check().is_ok());
        computed.add(Duration::from_millis(1));
        assert!(matches!(budget.check(), Err(Halt::Deadline(deadline)) if deadline == short));
        budget.begin(minute(), None);
        assert!(budget.check().is_ok(), "the next call has no such bound");
    }

    #[test]
    fn all_tables_share_one_limit() {
        let mut meter = Meter::new(limits());
        assert!(meter.table_growing(0, 6, None).unwrap());
        assert!(!meter.table_growing(0, 6, None).unwrap());
        assert_eq!(meter.refused(), Some(Limit::Table { limit: 10 }));
        assert!(meter.table_growing(6, 10, None).unwrap());
        meter.table_grow_failed(wasmtime::Error::msg("no memory")).unwrap();
        assert!(meter.table_growing(0, 4, None).unwrap(), "what failed is taken back");
    }

    #[test]
    fn instances_memories_and_tables_are_few() {
        let meter = Meter::new(Arc::new(PluginLimits { instances: 7, ..Default::default() }));
        assert_eq!([meter.instances(), meter.memories(), meter.tables()], [7; 3]);
    }
}
