//! What this daemon speaks, and what a file's names mean: the kind of a plugin, what it can reach
//! for, and in plain words what it needs and we lack.

use std::{fmt, path::Path};

use crate::{model::PluginKind, plugin_host::FileProblem};

const PACKAGE: &str = "tapedeck:plugin";
/// What runtimes of other languages need; nothing of it leads anywhere.
const WASI: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// What stands behind an interface of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// Everybody has it.
    Free,
    /// Has to be asked for and granted.
    Capability(&'static str),
    /// Who exports it is one of these.
    Kind(PluginKind),
    /// Says who it is.
    Describe,
}

/// One version of the contract.
pub(super) struct Contract {
    version: Version,
    interfaces: &'static [Interface],
}

struct Interface {
    name: &'static str,
    meaning: Meaning,
    /// What plugins can call. Of what they export, nothing is ever added to a released interface.
    functions: &'static [&'static str],
}

const fn interface(name: &'static str, meaning: Meaning, functions: &'static [&'static str]) -> Interface {
    Interface { name, meaning, functions }
}

/// What this daemon speaks.
pub(super) const CONTRACT: Contract = Contract {
    version: Version { major: 1, minor: 0, patch: 0 },
    interfaces: &[
        interface("types", Meaning::Free, &[]),
        interface("messages", Meaning::Free, &[]),
        interface("records", Meaning::Free, &[]),
        interface("chats", Meaning::Free, &[]),
        interface("tracks", Meaning::Free, &[]),
        interface("log", Meaning::Free, &["write"]),
        interface("settings", Meaning::Free, &["get"]),
        interface("sink", Meaning::Free, &["[method]sink.write", "[method]sink.write-file"]),
        interface("http", Meaning::Capability("http"), &["send", "download"]),
        interface("run", Meaning::Capability("run"), &["execute"]),
        interface("kv", Meaning::Capability("kv"), &["load", "store", "remove", "names"]),
        interface(
            "scratch",
            Meaning::Capability("scratch"),
            &["entries", "read", "write", "append", "remove"],
        ),
        interface("describe", Meaning::Describe, &[]),
        interface("track-backend", Meaning::Kind(PluginKind::TrackBackend), &[]),
        interface("chat-filter", Meaning::Kind(PluginKind::ChatFilter), &[]),
        interface("chat-filter-records", Meaning::Kind(PluginKind::ChatFilterRecords), &[]),
        interface("exporter", Meaning::Kind(PluginKind::Exporter), &[]),
        interface("probe", Meaning::Kind(PluginKind::Probe), &[]),
    ],
};

/// The functions that a file uses of one of its imports.
pub(super) type FunctionsOf<'a> = &'a dyn Fn(&str) -> Result<Vec<String>, FileProblem>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u64,
    minor: u64,
    patch: u64,
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let core = text.split(['-', '+']).next()?;
        let mut parts = core.split('.').map(|part| part.parse().ok());
        let version = Self { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
        parts.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, patch } = self;
        write!(f, "{major}.{minor}")?;
        if *patch > 0 { write!(f, ".{patch}") } else { Ok(()) }
    }
}

/// `package/interface@version`
struct Name<'a> {
    package: &'a str,
    interface: &'a str,
    version: Option<Version>,
}

impl<'a> Name<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (path, version) = text.split_once('@').unwrap_or((text, ""));
        let (package, interface) = path.split_once('/')?;
        Some(Self { package, interface, version: Version::parse(version) })
    }
}

/// What the imports of a file come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reaches {
    pub(super) capabilities: Vec<&'static str>,
    pub(super) has_wasi: bool,
}

impl Contract {
    pub(super) fn read_imports(
        &self,
        path: &Path,
        imports: &[String],
        functions_of: FunctionsOf<'_>,
    ) -> Result<Reaches, FileProblem> {
        let mut reaches = Reaches::default();
        for import in imports {
            let unknown = |fix: String| FileProblem::UnknownImport {
                path: path.to_owned(),
                import: shown(import),
                fix,
            };
            match Name::parse(import) {
                Some(name) if name.package == PACKAGE => {
                    let known = self.find(path, &name)?;
                    match known.map(|known| known.meaning) {
                        Some(Meaning::Capability(capability))
                            if !reaches.capabilities.contains(&capability) =>
                        {
                            reaches.capabilities.push(capability);
                        }
                        Some(Meaning::Free | Meaning::Capability(_)) => {}
                        _ => {
                            let version = self.version;
                            return Err(unknown(format!(
                                "build it with the published contract, version {version}"
                            )));
                        }
                    }
                    if let Some(known) = known.filter(|_| self.is_newer(&name)) {
                        self.has_all(path, &name, known, &functions_of(import)?)?;
                    }
                }
                Some(name) if name.package.starts_with("wasi:") => {
                    check_wasi(path, import, &name)?;
                    reaches.has_wasi = true;
                }
                _ => {
                    let fix = "only interfaces of tapedeck:plugin and WASI 0.2 can be imported";
                    return Err(unknown(fix.into()));
                }
            }
        }
        reaches.capabilities.sort_unstable();
        Ok(reaches)
    }

    /// The kinds, and whether it can be asked who it is.
    pub(super) fn read_exports(
        &self,
        path: &Path,
        exports: &[String],
    ) -> Result<(Vec<PluginKind>, bool), FileProblem> {
        let mut kinds = Vec::new();
        let mut can_describe = false;
        let mut complaint = None;
        for export in exports {
            let Some(name) = Name::parse(export).filter(|name| name.package == PACKAGE) else { continue };
            match self.find(path, &name).map(|known| known.map(|known| known.meaning)) {
                Ok(Some(Meaning::Kind(kind))) if !kinds.contains(&kind) => kinds.push(kind),
                Ok(Some(Meaning::Describe)) => can_describe = true,
                Ok(_) => {}
                // One that is newer may be there beside one that we know.
                Err(problem) => complaint = complaint.or(Some(problem)),
            }
        }
        kinds.sort_unstable();
        if !kinds.is_empty() {
            return Ok((kinds, can_describe));
        }
        let known = PluginKind::ALL.map(PluginKind::as_str).join(", ");
        let exports = exports.iter().take(20).map(|name| shown(name)).collect();
        let path = path.to_owned();
        Err(complaint.unwrap_or(FileProblem::NoKnownInterface { path, exports, known }))
    }

    /// One of our own interfaces; `None` for names that this version, or an older one, should have and does not.
    fn find(&self, path: &Path, name: &Name<'_>) -> Result<Option<&Interface>, FileProblem> {
        let interface = shown(name.interface);
        let Some(version) = name.version else {
            return Err(FileProblem::OtherMajor {
                path: path.to_owned(),
                wants: format!("{interface} without a version"),
                has: format!("{interface} {}", self.version),
                fix: "build it with the published contract, which has a version",
            });
        };
        let has = format!("{PACKAGE} {}", self.version);
        if version.major != self.version.major {
            let wants = format!("{PACKAGE} {}.x", version.major);
            let fix = if version.major > self.version.major {
                "update the daemon"
            } else {
                "build the plugin anew"
            };
            return Err(FileProblem::OtherMajor { path: path.to_owned(), wants, has, fix });
        }
        let known = self.interfaces.iter().find(|known| known.name == name.interface);
        if known.is_none() && self.is_newer(name) {
            let wants = format!("{interface} {version}");
            return Err(FileProblem::TooNew { path: path.to_owned(), wants, has: format!("only {has}") });
        }
        Ok(known)
    }

    /// Patches of the contract only mend its words.
    fn is_newer(&self, name: &Name<'_>) -> bool {
        let ours = (self.version.major, self.version.minor);
        name.version.is_some_and(|version| (version.major, version.minor) > ours)
    }

    /// A newer minor version is no reason to refuse what uses nothing new of it.
    fn has_all(
        &self,
        path: &Path,
        name: &Name<'_>,
        known: &Interface,
        used: &[String],
    ) -> Result<(), FileProblem> {
        let Some(missing) = used.iter().find(|function| !known.functions.contains(&function.as_str())) else {
            return Ok(());
        };
        let version = name.version.map(|version| version.to_string()).unwrap_or_default();
        Err(FileProblem::TooNew {
            path: path.to_owned(),
            wants: format!("`{}` of {} {version}", shown(missing), shown(name.interface)),
            has: self.version.to_string(),
        })
    }
}

fn check_wasi(path: &Path, import: &str, name: &Name<'_>) -> Result<(), FileProblem> {
    let package = name.package.trim_start_matches("wasi:");
    let unknown = |fix: &str| FileProblem::UnknownImport {
        path: path.to_owned(),
        import: shown(import),
        fix: fix.to_owned(),
    };
    match name.version {
        _ if package == "http" => Err(unknown("use tapedeck:plugin/http in its place, which can be granted")),
        _ if !WASI.contains(&package) => Err(unknown("of WASI there is what runtimes need and no more")),
        Some(Version { major: 0, minor: 2, .. }) => Ok(()),
        Some(version) => Err(FileProblem::OtherMajor {
            path: path.to_owned(),
            wants: format!("WASI {version}"),
            has: "WASI 0.2".into(),
            fix: "build it for wasm32-wasip2",
        }),
        None => Err(unknown("build it for wasm32-wasip2")),
    }
}

/// Names come from the file: they may be long, or play with the terminal.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(120).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each uses one function, which is called as this says.
    fn imports_using(contract: &Contract, names: &[&str], function: &str) -> Result<Reaches, String> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let functions_of = |_: &str| Ok(vec![function.to_owned()]);
        let read = contract.read_imports(Path::new("x.wasm"), &names, &functions_of);
        read.map_err(|problem| problem.to_string())
    }

    fn imports(names: &[&str]) -> Result<Reaches, String> {
        imports_using(&CONTRACT, names, "brew")
    }

    fn exports(names: &[&str]) -> Result<(Vec<PluginKind>, bool), String> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        CONTRACT.read_exports(Path::new("x.wasm"), &names).map_err(|problem| problem.to_string())
    }

    #[test]
    fn every_interface_of_the_contract_is_known() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        let mut resolve = wit_parser::Resolve::default();
        resolve.push_dir(&folder).unwrap();
        assert_eq!(resolve.interfaces.len(), CONTRACT.interfaces.len());
        for (_, interface) in &resolve.interfaces {
            let name = interface.name.as_deref().unwrap_or_default();
            let known = CONTRACT.interfaces.iter().find(|known| known.name == name);
            let known = known.unwrap_or_else(|| panic!("{name} is not in CONTRACT"));
            if matches!(known.meaning, Meaning::Free | Meaning::Capability(_)) {
                let functions: Vec<&str> = interface.functions.keys().map(String::as_str).collect();
                assert_eq!(functions, known.functions, "{name}");
            }
        }
        let (_, package) = resolve.packages.iter().next().unwrap();
        let version = package.name.version.as_ref().unwrap().to_string();
        assert_eq!(Version::parse(&version), Some(CONTRACT.version));
    }

    #[test]
    fn older_minor_versions_are_always_fine() {
        let later = Contract { version: Version { major: 1, minor: 3, patch: 0 }, ..CONTRACT };
        for version in ["1.0.0", "1.2.7", "1.3.0"] {
            let names = ["log", "kv", "types"].map(|name| format!("tapedeck:plugin/{name}@{version}"));
            let found = imports_using(&later, &names.each_ref().map(String::as_str), "write").unwrap();
            assert_eq!(found.capabilities, ["kv"]);
            let export = format!("tapedeck:plugin/exporter@{version}");
            assert_eq!(later.read_exports(Path::new("x"), &[export]).unwrap().0, [PluginKind::Exporter]);
        }
        let refused = imports_using(&later, &["tapedeck:plugin/log@1.4.0"], "shout").unwrap_err();
        assert!(
            refused.contains("it needs `shout` of log 1.4, this daemon has 1.3: update the daemon"),
            "{refused}"
        );
    }

    #[test]
    fn newer_minor_versions_need_what_is_here() {
        assert!(imports_using(&CONTRACT, &["tapedeck:plugin/log@1.9.0"], "write").is_ok());
        assert_eq!(exports(&["tapedeck:plugin/exporter@1.4.0"]).unwrap().0, [PluginKind::Exporter]);
    }

    #[test]
    fn kinds_are_known_interfaces() {
        let (kinds, can_describe) = exports(&[
            "tapedeck:plugin/exporter@1.0.0",
            "tapedeck:plugin/chat-filter@1.0.3",
            "tapedeck:plugin/describe@1.0.0",
            "tapedeck:plugin/chat-filter-next@1.1.0",
            "other:thing/else",
        ])
        .unwrap();
        assert_eq!(kinds, [PluginKind::ChatFilter, PluginKind::Exporter]);
        assert!(can_describe);
    }

    #[test]
    fn capabilities_come_from_imports() {
        let found = imports(&[
            "tapedeck:plugin/types@1.0.0",
            "tapedeck:plugin/log@1.0.0",
            "tapedeck:plugin/run@1.0.0",
            "tapedeck:plugin/http@1.0.0",
            "wasi:io/poll@0.2.6",
        ])
        .unwrap();
        assert_eq!(found, Reaches { capabilities: vec!["http", "run"], has_wasi: true });
        assert_eq!(imports(&[]).unwrap(), Reaches::default());
    }

    #[test]
    fn versions_are_told_in_words() {
        for (import, told) in [
            (
                "tapedeck:plugin/log@1.1.0",
                "it needs `brew` of log 1.1, this daemon has 1.0: update the daemon",
            ),
            ("tapedeck:plugin/teapot@1.2.0", "it needs teapot 1.2, this daemon has only tapedeck:plugin 1.0"),
            ("tapedeck:plugin/log@2.3.0", "it was built for tapedeck:plugin 2.x, this daemon speaks"),
            ("tapedeck:plugin/log@0.9.0", "build the plugin anew"),
            ("tapedeck:plugin/log", "without a version"),
            ("tapedeck:plugin/teapot@1.0.0", "needs tapedeck:plugin/teapot@1.0.0, which no version"),
            ("tapedeck:plugin/exporter@1.0.0", "which no version of this daemon has"),
            ("wasi:cli/environment@0.3.0", "it was built for WASI 0.3, this daemon speaks WASI 0.2"),
            ("wasi:http/types@0.2.10", "use tapedeck:plugin/http"),
            ("wasi:nn/graph@0.2.0", "what runtimes need and no more"),
            ("env", "only interfaces of"),
        ] {
            let text = imports(&[import]).unwrap_err();
            assert!(text.starts_with("x.wasm: ") && text.contains(told), "{text}");
        }
    }

    #[test]
    fn unknown_worlds_name_what_they_export() {
        let text = exports(&["acme:widgets/frob@1.0.0", "wasi:cli/run@0.2.0"]).unwrap_err();
        assert!(text.contains("exports no known plugin interface (exports: acme:widgets/frob@1.0.0, wasi"));
        assert!(text.contains("chat-filter"));
        assert!(exports(&[]).unwrap_err().contains("(exports: none)"));
        let text = exports(&["tapedeck:plugin/importer@1.4.0"]).unwrap_err();
        assert!(text.contains("needs importer 1.4, this daemon has only"), "{text}");
        assert!(exports(&["tapedeck:plugin/exporter@3.0.0"]).unwrap_err().contains("3.x"));
    }

    #[test]
    fn names_cannot_play_with_the_terminal() {
        let text = imports(&["\u{1b}[2J\u{7}evil"]).unwrap_err();
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
