//! Under which key a track is known. Services name one song differently, so each name that was
//! ever seen leads to the key of the first play.

use super::{Ledger, play_id};
use crate::{
    model::{Play, Sameness, Track, TrackKey},
    state::{SongName, StateError},
};

impl Ledger {
    /// The key of a song, be it new.
    pub fn key_of(&self, track: &Track) -> Result<TrackKey, StateError> {
        Ok(self.known_keys(track)?.into_iter().next().unwrap_or_else(|| TrackKey::of(track)))
    }

    /// What a key has become when two songs turned out to be one.
    pub(crate) fn present_key(&self, key: TrackKey) -> Result<TrackKey, StateError> {
        Ok(self.state.songs.get(key.as_str())?.map_or(key, |song| song.key))
    }

    /// A new play under its song's key, and its names kept.
    pub(super) fn keyed(&self, play: Play) -> Result<Play, StateError> {
        let known = self.known_keys(&play.track)?;
        let key = known.first().cloned().unwrap_or_else(|| TrackKey::of(&play.track));
        let lost = known.iter().filter(|other| **other != key).map(ToString::to_string);
        let names = play.track.names().into_iter().chain([key.to_string()]).chain(lost);
        let song = SongName { key: key.clone(), duration: play.track.duration };
        for name in names {
            if self.state.songs.get(&name)?.is_none_or(|known| known != song) {
                self.state.songs.put(&name, &song)?;
            }
        }
        Ok(Play { id: play_id(&key, play.started), key, ..play })
    }

    /// The keys that the track's names lead to, the one of the surest name first.
    fn known_keys(&self, track: &Track) -> Result<Vec<TrackKey>, StateError> {
        let mut keys = Vec::new();
        for name in track.names() {
            let Some(song) = self.state.songs.get(&name)? else { continue };
            let fits = !name.starts_with("text:") || self.fits(track, &song)?;
            if fits && !keys.contains(&song.key) {
                keys.push(song.key);
            }
        }
        Ok(keys)
    }

    /// Words alone name several recordings: the length and the ids must not contradict.
    fn fits(&self, track: &Track, song: &SongName) -> Result<bool, StateError> {
        if !track.has_length_of(song.duration) {
            return Ok(false);
        }
        match self.state.plays.of_song(&song.key).next().transpose()? {
            Some(play) => Ok(play.track.sameness(track) != Sameness::Different),
            None => Ok(true),
        }
    }
}
