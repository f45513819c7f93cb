//! The listener: what happens at Telegram is in the archive a moment later.
//!
//! - A batch of updates counts as received when it is stored; a kill before that brings it again.
//! - It claims nothing to be whole and moves no cursor: the sweep reads again what was heard, and completes it.
//! - Where Telegram will not tell what was missed, that stretch is read.
//! - Edits and deletions that come in masses are held back, and wait for somebody to decide. What is told later counts when it
//!   happened, as far as it says so (`missed.rs`).

mod channels;
mod files;
mod held;
mod missed;
mod report;
mod scope;
mod take;

use std::sync::Arc;

use futures_util::FutureExt as _;

pub use held::{Decision, HeldError, decide};
pub use report::Heard;

use super::{
    Capture, CaptureError, Tell,
    guard::{Guard, GuardSettings},
    intake::Intake,
    undo,
};
use crate::{
    archive::{ChatKey, media::MediaStore},
    telegram::{
        self,
        updates::{Batch, NewestKnown, Updates},
    },
};
use channels::Channels;
use files::Orders;
use missed::Missed;
use scope::Scope;

/// What of all that happens is taken.
#[derive(Clone, Copy, Debug)]
pub struct ListenRules {
    pub new_messages: bool,
    pub edits: bool,
    pub deletions: bool,
    /// Members that come and go, titles, pins told as messages.
    pub chat_actions: bool,
    pub reactions: bool,
    pub guard: GuardSettings,
}

impl Default for ListenRules {
    fn default() -> Self {
        Self {
            new_messages: true,
            edits: true,
            deletions: true,
            chat_actions: true,
            reactions: true,
            guard: GuardSettings::default(),
        }
    }
}

/// Updates that are stored together when they come in masses.
const MOST_TOGETHER: usize = 500;

/// One listener of one account.
#[derive(Debug)]
pub struct Listen {
    pub capture: Capture,
    pub rules: ListenRules,
    /// Where files of new messages go at once; none: they come with the next sweep.
    pub media: Option<Arc<MediaStore>>,
    pub tell: Tell,
}

/// What a listener holds in its hands.
struct Work {
    intake: Intake,
    /// Whoever fetches files hears of new messages here.
    files: Option<Orders>,
    scope: Scope,
    guard: Guard,
    missed: Missed,
    /// What was missed before is told.
    is_listening: bool,
    heard: Heard,
}

impl Listen {
    /// Until it is stopped, which is no failure.
    pub async fn run(&self) -> (Heard, Result<(), CaptureError>) {
        let mut work = match self.begin().await {
            Ok(work) => work,
            Err(error) => return (Heard::default(), Err(error)),
        };
        let (orders, ordered) = files::orders();
        work.files = self.media.is_some().then_some(orders);
        let fetching = self.fetch_files(ordered);
        let listening = self.listen(&mut work);
        let ended = tokio::select! {
            ended = listening => ended,
            // Never: see there.
            () = fetching => Ok(()),
        };
        let ended = match ended {
            Err(CaptureError::Stopped) => Ok(()),
            ended => ended,
        };
        (work.heard, ended)
    }

    async fn begin(&self) -> Result<Work, CaptureError> {
        let intake = Intake::new(&self.capture)?;
        undo::begin(&self.capture).await?;
        Ok(Work {
            scope: Scope::open(&self.capture).await?,
            intake,
            files: None,
            guard: Guard::new(self.rules.guard),
            missed: Missed::new(self.rules.guard),
            is_listening: false,
            heard: Heard::default(),
        })
    }

    async fn listen(&self, work: &mut Work) -> Result<(), CaptureError> {
        let opening = Updates::open(&self.capture.client, newest_known(&self.capture));
        let mut updates = self.tell.unless_stopped(opening).await??;
        let mut channels = Channels::new(&self.capture.store);
        // What was missed comes first, piece by piece.
        self.catch_up(work, &mut updates).await?;
        self.learn(work, &mut updates, &mut channels).await?;
        self.catch_up(work, &mut updates).await?;
        work.is_listening = true;
        self.tell.step(0, None, "updates", "Listening");
        loop {
            // A question that was begun is never given up for new chats: whoever writes all the time would keep it from
            // being answered.
            match self.tell.unless_stopped(updates.next_missed()).await? {
                Ok(Some(batch)) => self.store(work, &mut updates, batch).await?,
                Ok(None) => {
                    work.missed.settle();
                    let waiting = async {
                        tokio::select! {
                            more = updates.wait_for_more() => more.map(|()| false),
                            () = channels.may_be_more() => Ok(true),
                        }
                    };
                    match self.tell.unless_stopped(waiting).await? {
                        Ok(true) => self.learn(work, &mut updates, &mut channels).await?,
                        Ok(false) => {}
                        Err(error) => go_on_after(error)?,
                    }
                    continue;
                }
                // The next question waits a while by itself.
                Err(error) => go_on_after(error)?,
            }
            // Where there is no end of news, nobody waits.
            if channels.may_be_more().now_or_never().is_some() {
                self.learn(work, &mut updates, &mut channels).await?;
            }
        }
    }

    /// Until nothing is known to be missing.
    async fn catch_up(&self, work: &mut Work, updates: &mut Updates) -> Result<(), CaptureError> {
        loop {
            match self.tell.unless_stopped(updates.next_missed()).await? {
                Ok(Some(batch)) => self.store(work, updates, batch).await?,
                Ok(None) => return Ok(()),
                // The next question waits a while by itself.
                Err(error) => go_on_after(error)?,
            }
        }
    }

    /// A batch, and what has arrived after it by now.
    async fn store(
        &self,
        work: &mut Work,
        updates: &mut Updates,
        mut batch: Batch,
    ) -> Result<(), CaptureError> {
        // An error of what comes next is met again when that is waited for.
        while batch.updates.len() < MOST_TOGETHER
            && let Ok(Some(next)) = self.tell.unless_stopped(updates.next_arrived()).await?
        {
            batch.append(next);
        }
        let token = batch.token.clone();
        Box::pin(self.take(work, batch)).await?;
        updates.ack(token).await?;
        self.tell.step(work.heard.new, None, "messages", work.heard.to_string());
        Ok(())
    }
}

/// What ends the listener; everything else is an interruption.
fn go_on_after(error: telegram::Error) -> Result<(), CaptureError> {
    match error {
        telegram::Error::LoggedOut { .. } | telegram::Error::Closed => Err(error.into()),
        error => {
            tracing::warn!(%error, "Live updates are interrupted; the listener goes on");
            Ok(())
        }
    }
}

/// The newest message of a chat that is stored; none of chats that nobody keeps.
fn newest_known(capture: &Capture) -> NewestKnown {
    let (store, account) = (capture.store.clone(), capture.account.clone());
    Arc::new(move |chat| {
        let (store, key) = (store.clone(), ChatKey { account: account.clone(), chat });
        async move {
            let stored = store.chat(key.clone()).await.ok().flatten()?;
            let sync = store.sync(key).await.ok()?;
            stored.figures.newest.max(sync.cursor)
        }
        .boxed()
    })
}
