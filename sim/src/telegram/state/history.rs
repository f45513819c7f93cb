//! The messages of one chat: kept one by one, or generated when somebody asks.
//!
//! A history may stand on a [`Source`], a pure function from id to message. What happens later
//! (edits, deletions, new messages) is laid over it, so that a million messages need the memory
//! of the few that changed.

use std::{borrow::Cow, collections::BTreeMap, fmt, ops::RangeInclusive, sync::Arc};

use grammers_tl_types as tl;

use super::message::id_of;

/// Messages that are made when they are asked for. Asking twice gives the same.
pub trait Source: Send + Sync {
    /// Where its ids are. Nobody else has ids in there.
    fn ids(&self) -> RangeInclusive<i32>;
    /// `None` for an id that was never given, as after a deletion.
    fn message(&self, id: i32) -> Option<tl::enums::Message>;
    /// When the message was sent, without making it. Never falls as ids rise; known for gaps too.
    fn date(&self, id: i32) -> i32;
    /// Whether there is a message with this id of the range. Must be cheap.
    fn has(&self, _id: i32) -> bool {
        true
    }
    /// The nearest message with a lower id. Sources with wide gaps should say it without a search.
    fn before(&self, id: i32) -> Option<i32> {
        let ids = self.ids();
        (*ids.start()..=(*ids.end()).min(id.saturating_sub(1))).rev().find(|id| self.has(*id))
    }
    /// The nearest message with a higher id.
    fn after(&self, id: i32) -> Option<i32> {
        let ids = self.ids();
        ((*ids.start()).max(id.saturating_add(1))..=*ids.end()).find(|id| self.has(*id))
    }
    /// How many of its messages have a lower id.
    fn count_below(&self, id: i32) -> usize {
        let ids = self.ids();
        let end = i64::from(id).clamp(i64::from(*ids.start()), i64::from(*ids.end()) + 1);
        usize::try_from(end - i64::from(*ids.start())).unwrap_or(0)
    }
    /// The messages that are pinned.
    fn pinned(&self) -> Vec<i32> {
        Vec::new()
    }
}

/// The messages of one chat, by id.
#[derive(Clone, Default)]
pub struct History {
    source: Option<Arc<dyn Source>>,
    /// Messages of the source that are not as it made them.
    changed: BTreeMap<i32, Box<tl::enums::Message>>,
    /// Messages of the source that were deleted; sorted.
    gone: Vec<i32>,
    /// Everything that is not of the source; sorted.
    own: Vec<(i32, Box<tl::enums::Message>)>,
    /// Everything up to here was cleared.
    floor: i32,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("len", &self.len()).field("top", &self.top()).finish()
    }
}

impl History {
    pub fn generated(source: Arc<dyn Source>) -> Self {
        Self { source: Some(source), ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.count_from(i32::MIN)
    }

    pub fn is_empty(&self) -> bool {
        self.top() == 0
    }

    /// The newest id, 0 if there is none.
    pub fn top(&self) -> i32 {
        self.ids_below(i32::MAX).next().unwrap_or(0)
    }

    /// Where the ids of the generated part are.
    pub fn generated_ids(&self) -> Option<RangeInclusive<i32>> {
        self.source.as_ref().map(|source| source.ids())
    }

    fn source_has(&self, id: i32) -> bool {
        id > self.floor
            && self.gone.binary_search(&id).is_err()
            && self.source.as_ref().is_some_and(|source| source.ids().contains(&id) && source.has(id))
    }

    fn own_place(&self, id: i32) -> Result<usize, usize> {
        self.own.binary_search_by_key(&id, |(id, _)| *id)
    }

    pub fn has(&self, id: i32) -> bool {
        self.own_place(id).is_ok() || self.source_has(id)
    }

    pub fn get(&self, id: i32) -> Option<Cow<'_, tl::enums::Message>> {
        if let Ok(place) = self.own_place(id) {
            return Some(Cow::Borrowed(&self.own[place].1));
        }
        if !self.source_has(id) {
            return None;
        }
        match self.changed.get(&id) {
            Some(message) => Some(Cow::Borrowed(message)),
            None => self.source.as_ref()?.message(id).map(Cow::Owned),
        }
    }

    /// When a message was sent, without making it.
    pub fn date(&self, id: i32) -> Option<i32> {
        match self.own_place(id) {
            Ok(place) => Some(super::message::date_of(&self.own[place].1)),
            Err(_) if self.source_has(id) => self.source.as_ref().map(|source| source.date(id)),
            Err(_) => None,
        }
    }

    /// Puts a message where its id says, over the one that may be there.
    pub fn insert(&mut self, message: tl::enums::Message) {
        let id = id_of(&message);
        match self.own_place(id) {
            Ok(place) => *self.own[place].1 = message,
            Err(_) if self.source_has(id) => drop(self.changed.insert(id, Box::new(message))),
            Err(place) => self.own.insert(place, (id, Box::new(message))),
        }
    }

    /// Changes a message in place. `None` if there is none.
    pub fn edit<T>(&mut self, id: i32, change: impl FnOnce(&mut tl::enums::Message) -> T) -> Option<T> {
        if let Ok(place) = self.own_place(id) {
            return Some(change(&mut self.own[place].1));
        }
        if !self.source_has(id) {
            return None;
        }
        if !self.changed.contains_key(&id) {
            let made = self.source.as_ref()?.message(id)?;
            self.changed.insert(id, Box::new(made));
        }
        self.changed.get_mut(&id).map(|message| change(message))
    }

    /// Whether there was such a message.
    pub fn remove(&mut self, id: i32) -> bool {
        if let Ok(place) = self.own_place(id) {
            self.own.remove(place);
            return true;
        }
        if !self.source_has(id) {
            return false;
        }
        self.changed.remove(&id);
        if let Err(place) = self.gone.binary_search(&id) {
            self.gone.insert(place, id);
        }
        true
    }

    /// Forgets everything up to an id.
    pub fn clear_to(&mut self, id: i32) {
        self.floor = self.floor.max(id);
        self.changed.retain(|other, _| *other > id);
        self.gone.retain(|other| *other > id);
        self.own.retain(|(other, _)| *other > id);
    }

    /// How many messages have this id or a higher one.
    pub fn count_from(&self, id: i32) -> usize {
        let own = self.own.len() - self.own.partition_point(|(other, _)| *other < id);
        let id = id.max(self.floor.saturating_add(1));
        let made = self.source.as_ref().map_or(0, |source| {
            let all = source.count_below(i32::MAX);
            all.saturating_sub(source.count_below(id))
        });
        let gone = self.gone.len() - self.gone.partition_point(|other| *other < id);
        own + made.saturating_sub(gone)
    }

    /// Ids lower than this one, newest first.
    pub fn ids_below(&self, id: i32) -> impl Iterator<Item = i32> + '_ {
        let end = self.own.partition_point(|(other, _)| *other < id);
        let own = self.own[..end].iter().rev().map(|(id, _)| *id);
        let made = self.source.as_ref().map(|source| {
            std::iter::successors(source.before(id), |id| source.before(*id))
                .take_while(|id| *id > self.floor)
                .filter(|id| self.gone.binary_search(id).is_err())
        });
        merged(own, made.into_iter().flatten(), |a, b| a > b)
    }

    /// This id and higher ones, oldest first.
    pub fn ids_from(&self, id: i32) -> impl Iterator<Item = i32> + '_ {
        let start = self.own.partition_point(|(other, _)| *other < id);
        let own = self.own[start..].iter().map(|(id, _)| *id);
        let made = self.source.as_ref().map(|source| {
            let first = id.max(self.floor.saturating_add(1)).saturating_sub(1);
            std::iter::successors(source.after(first), |id| source.after(*id))
                .filter(|id| self.gone.binary_search(id).is_err())
        });
        merged(own, made.into_iter().flatten(), |a, b| a < b)
    }

    /// The oldest id sent at this moment or later; one more than the newest when there is none.
    pub fn first_at(&self, date: i32) -> i32 {
        let end = self.top().saturating_add(1);
        let own = self.own.partition_point(|(_, message)| super::message::date_of(message) < date);
        let own = self.own.get(own).map_or(end, |(id, _)| *id);
        let made = self.source.as_ref().map_or(end, |source| {
            let (mut low, mut high) = (i64::from(*source.ids().start()), i64::from(*source.ids().end()) + 1);
            let last = high;
            while low < high {
                let middle = low + (high - low) / 2;
                let id = i32::try_from(middle).unwrap_or(i32::MAX);
                if source.date(id) < date { low = middle + 1 } else { high = middle }
            }
            if low == last { end } else { i32::try_from(low).unwrap_or(end) }
        });
        own.min(made)
    }

    /// The pinned messages, newest first.
    pub fn pinned(&self) -> Vec<i32> {
        let own = self.own.iter().map(|(id, _)| *id);
        let changed = self.changed.keys().copied();
        let made = self.source.iter().flat_map(|source| source.pinned());
        let mut ids: Vec<i32> = own.chain(changed).chain(made).collect();
        ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
        ids.dedup();
        ids.retain(|id| self.get(*id).is_some_and(|message| super::message::is_pinned(&message)));
        ids
    }
}

/// Two sorted lists as one.
fn merged(
    first: impl Iterator<Item = i32>,
    second: impl Iterator<Item = i32>,
    goes_first: fn(i32, i32) -> bool,
) -> impl Iterator<Item = i32> {
    let (mut first, mut second) = (first.peekable(), second.peekable());
    std::iter::from_fn(move || match (first.peek(), second.peek()) {
        (Some(a), Some(b)) if goes_first(*a, *b) => first.next(),
        (Some(_), None) => first.next(),
        _ => second.next(),
    })
}
