//! Judges edits and deletions that are told later: of a time in which nobody heard them.
//!
//! - An edit says when it happened. Of those that say so as many pass as would have passed then, in whatever order they are
//!   told: fifteen in a night are no storm, and fifteen within seconds are one.
//! - A deletion says nothing. Those that are told in one go count as of one moment: nothing tells a chat that somebody has
//!   cleared in that time from one of which a message went now and then.
//! - Edits that are heard live are judged by themselves: what a night brings takes nothing from them. What has just happened
//!   counts as heard live, however it is told, and so do deletions: they may be of the same storm.

use std::{collections::HashMap, time::Instant};

use jiff::Timestamp;

use crate::{
    capture::guard::{GuardSettings, Passage},
    model::PeerId,
};

#[derive(Debug)]
pub(super) struct Missed {
    settings: GuardSettings,
    edits: HashMap<PeerId, Dates>,
    all_edits: Dates,
    /// The newest date that was told.
    newest: i64,
    /// When what is told in one go began to be told.
    since: Option<Instant>,
}

impl Missed {
    pub(super) fn new(settings: GuardSettings) -> Self {
        Self { settings, edits: HashMap::new(), all_edits: Dates::default(), newest: i64::MIN, since: None }
    }

    /// One edit of one message, by its date.
    pub(super) fn ask_dated(&mut self, chat: PeerId, at: Timestamp) -> Passage {
        let GuardSettings { threshold, all_chats, .. } = self.settings;
        let (at, window) = (at.as_second(), self.window());
        self.newest = self.newest.max(at);
        match self.edits.entry(chat).or_default().ask(threshold, window, at) {
            Says::Close => return Passage::Closes,
            Says::Closed => return Passage::Closed,
            Says::Pass => {}
        }
        if all_chats == 0 {
            return Passage::Passes;
        }
        match self.all_edits.ask(all_chats, window, at) {
            Says::Pass => Passage::Passes,
            Says::Close => Passage::Alarm,
            Says::Closed => Passage::Alarmed,
        }
    }

    /// When that happened which does not say when.
    pub(super) fn moment(&mut self, now: Instant) -> Instant {
        *self.since.get_or_insert(now)
    }

    /// Whether it happened too long ago to be of the same storm as what happens now.
    pub(super) fn is_over(&self, at: Timestamp, now: Timestamp) -> bool {
        now.as_second().saturating_sub(at.as_second()) > self.window()
    }

    /// All that was missed is told: what is missed next is another time.
    pub(super) fn settle(&mut self) {
        self.since = None;
        let old = self.newest.saturating_sub(2 * self.window());
        self.edits.retain(|_, dates| dates.forget(old));
        self.all_edits.forget(old);
    }

    /// In whole seconds, as dates are.
    fn window(&self) -> i64 {
        i64::try_from(self.settings.window.as_secs().max(1)).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
    }
}

/// What a window says to an edit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Pass,
    Close,
    Closed,
}

/// The rule of [`Guard`], for dates that are told out of order.
#[derive(Debug, Default)]
struct Dates {
    /// Of what has passed and of what was one too many, in order.
    counted: Vec<i64>,
    /// From when on it was closed for a window.
    closed: Vec<i64>,
}

impl Dates {
    fn ask(&mut self, most: u32, window: i64, at: i64) -> Says {
        if self.closed.iter().rev().any(|from| (*from..from.saturating_add(window)).contains(&at)) {
            return Says::Closed;
        }
        let place = self.counted.partition_point(|it| *it <= at);
        self.counted.insert(place, at);
        if self.is_one_too_many(place, most as usize, window) {
            self.closed.push(at);
            return Says::Close;
        }
        Says::Pass
    }

    /// Whether any window that holds this one holds more than it may.
    fn is_one_too_many(&self, place: usize, most: usize, window: i64) -> bool {
        (place.saturating_sub(most)..=place).any(|first| {
            let last = self.counted.get(first.saturating_add(most));
            last.is_some_and(|last| last - self.counted[first] <= window)
        })
    }

    /// What is older cannot count any more. Says whether anything is left.
    fn forget(&mut self, old: i64) -> bool {
        self.counted.retain(|it| *it >= old);
        self.closed.retain(|it| *it >= old);
        !self.counted.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const CHAT: PeerId = PeerId(5);
    const HOUR: i64 = 3_600;

    fn missed(all_chats: u32) -> Missed {
        Missed::new(GuardSettings { all_chats, ..GuardSettings::default() })
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn passes(missed: &mut Missed, chat: PeerId, second: i64) -> bool {
        missed.ask_dated(chat, at(second)).passes()
    }

    #[test]
    fn edits_count_when_they_happened() {
        let mut missed = missed(200);
        for hour in 0..15 {
            assert!(passes(&mut missed, CHAT, hour * HOUR), "number {hour}");
        }
        let burst: Vec<Passage> =
            (0..13).map(|second| missed.ask_dated(CHAT, at(20 * HOUR + second))).collect();
        assert!(burst[..10].iter().all(|passage| passage.passes()));
        assert_eq!(burst[10..], [Passage::Closes, Passage::Closed, Passage::Closed]);
        assert!(passes(&mut missed, CHAT, 21 * HOUR), "later it is open again");
    }

    #[test]
    fn the_order_in_which_they_are_told_decides_nothing() {
        let mut missed = missed(0);
        // What was edited last is told first, and then one of each hour before it.
        for second in (0..15).rev() {
            assert!(passes(&mut missed, CHAT, second * HOUR));
        }
        let shuffled = [7, 1, 9, 3, 0, 8, 2, 6, 4, 5];
        for second in shuffled {
            assert!(passes(&mut missed, CHAT, 30 * HOUR + second));
        }
        assert!(passes(&mut missed, CHAT, 29 * HOUR), "no window holds it and these");
        assert_eq!(missed.ask_dated(CHAT, at(30 * HOUR + 4)), Passage::Closes);
        assert!(passes(&mut missed, CHAT, 31 * HOUR));
    }

    #[test]
    fn an_alarm_needs_a_storm_at_one_time() {
        let mut quiet = missed(200);
        for chat in 0..500 {
            assert!(passes(&mut quiet, PeerId(chat), chat * 60), "one a minute, in chat {chat}");
        }
        let mut storm = missed(200);
        let alarmed = |chat: i64| storm.ask_dated(PeerId(chat), at(chat % 20));
        let all: Vec<Passage> = (0..202).map(alarmed).collect();
        assert!(all[..200].iter().all(|passage| passage.passes()));
        assert_eq!(all[200], Passage::Alarm);
        assert_eq!(all[201], Passage::Alarmed);
    }

    /// However long the telling takes.
    #[test]
    fn what_says_no_time_counts_as_of_one_moment() {
        let (mut missed, start) = (missed(0), Instant::now());
        for minute in 0..30 {
            assert_eq!(missed.moment(start + Duration::from_secs(60 * minute)), start);
        }
        missed.settle();
        let later = start + Duration::from_secs(3_600);
        assert_eq!(missed.moment(later), later);
    }

    #[test]
    fn what_cannot_count_any_more_is_forgotten() {
        let mut missed = missed(200);
        for hour in 0..1_000 {
            passes(&mut missed, PeerId(hour % 50), hour * HOUR);
        }
        missed.settle();
        assert_eq!((missed.edits.len(), missed.all_edits.counted.len()), (1, 1));
    }
}
