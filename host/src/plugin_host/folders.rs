//! Where plugins lie: what counts as one in a folder, and which file a table means.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    FileProblem, PluginSettings,
    inspect::{self, Reach},
};
use crate::model::PluginName;

const ENDING: &str = "wasm";

/// Where a file lies, and whether the folder it lies in bounds where its links may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) within: Option<PathBuf>,
}

impl Source {
    pub(crate) fn read(&self, limit: u64) -> Result<Vec<u8>, FileProblem> {
        inspect::read(&self.path, self.reach(), limit)
    }

    pub(super) fn reach(&self) -> Reach<'_> {
        self.within.as_deref().map_or(Reach::Anywhere, Reach::Within)
    }
}

/// Which file a name means.
pub(super) struct Choice {
    pub(super) source: Source,
    /// Other files of its folder that would have this name.
    pub(super) shadowed: Vec<PathBuf>,
}

/// Who knows the files in the folders.
pub(super) trait Shelf {
    /// By name.
    fn files(&mut self, folder: &Path) -> Vec<PathBuf>;

    /// The id inside, else what the file's name makes of it.
    fn name(&mut self, source: &Source) -> PluginName;
}

/// Which names there are, and what each of them means: a table's `file`, else the file with its name, else one with
/// its id; and the ids of all other files. The first folder that has one wins: what people drop takes the place of
/// what was bundled.
///
/// Of several files with one id, the one that is called like it goes first, and then the one that `runs` already: a
/// copy must not take over what the operator granted to the other.
pub(super) fn choose(
    folders: &[&Path],
    tables: &BTreeMap<PluginName, PluginSettings>,
    runs: &BTreeMap<PluginName, PathBuf>,
    shelf: &mut impl Shelf,
) -> BTreeMap<PluginName, Choice> {
    let mut chosen = BTreeMap::new();
    let alone = |source: Source| Choice { source, shadowed: Vec::new() };
    for (name, settings) in tables {
        if let Some(file) = &settings.file {
            chosen.insert(name.clone(), alone(find(file, folders)));
        }
    }
    for (index, folder) in folders.iter().enumerate() {
        let within = |path: PathBuf| Source { path, within: Some((*folder).to_owned()) };
        let is_open = |name: &PluginName, chosen: &BTreeMap<_, _>| !chosen.contains_key(name);
        for name in tables.keys() {
            let path = folder.join(usual_file(name.as_str()));
            if is_open(name, &chosen) && is_there(&path) {
                chosen.insert(name.clone(), alone(within(path)));
            }
        }
        let used: BTreeSet<PathBuf> = chosen.values().map(|it| it.source.path.clone()).collect();
        let mut named: BTreeMap<PluginName, Vec<PathBuf>> = BTreeMap::new();
        for path in shelf.files(folder).into_iter().filter(|path| !used.contains(path)) {
            named.entry(shelf.name(&within(path.clone()))).or_default().push(path);
        }
        for name in tables.keys().filter(|name| is_open(name, &chosen)) {
            // What cargo built, and nobody can read the id of: its table is told what is wrong with it.
            let module = folder.join(module_file(name));
            let owner = name_of_file(&module);
            let is_it = !named.contains_key(name)
                && !tables.contains_key(&owner)
                && named.get(&owner).is_some_and(|paths| paths.contains(&module));
            if is_it && let Some(paths) = named.remove(&owner) {
                named.insert(name.clone(), paths);
            }
        }
        for (name, mut paths) in named {
            paths.sort_by_cached_key(|path| rank(path, &name, runs.get(&name)));
            match chosen.get_mut(&name) {
                None => {
                    let source = within(paths.remove(0));
                    let shadowed = if index == 0 { paths } else { Vec::new() };
                    chosen.insert(name, Choice { source, shadowed });
                }
                // Those of a later folder are there to be replaced.
                Some(winner) if index == 0 => winner.shadowed.append(&mut paths),
                Some(_) => {}
            }
        }
    }
    for name in tables.keys().filter(|name| !chosen.contains_key(*name)).cloned().collect::<Vec<_>>() {
        let missing = find(Path::new(&usual_file(name.as_str())), folders);
        chosen.insert(name, alone(missing));
    }
    chosen
}

/// Whoever has the lowest goes first.
fn rank(path: &Path, name: &PluginName, runs: Option<&PathBuf>) -> u8 {
    let is_called = |usual: String| path.file_name().is_some_and(|it| *it == *usual);
    match () {
        () if is_called(usual_file(name.as_str())) => 0,
        () if is_called(module_file(name)) => 1,
        () if runs.is_some_and(|runs| runs == path) => 2,
        () => 3,
    }
}

fn usual_file(name: &str) -> String {
    format!("{name}.{ENDING}")
}

/// What Rust calls the file of a project with this name.
fn module_file(name: &PluginName) -> String {
    usual_file(&name.as_str().replace('-', "_"))
}

/// Also links that lead nowhere: they are told, and not passed over.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// A plain name is looked for in the folders, anything longer is where it says.
fn find(file: &Path, folders: &[&Path]) -> Source {
    if file.components().count() > 1 {
        return Source { path: file.to_owned(), within: None };
    }
    let has_it = |folder: &&&Path| is_there(&folder.join(file));
    let folder = folders.iter().find(has_it).or(folders.first()).copied().unwrap_or(Path::new(""));
    Source { path: folder.join(file), within: Some(folder.to_owned()) }
}

/// By name. Hidden ones are other programs' unfinished business.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        // A folder that is not there has no files.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| {
        let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        path.extension().is_some_and(|ending| ending == ENDING) && !is_hidden
    });
    paths.sort();
    Ok(paths)
}

/// What a file is called that does not say who it is.
pub(super) fn name_of_file(path: &Path) -> PluginName {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = stem.chars().map(letter).collect();
    let name: String = name.trim_start_matches(['-', '_']).chars().take(64).collect();
    name.parse().unwrap_or_else(|_| "unnamed".parse().expect("a valid name"))
}
