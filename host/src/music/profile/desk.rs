//! What people may ask about a profile, and of it. What they ask for is written down; whoever works on
//! the profile does it.

use std::{io, path::PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Board, OnTheWay,
    journal::Songs,
    library::Library,
    wanted::{Played, Rules, Wanted, below, wanted},
};
use crate::{
    clock::SharedClock,
    model::{AccountName, SongPlace, Track, TrackKey},
    music::{
        backends::{self, Attempts, BackendError},
        ledger::Ledger,
    },
    state::{Added, ProfileSong, ProfileTrack, State, StateError},
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
        let (key, title) = self.find(name)?;
        let mut track = self.state.profile_tracks.get(self.account.as_str(), &key)?;
        remove_copy(&mut track)?;
        track.removed = Some(self.clock.now());
        self.state.profile_tracks.put(&track)?;
        self.done().await?;
        Ok(title)
    }

    /// Moves a song to the top, or below another one, until it is played again.
    pub async fn move_song(&self, name: &str, after: Option<&str>) -> Result<String, DeskError> {
        let (key, title) = self.find(name)?;
        let now = self.clock.now();
        let to = match after {
            None => now,
            Some(after) => {
                let (other, _) = self.find(after)?;
                let at = self.wanted()?.into_iter().find(|wanted| wanted.key == other);
                below(at.ok_or_else(|| DeskError::Unknown(after.to_owned()))?.at)
            }
        };
        let mut track = self.state.profile_tracks.get(self.account.as_str(), &key)?;
        track.moved = Some((to, now));
        self.state.profile_tracks.put(&track)?;
        self.done().await?;
        Ok(title)
    }

    /// Takes away everything that we have ever put there. Says how many songs that are.
    pub async fn clean(&self) -> Result<usize, DeskError> {
        let songs = self.library()?;
        let there = songs.values().filter(|song| song.message.id().is_some()).count();
        for mut track in self.state.profile_tracks.of_account(self.account.as_str())? {
            if track.added.is_some() {
                remove_copy(&mut track)?;
                self.state.profile_tracks.put(&track)?;
            }
        }
        let mut all = self.state.profile_tracks.get(self.account.as_str(), "")?;
        all.removed = Some(self.clock.now());
        self.state.profile_tracks.put(&all)?;
        self.done().await?;
        Ok(there)
    }

    /// Adds a file of the user's own, on top. It stays until somebody removes it.
    pub async fn add(&self, name: &str, bytes: Vec<u8>) -> Result<String, DeskError> {
        let extension = name.rsplit_once('.').map_or("mp3", |(_, extension)| extension).to_lowercase();
        let is_plain = extension.len() <= 5 && extension.bytes().all(|c| c.is_ascii_alphanumeric());
        let extension = if is_plain { extension } else { "mp3".to_owned() };
        let hash = ring::digest::digest(&ring::digest::SHA256, &bytes);
        let id: String = hash.as_ref()[..10].iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = self.state.folder().join("music").join("added");
        let path = folder.join(format!("{id}.{extension}"));
        let (kept, shown) = (path.clone(), name.to_owned());
        let read = tokio::task::spawn_blocking(move || {
            let disk = |source| DeskError::Disk { path: kept.clone(), source };
            std::fs::create_dir_all(&folder).map_err(disk)?;
            std::fs::write(&kept, &bytes).map_err(disk)?;
            backends::describe(&kept, &shown).map_err(|error| {
                // What is no song is not kept; if that fails too, there is nothing to add to the reason.
                let _ = std::fs::remove_file(&kept);
                DeskError::BadFile { reason: format!("{error:#}") }
            })
        });
        let track: Track = match read.await {
            Ok(track) => track?,
            Err(error) => return Err(DeskError::BadFile { reason: error.to_string() }),
        };
        let key = format!("added:{id}");
        let title = track.shown();
        let mut known = self.state.profile_tracks.get(self.account.as_str(), &key)?;
        (known.removed, known.moved) = (None, None);
        known.added = Some(Added { at: self.clock.now(), track, file: path });
        self.state.profile_tracks.put(&known)?;
        self.done().await?;
        Ok(title)
    }

    /// A song by its place, by the key of its track, or by a part of its name that no other has.
    pub(super) fn find(&self, name: &str) -> Result<(String, String), DeskError> {
        let songs = self.library()?;
        let mut known: Vec<(String, String)> =
            songs.values().map(|song| (song.track.clone(), shown(song))).collect();
        let wanted = self.wanted()?;
        known.extend(wanted.iter().map(|wanted| (wanted.key.clone(), wanted.track.shown())));
        known.sort();
        known.dedup_by(|a, b| a.0 == b.0);
        if let Ok(place) = name.parse::<usize>()
            && let Some(key) = self.view()?.songs.into_iter().find(|song| song.place == place)
        {
            let key = key.track.ok_or_else(|| DeskError::Unknown(name.to_owned()))?;
            return known.into_iter().find(|(it, _)| *it == key).ok_or(DeskError::Unknown(key));
        }
        if let Some(exact) = known.iter().find(|(key, _)| key == name) {
            return Ok(exact.clone());
        }
        // One that was played too long ago to be on the profile.
        if let Some(play) = self.ledger.plays_of(&TrackKey::from(name.to_owned()), 1)?.first() {
            return Ok((name.to_owned(), play.track.shown()));
        }
        let part = name.to_lowercase();
        let mut fitting: Vec<_> =
            known.into_iter().filter(|(_, shown)| shown.to_lowercase().contains(&part)).collect();
        match fitting.len() {
            0 => Err(DeskError::Unknown(name.to_owned())),
            1 => Ok(fitting.remove(0)),
            _ => {
                let found = fitting.into_iter().take(5).map(|(_, shown)| shown).collect();
                Err(DeskError::Ambiguous { name: name.to_owned(), found })
            }
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

/// A file that somebody added is ours to delete: it is a copy.
fn remove_copy(track: &mut ProfileTrack) -> Result<(), DeskError> {
    let Some(added) = track.added.take() else { return Ok(()) };
    match std::fs::remove_file(&added.file) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(DeskError::Disk { path: added.file, source })
        }
        _ => Ok(()),
    }
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
