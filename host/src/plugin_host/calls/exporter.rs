//! Exporters: messages in, bytes for files out.

use std::sync::Arc;

use tapedeck_bindings::{
    capability::messages::Batch,
    exporter::{Plugin, PluginPre, exports::tapedeck::plugin::exporter as wit},
};
use tokio_util::sync::CancellationToken;
use wasmtime::{Store, component::ResourceAny};

use super::{
    answer::{bad_settings, extra_values, garbage, refusal},
    batch,
    extra::{Beside, Material, Names},
    people,
    pieces::{Piece, Written, is_taken},
};
use crate::{
    model::{Chat, Message, PluginKind, PluginName, Topic, User},
    plugin_host::{
        Failure, PluginError, Plugins,
        bounded::{self, Terms, is_spent},
        registry::Loaded,
        store::{Flavour, HostState},
    },
};

/// A format that an exporter writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFormat {
    pub name: String,
    /// Without a dot.
    pub extension: String,
    pub mime: String,
    pub summary: String,
}

/// What is to be written.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// One of the formats' names.
    pub format: String,
    /// What the operator asked of this export.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    pub created: jiff::Timestamp,
    /// Whose archive it is.
    pub account: Option<User>,
    pub is_single_chat: bool,
    /// This export reads no more than columns, unless the parameter or the setting `full` is on.
    pub has_facts_if_full: bool,
    pub extra: Vec<(String, serde_json::Value)>,
}

/// An exporter by name. Its calls block their thread: none of the runtime's may make them.
#[derive(Clone, Debug)]
pub struct ExporterHandle {
    plugins: Plugins,
    name: PluginName,
    cancel: CancellationToken,
}

impl ExporterHandle {
    pub(crate) fn new(plugins: Plugins, name: PluginName) -> Self {
        Self { plugins, name, cancel: CancellationToken::new() }
    }

    /// Its calls, and those of the exports that it begins, end with this token.
    pub fn cancelled_by(self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self }
    }

    pub fn formats(&self) -> Result<Vec<FileFormat>, PluginError> {
        let loaded = self.plugins.current(&self.name)?;
        let (mut store, guest) = start(&loaded, &self.cancel)?;
        let terms = Terms::call(&loaded.profile).cancelled_by(self.cancel.clone());
        bounded::call(&mut store, terms, |store| {
            let formats = guest.tapedeck_plugin_exporter().call_formats(store)?;
            Ok(formats.into_iter().map(checked_format).collect())
        })
    }

    /// Begins an export. It keeps the code of this moment to its end, whatever happens to the file.
    pub fn open(&self, options: &ExportOptions) -> Result<ExporterSession, PluginError> {
        ExporterSession::open(self.plugins.current(&self.name)?, options, self.cancel.clone())
    }
}

fn start(loaded: &Loaded, cancel: &CancellationToken) -> Result<(Store<HostState>, Plugin), PluginError> {
    loaded.check_kind(PluginKind::Exporter)?;
    let mut store = loaded.new_store(Flavour::Sync);
    let terms = Terms::start(&loaded.profile).cancelled_by(cancel.clone());
    let guest = bounded::call(&mut store, terms, |store| {
        let guest = PluginPre::new(loaded.pre(Flavour::Sync).clone())?.instantiate(&mut *store)?;
        let configured = guest.tapedeck_plugin_exporter().call_configure(store, &loaded.profile.settings)?;
        Ok(configured.map(|()| guest).map_err(bad_settings))
    })?;
    Ok((store, guest))
}

/// One export. After an error it gives nothing but that there was one.
pub struct ExporterSession {
    loaded: Arc<Loaded>,
    store: Store<HostState>,
    guest: Plugin,
    session: ResourceAny,
    batch: Box<Batch>,
    /// The facts about messages that it reads.
    columns: Vec<String>,
    is_plain: bool,
    written: Written,
    cancel: CancellationToken,
    is_over: bool,
}

/// What a call reads, and what keeps account of its answer.
struct Call<'a> {
    batch: &'a Batch,
    written: &'a mut Written,
}

impl std::fmt::Debug for ExporterSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExporterSession").field("plugin", &self.loaded.profile.who).finish_non_exhaustive()
    }
}

impl ExporterSession {
    pub(super) fn open(
        loaded: Arc<Loaded>,
        options: &ExportOptions,
        cancel: CancellationToken,
    ) -> Result<Self, PluginError> {
        let (mut store, guest) = start(&loaded, &cancel)?;
        let settings = serde_json::from_str(&loaded.profile.settings).unwrap_or_default();
        let is_plain = options.has_facts_if_full && !asks_for_all(&options.parameters, &settings);
        let columns = if is_plain { Vec::new() } else { loaded.about.manifest.columns.clone() };
        let pages_file = options.extra.iter().find(|(name, _)| name == "pages_file");
        let pages_file = pages_file.and_then(|(_, file)| file.as_str()).map(ToOwned::to_owned);
        let written = Written::nothing(loaded.profile.limits.clone(), pages_file);
        let options = wit::Options {
            chosen_format: options.format.clone(),
            parameters: serde_json::Value::Object(options.parameters.clone()).to_string(),
            created: options.created.as_second(),
            account: options.account.as_ref().map(people::person),
            is_single_chat: options.is_single_chat,
            extra: extra_values(&options.extra),
        };
        let terms = Terms::start(&loaded.profile).cancelled_by(cancel.clone());
        let session = bounded::call(&mut store, terms, |store| {
            guest.tapedeck_plugin_exporter().session().call_constructor(store, &options).map(Ok)
        })?;
        let batch = Box::new(batch::empty());
        Ok(Self { loaded, store, guest, session, batch, columns, is_plain, written, cancel, is_over: false })
    }

    /// Whether columns of the archive are all that it reads of messages.
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Whether it reads this fact of messages.
    pub fn reads(&self, column: &str) -> bool {
        self.columns.iter().any(|it| it == column)
    }

    /// The messages that follow are of this chat.
    pub fn begin_chat(&mut self, chat: &Chat, topics: &[Topic]) -> Result<Vec<Piece>, PluginError> {
        let chat = people::chat(chat);
        let topics: Vec<_> = topics.iter().map(people::topic).collect();
        self.call(|session, at, store, call| {
            Ok(call.written.take(session.call_begin_chat(store, at, &chat, &topics)?))
        })
    }

    /// Before the first message that names them.
    pub fn introduce(&mut self, users: &[User]) -> Result<(), PluginError> {
        let people: Vec<_> = users.iter().map(people::person).collect();
        self.call(|session, at, store, _| Ok(session.call_introduce(store, at, &people)?.map_err(refusal)))
    }

    /// The next messages, the oldest first. `files` says for each where its files lie.
    pub fn push(
        &mut self,
        messages: &[Message],
        names: Option<&Names>,
        files: Option<&[serde_json::Value]>,
    ) -> Result<Vec<Piece>, PluginError> {
        self.push_beside(messages, Beside { names, files, archived: None })
    }

    /// The same with all that an archive knows.
    pub fn push_beside(
        &mut self,
        messages: &[Message],
        beside: Beside<'_>,
    ) -> Result<Vec<Piece>, PluginError> {
        let material = Material::with(messages, beside);
        batch::fill(&mut self.batch, &material, &self.columns);
        self.call(|session, at, store, call| Ok(call.written.take(session.call_push(store, at, call.batch)?)))
    }

    pub fn finish(mut self) -> Result<Vec<Piece>, PluginError> {
        let last =
            self.call(|session, at, store, call| Ok(call.written.take(session.call_finish(store, at)?)))?;
        let session = self.session;
        let terms = self.terms();
        bounded::call(&mut self.store, terms, |store| session.resource_drop(store).map(Ok))?;
        Ok(last)
    }

    fn call<T>(
        &mut self,
        work: impl FnOnce(
            wit::GuestSession<'_>,
            ResourceAny,
            &mut Store<HostState>,
            Call<'_>,
        ) -> wasmtime::Result<Result<T, Failure>>,
    ) -> Result<T, PluginError> {
        if self.is_over {
            return Err(PluginError::new(
                &self.loaded.profile.who,
                garbage("this export has failed already"),
            ));
        }
        let terms = self.terms();
        let Self { guest, session, batch, written, .. } = self;
        let result = bounded::call(&mut self.store, terms, |store| {
            work(guest.tapedeck_plugin_exporter().session(), *session, store, Call { batch, written })
        });
        self.is_over = result.as_ref().is_err_and(is_spent);
        if self.is_over {
            // Nobody comes back for its files, however long the session is kept.
            self.store.data_mut().capabilities.leave_room();
        }
        result
    }

    fn terms(&self) -> Terms {
        Terms::call(&self.loaded.profile).cancelled_by(self.cancel.clone())
    }
}

/// The export's own word counts before the setting.
fn asks_for_all(
    parameters: &serde_json::Map<String, serde_json::Value>,
    settings: &serde_json::Value,
) -> bool {
    let asked = parameters.get("full").filter(|value| !value.is_null()).or_else(|| settings.get("full"));
    asked.is_some_and(|value| value.as_bool() != Some(false))
}

fn checked_format(format: wit::FileFormat) -> Result<FileFormat, Failure> {
    let wit::FileFormat { name, extension, mime, summary } = format;
    // Both become names of files and folders.
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && word.len() <= 40
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    if !is_word(&name) || !is_word(&extension) {
        return Err(garbage("a format needs a name and an ending of plain letters, a letter or digit first"));
    }
    if is_taken(&name) {
        return Err(garbage(format!("no format can be called {name}: something else in an export is")));
    }
    Ok(FileFormat { name, extension, mime, summary })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_facts_are_read_when_they_are_asked_for() {
        let (on, off, silent) = (json!({ "full": true }), json!({ "full": false }), json!({}));
        for (parameters, settings, asks) in [
            (&silent, &silent, false),
            (&on, &off, true),
            (&off, &on, false),
            (&silent, &on, true),
            (&json!({ "full": null }), &on, true),
            // It will be refused by who reads it; nothing is kept from them until then.
            (&json!({ "full": "yes" }), &off, true),
        ] {
            let parameters = parameters.as_object().unwrap();
            assert_eq!(asks_for_all(parameters, settings), asks, "{parameters:?} {settings}");
        }
    }

    #[test]
    fn formats_are_words() {
        let format = |name: &str, extension: &str| {
            let (name, extension) = (name.to_owned(), extension.to_owned());
            checked_format(wit::FileFormat { name, extension, mime: String::new(), summary: String::new() })
        };
        assert!(format("json", "tar.gz").is_ok());
        for (name, extension) in [
            ("", "json"),
            ("json", ""),
            ("a/b", "json"),
            ("json", "../x"),
            ("..", "json"),
            (".", "json"),
            (".hidden", "json"),
            ("json", ".."),
            ("media", "json"),
            ("Media", "json"),
            ("archive.sqlite", "json"),
        ] {
            assert!(matches!(format(name, extension), Err(Failure::Garbage { .. })), "{name} {extension}");
        }
    }
}
