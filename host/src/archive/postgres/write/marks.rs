//! What happens to a message that is known: deletions, pins, reactions, results of polls.

use super::{
    super::columns::{COLUMNS, Known, NAMES, examined},
    Apply,
};
use crate::{
    archive::{
        ChangeKind, StoreError, Version,
        merge::{Earlier, Merged, merge_reactions, with_poll},
    },
    model::{Message, MessageId, PeerId, Poll, Reactions},
};

impl Apply<'_> {
    pub(super) async fn message_key(
        &mut self,
        chat: PeerId,
        id: MessageId,
    ) -> Result<Option<i64>, StoreError> {
        let Some(room) = self.known_key(chat).await? else { return Ok(None) };
        let found =
            self.maybe("select key from messages where chat = $1 and id = $2", &[&room, &id.0]).await?;
        Ok(found.map(|row| row.try_get(0)).transpose()?)
    }

    async fn known_message(&mut self, chat: PeerId, id: MessageId) -> Result<Option<Known>, StoreError> {
        let Some(room) = self.known_key(chat).await? else { return Ok(None) };
        let sql = format!("select {COLUMNS} from messages m {NAMES} where m.chat = $1 and m.id = $2");
        self.maybe(&sql, &[&room, &id.0]).await?.map(|sql| examined(&sql, chat)).transpose()
    }

    pub(super) async fn soft_deleted(&mut self, chat: PeerId, id: MessageId) -> Result<(), StoreError> {
        let Some(room) = self.known_key(chat).await? else { return Ok(()) };
        let mark = "update messages set deleted = $3 where chat = $1 and id = $2 and deleted is null";
        if self.run(mark, &[&room, &id.0, &self.at]).await? > 0 {
            self.room(chat).await?.now.deleted += 1;
            self.written.deleted += 1;
            self.feed.message(chat, ChangeKind::Deleted, id);
        }
        Ok(())
    }

    pub(super) async fn undeleted(&mut self, chat: PeerId, id: MessageId) -> Result<(), StoreError> {
        let Some(room) = self.known_key(chat).await? else { return Ok(()) };
        let mark = "update messages set deleted = null where chat = $1 and id = $2 and deleted is not null";
        if self.run(mark, &[&room, &id.0]).await? > 0 {
            self.room(chat).await?.now.deleted -= 1;
            self.feed.message(chat, ChangeKind::Undeleted, id);
        }
        Ok(())
    }

    pub(super) async fn pinned(
        &mut self,
        chat: PeerId,
        ids: &[MessageId],
        is_pinned: bool,
    ) -> Result<(), StoreError> {
        let Some(room) = self.known_key(chat).await? else { return Ok(()) };
        let change = if is_pinned {
            "update messages set flags = flags | 2 where chat = $1 and id = any($2) and (flags & 2) = 0 returning id"
        } else {
            "update messages set flags = flags & ~2 where chat = $1 and id = any($2) and (flags & 2) <> 0 returning id"
        };
        let ids: Vec<i32> = ids.iter().map(|id| id.0).collect();
        for row in self.rows(change, &[&room, &ids]).await? {
            self.written.changed += 1;
            self.feed.message(chat, ChangeKind::Pinned, MessageId(row.try_get(0)?));
        }
        Ok(())
    }

    pub(super) async fn pinned_exactly(&mut self, chat: PeerId, ids: &[MessageId]) -> Result<(), StoreError> {
        let Some(room) = self.known_key(chat).await? else { return Ok(()) };
        let pinned =
            self.rows("select id from messages where chat = $1 and (flags & 2) <> 0", &[&room]).await?;
        let pinned: Vec<MessageId> =
            pinned.iter().map(|row| row.try_get(0).map(MessageId)).collect::<Result<_, _>>()?;
        let taken_off: Vec<MessageId> = pinned.into_iter().filter(|id| !ids.contains(id)).collect();
        self.pinned(chat, &taken_off, false).await?;
        self.pinned(chat, ids, true).await
    }

    pub(super) async fn reactions(
        &mut self,
        chat: PeerId,
        id: MessageId,
        reactions: &Reactions,
    ) -> Result<(), StoreError> {
        let Some(known) = self.known_message(chat, id).await? else { return Ok(()) };
        let old = &known.stored.message;
        let now = merge_reactions(old.reactions.as_deref(), Some(reactions)).map(Box::new);
        if now == old.reactions {
            self.written.unchanged += 1;
            return Ok(());
        }
        let message = Message { reactions: now, ..old.clone() };
        self.changed(chat, known, message, ChangeKind::Reactions).await
    }

    pub(super) async fn poll_results(&mut self, poll: &Poll) -> Result<(), StoreError> {
        let sql = "select chats.id, messages.id from polls join messages on messages.key = polls.message \
                   join chats on chats.key = messages.chat where polls.poll = $1 and chats.account = $2 order by 1, 2";
        for row in self.rows(sql, &[&poll.id, &self.account]).await? {
            let (chat, id) = (PeerId(row.try_get(0)?), MessageId(row.try_get(1)?));
            let Some(known) = self.known_message(chat, id).await? else { continue };
            match with_poll(&known.stored.message, poll) {
                Some(now) if now != known.stored.message => {
                    self.changed(chat, known, now, ChangeKind::Touched).await?;
                }
                _ => self.written.unchanged += 1,
            }
        }
        Ok(())
    }

    async fn changed(
        &mut self,
        chat: PeerId,
        known: Known,
        now: Message,
        change: ChangeKind,
    ) -> Result<(), StoreError> {
        let merged = Merged { message: Some(Box::new(now)), change: Some(change), ..Merged::default() };
        self.merged(vec![(chat, known, merged, None)]).await
    }

    pub(super) async fn version(
        &mut self,
        chat: PeerId,
        id: MessageId,
        version: &Version,
    ) -> Result<(), StoreError> {
        let Some(key) = self.message_key(chat, id).await? else { return Ok(()) };
        let Version { text, entities, since, captured } = version.clone();
        let (earlier, captured) = (Earlier { text, entities, since }, captured.as_millisecond());
        if self.earlier(key, &earlier, captured).await? {
            self.run("update messages set versions = versions + 1 where key = $1", &[&key]).await?;
            self.written.changed += 1;
            self.feed.message(chat, ChangeKind::Touched, id);
        } else {
            self.captured_no_later(key, &earlier, captured).await?;
            self.written.unchanged += 1;
        }
        Ok(())
    }
}
