//! What the tests of job kinds share.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{JobTools, Kind};
use crate::{
    clock::ManualClock,
    model::{Params, RunId, Trigger},
    scheduler::{Job, Report, Reporter, RunContext},
};

pub(super) const NOW: &str = "2026-03-01T12:00:00Z";

pub(crate) fn tools() -> JobTools {
    JobTools {
        http: super::build_client("0.0.0-test").unwrap(),
        accounts: None,
        spotify: None,
        plugins: None,
        music: None,
        archive: None,
        capture: Default::default(),
        sweeps: Default::default(),
        media: None,
        backends: Default::default(),
        clock: ManualClock::at(NOW.parse().unwrap()),
        base_folder: std::env::temp_dir(),
        version: "0.0.0-test",
        private_variables: Arc::default(),
    }
}

pub(super) fn job(kind: &Kind, settings: serde_json::Value) -> Arc<dyn Job> {
    try_job(kind, settings).unwrap()
}

pub(super) fn try_job(kind: &Kind, settings: serde_json::Value) -> anyhow::Result<Arc<dyn Job>> {
    (kind.build)(&"test".parse().unwrap(), &settings, &tools())
}

/// A run's context, and what it reports.
pub(super) fn context() -> (RunContext, watch::Receiver<Report>) {
    let (report, reports) = Reporter::new();
    let context = RunContext {
        id: RunId("01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f".parse().unwrap()),
        job: "test".parse().unwrap(),
        trigger: Trigger::Manual { who: "ann".into() },
        params: Params::new(),
        due: NOW.parse::<Timestamp>().unwrap(),
        attempt: 2,
        stop: CancellationToken::new(),
        report,
    };
    (context, reports)
}

/// Fails the test instead of hanging it.
pub(super) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(15), future).await.expect("it ends within 15 s")
}
