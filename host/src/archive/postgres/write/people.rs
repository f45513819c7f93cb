//! Chats, users, topics and folders, and the names that they had.

use super::{
    super::{
        sql::{from_json, json, word},
        text::to_column,
    },
    Apply,
    figures::folded,
};
use crate::{
    archive::{
        ChangeKind, FolderRecord, StoreError,
        merge::{chat_names, merge_chat, merge_topic, merge_user, user_names},
    },
    model::{Chat, PeerId, Topic, User},
};

impl Apply<'_> {
    pub(super) async fn chat(&mut self, told: &Chat) -> Result<(), StoreError> {
        let key = self.room(told.id).await?.key;
        let stored: String =
            self.row("select detail::text from chats where key = $1", &[&key]).await?.try_get(0)?;
        let now = merge_chat(&from_json("a chat", stored.clone())?, told);
        let detail = json(&now);
        if detail == stored {
            return Ok(());
        }
        let sql =
            "update chats set kind = $2, title = $3, folded = $4, detail = $5::text::json where key = $1";
        let folded = folded(&now.title, &now.usernames);
        self.run(sql, &[&key, &word(&now.kind), &to_column(&now.title), &folded, &detail]).await?;
        self.names(now.id, chat_names(&now)).await?;
        self.feed.chat(now.id, ChangeKind::Chat);
        Ok(())
    }

    pub(super) async fn listed(
        &mut self,
        chat: PeerId,
        is_archived: Option<bool>,
        is_pinned: Option<bool>,
    ) -> Result<(), StoreError> {
        let key = self.room(chat).await?.key;
        let sql = "update chats set is_archived = coalesce($2, is_archived), is_pinned = coalesce($3, is_pinned) \
                   where key = $1 and (is_archived <> coalesce($2, is_archived) \
                   or is_pinned <> coalesce($3, is_pinned))";
        if self.run(sql, &[&key, &is_archived, &is_pinned]).await? > 0 {
            self.feed.chat(chat, ChangeKind::Chat);
        }
        Ok(())
    }

    /// What was known of users has been looked up for the whole batch.
    pub(super) async fn user(&mut self, told: &User) -> Result<(), StoreError> {
        if told.is_self {
            let owner = "update accounts set owner = $2 where key = $1 and owner is distinct from $2";
            self.run(owner, &[&self.account, &told.id.0]).await?;
        }
        let stored = self.users.get(&told.id).cloned();
        if stored.as_ref() == Some(&json(told)) {
            return Ok(());
        }
        let now = match &stored {
            Some(stored) => merge_user(&from_json("a user", stored.clone())?, told),
            None => told.clone(),
        };
        let detail = json(&now);
        if stored.as_ref() == Some(&detail) {
            return Ok(());
        }
        let sql = "insert into users (account, id, detail) values ($1, $2, $3::text::json) \
                   on conflict (account, id) do update set detail = excluded.detail";
        self.run(sql, &[&self.account, &now.id.0, &detail]).await?;
        self.users.insert(now.id, detail);
        if now.is_partial {
            return Ok(());
        }
        self.names(now.id, user_names(&now)).await
    }

    /// What somebody is called is kept each time it is another name than before.
    async fn names(&self, peer: PeerId, names: Vec<(&'static str, String)>) -> Result<(), StoreError> {
        let (whats, values): (Vec<&str>, Vec<String>) =
            names.into_iter().map(|(what, value)| (what, to_column(&value).into_owned())).unzip();
        let sql = "insert into history (account, peer, what, value, since) \
                   select $1::bigint, $2::bigint, told.what, told.value, $3::bigint \
                   from unnest($4::text[], $5::text[]) with ordinality as told (what, value, place) \
                   where told.value <> coalesce((select value from history where account = $1::bigint and peer = $2::bigint \
                   and what = told.what order by key desc limit 1), '') order by told.place";
        self.run(sql, &[&self.account, &peer.0, &self.at, &whats, &values]).await.map(drop)
    }

    pub(super) async fn topic(&mut self, chat: PeerId, told: &Topic) -> Result<(), StoreError> {
        let key = self.room(chat).await?.key;
        let sql = "select detail::text from topics where chat = $1 and id = $2";
        let stored: Option<String> =
            self.maybe(sql, &[&key, &told.id.0]).await?.map(|row| row.try_get(0)).transpose()?;
        let now = match &stored {
            Some(stored) => merge_topic(&from_json("a topic", stored.clone())?, told),
            None => told.clone(),
        };
        let detail = json(&now);
        if stored.as_ref() == Some(&detail) {
            return Ok(());
        }
        let sql = "insert into topics (chat, id, detail) values ($1, $2, $3::text::json) \
                   on conflict (chat, id) do update set detail = excluded.detail";
        self.run(sql, &[&key, &now.id.0, &detail]).await?;
        self.feed.chat(chat, ChangeKind::Chat);
        Ok(())
    }

    pub(super) async fn folders(&mut self, folders: &[FolderRecord]) -> Result<(), StoreError> {
        self.run("delete from folders where account = $1", &[&self.account]).await?;
        let details: Vec<String> = folders.iter().map(json).collect();
        let sql = "insert into folders (account, place, detail) select $1::bigint, place - 1, detail::json \
                   from unnest($2::text[]) with ordinality as told (detail, place)";
        self.run(sql, &[&self.account, &details]).await.map(drop)
    }
}
