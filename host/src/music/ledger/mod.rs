//! What was played: the only truth of it. Everybody may read; the player and those who are told
//! of listens write. A change is on the disk before anybody hears of it.

mod listens;
mod names;
mod same_play;
mod search;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    model::{EndedHow, Heard, Play, PlayId, TrackKey},
    state::{PlayerRecord, State, StateError},
};

pub(crate) use listens::AHEAD;
pub use listens::{Listen, Taken};
pub use search::{Page, Search};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ledger {
    state: State,
    /// Looking for a play and writing it is one step.
    writing: Arc<Mutex<()>>,
    written: Arc<Written>,
    changes: Arc<watch::Sender<Changes>>,
}

/// Beginnings and ends of writes since the daemon's start, and how many of these are on the disk for certain.
#[derive(Debug, Default)]
struct Written {
    all: AtomicU64,
    safe: AtomicU64,
}

/// How often something happened since the daemon's start: whoever compares two of these knows what
/// to wake, and loses nothing by missing some between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// A song began to count, or goes on after playback had stopped.
    pub started: u64,
    pub stopped: u64,
    /// Anything else was written.
    pub edited: u64,
}

/// Where a play was when it was last seen: a restart goes on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub at: Timestamp,
    pub progress: Option<Duration>,
    pub is_playing: bool,
}

impl Ledger {
    pub fn new(state: State) -> Self {
        let changes = Arc::new(watch::Sender::new(Changes::default()));
        Self { state, writing: Arc::default(), written: Arc::default(), changes }
    }

    /// The last `most` different songs, the one that was begun last first.
    pub fn recent_distinct(&self, most: usize) -> Result<Vec<Heard>, StateError> {
        let mut found: Vec<Heard> = Vec::with_capacity(most.min(64));
        for play in self.state.plays.newest(None) {
            if found.len() >= most {
                break;
            }
            let play = play?;
            let key = self.present_key(play.key)?;
            if !found.iter().any(|heard| heard.key == key) {
                found.push(Heard { key, track: play.track, last: play.started });
            }
        }
        Ok(found)
    }

    /// Songs that are said to have begun after `now`, and when: clocks of those who tell may be ahead.
    pub fn ahead(&self, now: Timestamp) -> Result<BTreeMap<String, Timestamp>, StateError> {
        let mut ahead = BTreeMap::new();
        for play in self.state.plays.newest(None) {
            let play = play?;
            if play.started <= now {
                break;
            }
            ahead.entry(self.present_key(play.key)?.to_string()).or_insert(play.started);
        }
        Ok(ahead)
    }

    /// Nothing has played for longer than the grace. False before anything was ever played.
    pub fn is_stopped(&self) -> Result<bool, StateError> {
        Ok(self.state.player.get()?.is_some_and(|record| record.is_stopped))
    }

    /// When the first play began of those that follow one another without such a silence.
    pub fn session(&self) -> Result<Option<Timestamp>, StateError> {
        Ok(self.state.player.get()?.and_then(|record| record.session))
    }

    /// Tells that something changed, after it is on the disk.
    pub fn changes(&self) -> watch::Receiver<Changes> {
        self.changes.subscribe()
    }

    /// Plays older than `before`, newest first.
    pub fn page(&self, before: Option<PlayId>, limit: usize) -> Result<Vec<Play>, StateError> {
        self.state.plays.newest(before).take(limit).collect()
    }

    /// A song's plays, newest first.
    pub fn plays_of(&self, song: &TrackKey, limit: usize) -> Result<Vec<Play>, StateError> {
        self.page_of(song, None, limit)
    }

    /// A song's plays older than `before`, newest first.
    pub fn page_of(
        &self,
        song: &TrackKey,
        before: Option<PlayId>,
        limit: usize,
    ) -> Result<Vec<Play>, StateError> {
        let is_older = |play: &Play| before.is_none_or(|before| play.id < before);
        let plays = self.state.plays.of_song(song);
        plays.filter(|play| play.as_ref().map_or(true, is_older)).take(limit).collect()
    }

    pub fn count(&self) -> usize {
        self.state.plays.count()
    }

    /// The play that goes on, or went on when the player was last running, and when it was last heard.
    pub fn present(&self) -> Result<Option<(Play, PlayerRecord)>, StateError> {
        let Some(record) = self.state.player.get()? else { return Ok(None) };
        let play = record.play.map(|id| self.state.plays.get(id)).transpose()?.flatten();
        Ok(play.map(|play| (play, record)))
    }

    /// A song counts as played from now on. When somebody has told of this very play already, that
    /// one goes on. Returns the play as it stands in the ledger.
    pub async fn begin(&self, play: Play, seen: Seen) -> Result<Play, StateError> {
        let (play, is_news) = self.write(|| {
            let known = self.find_same(&play.track, play.sources.first(), play.started)?;
            let is_known = known.is_some();
            let play = match known {
                Some(known) => Play { ended: None, ended_how: None, ..joined(known, &play) },
                None => self.keyed(play)?,
            };
            let before = self.state.player.get()?;
            self.state.plays.put(&play)?;
            self.state.player.put(&record_of(&play, seen, before.as_ref()))?;
            Ok((play, before.is_none_or(|record| record.is_stopped) || !is_known))
        })?;
        self.tell(|changes| if is_news { changes.started += 1 } else { changes.edited += 1 }).await?;
        Ok(play)
    }

    /// The play goes on after playback had stopped.
    pub async fn resume(&self, play: &Play, seen: Seen) -> Result<(), StateError> {
        self.write(|| {
            let before = self.state.player.get()?;
            self.state.plays.put(play)?;
            self.state.player.put(&record_of(play, seen, before.as_ref()))
        })?;
        self.tell(|changes| changes.started += 1).await
    }

    /// How far a play has come, who else tells of it, how it ended. Not worth waking anybody.
    pub async fn note(&self, play: &Play, seen: Option<Seen>) -> Result<(), StateError> {
        self.write(|| {
            let stored = self.state.plays.get(play.id)?;
            let play = stored.map_or_else(|| play.clone(), |stored| joined(play.clone(), &stored));
            self.state.plays.put(&play)?;
            let record = self.state.player.get()?.unwrap_or_default();
            match seen.filter(|_| record.play == Some(play.id)) {
                Some(seen) => {
                    let noted = record_of(&play, seen, Some(&record));
                    let PlayerRecord { is_stopped, session, .. } = record;
                    self.state.player.put(&PlayerRecord { is_stopped, session, ..noted })
                }
                None => Ok(()),
            }
        })?;
        self.tell(|changes| changes.edited += 1).await
    }

    /// Nothing plays any more.
    pub async fn stop(&self) -> Result<(), StateError> {
        self.write(|| {
            let record = self.state.player.get()?.unwrap_or_default();
            self.state.player.put(&PlayerRecord { is_stopped: true, ..record })
        })?;
        self.tell(|changes| changes.stopped += 1).await
    }

    /// Removes what is older. Says how many plays that were.
    pub async fn prune(&self, before: Timestamp) -> Result<usize, StateError> {
        let removed = self.write(|| {
            let old = self.state.plays.between(PlayId(uuid::Uuid::nil()), lowest_id(before));
            let old = old.filter(|play| play.as_ref().map_or(true, |play| play.started < before));
            let old = old.collect::<Result<Vec<_>, _>>()?;
            if !old.is_empty() {
                self.state.plays.remove(&old)?;
            }
            Ok(old.len())
        })?;
        if removed > 0 {
            self.tell(|changes| changes.edited += 1).await?;
        }
        Ok(removed)
    }

    fn write<T>(&self, work: impl FnOnce() -> Result<T, StateError>) -> Result<T, StateError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // Before, for who reads meanwhile; after, for a flush that was under way meanwhile.
        self.written.all.fetch_add(1, Ordering::SeqCst);
        let outcome = work();
        self.written.all.fetch_add(1, Ordering::SeqCst);
        outcome
    }

    /// Returns when all that was read until now would survive a kill. Costs nothing while nobody writes.
    pub async fn settled(&self) -> Result<(), StateError> {
        let all = self.written.all.load(Ordering::SeqCst);
        if self.written.safe.load(Ordering::SeqCst) < all {
            self.state.flushed().await?;
            self.written.safe.fetch_max(all, Ordering::SeqCst);
        }
        Ok(())
    }

    async fn tell(&self, change: impl FnOnce(&mut Changes)) -> Result<(), StateError> {
        self.settled().await?;
        self.changes.send_modify(change);
        Ok(())
    }
}

/// `before`: what stood there until now.
fn record_of(play: &Play, seen: Seen, before: Option<&PlayerRecord>) -> PlayerRecord {
    let Seen { at, progress, is_playing } = seen;
    let session = match before {
        Some(record) if !record.is_stopped => record.session,
        _ => Some(play.started),
    };
    PlayerRecord { play: Some(play.id), is_stopped: false, session, heard: Some(at), progress, is_playing }
}

/// Both say the same play: nobody's word is lost, and no fact.
fn joined(mut play: Play, other: &Play) -> Play {
    for said in &other.sources {
        if !play.sources.contains(said) {
            play.sources.push(said.clone());
        }
    }
    play.listened = play.listened.max(other.listened);
    if play.ended_how.is_none_or(|how| how == EndedHow::Unknown) && play.ended.is_some() {
        play.ended_how = other.ended_how.or(play.ended_how);
    }
    for id in &other.track.ids {
        if !play.track.ids.contains(id) && play.track.id(&id.scheme).is_none() {
            play.track.ids.push(id.clone());
        }
    }
    play.track.duration = play.track.duration.or(other.track.duration);
    play.track.album = play.track.album.take().or_else(|| other.track.album.clone());
    if play.track.covers.is_empty() {
        play.track.covers.clone_from(&other.track.covers);
    }
    play
}

/// The id of a play: its start, and a number that belongs to its song, so that telling of it again
/// makes the same one.
pub(crate) fn play_id(song: &TrackKey, started: Timestamp) -> PlayId {
    let hash = ring::digest::digest(&ring::digest::SHA256, song.as_str().as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&hash.as_ref()[..10]);
    let millis = u64::try_from(started.as_millisecond()).unwrap_or(0);
    PlayId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// Below the ids of all plays that began at `time`.
fn lowest_id(time: Timestamp) -> PlayId {
    let millis = u64::try_from(time.as_millisecond()).unwrap_or(0);
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    PlayId(uuid::Uuid::from_bytes(bytes))
}
