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

#[cfg(test)]
mod tests {
    use tapedeck_sim::{
        World,
        hooks::{self, Answer, HookServer},
    };

    use super::*;
    use crate::jobs::testing::{self, soon};

    fn run(status: Status) -> Run {
        let run = serde_json::json!({
            "id": "01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f",
            "job": "backup",
            "kind": "command",
            "trigger": { "by": "cron" },
            "due": testing::NOW,
            "created": testing::NOW,
            "status": status,
            "error": "exit code 3",
        });
        serde_json::from_value(run).unwrap()
    }

    async fn ping(answers: impl IntoIterator<Item = Answer>, run: Run) -> (World, HookServer) {
        let world = World::default();
        world.hooks(|hooks| hooks.on("/ping", answers));
        let server = hooks::serve(&world, None).await.unwrap();
        let pinger = Pinger::new(testing::tools().http);
        soon(pinger.ping(server.url("/ping?a=1").parse().unwrap(), run)).await;
        (world, server)
    }

    #[tokio::test]
    async fn a_start_is_a_plain_question() {
        let (world, _server) = ping([Answer::ok()], run(Status::Running)).await;
        world.finish().unwrap();
        world.hooks(|hooks| {
            assert_eq!(hooks.requests.len(), 1);
            let request = &hooks.requests[0];
            assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));
            assert_eq!(request.query.as_deref(), Some("a=1&rid=01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f"));
        });
    }

    #[tokio::test]
    async fn a_failure_says_why() {
        let (world, _server) = ping([Answer::ok()], run(Status::Failed)).await;
        world.hooks(|hooks| {
            let request = &hooks.requests[0];
            assert_eq!(
                (request.method.as_str(), request.text()),
                ("POST", "backup failed: exit code 3".into())
            );
        });
    }

    #[tokio::test]
    async fn three_tries_and_no_more() {
        let (world, _server) = ping([Answer::closes(), Answer::ok()], run(Status::Succeeded)).await;
        assert_eq!(world.hooks(|hooks| hooks.requests.len()), 2);
        let (world, _server) = ping([Answer::status(500)], run(Status::Succeeded)).await;
        assert_eq!(world.hooks(|hooks| hooks.requests.len()), 3);
    }
}
