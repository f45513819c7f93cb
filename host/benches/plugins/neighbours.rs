//! What a filter notices of another that misbehaves: how long its calls take by the clock, with the other at work
//! as often as the host lets it, and without it. Both in turns within the same seconds, so that whatever else the
//! machine does is shared fairly.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tapedeck::{
    model::{Message, Period, PluginName},
    plugin_host::FilterHandle,
};
use tokio::task::JoinSet;

use super::{
    Sizes, corpus,
    host::Stage,
    measure::{figure, us},
};

/// How the probe is asked to misbehave in every call, and whether it is left alone after failures, as it comes.
const MISCHIEFS: [(&str, &str, bool); 8] = [
    ("an endless loop", "loop", true),
    ("a memory bomb", "allocate-or-trap 4000", true),
    ("a trap each time", "trap", true),
    ("a storm of host calls", "storm 1000000000", true),
    ("a storm of log lines", "log-lines 90000", true),
    ("an endless loop, no breaker", "loop", false),
    ("a memory bomb, no breaker", "allocate-or-trap 4000", false),
    ("a trap each time, no breaker", "trap", false),
];
const SLICE: Duration = Duration::from_millis(200);
const DEADLINE: Duration = Duration::from_millis(300);

pub(crate) async fn compare(good: &Path, bad: &Path, sizes: &Sizes) {
    for (what, mischief, has_breaker) in MISCHIEFS {
        let casts =
            [("good", good, corpus::settings()), ("bad", bad, serde_json::json!({ "judge": mischief }))];
        let stage = Stage::of(&casts, |host| {
            host.limits.deadline = Period(DEADLINE);
            if !has_breaker {
                host.breaker.failures = u32::MAX;
            }
        })
        .await;
        let filter = |name: &str| stage.plugins.filter(&name.parse::<PluginName>().expect("a name"));
        let (good, bad) = (filter("good"), filter("bad"));
        let messages: Arc<[Message]> = corpus::messages(100).into();
        let misbehaves = Arc::new(AtomicBool::new(false));
        // More callers than the host has threads for one plugin.
        let mut callers = JoinSet::new();
        for _ in 0..4 {
            callers.spawn(misbehave(bad.clone(), messages.clone(), misbehaves.clone()));
        }
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for _ in 0..sizes.rounds * 4 {
            for (turn, times) in [(false, &mut alone), (true, &mut beside)] {
                misbehaves.store(turn, Relaxed);
                // Whoever loops does so to its deadline: what was begun in the other's turn has ended by then.
                let pause =
                    if turn { Duration::from_millis(20) } else { DEADLINE + Duration::from_millis(50) };
                tokio::time::sleep(pause).await;
                times.extend(calls(&good, &messages).await);
            }
        }
        drop(callers);
        for (share, name) in [(50, "median"), (99, "p99")] {
            let (alone, beside) = (percentile(&mut alone, share), percentile(&mut beside, share));
            figure(&format!("a call of keywords alone, {name}"), us(alone), "us");
            figure(&format!("  beside {what}, {name}"), us(beside), "us");
            figure("  more (aim 5 % of p99)", (us(beside) / us(alone) - 1.0) * 100.0, "%");
        }
    }
}

async fn misbehave(bad: FilterHandle, messages: Arc<[Message]>, is_time: Arc<AtomicBool>) {
    loop {
        if is_time.load(Relaxed) {
            // How it ends is the tests' business.
            drop(bad.judge(messages.clone(), None).await);
        } else {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// One after the other, a thousand a second.
async fn calls(good: &FilterHandle, messages: &Arc<[Message]>) -> Vec<Duration> {
    let (began, mut times) = (Instant::now(), Vec::new());
    while began.elapsed() < SLICE {
        let call = Instant::now();
        good.judge(messages.clone(), None).await.expect("it judges");
        times.push(call.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    times
}

fn percentile(times: &mut [Duration], share: usize) -> Duration {
    times.sort_unstable();
    times[times.len() * share / 100]
}
