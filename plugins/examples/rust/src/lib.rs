//! Drops messages that link to the wrong places, or takes the links out of them.

mod links;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use tapedeck_plugin::{ChatFilter, Error, Message, Messages, Verdicts};

use links::{host, links};

/// What the operator may write under `[plugins.no-links.settings]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Links to these and what is below them are meant; none means every link.
    domains: Vec<String>,
    /// Keep such messages, with [link] in place of each link in the text.
    redact: bool,
}

struct NoLinks {
    domains: Vec<String>,
    redact: bool,
}

impl ChatFilter for NoLinks {
    type Settings = Settings;

    /// Links behind words are in no column of their own.
    const COLUMNS: &'static [&'static str] = &["entities"];

    fn new(Settings { domains, redact }: Settings) -> Result<Self, Error> {
        if domains.iter().any(String::is_empty) {
            return Err(Error::settings("`domains`: an empty one is no domain"));
        }
        let domains = domains.iter().map(|domain| domain.to_lowercase()).collect();
        Ok(Self { domains, redact })
    }

    fn judge(&mut self, messages: &Messages<'_>, verdicts: &mut Verdicts) -> Result<(), Error> {
        for message in messages.iter() {
            let text = message.text();
            let mut shown = links(text);
            shown.retain(|link| self.is_meant(&text[link.clone()]));
            let mut hidden = hidden(&message)?;
            hidden.retain(|link| self.is_meant(link));
            if shown.is_empty() && hidden.is_empty() {
                continue;
            }
            let all = shown.iter().map(|link| &text[link.clone()]);
            let all = all.chain(hidden.iter().map(String::as_str));
            let hosts: BTreeSet<String> = all.map(host).collect();
            let cuts = shown.iter().map(|link| (link.clone(), "[link]"));
            let reason = match self.redact && hidden.is_empty() {
                true => verdicts.replace(&message, cuts),
                false => verdicts.drop(&message),
            };
            let hosts: Vec<_> = hosts.into_iter().collect();
            reason.because(format!("links to {}", hosts.join(", ")));
        }
        Ok(())
    }
}

tapedeck_plugin::export!(NoLinks: ChatFilter, settings: "settings.schema.json");

impl NoLinks {
    fn is_meant(&self, link: &str) -> bool {
        let host = host(link);
        let is_below = |domain: &String| {
            let rest = host.strip_suffix(domain.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.domains.is_empty() || self.domains.iter().any(is_below)
    }
}

/// A mark on a stretch of text; those with an address are links behind words.
#[derive(Deserialize)]
struct Entity {
    url: Option<String>,
}

/// The addresses behind a message's words.
fn hidden(message: &Message<'_>) -> Result<Vec<String>, Error> {
    let Some(entities) = message.extra("entities") else {
        return Ok(Vec::new());
    };
    let entities: Vec<Entity> = serde_json::from_str(entities)
        .map_err(|error| Error::permanent(format!("entities are not as expected: {error}")))?;
    Ok(entities.into_iter().filter_map(|it| it.url).collect())
}
