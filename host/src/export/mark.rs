//! What an export says of itself, in a file inside it: that it is ours, how it was made, and how far it goes.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::{ExportError, disk};
use crate::model::EXPORT_MARK as MARK;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    pub version: u32,
    pub series: String,
    pub made: Timestamp,
    /// Everything of the change feed up to here is in it.
    pub sequence: i64,
    /// When that entry of the feed was written: an archive that was put back from a backup has another one there, or none.
    #[serde(default)]
    pub reached: Option<Timestamp>,
    /// How many files each format that can be appended to has.
    pub parts: u32,
    /// Where the time began that was looked at, if it moves along.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// What was asked for: another question begins anew.
    pub question: serde_json::Value,
}

impl Mark {
    pub(super) const VERSION: u32 = 1;

    /// Of a folder that we wrote; none if there is no folder, or somebody else's.
    pub fn read(folder: &Path) -> Option<Self> {
        let bytes = fs::read(folder.join(MARK)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// On the disk when it returns, in the place of the one before.
    pub(super) fn write(&self, folder: &Path) -> Result<(), ExportError> {
        let path = folder.join(MARK);
        let part = folder.join(format!("{MARK}.part"));
        let mut text = serde_json::to_vec_pretty(self).expect("a mark is plain");
        text.push(b'\n');
        let written =
            File::create(&part).and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()));
        written.map_err(disk("write", &part))?;
        fs::rename(&part, &path).map_err(disk("write", &path))?;
        super::staging::sync_folder(folder)
    }
}
