//! The call itself: sends, follows harmless redirects, and says what the answer means.

use std::{fmt, time::Duration};

use anyhow::{Context as _, anyhow};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION},
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{Expect, fill_in, signature::Signer};
use crate::{
    clock::SharedClock,
    jobs::{
        http::{Hidden, explain, masked, retry_after},
        output::{Lines, Stream},
        template::{Escape, MissingParam, Template, UnknownPlaceholder, trigger_word},
    },
    model::{Period, Summary},
    scheduler::{Job, JobError, RunContext},
};

/// More of an answer is neither read nor kept.
const KEPT_BODY: usize = 64 * 1024;

const REDIRECTS: u32 = 3;

/// What one call came to.
#[derive(Debug, Serialize)]
struct Outcome {
    status: u16,
    /// Of the answer, as far as it was read.
    bytes: u64,
    redirects: u32,
    duration_ms: u64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = StatusCode::from_u16(self.status).ok();
        let reason = status.and_then(|status| status.canonical_reason()).unwrap_or("no name");
        write!(f, "answered {} ({reason}) in {} ms", self.status, self.duration_ms)
    }
}

/// What is sent.
#[derive(Debug)]
pub(super) enum Body {
    Nothing,
    Envelope,
    Text(Template, Escape),
    Json(Value),
}

/// Holds secrets: its `Debug` shows none of them.
pub(super) struct WebhookJob {
    pub(super) url: Url,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) signer: Option<Signer>,
    pub(super) timeout: Duration,
    pub(super) expect: Expect,
    pub(super) hidden: Hidden,
    pub(super) http: reqwest::Client,
    pub(super) clock: SharedClock,
}

impl fmt::Debug for WebhookJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookJob").field("url", &masked(&self.url)).finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
enum Unfilled {
    #[error(transparent)]
    Unknown(#[from] UnknownPlaceholder),
    #[error(transparent)]
    Missing(#[from] MissingParam),
}

impl Job for WebhookJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            tokio::select! {
                biased;
                () = context.stop.cancelled() => Err(JobError::temporary(anyhow!("stopped before the answer came"))),
                result = self.call(&context) => result,
            }
        })
    }
}

impl WebhookJob {
    async fn call(&self, context: &RunContext) -> Result<Summary, JobError> {
        let now = self.clock.now();
        let body = self.body(context, now).context("the body cannot be filled in");
        let body = body.map_err(JobError::permanent)?;
        let headers = self.headers(context, now, &body);
        let started = Instant::now();
        let deadline = started + self.timeout;
        let (response, redirects) = match timeout_at(deadline, self.send(headers, body)).await {
            Ok(answer) => answer?,
            Err(_) => return Err(self.failed(anyhow!("no answer within {}", Period(self.timeout)))),
        };
        let (status, answer_headers) = (response.status(), response.headers().clone());
        let bytes = self.log_body(response, deadline).await;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let outcome = Outcome { status: status.as_u16(), bytes, redirects, duration_ms };
        tracing::info!(
            http.status = outcome.status,
            http.method = %self.method,
            bytes,
            duration_ms,
            "{} {outcome}",
            masked(&self.url)
        );
        self.judge(status, &answer_headers, Summary::of(&outcome))
    }

    fn body(&self, context: &RunContext, now: Timestamp) -> Result<Vec<u8>, Unfilled> {
        Ok(match &self.body {
            Body::Nothing => Vec::new(),
            Body::Envelope => envelope(context, now).to_string().into_bytes(),
            Body::Text(template, escape) => template.render(context, now, *escape)?.into_bytes(),
            Body::Json(table) => {
                let mut replace = |text: &str| -> Result<String, Unfilled> {
                    Ok(Template::parse(text)?.render(context, now, Escape::None)?)
                };
                fill_in(table, &mut replace)?.to_string().into_bytes()
            }
        })
    }

    fn headers(&self, context: &RunContext, now: Timestamp, body: &[u8]) -> HeaderMap {
        // The same id for every attempt: the receiver can tell a repetition from a new run.
        let id = context.id.to_string();
        let timestamp = now.as_second();
        let mut headers = self.headers.clone();
        let mut own = vec![("webhook-id", id.clone()), ("webhook-timestamp", timestamp.to_string())];
        own.extend(self.signer.iter().map(|signer| ("webhook-signature", signer.sign(&id, timestamp, body))));
        for (name, value) in own {
            let value = HeaderValue::from_str(&value).expect("ids, numbers and base64 are plain ASCII");
            headers.insert(name, value);
        }
        headers
    }

    /// Sends, and follows redirects as far as they are harmless.
    async fn send(&self, mut headers: HeaderMap, body: Vec<u8>) -> Result<(Response, u32), JobError> {
        let mut url = self.url.clone();
        let body = bytes::Bytes::from(body);
        for redirects in 0.. {
            let request = self.http.request(self.method.clone(), url.clone()).headers(headers.clone());
            let response =
                request.body(body.clone()).send().await.map_err(|error| self.failed(explain(error)))?;
            if !response.status().is_redirection() || self.expect.has(response.status()) {
                return Ok((response, redirects));
            }
            let Some(next) = self.redirected(&response, &url)? else { return Ok((response, redirects)) };
            if redirects == REDIRECTS {
                let error = anyhow!("more than {REDIRECTS} redirects, the last one to {}", masked(&next));
                return Err(JobError::permanent(self.about(error)));
            }
            if next.origin() != url.origin() {
                // Another server gets the signed message, but none of the credentials.
                headers.retain_own();
            }
            tracing::info!(to = masked(&next), "Redirected");
            url = next;
        }
        unreachable!("the loop ends by itself after {REDIRECTS} redirects")
    }

    /// Where a redirect leads, if it is one that we follow.
    fn redirected(&self, response: &Response, from: &Url) -> Result<Option<Url>, JobError> {
        let refuse = |text: String| Err(JobError::permanent(self.about(anyhow!(text))));
        let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
        let next = location.to_str().ok().and_then(|location| from.join(location).ok());
        let Some(next) = next else { return refuse("redirected to something that is no address".into()) };
        let status = response.status().as_u16();
        let shown = masked(&next);
        if next.scheme() != from.scheme() && !(from.scheme() == "http" && next.scheme() == "https") {
            return refuse(format!("redirected from {} to {shown}, which is less safe", from.scheme()));
        }
        match status {
            307 | 308 => Ok(Some(next)),
            301..=303 if matches!(self.method, Method::GET | Method::HEAD) => Ok(Some(next)),
            301..=303 => refuse(format!(
                "answered {status}, a redirect to {shown} that would lose the body: if that address is right, \
                 make it the job's `url`"
            )),
            _ => Ok(None),
        }
    }

    /// Puts the answer's body into the run's log. That it breaks off changes nothing: the status is known.
    async fn log_body(&self, mut response: Response, deadline: Instant) -> u64 {
        let mut kept = Vec::new();
        let note = loop {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) => kept.extend_from_slice(&chunk),
                Ok(Ok(None)) => break None,
                Ok(Err(_)) => break Some("… the answer broke off here"),
                Err(_) => break Some("… the rest of the answer did not come in time"),
            }
            if kept.len() > KEPT_BODY {
                break Some("… the rest of the answer was not read");
            }
        };
        let length = kept.len() as u64;
        kept.truncate(KEPT_BODY);
        let mut lines = Lines::new(Stream::Response, KEPT_BODY, Instant::now());
        // Secrets are hidden before the text is cut into lines, so that none is cut in two.
        lines
            .push(self.hidden.hide_in(&String::from_utf8_lossy(&kept)).as_bytes(), Instant::now(), |_| false);
        lines.finish(|_| false);
        if let Some(note) = note {
            tracing::info!(bytes = length, "{note}");
        }
        length
    }

    fn judge(&self, status: StatusCode, headers: &HeaderMap, summary: Summary) -> Result<Summary, JobError> {
        if self.expect.has(status) {
            return Ok(summary);
        }
        let is_temporary = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
        let advice = match status.as_u16() {
            401 | 403 => ": check `bearer`, `headers` and `secret`",
            404 => ": check `url`",
            410 => ": the receiver wants no more calls; remove the job",
            413 => ": the body is too large for the receiver",
            _ if status.is_success() => ", which `expect` does not list",
            _ if status.is_redirection() => ", a redirect without a usable address",
            _ => "",
        };
        let error = self.about(anyhow!("answered {status}{advice}"));
        let mut error = if is_temporary { JobError::temporary(error) } else { JobError::permanent(error) };
        error.retry_after = retry_after(headers, self.clock.now()).filter(|_| is_temporary);
        Err(error.with_summary(summary))
    }

    fn failed(&self, error: anyhow::Error) -> JobError {
        JobError::temporary(self.about(error))
    }

    fn about(&self, error: anyhow::Error) -> anyhow::Error {
        error.context(format!("{} {} failed", self.method, masked(&self.url)))
    }
}

trait RetainOwn {
    /// Drops everything that the configuration put in, except what describes the body.
    fn retain_own(&mut self);
}

impl RetainOwn for HeaderMap {
    fn retain_own(&mut self) {
        let foreign: Vec<_> = self.keys().filter(|name| !is_own(name)).cloned().collect();
        foreign.iter().for_each(|name| {
            self.remove(name);
        });
    }
}

fn is_own(name: &HeaderName) -> bool {
    name == CONTENT_TYPE || name.as_str().starts_with("webhook-")
}

fn envelope(context: &RunContext, now: Timestamp) -> Value {
    json!({
        "type": "job.run",
        "timestamp": now,
        "data": {
            "run": context.id,
            "job": context.job,
            "due": context.due,
            "trigger": trigger_word(&context.trigger),
            "attempt": context.attempt,
            "params": context.params,
        },
    })
}
