//! Which formats there are: those of every plugin that exports.

use serde_json::Map;

use super::{
    error::ExportError,
    request::{FormatUse, Growth},
};
use crate::{
    model::{PluginKind, PluginName},
    plugin_host::{FileFormat, Plugins},
};

/// A format, and who writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub plugin: PluginName,
    pub format: FileFormat,
}

/// Of all exporters that run. Blocks the thread: plugins are asked.
pub fn offers(plugins: &Plugins) -> Vec<Offer> {
    let mut offers = Vec::new();
    for view in plugins.views().into_iter().filter(|view| view.kinds.contains(&PluginKind::Exporter)) {
        match plugins.exporter(&view.name).formats() {
            Ok(formats) => {
                offers.extend(formats.into_iter().map(|format| Offer { plugin: view.name.clone(), format }));
            }
            Err(error) => {
                tracing::warn!(plugin.name = %view.name, "An exporter cannot say what it writes: {error}")
            }
        }
    }
    offers
}

/// The one that is called so: a format, or a plugin with the best of its formats.
pub fn wanted(offers: &[Offer], name: &str) -> Result<FormatUse, ExportError> {
    let by_format = || offers.iter().find(|offer| offer.format.name == name);
    let by_plugin = || offers.iter().find(|offer| offer.plugin.as_str() == name);
    let by_both = || {
        let (plugin, format) = name.split_once('/')?;
        offers.iter().find(|offer| offer.plugin.as_str() == plugin && offer.format.name == format)
    };
    let offer = by_format().or_else(by_plugin).or_else(by_both);
    offer.map(Offer::as_use).ok_or_else(|| {
        let mut known: Vec<String> = offers.iter().map(|offer| offer.format.name.clone()).collect();
        known.sort();
        known.dedup();
        ExportError::NoFormat { wanted: name.to_owned(), known }
    })
}

impl Offer {
    /// A parameter of the media type says how it takes what is new.
    pub fn as_use(&self) -> FormatUse {
        let FileFormat { name, extension, mime, .. } = &self.format;
        let mut words = mime.split(';').map(str::trim);
        FormatUse {
            plugin: self.plugin.clone(),
            format: name.clone(),
            extension: extension.clone(),
            mime: words.next().unwrap_or_default().to_owned(),
            growth: words.find_map(growth).unwrap_or(Growth::Parts),
            parameters: Map::new(),
        }
    }
}

fn growth(parameter: &str) -> Option<Growth> {
    match parameter.to_ascii_lowercase().as_str() {
        "parts=no" => Some(Growth::Anew),
        "parts=pages" => Some(Growth::Pages),
        _ => None,
    }
}

impl FormatUse {
    /// What the main file is called. Readers of some formats look for a name.
    pub(super) fn file_name(&self) -> String {
        format!("{}.{}", self.stem(), self.extension)
    }

    fn stem(&self) -> &'static str {
        match self.format.as_str() {
            "telegram-desktop" => "result",
            "html" => "index",
            _ => "messages",
        }
    }

    /// Of a later part, counted from 2.
    pub(super) fn part_name(&self, part: u32) -> String {
        if part < 2 { self.file_name() } else { format!("{}.{part:04}.{}", self.stem(), self.extension) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(plugin: &str, name: &str, mime: &str) -> Offer {
        let format = FileFormat {
            name: name.into(),
            extension: "x".into(),
            mime: mime.into(),
            summary: String::new(),
        };
        Offer { plugin: plugin.parse().unwrap(), format }
    }

    #[test]
    fn formats_are_found_by_their_own_name_and_by_their_plugin() {
        let offers = [
            offer("a", "one", "text/csv"),
            offer("a", "two", "text/html; parts=no"),
            offer("b", "one", "x/y; q=1"),
            offer("c", "four", "text/html; q=1; parts=pages"),
        ];
        let found =
            |name: &str| wanted(&offers, name).map(|it| (it.plugin.to_string(), it.format, it.growth));
        assert_eq!(found("two").unwrap(), ("a".into(), "two".into(), Growth::Anew));
        assert_eq!(found("a").unwrap(), ("a".into(), "one".into(), Growth::Parts));
        assert_eq!(found("b/one").unwrap(), ("b".into(), "one".into(), Growth::Parts));
        assert_eq!(found("four").unwrap().2, Growth::Pages);
        assert!(found("three").unwrap_err().to_string().ends_with("there are: four, one, two"));
    }
}
