//! Which chats there are, and which ids, dates and kinds of messages each has.
//!
//! Messages with people, bots and basic groups share one sequence of ids, as in every account. Groups that
//! became supergroups come first in it; after them the ids repeat a pattern of short runs, one chat after
//! the other, so that the chat of an id, and the n-th id of a chat, are arithmetic.

use super::{
    Recipe,
    dice::Dice,
    people::{Cast, Gathered, ME},
    talk::Tongue,
};

/// Every so many places the kinds of messages repeat.
pub(super) const BLOCK: usize = 40;
/// The place of each block that is empty: somebody deleted the message.
const HOLE: usize = 15;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatKind {
    Saved,
    Private,
    Bot,
    Group,
    /// A basic group that became the supergroup that follows it.
    OldGroup,
    /// The supergroup that it became.
    NewGroup,
    Supergroup,
    Forum,
    Channel,
}

/// One chat of a generated world.
#[derive(Clone, Debug)]
pub struct PlannedChat {
    pub kind: ChatKind,
    /// Of the user, the basic group or the channel.
    pub id: i64,
    pub title: String,
    pub(super) tongue: Tongue,
    /// How many messages there are in it.
    pub messages: usize,
    /// Places for messages, deleted ones among them.
    pub(super) places: usize,
    /// Who takes part, the account among them.
    pub(super) members: Vec<i64>,
    /// Places within the pattern of the shared sequence.
    slots: Vec<usize>,
    /// Ids up to here are others': what a group that came earlier has.
    offset: usize,
    pub(super) since: i32,
    until: i32,
}

/// The whole plan: small, however many messages there are.
#[derive(Clone, Debug)]
pub struct Plan {
    pub recipe: Recipe,
    pub chats: Vec<PlannedChat>,
    pub(super) cast: Cast,
    /// Ids of the shared sequence before the pattern begins.
    prefix: usize,
    pattern: usize,
    /// How many ids the shared sequence has.
    shared: usize,
    since: i32,
}

const CYCLE: [ChatKind; 11] = [
    ChatKind::Saved,
    ChatKind::Private,
    ChatKind::Supergroup,
    ChatKind::Channel,
    ChatKind::Private,
    ChatKind::Group,
    ChatKind::Forum,
    ChatKind::OldGroup,
    ChatKind::NewGroup,
    ChatKind::Bot,
    ChatKind::Private,
];

impl ChatKind {
    pub fn is_channel(self) -> bool {
        matches!(self, Self::Supergroup | Self::Forum | Self::Channel | Self::NewGroup)
    }

    fn weight(self) -> usize {
        match self {
            Self::Saved | Self::Bot => 1,
            Self::OldGroup | Self::Channel => 2,
            Self::Private | Self::Group => 3,
            Self::NewGroup => 4,
            Self::Forum => 5,
            Self::Supergroup => 6,
        }
    }
}

impl Plan {
    pub fn new(recipe: &Recipe) -> Self {
        let wanted = recipe.messages.max(1);
        let count = recipe.chats.clamp(1, wanted);
        let cast = Cast::new(recipe.seed, count);
        let span =
            i64::try_from(wanted).unwrap_or(i64::MAX).saturating_mul(400).clamp(90 * DAY, 6 * 365 * DAY);
        let since = recipe.until.saturating_sub(i32::try_from(span).unwrap_or(i32::MAX));
        let mut chats = kinds(count)
            .enumerate()
            .map(|(place, kind)| cast.chat(place, kind))
            .map(|Gathered { kind, id, title, tongue, members }| PlannedChat {
                kind,
                id,
                title,
                tongue,
                messages: 0,
                places: 0,
                members,
                slots: Vec::new(),
                offset: 0,
                since,
                until: recipe.until,
            })
            .collect::<Vec<_>>();
        share_out(&mut chats, wanted, recipe.seed);
        let mut plan = Self { recipe: recipe.clone(), chats, cast, prefix: 0, pattern: 0, shared: 0, since };
        plan.place_old_groups();
        plan.place_shared();
        plan.place_channels();
        plan
    }

    /// The account that sees it all.
    pub fn me(&self) -> i64 {
        ME
    }

    pub fn messages(&self) -> usize {
        self.chats.iter().map(|chat| chat.messages).sum()
    }

    fn place_old_groups(&mut self) {
        for chat in self.chats.iter_mut().filter(|chat| chat.kind == ChatKind::OldGroup) {
            chat.places = places_for(chat.messages);
            chat.offset = self.prefix;
            self.prefix += chat.places;
        }
    }

    fn place_shared(&mut self) {
        let is_shared = |chat: &&mut PlannedChat| !chat.kind.is_channel() && chat.kind != ChatKind::OldGroup;
        let mut runs: Vec<usize> = Vec::new();
        for (number, chat) in self.chats.iter().enumerate() {
            if !chat.kind.is_channel() && chat.kind != ChatKind::OldGroup {
                runs.extend(std::iter::repeat_n(number, chat.kind.weight() * 2));
            }
        }
        let mut dice = Dice::at(self.recipe.seed, &[0x7275_6e73]);
        for place in (1..runs.len()).rev() {
            runs.swap(place, dice.below(place + 1));
        }
        for number in runs {
            for _ in 0..dice.below(4) + 1 {
                self.chats[number].slots.push(self.pattern);
                self.pattern += 1;
            }
        }
        let wanted: usize = self.chats.iter_mut().filter(is_shared).map(|chat| chat.messages).sum();
        let mut total = wanted;
        while self.shared_messages(total) < wanted {
            total += wanted - self.shared_messages(total);
        }
        self.shared = self.prefix + total;
        let (prefix, pattern) = (self.prefix, self.pattern);
        for chat in self.chats.iter_mut().filter(is_shared) {
            chat.offset = prefix;
            chat.places = places_in(&chat.slots, pattern, total);
            chat.messages = existing(chat.places);
        }
    }

    fn shared_messages(&self, total: usize) -> usize {
        let chats = self.chats.iter().filter(|chat| !chat.slots.is_empty());
        chats.map(|chat| existing(places_in(&chat.slots, self.pattern, total))).sum()
    }

    fn place_channels(&mut self) {
        for number in 0..self.chats.len() {
            let mut dice = Dice::at(self.recipe.seed, &[0x6461_7465, self.chats[number].id]);
            let until = self.recipe.until.saturating_sub(dice.between(0, 40_000));
            let since = match self.chats[number].kind {
                ChatKind::NewGroup => {
                    self.date(number - 1, self.id(number - 1, self.chats[number - 1].places - 1))
                }
                kind if kind.is_channel() => self.since + dice.between(0, (until - self.since) / 3),
                _ => continue,
            };
            let chat = &mut self.chats[number];
            (chat.since, chat.until) = (since, until);
            chat.places = places_for(chat.messages);
        }
    }

    /// The id at a place of a chat.
    pub(super) fn id(&self, chat: usize, place: usize) -> i32 {
        let chat = &self.chats[chat];
        let id = if chat.slots.is_empty() {
            chat.offset + place + 1
        } else {
            let (round, slot) = (place / chat.slots.len(), place % chat.slots.len());
            chat.offset + round * self.pattern + chat.slots[slot] + 1
        };
        i32::try_from(id).unwrap_or(i32::MAX)
    }

    /// How many places of a chat have lower ids.
    pub(super) fn places_below(&self, chat: usize, id: i32) -> usize {
        let chat = &self.chats[chat];
        let before = usize::try_from(id).unwrap_or(0).saturating_sub(chat.offset + 1);
        let places =
            if chat.slots.is_empty() { before } else { places_in(&chat.slots, self.pattern, before) };
        places.min(chat.places)
    }

    /// The place of an id, if the chat has it.
    pub(super) fn place(&self, chat: usize, id: i32) -> Option<usize> {
        let place = self.places_below(chat, id);
        (place < self.chats[chat].places && self.id(chat, place) == id).then_some(place)
    }

    pub(super) fn date(&self, chat: usize, id: i32) -> i32 {
        let chat = &self.chats[chat];
        let (since, until, ids) = if chat.kind.is_channel() {
            (chat.since, chat.until, chat.places)
        } else {
            (self.since, self.recipe.until, self.shared)
        };
        let (id, ids) = (i64::from(id.max(1) - 1), i64::try_from(ids.max(1)).unwrap_or(i64::MAX));
        let at = |id: i64| i64::from(since) + i64::from(until - since) * id / ids;
        // People talk for a while, then there is silence.
        let talk = id - id % TALK;
        let pace = ((at(talk + TALK) - at(talk)) / (TALK + 1)).min(70);
        by_day(at(talk) + id % TALK * pace, until).max(since)
    }
}

/// How many messages follow each other closely.
const TALK: i64 = 12;

/// The same day between half past six and half past eleven: few write at night.
fn by_day(moment: i64, until: i32) -> i32 {
    let (day, second) = (moment.div_euclid(DAY), moment.rem_euclid(DAY));
    let awake = day * DAY + 23_400 + second * 61_200 / DAY;
    i32::try_from(awake.min(i64::from(until))).unwrap_or(until)
}

impl PlannedChat {
    /// Whether there is a message at a place, or it was deleted.
    pub(super) fn has(&self, place: usize) -> bool {
        place < self.places && (place % BLOCK != HOLE || place + 1 == self.places)
    }

    /// How many messages are before a place.
    pub(super) fn messages_before(&self, place: usize) -> usize {
        if place >= self.places { existing(self.places) } else { place - (place + BLOCK - HOLE - 1) / BLOCK }
    }
}

const DAY: i64 = 86_400;

/// The kinds of so many chats; a group that became a supergroup is never without it.
fn kinds(count: usize) -> impl Iterator<Item = ChatKind> {
    (0..count).map(move |place| match CYCLE[place % CYCLE.len()] {
        ChatKind::Saved if place > 0 => ChatKind::Channel,
        ChatKind::OldGroup if place + 1 == count => ChatKind::Group,
        kind => kind,
    })
}

/// Gives each chat its number of messages: at least one, and by weight and luck.
fn share_out(chats: &mut [PlannedChat], wanted: usize, seed: u64) {
    let weigh =
        |chat: &PlannedChat| chat.kind.weight() * (Dice::at(seed, &[0x7368_6172, chat.id]).below(4) + 1);
    let total: usize = chats.iter().map(weigh).sum();
    let free = wanted - chats.len();
    let mut left = free;
    for chat in chats.iter_mut() {
        let share = free * weigh(chat) / total;
        chat.messages = 1 + share;
        left -= share;
    }
    for place in 0..left {
        chats[place % chats.len()].messages += 1;
    }
}

/// How many messages are at so many places: the last one always is.
fn existing(places: usize) -> usize {
    if places == 0 { 0 } else { places - (places - 1 + BLOCK - HOLE - 1) / BLOCK }
}

fn places_for(messages: usize) -> usize {
    let mut places = messages;
    while existing(places) < messages {
        places += messages - existing(places);
    }
    places
}

/// How many of the first `total` places of a repeated pattern are in these slots.
fn places_in(slots: &[usize], pattern: usize, total: usize) -> usize {
    if pattern == 0 {
        return 0;
    }
    (total / pattern) * slots.len() + slots.partition_point(|slot| *slot < total % pattern)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn plan(messages: usize, chats: usize) -> Plan {
        Plan::new(&Recipe { messages, chats, ..Recipe::default() })
    }

    #[test]
    fn counts_are_exact() {
        for (messages, chats) in [(1, 1), (10, 20), (11, 11), (500, 30), (12_345, 50), (1_000_000, 200)] {
            let plan = plan(messages, chats);
            assert_eq!(plan.messages(), messages, "{messages} in {chats}");
            for chat in &plan.chats {
                if chat.places < 5_000 {
                    assert_eq!((0..chat.places).filter(|place| chat.has(*place)).count(), chat.messages);
                }
            }
        }
    }

    #[test]
    fn ids_and_places_agree() {
        let plan = plan(3_000, 25);
        let mut shared = BTreeSet::new();
        for (number, chat) in plan.chats.iter().enumerate() {
            let ids: Vec<i32> = (0..chat.places).map(|place| plan.id(number, place)).collect();
            assert!(ids.is_sorted());
            for (place, id) in ids.iter().enumerate() {
                assert_eq!((plan.place(number, *id), plan.places_below(number, *id)), (Some(place), place));
                if !chat.kind.is_channel() {
                    assert!(shared.insert(*id), "{id} belongs to two chats");
                }
            }
        }
        assert_eq!(shared.len(), usize::try_from(*shared.last().unwrap()).unwrap(), "no id is left over");
    }

    #[test]
    fn messages_before_a_place_are_counted() {
        let plan = plan(1_000, 3);
        let chat = plan.chats.iter().max_by_key(|chat| chat.places).unwrap();
        for place in 0..=chat.places {
            let counted = (0..place).filter(|before| chat.has(*before)).count();
            assert_eq!(chat.messages_before(place), counted, "{place} of {}", chat.places);
        }
    }

    #[test]
    fn dates_never_fall() {
        let plan = plan(2_000, 15);
        for (number, chat) in plan.chats.iter().enumerate() {
            let dates: Vec<i32> =
                (0..chat.places).map(|place| plan.date(number, plan.id(number, place))).collect();
            assert!(dates.is_sorted());
            assert!(dates.last().is_none_or(|last| *last <= plan.recipe.until));
        }
        let new = plan.chats.iter().position(|chat| chat.kind == ChatKind::NewGroup).unwrap();
        let moved = plan.date(new - 1, plan.id(new - 1, plan.chats[new - 1].places - 1));
        assert!(plan.date(new, 1) >= moved);
    }
}
