//! Messages as people write them: what they leave out is made up.

use std::io::Read as _;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::Args;
use crate::{
    cli::{Context, Failure},
    model::Message,
};

/// `None`: there are none.
pub(super) fn read(args: &Args, context: &Context) -> anyhow::Result<Option<Vec<Message>>> {
    let values = match &args.messages {
        None if args.texts.is_empty() => return Ok(None),
        None => args.texts.iter().map(|text| json!({ "text": text })).collect(),
        Some(file) => {
            let mut text = String::new();
            if file.as_os_str() == "-" {
                std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
            } else {
                text = std::fs::read_to_string(file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
            }
            parse(&text)?
        }
    };
    let now = context.now().to_string();
    let complete = |(number, value)| complete(number, value, &now);
    values.into_iter().enumerate().map(complete).collect::<anyhow::Result<_>>().map(Some)
}

/// For kinds that cannot be called without.
pub(super) fn needed(messages: Option<Vec<Message>>) -> anyhow::Result<Vec<Message>> {
    messages.ok_or_else(|| {
        let failure = Failure::usage("there is nothing to call it with");
        failure.fix("give it --text TEXT or --messages FILE").into()
    })
}

/// A list, or values one after the other.
fn parse(text: &str) -> anyhow::Result<Vec<Value>> {
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter() {
        match value.map_err(|error| Failure::usage("the messages are no JSON").caused_by(error))? {
            Value::Array(list) => values.extend(list),
            value => values.push(value),
        }
    }
    Ok(values)
}

fn complete(number: usize, value: Value, now: &str) -> anyhow::Result<Message> {
    let mut message = Map::new();
    message.insert("id".into(), json!(number + 1));
    message.insert("chat".into(), json!(1));
    message.insert("date".into(), json!(now));
    match value {
        Value::Object(given) => message.extend(given),
        Value::String(text) => drop(message.insert("text".into(), text.into())),
        _ => {
            return Err(
                Failure::usage(format!("message {} is neither a text nor an object", number + 1)).into()
            );
        }
    }
    serde_json::from_value(message.into())
        .map_err(|error| Failure::usage(format!("message {} is not one", number + 1)).caused_by(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Vec<Message>> {
        let values = parse(text)?.into_iter().enumerate();
        values.map(|(number, value)| complete(number, value, "2026-01-01T12:00:00Z")).collect()
    }

    #[test]
    fn little_is_enough_for_a_message() {
        for text in [r#"["a", {"text": "b", "id": 7}]"#, "\"a\"\n{\"text\": \"b\", \"id\": 7}\n"] {
            let messages = read(text).unwrap();
            assert_eq!(
                messages.iter().map(|it| (it.id.0, it.text.as_str())).collect::<Vec<_>>(),
                [(1, "a"), (7, "b")]
            );
        }
    }

    #[test]
    fn wrong_messages_are_counted() {
        for (text, said) in [("{", "no JSON"), ("[1]", "message 1"), (r#"["a", {"date": 3}]"#, "message 2")] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
