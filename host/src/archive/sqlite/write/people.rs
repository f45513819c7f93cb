//! Chats, users, topics and folders, and the names that they had.

use rusqlite::{OptionalExtension as _, params};

use super::{
    Apply,
    figures::{folded, kind_name},
    from_json,
};
use crate::{
    archive::{
        ChangeKind, FolderRecord, StoreError,
        merge::{chat_names, merge_chat, merge_topic, merge_user, user_names},
        row::json,
    },
    model::{Chat, PeerId, Topic, User},
};

impl Apply<'_> {
    pub(super) fn chat(&mut self, told: &Chat) -> Result<(), StoreError> {
        let key = self.room(told.id)?.key;
        let stored: String = self
            .db
            .prepare_cached("select detail from chats where key = ?1")?
            .query_row([key], |row| row.get(0))?;
        let known: Chat = from_json("a chat", &stored)?;
        let now = merge_chat(&known, told);
        let detail = json(&now);
        if detail == stored {
            return Ok(());
        }
        self.db
            .prepare_cached(
                "update chats set kind = ?2, title = ?3, folded = ?4, detail = ?5 where key = ?1",
            )?
            .execute(params![
                key,
                kind_name(now.kind),
                now.title,
                folded(&now.title, &now.usernames),
                detail
            ])?;
        self.names(now.id, chat_names(&now))?;
        self.feed.chat(now.id, ChangeKind::Chat);
        Ok(())
    }

    pub(super) fn listed(
        &mut self,
        chat: PeerId,
        is_archived: Option<bool>,
        is_pinned: Option<bool>,
    ) -> Result<(), StoreError> {
        let key = self.room(chat)?.key;
        let moved = self
            .db
            .prepare_cached(
                "update chats set is_archived = coalesce(?2, is_archived), is_pinned = coalesce(?3, is_pinned) \
                 where key = ?1 and (is_archived != coalesce(?2, is_archived) \
                 or is_pinned != coalesce(?3, is_pinned))",
            )?
            .execute(params![key, is_archived, is_pinned])?;
        if moved > 0 {
            self.feed.chat(chat, ChangeKind::Chat);
        }
        Ok(())
    }

    pub(super) fn user(&mut self, told: &User) -> Result<(), StoreError> {
        if told.is_self {
            let owner = "update accounts set owner = ?2 where key = ?1 and owner is not ?2";
            self.db.prepare_cached(owner)?.execute([self.account, told.id.0])?;
        }
        let stored: Option<String> = self
            .db
            .prepare_cached("select detail from users where account = ?1 and id = ?2")?
            .query_row(params![self.account, told.id.0], |row| row.get(0))
            .optional()?;
        let as_told = json(told);
        if stored.as_ref() == Some(&as_told) {
            return Ok(());
        }
        let now = match &stored {
            Some(stored) => merge_user(&from_json("a user", stored)?, told),
            None => told.clone(),
        };
        let detail = json(&now);
        if stored.as_ref() == Some(&detail) {
            return Ok(());
        }
        self.db
            .prepare_cached(
                "insert into users values (?1, ?2, ?3) on conflict do update set detail = excluded.detail",
            )?
            .execute(params![self.account, now.id.0, detail])?;
        if now.is_partial {
            return Ok(());
        }
        self.names(now.id, user_names(&now))
    }

    /// What somebody is called is kept each time it is another name than before.
    fn names(&self, peer: PeerId, names: Vec<(&'static str, String)>) -> Result<(), StoreError> {
        for (what, value) in names {
            let last: Option<String> = self
                .db
                .prepare_cached(
                    "select value from history where account = ?1 and peer = ?2 and what = ?3 \
                     order by key desc limit 1",
                )?
                .query_row(params![self.account, peer.0, what], |row| row.get(0))
                .optional()?;
            if last.as_deref().unwrap_or_default() == value {
                continue;
            }
            self.db
                .prepare_cached(
                    "insert into history (account, peer, what, value, since) values (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![self.account, peer.0, what, value, self.at])?;
        }
        Ok(())
    }

    pub(super) fn topic(&mut self, chat: PeerId, told: &Topic) -> Result<(), StoreError> {
        let key = self.room(chat)?.key;
        let stored: Option<String> = self
            .db
            .prepare_cached("select detail from topics where chat = ?1 and id = ?2")?
            .query_row(params![key, told.id.0], |row| row.get(0))
            .optional()?;
        let now = match &stored {
            Some(stored) => merge_topic(&from_json("a topic", stored)?, told),
            None => told.clone(),
        };
        let detail = json(&now);
        if stored.as_ref() == Some(&detail) {
            return Ok(());
        }
        self.db
            .prepare_cached(
                "insert into topics values (?1, ?2, ?3) on conflict do update set detail = excluded.detail",
            )?
            .execute(params![key, now.id.0, detail])?;
        self.feed.chat(chat, ChangeKind::Chat);
        Ok(())
    }

    pub(super) fn folders(&mut self, folders: &[FolderRecord]) -> Result<(), StoreError> {
        self.db.prepare_cached("delete from folders where account = ?1")?.execute([self.account])?;
        for (place, folder) in (0_i64..).zip(folders) {
            self.db.prepare_cached("insert into folders values (?1, ?2, ?3)")?.execute(params![
                self.account,
                place,
                json(folder)
            ])?;
        }
        Ok(())
    }
}
