//! Thread CPU time: what others do on the machine hardly shows.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

pub(crate) fn figure(what: &str, value: f64, unit: &str) {
    println!("{what:<72} {value:>14.2} {unit}");
}

/// CPU time that this thread took for one turn: the best of several rounds of `turns`.
pub(crate) fn best(rounds: usize, turns: usize, mut turn: impl FnMut()) -> Duration {
    turn();
    let round = |_| {
        let before = cpu();
        for _ in 0..turns {
            turn();
        }
        (cpu() - before) / u32::try_from(turns).expect("few turns")
    };
    (0..rounds).map(round).min().unwrap_or_default()
}

/// CPU time of the whole process: for what works on several threads.
pub(crate) fn process_cpu() -> Duration {
    time(ClockId::ProcessCPUTime)
}

fn cpu() -> Duration {
    time(ClockId::ThreadCPUTime)
}

fn time(clock: ClockId) -> Duration {
    let used = clock_gettime(clock);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or(0))
}

/// Memory that this process holds, in KiB.
pub(crate) fn resident_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|it| it.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0.0)
}

pub(crate) fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
