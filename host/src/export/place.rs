//! Where on the disk an export goes: a link in place of its goal is followed, and stays.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    error::{ExportError, disk},
    staging::check_no_archive,
};

/// The goal, or what it leads to if it is a link. Links on the way there are left to the system.
pub(super) fn resolved(goal: &Path) -> Result<PathBuf, ExportError> {
    let goal = std::path::absolute(goal).map_err(disk("find", goal))?;
    // Without a slash at its end, which would lead through a link.
    let goal: PathBuf = goal.components().collect();
    if !fs::symlink_metadata(&goal).is_ok_and(|facts| facts.is_symlink()) {
        return Ok(goal);
    }
    let place = fs::canonicalize(&goal).map_err(|source| match source.kind() {
        ErrorKind::NotFound => {
            ExportError::Dangling { to: fs::read_link(&goal).unwrap_or_default(), path: goal.clone() }
        }
        _ => disk("follow the link", &goal)(source),
    })?;
    let facts = fs::metadata(&place).map_err(disk("find", &place))?;
    if facts.is_file() {
        check_no_archive(&place)?;
    } else if !facts.is_dir() {
        // A device, or a pipe: another file would take its place.
        return Err(ExportError::Foreign { path: place });
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::model::ARCHIVE_FILE;

    #[test]
    fn links_lead_to_their_ends() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real");
        fs::create_dir(&real).unwrap();
        symlink("real", folder.path().join("link")).unwrap();
        symlink("link", folder.path().join("again")).unwrap();
        for name in ["link", "link/", "again"] {
            assert_eq!(resolved(&folder.path().join(name)).unwrap(), real, "{name}");
        }
        assert_eq!(resolved(&folder.path().join("new/")).unwrap(), folder.path().join("new"));
        let below = folder.path().join("link/new");
        assert_eq!(resolved(&below).unwrap(), below, "it leads there by itself");
    }

    #[test]
    fn links_that_lead_nowhere_are_told_with_where_to() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        symlink("/nowhere/at/all", &link).unwrap();
        let refused = resolved(&link).unwrap_err();
        assert!(matches!(refused, ExportError::Dangling { .. }) && !refused.is_temporary(), "{refused}");
        let words = refused.to_string();
        assert!(words.contains("/nowhere/at/all") && words.contains(link.to_str().unwrap()), "{words}");
        fs::remove_file(&link).unwrap();
        symlink("link", &link).unwrap();
        assert!(resolved(&link).is_err(), "it leads to itself");
    }

    #[test]
    fn links_do_not_lead_over_archives_and_devices() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("chat.csv");
        fs::write(folder.path().join(ARCHIVE_FILE), "years").unwrap();
        symlink(ARCHIVE_FILE, &link).unwrap();
        assert!(matches!(resolved(&link), Err(ExportError::Archive { .. })));
        fs::remove_file(&link).unwrap();
        symlink("/dev/null", &link).unwrap();
        assert!(matches!(resolved(&link), Err(ExportError::Foreign { .. })));
    }
}
