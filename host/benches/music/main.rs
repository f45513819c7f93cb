//! What we promise about music, measured: `make bench`.
//!
//! Prints one line per figure; docs/performance.md holds the figures and the aims. `calls` counts in
//! simulated time, `change` watches the real daemon between a scrobbler and a simulated Telegram.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod calls;
mod change;
#[expect(dead_code, reason = "shared with the deck's, which looks at more")]
#[path = "../support/daemon.rs"]
mod daemon;
#[path = "../support/figures.rs"]
mod figures;

fn main() {
    // `cargo test --benches` passes this: there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    calls::measure();
    change::measure();
}
