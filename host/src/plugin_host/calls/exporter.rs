//! Exporters: messages in, bytes for files out.

use std::{path::Component, path::Path, sync::Arc};

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

/// Longer ones are no file names.
const LONGEST_PATH: usize = 1_000;

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
    pub extra: Vec<(String, serde_json::Value)>,
}

/// Bytes for a file of the export. Those of one path follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Empty for the export's own file; else relative to its folder, and never out of it.
    pub path: String,
    pub content: Vec<u8>,
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
    cancel: CancellationToken,
    is_over: bool,
}

impl std::fmt::Debug for ExporterSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExporterSession").field("plugin", &self.loaded.profile.who).finish_non_exhaustive()
    }
}

impl ExporterSession {
    fn open(
        loaded: Arc<Loaded>,
        options: &ExportOptions,
        cancel: CancellationToken,
    ) -> Result<Self, PluginError> {
        let (mut store, guest) = start(&loaded, &cancel)?;
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
        Ok(Self { loaded, store, guest, session, batch: Box::new(batch::empty()), cancel, is_over: false })
    }

    /// Whether it reads this fact of messages.
    pub fn reads(&self, column: &str) -> bool {
        self.loaded.about.manifest.columns.iter().any(|it| it == column)
    }

    /// The messages that follow are of this chat.
    pub fn begin_chat(&mut self, chat: &Chat, topics: &[Topic]) -> Result<Vec<Piece>, PluginError> {
        let chat = people::chat(chat);
        let topics: Vec<_> = topics.iter().map(people::topic).collect();
        self.call(|session, at, store, _| session.call_begin_chat(store, at, &chat, &topics).map(pieces))
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
        batch::fill(&mut self.batch, &material, &self.loaded.about.manifest.columns);
        self.call(|session, at, store, batch| session.call_push(store, at, batch).map(pieces))
    }

    pub fn finish(mut self) -> Result<Vec<Piece>, PluginError> {
        let last = self.call(|session, at, store, _| session.call_finish(store, at).map(pieces))?;
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
            &Batch,
        ) -> wasmtime::Result<Result<T, Failure>>,
    ) -> Result<T, PluginError> {
        if self.is_over {
            return Err(PluginError::new(
                &self.loaded.profile.who,
                garbage("this export has failed already"),
            ));
        }
        let terms = self.terms();
        let Self { guest, session, batch, .. } = self;
        let result = bounded::call(&mut self.store, terms, |store| {
            work(guest.tapedeck_plugin_exporter().session(), *session, store, batch)
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

fn pieces(
    answer: Result<Vec<wit::Piece>, tapedeck_bindings::capability::types::PluginError>,
) -> Result<Vec<Piece>, Failure> {
    let checked = |wit::Piece { path, content }| {
        if !path.is_empty() && !is_inside(&path) {
            let path: String = path.chars().take(200).collect();
            return Err(garbage(format!("it writes to {path:?}, which is no path beside the export")));
        }
        Ok(Piece { path, content })
    };
    answer.map_err(refusal)?.into_iter().map(checked).collect()
}

/// Whether a path stays in the folder that it is relative to, on any system.
fn is_inside(path: &str) -> bool {
    let is_plain = |c: char| !c.is_control() && !"\\:*?\"<>|".contains(c);
    path.len() <= LONGEST_PATH
        && path.chars().all(is_plain)
        && !path.ends_with('/')
        && path.split('/').all(|name| !name.is_empty() && name != "." && name != "..")
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn checked_format(format: wit::FileFormat) -> Result<FileFormat, Failure> {
    let wit::FileFormat { name, extension, mime, summary } = format;
    let is_word = |word: &str| {
        !word.is_empty()
            && word.len() <= 40
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    if !is_word(&name) || !is_word(&extension) {
        return Err(garbage("a format needs a name and an ending of plain letters"));
    }
    Ok(FileFormat { name, extension, mime, summary })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_stay_beside_the_export() {
        for path in ["messages2.html", "css/style.css", "a/b/..c", "ä.json"] {
            assert!(is_inside(path), "{path}");
        }
        for path in ["/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "c:x", "a\\b", "a\0b", "a\nb"] {
            assert!(!is_inside(path), "{path}");
        }
    }

    #[test]
    fn paths_of_pieces_have_an_end() {
        assert!(is_inside(&"x".repeat(LONGEST_PATH)));
        assert!(!is_inside(&"x".repeat(LONGEST_PATH + 1)));
    }

    #[test]
    fn formats_are_words() {
        let format = |name: &str, extension: &str| {
            let (name, extension) = (name.to_owned(), extension.to_owned());
            checked_format(wit::FileFormat { name, extension, mime: String::new(), summary: String::new() })
        };
        assert!(format("json", "tar.gz").is_ok());
        for (name, extension) in [("", "json"), ("json", ""), ("a/b", "json"), ("json", "../x")] {
            assert!(matches!(format(name, extension), Err(Failure::Garbage { .. })), "{name} {extension}");
        }
    }
}
