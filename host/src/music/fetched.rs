//! Where files lie on their way from a backend to Telegram.

use std::{
    io,
    path::{Path, PathBuf},
};

/// In the data folder.
pub fn folder(data: &Path) -> PathBuf {
    data.join("music").join("fetched")
}

/// Removes what a process that was killed has left there. Nobody may be at work yet.
pub fn clear(data: &Path) {
    let folder = folder(data);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(folder = %folder.display(), %error, "Old files of songs cannot be removed");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_on_its_way_goes() {
        let data = tempfile::tempdir().unwrap();
        let left = folder(data.path()).join("half/song.mp3");
        let added = data.path().join("music/added/song.mp3");
        for file in [&left, &added] {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "x").unwrap();
        }
        clear(data.path());
        assert!(!left.exists() && added.exists());
        clear(data.path());
    }
}
