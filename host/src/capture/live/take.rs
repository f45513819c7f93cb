//! One batch of updates becomes writes.

use std::{
    collections::{BTreeMap, HashMap},
    time::Instant,
};

use jiff::Timestamp;

use super::{Listen, Work};
use crate::{
    archive::{BlockedKind, BlockedOperation, Source, Write, says_the_same},
    capture::{
        CaptureError,
        access::is_out_of_reach,
        batch::was_read,
        fill::{Stretch, fill_stretch},
        guard::Passage,
        page::{Page, sender_of},
        undo,
    },
    model::{BarePeer, Chat, Detail, Message, MessageId, PeerId, Poll, PollResults, Reactions, User},
    plugin_host::Names,
    telegram::{
        convert::{self, News},
        read,
        updates::{Batch, Update},
    },
};

/// What a batch has come to so far.
#[derive(Default)]
struct Pending {
    writes: Vec<Write>,
    /// The last word counts.
    reactions: BTreeMap<(PeerId, MessageId), Box<Reactions>>,
    names: Names,
    gaps: Vec<(PeerId, MessageId)>,
    /// What is being taken happened while nobody heard it.
    is_missed: bool,
    has_new_folders: bool,
    /// Deletions of private chats and basic groups, which name no chat.
    without_chat: Vec<MessageId>,
    /// New messages with files.
    with_files: Vec<(PeerId, MessageId)>,
    /// Deletions that are held back: one word of each chat for all that came together.
    held: BTreeMap<PeerId, Vec<MessageId>>,
}

impl Pending {
    /// The message as it is about to be written.
    fn told(&self, chat: PeerId, id: MessageId) -> Option<&Message> {
        self.writes.iter().rev().find_map(|write| match write {
            Write::Message { message, .. } if (message.chat, message.id) == (chat, id) => Some(&**message),
            _ => None,
        })
    }

    /// Whether the newest edit of the message that is about to be held back is this one.
    fn holds_back(&self, message: &Message) -> bool {
        let newest = self.writes.iter().rev().find_map(|write| match write {
            Write::Blocked(operation) => {
                let held = operation.message.as_deref()?;
                ((held.chat, held.id) == (message.chat, message.id)).then_some(held)
            }
            _ => None,
        });
        newest.is_some_and(|held| says_the_same(held, message))
    }
}

impl Listen {
    /// Stores a batch; its token may be acknowledged afterwards.
    pub(super) async fn take(&self, work: &mut Work, batch: Batch) -> Result<(), CaptureError> {
        let Batch { updates, users, chats, .. } = batch;
        let page = Page {
            users: distinct(users.into_iter().map(convert::user), |user| user.id),
            chats: distinct(chats.into_iter().map(convert::chat), |chat| chat.id),
            ..Page::default()
        };
        work.scope.learn(&self.capture, &page.users, &page.chats).await?;
        let mut pending = Pending { names: page.names(), ..Pending::default() };
        let mut news = Vec::new();
        for update in updates {
            let (update, is_missed) = match update {
                Update::Gap { peer, after } => {
                    pending.gaps.push((peer, after));
                    continue;
                }
                Update::Telegram(update) => (update, false),
                Update::Missed(update) => (update, true),
            };
            news.extend(convert::news(*update).into_iter().map(|one| (one, is_missed)));
        }
        self.people(work, &page, &news, &mut pending).await?;
        for (one, is_missed) in news {
            pending.is_missed = is_missed;
            self.one(work, one, &mut pending).await?;
        }
        self.flush(work, &mut pending).await?;
        if pending.has_new_folders {
            self.folders(work).await?;
        }
        for (chat, after) in pending.gaps {
            self.gap(work, chat, after).await?;
        }
        Ok(())
    }

    /// Chats that are captured, and people who speak in them.
    async fn people(
        &self,
        work: &mut Work,
        page: &Page,
        news: &[(News, bool)],
        pending: &mut Pending,
    ) -> Result<(), CaptureError> {
        let (mut users, mut chats) = (Vec::new(), Vec::new());
        for (one, _) in news {
            let Some(id) = one.chat() else { continue };
            if work.scope.of(&self.capture, id).await?.is_none() {
                continue;
            }
            let about = [Some(id), one.sender()];
            let is_about = |peer: PeerId| about.contains(&Some(peer));
            users.extend(page.users.iter().filter(|user| is_about(user.id)).cloned());
            chats.extend(page.chats.iter().filter(|chat| is_about(chat.id)).cloned());
            // The chat with somebody is told of by that person alone.
            let whole = page.users.iter().rev().find(|user| user.id == id && !user.is_partial);
            if let Some(user) = whole {
                chats.push(Chat::private(user.clone()));
            }
        }
        pending.writes.extend(work.intake.people(&Page { users, chats, ..Page::default() }));
        Ok(())
    }

    async fn one(&self, work: &mut Work, news: News, pending: &mut Pending) -> Result<(), CaptureError> {
        match news {
            News::Message(message) => {
                let wanted =
                    if message.action.is_some() { self.rules.chat_actions } else { self.rules.new_messages };
                if wanted {
                    work.heard.new += self.message(work, *message, pending).await?;
                }
            }
            News::Edited(message) if self.rules.edits => self.edit(work, *message, pending).await?,
            News::Deleted { chat, ids } if self.deletes() => match chat {
                Some(chat) => self.delete(work, chat, &ids, pending).await?,
                None => {
                    pending.without_chat.extend(ids);
                    // Messages of this very batch can be meant.
                    self.flush(work, pending).await?;
                }
            },
            News::Pinned { chat, ids, is_pinned } => {
                if work.scope.of(&self.capture, chat).await?.is_some() {
                    pending.writes.push(Write::Pinned { chat, ids, is_pinned });
                }
            }
            // A partial one does not know what we chose; the whole one comes with the next read.
            News::Reactions { chat, id, reactions } if self.rules.reactions && !reactions.is_partial => {
                if work.scope.of(&self.capture, chat).await?.is_some() {
                    pending.reactions.insert((chat, id), reactions);
                }
            }
            News::Poll { id, at, poll, results } => self.poll(work, id, at, poll, results, pending).await?,
            News::Archived { chat, is_archived } => {
                if work.scope.of(&self.capture, chat).await?.is_some() {
                    pending.writes.push(Write::Listed {
                        chat,
                        is_archived: Some(is_archived),
                        is_pinned: None,
                    });
                }
            }
            News::Folders => pending.has_new_folders = true,
            News::Edited(_) | News::Deleted { .. } | News::Reactions { .. } => {}
        }
        Ok(())
    }

    fn deletes(&self) -> bool {
        self.rules.deletions && undo::mode(&self.capture.section).is_some()
    }

    /// Says how many were kept.
    async fn message(
        &self,
        work: &mut Work,
        message: Message,
        pending: &mut Pending,
    ) -> Result<u64, CaptureError> {
        let Some(chat) = work.scope.of(&self.capture, message.chat).await? else { return Ok(0) };
        work.intake.begin(&chat).await?;
        self.name_sender(&chat, &message, &mut pending.names).await?;
        let (id, has_files) = (message.id, !message.files().is_empty());
        if message.reactions.is_some() {
            // It is told later, and says how they stand now.
            pending.reactions.remove(&(chat.id, id));
        }
        let taken = work.intake.messages(chat.id, vec![message], &pending.names).await?;
        pending.writes.extend(taken.writes);
        if has_files && taken.kept > 0 {
            pending.with_files.push((chat.id, id));
        }
        Ok(taken.kept)
    }

    /// As the archive knows them, where the update brings nobody: the short forms of new messages do not.
    async fn name_sender(
        &self,
        chat: &Chat,
        message: &Message,
        names: &mut Names,
    ) -> Result<(), CaptureError> {
        let Some(sender) = sender_of(message).filter(|sender| !names.contains_key(sender)) else {
            return Ok(());
        };
        let name = if sender == chat.id && !chat.title.is_empty() {
            chat.title.clone()
        } else if matches!(sender.bare(), BarePeer::User(_)) {
            let users = self.capture.store.users(self.capture.account.clone(), vec![sender]).await?;
            users.first().map(User::name).unwrap_or_default()
        } else {
            let stored = self.capture.store.chat(self.capture.key(sender)).await?;
            stored.map(|stored| stored.chat.title).unwrap_or_default()
        };
        if !name.is_empty() {
            names.insert(sender, name);
        }
        Ok(())
    }

    async fn edit(
        &self,
        work: &mut Work,
        message: Message,
        pending: &mut Pending,
    ) -> Result<(), CaptureError> {
        let chat = message.chat;
        let Some(whole) = work.scope.of(&self.capture, chat).await? else { return Ok(()) };
        if let Some(reactions) =
            message.reactions.as_ref().filter(|it| self.rules.reactions && !it.is_partial)
        {
            // Reactions are no edit, though Telegram tells them as one: nothing holds them back.
            pending.reactions.insert((chat, message.id), reactions.clone());
        }
        let stored = self.capture.store.by_id(self.capture.key(chat), vec![message.id]).await?;
        if stored.is_empty() && was_read(&self.capture.store, self.capture.key(chat), message.id).await? {
            return Ok(());
        }
        // What changes no words is not counted: masses of reactions are no storm.
        let known = pending.told(chat, message.id).or(stored.first().map(|stored| &stored.message));
        let changes_words = known.is_none_or(|known| !says_the_same(known, &message));
        if changes_words
            && let Some(known) = known
            && (pending.holds_back(&message) || self.is_no_news(work, known, &message).await?)
        {
            return Ok(());
        }
        let is_passing = !changes_words || self.may_pass(work, chat, message.edited, pending.is_missed);
        if is_passing {
            work.heard.edited += self.message(work, message, pending).await?;
        } else {
            work.intake.begin(&whole).await?;
            let taken = work.intake.messages(chat, vec![message], &pending.names).await?;
            let kept = taken.writes.into_iter().find_map(|write| match write {
                Write::Message { message, .. } => Some(message),
                _ => None,
            });
            if let Some(message) = kept {
                work.heard.held_back += 1;
                pending.writes.push(self.held_back(chat, BlockedKind::Edit, vec![message.id], Some(message)));
            }
        }
        Ok(())
    }

    /// Reactions bring an edit along that was told before: one that waits is not held back twice, and one that somebody has
    /// dismissed stays dismissed.
    async fn is_no_news(
        &self,
        work: &mut Work,
        known: &Message,
        told: &Message,
    ) -> Result<bool, CaptureError> {
        let spared = &mut work.intake.spared;
        spared.learn(&self.capture).await?;
        let waiting = spared.waiting(&self.capture, told.chat, told.id).await?;
        let held = waiting.and_then(|operation| operation.message);
        if held.is_some_and(|held| says_the_same(&held, told)) {
            return Ok(true);
        }
        Ok(undo::is_dismissed(&self.capture.store, &self.capture.key(told.chat), known, told).await?)
    }

    async fn delete(
        &self,
        work: &mut Work,
        chat: PeerId,
        ids: &[MessageId],
        pending: &mut Pending,
    ) -> Result<(), CaptureError> {
        if work.scope.of(&self.capture, chat).await?.is_none() {
            return Ok(());
        }
        let Some(mode) = undo::mode(&self.capture.section) else { return Ok(()) };
        for id in ids.iter().copied() {
            if self.may_pass(work, chat, None, pending.is_missed) {
                pending.writes.push(Write::Deleted { chat, id, mode });
                pending.reactions.remove(&(chat, id));
                work.heard.deleted += 1;
            } else {
                work.heard.held_back += 1;
                pending.held.entry(chat).or_default().push(id);
            }
        }
        Ok(())
    }

    /// One edit or deletion of one message; an edit says when it happened.
    fn may_pass(&self, work: &mut Work, chat: PeerId, at: Option<Timestamp>, is_missed: bool) -> bool {
        let is_old = |at| !work.is_listening || work.missed.is_over(at, self.capture.clock.now());
        let passage = match at {
            Some(at) if is_missed && is_old(at) => work.missed.ask_dated(chat, at),
            None if is_missed && !work.is_listening => {
                work.guard.ask(chat, work.missed.moment(Instant::now()))
            }
            _ => work.guard.ask(chat, Instant::now()),
        };
        match passage {
            Passage::Closes => tracing::warn!(
                chat.id = chat.0,
                "Many edits or deletions at once in a chat: those that follow are held back until somebody decides"
            ),
            Passage::Alarm if is_missed && at.is_none() => tracing::warn!(
                "Many deletions over all chats while nobody listened, and they do not say when: all that follow are held \
                 back until somebody decides. If they surprise you, look at Settings → Devices in Telegram"
            ),
            Passage::Alarm => tracing::error!(
                "Many edits or deletions at once over all chats: all are held back until somebody decides. If it was \
                 not you, look at Settings → Devices in Telegram"
            ),
            Passage::Passes | Passage::Closed | Passage::Alarmed => {}
        }
        passage.passes()
    }

    fn held_back(
        &self,
        chat: PeerId,
        kind: BlockedKind,
        ids: Vec<MessageId>,
        message: Option<Box<Message>>,
    ) -> Write {
        let at = self.capture.clock.now();
        Write::Blocked(Box::new(BlockedOperation { number: 0, chat, kind, ids, message, at }))
    }

    /// In which chat these were: only where there is no doubt.
    async fn find_deleted(&self, work: &mut Work, pending: &mut Pending) -> Result<(), CaptureError> {
        let ids = std::mem::take(&mut pending.without_chat);
        if ids.is_empty() {
            return Ok(());
        }
        let asked = ids.len();
        let found = self.capture.store.find_without_chat(self.capture.account.clone(), ids).await?;
        let mut by_chat: HashMap<PeerId, Vec<MessageId>> = HashMap::new();
        let mut clear = 0;
        for (id, chats) in found {
            if let [chat] = chats[..] {
                by_chat.entry(chat).or_default().push(id);
                clear += 1;
            }
        }
        work.heard.unclear += asked.saturating_sub(clear) as u64;
        for (chat, ids) in by_chat {
            self.delete(work, chat, &ids, pending).await?;
        }
        Ok(())
    }

    async fn poll(
        &self,
        work: &mut Work,
        id: i64,
        at: Option<(PeerId, MessageId)>,
        poll: Option<Box<Poll>>,
        results: Box<PollResults>,
        pending: &mut Pending,
    ) -> Result<(), CaptureError> {
        let Some((chat, message)) = at else {
            pending.writes.extend(poll.map(|poll| Write::PollResults { poll }));
            return Ok(());
        };
        if work.scope.of(&self.capture, chat).await?.is_none() {
            return Ok(());
        }
        let poll = match poll {
            Some(poll) => Some(*poll),
            None => {
                // Its message may have come just before.
                self.flush(work, pending).await?;
                let stored = self.capture.store.by_id(self.capture.key(chat), vec![message]).await?;
                let poll = stored.into_iter().next().and_then(|stored| poll_of(stored.message));
                poll.filter(|poll| poll.id == id).map(|poll| Poll { results: *results, ..poll })
            }
        };
        pending.writes.extend(poll.map(|poll| Write::PollResults { poll: Box::new(poll) }));
        Ok(())
    }

    async fn flush(&self, work: &mut Work, pending: &mut Pending) -> Result<(), CaptureError> {
        loop {
            let reactions = std::mem::take(&mut pending.reactions);
            work.heard.reactions += reactions.len() as u64;
            let reactions = reactions.into_iter();
            pending.writes.extend(reactions.map(|((chat, id), reactions)| Write::Reactions {
                chat,
                id,
                reactions,
            }));
            let held = std::mem::take(&mut pending.held).into_iter();
            pending
                .writes
                .extend(held.map(|(chat, ids)| self.held_back(chat, BlockedKind::Deletion, ids, None)));
            self.capture.write(Source::Live, std::mem::take(&mut pending.writes)).await?;
            let with_files = std::mem::take(&mut pending.with_files);
            if let Some(orders) = &work.files {
                with_files.into_iter().for_each(|(chat, id)| orders.add(chat, id));
            }
            if pending.without_chat.is_empty() {
                return Ok(());
            }
            self.find_deleted(work, pending).await?;
        }
    }

    async fn folders(&self, work: &mut Work) -> Result<(), CaptureError> {
        let folders = self.tell.unless_stopped(read::folders(&self.capture.client)).await??;
        if folders != work.scope.folders {
            self.capture.write(Source::Live, vec![Write::Folders(folders.clone())]).await?;
            work.scope.set_folders(folders);
        }
        Ok(())
    }

    /// Reads what Telegram will not tell.
    async fn gap(&self, work: &mut Work, chat: PeerId, after: MessageId) -> Result<(), CaptureError> {
        let Some(chat) = work.scope.of(&self.capture, chat).await? else { return Ok(()) };
        work.heard.gaps += 1;
        let stretch = Stretch { chat: &chat, after, to: None };
        match fill_stretch(&self.capture, &self.tell, &mut work.intake, stretch).await {
            Ok(filled) => work.heard.new += filled.new,
            // The others are heard all the same.
            Err(CaptureError::Telegram(error)) if is_out_of_reach(&error) => {
                tracing::warn!(chat.id = chat.id.0, %error, "What was missed in a chat is out of reach: the next sweep asks again");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Without those that are told again as they were told before: each update brings the people that it is about.
fn distinct<T: PartialEq>(all: impl Iterator<Item = T>, id: impl Fn(&T) -> PeerId) -> Vec<T> {
    let (mut kept, mut last) = (Vec::<T>::new(), HashMap::new());
    for one in all {
        if last.get(&id(&one)).is_none_or(|place: &usize| kept[*place] != one) {
            last.insert(id(&one), kept.len());
            kept.push(one);
        }
    }
    kept
}

fn poll_of(message: Message) -> Option<Poll> {
    match *message.media?.detail? {
        Detail::Poll(poll) => Some(poll),
        _ => None,
    }
}

impl News {
    /// Where it happened, as far as it says so.
    fn chat(&self) -> Option<PeerId> {
        match self {
            Self::Message(message) | Self::Edited(message) => Some(message.chat),
            Self::Deleted { chat, .. } => *chat,
            Self::Pinned { chat, .. } | Self::Reactions { chat, .. } | Self::Archived { chat, .. } => {
                Some(*chat)
            }
            Self::Poll { at, .. } => at.map(|(chat, _)| chat),
            Self::Folders => None,
        }
    }

    fn sender(&self) -> Option<PeerId> {
        match self {
            Self::Message(message) | Self::Edited(message) => message.sender,
            _ => None,
        }
    }
}
