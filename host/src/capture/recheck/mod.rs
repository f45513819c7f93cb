//! Asks Telegram for what is stored, message by message number, and learns what was edited or deleted meanwhile, and
//! how reactions and polls stand now.
//!
//! A message counts as deleted only when Telegram says of its very number that there is none. An answer that says
//! nothing of a number, or speaks of another chat, says nothing.
//!
//! What the listener holds back is left as it is until somebody decides, and what was dismissed stays dismissed. Accepted: what
//! Telegram answers in the moment before the listener is told of it is taken, since nothing is held back yet.

mod report;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
pub use report::Rechecked;

use super::{Capture, CaptureError, Tell, access::is_out_of_reach, intake::Intake, page::Page, undo};
use crate::{
    archive::{Around, ChatKey, MessagePage, Source, Stored, StoredChat, Write},
    model::{MessageId, PeerId, Reactions},
    telegram::read,
};

/// As many as Telegram takes in one call.
const CHUNK: usize = 100;

/// One run over one account.
#[derive(Debug)]
pub struct Recheck {
    pub capture: Capture,
    /// Only these; all that are captured when there are none.
    pub chats: Vec<PeerId>,
    /// Only messages that are no older than this.
    pub newer_than: Option<SignedDuration>,
    /// Of each chat, only so many of the newest.
    pub most_per_chat: Option<usize>,
    /// Whether what is gone at Telegram is marked or removed, as `capture.deletions` says.
    pub deletions: bool,
    pub tell: Tell,
}

/// What is needed from chat to chat.
struct Work<'a> {
    intake: Intake,
    done: &'a mut Rechecked,
}

impl Recheck {
    /// What was done, however it ended.
    pub async fn run(&self) -> (Rechecked, Result<(), CaptureError>) {
        let mut rechecked = Rechecked::default();
        let ended = self.recheck(&mut rechecked).await;
        (rechecked, ended)
    }

    async fn recheck(&self, done: &mut Rechecked) -> Result<(), CaptureError> {
        undo::begin(&self.capture).await?;
        let mut work = Work { intake: Intake::new(&self.capture)?, done };
        for stored in self.capture.chosen(&work.intake, &self.chats).await? {
            work.done.chats += 1;
            match self.chat(&mut work, &stored).await {
                Err(CaptureError::Telegram(error)) if is_out_of_reach(&error) => {
                    tracing::warn!(chat.id = stored.chat.id.0, %error, "A chat cannot be read by this account any more: what is stored of it stays");
                    work.done.out_of_reach += 1;
                }
                ended => ended?,
            }
        }
        Ok(())
    }

    async fn chat(&self, work: &mut Work<'_>, stored: &StoredChat) -> Result<(), CaptureError> {
        let (chat, key) = (&stored.chat, self.capture.key(stored.chat.id));
        work.intake.begin(chat).await?;
        let poison = self.capture.store.poison(Some(self.capture.account.clone()), Some(chat.id)).await?;
        let poison = poison.into_iter().map(|(_, poison)| poison).collect();
        work.done.healed += self.capture.retry_poison(&self.tell, &mut work.intake, chat.id, poison).await?;
        let from = self.newer_than.map(|age| self.capture.clock.now() - age);
        let mut after = self.before_newest(&key).await?;
        loop {
            let around = Around::After(after);
            let page = MessagePage { from, has_deleted: false, ..MessagePage::new(around, CHUNK) };
            let known = self.capture.store.messages(key.clone(), page).await?;
            let Some(last) = known.last() else { break };
            after = last.message.id;
            self.chunk(work, chat.id, &known).await?;
            self.tell.step(work.done.messages, None, "messages", chat.title.clone());
        }
        self.pins(chat.id).await
    }

    /// Behind which message it begins.
    async fn before_newest(&self, key: &ChatKey) -> Result<MessageId, CaptureError> {
        let Some(most) = self.most_per_chat else { return Ok(MessageId(0)) };
        let page = MessagePage { has_deleted: false, ..MessagePage::new(Around::End, most) };
        let newest = self.capture.store.messages(key.clone(), page).await?;
        Ok(newest.first().map_or(MessageId(0), |first| MessageId(first.message.id.0.saturating_sub(1))))
    }

    async fn chunk(&self, work: &mut Work<'_>, chat: PeerId, known: &[Stored]) -> Result<(), CaptureError> {
        let ids: Vec<MessageId> = known.iter().map(|stored| stored.message.id).collect();
        let asked = read::by_ids(&self.capture.client, chat, &ids);
        let page = Page::of(self.tell.unless_stopped(asked).await??);
        work.done.messages += ids.len() as u64;
        let mut answer = Answer::of(page, chat, &ids);
        work.done.unknown += answer.unknown;
        work.intake.spared.learn(&self.capture).await?;
        work.done.held_back += answer.leave(|id| work.intake.spared.waits(chat, id));
        let had_reactions: BTreeSet<MessageId> = known
            .iter()
            .filter(|stored| stored.message.reactions.as_ref().is_some_and(|had| !had.counts.is_empty()))
            .map(|stored| stored.message.id)
            .collect();
        let lost_reactions: Vec<MessageId> = answer
            .page
            .messages
            .iter()
            .filter(|message| message.reactions.is_none() && had_reactions.contains(&message.id))
            .map(|message| message.id)
            .collect();
        let mut writes = work.intake.take(&self.capture, chat, answer.page).await?.writes;
        writes.extend(lost_reactions.into_iter().map(|id| {
            let reactions = Box::new(Reactions::default());
            Write::Reactions { chat, id, reactions }
        }));
        if let Some(mode) =
            undo::mode(&self.capture.section).filter(|_| self.deletions && !answer.gone.is_empty())
        {
            // What somebody has brought back stays, and what was held back and dismissed.
            let kept = undo::kept(&self.capture.store, &self.capture.key(chat)).await?;
            let gone: Vec<MessageId> = answer.gone.into_iter().filter(|id| !kept.contains(*id)).collect();
            work.done.deleted += gone.len() as u64;
            writes.extend(gone.into_iter().map(|id| Write::Deleted { chat, id, mode }));
        }
        let written = self.capture.write(Source::Recheck, writes).await?;
        work.done.changed += written.changed;
        Ok(())
    }

    async fn pins(&self, chat: PeerId) -> Result<(), CaptureError> {
        let peer = self.capture.client.input_peer(chat).await?;
        let mut pages = read::pinned(&self.capture.client, peer);
        let mut ids = BTreeSet::new();
        while let Some(page) = self.tell.unless_stopped(pages.next_page()).await?? {
            ids.extend(page.ids().into_iter().map(MessageId));
        }
        let pinned = Write::PinnedExactly { chat, ids: ids.into_iter().collect() };
        self.capture.write(Source::Recheck, vec![pinned]).await.map(drop)
    }
}

/// An answer, as far as it speaks of what was asked.
#[derive(Debug)]
struct Answer {
    /// Messages of this chat with numbers that were asked for.
    page: Page,
    gone: Vec<MessageId>,
    /// Numbers of which it says nothing.
    unknown: u64,
}

impl Answer {
    fn of(mut page: Page, chat: PeerId, asked: &[MessageId]) -> Self {
        let mut open: BTreeMap<MessageId, bool> = asked.iter().map(|id| (*id, true)).collect();
        page.messages
            .retain(|message| message.chat == chat && open.get_mut(&message.id).is_some_and(std::mem::take));
        for bad in &page.bad {
            open.insert(bad.id, false);
        }
        let is_open = |id: &MessageId| open.get(id) == Some(&true);
        let mut gone: Vec<MessageId> =
            std::mem::take(&mut page.missing).into_iter().filter(is_open).collect();
        gone.sort_unstable();
        gone.dedup();
        let left = open.values().filter(|is_open| **is_open).count();
        let unknown = left.saturating_sub(gone.len()) as u64;
        page.bad.clear();
        Self { page, gone, unknown }
    }

    /// Says nothing of these messages any more. Says of how many.
    fn leave(&mut self, is_left: impl Fn(MessageId) -> bool) -> u64 {
        let spoken_of = |answer: &Self| answer.page.messages.len() + answer.gone.len();
        let before = spoken_of(self);
        self.page.messages.retain(|message| !is_left(message.id));
        self.gone.retain(|id| !is_left(*id));
        (before - spoken_of(self)) as u64
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::model::Message;

    fn message(chat: i64, id: i32) -> Message {
        serde_json::from_value(
            json!({ "id": id, "chat": chat, "date": Timestamp::UNIX_EPOCH, "text": "hello" }),
        )
        .unwrap()
    }

    fn answer(messages: Vec<Message>, missing: &[i32], asked: &[i32]) -> (Vec<i32>, Vec<i32>, u64) {
        let missing = missing.iter().copied().map(MessageId).collect();
        let page = Page { messages, missing, ..Page::default() };
        let asked: Vec<MessageId> = asked.iter().copied().map(MessageId).collect();
        let answer = Answer::of(page, PeerId(7), &asked);
        let kept = answer.page.messages.iter().map(|message| message.id.0).collect();
        (kept, answer.gone.iter().map(|id| id.0).collect(), answer.unknown)
    }

    #[test]
    fn only_a_plain_no_is_a_deletion() {
        let all = answer(vec![message(7, 1), message(7, 3)], &[2], &[1, 2, 3]);
        assert_eq!(all, (vec![1, 3], vec![2], 0));
        // The list is shorter than what was asked: of the rest nothing is known.
        assert_eq!(answer(vec![message(7, 1)], &[], &[1, 2, 3]), (vec![1], vec![], 2));
    }

    #[test]
    fn misaligned_answers_delete_nothing() {
        // Numbers that nobody asked for, and the same number in another chat.
        assert_eq!(answer(vec![message(7, 9)], &[8], &[1]), (vec![], vec![], 1));
        assert_eq!(answer(vec![message(6, 1)], &[], &[1]), (vec![], vec![], 1));
        // A message that is there is not gone, whatever else the answer says.
        assert_eq!(answer(vec![message(7, 1), message(7, 1)], &[1], &[1]), (vec![1], vec![], 0));
    }
}
