//! Fetches the files that are wanted, in the archive's own order: first those that nobody has tried yet, then the others, so that
//! one that never comes keeps no new one waiting.

use std::{collections::HashSet, sync::Arc};

use futures_util::{StreamExt as _, stream};

use super::{Brought, Chooser, FetchedMedia, PAGE, Porter};
use crate::{
    archive::{FileKey, FileState, FilesPage, MediaClass, Source, StoredFile, Write, media::MediaStore},
    capture::{Capture, CaptureError, Tell},
    model::{MessageId, PeerId},
};

/// What a run holds in its hands.
struct Work<'a> {
    porter: Porter,
    chooser: Chooser,
    done: &'a mut FetchedMedia,
    /// In this run: each is tried once.
    failed: HashSet<FileKey>,
}

#[derive(Debug)]
pub struct FetchMedia {
    pub capture: Capture,
    pub media: Arc<MediaStore>,
    pub tell: Tell,
}

impl FetchMedia {
    /// What was done, however it ended.
    pub async fn run(&self) -> (FetchedMedia, Result<(), CaptureError>) {
        let mut done = FetchedMedia::default();
        let ended = self.fetch(&mut done).await;
        (done, ended)
    }

    async fn fetch(&self, done: &mut FetchedMedia) -> Result<(), CaptureError> {
        let porter = Porter::of(&self.capture, &self.media, &self.tell);
        let mut chooser = Chooser::open(&self.capture).await?;
        self.renew(&mut chooser, done).await?;
        let mut work = Work { porter, chooser, done, failed: HashSet::new() };
        self.wanted(&mut work, 0).await?;
        match self.capture.section.media.attempts.saturating_sub(1) {
            0 => Ok(()),
            most_attempts => self.wanted(&mut work, most_attempts).await,
        }
    }

    /// Those that were tried no more often than this, and not in this run.
    async fn wanted(&self, work: &mut Work<'_>, most_attempts: u32) -> Result<(), CaptureError> {
        let mut page = FilesPage {
            account: Some(self.capture.account.clone()),
            chat: None,
            class: MediaClass::Wanted,
            most_attempts,
            after: 0,
            limit: PAGE,
        };
        loop {
            let (mut files, end) = self.capture.store.files(page.clone()).await?;
            if files.is_empty() {
                return Ok(());
            }
            page.after = end;
            files.retain(|file| !work.failed.contains(&file.key));
            self.page(work, files).await?;
        }
    }

    /// Those of these messages alone.
    pub async fn of_messages(&self, chat: PeerId, ids: Vec<MessageId>) -> Result<FetchedMedia, CaptureError> {
        let mut done = FetchedMedia::default();
        let mut files = self.capture.store.files_of(self.capture.key(chat), ids).await?;
        files.retain(|file| file.state == FileState::Wanted);
        if !files.is_empty() {
            let porter = Porter::of(&self.capture, &self.media, &self.tell);
            let chooser = Chooser::open(&self.capture).await?;
            self.page(&mut Work { porter, chooser, done: &mut done, failed: HashSet::new() }, files).await?;
        }
        Ok(done)
    }

    async fn page(&self, work: &mut Work<'_>, files: Vec<StoredFile>) -> Result<(), CaptureError> {
        let Work { porter, chooser, done, failed } = work;
        let porter = &*porter;
        let (mut wanted, mut skipped) = (Vec::new(), Vec::new());
        for file in files {
            match chooser.objection(&self.capture, &file).await? {
                Some(why) => {
                    skipped.push(Write::File { key: file.key, state: FileState::Skipped { why } });
                }
                None => wanted.push(file),
            }
        }
        done.skipped += skipped.len() as u64;
        self.capture.write(Source::Sweep, skipped).await?;
        let mut brought = stream::iter(wanted)
            .map(|file| async move {
                let place = porter.bring(&file).await;
                (file, place)
            })
            .buffer_unordered(self.capture.section.media.files_at_once.max(1) as usize);
        while let Some((file, place)) = brought.next().await {
            let mut claimed = None;
            let state = match place {
                Ok(Some(Brought { place, claim })) => {
                    claimed = Some(claim);
                    done.fetched += 1;
                    done.bytes += place.bytes;
                    FileState::Held(place)
                }
                Ok(None) => {
                    done.skipped += 1;
                    let why = match file.key.file {
                        ..0 => "only an import knows it, and did not bring it",
                        0.. => "Telegram tells no size of this photo to ask for",
                    };
                    FileState::Skipped { why: why.to_owned() }
                }
                Err(_) if self.tell.stop().is_cancelled() => return Err(CaptureError::Stopped),
                Err(error) if error.is_of_the_file() => {
                    done.failed += 1;
                    failed.insert(file.key.clone());
                    tracing::debug!(chat.id = file.key.chat.0, message.id = file.key.id.0, %error, "A file could not be fetched");
                    FileState::Failed { why: error.to_string() }
                }
                Err(error) => return Err(error.into()),
            };
            self.capture.write(Source::Sweep, vec![Write::File { key: file.key, state }]).await?;
            drop(claimed);
            self.tell.step(done.fetched, None, "files", done.to_string());
        }
        Ok(())
    }
}
