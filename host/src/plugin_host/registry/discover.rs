//! Which names there are, and which file each of them means.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::{
    model::PluginName,
    plugin_host::{
        HostSettings, PluginSettings,
        folders::{Choice, Shelf, Source, choose, files, name_of_file},
        inspect,
    },
};

/// What a file looks like from outside; another look means that it has to be read again.
///
/// When it was written can be set at will, and when its owner or its rights change it does not: only the time of the
/// last change of any kind tells all of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok()?;
        Some(Self {
            device: about.dev(),
            inode: about.ino(),
            bytes: about.size(),
            written: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        })
    }
}

/// What a name should run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) source: Source,
    /// `None`: the file is not there.
    pub(super) stamp: Option<Stamp>,
    pub(super) settings: PluginSettings,
    pub(super) has_table: bool,
    pub(super) shadowed: Vec<PathBuf>,
}

/// Remembers what files are called inside, so that they are not read for it again and again, and what
/// was in folders that cannot be read now.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: BTreeMap<PathBuf, (Stamp, PluginName)>,
    listed: BTreeMap<PathBuf, Listing>,
}

#[derive(Debug)]
struct Listing {
    files: Vec<PathBuf>,
    is_readable: bool,
}

/// Looks through the folders, knowing which file each name `runs` now. Blocks.
pub(super) fn discover(
    host: &HostSettings,
    tables: &BTreeMap<PluginName, PluginSettings>,
    runs: &BTreeMap<PluginName, PathBuf>,
    names: &mut Names,
) -> BTreeMap<PluginName, Wanted> {
    let folders: Vec<&Path> =
        [Some(&host.folder), host.bundled.as_ref()].into_iter().flatten().map(PathBuf::as_path).collect();
    let mut reader = Reader { names, limit: host.max_file_bytes };
    let chosen = choose(&folders, tables, runs, &mut reader);
    let wanted = |(name, Choice { source, shadowed }): (PluginName, Choice)| {
        let stamp = Stamp::of(&source.path);
        let table = tables.get(&name);
        let has_table = table.is_some();
        let settings = table.cloned().unwrap_or_else(|| PluginSettings::unnamed(host));
        (name, Wanted { source, stamp, settings, has_table, shadowed })
    };
    let wanted: BTreeMap<PluginName, Wanted> = chosen.into_iter().map(wanted).collect();
    let present: BTreeSet<PathBuf> = wanted
        .values()
        .flat_map(|wanted| wanted.shadowed.iter().chain([&wanted.source.path]))
        .cloned()
        .collect();
    names.known.retain(|path, _| present.contains(path));
    wanted
}

struct Reader<'a> {
    names: &'a mut Names,
    limit: u64,
}

impl Shelf for Reader<'_> {
    fn files(&mut self, folder: &Path) -> Vec<PathBuf> {
        self.names.list(folder)
    }

    fn name(&mut self, source: &Source) -> PluginName {
        let stamp = Stamp::of(&source.path);
        self.names.name_of(source, stamp, self.limit)
    }
}

impl Names {
    /// Of a folder that cannot be read, what was there when it could: its plugins are not gone.
    fn list(&mut self, folder: &Path) -> Vec<PathBuf> {
        let known = self.listed.remove(folder);
        let listing = match files(folder) {
            Ok(files) => Listing { files, is_readable: true },
            Err(error) => {
                if known.as_ref().is_none_or(|known| known.is_readable) {
                    let folder = folder.display();
                    tracing::warn!(%folder, %error, "The plugin folder cannot be read; what was there keeps running");
                }
                Listing { files: known.map(|known| known.files).unwrap_or_default(), is_readable: false }
            }
        };
        let files = listing.files.clone();
        self.listed.insert(folder.to_owned(), listing);
        files
    }

    /// The id inside; for files that cannot be read now, what they were called before, else the file's name.
    fn name_of(&mut self, source: &Source, stamp: Option<Stamp>, limit: u64) -> PluginName {
        let known = self.known.get(&source.path);
        if let Some((seen, name)) = known
            && stamp == Some(*seen)
        {
            return name.clone();
        }
        let bytes = source.read(limit).ok();
        let found = bytes.and_then(|bytes| inspect::id(&source.path, &bytes)).and_then(|id| id.parse().ok());
        match (found, stamp) {
            (Some(name), Some(stamp)) => {
                let name: PluginName = name;
                self.known.insert(source.path.clone(), (stamp, name.clone()));
                name
            }
            _ => known.map_or_else(|| name_of_file(&source.path), |(_, name)| name.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::plugin_host::guest::Guest;

    struct Place {
        folder: tempfile::TempDir,
        host: HostSettings,
        tables: BTreeMap<PluginName, PluginSettings>,
        runs: BTreeMap<PluginName, PathBuf>,
        names: Names,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            for name in ["plugins", "bundled"] {
                fs::create_dir(at(name)).unwrap();
            }
            let host = HostSettings {
                bundled: Some(at("bundled")),
                ..HostSettings::in_folder(&at("plugins"), &at("cache"))
            };
            Self { folder, host, tables: BTreeMap::new(), runs: BTreeMap::new(), names: Names::default() }
        }

        fn put(&self, path: &str, id: &str) {
            let bytes = Guest::plugin(id, "1.0.0", "chat-filter").component();
            fs::write(self.folder.path().join(path), bytes).unwrap();
        }

        fn table(&mut self, name: &str, file: Option<&str>) {
            let settings =
                PluginSettings { file: file.map(PathBuf::from), ..PluginSettings::unnamed(&self.host) };
            self.tables.insert(name.parse().unwrap(), settings);
        }

        /// `name=path` for each, from the place.
        fn found(&mut self) -> Vec<String> {
            let found = discover(&self.host, &self.tables, &self.runs, &mut self.names);
            let line = |(name, wanted): (&PluginName, &Wanted)| {
                let path = wanted.source.path.strip_prefix(self.folder.path()).unwrap_or(&wanted.source.path);
                let gone = if wanted.stamp.is_none() { " (gone)" } else { "" };
                format!("{name}={}{gone}", path.display())
            };
            found.iter().map(line).collect()
        }
    }

    #[test]
    fn dropped_files_go_by_their_id() {
        let mut place = Place::new();
        place.put("plugins/file-1.2.wasm", "keywords");
        fs::write(place.folder.path().join("plugins/Broken One.wasm"), "x").unwrap();
        fs::write(place.folder.path().join("plugins/.hidden.wasm"), "x").unwrap();
        fs::write(place.folder.path().join("plugins/readme.txt"), "x").unwrap();
        assert_eq!(place.found(), ["broken-one=plugins/Broken One.wasm", "keywords=plugins/file-1.2.wasm"]);
    }

    #[test]
    fn dropped_files_win_over_bundled_ones() {
        let mut place = Place::new();
        place.put("bundled/keywords.wasm", "keywords");
        place.put("bundled/types.wasm", "types");
        place.put("plugins/mine.wasm", "keywords");
        assert_eq!(place.found(), ["keywords=plugins/mine.wasm", "types=bundled/types.wasm"]);
        let found = discover(&place.host, &place.tables, &place.runs, &mut place.names);
        assert!(found.values().all(|wanted| wanted.shadowed.is_empty()));
    }

    #[test]
    fn tables_say_which_file_they_mean() {
        let mut place = Place::new();
        place.put("plugins/keywords.wasm", "keywords");
        place.put("bundled/types.wasm", "types");
        place.table("family", Some("keywords.wasm"));
        place.table("work", Some("keywords.wasm"));
        place.table("types", None);
        place.table("gone", None);
        place.table("far", Some("/far/away.wasm"));
        assert_eq!(
            place.found(),
            [
                "family=plugins/keywords.wasm",
                "far=/far/away.wasm (gone)",
                "gone=plugins/gone.wasm (gone)",
                "types=bundled/types.wasm",
                "work=plugins/keywords.wasm",
            ]
        );
    }

    #[test]
    fn second_files_of_a_name_are_told() {
        let mut place = Place::new();
        place.put("plugins/a.wasm", "keywords");
        place.put("plugins/b.wasm", "keywords");
        let found = discover(&place.host, &place.tables, &place.runs, &mut place.names);
        let winner = &found["keywords"];
        assert!(winner.source.path.ends_with("a.wasm"));
        assert!(winner.shadowed[0].ends_with("b.wasm"));
    }

    #[test]
    fn copies_do_not_take_over() {
        let mut place = Place::new();
        place.put("plugins/zero.wasm", "zero");
        place.put("plugins/zero (1).wasm", "zero");
        place.put("plugins/a_b.wasm", "a-b");
        place.put("plugins/a_b (1).wasm", "a-b");
        assert_eq!(place.found(), ["a-b=plugins/a_b.wasm", "zero=plugins/zero.wasm"]);
        place.table("zero", None);
        assert_eq!(place.found(), ["a-b=plugins/a_b.wasm", "zero=plugins/zero.wasm"]);
    }

    #[test]
    fn what_runs_already_goes_before_other_names() {
        let mut place = Place::new();
        place.put("plugins/mine.wasm", "zero");
        place.put("plugins/copy.wasm", "zero");
        place.runs.insert("zero".parse().unwrap(), place.folder.path().join("plugins/mine.wasm"));
        assert_eq!(place.found(), ["zero=plugins/mine.wasm"]);
        place.put("plugins/zero.wasm", "zero");
        assert_eq!(place.found(), ["zero=plugins/zero.wasm"], "the one that is called like it");
    }

    #[test]
    fn tables_change_nothing_about_which_folder_wins() {
        let mut place = Place::new();
        place.put("bundled/zero.wasm", "zero");
        place.put("plugins/my_zero.wasm", "zero");
        assert_eq!(place.found(), ["zero=plugins/my_zero.wasm"]);
        place.table("zero", None);
        assert_eq!(place.found(), ["zero=plugins/my_zero.wasm"]);
        place.table("zero", Some("zero.wasm"));
        assert_eq!(place.found(), ["zero=bundled/zero.wasm"], "unless they say so");
    }

    #[test]
    fn tables_find_what_cargo_built() {
        let mut place = Place::new();
        place.put("plugins/a_filter.wasm", "a-filter");
        place.table("a-filter", None);
        assert_eq!(place.found(), ["a-filter=plugins/a_filter.wasm"]);
        fs::write(place.folder.path().join("plugins/a_filter.wasm"), "junk").unwrap();
        place.names = Names::default();
        assert_eq!(place.found(), ["a-filter=plugins/a_filter.wasm"], "after a restart, too");
    }

    #[test]
    fn half_a_file_keeps_its_name() {
        let mut place = Place::new();
        place.put("plugins/file.wasm", "keywords");
        assert_eq!(place.found(), ["keywords=plugins/file.wasm"]);
        fs::write(place.folder.path().join("plugins/file.wasm"), "\0asm\x0d").unwrap();
        assert_eq!(place.found(), ["keywords=plugins/file.wasm"]);
    }

    #[test]
    fn unreadable_folders_lose_nothing() {
        let mut place = Place::new();
        place.put("plugins/file.wasm", "keywords");
        assert_eq!(place.found(), ["keywords=plugins/file.wasm"]);
        let folder = place.folder.path().join("plugins");
        fs::rename(&folder, place.folder.path().join("aside")).unwrap();
        fs::write(&folder, "no folder").unwrap();
        assert_eq!(place.found(), ["keywords=plugins/file.wasm (gone)"]);
        fs::remove_file(&folder).unwrap();
        assert_eq!(place.found(), [""; 0], "one that is not there has nothing");
    }

    #[test]
    fn odd_names_become_usable_ones() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
        for (file, name) in [
            (&b"Broken One.wasm"[..], "broken-one"),
            (b"\xff\xfe.wasm", "unnamed"),
            (b"\x1b[2J.wasm", "2j"),
            (b"-rf.wasm", "rf"),
            (b"..wasm", "unnamed"),
            ("na\u{ef}ve \u{1f980}.wasm".as_bytes(), "na-ve--"),
            (&[[b'x'; 240].as_slice(), b".wasm"].concat(), &"x".repeat(64)),
        ] {
            assert_eq!(name_of_file(Path::new(OsStr::from_bytes(file))).as_str(), name);
        }
    }

    #[test]
    fn links_out_of_the_folder_are_not_read() {
        let mut place = Place::new();
        place.put("elsewhere.wasm", "keywords");
        symlink(place.folder.path().join("elsewhere.wasm"), place.folder.path().join("plugins/link.wasm"))
            .unwrap();
        assert_eq!(place.found(), ["link=plugins/link.wasm"]);
    }

    #[test]
    fn names_of_files_that_are_gone_are_forgotten() {
        let mut place = Place::new();
        place.put("plugins/file.wasm", "keywords");
        assert_eq!((place.found().len(), place.names.known.len()), (1, 1));
        fs::remove_file(place.folder.path().join("plugins/file.wasm")).unwrap();
        assert_eq!((place.found().len(), place.names.known.len()), (0, 0));
    }

    #[test]
    fn dead_links_hide_what_is_bundled() {
        let mut place = Place::new();
        place.put("bundled/types.wasm", "types");
        symlink("nowhere.wasm", place.folder.path().join("plugins/types.wasm")).unwrap();
        place.table("types", None);
        assert_eq!(place.found(), ["types=plugins/types.wasm (gone)"], "it is told, and not passed over");
    }

    #[test]
    fn changed_files_are_asked_for_their_name_again() {
        let mut place = Place::new();
        place.put("plugins/file.wasm", "keywords");
        assert_eq!(place.found(), ["keywords=plugins/file.wasm"]);
        place.put("plugins/file.wasm", "sieve");
        assert_eq!(place.found(), ["sieve=plugins/file.wasm"]);
    }
}
