//! Dead-man pings: an address that hears of every start and end, and raises an alarm when it does not.

use std::time::Duration;

use anyhow::ensure;
use futures_util::future::BoxFuture;
use url::Url;

use super::http::{explain, masked};
use crate::{
    model::{Run, Status},
    scheduler::PingSender,
};

const TRIES: u32 = 3;
const LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(500);

/// Longest error text that is sent along.
const LONGEST_ERROR: usize = 8 * 1024;

/// Asks for ping addresses. A ping that fails is logged and changes nothing else.
#[derive(Clone, Debug)]
pub struct Pinger {
    http: reqwest::Client,
}

impl Pinger {
    pub fn new(http: reqwest::Client) -> Self {
        Self { http }
    }
}

impl PingSender for Pinger {
    fn ping(&self, mut address: Url, run: Run) -> BoxFuture<'static, ()> {
        let http = self.http.clone();
        address.query_pairs_mut().append_pair("rid", &run.id.to_string());
        let text = failure_text(&run);
        Box::pin(async move {
            for tries_left in (0..TRIES).rev() {
                match ask(&http, &address, text.as_deref()).await {
                    Ok(()) => return,
                    Err(error) if tries_left == 0 => {
                        let to = masked(&address);
                        tracing::warn!(to, error = format!("{error:#}"), "A ping has failed {TRIES} times");
                    }
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
        })
    }
}

/// What a failed run has to say.
fn failure_text(run: &Run) -> Option<String> {
    let has_failed = run.status.is_over() && run.status != Status::Succeeded;
    has_failed.then(|| {
        let why = run.error.as_deref().or(run.reason.as_deref()).unwrap_or("no reason is known");
        let why: String = why.chars().take(LONGEST_ERROR).collect();
        format!("{} {}: {why}", run.job, run.status)
    })
}

async fn ask(http: &reqwest::Client, url: &Url, text: Option<&str>) -> anyhow::Result<()> {
    let request = match text {
        Some(text) => http.post(url.clone()).body(text.to_owned()),
        None => http.get(url.clone()),
    };
    let response = request.timeout(LIMIT).send().await.map_err(explain)?;
    let status = response.status();
    ensure!(status.is_success(), "answered {status}");
    Ok(())
}
