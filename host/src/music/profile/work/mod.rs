//! One piece of work on a profile: look, decide, note, do, note, and decide again.

mod files;
mod look;
mod shown;
mod steps;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::{files::ReadySong, trouble::Hold};
use super::{
    Figures, Orders, Profile, ProfileError, SeenSong, Wanted,
    library::Library,
    plan::{Ready, Situation},
    supply::{Porter, Supply},
};
use crate::{
    model::{Document, SongPlace},
    state::ProfileSong,
};

pub(super) struct Work<'a> {
    profile: &'a Profile,
    orders: &'a Orders,
    library: Library,
    supply: Supply,
    wanted: Vec<Wanted>,
    /// Backend and recording that somebody has chosen, by track.
    choices: BTreeMap<String, (String, String)>,
    /// The same of those that somebody had chosen and does not want any more.
    unwanted: BTreeMap<String, (String, String)>,
    /// The songs on the profile, as they were seen and as our steps have changed them.
    seen: Vec<SeenSong>,
    was_seen: bool,
    /// Something may be different from what was seen.
    is_stale: bool,
    ready: BTreeMap<String, ReadySong>,
    holds: BTreeMap<String, Hold>,
    pause: Option<Timestamp>,
    steps: u64,
    figures: Figures,
}

impl<'a> Work<'a> {
    pub(super) fn begin(profile: &'a Profile, orders: &'a Orders) -> Result<Self, ProfileError> {
        let Profile { uploads: music, board, http, folder, .. } = profile.clone();
        let known = profile.board.shown().profile;
        Ok(Self {
            library: Library::load(profile.account.as_str(), &profile.state, &profile.ledger)?,
            supply: Supply::new(Porter { music, board, http, folder }, orders.ask.clone(), orders.workers),
            profile,
            orders,
            wanted: Vec::new(),
            choices: BTreeMap::new(),
            unwanted: BTreeMap::new(),
            was_seen: known.is_some(),
            seen: known.unwrap_or_default(),
            is_stale: true,
            ready: BTreeMap::new(),
            holds: BTreeMap::new(),
            pause: None,
            steps: 0,
            figures: Figures::default(),
        })
    }

    pub(super) async fn run(&mut self) -> Result<(), ProfileError> {
        let (mut played, mut wishes) = (self.profile.ledger.changes(), self.profile.board.wishes());
        loop {
            if self.orders.stop.is_cancelled() {
                return Err(ProfileError::Stopped);
            }
            played.borrow_and_update();
            wishes.borrow_and_update();
            self.read_wanted()?;
            self.take_finished()?;
            self.order_files();
            if self.pause.is_none() && self.is_stale {
                self.look().await?;
                continue;
            }
            let step = self.situation().next_step();
            match step {
                Some(step) if self.pause.is_none() => self.do_step(step).await?,
                None if self.supply.is_empty() && !self.is_held() && !self.is_stale => return Ok(()),
                _ => {
                    self.tell_waiting();
                    let due = self.next_due();
                    let clock = self.profile.clock.clone();
                    tokio::select! {
                        () = self.orders.stop.cancelled() => {}
                        Ok(()) = played.changed() => {}
                        Ok(()) = wishes.changed() => {}
                        () = self.supply.progress() => {}
                        () = async {
                            match due {
                                Some(due) => clock.sleep_until(due).await,
                                None => std::future::pending().await,
                            }
                        } => {}
                    }
                    self.end_waits();
                }
            }
        }
    }

    pub(super) fn figures(&self) -> Figures {
        let situation = self.situation();
        let is_there = |song: &&ProfileSong| {
            let on = |document: &Document| situation.profile.contains(&document.id);
            song.place != SongPlace::Theirs && song.document.as_ref().is_some_and(on)
        };
        let shown = self.library.songs.values().filter(is_there).count();
        let without_file = situation.needs().iter().filter(|need| !need.is_upgrade).count() as u64;
        Figures { shown, without_file, ..self.figures.clone() }
    }

    fn situation(&self) -> Situation {
        let now = self.profile.clock.now();
        let held = self.holds.iter().filter(|(_, hold)| hold.until > now);
        let ready = self.ready.iter();
        Situation {
            wanted: self.wanted.iter().map(|wanted| wanted.key.clone()).collect(),
            profile: self.seen.iter().map(|song| song.document).collect(),
            songs: self.library.songs.values().cloned().collect(),
            ready: ready
                .map(|(id, ready)| Ready { song: id.clone(), track: ready.song.track.clone() })
                .collect(),
            room: self.orders.rules.keep.max(self.wanted.len()),
            held: held.map(|(id, _)| id.clone()).collect(),
            rejected: self.rejected(),
        }
    }

    /// Tracks whose newest song is another recording than the one that somebody has chosen, or one that
    /// nobody wants any more.
    fn rejected(&self) -> BTreeSet<String> {
        let newest = |key: &str| {
            let songs =
                self.library.songs.values().filter(|song| song.track == key && song.document.is_some());
            songs.max_by_key(|song| song.made)
        };
        let is_rejected = |(key, (backend, candidate)): (&String, &(String, String))| {
            let song = newest(key)?;
            (song.backend != *backend || song.candidate != *candidate).then(|| key.clone())
        };
        let is_unwanted = |(key, (backend, candidate)): (&String, &(String, String))| {
            let song = newest(key)?;
            (song.backend == *backend && song.candidate == *candidate).then(|| key.clone())
        };
        let rejected = self.choices.iter().filter_map(is_rejected);
        rejected.chain(self.unwanted.iter().filter_map(is_unwanted)).collect()
    }
}
