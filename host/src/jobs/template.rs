//! Text with placeholders such as `{{job}}` or `{{params.chat:-everyone}}`. What does not look
//! like one of ours stays as it is, because other programs use the same braces.

use jiff::Timestamp;
use serde_json::Value;

use crate::{model::Trigger, scheduler::RunContext};

const NAMES: [&str; 6] = ["run.id", "job", "due", "trigger", "attempt", "now"];

/// Parsed once, when the job is built.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Value(&'static str),
    Param { name: String, default: Option<String> },
}

/// How a value is written so that it stays one value where it is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    None,
    /// Inside a JSON string.
    Json,
    /// Inside `application/x-www-form-urlencoded`.
    Form,
}

#[derive(Debug, thiserror::Error, PartialEq)]
#[error(
    "`{{{{{found}}}}}` is no placeholder: use one of run.id, job, due, trigger, attempt, now, params.<name> \
     between the double braces"
)]
pub(super) struct UnknownPlaceholder {
    found: String,
}

#[derive(Debug, thiserror::Error, PartialEq)]
#[error(
    "the run has no parameter `{name}`: start it with one, or write a default into the configuration, \
     as in `{{{{params.{name}:-nothing}}}}`"
)]
pub(super) struct MissingParam {
    name: String,
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, UnknownPlaceholder> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            plain.push_str(before);
            let placeholder = after.split_once("}}").map(|(inner, end)| (inner, end, read(inner)));
            match placeholder {
                Some((_, end, Ok(Some(piece)))) => {
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(piece);
                    rest = end;
                }
                Some((_, _, Err(unknown))) => return Err(unknown),
                // Not ours: only the first brace is passed, so that `{{{job}}` still works.
                _ => {
                    plain.push('{');
                    rest = &rest[before.len() + 1..];
                }
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces })
    }

    pub(super) fn render(
        &self,
        context: &RunContext,
        now: Timestamp,
        escape: Escape,
    ) -> Result<String, MissingParam> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Value(name) => escape.write(&value(name, context, now), &mut text),
                Piece::Param { name, default } => {
                    let value = context.params.get(name).or(default.as_ref());
                    let value = value.ok_or_else(|| MissingParam { name: name.clone() })?;
                    escape.write(value, &mut text);
                }
            }
        }
        Ok(text)
    }
}

/// `None` when it does not look like one of ours, an error when it looks like a misspelt one.
fn read(inner: &str) -> Result<Option<Piece>, UnknownPlaceholder> {
    let inner = inner.trim();
    if inner.contains('{') {
        return Ok(None);
    }
    if let Some(param) = inner.strip_prefix("params.") {
        let (name, default) = match param.split_once(":-") {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (param, None),
        };
        if !name.is_empty() && !name.contains(' ') {
            return Ok(Some(Piece::Param { name: name.to_owned(), default }));
        }
    }
    if let Some(name) = NAMES.iter().find(|name| **name == inner) {
        return Ok(Some(Piece::Value(name)));
    }
    let is_close = |name: &str| {
        let slack = if name.len() > 4 { 2 } else { 1 };
        strsim::damerau_levenshtein(name, inner) <= slack
    };
    if inner.starts_with("param") || inner.starts_with("run.") || NAMES.iter().any(|name| is_close(name)) {
        return Err(UnknownPlaceholder { found: inner.chars().take(60).collect() });
    }
    Ok(None)
}

fn value(name: &str, context: &RunContext, now: Timestamp) -> String {
    match name {
        "run.id" => context.id.to_string(),
        "job" => context.job.to_string(),
        "due" => context.due.to_string(),
        "trigger" => trigger_word(&context.trigger).to_owned(),
        "attempt" => context.attempt.to_string(),
        _ => now.to_string(),
    }
}

/// The word that the API uses for a trigger.
pub(super) fn trigger_word(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Cron => "cron",
        Trigger::Every => "every",
        Trigger::AtStart => "at-start",
        Trigger::Event { .. } => "event",
        Trigger::After { .. } => "after",
        Trigger::OnFailure { .. } => "on-failure",
        Trigger::Retry { .. } => "retry",
        Trigger::Manual { .. } => "manual",
    }
}

impl Escape {
    fn write(self, value: &str, text: &mut String) {
        match self {
            Self::None => text.push_str(value),
            Self::Json => {
                let quoted = Value::from(value).to_string();
                text.push_str(&quoted[1..quoted.len() - 1]);
            }
            Self::Form => text.extend(url::form_urlencoded::byte_serialize(value.as_bytes())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::testing;

    fn render(text: &str, escape: Escape) -> Result<String, MissingParam> {
        let (mut context, _) = testing::context();
        context.params.insert("chat".into(), "say \"hi\" & go".into());
        Template::parse(text).unwrap().render(&context, testing::NOW.parse().unwrap(), escape)
    }

    #[test]
    fn fills_in_every_name() {
        let text = render("{{job}}/{{ run.id }}/{{trigger}}/{{attempt}}/{{due}}/{{now}}", Escape::None);
        let now = testing::NOW;
        let expected = format!("test/01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f/manual/2/{now}/{now}");
        assert_eq!(text.unwrap(), expected);
    }

    #[test]
    fn values_stay_one_value() {
        let text = "x={{params.chat}}";
        assert_eq!(render(text, Escape::None).unwrap(), "x=say \"hi\" & go");
        assert_eq!(render(text, Escape::Json).unwrap(), "x=say \\\"hi\\\" & go");
        assert_eq!(render(text, Escape::Form).unwrap(), "x=say+%22hi%22+%26+go");
    }

    #[test]
    fn a_missing_param_needs_a_default() {
        assert_eq!(render("{{params.x:-a b}}{{params.y:-}}", Escape::None).unwrap(), "a b");
        let error = render("{{params.x}}", Escape::None).unwrap_err().to_string();
        assert!(error.contains("no parameter `x`") && error.contains("{{params.x:-nothing}}"), "{error}");
    }

    #[test]
    fn leaves_foreign_braces_alone() {
        for text in ["{{.Names}}", "{{json .}}", "{{end}}", "{{", "}}", "{{}}", "{\"a\":{\"b\":1}}", "{{ä"] {
            assert_eq!(render(text, Escape::None).unwrap(), text);
        }
        assert_eq!(render("{{{job}}}", Escape::None).unwrap(), "{test}");
    }

    #[test]
    fn misspelt_names_are_errors() {
        for text in ["{{jobs}}", "{{run_id}}", "{{run.job}}", "{{param.x}}", "{{params.}}", "{{triger}}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
