//! What became of files.

use std::fmt;

use serde::Serialize;

use crate::model::shown_bytes;

#[derive(Clone, Debug, Default, Serialize)]
pub struct FetchedMedia {
    pub fetched: u64,
    pub bytes: u64,
    /// That rules leave out.
    pub skipped: u64,
    /// Tried again in later runs, until their tries are used up.
    pub failed: u64,
    /// Of chats whose files nobody wants any more.
    pub removed: u64,
}

impl fmt::Display for FetchedMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files fetched ({})", self.fetched, shown_bytes(self.bytes))?;
        for (number, what) in [(self.skipped, "left out"), (self.failed, "failed"), (self.removed, "removed")]
        {
            if number > 0 {
                write!(f, "; {number} {what}")?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct VerifiedMedia {
    /// Files of messages that were looked at.
    pub files: u64,
    /// Blobs that were read whole, each once.
    pub blobs: u64,
    pub missing: u64,
    pub damaged: u64,
    /// Fetched again, and whole now.
    pub mended: u64,
    /// Blobs that nothing spoke of, and that are gone.
    pub orphans: u64,
    /// What the database finds wrong with itself.
    pub complaints: Vec<String>,
}

impl VerifiedMedia {
    /// What is wrong and stays so.
    pub fn is_wrong(&self) -> bool {
        self.missing + self.damaged > self.mended || !self.complaints.is_empty()
    }
}

impl fmt::Display for VerifiedMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, blobs, missing, damaged, mended, orphans, complaints } = self;
        write!(
            f,
            "{files} files in {blobs} blobs: {missing} missing, {damaged} damaged, {mended} fetched again"
        )?;
        if *orphans > 0 {
            write!(f, "; {orphans} orphans removed")?;
        }
        if !complaints.is_empty() {
            write!(f, "; the database finds {} faults in itself", complaints.len())?;
        }
        Ok(())
    }
}
