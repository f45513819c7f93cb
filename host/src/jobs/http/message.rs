//! What a call sends: a template, a table, or an envelope that describes the run.

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde_json::{Map, Value, json};

use crate::{
    jobs::template::{Escape, MissingParam, Template, UnknownPlaceholder, trigger_word},
    scheduler::RunContext,
};

/// The body of a call, before it is filled in.
#[derive(Debug)]
pub(in crate::jobs) enum Body {
    Nothing,
    Envelope,
    Text(Template, Escape),
    Json(Value),
}

#[derive(Debug, thiserror::Error)]
pub(in crate::jobs) enum Unfilled {
    #[error(transparent)]
    Unknown(#[from] UnknownPlaceholder),
    #[error(transparent)]
    Missing(#[from] MissingParam),
}

impl Body {
    /// Reads the settings `body` and `json`; adds the type of the content unless it is given.
    pub(in crate::jobs) fn read(
        body: Option<&str>,
        json: Option<&Map<String, Value>>,
        method: &Method,
        headers: &mut HeaderMap,
    ) -> anyhow::Result<Self> {
        let (body, content_type) = match (body, json) {
            (Some(_), Some(_)) => bail!("`body` and `json` are both given: keep one"),
            (Some(text), None) => {
                let start = text.trim_start();
                let is_json = start.starts_with(['{', '[']) && !start.starts_with("{{");
                let content_type = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
                let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
                let escape = escape_for(given.unwrap_or(content_type));
                (Self::Text(Template::parse(text).context("`body`")?, escape), content_type)
            }
            (None, Some(table)) => {
                let table = Value::Object(table.clone());
                fill_in(&table, &mut |text| Template::parse(text).map(|_| String::new()))
                    .context("`json`")?;
                (Self::Json(table), "application/json")
            }
            (None, None) if matches!(*method, Method::GET | Method::HEAD) => return Ok(Self::Nothing),
            (None, None) => (Self::Envelope, "application/json"),
        };
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        Ok(body)
    }

    pub(in crate::jobs) fn render(&self, context: &RunContext, now: Timestamp) -> Result<Vec<u8>, Unfilled> {
        Ok(match self {
            Self::Nothing => Vec::new(),
            Self::Envelope => envelope(context, now).to_string().into_bytes(),
            Self::Text(template, escape) => template.render(context, now, *escape)?.into_bytes(),
            Self::Json(table) => {
                let mut replace = |text: &str| -> Result<String, Unfilled> {
                    Ok(Template::parse(text)?.render(context, now, Escape::None)?)
                };
                fill_in(table, &mut replace)?.to_string().into_bytes()
            }
        })
    }
}

fn escape_for(content_type: &str) -> Escape {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/x-www-form-urlencoded" => Escape::Form,
        json if json.ends_with("/json") || json.ends_with("+json") => Escape::Json,
        _ => Escape::None,
    }
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
