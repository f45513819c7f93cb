//! What is in the folder: names, lengths and ids, by path.

use std::{
    collections::BTreeMap,
    fs::Metadata,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use anyhow::Context as _;
use lofty::{
    file::{AudioFile as _, TaggedFileExt as _},
    tag::{Accessor as _, ItemKey},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    model::Track,
    music::{
        backends::{check, command::ENDINGS},
        names::{fold, fold_title},
    },
};

/// Written into the kept file: another version is read afresh.
const VERSION: u32 = 1;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Index {
    version: u32,
    songs: BTreeMap<PathBuf, Song>,
}

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Song {
    stamp: Stamp,
    /// From the folder.
    pub(super) path: PathBuf,
    pub(super) title: String,
    pub(super) artists: Vec<String>,
    pub(super) album: Option<String>,
    pub(super) isrc: Option<String>,
    pub(super) duration: Duration,
    pub(super) folded_title: String,
    pub(super) folded_artists: String,
    /// It cannot be read as a recording, and is looked at again only when it changes.
    is_broken: bool,
}

/// When a file with the same stamp was read, it is not read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    bytes: u64,
    changed_ms: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let changed_ms = changed.and_then(|it| u64::try_from(it.as_millis()).ok()).unwrap_or(0);
        Self { bytes: metadata.len(), changed_ms }
    }
}

impl Index {
    /// Reads what is new or changed in the folder; `old` is what was known, else the file `kept`.
    pub(super) fn read(folder: &Path, old: Option<Self>, kept: &Path) -> anyhow::Result<Self> {
        let mut old = old.unwrap_or_else(|| Self::load(kept));
        let before = old.songs.len();
        let mut songs = BTreeMap::new();
        let mut reads = 0;
        for (path, stamp) in recordings(folder)? {
            let song = match old.songs.remove(&path).filter(|song| song.stamp == stamp) {
                Some(song) => song,
                None => {
                    reads += 1;
                    Song { stamp, ..song(folder, &path) }
                }
            };
            songs.insert(path, song);
        }
        let index = Self { version: VERSION, songs };
        if reads > 0 || index.songs.len() != before {
            tracing::info!(folder = %folder.display(), songs = index.songs.len(), reads, "Read the music folder");
            // Only the next start is slower without it.
            if let Err(error) = index.save(kept) {
                tracing::warn!(file = %kept.display(), error = %format!("{error:#}"), "The music index is not kept");
            }
        }
        Ok(index)
    }

    pub(super) fn songs(&self) -> impl Iterator<Item = &Song> {
        self.songs.values().filter(|song| !song.is_broken)
    }

    fn load(kept: &Path) -> Self {
        let read = std::fs::read(kept).ok().and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        read.filter(|index| index.version == VERSION).unwrap_or_default()
    }

    fn save(&self, kept: &Path) -> anyhow::Result<()> {
        let folder = kept.parent().context("it has no folder")?;
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, self)?;
        file.persist(kept)?;
        Ok(())
    }
}

/// A file's name for what is kept about a folder.
pub(super) fn name_for(folder: &Path) -> String {
    let hash = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let hex: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.json")
}

/// Ending and media type.
pub(in crate::music) fn kind_of(path: &Path) -> Option<(&'static str, &'static str)> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    ENDINGS.iter().find(|(known, _)| *known == ending).copied()
}

/// Paths from the folder. Links to folders are not followed: they may lead in circles.
fn recordings(folder: &Path) -> anyhow::Result<Vec<(PathBuf, Stamp)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let entries = match std::fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) if next == folder => {
                return Err(error).with_context(|| format!("cannot read the folder {}", folder.display()));
            }
            Err(error) => {
                tracing::warn!(folder = %next.display(), %error, "Music that cannot be read");
                continue;
            }
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if kind_of(&path).is_some()
                && path.to_str().is_some()
                && let Ok(metadata) = std::fs::metadata(&path)
                && metadata.is_file()
                && let Ok(inner) = path.strip_prefix(folder)
            {
                found.push((inner.to_owned(), Stamp::of(&metadata)));
            }
        }
    }
    Ok(found)
}

fn song(folder: &Path, path: &Path) -> Song {
    let read = match check::read(&folder.join(path), true) {
        Ok(read) => read,
        Err(error) => {
            tracing::debug!(path = %path.display(), %error, "Not a recording");
            return Song { path: path.to_owned(), is_broken: true, ..Song::default() };
        }
    };
    let tag = read.primary_tag().or_else(|| read.first_tag());
    let text = |key| tag.and_then(|tag| tag.get_string(key)).map(str::trim).filter(|text| !text.is_empty());
    let (named_artist, named_title) = from_name(path);
    let title = text(ItemKey::TrackTitle).map_or(named_title, str::to_owned);
    let mut artists: Vec<String> = tag
        .into_iter()
        .flat_map(|tag| tag.get_strings(ItemKey::TrackArtist))
        .flat_map(|all| all.split(['/', ';', '\0']))
        .map(|artist| artist.trim().to_owned())
        .filter(|artist| !artist.is_empty())
        .collect();
    if artists.is_empty() {
        artists.extend(named_artist);
    }
    Song {
        stamp: Stamp::default(),
        path: path.to_owned(),
        folded_title: fold_title(&title),
        folded_artists: fold(&artists.join(" ")),
        title,
        artists,
        album: tag.and_then(|tag| tag.album()).map(|album| album.into_owned()),
        isrc: text(ItemKey::Isrc).map(|isrc| isrc.replace('-', "").to_ascii_uppercase()),
        duration: read.properties().duration(),
        is_broken: false,
    }
}

/// What a single file says of itself; where it has no tags, the name that people gave it.
pub(in crate::music) fn describe(file: &Path, name: &str) -> anyhow::Result<Track> {
    let duration = check::read(file, false)?.properties().duration();
    anyhow::ensure!(!duration.is_zero(), "there is no sound in it");
    let (folder, path) = (file.parent().unwrap_or(file), file.file_name().unwrap_or_default());
    let song = song(folder, Path::new(path));
    let (named_artist, named_title) = from_name(Path::new(name));
    let is_tagged = song.title != from_name(Path::new(path)).1;
    let artists = if song.artists.is_empty() { named_artist.into_iter().collect() } else { song.artists };
    let title = if is_tagged { song.title } else { named_title };
    Ok(Track { title, artists, album: song.album, duration: Some(duration), ..Track::default() })
}

/// `Artist - Title.mp3`, `03 - Artist - Title.flac`, `07. Title.ogg`.
fn from_name(path: &Path) -> (Option<String>, String) {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let number = stem.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    let rest = stem[number..].trim_start_matches(['.', '-', '_', ' ']);
    // `99 Problems` is a title: only what a sign follows is a number.
    let is_number = (1..=3).contains(&number) && stem[number..].trim_start().starts_with(['.', '-', '_']);
    let stem = if is_number && !rest.is_empty() { rest } else { stem };
    match stem.split_once(" - ") {
        Some((artist, title)) => (Some(artist.trim().to_owned()), title.trim().to_owned()),
        None => (None, stem.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_read() {
        for (name, artist, title) in [
            ("Ada - Song.mp3", Some("Ada"), "Song"),
            ("x/03 - Ada - Song.flac", Some("Ada"), "Song"),
            ("07. Song.ogg", None, "Song"),
            ("99 Problems.mp3", None, "99 Problems"),
            ("1999.mp3", None, "1999"),
        ] {
            let expected = (artist.map(str::to_owned), title.to_owned());
            assert_eq!(from_name(Path::new(name)), expected, "{name}");
        }
    }
}
