//! Kind `webhook`: makes one HTTP call, signed per the Standard Webhooks convention.

mod call;
mod signature;

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use reqwest::{
    Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use self::{
    call::{Body, WebhookJob},
    signature::Signer,
};
use super::{
    JobTools, Kind,
    http::Hidden,
    read_settings, schema_of,
    template::{Escape, Template},
};
use crate::{
    model::{JobName, Period},
    scheduler::Job,
};

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
    let body = read_body(&settings, &method, &mut headers)?;
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

fn read_body(settings: &Settings, method: &Method, headers: &mut HeaderMap) -> anyhow::Result<Body> {
    let (body, content_type) = match (&settings.body, &settings.json) {
        (Some(_), Some(_)) => bail!("`body` and `json` are both given: keep one"),
        (Some(text), None) => {
            let start = text.trim_start();
            let is_json = start.starts_with(['{', '[']) && !start.starts_with("{{");
            let content_type = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
            let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let escape = escape_for(given.unwrap_or(content_type));
            (Body::Text(Template::parse(text).context("`body`")?, escape), content_type)
        }
        (None, Some(table)) => {
            let table = Value::Object(table.clone());
            fill_in(&table, &mut |text| Template::parse(text).map(|_| String::new())).context("`json`")?;
            (Body::Json(table), "application/json")
        }
        (None, None) if matches!(*method, Method::GET | Method::HEAD) => return Ok(Body::Nothing),
        (None, None) => (Body::Envelope, "application/json"),
    };
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
    Ok(body)
}

fn escape_for(content_type: &str) -> Escape {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/x-www-form-urlencoded" => Escape::Form,
        json if json.ends_with("/json") || json.ends_with("+json") => Escape::Json,
        _ => Escape::None,
    }
}

fn secrets(settings: &Settings, url: &Url) -> Hidden {
    let mut hidden = Hidden::default();
    hidden.add_url(url);
    let given = settings.headers.values().chain(&settings.secret).chain(&settings.bearer);
    given.for_each(|secret| hidden.add(secret.expose_secret()));
    hidden
}

/// The same value with every text replaced.
fn fill_in<E>(value: &Value, replace: &mut impl FnMut(&str) -> Result<String, E>) -> Result<Value, E> {
    Ok(match value {
        Value::String(text) => Value::String(replace(text)?),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| fill_in(item, replace)).collect::<Result<_, E>>()?)
        }
        Value::Object(table) => {
            let entries = table.iter().map(|(key, item)| Ok((key.clone(), fill_in(item, replace)?)));
            Value::Object(entries.collect::<Result<_, E>>()?)
        }
        plain => plain.clone(),
    })
}

#[cfg(test)]
mod tests;
