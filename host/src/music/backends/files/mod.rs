//! The operator's own music folder. It is read once; what has changed since is read again when it is
//! asked, as soon as the folder has told of a change.

mod index;
mod rank;

use std::{
    os::unix::fs::MetadataExt as _,
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
pub(in crate::music) use index::{describe, kind_of};

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
    watcher: Mutex<Option<Watching>>,
    /// What was read of each file, so that a restart need not read them all.
    kept: PathBuf,
}

/// A folder that is looked at, whatever its name means by now.
#[derive(Debug)]
struct Watching {
    folder: Identity,
    /// It was removed: one that is there now may have its number, and nobody looks at it.
    is_gone: Arc<AtomicBool>,
    /// Tells of changes while it is held.
    _watcher: notify::RecommendedWatcher,
}

/// Device and number: another disk that is mounted there, or another folder of that name, differs in them.
type Identity = (u64, u64);

impl FilesBackend {
    pub(super) fn new(section: &BackendSection, base_folder: &Path, data: &Path) -> anyhow::Result<Self> {
        let folder = base_folder.join(Self::check(section)?);
        let shelf = Shelf {
            index: Mutex::default(),
            has_changed: Arc::new(AtomicBool::new(true)),
            watcher: Mutex::default(),
            kept: data.join("music-index").join(index::name_for(&folder)),
        };
        Ok(Self { folder, likeness: section.likeness.into(), shelf: Arc::new(shelf) })
    }

    /// What can be told without reading the folder, which is given.
    pub(super) fn check(section: &BackendSection) -> anyhow::Result<&Path> {
        let folder =
            section.folder.as_ref().context("`folder` is missing: name the folder with your music")?;
        ensure!((50..=100).contains(&section.likeness), "`likeness` is {}: use 50 to 100", section.likeness);
        Ok(folder)
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
        let mut watching = self.shelf.watcher.lock().await;
        let folder = self.folder.clone();
        let present = blocking(move || Ok(identity(&folder)?)).await.ok();
        let is_same = |it: &Watching| Some(it.folder) == present && !it.is_gone.load(Ordering::Acquire);
        if watching.as_ref().is_some_and(is_same) {
            return;
        }
        *watching = None;
        self.shelf.has_changed.store(true, Ordering::Release);
        let Some(present) = present else { return };
        let (has_changed, is_gone) = (Arc::clone(&self.shelf.has_changed), Arc::<AtomicBool>::default());
        let (folder, gone) = (self.folder.clone(), Arc::clone(&is_gone));
        let told = move |event: notify::Result<notify::Event>| {
            if event.as_ref().is_ok_and(|event| event.kind.is_access()) {
                return;
            }
            if event.is_ok_and(|event| event.kind.is_remove() && event.paths.contains(&folder)) {
                gone.store(true, Ordering::Release);
            }
            has_changed.store(true, Ordering::Release);
        };
        let started = notify::recommended_watcher(told)
            .and_then(|mut started| started.watch(&self.folder, RecursiveMode::Recursive).map(|()| started));
        match started {
            Ok(started) => *watching = Some(Watching { folder: present, is_gone, _watcher: started }),
            Err(error) => {
                tracing::debug!(folder = %self.folder.display(), %error, "Cannot watch: looking every time");
            }
        }
    }
}

fn identity(folder: &Path) -> std::io::Result<Identity> {
    let metadata = std::fs::metadata(folder)?;
    Ok((metadata.dev(), metadata.ino()))
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

    /// What was not there may be put there at any time, and a look costs nothing.
    fn remembers_misses(&self) -> bool {
        false
    }

    fn edition(&self) -> Option<String> {
        None
    }
}
