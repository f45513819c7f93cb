//! Notices that something has happened to files, and says no more than "look again".

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::MetadataExt as _,
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::{sync::mpsc, time::timeout};

/// Files are copied in pieces: what follows within this time belongs together.
const SETTLE: Duration = Duration::from_millis(300);

/// More only lead in circles, which the system follows no longer either.
const MOST_LINKS: usize = 40;

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
    links: Arc<Mutex<Links>>,
    /// A signal was taken and not looked into yet.
    is_due: bool,
}

/// Links to folders of plugins, which may lie among files that change all the time.
#[derive(Debug, Default)]
struct Links {
    links: BTreeSet<PathBuf>,
    /// Where they lie, and plugins do not.
    beside: BTreeSet<PathBuf>,
}

impl Links {
    /// Of a file that only lies beside a link.
    fn is_noise(&self, path: &Path) -> bool {
        path.parent().is_some_and(|folder| self.beside.contains(folder)) && !self.links.contains(path)
    }
}

impl Watch {
    pub(super) fn start() -> Self {
        // One waiting signal is enough: whoever takes it looks at everything.
        let (sender, touched) = mpsc::channel(1);
        let links = Arc::new(Mutex::new(Links::default()));
        let beside = links.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let is_noise = event.is_ok_and(|event| {
                let links = beside.lock().unwrap_or_else(PoisonError::into_inner);
                // Those without a path say that some were lost.
                let is_beside =
                    !event.paths.is_empty() && event.paths.iter().all(|path| links.is_noise(path));
                // We read the files too: without this, that would be news.
                is_beside || event.kind.is_access()
            });
            if !is_noise {
                // Full means that a signal is waiting already; closed means that nobody watches any more.
                let _ = sender.try_send(());
            }
        });
        let watcher = watcher.inspect_err(|error| warn(Path::new(""), error)).ok();
        Self { touched, watcher, watched: BTreeMap::new(), links, is_due: false }
    }

    /// Watches these folders and no others. One that was removed and made again is found again. Says whether
    /// some are watched only from now on: what happened in them before has to be looked for once more.
    pub(super) fn set(&mut self, folders: BTreeSet<PathBuf>) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        // As paths of events are.
        let folders = folders.into_iter().map(|folder| std::path::absolute(&folder).unwrap_or(folder));
        let mut folders: BTreeSet<PathBuf> = folders.collect();
        let links: BTreeSet<PathBuf> = folders.iter().flat_map(|folder| links(folder)).collect();
        let beside =
            links.iter().filter_map(|link| link.parent()).filter(|folder| !folders.contains(*folder));
        let beside: BTreeSet<PathBuf> = beside.map(Path::to_owned).collect();
        folders.extend(beside.iter().cloned());
        *self.links.lock().unwrap_or_else(PoisonError::into_inner) = Links { links, beside };
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

/// The links on the way to a folder, itself included: whoever changes one of them puts another folder there.
fn links(folder: &Path) -> Vec<PathBuf> {
    let mut links = Vec::new();
    let mut at = PathBuf::new();
    let mut ahead: Vec<PathBuf> = parts(folder);
    while let Some(part) = ahead.pop() {
        let next = at.join(&part);
        if part.as_os_str() == ".." {
            at.pop();
        } else if let Ok(target) = std::fs::read_link(&next)
            && links.len() < MOST_LINKS
        {
            ahead.extend(parts(&target));
            links.push(next);
        } else {
            at = next;
        }
    }
    links
}

/// The last comes first.
fn parts(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().rev().filter(|part| *part != Component::CurDir);
    parts.map(|part| PathBuf::from(part.as_os_str())).collect()
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

    #[test]
    fn every_link_on_the_way_counts() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().canonicalize().unwrap().join(name);
        std::fs::create_dir_all(at("real/plugins")).unwrap();
        for (target, link) in [
            ("real", "now"),
            ("../now/./plugins", "real/again"),
            ("real/again", "all"),
            ("b", "a"),
            ("a", "b"),
        ] {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        assert!(links(&at("real/plugins")).is_empty());
        assert_eq!(links(&at("now/plugins")), [at("now")]);
        assert_eq!(links(&at("all")), [at("all"), at("real/again"), at("now")]);
        assert_eq!(links(&at("a")).len(), MOST_LINKS);
    }

    #[test]
    fn neighbours_of_a_link_are_no_news() {
        let [links, beside] = ["/srv/current", "/srv"].map(|path| BTreeSet::from([path.into()]));
        let links = Links { links, beside };
        assert!(links.is_noise(Path::new("/srv/state.db")));
        for news in ["/srv/current", "/srv", "/data/plugins/a.wasm"] {
            assert!(!links.is_noise(Path::new(news)), "{news}");
        }
    }

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

    #[tokio::test]
    async fn changes_settle_before_they_are_told() {
        let (sender, touched) = mpsc::channel(1);
        let (watched, links) = Default::default();
        let mut watch = Watch { touched, watcher: None, watched, links, is_due: false };
        let began = std::time::Instant::now();
        sender.try_send(()).unwrap();
        watch.changed().await;
        assert!(began.elapsed() >= SETTLE, "{:?}", began.elapsed());
        // Whoever turns to something else meanwhile is told the next time.
        sender.try_send(()).unwrap();
        assert!(timeout(SETTLE / 10, watch.changed()).await.is_err());
        timeout(10 * SETTLE, watch.changed()).await.unwrap();
    }
}
