//! The folder that is imported. Nothing outside of it is read, whatever its files say, but the files that an export of
//! ours has beside the folders of its formats.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::{error::ImportError, exported};
use crate::model::EXPORT_MEDIA;

#[derive(Clone, Debug)]
pub(crate) struct Folder {
    /// Without links.
    root: PathBuf,
    /// In an export of ours: what the folders of all formats share.
    shared: Option<PathBuf>,
    /// Its files may be links to the blobs of an archive.
    is_ours: bool,
}

/// What a path inside the folder leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    File {
        path: PathBuf,
        bytes: u64,
    },
    /// Why there is none.
    Nothing(String),
}

impl Folder {
    pub(crate) fn open(path: &Path) -> Result<Self, ImportError> {
        let root = fs::canonicalize(path).map_err(|error| ImportError::open(path, error))?;
        let shared = exported::shared(&root);
        let is_ours = shared.is_some() || exported::is_ours(&root);
        Ok(Self { root, shared, is_ours })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.root
    }

    /// A file that the source names.
    pub(crate) fn find(&self, name: &str) -> Found {
        let beside = name.strip_prefix("../").and_then(|it| it.strip_prefix(EXPORT_MEDIA)?.strip_prefix('/'));
        match beside.zip(self.shared.as_deref()) {
            Some((inside, shared)) if is_inside(inside) => self.look(shared, &shared.join(inside), name),
            _ => self.find_from(&self.root, name),
        }
    }

    /// As [`Self::find`], where names count from another folder inside.
    pub(crate) fn find_from(&self, base: &Path, name: &str) -> Found {
        if !is_inside(name) {
            return Found::Nothing(format!("`{}` leads out of the folder", shown(name)));
        }
        self.look(&self.root, &base.join(name), name)
    }

    /// A path of another machine, of which an end may lie here: the longest that does, with at least one folder.
    pub(crate) fn find_end(&self, base: &Path, name: &str) -> Found {
        let parts: Vec<&str> = name.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.contains(&"..") {
            return Found::Nothing(format!("`{}` leads out of the folder", shown(name)));
        }
        // No archive nests its media deeper than this below its own folder.
        for from in parts.len().saturating_sub(6)..parts.len().saturating_sub(1) {
            let end = parts[from..].join("/");
            if let found @ Found::File { .. } = self.find_from(base, &end) {
                return found;
            }
        }
        Found::Nothing(format!("`{}` is not there", shown(name)))
    }

    fn look(&self, root: &Path, path: &Path, name: &str) -> Found {
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Found::Nothing(format!("`{}` is not there", shown(name)));
            }
            Err(error) => return Found::Nothing(format!("`{}` cannot be read: {error}", shown(name))),
        };
        let is_shared = self.is_ours && is_blob(&real);
        if !real.starts_with(root) && !is_shared {
            return Found::Nothing(format!("`{}` is a link that leads out of the folder", shown(name)));
        }
        match fs::metadata(&real) {
            Ok(file) if file.is_file() => Found::File { path: real, bytes: file.len() },
            Ok(_) => Found::Nothing(format!("`{}` is no file", shown(name))),
            Err(error) => Found::Nothing(format!("`{}` cannot be read: {error}", shown(name))),
        }
    }
}

/// Whether a name leads to nothing above.
fn is_inside(name: &str) -> bool {
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    !name.is_empty() && !name.contains('\0') && Path::new(name).components().all(is_plain)
}

/// Whether a path is that of a blob: its name is the hash of its bytes, so that only who knows them can name it.
fn is_blob(path: &Path) -> bool {
    let mut names = path.iter().rev().filter_map(|name| name.to_str());
    let (Some(hash), Some(beginning), Some(blobs)) = (names.next(), names.next(), names.next()) else {
        return false;
    };
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash && blobs == "blobs" && beginning.len() == 2 && hash.starts_with(beginning)
}

/// Names come from files of others, and go into messages and the archive.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("export");
        fs::create_dir_all(root.join("photos")).unwrap();
        fs::write(root.join("photos/a.jpg"), "jpeg").unwrap();
        fs::write(temporary.path().join("secret"), "key").unwrap();
        let folder = Folder::open(&root).unwrap();
        (temporary, folder)
    }

    fn reason(found: Found) -> String {
        match found {
            Found::Nothing(why) => why,
            Found::File { path, .. } => panic!("{} was found", path.display()),
        }
    }

    #[test]
    fn files_inside_are_found() {
        let (_kept, folder) = folder();
        assert!(matches!(folder.find("photos/a.jpg"), Found::File { bytes: 4, .. }));
        assert!(matches!(folder.find("./photos/a.jpg"), Found::File { bytes: 4, .. }));
        assert!(reason(folder.find("photos")).contains("no file"));
        assert!(reason(folder.find("photos/b.jpg")).contains("not there"));
    }

    #[test]
    fn nothing_outside_is_found() {
        let (_kept, folder) = folder();
        symlink("../../secret", folder.path().join("photos/link.jpg")).unwrap();
        symlink("a.jpg", folder.path().join("photos/inside.jpg")).unwrap();
        for name in ["../secret", "photos/../../secret", "/etc/passwd", "photos/link.jpg", "", "a\0b"] {
            assert!(reason(folder.find(name)).contains("out of the folder"), "{name}");
        }
        assert!(matches!(folder.find("photos/inside.jpg"), Found::File { .. }));
    }

    #[test]
    fn formats_of_one_export_share_their_files() {
        let temporary = tempfile::tempdir().unwrap();
        let (export, blobs) = (temporary.path().join("export"), temporary.path().join("blobs/ab"));
        for folder in [export.join("json"), export.join("media/5"), blobs.clone()] {
            fs::create_dir_all(folder).unwrap();
        }
        let blob = blobs.join("ab".repeat(32));
        for file in
            [&export.join("media/5/a.jpg"), &export.join("beside"), &temporary.path().join("secret"), &blob]
        {
            fs::write(file, "jpeg").unwrap();
        }
        symlink("../../../secret", export.join("media/5/link.jpg")).unwrap();
        symlink(&blob, export.join("media/5/blob.jpg")).unwrap();
        let open = || Folder::open(&export.join("json")).unwrap();
        assert!(
            reason(open().find("../media/5/a.jpg")).contains("out of"),
            "it is not marked as an export of ours"
        );
        fs::write(export.join(crate::model::EXPORT_MARK), "{}").unwrap();
        for name in ["../media/5/a.jpg", "../media/5/blob.jpg"] {
            assert!(matches!(open().find(name), Found::File { bytes: 4, .. }), "{name}");
        }
        for name in [
            "../beside",
            "../media/../beside",
            "../media/../../secret",
            "../media//etc/passwd",
            "../media/5/link.jpg",
            "../mediation",
            "../../export/media/5/a.jpg",
        ] {
            assert!(reason(open().find(name)).contains("out of the folder"), "{name}");
        }
        fs::rename(export.join("media"), temporary.path().join("elsewhere")).unwrap();
        symlink(temporary.path().join("elsewhere"), export.join("media")).unwrap();
        assert!(reason(open().find("../media/5/a.jpg")).contains("out of"), "its folder of files is a link");
    }

    #[test]
    fn end_of_a_foreign_path_is_enough() {
        let (_kept, folder) = folder();
        let found = folder.find_end(folder.path(), "/data/backups/media/photos/a.jpg");
        assert!(matches!(found, Found::File { .. }));
        assert!(reason(folder.find_end(folder.path(), "/x/../../secret")).contains("out of"));
        assert!(reason(folder.find_end(folder.path(), "/x/nothing.jpg")).contains("not there"));
    }
}
