//! What comes of a step that failed, and how long is waited.

use jiff::{SignedDuration, Timestamp};

use super::Work;
use crate::{
    model::SongMessage,
    music::profile::{ProfileError, Telling, plan::Step},
    state::ProfileSong,
    telegram::{self, upload::SendError},
};

/// Failures of one song in a row, after which somebody should hear of it.
const MOST_FAILURES: u32 = 5;
const LONGEST_HOLD: SignedDuration = SignedDuration::from_secs(60);

/// A song whose last step failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    failures: u32,
    pub(super) until: Timestamp,
}

impl Work<'_> {
    /// What comes of a step that failed: a pause for all, a pause for this song, or an end.
    pub(super) fn failed(&mut self, step: &Step, error: ProfileError) -> Result<(), ProfileError> {
        self.is_stale = true;
        if let Some(telegram::Error::Flood { method, until }) = error.telegram() {
            self.pause_until(*until, method);
            return Ok(());
        }
        let is_refusal =
            matches!(error.telegram(), Some(telegram::Error::Rpc { .. })) && !error.is_temporary();
        let is_vanished = matches!(error, ProfileError::Send(SendError::Vanished { .. }));
        if !(is_refusal || is_vanished || error.is_temporary()) {
            return Err(error);
        }
        tracing::warn!(?step, error = &error as &dyn std::error::Error, "A step on the profile failed");
        match step {
            // Somebody deleted it at once.
            Step::Send { song } | Step::Resend { song } | Step::Settle { song } if is_vanished => {
                self.ready.remove(song);
                self.forget_message(song, |_| {})?;
                let track = self.library.songs.get(song).map(|song| song.track.clone());
                let (now, rule) = (self.profile.clock.now(), self.orders.rules.removed_by_user);
                self.library.note_removed(&track, (&self.profile.ledger, now), rule)?;
                self.library.tidy()?;
                Ok(())
            }
            // The file is of no use, or the document is known no more: another one has to be brought.
            Step::Send { song } | Step::Resend { song } if is_refusal => {
                let is_upgrade = self.ready.remove(song).is_some_and(|ready| ready.is_upgrade);
                let track = self.library.songs.get(song).map(|song| song.track.clone());
                self.forget_message(song, |song| song.document = None)?;
                if let (Some(track), Step::Send { .. }) = (track, step) {
                    self.note_failure(&track, is_upgrade, None)?;
                }
                self.library.tidy()?;
                Ok(())
            }
            // What cannot be put on the profile again and again is not what we take it for.
            Step::Save { song, .. } if is_refusal && self.failures(song) + 1 >= MOST_FAILURES => {
                let mut track = None;
                if let Some(song) = self.library.songs.get_mut(song) {
                    song.document = None;
                    track = Some(song.track.clone());
                }
                self.library.write([song])?;
                self.holds.remove(song);
                let Some(track) = track else { return Ok(()) };
                let stands_in = |song: &ProfileSong| song.track == track && song.document.is_some();
                let is_upgrade = self.library.songs.values().any(stands_in);
                // Or nothing can be put there at all: the next try is later and later.
                self.note_failure(&track, is_upgrade, None).map(drop)
            }
            _ => {
                self.hold(step)?;
                let is_too_often = step.songs().iter().any(|song| self.failures(song) >= MOST_FAILURES);
                if is_too_often { Err(error) } else { Ok(()) }
            }
        }
    }

    pub(super) fn note_failure(
        &self,
        track: &str,
        is_upgrade: bool,
        not_before: Option<Timestamp>,
    ) -> Result<Timestamp, ProfileError> {
        let now = self.profile.clock.now();
        Ok(self.library.note_failure(track, is_upgrade, now, not_before)?)
    }

    fn forget_message(
        &mut self,
        song: &str,
        change: impl FnOnce(&mut ProfileSong),
    ) -> Result<(), ProfileError> {
        if let Some(song) = self.library.songs.get_mut(song) {
            self.profile.music.forget(&song.intent())?;
            song.message = SongMessage::None;
            change(song);
        }
        Ok(self.library.write([song])?)
    }

    fn failures(&self, song: &str) -> u32 {
        self.holds.get(song).map_or(0, |hold| hold.failures)
    }

    pub(super) fn hold(&mut self, step: &Step) -> Result<(), ProfileError> {
        let now = self.profile.clock.now();
        for song in step.songs() {
            let failures = self.failures(&song) + 1;
            let pause = SignedDuration::from_secs(1 << (failures - 1).min(6)).min(LONGEST_HOLD);
            let until = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
            self.holds.insert(song, Hold { failures, until });
        }
        Ok(())
    }

    pub(super) fn pause_until(&mut self, until: Timestamp, method: &str) {
        self.pause = Some(until);
        let left = until.duration_since(self.profile.clock.now()).as_secs().max(0);
        let reason = format!("it asked for {left} s after {method}");
        (self.orders.tell)(Telling::Waiting { until, reason });
        self.profile.board.change(|shown| shown.waiting_until = Some(until));
    }

    /// The end of a wait that comes first.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        match self.pause {
            Some(pause) => Some(pause),
            None => {
                let now = self.profile.clock.now();
                self.holds.values().map(|hold| hold.until).filter(|until| *until > now).min()
            }
        }
    }

    pub(super) fn is_held(&self) -> bool {
        let now = self.profile.clock.now();
        self.holds.values().any(|hold| hold.until > now)
    }

    pub(super) fn end_waits(&mut self) {
        let now = self.profile.clock.now();
        if self.pause.is_some_and(|pause| pause <= now) {
            self.pause = None;
            (self.orders.tell)(Telling::GoingOn);
            self.profile.board.change(|shown| shown.waiting_until = None);
        }
        // Songs of which nothing is wanted any more hold nothing up.
        let songs = &self.library.songs;
        self.holds.retain(|id, _| songs.contains_key(id) || self.ready.contains_key(id));
    }
}
