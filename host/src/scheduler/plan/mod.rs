//! What to do about the fires whose time has come: pure arithmetic, no clock, no ledger.
//!
//! Properties: each fire after `decided_until` whose moment has passed ends up in exactly one of
//! `run` or `missed`; fires are decided in order; whatever the length of the outage, the work and
//! the number of entries are bounded.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::triggers::{Fire, TimeTriggers};
use crate::model::{Covered, Missed, Policy};

/// A fire this late is still on time: the machine was merely busy.
const ON_TIME: SignedDuration = SignedDuration::from_secs(2);
/// The newest fire has more room than the ones before it: nothing newer replaces it.
const NEWEST_ON_TIME: SignedDuration = SignedDuration::from_secs(60);
/// How many past fires are looked at one by one.
const MOST_COUNTED: u64 = 100_000;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// In the order of their time.
    pub(super) run: Vec<Fire>,
    pub(super) missed: Vec<MissedFires>,
    /// `None`: no fire was due.
    pub(super) decided_until: Option<Timestamp>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct MissedFires {
    pub(super) covered: Covered,
    pub(super) reason: &'static str,
}

/// When a fire really starts: its time plus a share of the jitter. The share depends on the seed
/// and the fire alone, so that a restart in between does not draw again.
pub(super) fn wake_of(
    triggers: &TimeTriggers,
    policy: &Policy,
    anchor: Timestamp,
    seed: u64,
    fire: &Fire,
) -> Timestamp {
    let Ok(jitter) = SignedDuration::try_from(policy.jitter.0) else { return fire.due };
    if jitter.is_zero() {
        return fire.due;
    }
    let until_next = triggers.next_after(fire.due, anchor).map(|next| next.due.duration_since(fire.due));
    let most = until_next.map_or(jitter, |gap| jitter.min(gap)).as_millis();
    let share = (u128::from(hash(seed, fire.due)) * u128::try_from(most).unwrap_or(0)) >> 64;
    let delay = SignedDuration::from_millis(i64::try_from(share).unwrap_or(0));
    fire.due.checked_add(delay).unwrap_or(fire.due)
}

/// SplitMix64: well spread, and the same for ever.
fn hash(seed: u64, due: Timestamp) -> u64 {
    let mut z = seed ^ due.as_millisecond().cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Decides about every fire in (`decided_until`, `now`].
pub(super) fn plan(
    triggers: &TimeTriggers,
    policy: &Policy,
    decided_until: Timestamp,
    anchor: Timestamp,
    now: Timestamp,
    wake_of: impl Fn(&Fire) -> Timestamp,
) -> Plan {
    // A fire that is punctual, or that jitter holds back, is not missed however small the window.
    let window =
        SignedDuration::try_from(policy.missed_window.0.max(NEWEST_ON_TIME.unsigned_abs()) + policy.jitter.0)
            .unwrap_or(SignedDuration::MAX);
    let window_start = now.checked_sub(window).unwrap_or(Timestamp::MIN);
    let mut plan = Plan::default();
    let mut past = Past::new(match policy.missed {
        Missed::Skip => 1,
        Missed::Once => 1,
        Missed::All => policy.missed_limit.max(1) as usize,
    });

    let mut at = decided_until;
    if decided_until < window_start {
        if let Some(covered) = count_between(triggers, anchor, decided_until, window_start) {
            plan.decided_until = Some(covered.until);
            plan.missed.push(MissedFires { covered, reason: "older than missed_window" });
        }
        at = window_start;
    }
    while let Some(fire) = triggers.next_after(at, anchor) {
        let wake = wake_of(&fire);
        if wake > now {
            break;
        }
        at = fire.due;
        plan.decided_until = Some(at);
        if now.duration_since(wake) <= ON_TIME {
            plan.run.push(fire);
        } else if !past.push(fire) {
            plan.decided_until = Some(now);
            break;
        }
    }
    past.settle(policy.missed, now, wake_of, &mut plan);
    plan
}

/// Late fires: the newest few in full, the rest as a count.
struct Past {
    kept: VecDeque<Fire>,
    most_kept: usize,
    dropped: Option<Covered>,
    seen: u64,
}

impl Past {
    fn new(most_kept: usize) -> Self {
        Self { kept: VecDeque::new(), most_kept, dropped: None, seen: 0 }
    }

    /// `false` when there are too many to go on counting.
    fn push(&mut self, fire: Fire) -> bool {
        self.seen += 1;
        self.kept.push_back(fire);
        if self.kept.len() > self.most_kept {
            self.drop_oldest();
        }
        if self.seen < MOST_COUNTED {
            return true;
        }
        if let Some(dropped) = &mut self.dropped {
            dropped.is_at_least = true;
        }
        false
    }

    fn drop_oldest(&mut self) {
        let Some(fire) = self.kept.pop_front() else { return };
        extend(&mut self.dropped, fire.due);
    }

    fn settle(
        mut self,
        policy: Missed,
        now: Timestamp,
        wake_of: impl Fn(&Fire) -> Timestamp,
        plan: &mut Plan,
    ) {
        let Some(newest) = self.kept.back() else { return };
        let is_newest_on_time = plan.run.is_empty() && now.duration_since(wake_of(newest)) <= NEWEST_ON_TIME;
        let reason = match policy {
            Missed::Skip => {
                if is_newest_on_time {
                    plan.run.extend(self.kept.pop_back());
                }
                while !self.kept.is_empty() {
                    self.drop_oldest();
                }
                "nothing could run at that time (missed = \"skip\")"
            }
            Missed::Once => {
                // A fire that is on time makes up for the late ones as well.
                if plan.run.is_empty() {
                    plan.run.extend(self.kept.pop_back());
                }
                while !self.kept.is_empty() {
                    self.drop_oldest();
                }
                "one later run makes up for it (missed = \"once\")"
            }
            Missed::All => {
                plan.run.splice(0..0, self.kept.drain(..));
                "more fires were missed than missed_limit"
            }
        };
        plan.missed.extend(self.dropped.map(|covered| MissedFires { covered, reason }));
    }
}

pub(super) fn extend(covered: &mut Option<Covered>, due: Timestamp) {
    match covered {
        Some(covered) => {
            covered.until = due;
            covered.count += 1;
        }
        None => *covered = Some(Covered { from: due, until: due, count: 1, is_at_least: false }),
    }
}

/// The fires in (`from`, `until`], counted up to a bound.
pub(super) fn count_between(
    triggers: &TimeTriggers,
    anchor: Timestamp,
    from: Timestamp,
    until: Timestamp,
) -> Option<Covered> {
    let mut covered = None;
    let mut at = from;
    for _ in 0..MOST_COUNTED {
        match triggers.next_after(at, anchor).filter(|fire| fire.due <= until) {
            Some(fire) => {
                at = fire.due;
                extend(&mut covered, at);
            }
            None => return covered,
        }
    }
    let mut covered: Covered = covered?;
    covered.until = until;
    covered.is_at_least = true;
    Some(covered)
}

#[cfg(test)]
mod tests;
