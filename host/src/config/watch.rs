//! Notices that the configuration file may have changed, and says no more than "look again".
//!
//! The folder is watched, not the file: editors replace files by renaming, and mounted
//! configurations are swapped by moving a symbolic link. What was touched but reads the same is
//! not reported.

use std::{
    fs,
    hash::{DefaultHasher, Hasher as _},
    path::{Path, PathBuf},
    time::Duration,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

/// Editors write in several steps; what follows within this time belongs together.
const SETTLE: Duration = Duration::from_millis(200);

/// Watches as long as it lives.
#[derive(Debug)]
pub struct Watch {
    file: PathBuf,
    seen: Option<u64>,
    touched: mpsc::Receiver<()>,
    /// A signal was taken and not looked into yet.
    is_due: bool,
    _watcher: RecommendedWatcher,
}

/// Starts watching. The file itself need not exist yet, its folder must.
pub fn spawn(file: &Path) -> notify::Result<Watch> {
    let file = std::path::absolute(file).map_err(notify::Error::io)?;
    // One waiting signal is enough: whoever takes it looks at everything.
    let (sender, touched) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| event.kind.is_access()) {
            return;
        }
        // Full means that a signal is waiting already; closed means that nobody watches any more.
        let _ = sender.try_send(());
    })?;
    watcher.watch(file.parent().unwrap_or(Path::new("/")), RecursiveMode::NonRecursive)?;
    Ok(Watch { seen: content(&file), file, touched, is_due: false, _watcher: watcher })
}

impl Watch {
    /// Waits until the file reads differently than before, or is gone, or is back. Dropping the
    /// future loses nothing.
    pub async fn changed(&mut self) {
        loop {
            if !self.is_due && self.touched.recv().await.is_none() {
                // The watcher lives as long as `self`, so this is its own thread's end: nothing comes any more.
                std::future::pending::<()>().await;
            }
            self.is_due = true;
            self.settle().await;
            self.is_due = false;
            let now = content(&self.file);
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }

    async fn settle(&mut self) {
        while let Ok(Some(())) = tokio::time::timeout(SETTLE, self.touched.recv()).await {}
    }
}

/// `None` when the file cannot be read, which is a state like any other.
fn content(file: &Path) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    hasher.write(&fs::read(file).ok()?);
    Some(hasher.finish())
}
