//! The database of Telegram-Archive, versions 5 to 8, and the media folder beside it.
//!
//! Columns are taken by name, so one reading serves all its versions: up to version 5 a message had its media inline,
//! later a table tells of it, and from version 8 on every table names an account.

mod chat;
mod media;
mod message;
#[cfg(test)]
mod tests;
mod text;

use std::path::{Path, PathBuf};

use super::{
    error::ImportError,
    fields::Fields,
    folder::Folder,
    source::{Asked, Source, Told, ToldMessage, Unreadable},
    sqlite::Database,
};
use crate::model::{AccountName, PeerId};

#[derive(Debug)]
pub(super) struct ArchiveDatabase {
    file: PathBuf,
    folder: Folder,
    account: AccountName,
    asked: Asked,
}

const NAME: &str = "telegram_backup.db";

impl ArchiveDatabase {
    /// `path` is the database or the folder that it lies in. `account` chooses when it holds several.
    pub(super) fn open(path: &Path, account: AccountName, asked: Asked) -> Result<Self, ImportError> {
        let file = if path.is_dir() { path.join(NAME) } else { path.to_owned() };
        let root = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = Folder::open(root)?;
        Ok(Self { file, folder, account, asked })
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }
}

impl Source for ArchiveDatabase {
    fn read(&mut self, hear: &mut dyn FnMut(Told) -> Result<(), ImportError>) -> Result<(), ImportError> {
        let database = Database::open(&self.file)?;
        for table in ["chats", "messages"] {
            if !database.has_table(table)? {
                let reason = format!("it has no table `{table}`");
                return Err(ImportError::Unknown { path: self.file.clone(), reason });
            }
        }
        let reading = Reading {
            scope: Scope::find(&database, &self.account)?,
            tables: Tables::of(&database)?,
            database: &database,
            folder: &self.folder,
            asked: &self.asked,
        };
        self.asked.meter.expect(database.count("messages")?);
        reading.tell(hear)
    }
}

/// Which rows are meant, when tables name accounts.
#[derive(Clone, Copy, Debug)]
struct Scope(Option<i64>);

impl Scope {
    fn find(database: &Database, account: &AccountName) -> Result<Self, ImportError> {
        if !database.has_column("messages", "account_id")? {
            return Ok(Self(None));
        }
        let mut found: Vec<(i64, String)> = Vec::new();
        if database.has_table("accounts")? {
            for mut row in database.all("accounts", "SELECT * FROM accounts ORDER BY id", &[])? {
                let Some(id) = row.number("id") else { continue };
                found.push((id, row.text("label").unwrap_or_default()));
            }
        }
        match found.as_slice() {
            [] => Ok(Self(Some(1))),
            [(id, _)] => Ok(Self(Some(*id))),
            many => match many.iter().find(|(_, label)| label.eq_ignore_ascii_case(account.as_str())) {
                Some((id, _)) => Ok(Self(Some(*id))),
                None => {
                    let labels: Vec<&str> = many.iter().map(|(_, label)| label.as_str()).collect();
                    let reason = format!(
                        "it holds several accounts ({}): name an account of yours like one of them, and say `--account`",
                        labels.join(", ")
                    );
                    Err(ImportError::Unknown { path: database.path().to_owned(), reason })
                }
            },
        }
    }

    fn and(self) -> String {
        self.0.map(|id| format!(" AND account_id = {id}")).unwrap_or_default()
    }
}

/// Those that not every version has.
#[derive(Clone, Copy, Debug)]
struct Tables {
    has_users: bool,
    has_media: bool,
    has_reactions: bool,
    has_versions: bool,
    has_topics: bool,
    has_folders: bool,
}

impl Tables {
    fn of(database: &Database) -> Result<Self, ImportError> {
        Ok(Self {
            has_users: database.has_table("users")?,
            has_media: database.has_table("media")?,
            has_reactions: database.has_table("reactions")?,
            has_versions: database.has_table("message_versions")?,
            has_topics: database.has_table("forum_topics")?,
            has_folders: database.has_table("chat_folders")? && database.has_table("chat_folder_members")?,
        })
    }
}

type Hear<'a> = &'a mut dyn FnMut(Told) -> Result<(), ImportError>;

struct Reading<'a> {
    database: &'a Database,
    scope: Scope,
    tables: Tables,
    folder: &'a Folder,
    asked: &'a Asked,
}

impl Reading<'_> {
    fn tell(&self, hear: Hear<'_>) -> Result<(), ImportError> {
        if self.tables.has_users {
            self.database.each("users", "SELECT * FROM users ORDER BY id", &[], |row| {
                match chat::user(row) {
                    Some(user) => hear(Told::User(Box::new(user))),
                    None => Ok(()),
                }
            })?;
        }
        for row in self.rows("chats", "ORDER BY id")? {
            self.chat(row, hear)?;
        }
        self.folders(hear)
    }

    fn rows(&self, table: &str, order: &str) -> Result<Vec<Fields>, ImportError> {
        let sql = format!("SELECT * FROM {table} WHERE 1 = 1{} {order}", self.scope.and());
        self.database.all(table, &sql, &[])
    }

    fn chat(&self, row: Fields, hear: Hear<'_>) -> Result<(), ImportError> {
        let Some(known) = row.get("id").and_then(serde_json::Value::as_i64).map(PeerId) else {
            return Ok(());
        };
        if !self.asked.wants(known) {
            return Ok(());
        }
        let is_bot = self.tables.has_users
            && !self
                .database
                .all("users", "SELECT id FROM users WHERE id = ?1 AND is_bot = 1", &[&known.0])?
                .is_empty();
        let told = chat::chat(row, known, is_bot);
        let is_forum = told.chat.is_forum;
        let chat_kind = told.chat.kind;
        hear(Told::Chat(Box::new(told.chat)))?;
        if let Some(user) = told.user {
            hear(Told::User(Box::new(user)))?;
        }
        // Only what is archived is told: a run over chosen chats knew nothing of the rest.
        if told.is_archived {
            hear(Told::Listed { chat: known, is_archived: true })?;
        }
        if self.tables.has_topics {
            let sql =
                format!("SELECT * FROM forum_topics WHERE chat_id = ?1{} ORDER BY id", self.scope.and());
            for topic in self.database.all("forum_topics", &sql, &[&known.0])? {
                if let Some(topic) = chat::topic(topic) {
                    hear(Told::Topic { chat: known, topic: Box::new(topic) })?;
                }
            }
        }
        let sql = format!("SELECT * FROM messages WHERE chat_id = ?1{} ORDER BY id", self.scope.and());
        self.database.each("messages", &sql, &[&known.0], |row| {
            self.asked.meter.advance(1);
            let place = row.get("id").map(ToString::to_string).unwrap_or_default();
            match self.message(row, known, chat_kind, is_forum)? {
                Ok(told) => hear(Told::Message(Box::new(told))),
                Err(reason) => {
                    let place =
                        format!("{}: message {place} of chat {known}", self.database.path().display());
                    hear(Told::Unreadable(Unreadable { place, reason: reason.into() }))
                }
            }
        })
    }

    fn message(
        &self,
        row: Fields,
        chat: PeerId,
        kind: crate::model::ChatKind,
        is_forum: bool,
    ) -> Result<Result<ToldMessage, &'static str>, ImportError> {
        let Some(id) = row.get("id").and_then(serde_json::Value::as_i64) else {
            return Ok(Err("it has no id"));
        };
        let beside = message::Beside {
            media: self.beside(self.tables.has_media, "media", "id", chat, id)?,
            reactions: self.beside(self.tables.has_reactions, "reactions", "id", chat, id)?,
            versions: self.beside(self.tables.has_versions, "message_versions", "date, id", chat, id)?,
        };
        Ok(message::message(row, beside, &message::Place { chat, kind, is_forum, folder: self.folder }))
    }

    /// Rows of another table that hang on a message.
    fn beside(
        &self,
        is_there: bool,
        table: &str,
        order: &str,
        chat: PeerId,
        id: i64,
    ) -> Result<Vec<Fields>, ImportError> {
        if !is_there {
            return Ok(Vec::new());
        }
        let scope = self.scope.and();
        let sql =
            format!("SELECT * FROM {table} WHERE message_id = ?1 AND chat_id = ?2{scope} ORDER BY {order}");
        self.database.all(table, &sql, &[&id, &chat.0])
    }

    fn folders(&self, hear: Hear<'_>) -> Result<(), ImportError> {
        if !self.tables.has_folders || self.asked.chat.is_some() {
            return Ok(());
        }
        let members = self.rows("chat_folder_members", "ORDER BY folder_id, chat_id")?;
        let folders = chat::folders(self.rows("chat_folders", "ORDER BY sort_order, id")?, members);
        if folders.is_empty() { Ok(()) } else { hear(Told::Folders(folders)) }
    }
}
