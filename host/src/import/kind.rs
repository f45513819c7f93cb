//! What there is to import, and how it is told apart.

use std::{fmt, fs, io::Read as _, path::Path, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{error::ImportError, exported};

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

/// Says what lies there, or what was looked for in vain.
pub(super) fn detect(path: &Path) -> Result<Kind, ImportError> {
    let facts = fs::metadata(path).map_err(|error| ImportError::open(path, error))?;
    if facts.is_dir() && exported::is_ours(path) {
        return exported::kind(path);
    }
    let found = if facts.is_dir() { in_folder(path) } else { of_file(path)? };
    found.ok_or_else(|| ImportError::Unknown {
        path: path.to_owned(),
        reason: "it has no result.json, messages.json, messages.html, telegram_backup.db or dialog databases; `--from` names the kind".into(),
    })
}

fn in_folder(path: &Path) -> Option<Kind> {
    let has = |name: &str| path.join(name).is_file();
    if has("result.json") {
        return Some(Kind::TelegramDesktop);
    }
    if has("messages.json") {
        return Some(Kind::Json);
    }
    if has("messages.html") || has("lists/chats.html") || path.join("chats").join("chat_1").is_dir() {
        return Some(Kind::TelegramDesktopHtml);
    }
    if has("telegram_backup.db") {
        return Some(Kind::TelegramArchive);
    }
    let has_dialogs = path.join("dialogs").is_dir() || path.join("channels").is_dir() || is_dialog(path);
    has_dialogs.then_some(Kind::ScraperServer)
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
        let is_archive =
            super::sqlite::has_table(path, "sync_status")? || super::sqlite::has_table(path, "chats")?;
        return Ok(Some(if is_archive { Kind::TelegramArchive } else { Kind::ScraperServer }));
    }
    let head = String::from_utf8_lossy(&head);
    let text = head.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') {
        return Ok(Some(Kind::TelegramDesktopHtml));
    }
    if !text.starts_with(['{', '[']) {
        return Ok(None);
    }
    let is_desktop = text.contains("\"date_unixtime\"")
        || text.contains("\"from_id\"")
        || text.contains("\"personal_information\"")
        || text.contains("\"text_entities\"")
        || text.contains("\"actor_id\"");
    Ok(Some(if is_desktop { Kind::TelegramDesktop } else { Kind::Json }))
}
