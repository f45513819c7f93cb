//! The songs and tracks of one account, as the disk has them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    journal::{self, Songs},
    wanted::RemovedByUser,
};
use crate::{
    music::ledger::Ledger,
    state::{ProfileSong, ProfileTrack, State, StateError},
};

#[derive(Debug)]
pub(super) struct Library {
    account: String,
    state: State,
    pub(super) songs: Songs,
}

impl Library {
    pub(super) fn load(account: &str, state: &State, ledger: &Ledger) -> Result<Self, StateError> {
        let mut songs = Songs::new();
        for mut song in state.profile_songs.of_account(account)? {
            // Two tracks may have turned out to be one.
            song.track = ledger.present_key(song.track.into())?.to_string();
            songs.insert(song.id.clone(), song);
        }
        Ok(Self { account: account.to_owned(), state: state.clone(), songs })
    }

    /// Writes these songs; those that are not there are removed.
    pub(super) fn write(&self, ids: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), StateError> {
        for id in ids {
            match self.songs.get(id.as_ref()) {
                Some(song) => self.state.profile_songs.put(song)?,
                None => {
                    self.state.profile_songs.remove(&self.account, id.as_ref())?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn flushed(&self) -> Result<(), StateError> {
        self.state.flushed().await
    }

    /// Removes what cannot be of use any more.
    pub(super) fn tidy(&mut self) -> Result<(), StateError> {
        let useless = journal::useless(&self.songs);
        self.songs.retain(|id, _| !useless.contains(id));
        self.write(&useless)
    }

    /// What people did to tracks, under the keys that the ledger has for them now.
    pub(super) fn tracks(&self, ledger: &Ledger) -> Result<Vec<ProfileTrack>, StateError> {
        let mut tracks: BTreeMap<String, ProfileTrack> = BTreeMap::new();
        for mut track in self.state.profile_tracks.of_account(&self.account)? {
            track.key = ledger.present_key(track.key.into())?.to_string();
            let removed = track.removed;
            let known = tracks.entry(track.key.clone()).or_insert(track);
            known.removed = known.removed.max(removed);
        }
        Ok(tracks.into_values().collect())
    }

    /// Somebody removed these: what was played before does not bring them back.
    pub(super) fn note_removed<'a>(
        &self,
        tracks: impl IntoIterator<Item = &'a String>,
        now: Timestamp,
        rule: RemovedByUser,
    ) -> Result<(), StateError> {
        if rule == RemovedByUser::Forget {
            return Ok(());
        }
        for key in tracks {
            self.change_track(key, |track| track.removed = Some(now))?;
        }
        Ok(())
    }

    /// There is no file, or no better one: the next try is later and later.
    pub(super) fn note_failure(
        &self,
        key: &str,
        is_upgrade: bool,
        now: Timestamp,
        may_help_later: bool,
    ) -> Result<Timestamp, StateError> {
        let mut next = now;
        self.change_track(key, |track| {
            let attempts = if is_upgrade { &mut track.better } else { &mut track.first };
            let minutes = if may_help_later { 1 << attempts.failures.min(8) } else { 24 * 60 };
            attempts.failures = attempts.failures.saturating_add(1);
            next = now.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
            attempts.next = Some(next);
        })?;
        Ok(next)
    }

    pub(super) fn note_success(&self, key: &str, is_upgrade: bool) -> Result<(), StateError> {
        let known = self.state.profile_tracks.get(&self.account, key)?;
        let attempts = if is_upgrade { known.better } else { known.first };
        if attempts.failures > 0 {
            self.change_track(key, |track| {
                *(if is_upgrade { &mut track.better } else { &mut track.first }) = Default::default();
            })?;
        }
        Ok(())
    }

    pub(super) fn may_try(&self, key: &str, is_upgrade: bool, now: Timestamp) -> bool {
        let track = self.state.profile_tracks.get(&self.account, key);
        let attempts = track.map(|track| if is_upgrade { track.better } else { track.first });
        !attempts.is_ok_and(|attempts| attempts.next.is_some_and(|next| next > now))
    }

    fn change_track(&self, key: &str, change: impl FnOnce(&mut ProfileTrack)) -> Result<(), StateError> {
        let mut track = self.state.profile_tracks.get(&self.account, key)?;
        change(&mut track);
        self.state.profile_tracks.put(&track)
    }

    /// A time for a new song: later than that of any other, whatever the clock says.
    pub(super) fn next_made(&self, now: Timestamp) -> Timestamp {
        let newest = self.songs.values().map(|song: &ProfileSong| song.made).max();
        let later = newest.and_then(|newest| newest.checked_add(SignedDuration::from_millis(1)).ok());
        later.map_or(now, |later| later.max(now))
    }
}
