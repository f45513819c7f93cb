//! One line for each figure.

pub(crate) fn figure(what: &str, value: f64, unit: &str) {
    println!("{what:<52} {value:>12.2} {unit}");
}

/// `sorted` must be.
pub(crate) fn percentile(sorted: &[u64], share: usize) -> u64 {
    sorted[(sorted.len() * share / 100).min(sorted.len() - 1)]
}
