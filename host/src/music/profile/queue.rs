//! What is on its way to a profile, and what each backend says of it.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Desk, DeskError, Shown,
    board::Terms,
    journal::Songs,
    library::Library,
    wanted::{Played, Wanted, wanted},
};
use crate::{
    gauge::Reading,
    model::{Attempt, AttemptOutcome as Outcome, SongPlace, Tried},
    state::{ProfileSong, ProfileTrack},
};

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct QueueView {
    /// Those that are asked, in this order; empty while nobody has looked after the profile since the start.
    pub backends: Vec<String>,
    /// How many songs the profile keeps.
    pub keep: Option<usize>,
    /// Telegram asked for a pause.
    pub waiting_until: Option<Timestamp>,
    /// The one that matters most first.
    pub tracks: Vec<QueuedTrack>,
}

/// A track that lacks a file, or a better one.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct QueuedTrack {
    pub track: String,
    pub title: String,
    pub artists: Vec<String>,
    /// Something stands in its place already.
    pub is_upgrade: bool,
    pub stage: Stage,
    /// How much of the file is up, while it is sent.
    pub sent_bytes: Option<u64>,
    pub total_bytes: Option<u64>,
    /// When backends are asked again.
    pub next_try: Option<Timestamp>,
    /// In the order in which they are asked.
    pub backends: Vec<BackendWord>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Its turn comes.
    Waiting,
    /// Backends are asked.
    Fetching,
    /// The file is on its way to Telegram.
    Sending,
    /// No backend has it, for now.
    Later,
}

/// What one backend says of a track.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct BackendWord {
    pub backend: String,
    /// `waiting`, `finding`, `fetching`, `found`, `nothing`, `not-again`, `failed`, `cancelled`, or `looked`.
    pub state: &'static str,
    pub began: Option<Timestamp>,
    /// The recording that is fetched or was found.
    pub candidate: Option<String>,
    /// How far the fetch is, if that is known.
    pub progress: Option<Reading>,
    pub reason: Option<String>,
    /// It is not asked again before.
    pub until: Option<Timestamp>,
    /// Only silence with a name.
    pub is_placeholder: bool,
    /// How many recordings it has found.
    pub candidates: usize,
}

impl Desk {
    pub fn queue(&self) -> Result<QueueView, DeskError> {
        let now = self.clock.now();
        let shown = self.board.shown();
        let waiting_until = shown.waiting_until.filter(|until| *until > now);
        let Some(terms) = self.board.terms() else {
            return Ok(QueueView { backends: Vec::new(), keep: None, waiting_until, tracks: Vec::new() });
        };
        let backends = terms.chain.names();
        let library = Library::load(self.account.as_str(), &self.state, &self.ledger)?;
        let mut tracks = Vec::new();
        for wanted in self.wanted_by(&terms, &library)? {
            let known = self.state.profile_tracks.get(self.account.as_str(), &wanted.key)?;
            let Some(is_upgrade) = self.lacks(&wanted, &library.songs, &backends)? else { continue };
            let tried = self.attempts.of(&wanted.key)?;
            let word = |name: &String| self.word(&wanted.key, name, tried.as_ref());
            let words = backends.iter().map(word).collect::<Result<_, _>>()?;
            tracks.push(queued(&wanted, &known, is_upgrade, (&shown, now), words));
        }
        tracks.sort_by_key(|track| (track.stage == Stage::Later, track.is_upgrade));
        Ok(QueueView { backends, keep: Some(terms.rules.keep), waiting_until, tracks })
    }

    /// What whoever looks after the profile wants there.
    pub(super) fn wanted_by(&self, terms: &Terms, library: &Library) -> Result<Vec<Wanted>, DeskError> {
        let heard = self.ledger.recent_distinct(terms.rules.keep)?;
        let (is_stopped, session) = (self.ledger.is_stopped()?, self.ledger.session()?);
        let played = Played { heard, is_stopped, session };
        Ok(wanted(&played, &library.tracks(&self.ledger)?, &terms.rules))
    }

    /// Whether it lacks a file (`Some(false)`) or a better one (`Some(true)`).
    fn lacks(&self, wanted: &Wanted, songs: &Songs, backends: &[String]) -> Result<Option<bool>, DeskError> {
        let of_track = songs.values().filter(|song| {
            song.track == wanted.key && song.document.is_some() && song.place != SongPlace::Theirs
        });
        let Some(newest) = of_track.max_by_key(|song| song.made) else { return Ok(Some(false)) };
        let has_better = newest.is_placeholder && newest.rank + 1 < backends.len();
        let is_rejected = self.is_rejected(newest)?;
        Ok((has_better || is_rejected).then_some(true))
    }

    /// Somebody has chosen another recording, or does not want this one any more.
    fn is_rejected(&self, song: &ProfileSong) -> Result<bool, DeskError> {
        let is_this = |backend: &str, candidate: &str| backend == song.backend && candidate == song.candidate;
        if let Some(choice) = self.state.music_choices.get(&song.track)? {
            return Ok(!is_this(&choice.backend, &choice.candidate.id));
        }
        let unwanted = self.state.profile_tracks.get(self.account.as_str(), &song.track)?.unwanted;
        Ok(unwanted.is_some_and(|(backend, candidate)| is_this(&backend, &candidate)))
    }

    fn word(&self, key: &str, backend: &str, tried: Option<&Tried>) -> Result<BackendWord, DeskError> {
        let attempt = tried.and_then(|it| it.attempts.iter().find(|it| it.backend == backend));
        let mut word = attempt.map_or_else(|| waiting(backend), word_of);
        word.progress = self.attempts.reading(key, backend);
        let miss = self.state.music_misses.get(key, backend)?;
        word.until = word.until.or(miss.map(|miss| miss.until).filter(|until| *until > self.clock.now()));
        Ok(word)
    }
}

fn queued(
    wanted: &Wanted,
    known: &ProfileTrack,
    is_upgrade: bool,
    (shown, now): (&Shown, Timestamp),
    backends: Vec<BackendWord>,
) -> QueuedTrack {
    let sent = shown.sending.get(&wanted.key);
    let next_try = if is_upgrade { known.better.next } else { known.first.next };
    let next_try = next_try.filter(|next| *next > now);
    let is_on_the_way = shown.on_the_way.iter().any(|way| way.track == wanted.key);
    let stage = match (sent, is_on_the_way, next_try) {
        (Some(_), _, _) => Stage::Sending,
        (None, true, _) => Stage::Fetching,
        (None, false, Some(_)) => Stage::Later,
        (None, false, None) => Stage::Waiting,
    };
    QueuedTrack {
        track: wanted.key.clone(),
        title: wanted.track.title.clone(),
        artists: wanted.track.artists.clone(),
        is_upgrade,
        stage,
        sent_bytes: sent.map(|sent| sent.done_bytes),
        total_bytes: sent.map(|sent| sent.total_bytes),
        next_try,
        // A file of the user's own comes from nowhere else.
        backends: if wanted.file.is_some() { Vec::new() } else { backends },
    }
}

fn waiting(backend: &str) -> BackendWord {
    BackendWord { backend: backend.to_owned(), state: "waiting", ..BackendWord::default() }
}

fn word_of(attempt: &Attempt) -> BackendWord {
    let mut word = BackendWord {
        began: Some(attempt.began),
        candidates: attempt.candidates.len(),
        ..waiting(&attempt.backend)
    };
    match &attempt.outcome {
        Outcome::Finding => word.state = "finding",
        Outcome::Fetching { candidate } => {
            (word.state, word.candidate) = ("fetching", Some(candidate.clone()));
        }
        Outcome::Found { candidate, is_placeholder } => {
            (word.state, word.candidate) = ("found", Some(candidate.clone()));
            word.is_placeholder = *is_placeholder;
        }
        Outcome::Nothing => word.state = "nothing",
        Outcome::NotAgain { until, reason } => {
            (word.state, word.until, word.reason) = ("not-again", Some(*until), Some(reason.clone()));
        }
        Outcome::Failed { reason } => (word.state, word.reason) = ("failed", Some(reason.clone())),
        Outcome::Cancelled => word.state = "cancelled",
        Outcome::Looked => word.state = "looked",
    }
    word
}
