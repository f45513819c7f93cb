//! A chat's row as a batch needs it: its key, its counts, how far it reaches.

use super::{
    super::sql::{json, word},
    Apply,
};
use crate::{
    archive::{StoreError, merge::unknown_chat, row::date_of},
    model::PeerId,
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
    pub(super) first_moment: Option<i64>,
    pub(super) last_moment: Option<i64>,
    pub(super) is_out_of_order: bool,
}

impl Figures {
    pub(super) fn add(&mut self, id: i32, moment: i64) {
        self.messages += 1;
        self.oldest = Some(self.oldest.map_or(id, |oldest| oldest.min(id)));
        self.newest = Some(self.newest.map_or(id, |newest| newest.max(id)));
        self.first_moment = Some(self.first_moment.map_or(moment, |first| first.min(moment)));
        self.last_moment = Some(self.last_moment.map_or(moment, |last| last.max(moment)));
    }

    pub(super) fn last_date(&self) -> Option<i64> {
        self.last_moment.map(date_of)
    }

    pub(super) fn first_date(&self) -> Option<i64> {
        self.first_moment.map(date_of)
    }
}

/// What the list of chats is searched by.
pub(super) fn folded(title: &str, usernames: &[String]) -> String {
    let all = std::iter::once(title).chain(usernames.iter().map(String::as_str));
    let all = all.map(crate::archive::search::fold).collect::<Vec<_>>().join(" ").replace('\0', " ");
    // An entry of an index has a limit, and titles of imports have none.
    all.chars().take(600).collect()
}

impl Apply<'_> {
    pub(super) async fn load_rooms(&mut self, chats: &[i64]) -> Result<(), StoreError> {
        if chats.is_empty() {
            return Ok(());
        }
        let sql = "select id, key, messages, deleted, files, file_bytes, oldest, newest, first_moment, last_moment, \
                   is_out_of_order from chats where account = $1 and id = any($2)";
        for row in self.rows(sql, &[&self.account, &chats]).await? {
            let now = Figures {
                messages: row.try_get(2)?,
                deleted: row.try_get(3)?,
                files: row.try_get(4)?,
                file_bytes: row.try_get(5)?,
                oldest: row.try_get(6)?,
                newest: row.try_get(7)?,
                first_moment: row.try_get(8)?,
                last_moment: row.try_get(9)?,
                is_out_of_order: row.try_get(10)?,
            };
            let room = Room { key: row.try_get(1)?, before: now.clone(), now };
            self.rooms.insert(PeerId(row.try_get(0)?), room);
        }
        Ok(())
    }

    /// The chat, when something is known of it.
    pub(super) async fn known_room(&mut self, chat: PeerId) -> Result<Option<&mut Room>, StoreError> {
        if !self.rooms.contains_key(&chat) {
            self.load_rooms(&[chat.0]).await?;
        }
        Ok(self.rooms.get_mut(&chat))
    }

    pub(super) async fn known_key(&mut self, chat: PeerId) -> Result<Option<i64>, StoreError> {
        Ok(self.known_room(chat).await?.map(|room| room.key))
    }

    /// The chat; one that nobody has told of yet is made.
    pub(super) async fn room(&mut self, chat: PeerId) -> Result<&mut Room, StoreError> {
        if self.known_room(chat).await?.is_none() {
            let unknown = unknown_chat(chat);
            let sql = "insert into chats (account, id, kind, title, folded, detail) \
                       values ($1, $2, $3, '', '', $4::text::json) returning key";
            let row = self.row(sql, &[&self.account, &chat.0, &word(&unknown.kind), &json(&unknown)]).await?;
            let (now, before) = (Figures::default(), Figures::default());
            self.rooms.insert(chat, Room { key: row.try_get(0)?, now, before });
        }
        Ok(self.rooms.get_mut(&chat).expect("it was put there"))
    }

    pub(super) async fn save_rooms(&mut self) -> Result<(), StoreError> {
        let sql = "update chats set messages = $2, deleted = $3, files = $4, file_bytes = $5, oldest = $6, newest = $7, \
                   first_moment = $8, last_moment = $9, is_out_of_order = $10 where key = $1";
        for Room { key, now, before } in std::mem::take(&mut self.rooms).into_values() {
            if now != before {
                self.run(
                    sql,
                    &[
                        &key,
                        &now.messages,
                        &now.deleted,
                        &now.files,
                        &now.file_bytes,
                        &now.oldest,
                        &now.newest,
                        &now.first_moment,
                        &now.last_moment,
                        &now.is_out_of_order,
                    ],
                )
                .await?;
            }
        }
        Ok(())
    }
}
