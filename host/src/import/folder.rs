//! The folder that is imported. Nothing outside of it is read, whatever its files say.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::error::ImportError;

#[derive(Clone, Debug)]
pub(crate) struct Folder {
    /// Without links.
    root: PathBuf,
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
        Ok(Self { root })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.root
    }

    /// A file that the source names.
    pub(crate) fn find(&self, name: &str) -> Found {
        self.find_from(&self.root, name)
    }

    /// As [`Self::find`], where names count from another folder inside.
    pub(crate) fn find_from(&self, base: &Path, name: &str) -> Found {
        let named = Path::new(name);
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if name.is_empty() || name.contains('\0') || !named.components().all(is_plain) {
            return Found::Nothing(format!("`{}` leads out of the folder", shown(name)));
        }
        self.look(&base.join(named), name)
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

    fn look(&self, path: &Path, name: &str) -> Found {
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Found::Nothing(format!("`{}` is not there", shown(name)));
            }
            Err(error) => return Found::Nothing(format!("`{}` cannot be read: {error}", shown(name))),
        };
        if !real.starts_with(&self.root) {
            return Found::Nothing(format!("`{}` is a link that leads out of the folder", shown(name)));
        }
        match fs::metadata(&real) {
            Ok(file) if file.is_file() => Found::File { path: real, bytes: file.len() },
            Ok(_) => Found::Nothing(format!("`{}` is no file", shown(name))),
            Err(error) => Found::Nothing(format!("`{}` cannot be read: {error}", shown(name))),
        }
    }
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
    fn end_of_a_foreign_path_is_enough() {
        let (_kept, folder) = folder();
        let found = folder.find_end(folder.path(), "/data/backups/media/photos/a.jpg");
        assert!(matches!(found, Found::File { .. }));
        assert!(reason(folder.find_end(folder.path(), "/x/../../secret")).contains("out of"));
        assert!(reason(folder.find_end(folder.path(), "/x/nothing.jpg")).contains("not there"));
    }
}
