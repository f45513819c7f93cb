//! What a filter notices of another that misbehaves: how long its calls take by the clock, alone, with the other at
//! work as often as the host lets it, and with a thread beside it that only computes, at the priority of plugins: what
//! that one costs is the machine's doing (a processor is busy, caches are shared), not the host's. All three in turns
//! within the same seconds, so that whatever else the machine does is shared fairly.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tapedeck::{
    model::{Message, Period, PluginName},
    plugin_host::{Apart, ExporterHandle, Failure, FilterHandle},
};
use tokio::{runtime::Handle, task::JoinSet};

use super::{
    Sizes, corpus,
    host::{self, Stage},
    measure::{figure, us},
};

/// How the probe is asked to misbehave, in which call, and whether it is left alone after failures, as it comes.
const MISCHIEFS: [(&str, Call, &str, bool); 10] = [
    ("an endless loop", Call::Judge, "loop", true),
    ("a memory bomb", Call::Judge, "allocate-or-trap 4000", true),
    ("a trap each time", Call::Judge, "trap", true),
    ("a storm of host calls", Call::Judge, "storm 1000000000", true),
    ("a storm of log lines", Call::Judge, "log-lines 90000", true),
    ("an exporter that loops", Call::Push, "loop", true),
    ("an endless loop, no breaker", Call::Judge, "loop", false),
    ("a memory bomb, no breaker", Call::Judge, "allocate-or-trap 4000", false),
    ("a trap each time, no breaker", Call::Judge, "trap", false),
    ("an exporter that loops, no breaker", Call::Push, "loop", false),
];
const SLICE: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_micros(200);
const DEADLINE: Duration = Duration::from_millis(300);
/// What plugins' threads have at least.
const NICENESS: i32 = 5;

/// What the probe misbehaves in.
#[derive(Clone, Copy)]
enum Call {
    /// As a filter, on the threads that are there for them.
    Judge,
    /// As an exporter, on a thread of its own.
    Push,
}

impl Call {
    fn name(self) -> &'static str {
        match self {
            Self::Judge => "judge",
            Self::Push => "push",
        }
    }
}

/// Whose turn it is beside the filter.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Beside {
    Nobody,
    Thread,
    Plugin,
}

const TURNS: [Beside; 3] = [Beside::Nobody, Beside::Thread, Beside::Plugin];

#[derive(Clone)]
struct Turn(Arc<AtomicU8>);

impl Turn {
    fn pass_to(&self, whom: Beside) {
        self.0.store(whom as u8, Relaxed);
    }

    fn is(&self, whom: Beside) -> bool {
        self.0.load(Relaxed) == whom as u8
    }
}

pub(crate) async fn compare(good: &Path, bad: &Path, sizes: &Sizes) {
    for (what, call, mischief, has_breaker) in MISCHIEFS {
        let asked = serde_json::json!({ (call.name()): mischief });
        let casts = [("good", good, corpus::settings()), ("bad", bad, asked)];
        let stage = Stage::of(&casts, |host| {
            host.limits.deadline = Period(DEADLINE);
            if !has_breaker {
                host.breaker.failures = u32::MAX;
            }
        })
        .await;
        let name = |name: &str| name.parse::<PluginName>().expect("a name");
        let good = stage.plugins.filter(&name("good"));
        let messages: Arc<[Message]> = corpus::messages(100).into();
        let turn = Turn(Arc::default());
        let mut callers = JoinSet::new();
        match call {
            // More callers than the host has threads for one plugin.
            Call::Judge => {
                for _ in 0..4 {
                    let bad = stage.plugins.filter(&name("bad"));
                    callers.spawn(misbehave(bad, messages.clone(), turn.clone()));
                }
            }
            Call::Push => {
                let bad = stage.plugins.exporter(&name("bad"));
                callers.spawn(misexport(bad, messages.clone(), turn.clone()));
            }
        }
        let computes = Arc::new(());
        let thread = std::thread::spawn({
            let (turn, still) = (turn.clone(), Arc::downgrade(&computes));
            move || compute(&turn, || still.strong_count() > 0)
        });
        let mut times = [const { Vec::new() }; TURNS.len()];
        for _ in 0..sizes.rounds * 6 {
            for (whose, times) in TURNS.into_iter().zip(&mut times) {
                turn.pass_to(whose);
                // Whoever loops does so to its deadline: what was begun in the turn before has ended by then.
                let pause = match whose {
                    Beside::Nobody => DEADLINE + Duration::from_millis(50),
                    Beside::Thread | Beside::Plugin => Duration::from_millis(20),
                };
                tokio::time::sleep(pause).await;
                times.push(calls(&good, &messages).await);
            }
        }
        turn.pass_to(Beside::Nobody);
        drop((callers, computes));
        thread.join().expect("it ends");
        for (share, name) in [(50, "median"), (99, "p99")] {
            let [alone, thread, plugin] = times.each_mut().map(|it| us(of_slices(it, share)));
            let more = |than: f64| (plugin / than - 1.0) * 100.0;
            figure(&format!("a call of keywords alone, {name}"), alone, "us");
            figure(&format!("  beside a thread that computes, {name}"), thread, "us");
            figure(&format!("  beside {what}, {name}"), plugin, "us");
            figure("  more than alone", more(alone), "%");
            figure("  more than beside a thread (aim 5 % of p99)", more(thread), "%");
        }
    }
}

async fn misbehave(bad: FilterHandle, messages: Arc<[Message]>, turn: Turn) {
    loop {
        let is_refused = !turn.is(Beside::Plugin) || {
            // How it ends is the tests' business.
            let ended = bad.judge(messages.clone(), None).await;
            matches!(ended, Err(error) if matches!(error.failure, Failure::Suspended { .. }))
        };
        if is_refused {
            // As any caller does: asking again at once would only keep its own thread busy.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// One export after the other, each to its first call that fails.
async fn misexport(bad: ExporterHandle, messages: Arc<[Message]>, turn: Turn) {
    loop {
        let is_refused = !turn.is(Beside::Plugin) || {
            let (bad, messages) = (bad.clone(), messages.clone());
            let export = Apart::spawn(move || {
                let mut session = bad.open(&host::options("probe"))?;
                session.push(&messages, None, None)
            });
            let ended = export.ended().await.expect("it ends");
            matches!(ended, Err(error) if matches!(error.failure, Failure::Suspended { .. }))
        };
        if is_refused {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn compute(turn: &Turn, is_needed: impl Fn() -> bool) {
    let _ = rustix::process::nice(NICENESS);
    let mut sum = 0_u64;
    while is_needed() {
        if turn.is(Beside::Thread) {
            (0..10_000_u64).for_each(|n| sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(n)));
        } else {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// One after the other, as from a job: some thousands a second.
async fn calls(good: &FilterHandle, messages: &Arc<[Message]>) -> Vec<Duration> {
    let (good, messages, runtime) = (good.clone(), messages.clone(), Handle::current());
    let caller = tokio::task::spawn_blocking(move || {
        let (began, mut times) = (Instant::now(), Vec::new());
        while began.elapsed() < SLICE {
            let call = Instant::now();
            runtime.block_on(good.judge(messages.clone(), None)).expect("it judges");
            times.push(call.elapsed());
            std::thread::sleep(PAUSE);
        }
        times
    });
    caller.await.expect("it ends")
}

/// The middle one of what the slices say by themselves: one slice in which the machine was busy with something else
/// says nothing about all.
fn of_slices(slices: &mut [Vec<Duration>], share: usize) -> Duration {
    let mut said: Vec<Duration> = slices.iter_mut().map(|slice| percentile(slice, share)).collect();
    percentile(&mut said, 50)
}

fn percentile(times: &mut [Duration], share: usize) -> Duration {
    times.sort_unstable();
    times[times.len() * share / 100]
}
