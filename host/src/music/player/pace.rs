//! When to ask a source next. Pure: the state of things goes in, a moment comes out.
//!
//! Promises, proven over an evening in the tests: never more calls in any hour than allowed; the
//! change at a song's natural end is seen within two seconds, a crossfade after the first one too.
//! What nobody can know in advance, a skip, is seen at the next look: after a skip, when another is
//! likely, looks follow each other by two seconds, in mid-song by ten, and by more when the hour's
//! calls run short. A scrobbler that tells of the same player makes us look at once.

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::decide::Moments;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Players report a change with this delay.
const AFTER_CHANGE: SignedDuration = SignedDuration::from_millis(300);
/// A song that should be over and is not: looks follow each other by this.
const OVERDUE: SignedDuration = SignedDuration::from_millis(900);
const BURST: SignedDuration = SignedDuration::from_secs(2);
const BURST_FOR: SignedDuration = SignedDuration::from_secs(9);
const MID_SONG: SignedDuration = SignedDuration::from_secs(10);
/// When calls run short.
const MID_SONG_SPARSE: SignedDuration = SignedDuration::from_secs(25);
/// A look this shortly before an expected moment waits for it.
const NEAR: SignedDuration = SignedDuration::from_secs(4);
const LONGEST_CROSSFADE: SignedDuration = SignedDuration::from_secs(13);
const FAILED: SignedDuration = SignedDuration::from_secs(5);
const FAILED_OFTEN: SignedDuration = SignedDuration::from_secs(300);

/// What the last answer was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    Unknown,
    Song,
    Held,
    Paused { since: Timestamp },
    Gone { since: Timestamp },
}

#[derive(Clone, Debug)]
pub(crate) struct Pace {
    per_hour: u32,
    /// Of the last hour.
    calls: VecDeque<Timestamp>,
    /// Calls that may be made at once.
    left: f64,
    left_at: Option<Timestamp>,
    failures: u32,
    limited_until: Option<Timestamp>,
    not_before: Option<Timestamp>,
    burst_until: Option<Timestamp>,
    /// How long before their end songs gave way to the next.
    crossfade: SignedDuration,
    wanted: bool,
}

impl Pace {
    pub(crate) fn new(per_hour: u32) -> Self {
        let mut pace = Self {
            per_hour: per_hour.max(1),
            calls: VecDeque::new(),
            left: 0.0,
            left_at: None,
            failures: 0,
            limited_until: None,
            not_before: None,
            burst_until: None,
            crossfade: SignedDuration::ZERO,
            wanted: true,
        };
        pace.left = pace.most_at_once();
        pace
    }

    /// Goes on with what was left at an earlier moment.
    pub(crate) fn resume(&mut self, left: f64, at: Timestamp) {
        self.left = if left.is_finite() { left.min(self.most_at_once()) } else { 0.0 };
        self.left_at = Some(at);
    }

    /// Calls that may be made at once.
    pub(crate) fn left(&self) -> f64 {
        self.left
    }

    /// When somebody who has a reason may ask, be it that asking has failed until now.
    pub(crate) fn soonest(&mut self, now: Timestamp) -> Timestamp {
        self.refill(now);
        self.affordable(now)
    }

    /// A sixth may be spent at once, the rest comes back over the hour: together never more than allowed.
    fn most_at_once(&self) -> f64 {
        f64::from(self.per_hour) / 6.0
    }

    fn per_second(&self) -> f64 {
        (f64::from(self.per_hour) - self.most_at_once()) / 3600.0
    }

    pub(crate) fn set_per_hour(&mut self, per_hour: u32) {
        self.per_hour = per_hour.max(1);
        self.left = self.left.min(self.most_at_once());
    }

    /// A call goes out.
    pub(crate) fn spend(&mut self, now: Timestamp) {
        self.refill(now);
        // What a question took beyond one call is owed.
        self.left = (self.left - 1.0).max(-self.most_at_once());
        self.calls.push_back(now);
        self.forget(now);
        self.wanted = false;
    }

    pub(crate) fn answered(&mut self) {
        (self.failures, self.limited_until, self.not_before) = (0, None, None);
    }

    pub(crate) fn failed(&mut self) {
        self.failures += 1;
    }

    pub(crate) fn limited(&mut self, until: Timestamp) {
        self.limited_until = Some(until);
    }

    /// The source fails, and says for how long at least.
    pub(crate) fn not_before(&mut self, until: Timestamp) {
        self.not_before = Some(until);
    }

    pub(crate) fn limited_until(&self) -> Option<Timestamp> {
        self.limited_until
    }

    /// Something hints at a change: look as soon as that is allowed.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// A song began at `began`; the one before it should have ended at `expected`.
    pub(crate) fn changed(&mut self, began: Timestamp, expected: Option<Timestamp>, now: Timestamp) {
        let early = expected.map(|expected| expected.duration_since(began));
        match early {
            Some(early) if early.abs() <= LONGEST_CROSSFADE => {
                self.crossfade = early.max(SignedDuration::ZERO);
                self.burst_until = None;
            }
            Some(_) => self.burst_until = now.checked_add(BURST_FOR).ok(),
            None => {}
        }
    }

    pub(crate) fn calls_last_hour(&mut self, now: Timestamp) -> u32 {
        self.forget(now);
        u32::try_from(self.calls.len()).unwrap_or(u32::MAX)
    }

    /// When to ask. Never before now.
    pub(crate) fn next(&mut self, now: Timestamp, scene: Scene, moments: &Moments) -> Timestamp {
        self.refill(now);
        let wish = self.wish(now, scene, moments);
        let mut next = wish.max(now);
        for until in [self.limited_until, self.not_before].into_iter().flatten() {
            next = next.max(until);
        }
        next.max(self.affordable(now))
    }

    fn wish(&self, now: Timestamp, scene: Scene, moments: &Moments) -> Timestamp {
        if self.failures > 0 {
            let pause = FAILED * 2_i32.pow(self.failures.min(7) - 1);
            return after(now, pause.min(FAILED_OFTEN));
        }
        if self.wanted {
            return now;
        }
        let usual = after(now, self.usual(now, scene));
        // Looking just before something is expected to happen tells nothing.
        let ahead = |at: &Timestamp| *at > now && at.duration_since(usual) < NEAR;
        let end = moments.ends_at.filter(|_| scene == Scene::Song);
        if let Some(end) = end {
            let end = end.saturating_sub(self.crossfade).map_or(end, |early| early.max(now)) + AFTER_CHANGE;
            if end.duration_since(now) <= OVERDUE {
                return after(now, OVERDUE);
            }
            if ahead(&end) {
                return self.first_of(end, moments, now);
            }
        }
        self.first_of(usual, moments, now)
    }

    /// The moments at which the player has to know.
    fn first_of(&self, next: Timestamp, moments: &Moments, now: Timestamp) -> Timestamp {
        let due = [moments.counts_at, moments.stops_at].into_iter().flatten().map(|at| at + AFTER_CHANGE);
        due.filter(|at| *at > now).fold(next, Timestamp::min)
    }

    fn usual(&self, now: Timestamp, scene: Scene) -> SignedDuration {
        let seconds = SignedDuration::from_secs;
        let by_age = |since: Timestamp| match now.duration_since(since) {
            age if age < seconds(60) => seconds(5),
            age if age < seconds(600) => seconds(10),
            _ => seconds(30),
        };
        match scene {
            Scene::Song if self.burst_until.is_some_and(|until| now < until) => BURST,
            Scene::Song if self.left < self.most_at_once() / 3.0 => MID_SONG_SPARSE,
            Scene::Song => MID_SONG,
            Scene::Held => seconds(5),
            Scene::Unknown => seconds(5),
            Scene::Paused { since } | Scene::Gone { since } => by_age(since),
        }
    }

    /// When one more call is within what is allowed.
    fn affordable(&self, now: Timestamp) -> Timestamp {
        if self.left >= 1.0 {
            return now;
        }
        let wait = Duration::from_secs_f64((1.0 - self.left) / self.per_second());
        after(now, SignedDuration::try_from(wait).unwrap_or(HOUR))
    }

    fn refill(&mut self, now: Timestamp) {
        // A clock that goes back gives nothing.
        let passed = self.left_at.map_or(SignedDuration::ZERO, |at| now.duration_since(at));
        let gained = passed.as_secs_f64().max(0.0) * self.per_second();
        self.left = (self.left + gained).min(self.most_at_once());
        self.left_at = Some(now);
        if passed.is_negative() {
            self.calls.iter_mut().for_each(|call| *call = (*call).min(now));
            self.not_before = self.not_before.map(|until| until.min(now + HOUR));
        }
    }

    fn forget(&mut self, now: Timestamp) {
        while self.calls.front().is_some_and(|call| now.duration_since(*call) >= HOUR) {
            self.calls.pop_front();
        }
    }
}

fn after(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.checked_add(pause).unwrap_or(now)
}
