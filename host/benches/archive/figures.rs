//! One line for each figure, with its aim.

use std::{fs, time::Duration};

use rustix::time::{ClockId, clock_gettime};

pub(crate) fn figure(what: &str, value: f64, unit: &str, aim: &str) {
    println!("  {what:<52} {value:>14.2} {unit:<28} {aim}");
}

/// What this process has used so far, all threads.
pub(crate) fn cpu() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or(0))
}

/// What this process holds now.
pub(crate) fn resident_mib() -> f64 {
    of_status("VmRSS:")
}

/// The most that it has held since [`forget_peak`].
pub(crate) fn peak_mib() -> f64 {
    of_status("VmHWM:")
}

pub(crate) fn forget_peak() {
    // Where the kernel does not let us, the peak is that of the whole process, which is more.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn of_status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib: Option<f64> = line.and_then(|it| it.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// The median and the worst but one of a hundred, in milliseconds.
pub(crate) fn middle_and_worst(mut walls: Vec<Duration>) -> (f64, f64) {
    walls.sort_unstable();
    let at = |share: usize| walls[(walls.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
    (at(50), at(99))
}
