//! The second wake-up. The precise timer sleeps by the monotonic clock, which stands still while
//! a laptop sleeps and knows nothing of clock jumps; this one looks about twice a second.

use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::lifecycle::Lifecycle;

/// Ticks until the process drains. A tick that nobody has taken yet stands for the next ones too.
pub async fn spawn_ticks(lifecycle: &Lifecycle) -> Result<mpsc::Receiver<()>, JobSchedulerError> {
    let (sender, ticks) = mpsc::channel(1);
    let mut ticker = JobScheduler::new().await?;
    let tick = Job::new("* * * * * *", move |_, _| {
        let _ = sender.try_send(());
    })?;
    ticker.add(tick).await?;
    ticker.start().await?;
    let draining = lifecycle.draining();
    lifecycle.spawn("ticks", async move {
        draining.cancelled().await;
        if let Err(error) = ticker.shutdown().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "The tick did not stop cleanly");
        }
    });
    Ok(ticks)
}
