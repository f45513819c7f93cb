//! Notices that something has happened to files, and says no more than "look again".

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::{sync::mpsc, time::timeout};

/// Files are copied in pieces: what follows within this time belongs together.
const SETTLE: Duration = Duration::from_millis(300);

/// Which folder that is: one that was removed and made again is another.
type Folder = (u64, u64);

/// A file that grows for ever must not keep the others waiting. It is looked at half-way, refused,
/// and looked at again.
const LONGEST_SETTLE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Watch {
    touched: mpsc::Receiver<()>,
    /// `None` when the system gives no watcher: then `reload` is what there is.
    watcher: Option<RecommendedWatcher>,
    watched: BTreeMap<PathBuf, Folder>,
    /// A signal was taken and not looked into yet.
    is_due: bool,
}

impl Watch {
    pub(super) fn start() -> Self {
        // One waiting signal is enough: whoever takes it looks at everything.
        let (sender, touched) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // We read the files too: without this, that would be news.
            if !event.is_ok_and(|event| event.kind.is_access()) {
                // Full means that a signal is waiting already; closed means that nobody watches any more.
                let _ = sender.try_send(());
            }
        });
        let watcher = watcher.inspect_err(|error| warn(Path::new(""), error)).ok();
        Self { touched, watcher, watched: BTreeMap::new(), is_due: false }
    }

    /// Watches these folders and no others. One that was removed and made again is found again. Says whether
    /// some are watched only from now on: what happened in them before has to be looked for once more.
    pub(super) fn set(&mut self, folders: BTreeSet<PathBuf>) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        for folder in self.watched.keys().filter(|folder| !folders.contains(*folder)) {
            let _ = watcher.unwatch(folder); // Gone is gone.
        }
        let mut watched = BTreeMap::new();
        for folder in folders {
            // Looked at before: should it be replaced in between, it is a new one the next time.
            let about = std::fs::metadata(&folder).ok();
            match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    watched.insert(folder, about.map_or((0, 0), |about| (about.dev(), about.ino())));
                }
                // Told once: until it works, it is not among the watched.
                Err(error) if self.watched.contains_key(&folder) || folder.is_dir() => warn(&folder, &error),
                Err(_) => {}
            }
        }
        let has_new = watched.iter().any(|(folder, id)| self.watched.get(folder) != Some(id));
        self.watched = watched;
        has_new
    }

    /// Waits until something has happened and it has become quiet. Dropping the future loses nothing.
    pub(super) async fn changed(&mut self) {
        if !self.is_due && self.touched.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        self.is_due = true;
        let quiet = async { while let Ok(Some(())) = timeout(SETTLE, self.touched.recv()).await {} };
        // Running out of time is fine: what comes later is another change.
        let _ = timeout(LONGEST_SETTLE, quiet).await;
        self.is_due = false;
    }
}

fn warn(folder: &Path, error: &notify::Error) {
    tracing::warn!(
        folder = %folder.display(), %error,
        "Changed plugins are not noticed there; `tapedeck plugins reload` takes them"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn new_folders_are_told() {
        let root = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| root.path().join(name));
        std::fs::create_dir(&first).unwrap();
        let mut watch = Watch::start();
        assert!(watch.set([first.clone()].into()));
        assert!(!watch.set([first.clone(), second.clone()].into()), "it is not there yet");
        std::fs::create_dir(&second).unwrap();
        assert!(watch.set([first.clone(), second].into()));
        assert!(!watch.set([first.clone()].into()));
        // Beside the old one, so that it cannot get the same number.
        let again = root.path().join("again");
        std::fs::create_dir(&again).unwrap();
        std::fs::remove_dir(&first).unwrap();
        std::fs::rename(&again, &first).unwrap();
        assert!(watch.set([first].into()), "another one of that name");
    }
}
