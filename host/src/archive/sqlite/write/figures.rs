//! A chat's row as a batch needs it: its key, its counts, how far it reaches.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Apply;
use crate::{
    archive::{StoreError, merge::unknown_chat, row::json, sqlite::place::MOST_CHATS},
    model::{ChatKind, PeerId},
};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Room {
    pub(super) key: i64,
    pub(super) now: Figures,
    before: Figures,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) messages: i64,
    pub(super) deleted: i64,
    pub(super) files: i64,
    pub(super) file_bytes: i64,
    pub(super) oldest: Option<i32>,
    pub(super) newest: Option<i32>,
    /// Unix seconds.
    pub(super) first_date: Option<i64>,
    pub(super) last_date: Option<i64>,
    pub(super) is_out_of_order: bool,
}

impl Figures {
    pub(super) fn add(&mut self, id: i32, date: i64) {
        self.messages += 1;
        self.oldest = Some(self.oldest.map_or(id, |oldest| oldest.min(id)));
        self.newest = Some(self.newest.map_or(id, |newest| newest.max(id)));
        self.first_date = Some(self.first_date.map_or(date, |first| first.min(date)));
        self.last_date = Some(self.last_date.map_or(date, |last| last.max(date)));
    }

    /// No message between these two ids is known.
    pub(super) fn is_beyond(&self, first: i32, last: i32) -> bool {
        self.newest.is_none_or(|newest| first > newest) || self.oldest.is_none_or(|oldest| last < oldest)
    }
}

impl Room {
    pub(super) fn save(self, db: &Connection) -> Result<(), StoreError> {
        if self.now == self.before {
            return Ok(());
        }
        let now = self.now;
        db.prepare_cached(
            "update chats set messages = ?2, deleted = ?3, files = ?4, file_bytes = ?5, oldest = ?6, newest = ?7, \
             first_date = ?8, last_date = ?9, is_out_of_order = ?10 where key = ?1",
        )?
        .execute(params![
            self.key,
            now.messages,
            now.deleted,
            now.files,
            now.file_bytes,
            now.oldest,
            now.newest,
            now.first_date,
            now.last_date,
            now.is_out_of_order,
        ])?;
        Ok(())
    }
}

pub(super) fn kind_name(kind: ChatKind) -> String {
    json(&kind).trim_matches('"').to_owned()
}

/// What the list of chats is searched by.
pub(in crate::archive::sqlite) fn folded(title: &str, usernames: &[String]) -> String {
    let all = std::iter::once(title).chain(usernames.iter().map(String::as_str));
    all.map(crate::archive::search::fold).collect::<Vec<_>>().join(" ")
}

impl Apply<'_> {
    /// The chat, when something is known of it.
    pub(super) fn known_room(&mut self, chat: PeerId) -> Result<Option<&mut Room>, StoreError> {
        if !self.rooms.contains_key(&chat) {
            let Some(room) = load(self.db, self.account, chat)? else { return Ok(None) };
            self.rooms.insert(chat, room);
        }
        Ok(self.rooms.get_mut(&chat))
    }

    /// The chat; one that nobody has told of yet is made.
    pub(super) fn room(&mut self, chat: PeerId) -> Result<&mut Room, StoreError> {
        if self.known_room(chat)?.is_none() {
            let unknown = unknown_chat(chat);
            self.db
                .prepare_cached(
                    "insert into chats (account, id, kind, title, folded, detail) values (?1, ?2, ?3, '', '', ?4)",
                )?
                .execute(params![self.account, chat.0, kind_name(unknown.kind), json(&unknown)])?;
            let key = self.db.last_insert_rowid();
            if key >= MOST_CHATS {
                let reason = format!("it holds {key} chats, and there is no room for more");
                return Err(StoreError::Failed { reason });
            }
            let (now, before) = (Figures::default(), Figures::default());
            self.rooms.insert(chat, Room { key, now, before });
        }
        Ok(self.rooms.get_mut(&chat).expect("it was put there"))
    }
}

fn load(db: &Connection, account: i64, chat: PeerId) -> Result<Option<Room>, StoreError> {
    let mut found = db.prepare_cached(
        "select key, messages, deleted, files, file_bytes, oldest, newest, first_date, last_date, \
         is_out_of_order from chats where account = ?1 and id = ?2",
    )?;
    let room = found.query_row(params![account, chat.0], |row| {
        let now = Figures {
            messages: row.get(1)?,
            deleted: row.get(2)?,
            files: row.get(3)?,
            file_bytes: row.get(4)?,
            oldest: row.get(5)?,
            newest: row.get(6)?,
            first_date: row.get(7)?,
            last_date: row.get(8)?,
            is_out_of_order: row.get(9)?,
        };
        Ok(Room { key: row.get(0)?, before: now.clone(), now })
    });
    Ok(room.optional()?)
}
