//! What we promise about the deck's speed, measured: `make bench`.
//!
//! Prints one line per figure. Nothing here judges: docs/performance.md holds the figures, the
//! machine they come from and the aims. Everything is bounded and stops by itself.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

#[path = "support/figures.rs"]
mod figures;
mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use figures::{figure, percentile};
use support::{Deck, daemon::Daemon};

fn main() {
    // `cargo test --benches` passes this: there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(lateness("idle", None));
    let burning = Arc::new(AtomicBool::new(true));
    let burners = burn(&burning);
    runtime.block_on(lateness("both cores busy", Some(&burning)));
    burning.store(false, Ordering::Relaxed);
    burners.into_iter().for_each(|burner| burner.join().expect("burners do not panic"));
    runtime.block_on(ledger_writes());
    drop(runtime);

    ready_after_start();
    idle_jobs(0);
    idle_jobs(10_000);
}

fn burn(burning: &Arc<AtomicBool>) -> Vec<thread::JoinHandle<()>> {
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let burner = |_| {
        let burning = burning.clone();
        thread::spawn(move || {
            while burning.load(Ordering::Relaxed) {
                std::hint::black_box((0..10_000_u64).fold(0, u64::wrapping_add));
            }
        })
    };
    (0..cores).map(burner).collect()
}

/// 100 jobs, each due every second at a moment of its own, until 1,000 fires have started.
async fn lateness(conditions: &str, burning: Option<&AtomicBool>) {
    const FIRES: usize = 1_000;
    let mut deck = Deck::start().await;
    for i in 1..=100 {
        deck.load_every_second(i).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut late_us = Vec::with_capacity(FIRES);
    let warm_up = 100;
    while late_us.len() < FIRES + warm_up {
        late_us.push(deck.next_lateness().await);
    }
    if let Some(burning) = burning {
        burning.store(false, Ordering::Relaxed);
    }
    let mut late_us = late_us.split_off(warm_up);
    late_us.sort_unstable();
    for share in [50, 99, 100] {
        let label = format!("lateness of {FIRES} fires, {conditions}, p{share}");
        figure(&label, percentile(&late_us, share) as f64 / 1000.0, "ms");
    }
    deck.stop().await;
}

async fn ledger_writes() {
    let deck = Deck::start().await;
    let (rounds, writers) = (100, 64);
    let started = Instant::now();
    for _ in 0..rounds {
        deck.write_runs(1).await;
    }
    figure(
        "ledger writes, one at a time, on the disk",
        f64::from(rounds) / started.elapsed().as_secs_f64(),
        "/s",
    );
    let started = Instant::now();
    for _ in 0..rounds {
        deck.write_runs(writers).await;
    }
    let written = f64::from(rounds) * writers as f64;
    figure("ledger writes, 64 together, on the disk", written / started.elapsed().as_secs_f64(), "/s");
    deck.stop().await;
}

fn ready_after_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut millis: Vec<u64> = (0..10)
        .map(|_| {
            let daemon = Daemon::start(folder.path(), "");
            daemon.ready_after.as_micros() as u64
        })
        .collect();
    millis.remove(0); // The first one makes the data folder.
    millis.sort_unstable();
    figure("ready after start, median", percentile(&millis, 50) as f64 / 1000.0, "ms");
}

/// What a daemon costs that has nothing to do but to know when its jobs are due.
fn idle_jobs(jobs: usize) {
    const WATCHED: Duration = Duration::from_secs(20);
    let folder = tempfile::tempdir().expect("a folder");
    let config: String = (0..jobs)
        .map(|i| {
            format!("[jobs.job-{i}]\nkind = \"command\"\nprogram = \"true\"\ncron = \"{} 4 1 1 *\"\n", i % 60)
        })
        .collect();
    let daemon = Daemon::start(folder.path(), &config);
    thread::sleep(Duration::from_secs(3)); // Past what loading leaves behind.
    let before = daemon.cpu();
    thread::sleep(WATCHED);
    let share = (daemon.cpu() - before).as_secs_f64() / WATCHED.as_secs_f64();
    figure(&format!("CPU of {jobs} idle jobs"), share * 100.0, "% of a core");
    figure(&format!("memory with {jobs} idle jobs"), daemon.resident_mib(), "MiB");
}
