use std::{
    fs,
    io::{self, BufRead, Read as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rustix::fs::{CWD, RenameFlags};
use serde_json::Value;

use super::{
    FORMAT, TransferError, cause,
    lines::{End, Entry, Header},
};
use crate::{
    model::{Play, Run},
    state::{
        Plays, State, StateError, engine,
        guard::{self, Guard},
        known::{KNOWN, KnownTree},
    },
};

/// Folders in which an import puts itself together begin like this.
const BESIDE: &str = "import-";
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

#[derive(Debug)]
pub struct Imported {
    pub entries: u64,
    pub exported_at: Timestamp,
    pub version: String,
    /// Where the state that was there before is now.
    pub moved_to: Option<PathBuf>,
}

/// Replaces the state in `folder` by an export: all of it or nothing. A state that holds
/// something is replaced only by force, and kept beside.
pub fn import(
    folder: &Path,
    source: &mut dyn BufRead,
    is_forced: bool,
    now: Timestamp,
) -> Result<Imported, TransferError> {
    let _guard = Guard::lock(folder)?;
    let in_the_way = in_the_way(folder)?;
    if let (Some(why), false) = (in_the_way, is_forced) {
        return Err(TransferError::InTheWay { folder: folder.to_owned(), why });
    }
    let swap_failed = |source| TransferError::Swap { folder: folder.to_owned(), source };
    clear_earlier(folder).map_err(swap_failed)?;
    let beside = tempfile::Builder::new().prefix(BESIDE).tempdir_in(folder).map_err(swap_failed)?;
    let (header, entries) = fill(&State::open(beside.path())?, source)?;
    let kept_as = kept_as(folder, now);
    let had_state = swap(folder, beside.path(), &kept_as).map_err(swap_failed)?;
    if had_state && in_the_way.is_none() {
        // It was empty: nobody misses it.
        let _ = fs::remove_dir_all(&kept_as);
    }
    let moved_to = (had_state && in_the_way.is_some()).then_some(kept_as);
    Ok(Imported { entries, exported_at: header.exported_at, version: header.version, moved_to })
}

/// Why the present state may not simply be replaced.
fn in_the_way(folder: &Path) -> Result<Option<&'static str>, StateError> {
    let opened = guard::check_files(folder).and_then(|()| {
        if !folder.join("state").exists() {
            return Ok(None);
        }
        engine::open_checked(folder).map(Some)
    });
    match opened {
        Ok(None) => Ok(None),
        Ok(Some((db, _))) => {
            let holds = |tree: &KnownTree| db.open_tree(tree.name).is_ok_and(|tree| !tree.is_empty());
            let is_filled = KNOWN.iter().any(|tree| tree.name != "meta" && holds(tree));
            Ok(is_filled.then_some("is not empty"))
        }
        Err(error @ (StateError::Folder { .. } | StateError::File { .. } | StateError::InUse { .. })) => {
            Err(error)
        }
        Err(error) => {
            if error.is_damage() {
                guard::mark_suspect(folder, &error);
            }
            Ok(Some("is damaged, or too new to read"))
        }
    }
}

fn fill(state: &State, source: &mut dyn BufRead) -> Result<(Header, u64), TransferError> {
    let mut lines = Lines { source, number: 0 };
    let header = header(lines.next()?)?;
    let mut entries = 0;
    loop {
        let Some(text) = lines.next()? else {
            let reason = format!("it ends after {entries} entries without its last line");
            return Err(TransferError::CutShort { reason });
        };
        let refused = |reason: String| TransferError::Line { line: lines.number, reason };
        let json: Value = serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))?;
        if json.get("tree").is_none() {
            let end: End = serde_json::from_value(json).map_err(|error| refused(error.to_string()))?;
            if end.entries != entries {
                let reason = format!("it should hold {} entries and holds {entries}", end.entries);
                return Err(TransferError::CutShort { reason });
            }
            break;
        }
        let entry: Entry = serde_json::from_value(json).map_err(|error| refused(error.to_string()))?;
        put(state, &entry).map_err(refused)?;
        entries += 1;
    }
    state.flusher.flush_blocking()?;
    Ok((header, entries))
}

fn header(first: Option<Vec<u8>>) -> Result<Header, TransferError> {
    let json: Value = first
        .and_then(|line| serde_json::from_slice(&line).ok())
        .filter(|json: &Value| json.get("tapedeck_state").is_some())
        .ok_or(TransferError::NotAnExport)?;
    let format = json["tapedeck_state"].as_u64().and_then(|format| u32::try_from(format).ok()).unwrap_or(0);
    if format != FORMAT {
        return Err(TransferError::WrongFormat { found: format });
    }
    let header: Header = serde_json::from_value(json).map_err(|_| TransferError::NotAnExport)?;
    if header.schema > guard::SCHEMA {
        let (found, known) = (header.schema, guard::SCHEMA);
        return Err(StateError::TooNew { folder: "the export".into(), found, known }.into());
    }
    Ok(header)
}

fn put(state: &State, entry: &Entry) -> Result<(), String> {
    let known = KnownTree::named(&entry.tree)
        .filter(|tree| tree.is_exported)
        .ok_or_else(|| format!("there is no tree `{}`", entry.tree))?;
    let (Some(key), Some(value)) = (entry.key_bytes(), entry.value_bytes()) else {
        return Err("it needs one of `key` and `key_hex`, and one of `value` and `value_hex`".into());
    };
    // The folder keeps its own books about itself.
    if known.name == "meta" && key != guard::SEED.as_bytes() {
        return Err("of the tree `meta`, only `seed` can be imported".into());
    }
    known.check(&key, &value).map_err(|error| format!("{error}: {}", cause(&error)))?;
    if known.name == Plays::NAME {
        let play: Play = serde_json::from_slice(&value).map_err(|error| error.to_string())?;
        if play.id.0.as_bytes() != key.as_slice() {
            return Err("the key is not the play's id".into());
        }
        return state.plays.put(&play).map_err(|error| error.to_string());
    }
    if known.name != "runs" {
        let tree = state.shared.db.open_tree(known.name);
        return tree.and_then(|tree| tree.insert(key, value)).map(drop).map_err(|error| error.to_string());
    }
    // Writes the index too.
    let run: Run = serde_json::from_slice(&value).map_err(|error| error.to_string())?;
    if run.id.0.as_bytes() != key.as_slice() {
        return Err("the key is not the run's id".into());
    }
    state.runs.put(&run).map_err(|error| error.to_string())
}

struct Lines<'a> {
    source: &'a mut dyn BufRead,
    number: u64,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Vec<u8>>, TransferError> {
        loop {
            let mut text = Vec::new();
            let read = (&mut *self.source).take(LONGEST_LINE).read_until(b'\n', &mut text);
            if read.map_err(TransferError::Read)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if text.len() as u64 == LONGEST_LINE {
                return Err(TransferError::Line { line: self.number, reason: "it is too long".into() });
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(text));
            }
        }
    }
}

/// Says whether there was a state before. Whenever it is killed, the next start finds one of the two whole, and the
/// other one beside it.
fn swap(folder: &Path, beside: &Path, kept_as: &Path) -> io::Result<bool> {
    let had_state = folder.join("state").exists();
    steps(had_state, folder, beside, kept_as).into_iter().try_for_each(|step| step())?;
    fs::File::open(folder)?.sync_all()?;
    Ok(had_state)
}

pub(super) type Step<'a> = Box<dyn FnOnce() -> io::Result<()> + 'a>;

pub(super) fn steps<'a>(
    had_state: bool,
    folder: &'a Path,
    beside: &'a Path,
    kept_as: &'a Path,
) -> Vec<Step<'a>> {
    let (state, new) = (folder.join("state"), beside.join("state"));
    let ends: Step<'_> = Box::new(|| fs::rename(guard::sidecar_of(beside), guard::sidecar_of(folder)));
    if !had_state {
        return vec![Box::new(move || fs::rename(new, state)), ends];
    }
    vec![
        // What is behind its generation is refused, what is ahead of it is not: until it is over, neither is behind.
        Box::new(|| guard::lower_sidecar(folder, beside)),
        Box::new(move || fs::rename(new, kept_as)),
        Box::new(move || exchange(&state, kept_as)),
        ends,
    ]
}

/// In one step, where the file system knows that.
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    if rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok() {
        return Ok(());
    }
    let aside = one.with_extension(format!("being-replaced-{}", std::process::id()));
    fs::rename(one, &aside)?;
    let placed = fs::rename(other, one);
    let back = if placed.is_ok() { other } else { one };
    fs::rename(&aside, back)?;
    placed
}

/// What imports have left that were killed: parts of what they read.
fn clear_earlier(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name().as_encoded_bytes().starts_with(BESIDE.as_bytes())
        {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A name that nothing has.
fn kept_as(folder: &Path, now: Timestamp) -> PathBuf {
    let name = folder.join(format!("state.before-import-{}", now.strftime("%Y%m%dT%H%M%SZ")));
    let others = (2..).map(|number| PathBuf::from(format!("{}-{number}", name.display())));
    std::iter::once(name.clone())
        .chain(others)
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or(name)
}
