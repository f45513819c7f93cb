//! What people see of a profile, and how they wake whoever works on it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use super::{Figures, Rules};
use crate::{
    event::{Bus, Event},
    model::AccountName,
    music::backends::Chain,
};

/// In one file's way, listeners hear of so many steps.
const STEPS: u64 = 10;

/// Of all accounts. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Boards {
    boards: Arc<Mutex<BTreeMap<AccountName, Board>>>,
    bus: Option<Bus>,
}

impl Boards {
    /// Listeners of the bus hear of each change.
    pub fn telling(bus: Bus) -> Self {
        Self { bus: Some(bus), ..Self::default() }
    }

    pub fn all(&self) -> Vec<(AccountName, Board)> {
        let boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        boards.iter().map(|(account, board)| (account.clone(), board.clone())).collect()
    }

    pub fn of(&self, account: &AccountName) -> Board {
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        let listener = || self.bus.clone().map(|bus| (bus, account.clone()));
        boards.entry(account.clone()).or_insert_with(|| Board::new(listener())).clone()
    }
}

/// Of one account. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Board {
    shown: Arc<Mutex<Shown>>,
    terms: Arc<Mutex<Option<Terms>>>,
    wishes: Arc<watch::Sender<u64>>,
    turn: Arc<tokio::sync::Mutex<()>>,
    listener: Option<(Bus, AccountName)>,
}

/// What was seen and what goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The songs on the profile, the topmost first, as far as they were ever seen.
    pub profile: Option<Vec<SeenSong>>,
    pub seen: Option<Timestamp>,
    pub on_the_way: Vec<OnTheWay>,
    /// How far files are on their way up, by track.
    pub sending: BTreeMap<String, SentPart>,
    /// Telegram asked for a pause.
    pub waiting_until: Option<Timestamp>,
    /// What was done since the start; of what is there, what the last run found.
    pub done: Figures,
}

/// How whoever works on the profile does so.
#[derive(Clone, Debug)]
pub struct Terms {
    pub chain: Chain,
    pub rules: Rules,
}

/// A song on the profile, whosever it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SeenSong {
    /// Telegram's number of the document.
    pub document: i64,
    pub title: Option<String>,
    pub performer: Option<String>,
    pub seconds: u32,
}

/// A track whose file is being fetched or sent up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OnTheWay {
    pub track: String,
    /// Something stands in its place already.
    pub is_upgrade: bool,
}

/// How much of a file is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentPart {
    pub done_bytes: u64,
    pub total_bytes: u64,
}

impl Board {
    fn new(listener: Option<(Bus, AccountName)>) -> Self {
        Self {
            shown: Arc::default(),
            terms: Arc::default(),
            wishes: Arc::new(watch::Sender::new(0)),
            turn: Arc::default(),
            listener,
        }
    }

    pub fn shown(&self) -> Shown {
        self.lock().clone()
    }

    /// A run is over that did this.
    pub(crate) fn note_run(&self, figures: &Figures) {
        self.change(|shown| shown.done = shown.done.and(figures));
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Shown)) {
        let mut shown = self.lock();
        let before = shown.clone();
        change(&mut shown);
        // That it looks the same as before is no news.
        let is_news = Shown { seen: shown.seen, ..before } != *shown;
        drop(shown);
        if is_news {
            self.tell();
        }
    }

    /// A file is on its way up until this is dropped.
    pub(super) fn sending(&self, track: &str) -> Sending {
        Sending { board: self.clone(), track: track.to_owned() }
    }

    /// From the start of a run on.
    pub fn note_terms(&self, terms: Terms) {
        *self.terms.lock().unwrap_or_else(PoisonError::into_inner) = Some(terms);
    }

    /// `None`: nobody has worked on this profile since the start.
    pub fn terms(&self) -> Option<Terms> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Somebody has asked for something: whoever is at work looks again.
    pub fn wake(&self) {
        self.wishes.send_modify(|wishes| *wishes += 1);
    }

    pub(in crate::music) fn wishes(&self) -> watch::Receiver<u64> {
        self.wishes.subscribe()
    }

    /// Held by whoever works on the profile.
    pub(super) async fn turn(&self) -> tokio::sync::OwnedMutexGuard<()> {
        self.turn.clone().lock_owned().await
    }

    fn tell(&self) {
        if let Some((bus, account)) = &self.listener {
            bus.send(Event::Profile(account.clone()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file on its way up.
#[derive(Debug)]
pub(super) struct Sending {
    board: Board,
    track: String,
}

impl Sending {
    pub(super) fn note(&self, part: SentPart) {
        let step = |part: &SentPart| part.done_bytes * STEPS / part.total_bytes.max(1);
        let before = self.board.lock().sending.get(&self.track).copied();
        if before.is_none_or(|before| step(&before) != step(&part)) {
            self.board.change(|shown| {
                shown.sending.insert(self.track.clone(), part);
            });
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.board.change(|shown| {
            shown.sending.remove(&self.track);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(bus: &Bus) -> u64 {
        bus.last_id()
    }

    #[test]
    fn looking_again_is_no_news() {
        let bus = Bus::default();
        let board = Boards::telling(bus.clone()).of(&"main".parse().unwrap());
        board.change(|shown| shown.profile = Some(Vec::new()));
        assert_eq!(events(&bus), 1);
        board.change(|shown| shown.seen = Some(Timestamp::UNIX_EPOCH));
        assert_eq!(events(&bus), 1);
    }

    #[test]
    fn a_file_tells_of_ten_steps() {
        let bus = Bus::default();
        let board = Boards::telling(bus.clone()).of(&"main".parse().unwrap());
        let sending = board.sending("spotify:1");
        (0..=1000).for_each(|done_bytes| sending.note(SentPart { done_bytes, total_bytes: 1000 }));
        assert_eq!(events(&bus), 11);
        drop(sending);
        assert!(board.shown().sending.is_empty());
    }
}
