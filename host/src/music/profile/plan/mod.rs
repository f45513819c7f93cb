//! What to do next, from what should be on the profile and what is: pure arithmetic, asked again
//! after every step.
//!
//! - A song's message comes before its place on the profile, and goes after it: nothing on the
//!   profile is without a message, and no message is left behind.
//! - A new song is saved first, then an old one leaves: people never see fewer songs than they
//!   should, and for one moment one more.
//! - Songs move only when they have to: of those that are there, the longest run that is in order stays.
//! - Documents that are not ours appear here only as places in the list. Nothing names them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{SongMessage, SongPlace},
    state::ProfileSong,
};

/// Everything that a decision depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct Situation {
    /// Keys of tracks that should be there, the topmost first.
    pub(super) wanted: Vec<String>,
    /// Documents on the profile, the topmost first; those of others among them.
    pub(super) profile: Vec<i64>,
    /// All that was ever put up, except what is only about to be sent.
    pub(super) songs: Vec<ProfileSong>,
    /// Files that are up and can be sent.
    pub(super) ready: Vec<Ready>,
    /// How many songs of ours may be on the profile.
    pub(super) room: usize,
    /// Songs whose last step failed: they have to wait, others go on.
    pub(super) held: BTreeSet<String>,
    /// Tracks whose song is not the recording that somebody has chosen.
    pub(super) rejected: BTreeSet<String>,
}

/// A file that is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ready {
    /// The song that it becomes.
    pub(super) song: String,
    pub(super) track: String,
}

/// One call that changes something, or looks what an earlier one has changed. Songs are named by
/// their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Looks whether a message went out that a crash has left open.
    Settle {
        song: String,
    },
    /// Sends a file that is up.
    Send {
        song: String,
    },
    /// Sends a document that was sent before.
    Resend {
        song: String,
    },
    /// Puts it on the profile: on top, or below another song of ours.
    Save {
        song: String,
        after: Option<String>,
    },
    Unsave {
        song: String,
    },
    /// Deletes the messages of songs that are not on the profile.
    Delete {
        songs: Vec<String>,
    },
}

/// A track that lacks a file, or a better one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) track: String,
    /// The first backend to ask.
    pub(super) from: usize,
    /// Something stands in its place already.
    pub(super) is_upgrade: bool,
}

impl Situation {
    pub(super) fn next_step(&self) -> Option<Step> {
        let picture = Picture::of(self);
        picture
            .settle()
            .or_else(|| picture.make_room())
            .or_else(|| picture.bring())
            .or_else(|| picture.unsave(|_| true))
            .or_else(|| picture.delete())
    }

    /// In the order in which they matter: what is missing first, the topmost first.
    pub(super) fn needs(&self) -> Vec<Need> {
        let picture = Picture::of(self);
        let lacks = |track: &&String| {
            !self.ready.iter().any(|ready| ready.track == **track)
                && !self.songs.iter().any(|song| song.track == **track && is_open(song.message))
        };
        let (mut missing, mut upgrades) = (Vec::new(), Vec::new());
        for track in self.wanted.iter().filter(lacks) {
            match picture.chosen(track).or_else(|| self.known(track)) {
                None => missing.push(Need { track: track.clone(), from: 0, is_upgrade: false }),
                Some(_) if self.rejected.contains(track) => {
                    upgrades.push(Need { track: track.clone(), from: 0, is_upgrade: true });
                }
                Some(song) if song.is_placeholder => {
                    upgrades.push(Need { track: track.clone(), from: song.rank + 1, is_upgrade: true });
                }
                Some(_) => {}
            }
        }
        missing.append(&mut upgrades);
        missing
    }

    /// The newest that was sent before and can be sent again.
    fn known(&self, track: &str) -> Option<&ProfileSong> {
        let songs = self.songs.iter().filter(|song| {
            song.track == track
                && song.document.is_some()
                && song.message == SongMessage::None
                && song.place != SongPlace::Theirs
        });
        songs.max_by_key(|song| (song.made, &song.id))
    }

    fn is_on_profile(&self, song: &ProfileSong) -> bool {
        self.position(song).is_some()
    }

    fn position(&self, song: &ProfileSong) -> Option<usize> {
        let document = song.document.as_ref().filter(|_| song.place != SongPlace::Theirs)?;
        self.profile.iter().position(|id| *id == document.id)
    }

    fn is_held(&self, song: &str) -> bool {
        self.held.contains(song)
    }
}

/// The situation, seen by track.
struct Picture<'a> {
    of: &'a Situation,
    /// For each wanted track the song that stands for it: the newest with a message. What takes
    /// another's place is newer, so the newest is the best.
    chosen: BTreeMap<&'a str, &'a ProfileSong>,
}

impl<'a> Picture<'a> {
    fn of(of: &'a Situation) -> Self {
        let mut chosen: BTreeMap<&str, &ProfileSong> = BTreeMap::new();
        let wanted: BTreeSet<&str> = of.wanted.iter().map(String::as_str).collect();
        let able = of.songs.iter().filter(|song| {
            matches!(song.message, SongMessage::There(_))
                && song.document.is_some()
                && song.place != SongPlace::Theirs
                && wanted.contains(song.track.as_str())
        });
        for song in able {
            let best = chosen.entry(&song.track).or_insert(song);
            if (best.made, &best.id) < (song.made, &song.id) {
                *best = song;
            }
        }
        Self { of, chosen }
    }

    fn chosen(&self, track: &str) -> Option<&'a ProfileSong> {
        self.chosen.get(track).copied()
    }

    fn is_chosen(&self, song: &ProfileSong) -> bool {
        self.chosen(&song.track).is_some_and(|chosen| chosen.id == song.id)
    }

    /// On the profile without being the one that should be there, though another is there for it or
    /// nobody wants it. What still holds the place of a better one stays until that is there.
    fn is_surplus(&self, song: &ProfileSong) -> bool {
        self.of.is_on_profile(song)
            && match self.chosen(&song.track) {
                Some(chosen) => chosen.id != song.id && self.of.is_on_profile(chosen),
                None => true,
            }
    }

    fn settle(&self) -> Option<Step> {
        let open = self.of.songs.iter().find(|song| {
            song.message == SongMessage::Sending && !self.of.is_held(&song.id) && !self.will_be_sent(song)
        });
        open.map(|song| Step::Settle { song: song.id.clone() })
    }

    /// Sending goes on under its number.
    fn will_be_sent(&self, song: &ProfileSong) -> bool {
        self.of.wanted.contains(&song.track) && self.of.ready.iter().any(|ready| ready.song == song.id)
    }

    /// When one more is there than should be, or a track is there twice.
    fn make_room(&self) -> Option<Step> {
        let is_full = self.of.songs.iter().filter(|song| self.of.is_on_profile(song)).count() > self.of.room;
        self.unsave(|song| is_full || self.chosen(&song.track).is_some())
    }

    fn unsave(&self, fits: impl Fn(&ProfileSong) -> bool) -> Option<Step> {
        let surplus = self
            .of
            .songs
            .iter()
            .filter(|song| self.is_surplus(song) && !self.of.is_held(&song.id) && fits(song));
        // The lowest leaves first.
        let lowest = surplus.max_by_key(|song| self.of.position(song));
        lowest.map(|song| Step::Unsave { song: song.id.clone() })
    }

    /// From the topmost track down: its message, then its place.
    fn bring(&self) -> Option<Step> {
        let settled = self.settled();
        // The one above, as far as it is there.
        let mut above: Option<&ProfileSong> = None;
        for (index, track) in self.of.wanted.iter().enumerate() {
            if let Some(step) = self.message_for(track) {
                return Some(step);
            }
            let Some(song) = self.chosen(track) else { continue };
            let is_there = self.of.is_on_profile(song);
            let is_settled = settled.contains(&index);
            let is_done = is_there && is_settled && song.place == SongPlace::On;
            if !is_done && !self.of.is_held(&song.id) {
                let stand_in = self.stand_in(song).filter(|_| is_settled);
                let after = stand_in.or(above).map(|song| song.id.clone());
                return Some(Step::Save { song: song.id.clone(), after });
            }
            if is_there {
                above = Some(song);
            }
        }
        None
    }

    fn message_for(&self, track: &str) -> Option<Step> {
        let ready = self.of.ready.iter().find(|ready| ready.track == track && !self.of.is_held(&ready.song));
        if let Some(ready) = ready {
            return Some(Step::Send { song: ready.song.clone() });
        }
        if self.chosen(track).is_some() {
            return None;
        }
        let known = self.of.known(track).filter(|song| !self.of.is_held(&song.id))?;
        Some(Step::Resend { song: known.id.clone() })
    }

    /// An older song of the same track, while the chosen one is not there.
    fn stand_in(&self, chosen: &ProfileSong) -> Option<&'a ProfileSong> {
        if self.of.is_on_profile(chosen) {
            return None;
        }
        self.of.songs.iter().find(|song| song.track == chosen.track && self.of.is_on_profile(song))
    }

    /// Which of the wanted tracks are in order already: as many as possible, so that few move.
    fn settled(&self) -> BTreeSet<usize> {
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (index, track) in self.of.wanted.iter().enumerate() {
            let Some(song) = self.chosen(track) else { continue };
            let place = self.of.position(song);
            let place = place.or_else(|| self.of.position(self.stand_in(song)?));
            places.extend(place.map(|place| (index, place)));
        }
        longest_rising(&places)
    }

    fn delete(&self) -> Option<Step> {
        let gone = self.of.songs.iter().filter(|song| {
            song.message.id().is_some()
                && !self.is_chosen(song)
                && !self.of.is_on_profile(song)
                && !self.of.is_held(&song.id)
        });
        let songs: Vec<String> = gone.map(|song| song.id.clone()).collect();
        (!songs.is_empty()).then_some(Step::Delete { songs })
    }
}

/// Whether it will be known soon what there is.
fn is_open(message: SongMessage) -> bool {
    matches!(message, SongMessage::Sending | SongMessage::Deleting(_))
}

/// The indices of a longest part whose places rise. There are dozens, so the square of that is fine.
fn longest_rising(places: &[(usize, usize)]) -> BTreeSet<usize> {
    // For each entry: how long the best part that ends there is, and what comes before it.
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(places.len());
    for (at, (_, place)) in places.iter().enumerate() {
        let before = (0..at).filter(|other| places[*other].1 < *place).max_by_key(|other| best[*other].0);
        best.push((before.map_or(1, |other| best[other].0 + 1), before));
    }
    let mut at = (0..places.len()).max_by_key(|at| best[*at].0);
    let mut settled = BTreeSet::new();
    while let Some(here) = at {
        settled.insert(places[here].0);
        at = best[here].1;
    }
    settled
}

#[cfg(test)]
mod tests;
