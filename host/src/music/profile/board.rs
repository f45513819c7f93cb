//! What people see of a profile, and how they wake whoever works on it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use crate::model::AccountName;

/// Of all accounts. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Boards {
    boards: Arc<Mutex<BTreeMap<AccountName, Board>>>,
}

impl Boards {
    pub fn of(&self, account: &AccountName) -> Board {
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        boards.entry(account.clone()).or_default().clone()
    }
}

/// Of one account. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Board {
    shown: Arc<Mutex<Shown>>,
    wishes: Arc<watch::Sender<u64>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Default for Board {
    fn default() -> Self {
        Self { shown: Arc::default(), wishes: Arc::new(watch::Sender::new(0)), turn: Arc::default() }
    }
}

/// What was seen and what goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The songs on the profile, the topmost first, as far as they were ever seen.
    pub profile: Option<Vec<SeenSong>>,
    pub seen: Option<Timestamp>,
    pub on_the_way: Vec<OnTheWay>,
    /// Telegram asked for a pause.
    pub waiting_until: Option<Timestamp>,
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

impl Board {
    pub fn shown(&self) -> Shown {
        self.lock().clone()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.lock());
    }

    /// Somebody has asked for something: whoever is at work looks again.
    pub fn wake(&self) {
        self.wishes.send_modify(|wishes| *wishes += 1);
    }

    pub(super) fn wishes(&self) -> watch::Receiver<u64> {
        self.wishes.subscribe()
    }

    /// Held by whoever works on the profile.
    pub(super) async fn turn(&self) -> tokio::sync::OwnedMutexGuard<()> {
        self.turn.clone().lock_owned().await
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
