//! How much room a disk has.

use std::{io, path::Path};

use rustix::fs::statvfs;

/// So much is left to others, who could not go on without.
const RESERVE: u64 = 256 << 20;
/// Of a small disk, this part.
const SHARE: u64 = 20;

#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    /// For who is not root.
    pub(super) free: u64,
    pub(super) total: u64,
}

impl Space {
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let told = statvfs(folder)?;
        let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
        Ok(Self { free: bytes(told.f_bavail), total: bytes(told.f_blocks) })
    }

    /// Disks that do not say how large they are are never.
    pub(super) fn is_tight(&self) -> bool {
        self.free < RESERVE.min(self.total / SHARE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_disks_keep_a_part_and_large_ones_as_much_as_others_need() {
        let is_tight = |free: u64, total: u64| Space { free, total }.is_tight();
        assert!(is_tight(255 << 20, 1 << 40) && !is_tight(256 << 20, 1 << 40));
        assert!(is_tight(9 << 20, 200 << 20) && !is_tight(10 << 20, 200 << 20));
        assert!(!is_tight(0, 0), "it does not say");
    }

    #[test]
    fn disks_say_how_large_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::of(folder.path()).unwrap();
        assert!(space.free <= space.total && space.total > 0, "{space:?}");
    }
}
