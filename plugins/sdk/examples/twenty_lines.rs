//! Drops messages that link to hosts which the operator names.

use tapedeck_plugin::{ChatFilter, Error, Messages, Verdicts};

#[derive(serde::Deserialize, schemars::JsonSchema)]
pub struct Settings {
    /// Messages that link to one of these hosts are dropped.
    hosts: Vec<String>,
}

pub struct NoLinks(Settings);

impl ChatFilter for NoLinks {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, Error> {
        Ok(Self(settings))
    }

    fn judge(&mut self, messages: &Messages<'_>, verdicts: &mut Verdicts) -> Result<(), Error> {
        let links = |text: &str| self.0.hosts.iter().any(|host| text.contains(&format!("://{host}")));
        for message in messages.iter().filter(|message| links(message.text())) {
            verdicts.drop(&message).because("a link");
        }
        Ok(())
    }
}

tapedeck_plugin::export!(NoLinks: ChatFilter, settings: "examples/twenty_lines.schema.json");
