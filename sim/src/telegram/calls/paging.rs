//! Which part of a list of messages is meant: Telegram's offsets.
//!
//! Lists are newest first. The place is that of `offset_id` (the first older message), or of
//! `offset_date`; `add_offset` moves it, to newer messages when it is negative; then up to `limit`
//! messages are taken, fewer when the part reaches over the top. `max_id` and `min_id` are
//! looked at last: they make the part smaller and never move it.

use crate::telegram::History;

/// How much is given at once.
const MOST: i32 = 100;

/// How many messages are looked at to count matches before the count becomes a guess.
pub(super) const COUNTED: usize = 3_000;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    pub(super) offset_id: i32,
    pub(super) offset_date: i32,
    pub(super) add_offset: i32,
    pub(super) limit: i32,
    pub(super) max_id: i32,
    pub(super) min_id: i32,
}

/// A part of a list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) ids: Vec<i32>,
    /// How long the whole list is.
    pub(super) count: usize,
    /// How many of the list are newer than the first.
    pub(super) newer: usize,
    pub(super) is_guess: bool,
}

impl Window {
    fn bound(&self, history: &History) -> i32 {
        match (self.offset_id, self.offset_date) {
            (1.., _) => self.offset_id,
            (_, 1..) => history.first_at(self.offset_date),
            _ => i32::MAX,
        }
    }

    fn choose(&self, newer: impl Iterator<Item = i32>, older: impl Iterator<Item = i32>) -> Vec<i32> {
        let limit = usize::try_from(self.limit.clamp(0, MOST)).unwrap_or(0);
        let mut ids: Vec<i32> = match usize::try_from(self.add_offset) {
            Ok(skipped) => older.skip(skipped).take(limit).collect(),
            Err(_) => {
                let wanted = usize::try_from(self.add_offset.unsigned_abs()).unwrap_or(usize::MAX);
                let mut newer: Vec<i32> = newer.take(wanted).collect();
                let over_the_top = wanted - newer.len();
                newer.reverse();
                newer.into_iter().chain(older).take(limit.saturating_sub(over_the_top)).collect()
            }
        };
        ids.retain(|id| (self.max_id <= 0 || *id < self.max_id) && *id > self.min_id);
        ids
    }

    /// A part of all messages.
    pub(super) fn of(&self, history: &History) -> Page {
        let bound = self.bound(history);
        let ids = self.choose(history.ids_from(bound), history.ids_below(bound));
        let newer = ids.first().map_or(0, |first| history.count_from(first.saturating_add(1)));
        Page { ids, count: history.len(), newer, is_guess: false }
    }

    /// A part of the messages that match.
    pub(super) fn of_matching(&self, history: &History, matches: impl Fn(i32) -> bool) -> Page {
        let bound = self.bound(history);
        let ids = self.choose(
            history.ids_from(bound).filter(|id| matches(*id)),
            history.ids_below(bound).filter(|id| matches(*id)),
        );
        let counted: Vec<i32> = history.ids_below(i32::MAX).take(COUNTED).filter(|id| matches(*id)).collect();
        let is_guess = history.len() > COUNTED;
        let newer = ids.first().map_or(0, |first| counted.iter().filter(|id| *id > first).count());
        Page { count: counted.len().max(newer + ids.len()), newer, ids, is_guess }
    }

    /// A part of a list that is known, newest first.
    pub(super) fn of_list(&self, list: &[i32]) -> Page {
        let bound = if self.offset_id > 0 { self.offset_id } else { i32::MAX };
        let place = list.partition_point(|id| *id >= bound);
        let ids = self.choose(list[..place].iter().rev().copied(), list[place..].iter().copied());
        let newer = ids.first().map_or(0, |first| list.partition_point(|id| id > first));
        Page { ids, count: list.len(), newer, is_guess: false }
    }
}

/// Telegram's hash of a list, by which a client says what it has.
pub(super) fn hash_of(numbers: impl IntoIterator<Item = i64>) -> i64 {
    let mix = |hash: u64, number: i64| {
        let hash = hash ^ (hash >> 21);
        let hash = hash ^ (hash << 35);
        let hash = hash ^ (hash >> 4);
        hash.wrapping_add(number.cast_unsigned())
    };
    numbers.into_iter().fold(0, mix).cast_signed()
}

#[cfg(test)]
mod tests {
    use std::{ops::RangeInclusive, sync::Arc};

    use grammers_tl_types as tl;

    use super::*;
    use crate::telegram::{Peer, Source, blank};

    struct Every;

    /// Ids 11 to 60 with gaps at the sevens; one a minute, two at a time.
    impl Source for Every {
        fn ids(&self) -> RangeInclusive<i32> {
            11..=60
        }
        fn message(&self, id: i32) -> Option<tl::enums::Message> {
            self.has(id).then(|| blank::message(id, Peer::User(1), self.date(id), "made").into())
        }
        fn date(&self, id: i32) -> i32 {
            1_000 + id / 2 * 60
        }
        fn has(&self, id: i32) -> bool {
            id % 7 != 0
        }
        fn count_below(&self, id: i32) -> usize {
            (11..=60).filter(|other| *other < id && self.has(*other)).count()
        }
    }

    /// Stored messages around a generated part, with deletions in both.
    fn history() -> History {
        let mut history = History::generated(Arc::new(Every));
        for id in (1..=8).chain(61..=90) {
            history.insert(blank::message(id, Peer::User(1), 1_000 + id / 2 * 60, "stored").into());
        }
        for id in [3, 13, 14, 40, 41, 77] {
            assert_eq!(history.remove(id), id != 14);
        }
        history.edit(20, |message| {
            if let tl::enums::Message::Message(message) = message {
                message.message = "edited".to_owned();
            }
        });
        history
    }

    /// The rules, as plainly as they can be written.
    fn naive(all: &[(i32, i32)], window: Window) -> Vec<i32> {
        let place = match (window.offset_id, window.offset_date) {
            (1.., _) => all.iter().filter(|(id, _)| *id >= window.offset_id).count(),
            (_, 1..) => all.iter().filter(|(_, date)| *date >= window.offset_date).count(),
            _ => 0,
        };
        let start = i64::try_from(place).unwrap() + i64::from(window.add_offset);
        let end = start + i64::from(window.limit.min(100));
        let part = all
            .iter()
            .enumerate()
            .filter(|(place, _)| (start..end).contains(&i64::try_from(*place).unwrap()));
        let part = part.map(|(_, (id, _))| *id);
        part.filter(|id| (window.max_id == 0 || *id < window.max_id) && *id > window.min_id).collect()
    }

    #[test]
    fn pages_are_those_of_a_naive_model() {
        let history = history();
        let all: Vec<(i32, i32)> = (1..=90)
            .rev()
            .filter_map(|id| history.get(id).map(|message| (id, crate::telegram::message::date_of(&message))))
            .collect();
        assert_eq!(history.len(), all.len());
        for offset_id in [0, 1, 2, 8, 9, 12, 40, 60, 61, 90, 91, 500] {
            for offset_date in [0, 1_000, 1_060, 1_900, 2_800, 2_860, 9_999] {
                for add_offset in [-120, -30, -5, -1, 0, 1, 7, 200] {
                    for limit in [0, 1, 5, 30, 100, 1_000] {
                        for (max_id, min_id) in [(0, 0), (50, 0), (0, 30), (60, 20)] {
                            let window = Window { offset_id, offset_date, add_offset, limit, max_id, min_id };
                            let page = window.of(&history);
                            assert_eq!(page.ids, naive(&all, window), "{window:?}");
                            if let Some(first) = page.ids.first() {
                                let newer = all.iter().filter(|(id, _)| id > first).count();
                                assert_eq!((page.newer, page.count), (newer, all.len()), "{window:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn matching_pages_are_pages_of_the_matches() {
        let history = history();
        let even: Vec<i32> = history.ids_below(i32::MAX).filter(|id| id % 2 == 0).collect();
        for offset_id in [0, 5, 40, 90] {
            for add_offset in [-10, 0, 3] {
                let window = Window { offset_id, add_offset, limit: 9, ..Window::default() };
                let expected = window.of_list(&even);
                assert_eq!(window.of_matching(&history, |id| id % 2 == 0).ids, expected.ids);
            }
        }
    }

    #[test]
    fn clearing_forgets_what_is_older() {
        let mut history = history();
        history.clear_to(45);
        assert_eq!(history.ids_from(0).next(), Some(46));
        assert!(history.get(20).is_none() && history.get(46).is_some());
        assert_eq!(history.len(), history.ids_below(i32::MAX).count());
    }
}
