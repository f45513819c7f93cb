//! Files of the user's own. What is kept of them are copies, each as long as a song of any account names it.

use std::{
    io::{self, Write as _},
    path::Path,
    sync::{Mutex, PoisonError},
};

use tempfile::NamedTempFile;

use super::{Desk, DeskError};
use crate::{
    model::Track,
    music::{backends, fetched},
    state::{Added, ProfileTrack},
};

/// Held from the look at who names a copy to what is done with it, by the desks of all accounts.
static COPIES: Mutex<()> = Mutex::new(());

impl Desk {
    /// Adds a file of the user's own, on top. It stays until somebody removes it. The same recording under another
    /// name takes the place of the one before.
    pub async fn add(&self, name: &str, bytes: Vec<u8>) -> Result<String, DeskError> {
        let hash = ring::digest::digest(&ring::digest::SHA256, &bytes);
        let folder = self.state.folder().join("music").join("added");
        let path = folder.join(format!("{}.{}", short(hash.as_ref()), extension(name)));
        let (on_its_way, shown) = (fetched::folder(self.state.folder()), name.to_owned());
        let (track, copy) = match tokio::task::spawn_blocking(move || keep(&bytes, &on_its_way, &shown)).await
        {
            Ok(kept) => kept?,
            Err(error) => return Err(DeskError::BadFile { reason: error.to_string() }),
        };
        let title = track.shown();
        let of_name = [hash.as_ref(), title.as_bytes()].concat();
        let id = short(ring::digest::digest(&ring::digest::SHA256, &of_name).as_ref());
        self.name_copy(&format!("added:{id}"), track, (copy, &path))?;
        self.done().await?;
        Ok(title)
    }

    /// Puts the copy where it stays, and writes down whose it is.
    fn name_copy(
        &self,
        key: &str,
        track: Track,
        (copy, path): (NamedTempFile, &Path),
    ) -> Result<(), DeskError> {
        let disk = |source| DeskError::Disk { path: path.to_owned(), source };
        let _held = COPIES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(disk)?;
        }
        copy.persist(path).map_err(|error| disk(error.error))?;
        let mut known = self.state.profile_tracks.get(self.account.as_str(), key)?;
        (known.removed, known.moved) = (None, None);
        known.added = Some(Added { at: self.clock.now(), track, file: path.to_owned() });
        self.state.profile_tracks.put(&known)?;
        for mut other in self.state.profile_tracks.of_account(self.account.as_str())? {
            if other.key != known.key && other.added.as_ref().is_some_and(|added| added.file == path) {
                other.added = None;
                self.state.profile_tracks.put(&other)?;
            }
        }
        Ok(())
    }

    /// The song is added no more. Its copy goes, unless another song names it.
    pub(super) fn forget_copy(&self, mut track: ProfileTrack) -> Result<(), DeskError> {
        let Some(added) = track.added.take() else { return Ok(()) };
        let _held = COPIES.lock().unwrap_or_else(PoisonError::into_inner);
        self.state.profile_tracks.put(&track)?;
        let is_this = |other: &ProfileTrack| other.added.as_ref().is_some_and(|it| it.file == added.file);
        if self.state.profile_tracks.all()?.iter().any(is_this) {
            return Ok(());
        }
        match std::fs::remove_file(&added.file) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(DeskError::Disk { path: added.file, source })
            }
            _ => Ok(()),
        }
    }
}

/// Writes the copy, whole or not at all, and reads what the file says of itself. What is no song is not kept.
fn keep(bytes: &[u8], folder: &Path, name: &str) -> Result<(Track, NamedTempFile), DeskError> {
    let write = || -> io::Result<NamedTempFile> {
        std::fs::create_dir_all(folder)?;
        let suffix = format!(".{}", extension(name));
        let mut beside = tempfile::Builder::new().suffix(&suffix).tempfile_in(folder)?;
        beside.write_all(bytes)?;
        beside.as_file().sync_all()?;
        Ok(beside)
    };
    let beside = write().map_err(|source| DeskError::Disk { path: folder.to_owned(), source })?;
    let described = backends::describe(beside.path(), name);
    let track = described.map_err(|error| DeskError::BadFile { reason: format!("{error:#}") })?;
    Ok((track, beside))
}

fn extension(name: &str) -> String {
    let extension = name.rsplit_once('.').map_or("mp3", |(_, extension)| extension).to_lowercase();
    let is_plain = extension.len() <= 5 && extension.bytes().all(|c| c.is_ascii_alphanumeric());
    if is_plain { extension } else { "mp3".to_owned() }
}

fn short(hash: &[u8]) -> String {
    hash.iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}
