//! What was tried for each track, for people who wonder why a song is not there: what is under way here, what is
//! over in the state.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::Outcome;
use crate::{
    clock::SharedClock,
    event::{Bus, Event},
    gauge::{Gauge, Reading},
    model::{Attempt, Candidate, RefusedCandidate, Track, TrackKey, Tried},
    state::{State, StateError},
};

/// Candidates of one attempt that are remembered.
const MOST_CANDIDATES: usize = 50;

/// By the tracks' keys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Attempts {
    under_way: Arc<Mutex<BTreeMap<String, UnderWay>>>,
    state: State,
    bus: Option<Bus>,
    counts: Arc<Mutex<BTreeMap<(String, &'static str), u64>>>,
}

/// A track that somebody is at.
#[derive(Debug)]
struct UnderWay {
    tried: Tried,
    /// Attempts that are not over: several accounts may want the same song.
    open: usize,
    /// Of fetches, by backend.
    gauges: BTreeMap<String, Gauge>,
}

/// An attempt under way. Whoever asked may lose interest at any moment.
#[derive(Debug)]
pub(super) struct Open<'a> {
    attempts: &'a Attempts,
    key: &'a str,
    backend: &'a str,
    clock: &'a SharedClock,
    is_over: bool,
}

impl Open<'_> {
    pub(super) fn end(mut self, outcome: Outcome) {
        self.is_over = true;
        self.attempts.end(self.key, self.backend, self.clock.now(), outcome);
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.attempts.end(self.key, self.backend, self.clock.now(), Outcome::Cancelled);
        }
    }
}

impl Attempts {
    pub fn new(state: State) -> Self {
        Self { under_way: Arc::default(), state, bus: None, counts: Arc::default() }
    }

    /// Listeners of the bus hear of each change.
    pub fn telling(state: State, bus: Bus) -> Self {
        Self { bus: Some(bus), ..Self::new(state) }
    }

    pub fn of(&self, key: &str) -> Result<Option<Tried>, StateError> {
        let under_way = self.lock();
        match under_way.get(key) {
            Some(track) => Ok(Some(track.tried.clone())),
            None => self.kept(key),
        }
    }

    /// How far a fetch is. `None`: nobody knows, or it is over.
    pub fn reading(&self, key: &str, backend: &str) -> Option<Reading> {
        self.lock().get(key)?.gauges.get(backend)?.read()
    }

    /// How often each backend answered what, since the start.
    pub fn counts(&self) -> BTreeMap<(String, &'static str), u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn count(&self, backend: &str, outcome: &Outcome) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((backend.to_owned(), outcome.name())).or_default() += 1;
    }

    /// The attempt counts as cancelled unless what is returned says how it ended.
    pub(super) fn begin<'a>(
        &'a self,
        (key, backend): (&'a str, &'a str),
        track: &Track,
        clock: &'a SharedClock,
    ) -> Open<'a> {
        let attempt = Attempt {
            backend: backend.to_owned(),
            began: clock.now(),
            ended: None,
            outcome: Outcome::Finding,
            candidates: Vec::new(),
            taken: None,
            refused: Vec::new(),
        };
        let mut under_way = self.lock();
        let all = under_way.entry(key.to_owned()).or_insert_with(|| {
            let nothing = || Tried { track: track.clone(), attempts: Vec::new() };
            let tried = self.kept(key).inspect_err(forgotten).ok().flatten().unwrap_or_else(nothing);
            UnderWay { tried, open: 0, gauges: BTreeMap::new() }
        });
        all.open += 1;
        all.gauges.remove(backend);
        let attempts = &mut all.tried.attempts;
        let before = attempts.iter().position(|other| other.backend == backend);
        // A backend that need not look again still has those to choose among.
        let candidates = before.map(|at| attempts.remove(at).candidates).unwrap_or_default();
        attempts.push(Attempt { candidates, ..attempt });
        self.keep(key, &all.tried);
        drop(under_way);
        self.tell(key);
        Open { attempts: self, key, backend, clock, is_over: false }
    }

    /// What a backend has, found without fetching any of it.
    pub(in crate::music) fn looked(
        &self,
        (key, backend): (&str, &str),
        track: &Track,
        clock: &SharedClock,
        found: &[Candidate],
    ) -> Result<(), StateError> {
        let tried = self.of(key)?;
        let is_known = tried.is_some_and(|it| it.attempts.iter().any(|it| it.backend == backend));
        let look = (!is_known).then(|| self.begin((key, backend), track, clock));
        self.candidates(key, backend, found);
        if let Some(look) = look {
            look.end(Outcome::Looked);
        }
        Ok(())
    }

    pub(super) fn candidates(&self, key: &str, backend: &str, found: &[Candidate]) {
        let found = found.iter().take(MOST_CANDIDATES).cloned().collect();
        self.change_and_keep(key, backend, |attempt| attempt.candidates = found);
    }

    pub(super) fn refused(&self, key: &str, backend: &str, candidate: &str, reason: String) {
        let refused = RefusedCandidate { id: candidate.to_owned(), reason };
        self.change(key, backend, |attempt| attempt.refused.push(refused));
    }

    pub(super) fn taken(&self, key: &str, backend: &str, candidate: &str) {
        self.change(key, backend, |attempt| attempt.taken = Some(candidate.to_owned()));
    }

    /// A candidate is fetched. What is returned shows people how far that is.
    pub(super) fn fetching(&self, key: &str, backend: &str, candidate: &str) -> Gauge {
        let (bus, of) = (self.bus.clone(), key.to_owned());
        let gauge = Gauge::telling(move |_| tell(bus.as_ref(), &of));
        if let Some(track) = self.lock().get_mut(key) {
            track.gauges.insert(backend.to_owned(), gauge.clone());
        }
        let outcome = Outcome::Fetching { candidate: candidate.to_owned() };
        self.change(key, backend, |attempt| attempt.outcome = outcome);
        gauge
    }

    fn end(&self, key: &str, backend: &str, ended: Timestamp, outcome: Outcome) {
        self.count(backend, &outcome);
        self.change_and_keep(key, backend, |attempt| {
            attempt.outcome = outcome;
            attempt.ended = Some(ended);
        });
        let mut under_way = self.lock();
        if let Some(track) = under_way.get_mut(key) {
            track.open -= 1;
            track.gauges.remove(backend);
            if track.open == 0 {
                under_way.remove(key);
            }
        }
    }

    /// Of a track that is under way.
    fn change(&self, key: &str, backend: &str, change: impl FnOnce(&mut Attempt)) {
        let mut under_way = self.lock();
        if let Some(track) = under_way.get_mut(key)
            && changed(&mut track.tried, backend, change)
        {
            drop(under_way);
            self.tell(key);
        }
    }

    /// The same, of one that is over too.
    fn change_and_keep(&self, key: &str, backend: &str, change: impl FnOnce(&mut Attempt)) {
        let mut under_way = self.lock();
        let is_changed = match under_way.get_mut(key) {
            Some(track) => {
                let is_changed = changed(&mut track.tried, backend, change);
                self.keep(key, &track.tried);
                is_changed
            }
            None => match self.kept(key).inspect_err(forgotten).ok().flatten() {
                Some(mut tried) => {
                    let is_changed = changed(&mut tried, backend, change);
                    self.keep(key, &tried);
                    is_changed
                }
                None => false,
            },
        };
        drop(under_way);
        self.state.flush_soon();
        if is_changed {
            self.tell(key);
        }
    }

    /// What was under way when the process before this one ended is over.
    fn kept(&self, key: &str) -> Result<Option<Tried>, StateError> {
        Ok(self.state.music_attempts.get(key)?.map(Tried::at_rest))
    }

    /// That people see less of it after a restart is no reason to have no song.
    fn keep(&self, key: &str, tried: &Tried) {
        if let Err(error) = self.state.music_attempts.put(key, tried) {
            forgotten(&error);
        }
    }

    /// Something else that is known of this track has changed.
    pub(in crate::music) fn tell(&self, key: &str) {
        tell(self.bus.as_ref(), key);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says whether there is such an attempt.
fn changed(tried: &mut Tried, backend: &str, change: impl FnOnce(&mut Attempt)) -> bool {
    let attempt = tried.attempts.iter_mut().find(|attempt| attempt.backend == backend);
    attempt.map(change).is_some()
}

fn tell(bus: Option<&Bus>, key: &str) {
    if let Some(bus) = bus {
        bus.send(Event::Track(TrackKey::from(key.to_owned())));
    }
}

fn forgotten(error: &StateError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "What backends answer for a track cannot be remembered");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::clock::ManualClock;

    const KEY: &str = "spotify:1";

    fn clock() -> SharedClock {
        ManualClock::at("2026-01-01T12:00:00Z".parse().unwrap())
    }

    fn attempts(folder: &Path) -> Attempts {
        Attempts::new(State::open(folder).unwrap())
    }

    fn found(ids: &[&str]) -> Vec<Candidate> {
        ids.iter().map(|id| Candidate { id: (*id).into(), score: 90.0, ..Candidate::default() }).collect()
    }

    fn ids(attempt: &Attempt) -> Vec<&str> {
        attempt.candidates.iter().map(|it| it.id.as_str()).collect()
    }

    #[test]
    fn what_was_found_is_there_after_a_restart() {
        let (folder, clock, track) = (tempfile::tempdir().unwrap(), clock(), Track::default());
        {
            let attempts = attempts(folder.path());
            let open = attempts.begin((KEY, "spotdl"), &track, &clock);
            attempts.candidates(KEY, "spotdl", &found(&["a", "b"]));
            attempts.fetching(KEY, "spotdl", "A");
            attempts.refused(KEY, "spotdl", "a", "it plays for 9 s".into());
            attempts.taken(KEY, "spotdl", "b");
            open.end(Outcome::Found { candidate: "B".into(), is_placeholder: false });
            assert!(attempts.lock().is_empty(), "only what is under way takes memory");
        }
        let attempts = attempts(folder.path());
        let tried = attempts.of(KEY).unwrap().unwrap();
        let [attempt] = &tried.attempts[..] else { panic!("{tried:?}") };
        assert_eq!((ids(attempt), attempt.taken.as_deref()), (vec!["a", "b"], Some("b")));
        assert_eq!(attempt.refused[0].reason, "it plays for 9 s");
        assert!(matches!(attempt.outcome, Outcome::Found { .. }) && attempt.ended.is_some());
        // Another look adds to what is known.
        attempts.looked((KEY, "spotdl"), &track, &clock, &found(&["c"])).unwrap();
        attempts.looked((KEY, "files"), &track, &clock, &found(&["d"])).unwrap();
        let tried = attempts.of(KEY).unwrap().unwrap();
        assert_eq!(tried.attempts.iter().map(ids).collect::<Vec<_>>(), [["c"], ["d"]]);
        assert_eq!(tried.attempts[1].outcome, Outcome::Looked);
    }

    #[test]
    fn what_a_crash_cut_off_reads_as_cancelled() {
        let (folder, clock, track) = (tempfile::tempdir().unwrap(), clock(), Track::default());
        {
            let attempts = attempts(folder.path());
            let open = attempts.begin((KEY, "spotdl"), &track, &clock);
            attempts.candidates(KEY, "spotdl", &found(&["a"]));
            attempts.fetching(KEY, "spotdl", "A");
            // A process that is killed says nothing more.
            std::mem::forget(open);
        }
        let attempts = attempts(folder.path());
        let tried = attempts.of(KEY).unwrap().unwrap();
        assert_eq!((ids(&tried.attempts[0]), &tried.attempts[0].outcome), (vec!["a"], &Outcome::Cancelled));
        let _open = attempts.begin((KEY, "zero"), &track, &clock);
        let tried = attempts.of(KEY).unwrap().unwrap();
        let outcomes: Vec<_> = tried.attempts.iter().map(|attempt| attempt.outcome.clone()).collect();
        assert_eq!(outcomes, [Outcome::Cancelled, Outcome::Finding]);
    }

    #[test]
    fn two_who_want_the_same_do_not_end_each_other() {
        let (folder, clock, track) = (tempfile::tempdir().unwrap(), clock(), Track::default());
        let attempts = attempts(folder.path());
        let first = attempts.begin((KEY, "zero"), &track, &clock);
        let second = attempts.begin((KEY, "spotdl"), &track, &clock);
        first.end(Outcome::Found { candidate: "Z".into(), is_placeholder: true });
        attempts.fetching(KEY, "spotdl", "A").percent(7);
        assert_eq!(attempts.reading(KEY, "spotdl").map(|it| it.percent), Some(7));
        assert_eq!(attempts.reading(KEY, "zero"), None);
        second.end(Outcome::Nothing);
        assert_eq!(attempts.reading(KEY, "spotdl"), None);
        let tried = attempts.of(KEY).unwrap().unwrap();
        assert_eq!(tried.attempts[1].outcome, Outcome::Nothing);
    }

    #[test]
    fn listeners_hear_how_far_a_fetch_is() {
        let (folder, clock, track) = (tempfile::tempdir().unwrap(), clock(), Track::default());
        let bus = Bus::default();
        let attempts = Attempts::telling(State::open(folder.path()).unwrap(), bus.clone());
        let _open = attempts.begin((KEY, "spotdl"), &track, &clock);
        let gauge = attempts.fetching(KEY, "spotdl", "A");
        let before = bus.last_id();
        (0..=100).for_each(|percent| gauge.percent(percent));
        assert_eq!(bus.last_id() - before, 21);
    }

    #[test]
    fn a_flood_of_candidates_is_cut() {
        let (folder, clock, track) = (tempfile::tempdir().unwrap(), clock(), Track::default());
        let attempts = attempts(folder.path());
        let many = vec![Candidate::default(); MOST_CANDIDATES + 1];
        attempts.looked((KEY, "spotdl"), &track, &clock, &many).unwrap();
        assert_eq!(attempts.of(KEY).unwrap().unwrap().attempts[0].candidates.len(), MOST_CANDIDATES);
    }
}
