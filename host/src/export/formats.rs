//! Which formats there are: those of every plugin that exports.

use serde_json::Map;

use super::{
    error::ExportError,
    request::{FormatUse, Growth},
};
use crate::{
    model::{PluginKind, PluginName},
    plugin_host::{Apart, FileFormat, Plugins},
};

/// A format, and who writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub plugin: PluginName,
    pub format: FileFormat,
}

/// Of all exporters that run. Blocks the thread: plugins are asked, and each may take its time.
pub fn offers(plugins: &Plugins) -> Vec<Offer> {
    let plugins = plugins.clone();
    Apart::spawn(move || ask_all(&plugins)).wait()
}

fn ask_all(plugins: &Plugins) -> Vec<Offer> {
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

/// The one that is called so: a format, or a plugin with the best of its formats. Of several, the one whose plugin is
/// called so as well: another file in the folder takes nothing over from it.
pub fn wanted(offers: &[Offer], name: &str) -> Result<FormatUse, ExportError> {
    if let Some((plugin, format)) = name.split_once('/') {
        let offer = offers.iter().find(|it| it.plugin.as_str() == plugin && it.format.name == format);
        return offer.map(Offer::as_use).ok_or_else(|| unknown(offers, name));
    }
    let mut found: Vec<&Offer> = Vec::new();
    for offer in offers.iter().filter(|it| it.format.name == name) {
        if !found.iter().any(|known| known.plugin == offer.plugin) {
            found.push(offer);
        }
    }
    if let Some(namesake) = found.iter().find(|it| it.plugin.as_str() == name) {
        return Ok(namesake.as_use());
    }
    found.extend(offers.iter().find(|it| it.plugin.as_str() == name));
    match found[..] {
        [] => Err(unknown(offers, name)),
        [one] => Ok(one.as_use()),
        _ => {
            let known = found.iter().map(|it| it.whole_name()).collect();
            Err(ExportError::ManyFormats { wanted: name.to_owned(), known })
        }
    }
}

fn unknown(offers: &[Offer], name: &str) -> ExportError {
    let mut known: Vec<String> = offers.iter().map(|offer| offer.format.name.clone()).collect();
    known.sort();
    known.dedup();
    ExportError::NoFormat { wanted: name.to_owned(), known }
}

impl Offer {
    /// What to ask for: the format's name, where that is enough.
    pub fn called(&self, offers: &[Self]) -> String {
        let is_found = |found: FormatUse| found.plugin == self.plugin && found.format == self.format.name;
        if wanted(offers, &self.format.name).is_ok_and(is_found) {
            return self.format.name.clone();
        }
        self.whole_name()
    }

    fn whole_name(&self) -> String {
        format!("{}/{}", self.plugin, self.format.name)
    }

    /// Parameters of the media type say how it takes what is new, and what it reads.
    pub fn as_use(&self) -> FormatUse {
        let FileFormat { name, extension, mime, .. } = &self.format;
        let mut words = mime.split(';').map(str::trim);
        let has_facts_if_full = words.clone().any(|word| word.eq_ignore_ascii_case("facts=full"));
        FormatUse {
            plugin: self.plugin.clone(),
            format: name.clone(),
            extension: extension.clone(),
            mime: words.next().unwrap_or_default().to_owned(),
            growth: words.find_map(growth).unwrap_or(Growth::Parts),
            has_facts_if_full,
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
            offer("b", "three", "x/y; q=1"),
            offer("c", "four", "text/html; facts=full; parts=pages"),
        ];
        let found =
            |name: &str| wanted(&offers, name).map(|it| (it.plugin.to_string(), it.format, it.growth));
        assert_eq!(found("two").unwrap(), ("a".into(), "two".into(), Growth::Anew));
        assert_eq!(found("a").unwrap(), ("a".into(), "one".into(), Growth::Parts));
        assert_eq!(found("b/three").unwrap(), ("b".into(), "three".into(), Growth::Parts));
        assert_eq!(found("four").unwrap().2, Growth::Pages);
        let has_facts_if_full = |name| wanted(&offers, name).unwrap().has_facts_if_full;
        assert!(has_facts_if_full("four") && !has_facts_if_full("two"));
        for name in ["five", "a/three", "b/one"] {
            let told = found(name).unwrap_err().to_string();
            assert!(told.ends_with("there are: four, one, three, two"), "{told}");
        }
    }

    #[test]
    fn of_several_exporters_the_one_called_like_the_format_is_meant() {
        let offers = [
            offer("aaa", "json", "x/y"),
            offer("aaa", "json", "x/y"),
            offer("aaa", "pdf", "x/y"),
            offer("b", "pdf", "x/y"),
            offer("json", "json", "x/y"),
        ];
        let plugin = |name: &str| wanted(&offers, name).map(|it| it.plugin.to_string());
        assert_eq!(plugin("json").unwrap(), "json");
        assert_eq!(plugin("aaa/json").unwrap(), "aaa");
        let told = plugin("pdf").unwrap_err().to_string();
        assert!(told.ends_with("say which, aaa/pdf, b/pdf"), "{told}");
        let called: Vec<String> = offers.iter().map(|it| it.called(&offers)).collect();
        assert_eq!(called, ["aaa/json", "aaa/json", "aaa/pdf", "b/pdf", "json"]);
        assert!(called.iter().all(|name| plugin(name).is_ok()), "what is shown can be asked for");
    }

    #[test]
    fn a_new_format_takes_no_plugins_name() {
        // Jobs have asked for the plugin `fancy`.
        let offers = [offer("aaa", "fancy", "x/y"), offer("fancy", "page", "x/y")];
        let told = wanted(&offers, "fancy").unwrap_err().to_string();
        assert!(told.ends_with("say which, aaa/fancy, fancy/page"), "{told}");
        assert_eq!(wanted(&offers[..1], "fancy").unwrap().plugin.as_str(), "aaa");
        assert_eq!(wanted(&offers[1..], "fancy").unwrap().format, "page");
    }
}
