//! Which formats there are: those of every plugin that exports.

use std::sync::Arc;

use serde_json::Map;

use super::{
    error::ExportError,
    request::{FormatUse, Growth},
};
use crate::{
    model::{PluginKind, PluginName},
    plugin_host::{Apart, Failure, FileFormat, PluginError, Plugins},
};

/// A format, and who writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub plugin: PluginName,
    pub format: FileFormat,
}

/// All of them, and who says nothing now.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    known: Vec<Offer>,
    silent: Vec<Silent>,
}

/// A plugin that cannot be asked what it writes.
#[derive(Clone, Debug)]
struct Silent {
    plugin: PluginName,
    /// Without code, nobody knows.
    is_exporter: bool,
    error: Arc<PluginError>,
}

/// Of all exporters that run. Blocks the thread: plugins are asked, and each may take its time.
pub fn offers(plugins: &Plugins) -> Offers {
    let plugins = plugins.clone();
    Apart::spawn(move || ask_all(&plugins)).wait()
}

fn ask_all(plugins: &Plugins) -> Offers {
    let mut offers = Offers::default();
    for view in plugins.views() {
        let is_exporter = view.kinds.contains(&PluginKind::Exporter);
        if !is_exporter && !view.kinds.is_empty() {
            continue;
        }
        let plugin = view.name;
        match plugins.exporter(&plugin).formats() {
            Ok(formats) => {
                let offer = |format| Offer { plugin: plugin.clone(), format };
                offers.known.extend(formats.into_iter().map(offer));
            }
            // Its code has come meanwhile.
            Err(PluginError { failure: Failure::WrongKind { .. }, .. }) => {}
            Err(error) => {
                if is_exporter {
                    tracing::warn!(plugin.name = %plugin, "An exporter cannot say what it writes: {error}");
                }
                offers.silent.push(Silent { plugin, is_exporter, error: Arc::new(error) });
            }
        }
    }
    offers
}

/// The one that is called so: a format, or a plugin with the best of its formats. Of several, the one whose plugin is
/// called so as well: another file in the folder takes nothing over from it, nor does another plugin while that one
/// cannot write.
pub fn wanted(offers: &Offers, name: &str) -> Result<FormatUse, ExportError> {
    if let Some((plugin, format)) = name.split_once('/') {
        let offer = offers.iter().find(|it| it.plugin.as_str() == plugin && it.format.name == format);
        offers.check_speaks(plugin, name, &[])?;
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
    offers.check_speaks(name, name, &found)?;
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

fn unknown(offers: &Offers, name: &str) -> ExportError {
    let mut known: Vec<String> = offers.iter().map(|offer| offer.format.name.clone()).collect();
    known.sort();
    known.dedup();
    let exporters = offers.silent.iter().filter(|it| it.is_exporter);
    let silent = exporters.map(|it| it.error.to_string()).collect();
    ExportError::NoFormat { wanted: name.to_owned(), known, silent }
}

impl Offers {
    pub fn iter(&self) -> impl Iterator<Item = &Offer> {
        self.known.iter()
    }

    /// Exporters that cannot be asked now, and files that may be one, each with the reason. Of what is switched off
    /// without anybody knowing what it is, nobody wants to hear.
    pub fn silent(&self) -> impl Iterator<Item = (&PluginName, &PluginError)> {
        let is_told = |it: &&Silent| it.is_exporter || !matches!(it.error.failure, Failure::Disabled { .. });
        self.silent.iter().filter(is_told).map(|it| (&it.plugin, &*it.error))
    }

    /// Whoever asks for a plugin gets no other one, and is told why it does not write.
    fn check_speaks(&self, plugin: &str, wanted: &str, others: &[&Offer]) -> Result<(), ExportError> {
        let Some(silent) = self.silent.iter().find(|it| it.plugin.as_str() == plugin) else { return Ok(()) };
        Err(ExportError::Silent {
            wanted: wanted.to_owned(),
            error: silent.error.clone(),
            others: others.iter().map(|it| it.whole_name()).collect(),
        })
    }
}

impl Offer {
    /// What to ask for: the format's name, where that is enough.
    pub fn called(&self, offers: &Offers) -> String {
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
    use std::fs;

    use wasm_encoder::Instruction;

    use super::*;
    use crate::{
        clock::SystemClock,
        event::Bus,
        lifecycle::Lifecycle,
        plugin_host::{
            HostSettings, PluginSettings, PluginsParts,
            guest::{DATA, Guest},
            system_lookup,
        },
        state::State,
    };

    fn offer(plugin: &str, name: &str, mime: &str) -> Offer {
        let format = FileFormat {
            name: name.into(),
            extension: "x".into(),
            mime: mime.into(),
            summary: String::new(),
        };
        Offer { plugin: plugin.parse().unwrap(), format }
    }

    fn all<const COUNT: usize>(known: [Offer; COUNT]) -> Offers {
        Offers { known: known.into(), silent: Vec::new() }
    }

    #[test]
    fn formats_are_found_by_their_own_name_and_by_their_plugin() {
        let offers = all([
            offer("a", "one", "text/csv"),
            offer("a", "two", "text/html; parts=no"),
            offer("b", "three", "x/y; q=1"),
            offer("c", "four", "text/html; facts=full; parts=pages"),
        ]);
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
        let offers = all([
            offer("aaa", "json", "x/y"),
            offer("aaa", "json", "x/y"),
            offer("aaa", "pdf", "x/y"),
            offer("b", "pdf", "x/y"),
            offer("json", "json", "x/y"),
        ]);
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
        let [format, plugin] = [offer("aaa", "fancy", "x/y"), offer("fancy", "page", "x/y")];
        let told = wanted(&all([format.clone(), plugin.clone()]), "fancy").unwrap_err().to_string();
        assert!(told.ends_with("say which, aaa/fancy, fancy/page"), "{told}");
        assert_eq!(wanted(&all([format]), "fancy").unwrap().plugin.as_str(), "aaa");
        assert_eq!(wanted(&all([plugin]), "fancy").unwrap().format, "page");
    }

    /// A host with plugins made for it.
    struct Stage {
        plugins: Plugins,
        lifecycle: Lifecycle,
        _folder: tempfile::TempDir,
    }

    impl Stage {
        /// Each file by the name of its plugin; of a broken one there is nothing. `disabled` is switched off.
        async fn of(files: &[(&str, Option<Guest>)], disabled: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            fs::create_dir(at("plugins")).unwrap();
            for (name, guest) in files {
                let bytes = guest.as_ref().map_or(b"hello".to_vec(), Guest::component);
                fs::write(at(&format!("plugins/{name}.wasm")), bytes).unwrap();
            }
            let host = HostSettings::in_folder(&at("plugins"), &at("cache"));
            let table = PluginSettings { is_enabled: false, ..PluginSettings::unnamed(&host) };
            let lifecycle = Lifecycle::default();
            let plugins = Plugins::start(PluginsParts {
                host,
                tables: [(disabled.parse().unwrap(), table)].into(),
                clock: Arc::new(SystemClock),
                bus: Bus::default(),
                lifecycle: lifecycle.clone(),
                state: State::open(&at("state")).unwrap(),
                version: "test",
                scratch: at("scratch"),
                search: None,
                lookup: system_lookup(),
            });
            let plugins = plugins.unwrap();
            plugins.settled().await;
            Self { plugins, lifecycle, _folder: folder }
        }

        /// Which plugin would write it.
        async fn writer(&self, name: &str) -> Result<String, String> {
            let plugins = self.plugins.clone();
            let offers = tokio::task::spawn_blocking(move || offers(&plugins)).await.unwrap();
            let found = wanted(&offers, name);
            found.map(|it| it.plugin.to_string()).map_err(|error| error.to_string())
        }
    }

    impl Drop for Stage {
        fn drop(&mut self) {
            self.lifecycle.drain();
        }
    }

    /// An exporter of one format.
    fn exporter(id: &str, format: &str) -> Option<Guest> {
        let (list, length) = (u32::try_from(DATA).unwrap() + 8, u32::try_from(format.len()).unwrap());
        // A list of one, and its four texts: the name, which is the ending, too, and two empty ones.
        let text = list + 32;
        let mut answer = [list, 1, text, length, text, length, 0, 0, 0, 0].map(u32::to_le_bytes).concat();
        answer.extend(format.as_bytes());
        let formats = "tapedeck:plugin/exporter@1.0.0#formats";
        let guest = Guest::plugin(id, "1.0.0", "exporter").data(answer);
        Some(guest.does(formats, |_| vec![Instruction::I32Const(DATA)]))
    }

    #[tokio::test]
    async fn a_paused_plugin_keeps_its_name() {
        let files = [("fancy", exporter("fancy", "json")), ("json", exporter("json", "json"))];
        let stage = Stage::of(&files, "other").await;
        assert_eq!(stage.writer("json").await.unwrap(), "json");
        let name: PluginName = "json".parse().unwrap();
        stage.plugins.pause(&name, "ann").unwrap();
        let told = stage.writer("json").await.unwrap_err();
        assert!(told.contains("`tapedeck plugins resume json`") && told.ends_with("fancy/json"), "{told}");
        let told = stage.writer("json/json").await.unwrap_err();
        assert!(told.ends_with("`tapedeck plugins resume json` lets it work again"), "{told}");
        assert_eq!(stage.writer("fancy/json").await.unwrap(), "fancy", "who names the other one gets it");
        stage.plugins.resume(&name).unwrap();
        assert_eq!(stage.writer("json").await.unwrap(), "json");
    }

    #[tokio::test]
    async fn broken_and_disabled_plugins_keep_their_names() {
        let files = [
            ("aaa", exporter("aaa", "csv")),
            ("bbb", exporter("bbb", "html")),
            ("ccc", exporter("ccc", "words")),
            ("csv", exporter("csv", "csv")),
            ("html", None),
            ("words", Some(Guest::plugin("words", "1.0.0", "chat-filter"))),
        ];
        let stage = Stage::of(&files, "csv").await;
        let told = stage.writer("csv").await.unwrap_err();
        assert!(told.contains("plugins.csv.enabled = true") && told.ends_with("aaa/csv"), "{told}");
        let told = stage.writer("html").await.unwrap_err();
        assert!(told.contains("a text file") && told.ends_with("bbb/html"), "{told}");
        assert_eq!(stage.writer("words").await.unwrap(), "ccc", "a filter never wrote it");
    }

    #[tokio::test]
    async fn who_writes_nothing_now_is_told_with_what_is_there() {
        let files = [("paper", exporter("paper", "pdf")), ("text", exporter("text", "text"))];
        let stage = Stage::of(&files, "other").await;
        stage.plugins.pause(&"paper".parse().unwrap(), "ann").unwrap();
        let plugins = stage.plugins.clone();
        let offers = tokio::task::spawn_blocking(move || offers(&plugins)).await.unwrap();
        let silent: Vec<String> =
            offers.silent().map(|(plugin, error)| format!("{plugin}: {error}")).collect();
        assert!(silent.len() == 1 && silent[0].starts_with("paper: "), "{silent:?}");
        assert!(silent[0].contains("resume paper"), "{silent:?}");
        let told = stage.writer("pdf").await.unwrap_err();
        assert!(told.contains("there are: text;") && told.contains("resume paper"), "{told}");
        assert!(!told.contains("other"), "nobody knows that it is an exporter: {told}");
    }
}
