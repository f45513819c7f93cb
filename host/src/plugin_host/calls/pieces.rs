//! What an exporter writes, before anybody believes it: where it goes, and how much of it there is.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    path::{Component, Path},
    sync::Arc,
};

use tapedeck_bindings::{capability::types, exporter::exports::tapedeck::plugin::exporter as wit};

use super::answer::{garbage, refusal};
use crate::{
    model::{ARCHIVE_FILE, EXPORT_MEDIA, PluginLimits},
    plugin_host::{Failure, Limit},
};

/// Longer ones are no file names.
const LONGEST_PATH: usize = 1_000;

/// Bytes for a file of the export. Those of one path follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Empty for the export's own file; else relative to its folder, and never out of it.
    pub path: String,
    pub content: Vec<u8>,
}

/// All that one export has written so far, and what it may write.
#[derive(Debug)]
pub(super) struct Written {
    limits: Arc<PluginLimits>,
    /// The one hidden file that it was asked for.
    pages_file: Option<String>,
    bytes: u64,
    /// Files, and the folders that they lie in, by what nobody outside can guess of their paths.
    places: HashSet<u64>,
    hasher: RandomState,
}

impl Written {
    pub(super) fn nothing(limits: Arc<PluginLimits>, pages_file: Option<String>) -> Self {
        Self { limits, pages_file, bytes: 0, places: HashSet::new(), hasher: RandomState::new() }
    }

    pub(super) fn take(
        &mut self,
        answer: Result<Vec<wit::Piece>, types::PluginError>,
    ) -> Result<Vec<Piece>, Failure> {
        answer.map_err(refusal)?.into_iter().map(|piece| self.checked(piece)).collect()
    }

    fn checked(&mut self, wit::Piece { path, content }: wit::Piece) -> Result<Piece, Failure> {
        self.check(&path)?;
        self.bytes = self.bytes.saturating_add(content.len() as u64);
        if self.bytes > self.limits.export_bytes {
            return Err(Failure::Limit { which: Limit::ExportBytes { limit: self.limits.export_bytes } });
        }
        self.count(&path);
        if self.places.len() as u64 > self.limits.export_files {
            return Err(Failure::Limit { which: Limit::ExportFiles { limit: self.limits.export_files } });
        }
        Ok(Piece { path, content })
    }

    fn check(&self, path: &str) -> Result<(), Failure> {
        let why = if path.is_empty() || self.pages_file.as_deref() == Some(path) {
            return Ok(());
        } else if !is_inside(path) {
            "which is no path beside the export"
        } else if is_ours(path) {
            "a name that the host keeps: `media`, `archive.sqlite`, and all that begin with a dot"
        } else {
            return Ok(());
        };
        let path: String = path.chars().take(200).collect();
        Err(garbage(format!("it writes to {path:?}, {why}")))
    }

    fn count(&mut self, path: &str) {
        if self.places.insert(self.hasher.hash_one(path)) {
            let folders = path.match_indices('/').map(|(end, _)| self.hasher.hash_one(&path[..end]));
            self.places.extend(folders);
        }
    }
}

/// Whether a path stays in the folder that it is relative to, on any system.
fn is_inside(path: &str) -> bool {
    let is_plain = |c: char| !c.is_control() && !"\\:*?\"<>|".contains(c);
    path.len() <= LONGEST_PATH
        && path.chars().all(is_plain)
        && !path.ends_with('/')
        && path.split('/').all(|name| !name.is_empty() && name != "." && name != "..")
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Whether something of the host's lies there, or might.
fn is_ours(path: &str) -> bool {
    is_taken(path.split('/').next().unwrap_or_default()) || path.split('/').any(|name| name.starts_with('.'))
}

/// Names in an export that stand for something else than what an exporter writes. Some disks do not tell large letters from
/// small ones.
pub(super) fn is_taken(name: &str) -> bool {
    [EXPORT_MEDIA, ARCHIVE_FILE].iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(export_bytes: u64, export_files: u64) -> Written {
        let limits = PluginLimits { export_bytes, export_files, ..PluginLimits::default() };
        Written::nothing(Arc::new(limits), Some(".pages.0002.json".into()))
    }

    fn piece(path: &str, bytes: usize) -> wit::Piece {
        wit::Piece { path: path.into(), content: vec![b'x'; bytes] }
    }

    #[test]
    fn pieces_stay_beside_the_export() {
        for path in ["messages2.html", "css/style.css", "a/b/..c", "ä.json"] {
            assert!(is_inside(path), "{path}");
        }
        for path in ["/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "c:x", "a\\b", "a\0b", "a\nb"] {
            assert!(!is_inside(path), "{path}");
        }
    }

    #[test]
    fn paths_of_pieces_have_an_end() {
        assert!(is_inside(&"x".repeat(LONGEST_PATH)));
        assert!(!is_inside(&"x".repeat(LONGEST_PATH + 1)));
    }

    #[test]
    fn what_is_the_hosts_is_not_written() {
        for path in [
            "media/-1/91.txt",
            "Media/x",
            "media",
            ".tapedeck-export.json",
            ".pages.0001.json",
            "a/.hidden/b",
            "a/.b",
            "archive.sqlite",
        ] {
            let refused = written(10, 10).take(Ok(vec![piece(path, 1)])).unwrap_err();
            assert!(matches!(&refused, Failure::Garbage { what } if what.contains(path)), "{refused}");
        }
        for path in ["", ".pages.0002.json", "a/media/b", "mediathek/x", "a/archive.sqlite", "a.b"] {
            assert!(written(10, 10).take(Ok(vec![piece(path, 1)])).is_ok(), "{path}");
        }
    }

    #[test]
    fn bytes_of_all_answers_count_together() {
        let mut written = written(10, 10);
        for _ in 0..2 {
            assert_eq!(written.take(Ok(vec![piece("", 3), piece("a", 2)])).unwrap().len(), 2);
        }
        let refused = written.take(Ok(vec![piece("a", 1)])).unwrap_err();
        assert!(matches!(refused, Failure::Limit { which: Limit::ExportBytes { limit: 10 } }), "{refused}");
    }

    #[test]
    fn files_and_their_folders_count_once() {
        let mut written = written(1_000, 5);
        for _ in 0..3 {
            let pieces = ["a/b/1", "a/b/2", ""].map(|path| piece(path, 0));
            assert!(written.take(Ok(pieces.into())).is_ok());
        }
        let refused = written.take(Ok(vec![piece("a/c", 0)])).unwrap_err();
        assert!(matches!(refused, Failure::Limit { which: Limit::ExportFiles { limit: 5 } }), "{refused}");
    }
}
