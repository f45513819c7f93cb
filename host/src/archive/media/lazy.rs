//! The media store as the parts of the daemon hold it: opened by the first who needs it.

use std::{fmt, path::PathBuf, sync::Arc};

use tokio::sync::OnceCell;

use super::{LocalMedia, MediaError, MediaStore, S3Media, S3Settings};

/// Where the files of messages lie.
#[derive(Clone, Debug)]
pub enum MediaPlace {
    Folder(PathBuf),
    Bucket(S3Settings),
}

/// Cheap to clone: all clones share one store.
#[derive(Clone)]
pub struct Media(Arc<Inner>);

struct Inner {
    place: MediaPlace,
    store: OnceCell<Arc<MediaStore>>,
}

impl Media {
    pub fn new(place: MediaPlace) -> Self {
        Self(Arc::new(Inner { place, store: OnceCell::new() }))
    }

    /// What could not be opened is tried again by the next one who asks.
    pub async fn store(&self) -> Result<Arc<MediaStore>, MediaError> {
        let opened = self.0.store.get_or_try_init(|| async {
            let place = self.0.place.clone();
            super::blocking(move || place.open()).await.map(Arc::new)
        });
        opened.await.cloned()
    }
}

impl MediaPlace {
    fn open(self) -> Result<MediaStore, MediaError> {
        match self {
            Self::Folder(folder) => LocalMedia::open(folder).map(MediaStore::Local),
            Self::Bucket(settings) => S3Media::open(&settings).map(MediaStore::S3),
        }
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Media").field(&self.0.place).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_folder_is_made_by_the_first_who_asks() {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::new(MediaPlace::Folder(folder.path().join("media")));
        assert!(!folder.path().join("media").exists());
        let (one, other) = (media.store().await.unwrap(), media.clone().store().await.unwrap());
        assert!(Arc::ptr_eq(&one, &other) && folder.path().join("media/blobs").is_dir());
    }
}
