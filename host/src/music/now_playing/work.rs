//! One piece of work: what is to be said is read, then message and bio take their next step, until
//! neither has one.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    Figures, NowPlaying, NowPlayingError, Orders, Waiting, bio, memory::Memory, notice, scene::Scene,
};
use crate::telegram;

/// Failures in a row, after which somebody should hear of it.
const MOST_FAILURES: u32 = 5;
const LONGEST_HOLD: SignedDuration = SignedDuration::from_secs(60);

/// What comes of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// All is said.
    Nothing,
    Did(Done),
    /// Nothing was done, but more is known: there may be another step.
    Again,
    /// Not before this moment, because it would be too often.
    At(Timestamp),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Sent,
    Edited,
    Pinned,
    Deleted,
    BioWritten,
    BioRestored,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Notice,
    Bio,
}

/// How it goes with a part.
#[derive(Debug, Default)]
struct Progress {
    failures: u32,
    wait: Option<Waiting>,
    failed: Option<NowPlayingError>,
}

pub(super) struct Work<'a> {
    of: &'a NowPlaying,
    orders: &'a Orders,
    memory: &'a mut Memory,
    notice: Progress,
    bio: Progress,
    pub(super) figures: Figures,
}

impl Next {
    /// `None`: now is not too early.
    pub(super) fn not_before(changed: Option<Timestamp>, least: Duration, now: Timestamp) -> Option<Self> {
        let least = SignedDuration::try_from(least).unwrap_or(SignedDuration::MAX);
        // A clock that was set back holds nothing up for longer than that.
        let changed = changed.filter(|changed| *changed <= now)?;
        let due = changed.saturating_add(least).unwrap_or(Timestamp::MAX);
        (due > now).then_some(Self::At(due))
    }
}

impl<'a> Work<'a> {
    pub(super) fn new(of: &'a NowPlaying, orders: &'a Orders, memory: &'a mut Memory) -> Self {
        let (notice, bio, figures) = Default::default();
        Self { of, orders, memory, notice, bio, figures }
    }

    pub(super) async fn run(&mut self) -> Result<(), NowPlayingError> {
        let (mut played, mut wishes) = (self.of.ledger.changes(), self.of.board.wishes());
        loop {
            if self.orders.stop.is_cancelled() {
                return Err(NowPlayingError::Stopped);
            }
            played.borrow_and_update();
            wishes.borrow_and_update();
            let scene = Scene::now(self.of)?;
            let mut is_done = true;
            for part in [Part::Notice, Part::Bio] {
                is_done &= self.work_on(part, &scene).await?;
            }
            if !is_done {
                continue;
            }
            let Some(wait) = self.shortest_wait() else { break };
            (self.orders.tell)(Some(&wait));
            tokio::select! {
                () = self.orders.stop.cancelled() => {}
                Ok(()) = played.changed() => {}
                Ok(()) = wishes.changed() => {}
                () = self.of.clock.sleep_until(wait.until) => {}
            }
            (self.orders.tell)(None);
        }
        match self.notice.failed.take().or(self.bio.failed.take()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Takes a step. Says whether nothing can be done now.
    async fn work_on(&mut self, part: Part, scene: &Scene) -> Result<bool, NowPlayingError> {
        let now = self.of.clock.now();
        let progress = self.progress(part);
        let is_held = progress.wait.as_ref().is_some_and(|wait| wait.is_demanded && wait.until > now);
        if is_held || progress.failed.is_some() {
            return Ok(true);
        }
        progress.wait = None;
        let step = async {
            match part {
                Part::Notice => notice::step(self.of, &self.orders.notice, scene, self.memory).await,
                Part::Bio => bio::step(self.of, &self.orders.bio, scene, self.memory).await,
            }
        };
        // Boxed: calls of Telegram are large on the stack.
        let Some(step) = self.orders.stop.run_until_cancelled(Box::pin(step)).await else {
            return Err(NowPlayingError::Stopped);
        };
        match step {
            Ok(next) => {
                self.progress(part).failures = 0;
                Ok(self.take(part, next))
            }
            Err(error) => self.failed(part, error),
        }
    }

    fn take(&mut self, part: Part, next: Next) -> bool {
        match next {
            Next::Nothing => true,
            Next::Again => false,
            Next::Did(done) => {
                *self.figures.of(done) += 1;
                false
            }
            Next::At(until) => {
                let reason = match part {
                    Part::Notice => "the message is not changed more often",
                    Part::Bio => "the bio is not changed more often",
                };
                let reason = reason.to_owned();
                self.progress(part).wait = Some(Waiting { until, is_demanded: false, reason });
                true
            }
        }
    }

    /// A pause holds up this part alone. What passes is tried again; anything else is told of in the end.
    fn failed(&mut self, part: Part, error: NowPlayingError) -> Result<bool, NowPlayingError> {
        let now = self.of.clock.now();
        if let Some(telegram::Error::Flood { method, until }) = error.telegram() {
            let left = until.duration_since(now).as_secs().max(0);
            let reason = format!("it asked for {left} s after {method}");
            self.progress(part).wait = Some(Waiting { until: *until, is_demanded: true, reason });
            return Ok(true);
        }
        if matches!(error, NowPlayingError::State(_)) {
            return Err(error);
        }
        let progress = self.progress(part);
        progress.failures += 1;
        if error.is_temporary() && progress.failures < MOST_FAILURES {
            let pause = SignedDuration::from_secs(1 << (progress.failures - 1).min(6)).min(LONGEST_HOLD);
            let until = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
            let reason = format!("it is tried again: {error}");
            progress.wait = Some(Waiting { until, is_demanded: true, reason });
        } else {
            progress.failed = Some(error);
        }
        Ok(true)
    }

    fn shortest_wait(&self) -> Option<Waiting> {
        let waits = self.notice.wait.iter().chain(&self.bio.wait);
        waits.min_by_key(|wait| wait.until).cloned()
    }

    fn progress(&mut self, part: Part) -> &mut Progress {
        match part {
            Part::Notice => &mut self.notice,
            Part::Bio => &mut self.bio,
        }
    }
}

impl Figures {
    fn of(&mut self, done: Done) -> &mut u64 {
        match done {
            Done::Sent => &mut self.messages_sent,
            Done::Edited => &mut self.messages_edited,
            Done::Pinned => &mut self.messages_pinned,
            Done::Deleted => &mut self.messages_deleted,
            Done::BioWritten => &mut self.bios_written,
            Done::BioRestored => &mut self.bios_restored,
        }
    }
}
