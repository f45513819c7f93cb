//! Reads every file that is held and compares it with its hash. What is missing or damaged is fetched again; until
//! that has come, what is there stays where it is: it may be the only copy.

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{PAGE, Porter, VerifiedMedia};
use crate::{
    archive::{
        BlobHash, FileState, FilesPage, MediaClass, Source, StoredFile, Write,
        media::{MediaStore, Verified},
    },
    capture::{Capture, CaptureError, Tell},
    telegram::download::{DownloadLimits, Downloads, Watcher},
};

/// Orphans that are removed at a time.
const ORPHANS: usize = 1_000;
/// Whatever has been arriving for so long never will.
const REMAINS: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug)]
pub struct VerifyMedia {
    pub capture: Capture,
    pub media: Arc<MediaStore>,
    /// Whether blobs that nothing speaks of are removed.
    pub removes_orphans: bool,
    pub tell: Tell,
}

impl VerifyMedia {
    /// What was done, however it ended.
    pub async fn run(&self) -> (VerifiedMedia, Result<(), CaptureError>) {
        let mut done = VerifiedMedia::default();
        let ended = self.verify(&mut done).await;
        (done, ended)
    }

    async fn verify(&self, done: &mut VerifiedMedia) -> Result<(), CaptureError> {
        let Capture { client, clock, account, store, .. } = &self.capture;
        done.complaints = store.check().await?;
        let porter = Porter {
            downloads: Downloads::new(client.clone(), clock.clone(), DownloadLimits::default()),
            told: clock.now(),
            media: self.media.clone(),
            watcher: Watcher { cancel: self.tell.stop().clone(), progress: None },
        };
        let mut page = FilesPage {
            account: Some(account.clone()),
            chat: None,
            class: MediaClass::Held,
            most_attempts: u32::MAX,
            after: 0,
            limit: PAGE,
        };
        let mut known: HashMap<BlobHash, bool> = HashMap::new();
        loop {
            let (files, end) = store.files(page.clone()).await?;
            if files.is_empty() {
                break;
            }
            page.after = end;
            for file in files {
                self.file(&porter, &mut known, &file, done).await?;
            }
            self.tell.step(done.files, None, "files", done.to_string());
        }
        if self.removes_orphans {
            self.orphans(done).await?;
        }
        Ok(())
    }

    async fn file(
        &self,
        porter: &Porter,
        known: &mut HashMap<BlobHash, bool>,
        file: &StoredFile,
        done: &mut VerifiedMedia,
    ) -> Result<(), CaptureError> {
        let FileState::Held(place) = &file.state else { return Ok(()) };
        done.files += 1;
        let is_whole = match known.get(&place.hash) {
            Some(is_whole) => *is_whole,
            None => {
                done.blobs += 1;
                let verified = self.tell.unless_stopped(self.media.verify(place.hash)).await??;
                match verified {
                    Verified::Whole { .. } => {}
                    Verified::Missing => done.missing += 1,
                    Verified::Damaged { .. } => done.damaged += 1,
                }
                matches!(verified, Verified::Whole { .. })
            }
        };
        known.insert(place.hash, is_whole);
        if is_whole {
            return Ok(());
        }
        match porter.bring(file).await {
            Ok(Some(place)) => {
                done.mended += 1;
                // Another message with the same file needs no second copy.
                known.insert(place.hash, true);
                let state = FileState::Held(place);
                self.capture
                    .write(Source::Recheck, vec![Write::File { key: file.key.clone(), state }])
                    .await?;
            }
            Err(_) if self.tell.stop().is_cancelled() => return Err(CaptureError::Stopped),
            Err(error) if !error.is_of_the_file() => return Err(error.into()),
            Ok(None) | Err(_) => tracing::warn!(
                chat.id = file.key.chat.0,
                message.id = file.key.id.0,
                "A file is missing or damaged and cannot be fetched again: what is there stays"
            ),
        }
        Ok(())
    }

    async fn orphans(&self, done: &mut VerifiedMedia) -> Result<(), CaptureError> {
        loop {
            let orphans = self.capture.store.orphans(ORPHANS).await?;
            if orphans.is_empty() {
                // Their names, and what was left on its way long ago.
                let before = self.capture.clock.now().checked_sub(REMAINS).unwrap_or(Timestamp::UNIX_EPOCH);
                self.media.tidy(before).await?;
                return Ok(());
            }
            let mut gone = Vec::new();
            for hash in orphans {
                self.media.remove(hash).await?;
                done.orphans += 1;
                gone.push(Write::BlobGone { hash });
            }
            self.capture.write(Source::Recheck, gone).await?;
        }
    }
}
