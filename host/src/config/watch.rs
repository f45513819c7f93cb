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

/// A folder in which something happens all the time must not keep us waiting.
const LONGEST_SETTLE: Duration = Duration::from_secs(2);

/// Watches as long as it lives.
#[derive(Debug)]
pub struct Watch {
    file: PathBuf,
    seen: Fingerprint,
    touched: mpsc::Receiver<()>,
    /// A signal was taken and not looked into yet.
    is_due: bool,
    _watcher: RecommendedWatcher,
}

/// What a file reads like; `None` when it cannot be read, which is a state like any other.
pub type Fingerprint = Option<u64>;

/// Starts watching. The file itself need not exist yet, its folder must. `seen` is what was read
/// last: a change between then and now is noticed too.
pub fn spawn(file: &Path, seen: Fingerprint) -> notify::Result<Watch> {
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
    let folder = file.parent().unwrap_or(Path::new("/"));
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    // A link into another folder, such as one of dotfiles: what is edited is there.
    let target = fs::canonicalize(&file).ok();
    if let Some(elsewhere) = target.as_deref().and_then(Path::parent).filter(|parent| *parent != folder) {
        watcher.watch(elsewhere, RecursiveMode::NonRecursive)?;
    }
    Ok(Watch { seen, file, touched, is_due: true, _watcher: watcher })
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
        let quiet =
            async { while let Ok(Some(())) = tokio::time::timeout(SETTLE, self.touched.recv()).await {} };
        // Running out of time is fine: what comes later is another change.
        let _ = tokio::time::timeout(LONGEST_SETTLE, quiet).await;
    }
}

pub(super) fn content(file: &Path) -> Fingerprint {
    // A pipe would keep us waiting for its writer.
    if !fs::metadata(file).ok()?.is_file() {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(&super::file::read_bytes(file).ok()?);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    async fn is_reported(watch: &mut Watch) -> bool {
        tokio::time::timeout(Duration::from_secs(10), watch.changed()).await.is_ok()
    }

    fn folder_with(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, text).unwrap();
        (folder, file)
    }

    #[tokio::test]
    async fn notices_writing_replacing_and_removing() {
        let (folder, file) = folder_with("a");
        let mut watch = spawn(&file, content(&file)).unwrap();
        fs::write(&file, "b").unwrap();
        assert!(is_reported(&mut watch).await);
        let new = folder.path().join(".config.toml.swp");
        fs::write(&new, "c").unwrap();
        fs::rename(&new, &file).unwrap();
        assert!(is_reported(&mut watch).await);
        fs::remove_file(&file).unwrap();
        assert!(is_reported(&mut watch).await);
    }

    #[tokio::test]
    async fn notices_swapped_and_linked_folders() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (version, text) in [("v1", "a"), ("v2", "b")] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("config.toml"), text).unwrap();
        }
        symlink("v1", at("..data")).unwrap();
        symlink("..data/config.toml", at("config.toml")).unwrap();
        let mut watch = spawn(&at("config.toml"), content(&at("config.toml"))).unwrap();
        fs::write(at("v1/config.toml"), "edited").unwrap();
        assert!(is_reported(&mut watch).await);
        symlink("v2", at("..new")).unwrap();
        fs::rename(at("..new"), at("..data")).unwrap();
        assert!(is_reported(&mut watch).await);
    }

    #[tokio::test]
    async fn ignores_what_reads_the_same() {
        let (folder, file) = folder_with("a");
        let mut watch = spawn(&file, content(&file)).unwrap();
        fs::write(&file, "a").unwrap();
        fs::write(folder.path().join("other"), "x").unwrap();
        let report = tokio::time::timeout(2 * SETTLE, watch.changed()).await;
        assert!(report.is_err(), "nothing has changed");
        // The wait that was given up lost nothing.
        fs::write(&file, "b").unwrap();
        assert!(is_reported(&mut watch).await);
    }
}
