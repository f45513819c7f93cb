//! What there is to import, and how it is told apart.

use std::{fmt, fs, io::Read as _, path::Path, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{error::ImportError, exported, rows::Rows as _, sqlite::Database};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Telegram Desktop's `result.json`.
    TelegramDesktop,
    /// Telegram Desktop's `messages.html` and those that follow.
    TelegramDesktopHtml,
    /// The database of Telegram-Archive, with its media folder beside it.
    TelegramArchive,
    /// The databases of telegram-scraper-server, one for each dialog.
    ScraperServer,
    /// What the exporter `json`, or Telegram-Archive, has written.
    Json,
}

impl Kind {
    pub const ALL: [Self; 5] = [
        Self::TelegramDesktop,
        Self::TelegramDesktopHtml,
        Self::TelegramArchive,
        Self::ScraperServer,
        Self::Json,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TelegramDesktop => "telegram-desktop",
            Self::TelegramDesktopHtml => "telegram-desktop-html",
            Self::TelegramArchive => "telegram-archive",
            Self::ScraperServer => "scraper-server",
            Self::Json => "json",
        }
    }

    /// What a [`super::Meter`] counts.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::TelegramDesktop | Self::TelegramDesktopHtml | Self::Json => "bytes",
            Self::TelegramArchive | Self::ScraperServer => "rows",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no kind of import: choose telegram-desktop, telegram-desktop-html, telegram-archive, scraper-server or json"
)]
pub struct InvalidKind(String);

impl FromStr for Kind {
    type Err = InvalidKind;

    fn from_str(text: &str) -> Result<Self, InvalidKind> {
        let named = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        named.ok_or_else(|| InvalidKind(text.chars().take(40).collect()))
    }
}

/// Of what our own archive is told.
const OURS: &str = "this is an archive of Tapedeck: use `tapedeck archive merge`";

/// Refuses what is neither a file nor a folder, before it is opened: a pipe answers when somebody writes into it, and a
/// device may never end.
pub(super) fn refuse_special(path: &Path) -> Result<fs::Metadata, ImportError> {
    let facts = fs::metadata(path).map_err(|error| ImportError::open(path, error))?;
    if facts.is_file() || facts.is_dir() {
        return Ok(facts);
    }
    let reason = "it is neither a file nor a folder".to_owned();
    Err(ImportError::Unknown { path: path.to_owned(), reason })
}

/// An archive is merged, not imported.
pub(super) fn ours(path: &Path) -> ImportError {
    ImportError::Unknown { path: path.to_owned(), reason: OURS.to_owned() }
}

/// Says what lies there, or what was looked for in vain.
pub(super) fn detect(path: &Path) -> Result<Kind, ImportError> {
    let facts = refuse_special(path)?;
    if facts.is_dir() && exported::is_ours(path) {
        return exported::kind(path);
    }
    let found = if facts.is_dir() { in_folder(path)? } else { of_file(path)? };
    found.ok_or_else(|| ImportError::Unknown {
        path: path.to_owned(),
        reason: "it has no result.json, messages.json, messages.html, telegram_backup.db or dialog databases; say which kind it is (`from`)".into(),
    })
}

fn in_folder(path: &Path) -> Result<Option<Kind>, ImportError> {
    // Of one that may not be read, every question below would be answered with no.
    fs::read_dir(path).map_err(|error| ImportError::open(path, error))?;
    let has = |name: &str| path.join(name).is_file();
    if has("result.json") {
        return Ok(Some(Kind::TelegramDesktop));
    }
    if has("messages.json") {
        return Ok(Some(Kind::Json));
    }
    if has("messages.html") || has("lists/chats.html") || path.join("chats").join("chat_1").is_dir() {
        return Ok(Some(Kind::TelegramDesktopHtml));
    }
    if has("telegram_backup.db") {
        return Ok(Some(Kind::TelegramArchive));
    }
    if has("archive.sqlite") {
        return Err(ours(path));
    }
    let has_dialogs = path.join("dialogs").is_dir() || path.join("channels").is_dir() || is_dialog(path);
    Ok(has_dialogs.then_some(Kind::ScraperServer))
}

/// `<id>/<id>.db`
fn is_dialog(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.parse::<i64>().is_ok() && path.join(format!("{name}.db")).is_file()
}

fn of_file(path: &Path) -> Result<Option<Kind>, ImportError> {
    let mut head = Vec::new();
    let file = fs::File::open(path).map_err(|error| ImportError::open(path, error))?;
    file.take(64 * 1024).read_to_end(&mut head).map_err(|error| ImportError::open(path, error))?;
    if head.starts_with(b"SQLite format 3\0") {
        let database = Database::open(path)?;
        let is_archive = database.has_table("sync_status")? || database.has_table("chats")?;
        return Ok(Some(if is_archive { Kind::TelegramArchive } else { Kind::ScraperServer }));
    }
    let head = String::from_utf8_lossy(&head);
    let text = head.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') {
        return Ok(Some(Kind::TelegramDesktopHtml));
    }
    Ok(if text.starts_with(['{', '[']) { of_json(text) } else { None })
}

/// By the names in its beginning. Text in quotes within a message has its quotes escaped, and is no name.
fn of_json(text: &str) -> Option<Kind> {
    let has = |name: &str| text.contains(&format!("\"{name}\""));
    let of_desktop = ["date_unixtime", "from_id", "personal_information", "text_entities", "actor_id"];
    if of_desktop.into_iter().any(has) {
        return Some(Kind::TelegramDesktop);
    }
    let of_chats = ["messages", "chat", "chats", "export_date"];
    let is_messages = has("id") && has("date");
    (of_chats.into_iter().any(has) || is_messages).then_some(Kind::Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(path: &Path) -> String {
        let error = detect(path).unwrap_err();
        assert!(matches!(error, ImportError::Unknown { .. }), "{error}");
        error.to_string()
    }

    #[test]
    fn a_pipe_is_refused_before_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(failure(&pipe).contains("neither a file nor a folder"));
    }

    #[test]
    fn json_without_messages_is_of_no_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for (text, wanted) in [
            (r#"{"foo":1}"#, None),
            ("{}", None),
            ("[]", None),
            (r#"{"chat":null,"messages":[]}"#, Some(Kind::Json)),
            (r#"[{"id":1,"date":"2026-01-01T00:00:00","text":"so"}]"#, Some(Kind::Json)),
            (r#"{"name":"Talk","messages":[{"id":1,"date_unixtime":"1"}]}"#, Some(Kind::TelegramDesktop)),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(detect(&path).ok(), wanted, "{text}");
        }
        fs::write(&path, "[]").unwrap();
        failure(&path);
    }

    #[test]
    fn our_own_archive_is_sent_to_merge() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive.sqlite");
        // While it is open, all of it but the first page is in its journal.
        let open = crate::archive::SqliteStore::open(&file).unwrap();
        for path in [file.as_path(), folder.path()] {
            assert!(failure(path).contains("archive merge"), "{}", path.display());
        }
        drop(open);
        assert!(failure(&file).contains("archive merge"));
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_not_told_as_empty() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let closed = folder.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        // Root may read everything.
        let may_read = fs::read_dir(&closed).is_ok();
        let outcome = detect(&closed);
        assert!(may_read || matches!(outcome, Err(ImportError::Open { .. })), "{outcome:?}");
    }
}
