use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    FORMAT, TransferError, cause,
    lines::{End, Entry, Header},
};
use crate::state::{
    StateError, engine,
    error::Unreadable,
    guard::{self, Guard},
    known::{KNOWN, KnownTree, shown},
};

const NOTE: &str = "holds hashes of passwords and tokens: keep it private";
/// Problems that are named one by one.
const MOST_NAMED: usize = 20;

/// What an export holds, and what it could not read.
#[derive(Debug, Default)]
pub struct Exported {
    pub entries: u64,
    pub unreadable: u64,
    /// The first problems, each a sentence.
    pub problems: Vec<String>,
}

/// Writes everything but sessions, which end with the export.
pub fn export(
    folder: &Path,
    version: &str,
    now: Timestamp,
    sink: &mut dyn Write,
) -> Result<Exported, TransferError> {
    if !folder.join("state").exists() {
        return Err(TransferError::NoState(folder.to_owned()));
    }
    let guard = Guard::lock(folder)?;
    let copy = copy(folder).map_err(TransferError::Copy)?;
    drop(guard);
    let state = copy.path().join("state");
    let header = Header {
        tapedeck_state: FORMAT,
        schema: guard::SCHEMA,
        version: version.to_owned(),
        exported_at: now,
        note: NOTE.to_owned(),
    };
    // The copy is gone by the time that somebody reads the error: it has to name the original.
    let db = engine::calmly(&state, || engine::open(&state)).map_err(|error| match error {
        StateError::Open { source, .. } => {
            TransferError::NothingReadable { folder: folder.to_owned(), source }
        }
        StateError::Folder { source, .. } | StateError::File { source, .. } => TransferError::Copy(source),
        error => error.into(),
    })?;
    let mut exported = Exported::default();
    match engine::calmly(&state, || guard::check(&db, copy.path())) {
        Ok(_) => {}
        Err(error @ StateError::TooNew { .. }) => return Err(error.into()),
        Err(StateError::LostData { expected, found, .. }) => exported.problem(format!(
            "the state was at generation {expected} when last seen whole and is at {found} now: the newest entries are gone"
        )),
        Err(error) => exported.problem(error.to_string()),
    }
    line(sink, &header)?;
    for tree in KNOWN.iter().filter(|tree| tree.is_exported) {
        exported.tree(&db, &state, tree, sink)?;
    }
    // Without its last line nobody can take this for a state that simply was empty.
    if let Some(problem) = exported.problems.first().filter(|_| exported.entries == 0) {
        let source = Unreadable::Earlier(problem.clone());
        return Err(TransferError::NothingReadable { folder: folder.to_owned(), source });
    }
    line(sink, &End { entries: exported.entries, unreadable: exported.unreadable })?;
    sink.flush().map_err(TransferError::Write)?;
    Ok(exported)
}

impl Exported {
    fn tree(
        &mut self,
        db: &sled::Db,
        state: &Path,
        known: &KnownTree,
        sink: &mut dyn Write,
    ) -> Result<(), TransferError> {
        let failed = |error| StateError::of_reading(state, error);
        let mut written = Ok(());
        let read = engine::calmly(state, || {
            for entry in db.open_tree(known.name).map_err(failed)?.iter() {
                let (key, value) = entry.map_err(failed)?;
                if known.name == "meta" && key.as_ref() != guard::SEED.as_bytes() {
                    continue;
                }
                if let Err(error) = known.check(&key, &value) {
                    self.problem(format!(
                        "tree `{}`: the entry {} is damaged: {}",
                        known.name,
                        shown(&key),
                        cause(&error)
                    ));
                    continue;
                }
                written = line(sink, &Entry::of(known.name, &key, &value));
                if written.is_err() {
                    break;
                }
                self.entries += 1;
            }
            Ok(())
        });
        // After this, the tree's further entries cannot be reached.
        if let Err(error) = read {
            self.problem(format!("tree `{}` cannot be read to its end: {}", known.name, cause(&error)));
        }
        written
    }

    fn problem(&mut self, text: String) {
        self.unreadable += 1;
        if self.problems.len() < MOST_NAMED {
            self.problems.push(text);
        }
    }
}

/// The state and its sidecar, in a folder that only we can read.
fn copy(folder: &Path) -> io::Result<tempfile::TempDir> {
    let copy = tempfile::Builder::new().prefix("tapedeck-export-").tempdir()?;
    copy_folder(&folder.join("state"), &copy.path().join("state"))?;
    let sidecar = guard::sidecar_of(folder);
    if sidecar.exists() {
        fs::copy(&sidecar, guard::sidecar_of(copy.path()))?;
    }
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn line(sink: &mut dyn Write, line: &impl Serialize) -> Result<(), TransferError> {
    let mut text = serde_json::to_vec(line).expect("our own types have string keys and no failing Serialize");
    text.push(b'\n');
    sink.write_all(&text).map_err(TransferError::Write)
}
