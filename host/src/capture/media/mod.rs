//! Files of messages: which are wanted, fetched, found damaged, no longer needed.

mod fetch;
mod report;
mod verify;

use std::{collections::HashMap, sync::Arc};

pub use fetch::FetchMedia;
pub use report::{FetchedMedia, VerifiedMedia};
pub use verify::VerifyMedia;

use super::{
    Capture, CaptureError,
    choose::{Facts, Rules},
};
use crate::{
    archive::{
        FileKey, FilePlace, StoredFile,
        media::{MediaRules, MediaStore, link_of},
    },
    model::{FolderRecord, MediaKind, PeerId},
    telegram::download::{Downloads, Origin, Wanted, Watcher},
};

/// Files that are looked at together.
const PAGE: usize = 200;

/// Who knows which files are wanted.
#[derive(Debug)]
struct Chooser {
    rules: Rules,
    media: MediaRules,
    folders: Vec<FolderRecord>,
    /// Why the files of a chat are left out.
    chats: HashMap<PeerId, Option<String>>,
}

impl Chooser {
    async fn open(capture: &Capture) -> Result<Self, CaptureError> {
        let section = &capture.section.media;
        Ok(Self {
            rules: Rules::new(&capture.section)?,
            media: MediaRules { is_on: section.fetch, max_size: section.max_size, ..MediaRules::default() },
            folders: capture.store.folders(capture.account.clone()).await?,
            chats: HashMap::new(),
        })
    }

    /// Why nobody wants it.
    async fn objection(
        &mut self,
        capture: &Capture,
        file: &StoredFile,
    ) -> Result<Option<String>, CaptureError> {
        let chat = file.key.chat;
        let is_known = self.chats.contains_key(&chat);
        if !is_known {
            let why = match capture.store.chat(capture.key(chat)).await? {
                Some(stored) => {
                    let users = capture.store.users(capture.account.clone(), vec![chat]).await?;
                    let is_contact = users.first().is_some_and(|user| user.is_contact || user.is_self);
                    let facts = Facts::new(&stored.chat, is_contact, stored.is_archived, &self.folders);
                    if self.rules.takes(&facts) {
                        self.rules.without_media(&facts)
                    } else {
                        Some("`[capture]` leaves the chat out".to_owned())
                    }
                }
                None => None,
            };
            self.chats.insert(chat, why);
        }
        let of_chat = self.chats.get(&chat).cloned().flatten();
        // No rule of ours asks for the kind.
        Ok(of_chat.or_else(|| self.media.objection(chat, MediaKind::Document, &file.file)))
    }
}

/// Brings one file to its place in the media store.
#[derive(Clone, Debug)]
struct Porter {
    downloads: Downloads,
    told: jiff::Timestamp,
    media: Arc<MediaStore>,
    watcher: Watcher,
}

impl Porter {
    /// None: Telegram has nothing that could be asked for.
    async fn bring(&self, file: &StoredFile) -> Result<Option<FilePlace>, BringError> {
        let StoredFile { key, file, .. } = file;
        let FileKey { chat, id, file: number } = key;
        // It has no number of Telegram's: an import alone knows it.
        if *number < 0 {
            return Ok(None);
        }
        // The same name the next time, so that what has come is not fetched again.
        let path = self.media.arriving().join(format!("{chat}-{id}-{number}"));
        let origin = Origin { chat: *chat, message: *id };
        // When its reference was told is not known; one that has run out is renewed, together with its neighbours.
        let Some(wanted) = Wanted::of(file, Some(origin), self.told, path.clone()) else { return Ok(None) };
        self.downloads.fetch(&wanted, &self.watcher).await?;
        let placed = self.media.put(path).await?;
        let link = link_of(*chat, file);
        self.media.link(link.clone(), placed.hash).await?;
        Ok(Some(FilePlace { hash: placed.hash, bytes: placed.bytes, link }))
    }
}

/// Why a file did not come to its place.
#[derive(Debug, thiserror::Error)]
enum BringError {
    #[error(transparent)]
    Download(#[from] crate::telegram::download::DownloadError),
    #[error(transparent)]
    Media(#[from] crate::archive::media::MediaError),
}

impl BringError {
    /// Whether it is about this file: then it counts as a try.
    fn is_of_the_file(&self) -> bool {
        use crate::telegram::download::DownloadError as Why;
        match self {
            Self::Download(Why::Disk { .. } | Why::Cancelled) | Self::Media(_) => false,
            Self::Download(Why::Telegram { source, .. }) => {
                !source.is_temporary()
                    && !matches!(
                        source,
                        crate::telegram::Error::LoggedOut { .. } | crate::telegram::Error::Closed
                    )
            }
            Self::Download(_) => true,
        }
    }
}

impl From<BringError> for CaptureError {
    fn from(error: BringError) -> Self {
        match error {
            BringError::Download(error) => Self::Download(error),
            BringError::Media(error) => Self::Media(error),
        }
    }
}
