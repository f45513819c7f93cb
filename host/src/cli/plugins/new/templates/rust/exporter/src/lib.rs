//! Writes messages as lines of text. Nothing is gathered, so an export of any length needs the memory of
//! some hundred messages.

use schemars::JsonSchema;
use serde::Deserialize;
use tapedeck_plugin::{
    Date, Error, Exporter, FileFormat, Messages, Options, Output,
    chats::{Chat, Topic},
    log,
};

/// What the operator may write under `[plugins.{{name}}.settings]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// What stands between the parts of a line; a tab by default.
    separator: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            separator: "\t".into(),
        }
    }
}

/// One export.
struct Plugin {
    settings: Settings,
    count: u64,
}

impl Exporter for Plugin {
    type Settings = Settings;

    fn formats() -> Vec<FileFormat> {
        vec![FileFormat {
            name: "lines".into(),
            extension: "txt".into(),
            mime: "text/plain".into(),
            summary: "One message a line: when, who, what".into(),
        }]
    }

    fn open(settings: &Settings, _: Options, _: &mut Output) -> Result<Self, Error> {
        Ok(Self {
            settings: settings.clone(),
            count: 0,
        })
    }

    fn begin_chat(&mut self, chat: &Chat, _: &[Topic], out: &mut Output) -> Result<(), Error> {
        out.main()
            .extend_from_slice(format!("# {}\n", chat.title).as_bytes());
        Ok(())
    }

    fn push(&mut self, messages: &Messages<'_>, out: &mut Output) -> Result<(), Error> {
        self.count += messages.len() as u64;
        for message in messages.iter() {
            let line = line(
                message.date(),
                message.sender_id(),
                message.text(),
                &self.settings.separator,
            );
            out.main().extend_from_slice(line.as_bytes());
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Output) -> Result<(), Error> {
        log::debug!("wrote {} messages", self.count);
        Ok(())
    }
}

tapedeck_plugin::export!(Plugin: Exporter, settings: "settings.schema.json");

fn line(date: i64, sender: Option<i64>, text: &str, separator: &str) -> String {
    let sender = sender.map(|id| id.to_string()).unwrap_or_default();
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    [Date::of(date).as_str(), &sender, &one_line].join(separator) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line() {
        assert_eq!(
            line(1_772_368_200, Some(7), "one\n two", "\t"),
            "2026-03-01T12:30:00\t7\tone two\n"
        );
    }

    #[test]
    fn channels_have_no_sender() {
        assert_eq!(line(0, None, "hi", ";"), "1970-01-01T00:00:00;;hi\n");
    }
}
