//! One song on one source, from when it was first seen to when something else took its place.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Playing, Sameness, Track};

/// Positions are told with this much error.
const SLACK: SignedDuration = SignedDuration::from_secs(3);
/// A song that is this near its end may be over: crossfades take up to 12 s of it.
const TAIL: SignedDuration = SignedDuration::from_secs(15);

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spin {
    /// Tells it from the other spins of its source.
    pub(super) number: u64,
    pub(super) track: Track,
    pub(super) started: Timestamp,
    pub(super) listened: Duration,
    /// The last look at it.
    pub(super) at: Timestamp,
    pub(super) progress: Option<Duration>,
    pub(super) is_playing: bool,
}

impl Spin {
    /// Seen for the first time. `unseen_since` is the last look at its source, when something else
    /// was there: it cannot have begun before that. None: nobody has looked, so it is believed.
    pub(super) fn begin(
        number: u64,
        at: Timestamp,
        track: &Track,
        playing: &Playing,
        unseen_since: Option<Timestamp>,
    ) -> Self {
        let progress = playing.progress.map_or(SignedDuration::ZERO, signed);
        let longest =
            unseen_since.map_or(progress, |since| at.duration_since(since).max(SignedDuration::ZERO));
        let heard = if playing.is_playing { progress.min(longest) } else { SignedDuration::ZERO };
        Self {
            number,
            track: track.clone(),
            started: at.saturating_sub(progress.min(longest)).unwrap_or(at),
            listened: unsigned(heard),
            at,
            progress: playing.progress,
            is_playing: playing.is_playing,
        }
    }

    /// Whether what is heard now is still this play of the song.
    pub(super) fn goes_on(&self, at: Timestamp, track: &Track, playing: &Playing) -> bool {
        self.track.sameness(track) != Sameness::Different && !self.is_again(at, playing)
    }

    /// The song has come to its end and begun again.
    fn is_again(&self, at: Timestamp, playing: &Playing) -> bool {
        let (Some(before), Some(now)) = (self.progress, playing.progress) else { return false };
        let Some(length) = self.track.duration.map(signed).filter(|length| *length > TAIL) else {
            return false;
        };
        let (before, now) = (signed(before), signed(now));
        let expected = if self.is_playing { before + self.elapsed(at) } else { before };
        if now < before - SLACK {
            // Begun within the tail, or after it; or it was left alone for longer than it lasts.
            let since_tail = expected - (length - TAIL);
            let is_long_ago = self.elapsed(at) > length + TAIL;
            return is_long_ago || (since_tail >= SignedDuration::ZERO && now <= since_tail + SLACK);
        }
        // Further on than before, after so long a time that it must have passed its end.
        let is_around = expected >= length && before < length;
        is_around && {
            let around = SignedDuration::from_millis(
                i64::try_from(expected.as_millis() % length.as_millis().max(1)).unwrap_or(0),
            );
            (around - now).abs() <= SLACK + SLACK && now < length - SLACK
        }
    }

    /// Another look at the same play.
    pub(super) fn look(&mut self, at: Timestamp, track: &Track, playing: &Playing) {
        let elapsed = self.elapsed(at);
        if self.is_playing {
            self.listened += unsigned(self.heard_between(elapsed, playing));
        }
        (self.at, self.is_playing) = (at, playing.is_playing);
        self.progress = playing.progress.or(self.progress);
        if self.track != *track {
            let duration = self.track.duration;
            self.track = track.clone();
            self.track.duration = self.track.duration.or(duration);
        }
    }

    /// Never more than what passed, nor, when it only moved on, than how far it moved.
    fn heard_between(&self, elapsed: SignedDuration, playing: &Playing) -> SignedDuration {
        match (self.progress, playing.progress) {
            (Some(before), Some(now)) if now >= before => elapsed.min(signed(now - before)),
            (Some(_), Some(_)) => elapsed.min(TAIL),
            _ => elapsed,
        }
    }

    /// Something that is no song is heard in its source. Nobody knows for how long this one went on,
    /// unless it must have come to its end.
    pub(super) fn rest(&mut self, at: Timestamp) {
        if self.is_playing && self.has_finished(at) {
            self.finish(at);
            (self.at, self.progress) = (self.end().unwrap_or(at).min(at), self.track.duration);
        }
        self.is_playing = false;
    }

    /// Whether it was heard to its end by this moment.
    pub(super) fn has_finished(&self, at: Timestamp) -> bool {
        let Some(length) = self.track.duration.map(signed) else { return false };
        let tail = TAIL.min(length / 4);
        match self.progress.map(signed) {
            Some(before) if self.is_playing => before + self.elapsed(at) >= length - tail,
            Some(before) => before >= length - tail,
            None => signed(self.listened) >= length - tail,
        }
    }

    /// It has ended in something else that began at this moment.
    pub(super) fn finish(&mut self, ended: Timestamp) {
        if self.is_playing && self.has_finished(ended) {
            let left = match (self.track.duration, self.progress) {
                (Some(length), Some(progress)) => signed(length.saturating_sub(progress)),
                _ => SignedDuration::ZERO,
            };
            self.listened += unsigned(self.elapsed(ended).min(left));
        }
    }

    /// When it will be over, if nobody touches anything.
    pub(super) fn end(&self) -> Option<Timestamp> {
        let left = self.track.duration?.saturating_sub(self.progress?);
        self.at.checked_add(signed(left)).ok()
    }

    /// The clock was set back: what was seen cannot lie ahead.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        self.at = self.at.min(now);
        self.started = self.started.min(now);
    }

    /// The clock may go back; time does not.
    fn elapsed(&self, at: Timestamp) -> SignedDuration {
        at.duration_since(self.at).max(SignedDuration::ZERO)
    }
}

pub(super) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

pub(super) fn unsigned(duration: SignedDuration) -> Duration {
    Duration::try_from(duration).unwrap_or(Duration::ZERO)
}
