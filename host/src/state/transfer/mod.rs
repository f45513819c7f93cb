//! The whole state as JSON lines and back, so that nothing is ever locked in.
//!
//! An export reads a copy: the state itself is not touched, which matters when it is damaged,
//! and then what can be read is written and the rest is named. An import is built beside the
//! state and takes its place by renaming; a crash in between is noticed at the next start.

mod export;
mod import;
mod lines;

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::Serialize;

pub use export::{Exported, export};
pub use import::{Imported, import};

use super::{
    State, StateError,
    error::Unreadable,
    guard,
    known::{KNOWN, KnownTree},
};

const FORMAT: u32 = 1;

#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("there is no state in {0}")]
    NoState(PathBuf),
    #[error(
        "nothing of the state in {folder} can be read: restore a backup; without one, move {folder} away and start afresh"
    )]
    NothingReadable {
        folder: PathBuf,
        #[source]
        source: Unreadable,
    },
    #[error("cannot copy the state to a temporary folder: set TMPDIR to one with more room")]
    Copy(#[source] io::Error),
    #[error("the export cannot be written")]
    Write(#[source] io::Error),
    #[error("the export cannot be read")]
    Read(#[source] io::Error),
    #[error("this is not an export of tapedeck's state: its first line should hold `tapedeck_state`")]
    NotAnExport,
    #[error("the export has format {found}, this tapedeck knows {FORMAT}: update tapedeck")]
    WrongFormat { found: u32 },
    #[error("line {line} of the export cannot be used: {reason}; nothing was changed")]
    Line { line: u64, reason: String },
    #[error("the export was cut short: {reason}; nothing was changed")]
    CutShort { reason: String },
    #[error("the state in {folder} {}; an import would replace it", .why)]
    InTheWay { folder: PathBuf, why: &'static str },
    #[error("the imported state cannot be put into {folder}")]
    Swap {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// What `tapedeck state info` shows.
#[derive(Debug, Serialize)]
pub struct StateInfo {
    pub folder: PathBuf,
    pub schema: u32,
    pub generation: u64,
    pub size_bytes: u64,
    pub entries: Vec<(&'static str, u64)>,
}

fn cause(error: &StateError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Opens and checks the state, and counts what it holds.
pub fn info(folder: &Path) -> Result<StateInfo, TransferError> {
    if !folder.join("state").exists() {
        guard::check_files(folder)?;
        return Err(TransferError::NoState(folder.to_owned()));
    }
    let state = State::open(folder)?;
    let db = &state.shared.db;
    let count =
        |tree: &KnownTree| Ok((tree.name, db.open_tree(tree.name).map_err(StateError::Write)?.len() as u64));
    Ok(StateInfo {
        folder: folder.to_owned(),
        schema: guard::SCHEMA,
        generation: guard::generation(db)?,
        size_bytes: state.size_on_disk(),
        entries: KNOWN.iter().map(count).collect::<Result<_, StateError>>()?,
    })
}

#[cfg(test)]
mod tests;
