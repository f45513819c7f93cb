//! Where Telegram has come further than we have, by the numbers of what it pushes.
//!
//! The message boxes wait for what is missing too, but with one deadline for all of them. It is
//! lost when the difference of another box comes in meanwhile, and then the gap stays until the
//! next update, or for a quarter of an hour. So gaps are kept here, each with a time of its own.

use std::{collections::HashMap, time::Duration};

use grammers_session::{types::UpdatesState, updates::UpdatesLike};
use grammers_tl_types::enums;
use tokio::time::Instant;

use super::changes::{self, Count};

/// How long what is missing may be on its way; a little longer than the message boxes wait.
const PATIENCE: Duration = Duration::from_millis(750);

#[derive(Debug, Default)]
pub(super) struct Behind {
    gaps: HashMap<Count, Gap>,
}

#[derive(Debug)]
struct Gap {
    /// The highest number that was heard.
    heard: i32,
    due: Instant,
}

impl Behind {
    /// Compares what was heard with where we are after it.
    pub(super) fn note(&mut self, heard: &[(Count, i32)], state: &UpdatesState, now: Instant) {
        self.gaps.retain(|count, gap| gap.heard > place(state, *count));
        for &(count, number) in heard {
            if number > place(state, count) {
                let gap = self.gaps.entry(count).or_insert(Gap { heard: number, due: now + PATIENCE });
                gap.heard = gap.heard.max(number);
            }
        }
    }

    /// The difference could not be had; whatever is pushed, it is asked for again.
    pub(super) fn note_failure(&mut self, count: Count, due: Instant) {
        self.gaps.insert(count, Gap { heard: i32::MAX, due });
    }

    /// What to ask the difference for now. It is not told twice.
    pub(super) fn take_due(&mut self, state: &UpdatesState, now: Instant) -> Vec<Count> {
        let due = self.gaps.extract_if(|_, gap| gap.due <= now);
        due.filter(|(count, gap)| gap.heard > place(state, *count)).map(|(count, _)| count).collect()
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.gaps.values().map(|gap| gap.due).min()
    }
}

/// Where we are; a channel that nobody keeps is nowhere behind.
fn place(state: &UpdatesState, count: Count) -> i32 {
    match count {
        Count::Common => state.pts,
        Count::Channel(id) => {
            state.channels.iter().find(|channel| channel.id == id).map_or(i32::MAX, |channel| channel.pts)
        }
    }
}

/// The numbers in what was pushed.
pub(super) fn heard(pushed: &UpdatesLike) -> Vec<(Count, i32)> {
    match pushed {
        UpdatesLike::Updates(updates) => numbers(updates),
        UpdatesLike::InvitedUsers(it) => numbers(&it.updates),
        UpdatesLike::ChatInviteJoinResult(it) => numbers(&it.updates),
        UpdatesLike::ShortSentMessage { update, .. } => vec![(Count::Common, update.pts)],
        UpdatesLike::AffectedMessages(it) => vec![(Count::Common, it.pts)],
        UpdatesLike::AffectedChannelMessages { affected, channel_id, .. } => {
            vec![(Count::Channel(*channel_id), affected.pts)]
        }
        // Gaps by themselves: the difference is asked for at once.
        UpdatesLike::ConnectionClosed | UpdatesLike::MalformedUpdates => Vec::new(),
    }
}

fn numbers(updates: &enums::Updates) -> Vec<(Count, i32)> {
    match updates {
        enums::Updates::Updates(it) => it.updates.iter().filter_map(changes::number_of).collect(),
        enums::Updates::Combined(it) => it.updates.iter().filter_map(changes::number_of).collect(),
        enums::Updates::UpdateShort(it) => changes::number_of(&it.update).into_iter().collect(),
        enums::Updates::UpdateShortMessage(it) => vec![(Count::Common, it.pts)],
        enums::Updates::UpdateShortChatMessage(it) => vec![(Count::Common, it.pts)],
        enums::Updates::UpdateShortSentMessage(it) => vec![(Count::Common, it.pts)],
        enums::Updates::TooLong => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use grammers_session::types::ChannelState;

    use super::*;

    fn at(pts: i32, channel: i32) -> UpdatesState {
        UpdatesState { pts, qts: 0, date: 1, seq: 1, channels: vec![ChannelState { id: 7, pts: channel }] }
    }

    #[test]
    fn each_gap_has_its_own_time() {
        let (mut behind, start) = (Behind::default(), Instant::now());
        behind.note(&[(Count::Channel(7), 5), (Count::Common, 3)], &at(3, 3), start);
        let later = start + Duration::from_millis(100);
        behind.note(&[(Count::Common, 6)], &at(3, 3), later);
        assert_eq!(behind.next_due(), Some(start + PATIENCE));
        assert_eq!(behind.take_due(&at(3, 3), start + PATIENCE), [Count::Channel(7)]);
        assert_eq!(behind.next_due(), Some(later + PATIENCE));
        assert_eq!(behind.take_due(&at(3, 5), later + PATIENCE), [Count::Common]);
        assert_eq!(behind.next_due(), None);
    }

    #[test]
    fn filled_gaps_are_forgotten() {
        let (mut behind, start) = (Behind::default(), Instant::now());
        behind.note(&[(Count::Common, 6), (Count::Channel(7), 9), (Count::Channel(8), 9)], &at(3, 3), start);
        behind.note(&[(Count::Common, 6)], &at(6, 3), start);
        assert_eq!(behind.take_due(&at(6, 9), start + PATIENCE), []);
    }

    #[test]
    fn failed_differences_are_due_again() {
        let (mut behind, start) = (Behind::default(), Instant::now());
        behind.note_failure(Count::Channel(7), start);
        behind.note(&[(Count::Channel(7), 9)], &at(3, 9), start);
        assert_eq!(behind.take_due(&at(3, 9), start), [Count::Channel(7)]);
    }
}
