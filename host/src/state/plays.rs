//! What was played: every play by its id, which sorts by time, and an index of each song's plays.

use std::ops::Bound;

use sled::{Transactional as _, transaction::TransactionError};

use super::{
    StateError,
    tree::{Key, Tree, encode},
};
use crate::model::{Play, PlayId, TrackKey};

impl Key for PlayId {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }
}

/// Keys of songs have no zero byte, so no song's entries lie within another's.
fn index_key(song: &TrackKey, play: PlayId) -> Vec<u8> {
    let mut bytes: Vec<u8> = song.as_str().bytes().filter(|byte| *byte != 0).collect();
    bytes.push(0);
    bytes.extend(play.to_bytes());
    bytes
}

#[derive(Clone, Debug)]
pub struct Plays {
    plays: Tree<PlayId, Play>,
    by_song: sled::Tree,
}

impl Plays {
    pub(super) const NAME: &str = "plays";

    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self {
            plays: Tree::open(db, Self::NAME)?,
            by_song: db.open_tree("plays-by-song").map_err(StateError::Write)?,
        })
    }

    pub fn get(&self, id: PlayId) -> Result<Option<Play>, StateError> {
        self.plays.get(&id)
    }

    /// Writes a play, new or changed. Its song never changes.
    pub fn put(&self, play: &Play) -> Result<(), StateError> {
        (self.plays.raw(), &self.by_song)
            .transaction(|(plays, by_song)| {
                plays.insert(play.id.to_bytes(), encode(play))?;
                by_song.insert(index_key(&play.key, play.id), &[])?;
                Ok(())
            })
            .map_err(failed)
    }

    /// Newest first, those older than `before`.
    pub fn newest(&self, before: Option<PlayId>) -> impl Iterator<Item = Result<Play, StateError>> + use<'_> {
        let end = before.map_or(Bound::Unbounded, |id| Bound::Excluded(id.to_bytes()));
        self.range(Bound::Unbounded, end).rev()
    }

    /// Oldest first, those whose ids lie between these two.
    pub fn between(
        &self,
        from: PlayId,
        to: PlayId,
    ) -> impl DoubleEndedIterator<Item = Result<Play, StateError>> + use<'_> {
        self.range(Bound::Included(from.to_bytes()), Bound::Included(to.to_bytes()))
    }

    fn range(
        &self,
        from: Bound<Vec<u8>>,
        to: Bound<Vec<u8>>,
    ) -> impl DoubleEndedIterator<Item = Result<Play, StateError>> + use<'_> {
        self.plays.raw().range((from, to)).map(|entry| {
            let (key, value) = entry.map_err(StateError::Write)?;
            self.plays.decode(&key, &value)
        })
    }

    /// A song's plays, newest first.
    pub fn of_song(&self, song: &TrackKey) -> impl Iterator<Item = Result<Play, StateError>> + use<'_> {
        let from = index_key(song, PlayId(uuid::Uuid::nil()));
        let to = index_key(song, PlayId(uuid::Uuid::max()));
        let id_at = from.len() - 16;
        self.by_song.range(from..=to).rev().filter_map(move |entry| {
            let id = entry
                .map_err(StateError::Write)
                .map(|(key, _)| PlayId(uuid::Uuid::from_slice(&key[id_at..]).unwrap_or_default()));
            id.and_then(|id| self.get(id)).transpose()
        })
    }

    pub fn remove(&self, removed: &[Play]) -> Result<(), StateError> {
        let (mut by_id, mut index) = (sled::Batch::default(), sled::Batch::default());
        for play in removed {
            by_id.remove(play.id.to_bytes());
            index.remove(index_key(&play.key, play.id));
        }
        (self.plays.raw(), &self.by_song)
            .transaction(|(plays, by_song)| {
                plays.apply_batch(&by_id)?;
                by_song.apply_batch(&index)?;
                Ok(())
            })
            .map_err(failed)
    }

    pub fn count(&self) -> usize {
        self.plays.raw().len()
    }
}

fn failed(error: TransactionError<()>) -> StateError {
    match error {
        TransactionError::Storage(error) => StateError::Write(error),
        TransactionError::Abort(()) => StateError::Stopped,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::Track;

    fn play(second: i64, title: &str) -> Play {
        let track = Track { title: title.into(), ..Track::default() };
        let millis = u64::try_from(second * 1000).unwrap();
        Play {
            id: PlayId(uuid::Builder::from_unix_timestamp_millis(millis, &[7; 10]).into_uuid()),
            key: TrackKey::of(&track),
            track,
            sources: Vec::new(),
            started: Timestamp::from_second(second).unwrap(),
            ended: None,
            listened: std::time::Duration::ZERO,
            ended_how: None,
        }
    }

    #[test]
    fn plays_are_found_by_time_and_song() {
        let folder = tempfile::tempdir().unwrap();
        let plays = super::super::State::open(folder.path()).unwrap().plays;
        let all = [play(100, "a"), play(200, "b"), play(300, "a"), play(400, "ab")];
        all.iter().rev().for_each(|play| plays.put(play).unwrap());
        let seconds =
            |found: Vec<Play>| -> Vec<i64> { found.iter().map(|play| play.started.as_second()).collect() };
        let newest = |before| seconds(plays.newest(before).collect::<Result<_, _>>().unwrap());
        assert_eq!(newest(None), [400, 300, 200, 100]);
        assert_eq!(newest(Some(all[2].id)), [200, 100]);
        let of_a = || seconds(plays.of_song(&all[0].key).collect::<Result<_, _>>().unwrap());
        assert_eq!(of_a(), [300, 100]);
        plays.remove(&all[2..]).unwrap();
        assert_eq!((of_a(), plays.count()), (vec![100], 2));
    }
}
