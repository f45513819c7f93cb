//! Edits and deletions that come in masses are held back: somebody clears a chat, or a login was stolen.
//!
//! - Of the operations on one chat in any window, so many pass; the next one closes the chat for a whole
//!   window, counted from that moment, and is held back itself. Edits and deletions count together. What is held
//!   back does not count, so a storm does not keep its own chat closed for ever.
//! - Over all chats together there is an alarm with a larger number: a storm of one message in each chat would
//!   pass every single window.
//!
//! It knows no clock: moments come in, and have to be of a clock that never goes back. A restart forgets all.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use crate::model::PeerId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardSettings {
    /// So many operations on a chat pass in any window.
    pub threshold: u32,
    pub window: Duration,
    /// So many operations over all chats pass in any window; 0 for no such limit.
    pub all_chats: u32,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { threshold: 10, window: Duration::from_secs(30), all_chats: 200 }
    }
}

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    Passes,
    /// It is one too many: the chat is closed from now on.
    Closes,
    /// The chat was closed already.
    Closed,
    /// It is one too many over all chats: all of them are closed from now on.
    Alarm,
    /// All of them were closed already.
    Alarmed,
}

impl Passage {
    pub fn passes(self) -> bool {
        self == Self::Passes
    }
}

#[derive(Debug)]
pub struct Guard {
    settings: GuardSettings,
    chats: HashMap<PeerId, Window>,
    all: Window,
}

#[derive(Debug, Default)]
struct Window {
    /// When operations came, the oldest first.
    passed: VecDeque<Instant>,
    closed_until: Option<Instant>,
}

/// What a window says to an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Pass,
    Close,
    Closed,
}

impl Window {
    fn ask(&mut self, most: u32, length: Duration, now: Instant) -> Says {
        if self.closed_until.is_some_and(|until| now < until) {
            return Says::Closed;
        }
        self.closed_until = None;
        self.passed.push_back(now);
        while self.passed.front().is_some_and(|first| now.duration_since(*first) > length) {
            self.passed.pop_front();
        }
        if self.passed.len() > most as usize {
            self.closed_until = Some(now + length);
            return Says::Close;
        }
        Says::Pass
    }

    fn is_over(&self, length: Duration, now: Instant) -> bool {
        let last = self.passed.back().copied().max(self.closed_until);
        last.is_none_or(|last| now.saturating_duration_since(last) > length)
    }
}

impl Guard {
    pub fn new(settings: GuardSettings) -> Self {
        Self { settings, chats: HashMap::new(), all: Window::default() }
    }

    /// One edit or deletion of one message.
    pub fn ask(&mut self, chat: PeerId, now: Instant) -> Passage {
        let GuardSettings { threshold, window, all_chats } = self.settings;
        self.forget_quiet(now);
        match self.chats.entry(chat).or_default().ask(threshold, window, now) {
            Says::Close => return Passage::Closes,
            Says::Closed => return Passage::Closed,
            Says::Pass => {}
        }
        if all_chats == 0 {
            return Passage::Passes;
        }
        match self.all.ask(all_chats, window, now) {
            Says::Pass => Passage::Passes,
            Says::Close => Passage::Alarm,
            Says::Closed => Passage::Alarmed,
        }
    }

    /// Chats in which nothing happens any more need no memory.
    fn forget_quiet(&mut self, now: Instant) {
        const MANY: usize = 1024;
        if self.chats.len() >= MANY {
            let length = self.settings.window;
            self.chats.retain(|_, window| !window.is_over(length, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: PeerId = PeerId(5);
    const OTHER: PeerId = PeerId(6);

    fn guard(all_chats: u32) -> (Guard, Instant) {
        (Guard::new(GuardSettings { all_chats, ..GuardSettings::default() }), Instant::now())
    }

    fn ms(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn ten_pass_and_the_eleventh_closes_the_chat() {
        let (mut guard, start) = guard(0);
        let all: Vec<Passage> = (0..13).map(|n| guard.ask(CHAT, ms(start, n))).collect();
        assert!(all[..10].iter().all(|passage| passage.passes()));
        assert_eq!(all[10..], [Passage::Closes, Passage::Closed, Passage::Closed]);
        assert!(guard.ask(OTHER, ms(start, 13)).passes(), "other chats are open");
    }

    /// From the eleventh on a whole window long, to the millisecond.
    #[test]
    fn the_chat_is_closed_for_a_whole_window_from_the_trigger() {
        let (mut guard, start) = guard(0);
        for second in 0..10 {
            assert!(guard.ask(CHAT, ms(start, second * 1_000)).passes());
        }
        assert_eq!(guard.ask(CHAT, ms(start, 20_000)), Passage::Closes);
        assert_eq!(guard.ask(CHAT, ms(start, 49_999)), Passage::Closed);
        // The ones before the trigger have left the window meanwhile, and what was held back does not count:
        // only the trigger itself is still in it.
        let after: Vec<bool> = (0..10).map(|_| guard.ask(CHAT, ms(start, 50_000)).passes()).collect();
        assert_eq!(after.iter().filter(|passes| **passes).count(), 9);
        assert!(!after[9], "the trigger is part of this window, too");
    }

    #[test]
    fn the_window_slides() {
        let (mut guard, start) = guard(0);
        // One every 3.1 s: ten at most are in any 30 s.
        for n in 0..100 {
            assert!(guard.ask(CHAT, ms(start, n * 3_100)).passes(), "number {n}");
        }
        let (mut guard, start) = self::guard(0);
        // One every 3 s: the eleventh comes when the first is 30 s old, and that one still counts.
        let passages: Vec<bool> = (0..11).map(|n| guard.ask(CHAT, ms(start, n * 3_000)).passes()).collect();
        assert_eq!(passages.iter().filter(|passes| **passes).count(), 10);
        assert!(!passages[10]);
    }

    #[test]
    fn chats_without_news_are_forgotten() {
        let (mut guard, start) = guard(0);
        for chat in 0..2_000 {
            guard.ask(PeerId(chat), start);
        }
        guard.ask(CHAT, ms(start, 31_000));
        assert!(guard.chats.len() < 10, "{}", guard.chats.len());
    }

    #[test]
    fn a_storm_over_many_chats_raises_the_alarm() {
        let (mut guard, start) = guard(200);
        for chat in 0..200 {
            assert!(guard.ask(PeerId(1_000 + chat), ms(start, 1)).passes());
        }
        assert_eq!(guard.ask(PeerId(9_000), ms(start, 2)), Passage::Alarm);
        assert_eq!(guard.ask(PeerId(9_001), ms(start, 3)), Passage::Alarmed);
        assert_eq!(guard.ask(PeerId(9_001), ms(start, 30_001)), Passage::Alarmed);
        assert!(guard.ask(PeerId(9_002), ms(start, 30_002)).passes());
    }

    #[test]
    fn what_a_chat_holds_back_does_not_count_for_the_alarm() {
        let (mut guard, start) = guard(20);
        for n in 0..1_000 {
            guard.ask(CHAT, ms(start, n));
        }
        assert!(guard.ask(OTHER, ms(start, 1_001)).passes());
    }
}
