//! Room for other processes between the steps of long work on one archive.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// One step comes right behind the other, and a process beside it that waits for its turn only looks now and then: so
/// often it is let in.
const TURN: Duration = Duration::from_secs(1);
/// Longer than SQLite waits before it looks again.
const GAP: Duration = Duration::from_millis(120);

/// How long the present turn has lasted.
pub(crate) struct Turns {
    since: Instant,
}

impl Turns {
    pub(crate) fn begin() -> Self {
        Self { since: Instant::now() }
    }

    /// To be called after each step.
    pub(crate) async fn let_others_in(&mut self) {
        if self.since.elapsed() > TURN {
            sleep(GAP).await;
            self.since = Instant::now();
        }
    }
}
