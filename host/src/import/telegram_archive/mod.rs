//! The database of Telegram-Archive, versions 5 to 8, in a file or on a PostgreSQL server, and its media folder.
//!
//! Columns are taken by name, so one reading serves all its versions: up to version 5 a message had its media inline,
//! later a table tells of it, and from version 8 on every table names an account.

mod chat;
mod media;
mod message;
#[cfg(test)]
mod tests;
mod text;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    error::ImportError,
    fields::Fields,
    folder::Folder,
    kind,
    postgres::PostgresRows,
    rows::Rows,
    source::{Asked, Source, Told, Unreadable},
    sqlite::Database,
};
use crate::model::{AccountName, PeerId};

/// All that it may have; what decides what is read of it.
pub(super) const TABLES: [&str; 10] = [
    "accounts",
    "chats",
    "users",
    "messages",
    "media",
    "reactions",
    "message_versions",
    "forum_topics",
    "chat_folders",
    "chat_folder_members",
];

/// Without these there is nothing to read.
const NEEDED: [(&str, &[&str]); 2] = [("chats", &["id"]), ("messages", &["id", "chat_id", "date"])];

const NAME: &str = "telegram_backup.db";
const ONE_USER: &str = "SELECT * FROM users WHERE id = CAST($1 AS BIGINT)";
/// Rows that are asked for at a time.
const PAGE: usize = 1000;

#[derive(Debug)]
pub(super) struct ArchiveDatabase {
    place: Place,
    /// None: nobody has said where its files are.
    folder: Option<Folder>,
    account: AccountName,
    asked: Asked,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    Server(Option<Box<PostgresRows>>),
}

impl ArchiveDatabase {
    /// `path` is the database or the folder that it lies in, `media` where its files are if that is elsewhere. `account`
    /// chooses when it holds several.
    pub(super) fn open(
        path: &Path,
        media: Option<&Path>,
        account: AccountName,
        asked: Asked,
    ) -> Result<Self, ImportError> {
        let file = if path.is_dir() { path.join(NAME) } else { path.to_owned() };
        let beside = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = Some(Folder::open(media.unwrap_or(beside))?);
        check(&Database::open(&file)?)?;
        Ok(Self { place: Place::File(file), folder, account, asked })
    }

    pub(super) fn on_server(
        rows: PostgresRows,
        media: Option<&Path>,
        account: AccountName,
        asked: Asked,
    ) -> Result<Self, ImportError> {
        let folder = media.map(Folder::open).transpose()?;
        Ok(Self { place: Place::Server(Some(Box::new(rows))), folder, account, asked })
    }

    /// None: it is on a server.
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::File(file) => Some(file),
            Place::Server(_) => None,
        }
    }

    fn tell(&self, database: &dyn Rows, hear: Hear<'_>) -> Result<(), ImportError> {
        check(database)?;
        let reading = Reading {
            scope: Scope::find(database, &self.account)?,
            tables: Tables::of(database)?,
            database,
            folder: self.folder.as_ref(),
            asked: &self.asked,
        };
        reading.tell(hear)
    }
}

/// Fails for the database of another program: others have tables of these names too.
pub(super) fn check(database: &dyn Rows) -> Result<(), ImportError> {
    if database.has_table("tapedeck_schema")? {
        return Err(kind::ours(database.place()));
    }
    let unknown = |reason| Err(ImportError::Unknown { path: database.place().to_owned(), reason });
    for (table, columns) in NEEDED {
        if !database.has_table(table)? {
            return unknown(format!("it has no table `{table}`"));
        }
        for column in columns {
            if !database.has_column(table, column)? {
                return unknown(format!("its table `{table}` has no column `{column}`"));
            }
        }
    }
    Ok(())
}

impl Source for ArchiveDatabase {
    fn read(&mut self, hear: &mut dyn FnMut(Told) -> Result<(), ImportError>) -> Result<(), ImportError> {
        match &mut self.place {
            Place::File(file) => {
                let database = Database::open(file)?;
                self.tell(&database, hear)
            }
            Place::Server(rows) => {
                let rows = rows.take().ok_or_else(|| ImportError::Broken("it was read already".into()))?;
                self.tell(&*rows, hear)
            }
        }
    }
}

/// Which rows are meant, when tables name accounts.
#[derive(Clone, Copy, Debug)]
struct Scope(Option<i64>);

impl Scope {
    fn find(database: &dyn Rows, account: &AccountName) -> Result<Self, ImportError> {
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
                    Err(ImportError::Unknown { path: database.place().to_owned(), reason })
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
    fn of(database: &dyn Rows) -> Result<Self, ImportError> {
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
    database: &'a dyn Rows,
    scope: Scope,
    tables: Tables,
    folder: Option<&'a Folder>,
    asked: &'a Asked,
}

/// Rows of another table, by the message that they hang on.
type Beside = HashMap<i64, Vec<Fields>>;

impl Reading<'_> {
    fn tell(&self, hear: Hear<'_>) -> Result<(), ImportError> {
        let sql = format!("SELECT count(*) AS count FROM messages WHERE 1 = 1{}", self.scope.and());
        let count = self.database.all("messages", &sql, &[])?.first_mut().and_then(|row| row.number("count"));
        self.asked.meter.expect(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0));
        if self.tables.has_users {
            let sql = format!("SELECT * FROM users WHERE id > CAST($1 AS BIGINT) ORDER BY id LIMIT {PAGE}");
            self.pages("users", &sql, &[], |rows| {
                for user in self.readable("user", rows, hear)?.into_iter().filter_map(chat::user) {
                    hear(Told::User(Box::new(user)))?;
                }
                Ok(())
            })?;
        }
        for row in self.rows("chats", "ORDER BY id")? {
            self.chat(row, hear)?;
        }
        for row in self.orphans()? {
            self.chat(row, hear)?;
        }
        self.folders(hear)
    }

    /// In place of chats that have messages, and no row: what is known of them are their ids, and the names of people.
    fn orphans(&self) -> Result<Vec<Fields>, ImportError> {
        let sql = format!(
            "SELECT DISTINCT chat_id AS id FROM messages WHERE chat_id NOT IN \
             (SELECT id FROM chats WHERE id IS NOT NULL{0}){0} ORDER BY chat_id",
            self.scope.and()
        );
        let mut found = self.database.all("messages", &sql, &[])?;
        for row in &mut found {
            let person = id_of(row).filter(|id| *id > 0 && self.tables.has_users);
            let person = person.map(|id| self.database.all("users", ONE_USER, &[id])).transpose()?;
            if let Some(person) = person.and_then(|mut rows| rows.pop()) {
                *row = person;
            }
        }
        Ok(found)
    }

    fn unreadable(&self, what: &str, reason: &str) -> Told {
        let place = format!("{}: {what}", self.database.place().display());
        Told::Unreadable(Unreadable { place, reason: reason.to_owned() })
    }

    /// Without those that are incomplete, which are told of.
    fn readable(&self, what: &str, rows: Vec<Fields>, hear: Hear<'_>) -> Result<Vec<Fields>, ImportError> {
        let mut readable = Vec::with_capacity(rows.len());
        for row in rows {
            match row.refused() {
                Some(reason) => {
                    let id = row.get("id").map(Value::to_string).unwrap_or_default();
                    hear(self.unreadable(&format!("{what} {id}"), reason))?;
                }
                None => readable.push(row),
            }
        }
        Ok(readable)
    }

    fn rows(&self, table: &str, order: &str) -> Result<Vec<Fields>, ImportError> {
        let sql = format!("SELECT * FROM {table} WHERE 1 = 1{} {order}", self.scope.and());
        self.database.all(table, &sql, &[])
    }

    /// The first of the numbers is the id that the page begins behind.
    fn pages(
        &self,
        what: &str,
        sql: &str,
        more: &[i64],
        mut take: impl FnMut(Vec<Fields>) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        let mut after = i64::MIN;
        loop {
            let numbers: Vec<i64> = std::iter::once(after).chain(more.iter().copied()).collect();
            let rows = self.database.all(what, sql, &numbers)?;
            let is_last = rows.len() < PAGE;
            let last = rows.iter().filter_map(id_of).max();
            take(rows)?;
            match last {
                Some(last) if last > after && !is_last => after = last,
                _ => return Ok(()),
            }
        }
    }

    fn chat(&self, row: Fields, hear: Hear<'_>) -> Result<(), ImportError> {
        let Some(known) = id_of(&row).map(PeerId) else { return Ok(()) };
        if !self.asked.wants(known) {
            return Ok(());
        }
        if let Some(reason) = row.refused() {
            hear(self.unreadable(&format!("chat {known}"), reason))?;
        }
        let told = chat::chat(row, known, self.is_bot(known)?);
        let is_forum = told.chat.is_forum;
        let kind = told.chat.kind;
        hear(Told::Chat(Box::new(told.chat)))?;
        if let Some(user) = told.user {
            hear(Told::User(Box::new(user)))?;
        }
        // Only what is archived is told: a run over chosen chats knew nothing of the rest.
        if told.is_archived {
            hear(Told::Listed { chat: known, is_archived: true })?;
        }
        if self.tables.has_topics {
            let sql = format!(
                "SELECT * FROM forum_topics WHERE chat_id = CAST($1 AS BIGINT){} ORDER BY id",
                self.scope.and()
            );
            let topics = self.database.all("forum_topics", &sql, &[known.0])?;
            for topic in self.readable(&format!("chat {known}, topic"), topics, hear)? {
                if let Some(topic) = chat::topic(topic) {
                    hear(Told::Topic { chat: known, topic: Box::new(topic) })?;
                }
            }
        }
        let sql = format!(
            "SELECT * FROM messages WHERE id > CAST($1 AS BIGINT) AND chat_id = CAST($2 AS BIGINT){} ORDER BY id LIMIT {PAGE}",
            self.scope.and()
        );
        let place = message::Place { chat: known, kind, is_forum, folder: self.folder };
        self.pages("messages", &sql, &[known.0], |rows| self.messages(rows, &place, hear))
    }

    fn is_bot(&self, id: PeerId) -> Result<bool, ImportError> {
        if !self.tables.has_users {
            return Ok(false);
        }
        Ok(self
            .database
            .all("users", ONE_USER, &[id.0])?
            .into_iter()
            .filter_map(chat::user)
            .any(|user| user.is_bot))
    }

    fn messages(
        &self,
        rows: Vec<Fields>,
        place: &message::Place<'_>,
        hear: Hear<'_>,
    ) -> Result<(), ImportError> {
        let ids = rows.iter().filter_map(id_of);
        let (Some(first), Some(last)) = (ids.clone().min(), ids.max()) else { return Ok(()) };
        let between = [first, last, place.chat.0];
        let mut media = self.beside(self.tables.has_media, "media", "id", &between, hear)?;
        let mut reactions = self.beside(self.tables.has_reactions, "reactions", "id", &between, hear)?;
        let mut versions =
            self.beside(self.tables.has_versions, "message_versions", "date, id", &between, hear)?;
        for row in rows {
            self.asked.meter.advance(1);
            let id = id_of(&row).unwrap_or_default();
            let beside = message::Beside {
                media: media.remove(&id).unwrap_or_default(),
                reactions: reactions.remove(&id).unwrap_or_default(),
                versions: versions.remove(&id).unwrap_or_default(),
            };
            let told = match row.refused() {
                Some(reason) => Err(reason.to_owned()),
                None => message::message(row, beside, place).map_err(str::to_owned),
            };
            match told {
                Ok(told) => hear(Told::Message(Box::new(told)))?,
                Err(reason) => {
                    hear(self.unreadable(&format!("message {id} of chat {}", place.chat), &reason))?
                }
            }
        }
        Ok(())
    }

    /// What hangs on the messages of a page.
    fn beside(
        &self,
        is_there: bool,
        table: &str,
        order: &str,
        between: &[i64; 3],
        hear: Hear<'_>,
    ) -> Result<Beside, ImportError> {
        let mut found = Beside::new();
        if !is_there {
            return Ok(found);
        }
        let sql = format!(
            "SELECT * FROM {table} WHERE message_id BETWEEN CAST($1 AS BIGINT) AND CAST($2 AS BIGINT) \
             AND chat_id = CAST($3 AS BIGINT){} ORDER BY message_id, {order}",
            self.scope.and()
        );
        let rows = self.database.all(table, &sql, between)?;
        for row in self.readable(&format!("chat {}, `{table}`", between[2]), rows, hear)? {
            if let Some(message) = row.get("message_id").and_then(Value::as_i64) {
                found.entry(message).or_default().push(row);
            }
        }
        Ok(found)
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

fn id_of(row: &Fields) -> Option<i64> {
    row.get("id").and_then(Value::as_i64)
}
