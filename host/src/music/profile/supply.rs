//! Where the files of songs come from, and how they go up: beside everything else, a bounded number
//! at a time, and given up as soon as nobody wants the song any more.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use jiff::Timestamp;
use tempfile::TempPath;
use tokio_util::sync::CancellationToken;

use super::{
    Wanted,
    board::{Board, SentPart},
    cover,
    plan::Need,
};
use crate::{
    model::{Recording, Track},
    music::backends,
    telegram::{
        download::{DownloadProgress, Watcher},
        music::{Music, Uploaded},
        upload::UploadError,
    },
};

/// Asks backends for the track with this key, from one of them on.
pub type Ask = Arc<dyn Fn(Order) -> BoxFuture<'static, Answer> + Send + Sync>;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    pub key: String,
    pub track: Track,
    /// The first backend to ask, from 0.
    pub from: usize,
    /// Something stands in its place already.
    pub is_upgrade: bool,
    pub stop: CancellationToken,
}

#[derive(Debug)]
pub enum Answer {
    Found(Box<Found>),
    /// No backend has it.
    Nothing {
        /// All that were asked know that they will have nothing before; `None`: it may pass at any time.
        not_before: Option<Timestamp>,
    },
}

/// A file that was checked.
#[derive(Debug)]
pub struct Found {
    pub file: SongFile,
    pub backend: String,
    pub rank: usize,
    /// Only silence with a name: a later backend should do better.
    pub is_placeholder: bool,
    pub candidate: String,
    pub recording: Recording,
}

#[derive(Debug)]
pub enum SongFile {
    /// Removed when it is up.
    Temporary(TempPath),
    /// The user's own.
    Kept(PathBuf),
}

impl SongFile {
    pub(super) fn path(&self) -> &std::path::Path {
        match self {
            Self::Temporary(path) => path,
            Self::Kept(path) => path,
        }
    }
}

/// A file that is up, or why there is none.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) track: String,
    pub(super) is_upgrade: bool,
    pub(super) result: Result<Box<Brought>, NotBrought>,
}

#[derive(Debug)]
pub(super) struct Brought {
    pub(super) found: Found,
    pub(super) file_name: String,
    pub(super) uploaded: Uploaded,
}

#[derive(Debug)]
pub(super) enum NotBrought {
    Nothing { not_before: Option<Timestamp> },
    NotUp(UploadError),
    Cancelled,
}

/// What files are brought with.
#[derive(Clone, Debug)]
pub(super) struct Porter {
    pub(super) music: Music,
    pub(super) board: Board,
    pub(super) http: reqwest::Client,
    /// For covers on their way.
    pub(super) folder: PathBuf,
}

/// The files on their way.
pub(super) struct Supply {
    porter: Porter,
    ask: Ask,
    /// First files and better ones each have so many places.
    places: usize,
    running: FuturesUnordered<BoxFuture<'static, Fetched>>,
    known: BTreeMap<String, OnTheWay>,
    finished: Vec<Fetched>,
}

#[derive(Debug)]
struct OnTheWay {
    stop: CancellationToken,
    is_upgrade: bool,
}

impl Supply {
    pub(super) fn new(porter: Porter, ask: Ask, places: usize) -> Self {
        let (running, known, finished) = Default::default();
        Self { porter, ask, places: places.max(1), running, known, finished }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty() && self.finished.is_empty()
    }

    /// Gives up what is not needed any more, and begins what there is a place for.
    pub(super) fn follow(&mut self, needs: &[Need], wanted: &[Wanted], may_start: impl Fn(&Need) -> bool) {
        let is_needed = |track: &str, is_upgrade: bool| {
            needs.iter().any(|need| need.track == *track && need.is_upgrade == is_upgrade)
        };
        for (track, way) in &self.known {
            if !is_needed(track, way.is_upgrade) {
                way.stop.cancel();
            }
        }
        for need in needs {
            let taken = self.known.values().filter(|way| way.is_upgrade == need.is_upgrade).count();
            let wanted = wanted.iter().find(|wanted| wanted.key == need.track);
            let Some(wanted) = wanted.filter(|_| taken < self.places) else { continue };
            if !self.known.contains_key(&need.track) && may_start(need) {
                self.begin(need, wanted);
            }
        }
    }

    fn begin(&mut self, need: &Need, wanted: &Wanted) {
        let stop = CancellationToken::new();
        let way = OnTheWay { stop: stop.clone(), is_upgrade: need.is_upgrade };
        self.known.insert(need.track.clone(), way);
        let (porter, ask, wanted, need) =
            (self.porter.clone(), self.ask.clone(), wanted.clone(), need.clone());
        self.running.push(Box::pin(async move {
            let bringing = porter.bring(&ask, &wanted, &need, &stop);
            let result = match stop.run_until_cancelled(bringing).await {
                Some(result) => result,
                None => Err(NotBrought::Cancelled),
            };
            Fetched { track: need.track, is_upgrade: need.is_upgrade, result }
        }));
    }

    /// Does something else while files go on.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                Some(fetched) = self.running.next(), if !self.running.is_empty() => self.note(fetched),
            }
        }
    }

    /// Returns when a file is up or given up; never while none is on its way.
    pub(super) async fn progress(&mut self) {
        match self.running.next().await {
            Some(fetched) => self.note(fetched),
            None => std::future::pending().await,
        }
    }

    pub(super) fn take_finished(&mut self) -> Vec<Fetched> {
        std::mem::take(&mut self.finished)
    }

    /// Tracks whose files are on their way, and whether something stands in their place already.
    pub(super) fn on_the_way(&self) -> impl Iterator<Item = (&String, bool)> {
        self.known.iter().map(|(track, way)| (track, way.is_upgrade))
    }

    fn note(&mut self, fetched: Fetched) {
        self.known.remove(&fetched.track);
        self.finished.push(fetched);
    }
}

impl Porter {
    async fn bring(
        &self,
        ask: &Ask,
        wanted: &Wanted,
        need: &Need,
        stop: &CancellationToken,
    ) -> Result<Box<Brought>, NotBrought> {
        let answer = match &wanted.file {
            Some(file) => own_file(file, &wanted.track),
            None => {
                let (key, track) = (wanted.key.clone(), wanted.track.clone());
                let Need { from, is_upgrade, .. } = *need;
                ask(Order { key, track, from, is_upgrade, stop: stop.clone() }).await
            }
        };
        let found = match answer {
            Answer::Found(found) => *found,
            Answer::Nothing { not_before } => return Err(NotBrought::Nothing { not_before }),
        };
        let cover = cover::fetch(&self.http, &wanted.track, &found, &self.folder).await;
        let file_name = file_name(&wanted.track, &found.recording.extension);
        let watcher = Watcher { cancel: stop.clone(), progress: Some(self.telling(&wanted.key)) };
        let uploaded = self.music.upload(found.file.path(), &file_name, cover.as_deref(), &watcher).await;
        let uploaded = uploaded.map_err(NotBrought::NotUp)?;
        Ok(Box::new(Brought { found, file_name, uploaded }))
    }

    fn telling(&self, track: &str) -> Arc<dyn Fn(DownloadProgress) + Send + Sync> {
        let sending = self.board.sending(track);
        Arc::new(move |DownloadProgress { done_bytes, total_bytes }| {
            sending.note(SentPart { done_bytes, total_bytes: total_bytes.unwrap_or_default() });
        })
    }
}

fn own_file(file: &std::path::Path, track: &Track) -> Answer {
    let Ok(known) = std::fs::metadata(file) else {
        tracing::warn!(file = %file.display(), "An added file is not there any more");
        // Until somebody puts it back.
        return Answer::Nothing { not_before: Some(Timestamp::MAX) };
    };
    let extension = file.extension().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let mime = backends::kind_of(file).map_or_else(String::new, |(_, mime)| mime.to_owned());
    let (bytes, duration) = (known.len(), track.duration);
    let recording = Recording { bytes, duration, extension, mime, ..Recording::default() };
    Answer::Found(Box::new(Found {
        file: SongFile::Kept(file.to_owned()),
        backend: "added".into(),
        rank: 0,
        is_placeholder: false,
        candidate: String::new(),
        recording,
    }))
}

/// `Artist - Title.mp3`, without what file systems dislike.
fn file_name(track: &Track, extension: &str) -> String {
    const LONGEST: usize = 120;
    let plain = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    let name: String = track.shown().chars().map(plain).take(LONGEST).collect();
    let name = name.trim().trim_start_matches('.');
    let name = if name.is_empty() { "song" } else { name };
    let extension = if extension.is_empty() { "mp3" } else { extension };
    format!("{name}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(artists: &[&str], title: &str) -> Track {
        let artists = artists.iter().map(|&artist| artist.to_owned()).collect();
        Track { title: title.into(), artists, ..Track::default() }
    }

    #[test]
    fn added_files_are_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        for (name, mime) in [("a.wav", "audio/wav"), ("b.FLAC", "audio/flac"), ("c.m4a", "audio/mp4")] {
            let path = folder.path().join(name);
            std::fs::write(&path, b"sound").unwrap();
            let Answer::Found(found) = own_file(&path, &track(&["A"], "Song")) else { panic!("{name}") };
            assert_eq!((found.recording.mime.as_str(), found.recording.bytes), (mime, 5), "{name}");
        }
        let gone = own_file(&folder.path().join("d.mp3"), &track(&[], "Song"));
        assert!(matches!(gone, Answer::Nothing { not_before: Some(_) }), "{gone:?}");
    }

    #[test]
    fn file_names_are_clean() {
        assert_eq!(file_name(&track(&["A", "B"], "Song"), ""), "A, B - Song.mp3");
        assert_eq!(file_name(&track(&["AC/DC"], "What?\n"), "m4a"), "AC_DC - What__.m4a");
        assert_eq!(file_name(&track(&[], " "), "mp3"), "song.mp3");
        assert!(file_name(&track(&["A"], &"x".repeat(500)), "mp3").len() < 130);
    }
}
