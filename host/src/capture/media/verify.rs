//! Compares every row of a message with its checksum (see [`super::rows`]), then reads every file that is held and compares it
//! with its hash. What is missing or damaged is fetched again; until
//! that has come, what is there stays where it is: it may be the only copy.

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{Brought, PAGE, Porter, VerifiedMedia};
use crate::{
    archive::{
        AvatarsPage, BlobHash, FileState, FilesPage, MediaClass, Source, StoredFile, Write,
        media::{MediaStore, Verified},
    },
    capture::{Capture, CaptureError, Tell, avatars},
};

/// Orphans that are removed at a time.
const ORPHANS: usize = 1_000;
/// Whatever has been arriving for so long never will.
pub(super) const REMAINS: SignedDuration = SignedDuration::from_hours(24);

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
        let Capture { account, store, .. } = &self.capture;
        done.complaints = store.check().await?;
        self.rows(done).await?;
        let porter = Porter::of(&self.capture, &self.media, &self.tell);
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
        self.pictures(&mut known, done).await?;
        if self.removes_orphans {
            done.orphans = self.capture.remove_orphans(&self.media).await?;
            let before = self.capture.clock.now().checked_sub(REMAINS).unwrap_or(Timestamp::UNIX_EPOCH);
            done.unheard_of = self.unheard_of(before).await?;
            // Their names, and what was left on its way long ago.
            self.media.tidy(before).await?;
        }
        Ok(())
    }

    /// How many blobs have no row: a kill came between the two, or they are another archive's that lies in the same
    /// folder. Nobody here can tell, so they stay.
    async fn unheard_of(&self, before: Timestamp) -> Result<u64, CaptureError> {
        let (mut count, mut last) = (0, None);
        loop {
            let mut listed = self.tell.unless_stopped(self.media.list(last, ORPHANS)).await??;
            let Some(end) = listed.last() else { return Ok(count) };
            last = Some(end.hash);
            listed.retain(|blob| blob.changed < before);
            let all = listed.len();
            let hashes = listed.into_iter().map(|blob| blob.hash).collect();
            count += (all - self.capture.store.known_blobs(hashes).await?.len()) as u64;
        }
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
        if self.is_whole(known, place.hash, done).await? {
            return Ok(());
        }
        match porter.bring(file).await {
            Ok(Some(Brought { place, claim: _claim })) => {
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

    /// Reads a blob, once in a run.
    async fn is_whole(
        &self,
        known: &mut HashMap<BlobHash, bool>,
        hash: BlobHash,
        done: &mut VerifiedMedia,
    ) -> Result<bool, CaptureError> {
        if let Some(is_whole) = known.get(&hash) {
            return Ok(*is_whole);
        }
        done.blobs += 1;
        let verified = self.tell.unless_stopped(self.media.verify(hash)).await??;
        match verified {
            Verified::Whole { .. } => {}
            Verified::Missing => done.missing += 1,
            Verified::Damaged { .. } => done.damaged += 1,
        }
        let is_whole = matches!(verified, Verified::Whole { .. });
        known.insert(hash, is_whole);
        Ok(is_whole)
    }

    /// Of chats and people, earlier ones too.
    async fn pictures(
        &self,
        known: &mut HashMap<BlobHash, bool>,
        done: &mut VerifiedMedia,
    ) -> Result<(), CaptureError> {
        let porter = avatars::Porter::of(&self.capture, &self.media, &self.tell);
        let account = self.capture.account.clone();
        let mut page = AvatarsPage { account, peer: None, after: None, limit: PAGE };
        loop {
            let pictures = self.capture.store.avatars(page.clone()).await?;
            let Some((peer, last)) = pictures.last() else { return Ok(()) };
            page.after = Some((*peer, last.photo));
            for (peer, record) in pictures {
                done.files += 1;
                if self.is_whole(known, record.hash, done).await? {
                    continue;
                }
                match porter.bring(&self.capture, peer, record.photo).await {
                    Ok(Some(picture)) => {
                        done.mended += 1;
                        known.insert(picture.hash(), true);
                        self.capture.write(Source::Recheck, picture.writes(peer)).await?;
                    }
                    Err(_) if self.tell.stop().is_cancelled() => return Err(CaptureError::Stopped),
                    Err(CaptureError::Store(error)) => return Err(error.into()),
                    Ok(None) | Err(_) => tracing::warn!(
                        peer.id = peer.0,
                        "A picture is missing or damaged and cannot be fetched again: what is there stays"
                    ),
                }
            }
        }
    }
}

impl Capture {
    /// Blobs that nothing speaks of any more. Says how many.
    pub(super) async fn remove_orphans(&self, media: &MediaStore) -> Result<u64, CaptureError> {
        let mut removed = 0;
        loop {
            let Some(_clearance) = media.clearance().await? else {
                tracing::info!(
                    "Files come in just now: what nobody speaks of any more is removed at the next run"
                );
                return Ok(removed);
            };
            let orphans = self.store.orphans(ORPHANS).await?;
            if orphans.is_empty() {
                return Ok(removed);
            }
            let mut gone = Vec::new();
            for hash in orphans {
                media.remove(hash).await?;
                removed += 1;
                gone.push(Write::BlobGone { hash });
            }
            self.write(Source::Recheck, gone).await?;
        }
    }
}
