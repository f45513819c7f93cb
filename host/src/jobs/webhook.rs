//! Kind `webhook`: makes one HTTP call, signed per the Standard Webhooks convention.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow, bail, ensure};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::{
    Method, Response, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    JobTools, Kind,
    http::{Body, Call, Hidden, Signer, Unanswered, masked, retry_after},
    output::{Lines, Stream},
    read_settings, schema_of,
};
use crate::{
    clock::SharedClock,
    model::{JobName, Period, Summary},
    scheduler::{Job, JobError, RunContext},
};

/// More of an answer is neither read nor kept.
const KEPT_BODY: usize = 64 * 1024;

pub(super) const KIND: Kind = Kind {
    name: "webhook",
    about: "Makes one HTTP call, signed per the Standard Webhooks convention.",
    schema: schema_of::<Settings>,
    build,
};

/// Makes one HTTP call.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The address, `http` or `https`. It counts as a secret, because many addresses carry a token.
    #[schemars(with = "String", extend("format" = "secret"))]
    url: SecretString,
    /// Default: "POST".
    #[serde(default = "method")]
    method: String,
    /// Further headers; values may be secrets. Default: none.
    #[serde(default)]
    #[schemars(
        with = "BTreeMap<String, String>",
        extend("additionalProperties" = {"type": "string", "format": "secret"})
    )]
    headers: BTreeMap<String, SecretString>,
    /// What is sent, as text with placeholders. Default: a JSON envelope that describes the run.
    #[serde(default)]
    body: Option<String>,
    /// What is sent, as a table that becomes JSON; its texts may hold placeholders. Not with `body`.
    #[serde(default)]
    json: Option<serde_json::Map<String, Value>>,
    /// Signs each call: `whsec_` and base64, or any text. Default: no signature.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    secret: Option<SecretString>,
    /// Sent as `Authorization: Bearer …`. Default: none.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    bearer: Option<SecretString>,
    /// How long one call may take, from connecting to the end of the answer. Default: "30s".
    #[serde(default = "call_timeout")]
    call_timeout: Period,
    /// Answers that count as success: "2xx", or a list of codes. Default: "2xx".
    #[serde(default)]
    expect: Expect,
}

fn method() -> String {
    "POST".into()
}

fn call_timeout() -> Period {
    Period::from_secs(30)
}

#[derive(Clone, Debug, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
enum Expect {
    /// `"2xx"`.
    Class(Class),
    /// Exactly these.
    Codes(Vec<u16>),
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, schemars::JsonSchema)]
enum Class {
    #[serde(rename = "2xx")]
    Success,
}

impl Default for Expect {
    fn default() -> Self {
        Self::Class(Class::Success)
    }
}

impl Expect {
    fn has(&self, status: StatusCode) -> bool {
        match self {
            Self::Class(Class::Success) => status.is_success(),
            Self::Codes(codes) => codes.contains(&status.as_u16()),
        }
    }
}

fn build(_: &JobName, settings: &Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let settings: Settings = read_settings(settings)?;
    // The parser's error quotes nothing, the setting itself may be a secret.
    let url = Url::parse(settings.url.expose_secret()).context("`url` is not a whole address")?;
    ensure!(matches!(url.scheme(), "http" | "https"), "`url` has to start with http:// or https://");
    let method = Method::from_bytes(settings.method.to_ascii_uppercase().as_bytes());
    let method = method.ok().filter(|method| *method != Method::CONNECT);
    let method = method.with_context(|| format!("`method`: `{}` is no HTTP method", settings.method))?;
    ensure!(!settings.call_timeout.is_zero(), "`call_timeout` is zero: no call can be that fast");
    if let Expect::Codes(codes) = &settings.expect
        && let Some(wrong) = codes.iter().find(|code| !(200..600).contains(*code))
    {
        bail!("`expect`: {wrong} cannot be a final status code: use 200 to 599");
    }
    let signer = settings.secret.as_ref().map(|secret| Signer::new(secret.expose_secret()));
    let mut headers = read_headers(&settings)?;
    let body = Body::read(settings.body.as_deref(), settings.json.as_ref(), &method, &mut headers)?;
    Ok(Arc::new(WebhookJob {
        hidden: secrets(&settings, &url),
        signer: signer.transpose().context("`secret` cannot be used")?,
        url,
        method,
        headers,
        body,
        timeout: settings.call_timeout.0,
        expect: settings.expect,
        http: tools.http.clone(),
        clock: tools.clock.clone(),
    }))
}

fn read_headers(settings: &Settings) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let bearer = settings.bearer.as_ref().map(|token| format!("Bearer {}", token.expose_secret()));
    let given = settings.headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret()));
    for (name, value) in given.chain(bearer.iter().map(|bearer| (AUTHORIZATION.as_str(), bearer.as_str()))) {
        let key = HeaderName::from_bytes(name.as_bytes());
        let key = key.with_context(|| format!("`headers`: `{}` is no header's name", name.escape_debug()))?;
        ensure!(
            !headers.contains_key(&key),
            "`{name}` is given twice: by `headers` in two spellings, or by `bearer` and `headers`"
        );
        // The error says no more than "invalid", and so never quotes the value.
        let mut value = HeaderValue::from_str(value).with_context(|| {
            format!("`headers`: the value of `{name}` has characters that no header can hold")
        })?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(headers)
}

fn secrets(settings: &Settings, url: &Url) -> Hidden {
    let mut hidden = Hidden::default();
    hidden.add_url(url);
    let given = settings.headers.values().chain(&settings.secret).chain(&settings.bearer);
    given.for_each(|secret| hidden.add(secret.expose_secret()));
    hidden
}

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

/// Holds secrets: its `Debug` shows none of them.
struct WebhookJob {
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: Body,
    signer: Option<Signer>,
    timeout: Duration,
    expect: Expect,
    hidden: Hidden,
    http: reqwest::Client,
    clock: SharedClock,
}

impl fmt::Debug for WebhookJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookJob").field("url", &masked(&self.url)).finish_non_exhaustive()
    }
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
        let body = self.body.render(context, now).context("the body cannot be filled in");
        let body = body.map_err(JobError::permanent)?;
        let headers = self.headers(context, now, &body);
        let call = Call { method: self.method.clone(), url: self.url.clone(), headers, body: body.into() };
        let started = Instant::now();
        let deadline = started + self.timeout;
        let (response, redirects) =
            match timeout_at(deadline, call.send(&self.http, |status| self.expect.has(status))).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(Unanswered::Failed(error))) => return Err(self.failed(error)),
                Ok(Err(Unanswered::Refused(error))) => return Err(JobError::permanent(self.about(error))),
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

#[cfg(test)]
#[path = "tests/webhook.rs"]
mod tests;
