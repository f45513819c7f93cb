//! Stretches of message ids.

use serde::{Deserialize, Serialize};

use crate::model::MessageId;

/// Both ends are part of it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
pub struct IdRange {
    pub first: MessageId,
    pub last: MessageId,
}

impl IdRange {
    /// `None` when there is nothing between the two.
    pub fn new(first: MessageId, last: MessageId) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    pub fn of(id: MessageId) -> Self {
        Self { first: id, last: id }
    }

    pub fn contains(&self, id: MessageId) -> bool {
        (self.first..=self.last).contains(&id)
    }

    pub fn len(&self) -> u64 {
        u64::try_from(i64::from(self.last.0) - i64::from(self.first.0) + 1).unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nothing lies between the two.
    fn meets(&self, other: &Self) -> bool {
        i64::from(self.first.0) <= i64::from(other.last.0) + 1
            && i64::from(other.first.0) <= i64::from(self.last.0) + 1
    }
}

/// A set of ids as stretches: in order, apart, never meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<IdRange>")]
pub struct Ranges(Vec<IdRange>);

impl From<Vec<IdRange>> for Ranges {
    fn from(all: Vec<IdRange>) -> Self {
        all.into_iter().collect()
    }
}

impl FromIterator<IdRange> for Ranges {
    fn from_iter<T: IntoIterator<Item = IdRange>>(all: T) -> Self {
        let mut ranges = Self::default();
        all.into_iter().for_each(|range| ranges.add(range));
        ranges
    }
}

impl Ranges {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = IdRange> + '_ {
        self.0.iter().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many ids they hold.
    pub fn count(&self) -> u64 {
        self.0.iter().map(IdRange::len).sum()
    }

    pub fn add(&mut self, range: IdRange) {
        let from = self.0.partition_point(|it| !it.meets(&range) && it.last < range.first);
        let to = from + self.0[from..].partition_point(|it| it.meets(&range));
        let merged = self.0[from..to]
            .iter()
            .fold(range, |all, it| IdRange { first: all.first.min(it.first), last: all.last.max(it.last) });
        self.0.splice(from..to, [merged]);
    }

    pub fn contains(&self, id: MessageId) -> bool {
        let at = self.0.partition_point(|it| it.last < id);
        self.0.get(at).is_some_and(|it| it.contains(id))
    }

    /// What both hold.
    pub fn common(&self, other: &Self) -> Self {
        let mut common = Vec::new();
        for range in &self.0 {
            let from = other.0.partition_point(|it| it.last < range.first);
            let met = other.0[from..].iter().take_while(|it| it.first <= range.last);
            let both =
                |it: &IdRange| IdRange { first: it.first.max(range.first), last: it.last.min(range.last) };
            common.extend(met.map(both));
        }
        Self(common)
    }

    /// What of this stretch they do not hold.
    pub fn gaps(&self, within: IdRange) -> Vec<IdRange> {
        let mut gaps = Vec::new();
        let mut next = i64::from(within.first.0);
        let id = |id: i64| MessageId(i32::try_from(id).unwrap_or(i32::MAX));
        for range in self.0.iter().filter(|it| it.last >= within.first && it.first <= within.last) {
            gaps.extend(
                IdRange::new(id(next), id(i64::from(range.first.0) - 1))
                    .filter(|_| next < i64::from(range.first.0)),
            );
            next = next.max(i64::from(range.last.0) + 1);
        }
        if next <= i64::from(within.last.0) {
            gaps.extend(IdRange::new(id(next), within.last));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn range((first, length): (i32, i32)) -> IdRange {
        IdRange::new(MessageId(first), MessageId(first + length)).unwrap()
    }

    proptest! {
        #[test]
        fn stretches_are_the_set_of_their_ids(parts in prop::collection::vec((1..60_i32, 0..9_i32), 0..12), asked in (1..60_i32, 0..30_i32)) {
            let ranges: Ranges = parts.iter().copied().map(range).collect();
            let ids: BTreeSet<i32> = parts.iter().flat_map(|(first, length)| *first..=first + length).collect();
            let all: Vec<i32> = ranges.iter().flat_map(|it| it.first.0..=it.last.0).collect();
            prop_assert_eq!(&all, &ids.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(ranges.count(), ids.len() as u64);
            prop_assert!(ranges.0.is_sorted_by(|a, b| !a.meets(b) && a < b));
            let within = range(asked);
            let gaps: Vec<i32> = ranges.gaps(within).iter().flat_map(|it| it.first.0..=it.last.0).collect();
            let missing: Vec<i32> = (within.first.0..=within.last.0).filter(|id| !ids.contains(id)).collect();
            prop_assert_eq!(gaps, missing);
            let asked: Ranges = [within].into_iter().collect();
            let common: Vec<i32> =
                ranges.common(&asked).iter().flat_map(|it| it.first.0..=it.last.0).collect();
            let both: Vec<i32> = ids.iter().copied().filter(|id| within.contains(MessageId(*id))).collect();
            prop_assert_eq!(ranges.common(&asked), asked.common(&ranges));
            prop_assert_eq!(common, both);
            for id in 1..70 {
                prop_assert_eq!(ranges.contains(MessageId(id)), ids.contains(&id));
            }
        }
    }

    #[test]
    fn the_last_id_there_is_does_no_harm() {
        let all: Ranges = [IdRange { first: MessageId(1), last: MessageId(i32::MAX) }].into_iter().collect();
        assert!(all.gaps(IdRange::of(MessageId(i32::MAX))).is_empty());
        assert_eq!(all.count(), i32::MAX as u64);
    }
}
