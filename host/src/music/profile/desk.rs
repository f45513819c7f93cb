//! What people may ask about a profile, and of it. What they ask for is written down; whoever works on
//! the profile does it.

use std::{collections::BTreeMap, io, path::PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Board, OnTheWay,
    journal::Songs,
    library::Library,
    wanted::{Played, Rules, Wanted, above, below, wanted},
};
use crate::{
    clock::SharedClock,
    model::{AccountName, SongPlace, TrackKey},
    music::{
        backends::{Attempts, BackendError},
        ledger::Ledger,
    },
    state::{ProfileSong, State, StateError},
};

/// Of one account.
#[derive(Clone, Debug)]
pub struct Desk {
    pub account: AccountName,
    pub state: State,
    pub ledger: Ledger,
    pub attempts: Attempts,
    pub board: Board,
    pub clock: SharedClock,
}

#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error("there is no song `{0}` on the profile of this account")]
    Unknown(String),
    #[error("`{name}` is not one song: {}", found.join("; "))]
    Ambiguous { name: String, found: Vec<String> },
    #[error("`{0}` cannot stand below itself")]
    BelowItself(String),
    #[error("no backend has found `{candidate}` for `{song}`")]
    UnknownCandidate { song: String, candidate: String },
    #[error("nothing was chosen for `{0}`")]
    NotChosen(String),
    #[error("nobody has looked after this profile since the start")]
    Unattended,
    #[error("`{0}` is not one of the backends of this profile")]
    UnknownBackend(String),
    #[error("`{backend}` could not be asked")]
    Backend { backend: String, source: BackendError },
    #[error("this cannot be a file of choices: {reason}")]
    BadChoices { reason: String },
    #[error("this file cannot be a song: {reason}")]
    BadFile { reason: String },
    #[error("the file cannot be kept in {}", path.display())]
    Disk { path: PathBuf, source: io::Error },
    #[error(transparent)]
    State(#[from] StateError),
}

/// The profile as it is.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProfileView {
    pub account: AccountName,
    /// When it was looked at; until then these are the songs that should be there.
    pub seen: Option<Timestamp>,
    /// Telegram asked for a pause.
    pub waiting_until: Option<Timestamp>,
    /// The topmost first.
    pub songs: Vec<ProfileSongView>,
    /// Files on their way.
    pub on_the_way: Vec<OnTheWay>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProfileSongView {
    /// From 1, the topmost.
    pub place: usize,
    /// Whether we put it there; others are never touched.
    pub is_ours: bool,
    /// Of the track that it stands for.
    pub track: Option<String>,
    pub title: Option<String>,
    pub performer: Option<String>,
    pub seconds: u32,
    /// Where the file came from.
    pub backend: Option<String>,
    /// Only silence with a name, for now.
    pub is_placeholder: bool,
    /// Its number in Saved Messages.
    pub message: Option<i32>,
    /// Telegram's number of the document.
    pub document: Option<i64>,
    /// The address that it can be listened to at, which is none for silence.
    pub recording: Option<String>,
    /// Whether the track has a picture.
    pub has_cover: bool,
    /// Somebody has chosen this recording by hand.
    pub is_chosen: bool,
}

/// A song that a name may mean.
struct Named {
    key: String,
    /// Without the artists; recordings may differ in it.
    titles: Vec<String>,
    shown: String,
}

impl Desk {
    pub fn view(&self) -> Result<ProfileView, DeskError> {
        let songs = self.library()?;
        let shown = self.board.shown();
        let of_document = |document: i64| {
            songs.values().find(|song| {
                song.place != SongPlace::Theirs
                    && song.document.as_ref().is_some_and(|known| known.id == document)
            })
        };
        let mut views: Vec<ProfileSongView> = match &shown.profile {
            Some(seen) => seen
                .iter()
                .zip(1..)
                .map(|(seen, place)| {
                    let ours = of_document(seen.document);
                    ProfileSongView {
                        title: seen.title.clone(),
                        performer: seen.performer.clone(),
                        seconds: seen.seconds,
                        document: Some(seen.document),
                        ..view(place, ours)
                    }
                })
                .collect(),
            None => {
                let mut on: Vec<&ProfileSong> =
                    songs.values().filter(|song| song.place == SongPlace::On).collect();
                on.sort_by_key(|song| std::cmp::Reverse(song.made));
                on.into_iter().zip(1..).map(|(song, place)| view(place, Some(song))).collect()
            }
        };
        for view in &mut views {
            self.complete(view)?;
        }
        let now = self.clock.now();
        Ok(ProfileView {
            account: self.account.clone(),
            seen: shown.seen,
            waiting_until: shown.waiting_until.filter(|until| *until > now),
            songs: views,
            on_the_way: shown.on_the_way,
        })
    }

    /// With what its document and its track's plays say.
    fn complete(&self, view: &mut ProfileSongView) -> Result<(), DeskError> {
        view.recording = view.document.filter(|_| !view.is_placeholder).map(recording);
        if let Some(track) = &view.track {
            let plays = self.ledger.plays_of(&TrackKey::from(track.clone()), 1)?;
            view.has_cover = plays.first().is_some_and(|play| !play.track.covers.is_empty());
            view.is_chosen = self.state.music_choices.get(track)?.is_some();
        }
        Ok(())
    }

    /// Takes a song away, until it is played again. Says what it is called.
    pub async fn remove(&self, name: &str) -> Result<String, DeskError> {
        let songs = self.library()?;
        let there = songs.values().filter(|song| is_there(song));
        let (key, title) = self.find_among(name, named(there, &self.wanted_there()?))?;
        let now = self.clock.now();
        let mut track = self.state.profile_tracks.get(self.account.as_str(), &key)?;
        track.removed = Some(self.ledger.ahead(now)?.get(&key).copied().unwrap_or(now));
        self.state.profile_tracks.put(&track)?;
        self.forget_copy(track)?;
        self.done().await?;
        Ok(title)
    }

    /// Moves a song to the top, or below another one, until it is played again.
    pub async fn move_song(&self, name: &str, after: Option<&str>) -> Result<String, DeskError> {
        let wanted = self.wanted_there()?;
        let (key, title) = self.find_among(name, named([], &wanted))?;
        let now = self.clock.now();
        let to = match after {
            None => wanted.first().map_or(now, |top| above(top.at).max(now)),
            Some(after) => {
                let (other, _) = self.find_among(after, named([], &wanted))?;
                if other == key {
                    return Err(DeskError::BelowItself(title));
                }
                let at = wanted.iter().find(|wanted| wanted.key == other);
                below(at.ok_or_else(|| DeskError::Unknown(after.to_owned()))?.at)
            }
        };
        let when = self.ledger.ahead(now)?.get(&key).copied().unwrap_or(now);
        let mut track = self.state.profile_tracks.get(self.account.as_str(), &key)?;
        track.moved = Some((to, when));
        self.state.profile_tracks.put(&track)?;
        self.done().await?;
        Ok(title)
    }

    /// Takes away everything that we have ever put there. Says how many songs that are.
    pub async fn clean(&self) -> Result<usize, DeskError> {
        let songs = self.library()?;
        let there = songs.values().filter(|song| song.message.id().is_some()).count();
        let (account, now) = (self.account.as_str(), self.clock.now());
        for track in self.state.profile_tracks.of_account(account)? {
            self.forget_copy(track)?;
        }
        for (key, last) in self.ledger.ahead(now)? {
            let mut track = self.state.profile_tracks.get(account, &key)?;
            track.cleaned = Some(last);
            self.state.profile_tracks.put(&track)?;
        }
        let mut all = self.state.profile_tracks.get(account, "")?;
        all.removed = Some(now);
        self.state.profile_tracks.put(&all)?;
        self.done().await?;
        Ok(there)
    }

    /// Any song that is known, wherever it is: by its place, by the key of its track, or by a part of its name that no
    /// other has; a number that is no place has to be the whole title.
    pub(super) fn find(&self, name: &str) -> Result<(String, String), DeskError> {
        let songs = self.library()?;
        let found = self.find_among(name, named(songs.values(), &self.wanted()?));
        let Err(DeskError::Unknown(_)) = found else { return found };
        // One that was played too long ago to be on the profile.
        match self.ledger.plays_of(&TrackKey::from(name.to_owned()), 1)?.first() {
            Some(play) => Ok((name.to_owned(), play.track.shown())),
            None => found,
        }
    }

    fn find_among(&self, name: &str, known: Vec<Named>) -> Result<(String, String), DeskError> {
        let unknown = || DeskError::Unknown(name.to_owned());
        // Every name has a part that is nothing.
        if name.trim().is_empty() {
            return Err(unknown());
        }
        let told = |it: Named| (it.key, it.shown);
        if let Ok(place) = name.parse::<usize>()
            && let Some(song) = self.view()?.songs.into_iter().find(|song| song.place == place)
        {
            let key = song.track.ok_or_else(unknown)?;
            return known.into_iter().find(|it| it.key == key).map(told).ok_or(DeskError::Unknown(key));
        }
        if let Some(exact) = known.iter().find(|it| it.key == name) {
            return Ok((exact.key.clone(), exact.shown.clone()));
        }
        let part = name.to_lowercase();
        // A number that is no place would be found in all too many names.
        let is_number = name.parse::<usize>().is_ok();
        let fits = |it: &Named| match is_number {
            true => it.titles.iter().any(|title| title.to_lowercase() == part),
            false => it.shown.to_lowercase().contains(&part),
        };
        let mut fitting: Vec<_> = known.into_iter().filter(fits).collect();
        match fitting.len() {
            0 => Err(unknown()),
            1 => Ok(told(fitting.remove(0))),
            _ => {
                let found = fitting.into_iter().take(5).map(|it| it.shown).collect();
                Err(DeskError::Ambiguous { name: name.to_owned(), found })
            }
        }
    }

    /// What should be there. Before anybody has looked after the profile, nobody knows how many songs that may be.
    fn wanted_there(&self) -> Result<Vec<Wanted>, DeskError> {
        match self.board.terms() {
            Some(terms) => {
                let library = Library::load(self.account.as_str(), &self.state, &self.ledger)?;
                self.wanted_by(&terms, &library)
            }
            None => self.wanted(),
        }
    }

    /// As if all that was ever played might be shown.
    pub(super) fn wanted(&self) -> Result<Vec<Wanted>, DeskError> {
        const MOST: usize = 1000;
        let played = Played { heard: self.ledger.recent_distinct(MOST)?, is_stopped: false, session: None };
        let rules = Rules { keep: MOST, clean_when_stopped: false, removed_by_user: Default::default() };
        let library = Library::load(self.account.as_str(), &self.state, &self.ledger)?;
        Ok(wanted(&played, &library.tracks(&self.ledger)?, &rules))
    }

    pub(super) fn library(&self) -> Result<Songs, DeskError> {
        Ok(Library::load(self.account.as_str(), &self.state, &self.ledger)?.songs)
    }

    pub(super) async fn done(&self) -> Result<(), DeskError> {
        self.state.flushed().await?;
        self.board.wake();
        Ok(())
    }
}

/// Each song once, by the keys.
fn named<'a>(songs: impl IntoIterator<Item = &'a ProfileSong>, wanted: &[Wanted]) -> Vec<Named> {
    let mut named: BTreeMap<&str, Named> = BTreeMap::new();
    let songs = songs.into_iter().map(|song| (song.track.as_str(), &song.title, shown(song)));
    let wanted = wanted.iter().map(|it| (it.key.as_str(), &it.track.title, it.track.shown()));
    for (key, title, shown) in songs.collect::<Vec<_>>().into_iter().chain(wanted) {
        let known = named.entry(key);
        let known = known.or_insert_with(|| Named { key: key.to_owned(), titles: Vec::new(), shown });
        known.titles.push(title.clone());
    }
    named.into_values().collect()
}

fn is_there(song: &ProfileSong) -> bool {
    song.message.id().is_some() || !matches!(song.place, SongPlace::Off | SongPlace::Theirs)
}

fn view(place: usize, song: Option<&ProfileSong>) -> ProfileSongView {
    ProfileSongView {
        place,
        is_ours: song.is_some(),
        track: song.map(|song| song.track.clone()),
        title: song.map(|song| song.title.clone()),
        performer: song.map(|song| song.performer.clone()),
        seconds: song.map_or(0, |song| song.seconds),
        backend: song.map(|song| song.backend.clone()),
        is_placeholder: song.is_some_and(|song| song.is_placeholder),
        message: song.and_then(|song| song.message.id()).map(|id| id.0),
        document: song.and_then(|song| song.document.as_ref()).map(|document| document.id),
        recording: None,
        has_cover: false,
        is_chosen: false,
    }
}

/// Numbers of documents are too large for the numbers of a browser.
pub(super) fn recording(document: i64) -> String {
    format!("/api/v1/music/profile/songs/{document}/recording")
}

fn shown(song: &ProfileSong) -> String {
    match song.performer.is_empty() {
        true => song.title.clone(),
        false => format!("{} - {}", song.performer, song.title),
    }
}
