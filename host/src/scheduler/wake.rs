//! The second wake-up. The precise timer sleeps by the monotonic clock, which stands still while
//! a laptop sleeps and knows nothing of clock jumps; this one looks about twice a second.
//!
//! It waits for a time of day: when the clock is set back, that is long in coming. So a plain interval ticks beside it.

use std::time::Duration;

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::lifecycle::Lifecycle;

const SECOND: Duration = Duration::from_secs(1);

/// Ticks until the process drains. A tick that nobody has taken yet stands for the next ones too.
pub async fn spawn_ticks(lifecycle: &Lifecycle) -> Result<mpsc::Receiver<()>, JobSchedulerError> {
    spawn_ticks_beside(lifecycle, SECOND).await
}

async fn spawn_ticks_beside(
    lifecycle: &Lifecycle,
    every: Duration,
) -> Result<mpsc::Receiver<()>, JobSchedulerError> {
    let (sender, ticks) = mpsc::channel(1);
    let beside = sender.clone();
    let mut ticker = JobScheduler::new().await?;
    let tick = Job::new("* * * * * *", move |_, _| {
        let _ = sender.try_send(());
    })?;
    ticker.add(tick).await?;
    ticker.start().await?;
    let draining = lifecycle.draining();
    lifecycle.spawn("ticks", async move {
        let mut seconds = interval(every);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while draining.run_until_cancelled(seconds.tick()).await.is_some() {
            let _ = beside.try_send(());
        }
        if let Err(error) = ticker.shutdown().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "The tick did not stop cleanly");
        }
    });
    Ok(ticks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::Ending;

    #[tokio::test]
    async fn ticks_wait_for_no_time_of_day() {
        let lifecycle = Lifecycle::default();
        let mut ticks = spawn_ticks_beside(&lifecycle, Duration::from_millis(1)).await.unwrap();
        let began = std::time::Instant::now();
        // By the time of day, there is one a second.
        for _ in 0..30 {
            ticks.recv().await.unwrap();
        }
        assert!(began.elapsed() < 20 * SECOND, "{:?}", began.elapsed());
        lifecycle.drain();
        assert_eq!(lifecycle.wait(20 * SECOND).await, Ending::Drained);
    }
}
