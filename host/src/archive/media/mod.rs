//! Files of messages, kept by what is in them.
//!
//! Desired properties:
//! - A blob is seen whole and synced under its hash, or not at all: also after a kill, a power cut, on a full disk.
//! - The same bytes lie here once, however many messages carry them.
//! - People find files by chat and name: `media/<chat>/<file id>_<name>` points at `media/blobs/<hh>/<hash>`,
//!   relative, so that the folder can be moved.
//! - A blob whose bytes have changed on the disk is found by [`MediaStore::verify`], and replaced when the
//!   same file comes again; until then it stays.
//! - What somebody puts in is not removed as something that nobody speaks of, before its row is written ([`Claim`]).
//!
//! Accepted: a kill between a blob and its row in the archive leaves a blob that nobody speaks of. [`MediaStore::list`]
//! finds it, and the job `verify` counts it; it stays, since another archive may share the folder.

mod claim;
mod error;
mod lazy;
mod links;
mod local;
mod name;
mod rules;
mod s3;

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use jiff::Timestamp;

pub use claim::{Claim, Clearance};
pub use error::MediaError;
pub use lazy::{Media, MediaPlace};
pub(crate) use local::BLOBS;
pub use local::LocalMedia;
pub use name::{NAME_BYTES, avatar_link, link_of, safe_name};
pub use rules::{ChatMediaRules, MediaRules};
pub use s3::{S3Media, S3Settings};

use super::stored::BlobHash;

/// Where blobs lie.
#[derive(Debug)]
pub enum MediaStore {
    Local(LocalMedia),
    S3(S3Media),
}

/// A file that has found its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    pub hash: BlobHash,
    pub bytes: u64,
    /// It was not there before.
    pub is_new: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    Whole {
        bytes: u64,
    },
    Missing,
    /// Its bytes are not what its name says.
    Damaged {
        bytes: u64,
    },
}

/// A blob as the store lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    pub hash: BlobHash,
    pub bytes: u64,
    pub changed: Timestamp,
}

impl MediaStore {
    /// Where files may arrive before they are [put](Self::put): on the same disk as the blobs, where there is one.
    pub fn arriving(&self) -> &Path {
        match self {
            Self::Local(local) => local.arriving(),
            Self::S3(s3) => s3.arriving(),
        }
    }

    /// Before something is put, and until the archive speaks of it.
    pub async fn claim(&self) -> Result<Claim, MediaError> {
        let arriving = self.arriving().to_owned();
        blocking(move || claim::claim(&arriving)).await
    }

    /// Before what nobody speaks of is looked for, and until it is removed. None: somebody puts files in just now.
    pub async fn clearance(&self) -> Result<Option<Clearance>, MediaError> {
        let arriving = self.arriving().to_owned();
        blocking(move || claim::clearance(&arriving)).await
    }

    /// Takes a finished file away, to where its hash says. On an error the file stays.
    pub async fn put(&self, file: PathBuf) -> Result<Placed, MediaError> {
        match self {
            Self::Local(local) => local.put(file).await,
            Self::S3(s3) => s3.put(file).await,
        }
    }

    pub async fn size(&self, hash: BlobHash) -> Result<Option<u64>, MediaError> {
        match self {
            Self::Local(local) => local.size(hash).await,
            Self::S3(s3) => s3.size(hash).await,
        }
    }

    /// Some of its bytes; fewer where it ends. What is asked for has to fit into memory.
    pub async fn read(&self, hash: BlobHash, range: Range<u64>) -> Result<Bytes, MediaError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        match self {
            Self::Local(local) => local.read(hash, range).await,
            Self::S3(s3) => s3.read(hash, range).await,
        }
    }

    /// Writes a copy that is whole or not there.
    pub async fn copy_to(&self, hash: BlobHash, path: PathBuf) -> Result<(), MediaError> {
        match self {
            Self::Local(local) => local.copy_to(hash, path).await,
            Self::S3(s3) => s3.copy_to(hash, path).await,
        }
    }

    /// Where other programs can read it, on this machine.
    pub fn path(&self, hash: BlobHash) -> Option<PathBuf> {
        match self {
            Self::Local(local) => Some(local.blob(hash)),
            Self::S3(_) => None,
        }
    }

    /// Reads all of it.
    pub async fn verify(&self, hash: BlobHash) -> Result<Verified, MediaError> {
        match self {
            Self::Local(local) => local.verify(hash).await,
            Self::S3(s3) => s3.verify(hash).await,
        }
    }

    /// Whether it was there.
    pub async fn remove(&self, hash: BlobHash) -> Result<bool, MediaError> {
        match self {
            Self::Local(local) => local.remove(hash).await,
            Self::S3(s3) => s3.remove(hash).await,
        }
    }

    /// What lies here, in the order of hashes, behind one of them.
    pub async fn list(&self, after: Option<BlobHash>, most: usize) -> Result<Vec<Listed>, MediaError> {
        match self {
            Self::Local(local) => local.list(after, most).await,
            Self::S3(s3) => s3.list(after, most).await,
        }
    }

    /// Gives a blob a name that people can read, `<chat>/<file>`. A bucket has none.
    pub async fn link(&self, link: String, hash: BlobHash) -> Result<(), MediaError> {
        match self {
            Self::Local(local) => local.link(link, hash).await,
            Self::S3(_) => Ok(()),
        }
    }

    /// Takes the name away; the blob stays.
    pub async fn unlink(&self, link: String) -> Result<(), MediaError> {
        match self {
            Self::Local(local) => local.unlink(link).await,
            Self::S3(_) => Ok(()),
        }
    }

    /// Takes away names whose blobs have gone, and what has been arriving since before this moment. How many.
    pub async fn tidy(&self, before: Timestamp) -> Result<u64, MediaError> {
        match self {
            Self::Local(local) => local.tidy(before).await,
            Self::S3(s3) => s3.tidy(before).await,
        }
    }
}

/// Work on the disk, off the threads that talk to the network.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MediaError> + Send + 'static,
) -> Result<T, MediaError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(MediaError::Stopped),
    }
}

#[cfg(test)]
mod tests;
