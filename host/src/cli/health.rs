use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use url::Url;

use super::{
    Context, Exit, Failure,
    client::{self, Client},
};

/// Ask whether the daemon can work
///
/// Ends with 0 when jobs can run, 1 when the daemon answers that they cannot, 3 when nobody
/// answers. With `--url` no configuration is read. Made for health checks of containers.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck health
  tapedeck health --url http://127.0.0.1:8484
  HEALTHCHECK CMD [\"tapedeck\", \"health\"]")]
pub(super) struct Args {
    /// Wait at most so many seconds for the answer
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    reasons: Vec<String>,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::new(address(context)?, None)?;
    let (status, body) = client.health(Duration::from_secs(args.timeout)).await?;
    if context.is_json() {
        context.output.bytes(&body)?;
        context.output.bytes(b"\n")?;
    }
    if status == StatusCode::OK {
        return if context.is_json() { Ok(()) } else { context.output.line("ok") };
    }
    let reasons = serde_json::from_slice::<Answer>(&body).map(|answer| answer.reasons.join(", "));
    let reasons = reasons.ok().filter(|reasons| !reasons.is_empty()).unwrap_or_else(|| status.to_string());
    Err(Failure::new(Exit::Failed, format!("the daemon cannot work: {reasons}")).into())
}

/// Named, left by the running daemon, or the configured one.
fn address(context: &Context) -> anyhow::Result<Url> {
    if let Some(url) = &context.url {
        return client::parse(url);
    }
    let places = context.places();
    if let Some(url) = client::published_url(&places.data_folder)? {
        return Ok(url);
    }
    let mut listen = places.listen;
    if listen.ip().is_unspecified() {
        let loopback =
            if listen.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        listen.set_ip(loopback);
    }
    client::parse(&format!("http://{listen}"))
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, http, response::IntoResponse as _, routing};
    use serde_json::json;

    use super::*;
    use crate::cli::client::tests::{daemon, install_tls};

    async fn asked(status: http::StatusCode, answer: serde_json::Value) -> Result<(), Failure> {
        install_tls();
        let ready = move || async move { (status, Json(answer)).into_response() };
        let daemon = daemon(Router::new().route("/health/ready", routing::get(ready))).await;
        let context = Context::for_tests(&["--url", &daemon.url]);
        run(&Args { timeout: 5 }, &context).await.map_err(|error| error.downcast().unwrap())
    }

    #[tokio::test]
    async fn exit_code_says_how_it_is() {
        assert!(asked(http::StatusCode::OK, json!({ "status": "ok" })).await.is_ok());
        let reasons = json!({ "status": "unavailable", "reasons": ["the scheduler has stopped"] });
        let failure = asked(http::StatusCode::SERVICE_UNAVAILABLE, reasons).await.unwrap_err();
        assert_eq!(failure.exit, Exit::Failed);
        assert!(failure.to_string().contains("the scheduler has stopped"), "{failure}");
    }

    #[tokio::test]
    async fn silence_is_exit_three() {
        install_tls();
        let never = || async { std::future::pending::<()>().await };
        let daemon = daemon(Router::new().fallback(never)).await;
        let context = Context::for_tests(&["--url", &daemon.url]);
        let error = run(&Args { timeout: 1 }, &context).await.unwrap_err();
        assert_eq!(error.downcast::<Failure>().unwrap().exit, Exit::NoDaemon);
    }
}
