//! The incremental sweep: every chat that is in, from where it was left to its newest message.
//!
//! - A chat whose entry in the list says what it said last time costs nothing.
//! - A page is one transaction: its messages, what it covers, and the cursor.
//! - A chat that cannot be captured is told of, and the next one is tried.

mod chat;
mod follow;
mod list;
mod order;
mod report;
mod strangers;

use std::collections::{BTreeSet, HashMap, VecDeque};

use chat::Visit;
use list::Candidate;
pub use report::Swept;

use super::{
    Capture, CaptureError, ChatState, Tell, access::is_out_of_reach, choose::Facts, intake::Intake,
    page::fingerprint, poison::PoisonOfChat, undo,
};
use crate::{
    archive::{ChatSync, Dialog, Source, Write},
    model::{FolderRecord, MessageId, PeerId},
};

/// After so many failures in a row, it is not the chats.
const MOST_FAILURES: usize = 3;

/// One run over one account.
#[derive(Debug)]
pub struct Sweep {
    pub capture: Capture,
    pub tell: Tell,
}

/// What a run holds in its hands.
struct Work {
    intake: Intake,
    folders: Vec<FolderRecord>,
    syncs: HashMap<PeerId, ChatSync>,
    poison: HashMap<PeerId, PoisonOfChat>,
    queue: VecDeque<Candidate>,
    /// Chats that were taken up, or left out by name.
    done: BTreeSet<PeerId>,
    /// Chats that others have moved to or come from, and that are not read to their end yet.
    follow: BTreeSet<PeerId>,
    swept: Swept,
}

impl Sweep {
    /// What was done, however it ended.
    pub async fn run(&self) -> (Swept, Result<(), CaptureError>) {
        let mut work = match self.begin().await {
            Ok(work) => work,
            Err(error) => return (Swept::default(), Err(error)),
        };
        let mut ended = self.sweep(&mut work).await;
        if ended.is_ok() {
            ended = undo::carry_out(&self.capture).await.map(|removed| work.swept.removed = removed);
        }
        let ended = ended.and_then(|()| work.swept.verdict());
        (work.swept, ended)
    }

    async fn begin(&self) -> Result<Work, CaptureError> {
        let Capture { store, account, .. } = &self.capture;
        undo::begin(&self.capture).await?;
        let mut poison: HashMap<PeerId, Vec<_>> = HashMap::new();
        for (_, one) in store.poison(Some(account.clone()), None).await? {
            poison.entry(one.chat).or_default().push(one);
        }
        Ok(Work {
            intake: Intake::new(&self.capture)?,
            folders: store.folders(account.clone()).await?,
            syncs: store.syncs(account.clone()).await?.into_iter().collect(),
            poison: poison.into_iter().map(|(chat, all)| (chat, PoisonOfChat::new(all))).collect(),
            queue: VecDeque::new(),
            done: BTreeSet::new(),
            follow: follow::read(&self.capture).await?,
            swept: Swept::default(),
        })
    }

    async fn sweep(&self, work: &mut Work) -> Result<(), CaptureError> {
        self.list(work).await?;
        self.order(work);
        let mut failures = 0;
        loop {
            while let Some(candidate) = work.queue.pop_front() {
                match self.take_up(work, candidate).await {
                    Ok(()) => failures = 0,
                    Err((_, error)) if !error.is_of_one_chat() => return Err(error),
                    Err((candidate, error)) => {
                        failures += 1;
                        let reason = work.swept.note_failure(&candidate, error);
                        let chat = candidate.listed.chat.id;
                        self.tell.board().ended(chat, ChatState::Failed, Some(reason));
                        if failures == MOST_FAILURES && work.swept.has_temporary_failures() {
                            return Ok(());
                        }
                    }
                }
            }
            if !self.find_followed(work).await? {
                return Ok(());
            }
        }
    }

    /// One chat, when there is anything to do.
    async fn take_up(&self, work: &mut Work, candidate: Candidate) -> Result<(), (Candidate, CaptureError)> {
        let chat = candidate.listed.chat.id;
        work.done.insert(chat);
        let sync = work.syncs.get(&chat).cloned().unwrap_or_default();
        let poison = work.poison.get(&chat).cloned().unwrap_or_default();
        let mark = mark_of(&candidate);
        let is_known_whole = sync.dialog == Some(mark) && !poison.is_waited_for();
        if is_known_whole && !work.follow.contains(&chat) {
            self.tell.board().ended(chat, ChatState::Unchanged, None);
            return Ok(());
        }
        let mut visit = Visit {
            capture: &self.capture,
            tell: &self.tell,
            intake: &mut work.intake,
            swept: &mut work.swept,
            follow: &mut work.follow,
            done: &work.done,
            candidate: &candidate,
            sync,
            poison,
            mark,
        };
        match visit.run().await {
            Ok(()) => {
                self.tell.board().ended(chat, ChatState::Done, None);
                Ok(())
            }
            Err(CaptureError::Telegram(error)) if is_out_of_reach(&error) => {
                tracing::warn!(chat.id = chat.0, %error, "A chat cannot be read by this account: it is left as it is");
                work.swept.out_of_reach += 1;
                self.tell.board().ended(chat, ChatState::OutOfReach, Some(error.to_string()));
                if work.follow.remove(&chat) {
                    let kept = follow::write(&work.follow);
                    self.capture
                        .write(Source::Sweep, vec![kept])
                        .await
                        .map_err(|error| (candidate, error))?;
                }
                Ok(())
            }
            Err(error) => Err((candidate, error)),
        }
    }

    fn facts<'a>(&self, candidate: &'a Candidate, folders: &'a [FolderRecord]) -> Facts<'a> {
        let listed = &candidate.listed;
        let is_contact = listed.user.as_ref().is_some_and(|user| user.is_contact || user.is_self);
        Facts::new(&listed.chat, is_contact, listed.is_archived, folders)
    }
}

/// What the list says of a chat: when it says the same again, nothing has changed.
fn mark_of(candidate: &Candidate) -> Dialog {
    let listed = &candidate.listed;
    Dialog {
        top: listed.top,
        fingerprint: fingerprint(&(&listed.chat, &listed.user, listed.is_archived, listed.is_pinned)),
    }
}

impl Candidate {
    /// For the board.
    fn line(&self) -> (PeerId, String, MessageId) {
        (self.listed.chat.id, self.listed.chat.title.clone(), self.listed.top)
    }

    /// What is written of the chat itself.
    fn writes(&self) -> Vec<Write> {
        let listed = &self.listed;
        let user = listed.user.clone().map(|user| Write::User(Box::new(user)));
        let mut writes = vec![Write::Chat(Box::new(listed.chat.clone()))];
        writes.extend(user);
        if self.is_placed {
            writes.push(Write::Listed {
                chat: listed.chat.id,
                is_archived: Some(listed.is_archived),
                is_pinned: Some(listed.is_pinned),
            });
        }
        writes
    }
}
