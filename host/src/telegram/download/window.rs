//! How many parts of one file are in flight: more while that fills time that would be spent
//! waiting, fewer when it only makes a queue.

use std::time::Duration;

/// Doubles until parts begin to queue, then goes by single steps; halves on trouble.
#[derive(Debug)]
pub(in crate::telegram) struct Window {
    size: usize,
    most: usize,
    /// Parts since the last change; a change is judged after one round.
    since_change: usize,
    /// The quickest part so far: what one part takes when nothing is in its way.
    quickest: Option<Duration>,
    /// The quickest of this round.
    round: Option<Duration>,
    has_queued: bool,
}

const FIRST: usize = 2;

impl Window {
    pub(in crate::telegram) fn up_to(most: usize) -> Self {
        let most = most.max(1);
        Self { size: FIRST.min(most), most, since_change: 0, quickest: None, round: None, has_queued: false }
    }

    pub(in crate::telegram) fn size(&self) -> usize {
        self.size
    }

    /// A part has come so long after it was asked for.
    pub(in crate::telegram) fn note_part(&mut self, took: Duration) {
        let least = |old: Option<Duration>| Some(old.map_or(took, |old| old.min(took)));
        (self.quickest, self.round) = (least(self.quickest), least(self.round));
        self.since_change += 1;
        if self.since_change < self.size {
            return;
        }
        let (Some(quickest), Some(round)) = (self.quickest, self.round.take()) else { return };
        self.since_change = 0;
        if round > quickest * 3 {
            self.has_queued = true;
            self.size = (self.size - 1).max(1);
        } else if round <= quickest * 2 {
            let more = if self.has_queued { self.size + 1 } else { self.size * 2 };
            self.size = more.min(self.most);
        }
    }

    /// Telegram had troubles, or the connection.
    pub(in crate::telegram) fn note_trouble(&mut self) {
        self.has_queued = true;
        self.size = (self.size / 2).max(1);
        self.since_change = 0;
        self.round = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A line that takes `latency` there and back, and `each` for a part, one after the other.
    fn settle(latency: u32, each: u32) -> usize {
        let mut window = Window::up_to(16);
        for _ in 0..200 {
            let waiting = u32::try_from(window.size()).unwrap();
            window.note_part(MS * (latency + each).max(each * waiting));
        }
        window.size()
    }

    #[test]
    fn long_lines_are_filled() {
        assert_eq!(settle(100, 1), 16);
        assert_eq!(settle(50, 3), 16);
    }

    #[test]
    fn slow_lines_get_no_queue() {
        // 2 ms there and back, 10 ms for each part: two keep it busy, sixteen would only queue.
        assert!(settle(2, 10) <= 6, "{}", settle(2, 10));
    }

    #[test]
    fn window_opens_fast_at_first() {
        let mut window = Window::up_to(16);
        for _ in 0..14 {
            window.note_part(MS * 50);
        }
        assert_eq!(window.size(), 16);
    }

    #[test]
    fn trouble_halves_and_calm_comes_back_slowly() {
        let mut window = Window::up_to(16);
        (0..64).for_each(|_| window.note_part(MS * 50));
        window.note_trouble();
        assert_eq!(window.size(), 8);
        (0..8).for_each(|_| window.note_part(MS * 50));
        assert_eq!(window.size(), 9);
    }

    #[test]
    fn one_part_is_always_allowed() {
        let mut window = Window::up_to(0);
        (0..9).for_each(|_| window.note_trouble());
        assert_eq!(window.size(), 1);
    }
}
