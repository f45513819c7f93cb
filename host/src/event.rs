//! What happened, told to whoever listens. Events wake; they carry no work: a listener that lost
//! some reads the present state instead, and is no worse off.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::broadcast;

use crate::model::{AccountName, EventName, JobName, LoginId, PluginName, Run, RunId, TrackKey};

/// How many events a late listener can still replay.
const REPLAY: usize = 1024;

#[derive(Clone, Debug)]
pub enum Event {
    /// A run was created or changed.
    Run(Arc<Run>),
    /// A run's log has grown at least up to this line; sent at most a few times a second.
    Log { run: RunId, seq: u64 },
    /// A job was paused, resumed, added or changed.
    Job(JobName),
    /// Jobs were added or removed, or the configuration has new problems or none any more.
    Config,
    /// Somebody emitted an event that jobs can wait for.
    Emitted(EventName),
    /// A Telegram account was logged in or out, or is reached again or no more.
    Account(AccountName),
    /// A plugin was loaded, swapped, paused, suspended or given something, or it is gone: read it to see more.
    Plugin(PluginName),
    /// Something else plays, or a source of plays has another state: read it to see more.
    Player,
    /// A profile shows something else, or a file has come further on its way there: read it to see more.
    Profile(AccountName),
    /// A backend says something new about a track, or somebody has chosen a recording: read it to see more.
    Track(TrackKey),
    /// Somebody logged in to Spotify or out of it.
    Spotify,
    /// Something was archived, deleted or held back: read it to see more. Told at most a few times a second.
    Archive,
    /// An attempt to log in has come to another step: read it to see more.
    Login { id: LoginId, account: AccountName, step: &'static str },
}

/// An event with its place in the stream, from 1.
#[derive(Clone, Debug)]
pub struct Numbered {
    pub id: u64,
    pub event: Event,
}

/// Where events are sent and listened to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sender: broadcast::Sender<Numbered>,
    recent: Mutex<VecDeque<Numbered>>,
}

/// What a listener that comes back with the last id it saw gets first.
#[derive(Debug)]
pub enum Replay {
    /// Everything since.
    Events(Vec<Numbered>),
    /// Too much was missed: read the present state.
    TooOld,
}

impl Default for Bus {
    fn default() -> Self {
        let inner = Inner { sender: broadcast::Sender::new(REPLAY), recent: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }
}

impl Bus {
    pub fn send(&self, event: Event) {
        let mut recent = self.inner.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let id = recent.back().map_or(1, |last| last.id + 1);
        if recent.len() == REPLAY {
            recent.pop_front();
        }
        let numbered = Numbered { id, event };
        recent.push_back(numbered.clone());
        // Sent under the lock, so that ids arrive in order; no listener at all is fine.
        let _ = self.inner.sender.send(numbered);
    }

    /// The number of the newest event; 0 before the first.
    pub fn last_id(&self) -> u64 {
        let recent = self.inner.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.back().map_or(0, |last| last.id)
    }

    pub fn listen(&self) -> broadcast::Receiver<Numbered> {
        self.inner.sender.subscribe()
    }

    /// Listens from now on, with what came after `last_seen` first.
    pub fn listen_since(&self, last_seen: u64) -> (Replay, broadcast::Receiver<Numbered>) {
        let recent = self.inner.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.inner.sender.subscribe();
        let first = recent.front().map_or(1, |first| first.id);
        let last = recent.back().map_or(0, |last| last.id);
        // An id from before a restart can be ahead of ours: that listener has to start again too.
        if last_seen.saturating_add(1) < first || last_seen > last {
            return (Replay::TooOld, receiver);
        }
        let missed = recent.iter().filter(|event| event.id > last_seen).cloned().collect();
        (Replay::Events(missed), receiver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replays_only_what_was_missed() {
        let bus = Bus::default();
        (0..5).for_each(|_| bus.send(Event::Config));
        let (Replay::Events(missed), _) = bus.listen_since(3) else { panic!("five events are kept") };
        assert_eq!(missed.iter().map(|event| event.id).collect::<Vec<_>>(), [4, 5]);
    }

    #[test]
    fn tells_late_listeners_to_start_again() {
        let bus = Bus::default();
        (0..REPLAY + 10).for_each(|_| bus.send(Event::Config));
        assert!(matches!(bus.listen_since(3).0, Replay::TooOld));
        assert!(matches!(bus.listen_since(1_000_000).0, Replay::TooOld));
    }
}
