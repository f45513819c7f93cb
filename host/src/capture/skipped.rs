//! Messages that were read and not kept: which, and why.

use std::collections::BTreeMap;

use crate::{
    archive::{IdRange, Ranges, Write},
    model::{MessageId, PeerId},
};

/// What is told of them. Others may tell of the same chat meanwhile.
pub(super) fn skipped(chat: PeerId, skipped: Vec<(MessageId, String)>) -> impl Iterator<Item = Write> {
    let mut by_reason: BTreeMap<String, Ranges> = BTreeMap::new();
    for (id, why) in skipped {
        by_reason.entry(why).or_default().add(IdRange::of(id));
    }
    by_reason.into_iter().map(move |(why, ids)| Write::Skipped { chat, ids, why })
}
