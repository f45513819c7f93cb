//! Songs of profiles as something to listen to: the user's own file where there is one, else what Telegram has,
//! brought here once.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::sync::Mutex;

use crate::{
    clock::SharedClock,
    model::{AccountName, File},
    state::{ProfileSong, State, StateError},
    telegram::{
        self, AccountError, Accounts, Patience,
        download::{DownloadError, DownloadLimits, Downloads, Wanted, Watcher},
        music::Music,
    },
};

/// Whoever listens does not wait longer for a pause to end.
const PATIENCE: Duration = Duration::from_secs(3);
const MOST_BYTES: u64 = 200 * 1024 * 1024;
/// Files that are kept for the next time.
const MOST_KEPT: usize = 20;

/// Of all accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recordings {
    accounts: Accounts,
    state: State,
    clock: SharedClock,
    /// One file is brought at a time.
    turn: Arc<Mutex<()>>,
}

#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error("there is no such song on the profile any more")]
    Gone,
    #[error("the file has {0} bytes, too many to listen to here")]
    TooLarge(u64),
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error("Telegram was asked for the song in vain")]
    Telegram(#[from] telegram::Error),
    #[error("the song did not come")]
    Download(#[from] DownloadError),
    #[error("the song cannot be kept")]
    Disk(#[from] io::Error),
    #[error(transparent)]
    State(#[from] StateError),
}

impl Recordings {
    pub fn new(accounts: Accounts, state: State, clock: SharedClock) -> Self {
        Self { accounts, state, clock, turn: Arc::default() }
    }

    /// Where the song with this document lies.
    pub async fn file(&self, account: &AccountName, document: i64) -> Result<PathBuf, RecordingError> {
        let songs = self.state.profile_songs.of_account(account.as_str())?;
        let ours = songs.into_iter().find(|song| song.document.as_ref().is_some_and(|it| it.id == document));
        if let Some(own) = self.own_file(account, ours.as_ref())? {
            return Ok(own);
        }
        let folder = self.state.folder().join("music").join("heard");
        let path = folder.join(document.to_string());
        let _turn = self.turn.lock().await;
        if tokio::fs::try_exists(&path).await? {
            return Ok(path);
        }
        tokio::fs::create_dir_all(&folder).await?;
        let client = self.accounts.client(account).await?.with_patience(Patience::UpTo(PATIENCE));
        let music = Music::new(client.clone(), self.state.clone(), self.clock.clone());
        let file = find(&music, ours.as_ref(), document).await?.ok_or(RecordingError::Gone)?;
        let bytes = u64::try_from(file.size_bytes).unwrap_or_default();
        if bytes > MOST_BYTES {
            return Err(RecordingError::TooLarge(bytes));
        }
        let wanted = Wanted::of(&file, None, self.clock.now(), path.clone()).ok_or(RecordingError::Gone)?;
        let downloads = Downloads::new(client, self.clock.clone(), DownloadLimits::default());
        downloads.fetch(&wanted, &Watcher::default()).await?;
        let kept = path.clone();
        let tidied = tokio::task::spawn_blocking(move || tidy(&folder, &kept)).await;
        if let Ok(Err(error)) = tidied {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "Songs that were heard cannot be removed"
            );
        }
        Ok(path)
    }

    /// A file that somebody added is on this disk.
    fn own_file(
        &self,
        account: &AccountName,
        song: Option<&ProfileSong>,
    ) -> Result<Option<PathBuf>, RecordingError> {
        let Some(song) = song else { return Ok(None) };
        let known = self.state.profile_tracks.get(account.as_str(), &song.track)?;
        Ok(known.added.map(|added| added.file).filter(|file| file.is_file()))
    }
}

/// Ours by its message, others by the profile; either brings a fresh reference.
async fn find(
    music: &Music,
    ours: Option<&ProfileSong>,
    document: i64,
) -> Result<Option<File>, RecordingError> {
    if let Some(message) = ours.and_then(|song| song.message.id()) {
        let carried = music.carried(&[message]).await?.remove(&message);
        if let Some(file) = carried.filter(|file| file.id == document) {
            return Ok(Some(file));
        }
    }
    let songs = music.songs(&[]).await?.unwrap_or_default();
    Ok(songs.into_iter().find(|song| song.id == document))
}

/// Removes those that were brought first; never the one that somebody is about to hear.
fn tidy(folder: &Path, kept: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path() != kept {
            files.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    files.sort_by(|a, b| b.cmp(a));
    files.iter().skip(MOST_KEPT - 1).try_for_each(|(_, path)| std::fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_so_many_and_the_one_that_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let path = |number: usize| folder.path().join(number.to_string());
        for number in 0..MOST_KEPT + 5 {
            std::fs::write(path(number), "x").unwrap();
            let at = std::time::UNIX_EPOCH + Duration::from_secs(number as u64);
            std::fs::File::options().write(true).open(path(number)).unwrap().set_modified(at).unwrap();
        }
        tidy(folder.path(), &path(0)).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), MOST_KEPT);
        assert!(path(0).exists() && !path(1).exists() && path(MOST_KEPT + 4).exists());
    }
}
