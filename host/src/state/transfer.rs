//! The whole state as JSON lines and back, so that nothing is ever locked in.
//!
//! An export reads a copy: the state itself is not touched, which matters when it is damaged,
//! and then what can be read is written and the rest is named. An import is built beside the
//! state and takes its place by renaming; a crash in between is noticed at the next start.

use std::{
    fs,
    io::{self, BufRead, Read as _, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    State, StateError, engine,
    guard::{self, Guard},
    known::{KNOWN, KnownTree, hex, shown},
};
use crate::model::Run;

const FORMAT: u32 = 1;
const LONGEST_LINE: u64 = 64 * 1024 * 1024;
const NOTE: &str = "holds hashes of passwords and tokens: keep it private";
/// Problems that are named one by one.
const MOST_NAMED: usize = 20;

#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("there is no state in {0}")]
    NoState(PathBuf),
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

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    tapedeck_state: u32,
    schema: u32,
    version: String,
    exported_at: Timestamp,
    note: String,
}

/// Text and JSON as they are; anything else in hexadecimal.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    tree: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_hex: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    value: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value_hex: Option<String>,
}

/// `null` is a value too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    entries: u64,
    unreadable: u64,
}

/// What an export holds, and what it could not read.
#[derive(Debug, Default)]
pub struct Exported {
    pub entries: u64,
    pub unreadable: u64,
    /// The first problems, each a sentence.
    pub problems: Vec<String>,
}

#[derive(Debug)]
pub struct Imported {
    pub entries: u64,
    pub exported_at: Timestamp,
    pub version: String,
    /// Where the state that was there before is now.
    pub moved_to: Option<PathBuf>,
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
    let db = engine::calmly(&state, || engine::open(&state))?;
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

fn cause(error: &StateError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
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

impl Entry {
    fn of(tree: &str, key: &[u8], value: &[u8]) -> Self {
        let text = std::str::from_utf8(key).ok().map(str::to_owned);
        let json = serde_json::from_slice::<Value>(value).ok();
        // Only what comes back as the same bytes.
        let json = json.filter(|json| json.to_string().as_bytes() == value);
        Self {
            tree: tree.to_owned(),
            key_hex: text.is_none().then(|| hex(key)),
            key: text,
            value_hex: json.is_none().then(|| hex(value)),
            value: json,
        }
    }

    fn key_bytes(&self) -> Option<Vec<u8>> {
        bytes_of(self.key.clone().map(String::into_bytes), self.key_hex.as_deref())
    }

    fn value_bytes(&self) -> Option<Vec<u8>> {
        bytes_of(self.value.as_ref().map(|value| value.to_string().into_bytes()), self.value_hex.as_deref())
    }
}

fn bytes_of(plain: Option<Vec<u8>>, hex: Option<&str>) -> Option<Vec<u8>> {
    match (plain, hex) {
        (Some(plain), None) => Some(plain),
        (None, Some(hex)) => from_hex(hex),
        _ => None,
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok()
        })
        .collect()
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
    let beside = tempfile::Builder::new().prefix("import-").tempdir_in(folder).map_err(swap_failed)?;
    let (header, entries) = fill(&State::open(beside.path())?, source)?;
    let kept_as = folder.join(format!("state.before-import-{}", now.strftime("%Y%m%dT%H%M%SZ")));
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
        Err(error @ (StateError::Folder { .. } | StateError::InUse { .. })) => Err(error),
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
    known.check(&key, &value).map_err(|error| format!("{error}: {}", cause(&error)))?;
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

/// Says whether there was a state before. The sidecar comes last: a crash before that leaves one
/// that does not fit, which the next start reports instead of starting empty.
fn swap(folder: &Path, beside: &Path, kept_as: &Path) -> io::Result<bool> {
    let state = folder.join("state");
    let had_state = state.exists();
    if had_state {
        fs::rename(&state, kept_as)?;
    }
    let placed = fs::rename(beside.join("state"), &state)
        .and_then(|()| fs::rename(guard::sidecar_of(beside), guard::sidecar_of(folder)));
    if let Err(error) = placed {
        if had_state {
            // The imported one goes with the temporary folder; what cannot be undone is reported.
            let _ = fs::rename(&state, beside.join("state"));
            fs::rename(kept_as, &state)?;
        }
        return Err(error);
    }
    fs::File::open(folder)?.sync_all()?;
    Ok(had_state)
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
mod tests {
    use super::*;
    use crate::state::{RunFilter, tests::filled};

    fn now() -> Timestamp {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn exported(folder: &Path) -> (Exported, String) {
        let mut bytes = Vec::new();
        let exported = export(folder, "0.1.0", now(), &mut bytes).unwrap();
        (exported, String::from_utf8(bytes).unwrap())
    }

    fn runs(folder: &Path) -> Vec<Run> {
        State::open(folder).unwrap().runs.list(&RunFilter::default(), 1000).unwrap()
    }

    fn read(folder: &Path, text: &str, is_forced: bool) -> Result<Imported, TransferError> {
        import(folder, &mut text.as_bytes(), is_forced, now())
    }

    #[test]
    fn comes_back_as_it_was() {
        let (old, new) = (filled(20), tempfile::tempdir().unwrap());
        let (first, text) = exported(old.path());
        assert!(first.problems.is_empty(), "{:?}", first.problems);
        assert_eq!(read(new.path(), &text, false).unwrap().entries, first.entries);
        assert_eq!(runs(new.path()), runs(old.path()));
        let of_job = RunFilter { job: Some("backup".parse().unwrap()), ..RunFilter::default() };
        let state = State::open(new.path()).unwrap();
        assert_eq!(state.runs.list(&of_job, 1000).unwrap().len(), 20, "the index is made again");
        drop(state);
        assert_eq!(exported(new.path()).1, text);
    }

    #[test]
    fn nothing_changes_on_a_bad_export() {
        let (old, new) = (filled(5), tempfile::tempdir().unwrap());
        let (_, text) = exported(old.path());
        let lines: Vec<_> = text.lines().collect();
        let without_end = lines[..lines.len() - 1].join("\n");
        let without_one = [&lines[..2], &lines[3..]].concat().join("\n");
        let half_a_line = &text[..text.len() / 2];
        let bad_value = text.replacen("\"status\":\"succeeded\"", "\"status\":\"splendid\"", 1);
        let newer = text.replacen("\"tapedeck_state\":1", "\"tapedeck_state\":2", 1);
        for bad in [&without_end, &without_one, half_a_line, &bad_value, &newer, "", "{}", "\u{0}"] {
            let error = read(new.path(), bad, false).unwrap_err();
            assert!(!new.path().join("state").exists(), "{error}");
            let left = fs::read_dir(new.path()).unwrap().count();
            assert_eq!(left, 1, "only the lock: {error}");
        }
    }

    #[test]
    fn filled_state_is_replaced_by_force_only() {
        let (old, new) = (filled(5), filled(7));
        let (_, text) = exported(old.path());
        let error = read(new.path(), &text, false).unwrap_err();
        assert!(matches!(error, TransferError::InTheWay { .. }), "{error}");
        assert_eq!(runs(new.path()).len(), 7);
        let imported = read(new.path(), &text, true).unwrap();
        assert_eq!(runs(new.path()).len(), 5);
        assert!(imported.moved_to.unwrap().join("db").exists(), "the old one is kept");
    }

    #[test]
    fn empty_state_makes_room() {
        let (old, new) = (filled(5), tempfile::tempdir().unwrap());
        drop(State::open(new.path()).unwrap());
        assert_eq!(read(new.path(), &exported(old.path()).1, false).unwrap().moved_to, None);
        assert_eq!(runs(new.path()).len(), 5);
    }

    #[test]
    fn damaged_entries_are_named_and_left_out() {
        let folder = filled(5);
        let state = State::open(folder.path()).unwrap();
        state.shared.db.open_tree("users").unwrap().insert("ada", "{").unwrap();
        state.flusher.flush_blocking().unwrap();
        drop(state);
        let error = State::open(folder.path()).unwrap_err();
        assert!(matches!(error, StateError::Damaged { .. }), "{error}");
        let (exported, text) = exported(folder.path());
        assert_eq!((exported.unreadable, exported.problems.len()), (1, 1));
        assert!(exported.problems[0].contains("users") && exported.problems[0].contains("ada"));
        assert!(matches!(read(folder.path(), &text, false), Err(TransferError::InTheWay { .. })));
        read(folder.path(), &text, true).unwrap();
        assert_eq!(runs(folder.path()).len(), 5);
    }

    #[test]
    fn damaged_state_can_be_replaced() {
        let (old, new) = (filled(5), filled(300));
        let file = fs::OpenOptions::new().write(true).open(new.path().join("state/db")).unwrap();
        file.set_len(4096).unwrap();
        let text = exported(old.path()).1;
        assert!(matches!(read(new.path(), &text, false), Err(TransferError::InTheWay { .. })));
        read(new.path(), &text, true).unwrap();
        assert_eq!(runs(new.path()).len(), 5);
    }

    #[test]
    fn exporting_does_not_touch_the_state() {
        let folder = filled(50);
        let file = folder.path().join("state/db");
        let (bytes, _) = (fs::read(&file).unwrap(), exported(folder.path()));
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }

    #[test]
    fn any_bytes_survive_a_line() {
        for (key, value) in
            [(&b"a"[..], &b"1"[..]), (&[0xff, 0], b"{\"b\": 1}"), (b"\n", b"null"), (b"", b"")]
        {
            let text = serde_json::to_string(&Entry::of("meta", key, value)).unwrap();
            let entry: Entry = serde_json::from_str(&text).unwrap();
            assert_eq!(
                (entry.key_bytes().unwrap(), entry.value_bytes().unwrap()),
                (key.to_vec(), value.to_vec()),
                "{text}"
            );
        }
    }
}
