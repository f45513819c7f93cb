//! The operator's own music folder. It is read once; what has changed since is read again when it is
//! asked, as soon as the folder has told of a change.

mod index;
mod rank;

use std::{
    path::{Component, Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, anyhow, ensure};
use futures_util::future::BoxFuture;
use notify::{RecursiveMode, Watcher as _};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::{Backend, BackendError, Delivery, chain::blocking};
use crate::{
    config::BackendSection,
    model::{Candidate, Recording, Track},
};
use index::Index;
pub(in crate::music) use index::describe;

#[derive(Debug)]
pub(super) struct FilesBackend {
    folder: PathBuf,
    likeness: f64,
    shelf: Arc<Shelf>,
}

#[derive(Debug)]
struct Shelf {
    index: Mutex<Option<Index>>,
    /// Set by the watcher; a folder that cannot be watched counts as changed always.
    has_changed: Arc<AtomicBool>,
    watcher: Mutex<Option<notify::RecommendedWatcher>>,
    /// What was read of each file, so that a restart need not read them all.
    kept: PathBuf,
}

impl FilesBackend {
    pub(super) fn new(section: &BackendSection, base_folder: &Path, data: &Path) -> anyhow::Result<Self> {
        let folder =
            section.folder.as_ref().context("`folder` is missing: name the folder with your music")?;
        ensure!((50..=100).contains(&section.likeness), "`likeness` is {}: use 50 to 100", section.likeness);
        let folder = base_folder.join(folder);
        let shelf = Shelf {
            index: Mutex::default(),
            has_changed: Arc::new(AtomicBool::new(true)),
            watcher: Mutex::default(),
            kept: data.join("music-index").join(index::name_for(&folder)),
        };
        Ok(Self { folder, likeness: section.likeness.into(), shelf: Arc::new(shelf) })
    }

    async fn ranked(&self, track: &Track) -> anyhow::Result<Vec<Candidate>> {
        self.watch().await;
        let mut index = self.shelf.index.lock().await;
        let is_stale = self.shelf.has_changed.swap(false, Ordering::AcqRel);
        if is_stale || index.is_none() {
            let (folder, kept, old) = (self.folder.clone(), self.shelf.kept.clone(), index.take());
            let read = blocking(move || Index::read(&folder, old, &kept)).await;
            // What could not be read now has to be read then.
            let read = read.inspect_err(|_| self.shelf.has_changed.store(true, Ordering::Release))?;
            *index = Some(read);
        }
        let index = index.as_ref().context("the index was just read")?;
        Ok(rank::rank(track, index.songs(), self.likeness))
    }

    /// Watching starts before the first look, so that nothing is missed between the two.
    async fn watch(&self) {
        let mut watcher = self.shelf.watcher.lock().await;
        if watcher.is_some() {
            return;
        }
        let has_changed = Arc::clone(&self.shelf.has_changed);
        let told = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| event.kind.is_access()) {
                return;
            }
            has_changed.store(true, Ordering::Release);
        };
        let started = notify::recommended_watcher(told)
            .and_then(|mut started| started.watch(&self.folder, RecursiveMode::Recursive).map(|()| started));
        match started {
            Ok(started) => *watcher = Some(started),
            Err(error) => {
                tracing::debug!(folder = %self.folder.display(), %error, "Cannot watch: looking every time");
                self.shelf.has_changed.store(true, Ordering::Release);
            }
        }
    }
}

impl Backend for FilesBackend {
    fn find<'a>(
        &'a self,
        track: &'a Track,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<Candidate>, BackendError>> {
        Box::pin(async move {
            tokio::select! {
                found = self.ranked(track) => found.map_err(BackendError::temporary),
                () = stop.cancelled() => Err(BackendError::temporary(anyhow!("it was stopped"))),
            }
        })
    }

    fn fetch<'a>(
        &'a self,
        _: &'a Track,
        candidate: &'a Candidate,
        to: &'a Delivery<'a>,
    ) -> BoxFuture<'a, Result<Recording, BackendError>> {
        let from = self.folder.join(&candidate.id);
        let is_inside = Path::new(&candidate.id).components().all(|it| matches!(it, Component::Normal(_)));
        let to = to.file.to_owned();
        Box::pin(async move {
            if !is_inside {
                let error = anyhow!("`{}` is not in the folder {}", candidate.id, self.folder.display());
                return Err(BackendError::permanent(error));
            }
            let copied = blocking(move || {
                let bytes =
                    std::fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
                let (extension, mime) = index::kind_of(&from).context("it is no recording")?;
                let (extension, mime) = (extension.to_owned(), mime.to_owned());
                Ok(Recording { mime, extension, bytes, ..Recording::default() })
            });
            copied.await.map_err(BackendError::permanent)
        })
    }
}
