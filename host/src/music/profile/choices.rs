//! Recordings that people choose in place of what a backend would take, also as a file that goes from one deck to
//! another. A choice belongs to a track, and so to every profile.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Desk, DeskError, library::Library};
use crate::{
    model::{Candidate, PluginName, TrackKey},
    state::{MusicChoice, ProfileTrack},
};

/// What a file of choices says of itself.
const VERSION: u32 = 1;
/// A score of nothing means silence, which nobody chooses.
const BY_HAND: f64 = 100.0;
const LONGEST: usize = 4096;

/// A backend, and which recording it is there.
type Recorded = (String, String);
/// What stands for each track, by account.
type Standing = BTreeMap<String, BTreeMap<String, Recorded>>;

/// All choices, as they are kept in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChoicesFile {
    /// Of this shape: 1.
    pub version: u32,
    pub choices: Vec<ChoiceView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChoiceView {
    /// The track's key.
    pub track: String,
    /// What a person calls it.
    #[serde(default)]
    pub title: String,
    pub backend: String,
    pub candidate: ChosenRecording,
    pub chosen: Timestamp,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChosenRecording {
    /// As the backend knows it.
    pub id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artists: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The backend's own note.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub memo: String,
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    #[schema(value_type = Object)]
    pub extra: serde_json::Map<String, Value>,
}

/// What becomes of a choice when a file has another one for the same track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChoiceRule {
    /// The one that was made later counts.
    #[default]
    Newest,
    /// The file's counts.
    File,
    /// The one that is here counts.
    Here,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImportReport {
    pub is_dry_run: bool,
    pub added: usize,
    pub replaced: usize,
    pub kept: usize,
    pub same: usize,
    /// One for each track.
    pub choices: Vec<Imported>,
}

/// What becomes of one choice of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Imported {
    pub track: String,
    pub title: String,
    /// `added`, `replaced`, `kept` (the one that is here), or `same`.
    pub what: String,
}

impl Desk {
    /// From now on this recording stands for the song. Without a backend it is looked for among all that
    /// were found; with one, anything that the backend may know counts.
    pub async fn choose(
        &self,
        song: &str,
        backend: Option<&str>,
        candidate: &str,
    ) -> Result<MusicChoice, DeskError> {
        let (key, title) = self.find(song)?;
        let (backend, mut candidate) = self.candidate(&key, &title, backend, candidate.trim())?;
        // Whoever chooses silence wants it for good, not until there is something better.
        if candidate.score <= 0.0 {
            candidate.score = BY_HAND;
        }
        let choice = MusicChoice { track: key.clone(), title, backend, candidate, chosen: self.clock.now() };
        self.put(&choice, &self.standing()?)?;
        self.done().await?;
        self.attempts.tell(&key);
        Ok(choice)
    }

    /// Backends choose again, and what they choose takes the place of what was chosen.
    pub async fn unchoose(&self, song: &str) -> Result<String, DeskError> {
        // The song may be gone from every profile.
        let key = match self.state.music_choices.get(song)? {
            Some(choice) => choice.track,
            None => self.find(song)?.0,
        };
        let choice =
            self.state.music_choices.get(&key)?.ok_or_else(|| DeskError::NotChosen(song.to_owned()))?;
        let chosen = recording(&choice);
        self.change(&key, &self.standing()?, |track, stands| {
            // Another choice may stand there still, because this one could not be had.
            if stands.is_none() || track.unwanted.as_ref() != stands {
                track.unwanted = Some(chosen.clone());
            }
        })?;
        self.state.music_misses.remove(&key, &choice.backend)?;
        self.state.music_choices.remove(&key)?;
        self.done().await?;
        self.attempts.tell(&key);
        Ok(choice.title)
    }

    /// By what the songs are called.
    pub fn choices(&self) -> Result<ChoicesFile, DeskError> {
        let mut choices: Vec<_> = self.state.music_choices.all()?.into_iter().map(ChoiceView::from).collect();
        choices.sort_by_key(|choice| (choice.title.to_lowercase(), choice.track.clone()));
        Ok(ChoicesFile { version: VERSION, choices })
    }

    /// All of a file's choices, or none when something is wrong with it.
    pub async fn import_choices(
        &self,
        file: ChoicesFile,
        rule: ChoiceRule,
        is_dry_run: bool,
    ) -> Result<ImportReport, DeskError> {
        check(&file)?;
        let standing = self.standing()?;
        let mut report =
            ImportReport { is_dry_run, added: 0, replaced: 0, kept: 0, same: 0, choices: Vec::new() };
        for mut choice in newest_of_each(file.choices) {
            choice.track = self.ledger.present_key(TrackKey::from(choice.track))?.to_string();
            let here = self.state.music_choices.get(&choice.track)?.map(ChoiceView::from);
            let what = match &here {
                None => "added",
                Some(here) if is_same(here, &choice) => "same",
                Some(here) if counts(here, &choice, rule) => "replaced",
                Some(_) => "kept",
            };
            *report.count(what) += 1;
            let (track, title) = (choice.track.clone(), choice.title.clone());
            report.choices.push(Imported { track, title, what: what.to_owned() });
            if !is_dry_run && matches!(what, "added" | "replaced") {
                self.put(&MusicChoice::from(choice), &standing)?;
            }
        }
        if !is_dry_run {
            self.done().await?;
        }
        Ok(report)
    }

    /// What was tried in vain for another recording says nothing of this one.
    fn put(&self, choice: &MusicChoice, standing: &Standing) -> Result<(), DeskError> {
        let before = self.state.music_choices.get(&choice.track)?;
        for backend in before.iter().map(|before| &before.backend).chain([&choice.backend]) {
            self.state.music_misses.remove(&choice.track, backend)?;
        }
        let (before, chosen) = (before.as_ref().map(recording), recording(choice));
        self.change(&choice.track, standing, |track, stands| {
            // What stands there as a choice is nobody's any more, and has to go when this one is taken back.
            let was_chosen =
                |it: &&Recorded| before.as_ref() == Some(*it) || track.unwanted.as_ref() == Some(*it);
            track.unwanted = stands.filter(|it| **it != chosen).filter(was_chosen).cloned();
        })?;
        Ok(self.state.music_choices.put(choice)?)
    }

    /// Files are asked for at once, wherever the track is wanted.
    pub(super) fn retry(&self, key: &str) -> Result<(), DeskError> {
        self.change(key, &self.standing()?, |track, _| track.first = Default::default())
    }

    /// On every profile that there is; better recordings are asked for at once. `change` hears of the one that stands
    /// there.
    fn change(
        &self,
        key: &str,
        standing: &Standing,
        change: impl Fn(&mut ProfileTrack, Option<&Recorded>),
    ) -> Result<(), DeskError> {
        for (account, stands) in standing {
            let mut track = self.state.profile_tracks.get(account, key)?;
            let before = track.clone();
            change(&mut track, stands.get(key));
            track.better = Default::default();
            if track != before {
                self.state.profile_tracks.put(&track)?;
            }
        }
        Ok(())
    }

    fn standing(&self) -> Result<Standing, DeskError> {
        let mut accounts = self.state.profile_songs.accounts()?;
        accounts.insert(self.account.to_string());
        let mut standing = Standing::new();
        for account in accounts {
            let songs = Library::load(&account, &self.state, &self.ledger)?.songs;
            let mut songs: Vec<_> = songs.into_values().filter(|song| song.document.is_some()).collect();
            songs.sort_by_key(|song| song.made);
            // Of a track's songs the newest stays.
            let newest = songs.into_iter().map(|song| (song.track, (song.backend, song.candidate)));
            standing.insert(account, newest.collect());
        }
        Ok(standing)
    }

    fn candidate(
        &self,
        key: &str,
        title: &str,
        backend: Option<&str>,
        wanted: &str,
    ) -> Result<(String, Candidate), DeskError> {
        let unknown = || DeskError::UnknownCandidate { song: title.to_owned(), candidate: wanted.to_owned() };
        // Many a recording has no address.
        if wanted.is_empty() {
            return Err(unknown());
        }
        let tried = self.attempts.of(key)?.map(|tried| tried.attempts).unwrap_or_default();
        let asked = tried.iter().filter(|attempt| backend.is_none_or(|name| attempt.backend == name));
        let mut found = asked.flat_map(|attempt| attempt.candidates.iter().map(|it| (&attempt.backend, it)));
        if let Some((backend, found)) = found.find(|(_, it)| it.id == wanted || it.url == wanted) {
            return Ok((backend.clone(), found.clone()));
        }
        let backend = backend.filter(|_| wanted.len() <= LONGEST).ok_or_else(unknown)?;
        let known = self.board.terms().map(|terms| terms.chain.names());
        if known.is_some_and(|known| known.iter().all(|name| name != backend)) {
            return Err(DeskError::UnknownBackend(backend.to_owned()));
        }
        let candidate = Candidate { id: wanted.to_owned(), score: BY_HAND, ..Candidate::default() };
        Ok((backend.to_owned(), candidate))
    }
}

fn recording(choice: &MusicChoice) -> Recorded {
    (choice.backend.clone(), choice.candidate.id.clone())
}

impl ImportReport {
    fn count(&mut self, what: &str) -> &mut usize {
        match what {
            "added" => &mut self.added,
            "replaced" => &mut self.replaced,
            "kept" => &mut self.kept,
            _ => &mut self.same,
        }
    }
}

fn check(file: &ChoicesFile) -> Result<(), DeskError> {
    let bad = |reason: String| Err(DeskError::BadChoices { reason });
    if file.version != VERSION {
        return bad(format!("its `version` is {}, and {VERSION} is what is understood here", file.version));
    }
    for (choice, number) in file.choices.iter().zip(1..) {
        let ChoiceView { track, backend, candidate, .. } = choice;
        if track.is_empty() || track.len() > LONGEST {
            return bad(format!("choice {number} names no track"));
        }
        if let Err(error) = backend.parse::<PluginName>() {
            return bad(format!("the backend of choice {number}: {error}"));
        }
        if candidate.id.is_empty() || candidate.id.len() > LONGEST {
            return bad(format!("choice {number} names no recording"));
        }
    }
    Ok(())
}

/// A track that is there twice counts once, as it was chosen last.
fn newest_of_each(choices: Vec<ChoiceView>) -> Vec<ChoiceView> {
    let mut newest: BTreeMap<String, ChoiceView> = BTreeMap::new();
    for choice in choices {
        let is_older = newest.get(&choice.track).is_some_and(|known| known.chosen >= choice.chosen);
        if !is_older {
            newest.insert(choice.track.clone(), choice);
        }
    }
    newest.into_values().collect()
}

fn is_same(here: &ChoiceView, other: &ChoiceView) -> bool {
    here.backend == other.backend && here.candidate.id == other.candidate.id
}

fn counts(here: &ChoiceView, other: &ChoiceView, rule: ChoiceRule) -> bool {
    match rule {
        ChoiceRule::Newest => other.chosen > here.chosen,
        ChoiceRule::File => true,
        ChoiceRule::Here => false,
    }
}

impl From<MusicChoice> for ChoiceView {
    fn from(choice: MusicChoice) -> Self {
        let MusicChoice { track, title, backend, candidate: it, chosen } = choice;
        let candidate = ChosenRecording {
            id: it.id,
            url: it.url,
            title: it.title,
            artists: it.artists,
            album: it.album,
            duration_ms: it.duration.and_then(|duration| u64::try_from(duration.as_millis()).ok()),
            score: Some(it.score),
            memo: it.memo,
            extra: it.extra.into_iter().collect(),
        };
        Self { track, title, backend, candidate, chosen }
    }
}

impl From<ChoiceView> for MusicChoice {
    fn from(choice: ChoiceView) -> Self {
        let ChoiceView { track, title, backend, candidate: it, chosen } = choice;
        let candidate = Candidate {
            id: it.id,
            url: it.url,
            title: it.title,
            artists: it.artists,
            album: it.album,
            duration: it.duration_ms.map(Duration::from_millis),
            score: it.score.filter(|score| *score > 0.0).unwrap_or(BY_HAND),
            memo: it.memo,
            extra: it.extra.into_iter().collect(),
            ..Candidate::default()
        };
        Self { track, title, backend, candidate, chosen }
    }
}
