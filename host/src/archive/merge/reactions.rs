//! Reactions: the last full list counts, and what went is remembered.

use crate::model::{Reaction, Reactions};

/// None told is nothing told: that all are gone is told by a list without any, and then it is as if nobody had ever
/// given one; what went is remembered elsewhere. A partial list does not say what we chose ourselves, and never takes
/// the place of a full one.
pub(crate) fn merge_reactions(stored: Option<&Reactions>, told: Option<&Reactions>) -> Option<Reactions> {
    match (stored, told) {
        (stored, None) => stored.cloned(),
        (Some(stored), Some(told)) if told.is_partial && !stored.is_partial => Some(stored.clone()),
        (_, Some(told)) => Some(told.clone()).filter(|told| !told.counts.is_empty()),
    }
}

/// What a list of reactions has lost against the one before, and what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// With how many there were last.
    pub(crate) gone: Vec<(Reaction, i32)>,
    pub(crate) present: Vec<Reaction>,
}

pub(crate) fn moved(before: Option<&Reactions>, after: Option<&Reactions>) -> Moved {
    let given = |of: Option<&Reactions>| -> Vec<(Reaction, i32)> {
        let counts = of.into_iter().flat_map(|of| &of.counts).filter(|count| count.count > 0);
        counts.map(|count| (count.reaction.clone(), count.count)).collect()
    };
    let (before, after) = (given(before), given(after));
    let is_gone = |was: &(Reaction, i32)| !after.iter().any(|(is, _)| *is == was.0);
    Moved {
        gone: before.into_iter().filter(is_gone).collect(),
        present: after.into_iter().map(|(reaction, _)| reaction).collect(),
    }
}
