//! All that is known of one track: what was put up for it, what each backend has found, and why this recording.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{ChoiceView, Desk, DeskError, desk::recording};
use crate::{
    gauge::Reading,
    model::{Attempt, Candidate, SongMessage, SongPlace, TrackKey, TrackView},
    state::{MusicChoice, ProfileSong},
};

/// What the bundled backend calls those that it would not choose from.
const PASSED_OVER: &str = "passed_over";

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    pub track: String,
    pub title: Option<String>,
    pub artists: Vec<String>,
    pub album: Option<String>,
    pub duration_ms: Option<u64>,
    pub has_cover: bool,
    /// When its last play began.
    pub played: Option<Timestamp>,
    /// Somebody took it away then.
    pub removed: Option<Timestamp>,
    /// When a file is asked for again, after it could not be had.
    pub next_try: Option<Timestamp>,
    /// The same for a better one.
    pub next_better: Option<Timestamp>,
    /// The recording that somebody has chosen.
    pub choice: Option<ChoiceView>,
    /// Those that are asked, in this order; empty while nobody has looked after the profile since the start.
    pub backends: Vec<String>,
    /// Everything that was put up for it, the newest first.
    pub songs: Vec<SongFileView>,
    /// What backends have answered, the last time that they were asked.
    pub attempts: Option<TriedView>,
}

/// A file that was put up.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SongFileView {
    pub backend: String,
    /// Which recording it is there.
    pub candidate: String,
    pub is_placeholder: bool,
    pub bytes: u64,
    pub seconds: u32,
    pub made: Timestamp,
    /// `off`, `entering`, `on`, `leaving`, or `theirs`: somebody has put it there again.
    #[schema(value_type = String)]
    pub place: SongPlace,
    /// Its number in Saved Messages.
    pub message: Option<i32>,
    /// Telegram's number of the document.
    pub document: Option<i64>,
    /// The address that it can be listened to at while it is on the profile.
    pub recording: Option<String>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TriedView {
    pub attempts: Vec<AttemptView>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AttemptView {
    pub backend: String,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
    /// `is` says how it went.
    #[schema(value_type = Object)]
    pub outcome: Value,
    /// How far a fetch is, if that is known.
    pub progress: Option<Reading>,
    /// The best first.
    pub candidates: Vec<CandidateView>,
    /// Found, and not chosen from, by the backend's own rules.
    pub passed_over: Vec<PassedOver>,
}

#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct CandidateView {
    pub id: String,
    /// For people; empty if there is none.
    pub url: String,
    pub title: String,
    pub artists: Vec<String>,
    pub album: Option<String>,
    pub duration_ms: Option<u64>,
    /// How surely it is the track: 0 to 100.
    pub score: f64,
    pub is_verified: bool,
    pub is_explicit: Option<bool>,
    pub views: Option<u64>,
    /// It was fetched.
    pub is_taken: bool,
    /// Somebody has chosen it.
    pub is_chosen: bool,
    /// Why it was not fetched.
    pub why_not: Option<String>,
    /// What the backend says of it besides.
    #[schema(value_type = Object)]
    pub facts: serde_json::Map<String, Value>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PassedOver {
    pub id: String,
    pub title: String,
    pub artists: Vec<String>,
    pub why: String,
}

impl Desk {
    pub fn explain(&self, name: &str) -> Result<Explanation, DeskError> {
        let (key, _) = self.find(name)?;
        let mut songs: Vec<ProfileSong> =
            self.library()?.into_values().filter(|song| song.track == key).collect();
        songs.sort_by_key(|song| std::cmp::Reverse(song.made));
        let plays = self.ledger.plays_of(&TrackKey::from(key.clone()), 1)?;
        let known = self.state.profile_tracks.get(self.account.as_str(), &key)?;
        let track = plays.first().map(|play| &play.track).or(known.added.as_ref().map(|it| &it.track));
        let view = track.map(TrackView::from);
        let choice = self.state.music_choices.get(&key)?;
        let tried = self.attempts.of(&key)?;
        let tried = tried.map(|tried| TriedView {
            attempts: tried
                .attempts
                .iter()
                .map(|attempt| self.attempt_view(&key, attempt, choice.as_ref()))
                .collect(),
        });
        Ok(Explanation {
            title: view.as_ref().map(|view| view.title.clone()),
            artists: view.as_ref().map(|view| view.artists.clone()).unwrap_or_default(),
            album: view.as_ref().and_then(|view| view.album.clone()),
            duration_ms: view.as_ref().and_then(|view| view.duration_ms),
            has_cover: view.is_some_and(|view| view.cover_url.is_some()),
            played: plays.first().map(|play| play.started),
            removed: known.removed,
            next_try: known.first.next,
            next_better: known.better.next,
            backends: self.board.terms().map(|terms| terms.chain.names()).unwrap_or_default(),
            songs: songs.iter().map(file_view).collect(),
            attempts: tried,
            choice: choice.map(ChoiceView::from),
            track: key,
        })
    }

    fn attempt_view(&self, key: &str, attempt: &Attempt, choice: Option<&MusicChoice>) -> AttemptView {
        let progress = self.attempts.reading(key, &attempt.backend);
        AttemptView { progress, ..attempt_view(attempt, choice) }
    }

    /// Asks a backend anew what there is of a song, and fetches nothing.
    pub async fn look(&self, name: &str, backend: &str) -> Result<Explanation, DeskError> {
        let (key, _) = self.find(name)?;
        let wanted = self.wanted()?.into_iter().find(|wanted| wanted.key == key);
        let wanted = wanted.ok_or_else(|| DeskError::Unknown(name.to_owned()))?;
        let terms = self.board.terms().ok_or(DeskError::Unattended)?;
        let found = terms.chain.look(&key, &wanted.track, backend, &CancellationToken::new()).await;
        let found = found.ok_or_else(|| DeskError::UnknownBackend(backend.to_owned()))?;
        // What was tried in vain before says nothing of what comes of this.
        self.retry(&key)?;
        self.done().await?;
        found.map_err(|source| DeskError::Backend { backend: backend.to_owned(), source })?;
        self.explain(&key)
    }
}

fn file_view(song: &ProfileSong) -> SongFileView {
    SongFileView {
        backend: song.backend.clone(),
        candidate: song.candidate.clone(),
        is_placeholder: song.is_placeholder,
        bytes: song.bytes,
        seconds: song.seconds,
        made: song.made,
        place: song.place,
        message: match song.message {
            SongMessage::There(id) => Some(id.0),
            _ => None,
        },
        document: song.document.as_ref().map(|document| document.id),
        recording: song
            .document
            .as_ref()
            .filter(|_| song.place == SongPlace::On && !song.is_placeholder)
            .map(|document| recording(document.id)),
    }
}

fn attempt_view(attempt: &Attempt, choice: Option<&MusicChoice>) -> AttemptView {
    let candidates = attempt.candidates.iter().map(|it| candidate_view(it, attempt, choice)).collect();
    AttemptView {
        backend: attempt.backend.clone(),
        began: attempt.began,
        ended: attempt.ended,
        outcome: serde_json::to_value(&attempt.outcome).unwrap_or_default(),
        candidates,
        passed_over: attempt.candidates.iter().flat_map(passed_over).collect(),
        progress: None,
    }
}

fn candidate_view(it: &Candidate, attempt: &Attempt, choice: Option<&MusicChoice>) -> CandidateView {
    let is_taken = attempt.taken.as_ref() == Some(&it.id);
    let is_chosen =
        choice.is_some_and(|choice| choice.backend == attempt.backend && choice.candidate.id == it.id);
    let facts = it.extra.iter().filter(|(name, _)| name != PASSED_OVER).cloned().collect();
    CandidateView {
        id: it.id.clone(),
        url: it.url.clone(),
        title: it.title.clone(),
        artists: it.artists.clone(),
        album: it.album.clone(),
        duration_ms: it.duration.and_then(|duration| u64::try_from(duration.as_millis()).ok()),
        score: it.score,
        is_verified: it.is_verified,
        is_explicit: it.is_explicit,
        views: it.views,
        is_taken,
        is_chosen,
        why_not: if is_taken || is_chosen { None } else { why_not(it, attempt, choice) },
        facts,
    }
}

fn why_not(it: &Candidate, attempt: &Attempt, choice: Option<&MusicChoice>) -> Option<String> {
    if let Some(refused) = attempt.refused.iter().find(|refused| refused.id == it.id) {
        return Some(format!("it was tried, and would not do: {}", refused.reason));
    }
    if choice.is_some() {
        return Some("another one was chosen by hand".to_owned());
    }
    let taken = attempt.candidates.iter().find(|other| Some(&other.id) == attempt.taken.as_ref())?;
    Some(match taken.score > it.score {
        true => format!("another one scored higher: {:.0}", taken.score),
        false => "another one came first in the backend's order".to_owned(),
    })
}

/// Only text that is there is shown: another plugin may mean something else by the name.
fn passed_over(it: &Candidate) -> Vec<PassedOver> {
    let list = it.extra.iter().find(|(name, _)| name == PASSED_OVER).and_then(|(_, value)| value.as_array());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |value: &Value| PassedOver {
        id: text(&value["id"]),
        title: text(&value["title"]),
        artists: value["artists"].as_array().into_iter().flatten().map(text).collect(),
        why: text(&value["why"]),
    };
    list.into_iter().flatten().map(one).filter(|it| !it.id.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{AttemptOutcome as Outcome, RefusedCandidate};

    fn attempt() -> Attempt {
        let candidate = |id: &str, score| Candidate { id: id.into(), score, ..Candidate::default() };
        Attempt {
            backend: "spotdl".into(),
            began: Timestamp::UNIX_EPOCH,
            ended: None,
            outcome: Outcome::Found { candidate: "b".into(), is_placeholder: false },
            candidates: vec![candidate("a", 95.0), candidate("b", 90.0), candidate("c", 60.0)],
            taken: Some("b".into()),
            refused: vec![RefusedCandidate { id: "a".into(), reason: "it plays for 9 s".into() }],
        }
    }

    #[test]
    fn each_candidate_has_its_reason() {
        let view = attempt_view(&attempt(), None);
        let why: Vec<_> = view.candidates.iter().map(|it| it.why_not.clone().unwrap_or_default()).collect();
        assert_eq!(
            why,
            ["it was tried, and would not do: it plays for 9 s", "", "another one scored higher: 90"]
        );
        assert!(view.candidates[1].is_taken && view.outcome["is"] == "found");
    }

    #[test]
    fn a_choice_by_hand_is_the_reason() {
        let candidate = Candidate { id: "c".into(), ..Candidate::default() };
        let (track, title) = ("spotify:1".into(), "T".into());
        let choice =
            MusicChoice { track, title, backend: "spotdl".into(), candidate, chosen: Timestamp::UNIX_EPOCH };
        let view = attempt_view(&attempt(), Some(&choice));
        assert!(view.candidates[2].is_chosen && view.candidates[2].why_not.is_none());
        assert!(view.candidates[1].is_taken, "what is there stays known");
    }

    #[test]
    fn what_was_passed_over_is_told_apart() {
        let mut attempt = attempt();
        let over =
            json!([{ "id": "x", "title": "T (karaoke)", "artists": ["K"], "why": "another version" }, 3]);
        attempt.candidates[0].extra = vec![("passed_over".into(), over), ("place".into(), json!("songs"))];
        let view = attempt_view(&attempt, None);
        assert_eq!(view.passed_over.len(), 1);
        assert_eq!(view.passed_over[0].why, "another version");
        assert_eq!(serde_json::to_value(&view.candidates[0].facts).unwrap(), json!({ "place": "songs" }));
    }
}
