//! What became of files.

use std::fmt;

use serde::Serialize;

use crate::model::{MessageId, PeerId, shown_bytes};

/// Messages that are named; of others only the number is told.
const NAMED: usize = 100;

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
    /// Messages that were compared with their checksums.
    pub rows: u64,
    /// That had none and have one now.
    pub sealed: u64,
    /// That were not what was written.
    pub damaged_rows: u64,
    /// Read again, and whole now.
    pub mended_rows: u64,
    /// Those that stay damaged: chat and number of the first hundred.
    pub damaged_messages: Vec<String>,
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
    /// Blobs without a row, which stay.
    pub unheard_of: u64,
    /// What the database finds wrong with itself.
    pub complaints: Vec<String>,
}

impl VerifiedMedia {
    /// What is wrong and stays so.
    pub fn is_wrong(&self) -> bool {
        self.missing + self.damaged > self.mended
            || self.damaged_rows > self.mended_rows
            || !self.complaints.is_empty()
    }

    /// This one cannot be read again.
    pub(super) fn spoil(&mut self, chat: PeerId, id: MessageId) {
        self.damaged_rows += 1;
        if self.damaged_messages.len() < NAMED {
            self.damaged_messages.push(format!("chat {chat}, message {id}"));
        }
    }
}

impl fmt::Display for VerifiedMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, sealed, damaged_rows, mended_rows, damaged_messages, .. } = self;
        let Self { files, blobs, missing, damaged, mended, orphans, unheard_of, complaints, .. } = self;
        write!(f, "{rows} messages: {damaged_rows} damaged, {mended_rows} read again")?;
        if *sealed > 0 {
            write!(f, ", {sealed} given their checksum")?;
        }
        write!(
            f,
            "; {files} files in {blobs} blobs: {missing} missing, {damaged} damaged, {mended} fetched again"
        )?;
        if *orphans > 0 {
            write!(f, "; {orphans} orphans removed")?;
        }
        if *unheard_of > 0 {
            write!(f, "; {unheard_of} files in the folder that this archive does not know are left alone")?;
        }
        if let Some(first) = damaged_messages.first() {
            write!(f, "; not what was written: {first}")?;
            if *damaged_rows - *mended_rows > 1 {
                write!(f, " and {} others", damaged_rows - mended_rows - 1)?;
            }
        }
        if !complaints.is_empty() {
            write!(f, "; the database finds {} faults in itself", complaints.len())?;
        }
        Ok(())
    }
}
