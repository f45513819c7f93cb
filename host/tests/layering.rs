//! Reads the library's sources and fails on an arrow between modules that the table does not
//! allow, on a file that has grown too long, and on a module that the map of the code leaves out.

use std::{
    fmt,
    path::{Path, PathBuf},
};

const LEAVES: &[&str] =
    &["model", "clock", "event", "config", "gauge", "lifecycle", "process", "telemetry", "vault"];

/// Module, and what it may use besides itself. `docs/architecture.md` says why.
const TABLE: &[(&str, &[&[&str]])] = &[
    ("model", &[]),
    ("clock", &[&["model"]]),
    ("event", &[&["model"]]),
    ("config", &[&["model"]]),
    ("gauge", &[]),
    ("lifecycle", &[&["model"]]),
    ("process", &[]),
    ("telemetry", &[&["clock", "model"]]),
    ("vault", &[]),
    ("state", &[LEAVES]),
    ("telegram", &[LEAVES, &["state"]]),
    ("spotify", &[LEAVES, &["state"]]),
    ("plugin_host", &[LEAVES, &["state"]]),
    ("archive", &[LEAVES]),
    ("import", &[LEAVES, &["archive"]]),
    ("capture", &[LEAVES, &["archive", "plugin_host", "state", "telegram"]]),
    ("export", &[LEAVES, &["archive", "plugin_host"]]),
    ("scheduler", &[LEAVES, &["state"]]),
    ("music", &[LEAVES, &["plugin_host", "spotify", "state", "telegram"]]),
    (
        "jobs",
        &[
            LEAVES,
            &[
                "archive",
                "export",
                "import",
                "capture",
                "music",
                "plugin_host",
                "scheduler",
                "spotify",
                "state",
                "telegram",
            ],
        ],
    ),
    (
        "app",
        &[
            LEAVES,
            &[
                "archive",
                "capture",
                "export",
                "jobs",
                "music",
                "plugin_host",
                "scheduler",
                "spotify",
                "state",
                "telegram",
            ],
        ],
    ),
    ("web", &[LEAVES, &["app", "archive", "capture", "music", "plugin_host", "scheduler", "state"]]),
    (
        "cli",
        &[
            LEAVES,
            &[
                "app",
                "archive",
                "export",
                "capture",
                "import",
                "jobs",
                "music",
                "plugin_host",
                "scheduler",
                "spotify",
                "state",
                "telegram",
                "web",
            ],
        ],
    ),
];

/// Single arrows against the table, each with its reason.
const EXCEPTIONS: &[(&str, &str, &str)] =
    &[("export", "state", "its tests start a plugin host, which keeps what plugins remember there")];

/// The crate's roots only list modules and start the command line.
const ROOTS: &[&str] = &["lib", "main"];

/// Worlds for tests may be built from anything.
const TEST_SUPPORT: &str = "testing";

const LONGEST_FILE: usize = 600;

/// Files over the limit, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

#[test]
fn arrows_follow_the_table() {
    let complaints: Vec<String> = sources().iter().flat_map(Source::complaints).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| source.length() > LONGEST_FILE)
        .filter(|source| !LONG_FILES.iter().any(|(path, _)| Path::new(path) == source.path))
        .map(|source| format!("{source}: {} lines without tests, at most {LONGEST_FILE}", source.length()))
        .collect();
    assert!(long.is_empty(), "split these, or give a reason in LONG_FILES:\n{}\n", long.join("\n"));
}

#[test]
fn exceptions_are_still_needed() {
    for (from, to, reason) in EXCEPTIONS {
        let is_used = sources().iter().any(|source| {
            let path = source.module_path();
            path[0] == *from && arrows(&source.text, path.len()).iter().any(|arrow| arrow.to == *to)
        });
        assert!(!reason.is_empty() && is_used, "`{from}` uses `{to}`: remove it from EXCEPTIONS");
    }
    for (path, reason) in LONG_FILES {
        let source = sources().into_iter().find(|source| source.path == Path::new(path));
        assert!(!reason.is_empty(), "{path}: say why in LONG_FILES");
        assert!(source.is_some_and(|it| it.length() > LONGEST_FILE), "{path}: remove it from LONG_FILES");
    }
}

#[test]
fn modules_with_parts_live_in_folders() {
    let paired: Vec<String> = sources()
        .iter()
        .filter(|source| root().join(source.path.with_extension("")).is_dir())
        .map(|source| format!("{source}: move it to {}/mod.rs", source.path.with_extension("").display()))
        .collect();
    assert!(paired.is_empty(), "\n{}\n", paired.join("\n"));
}

#[test]
fn architecture_names_every_module() {
    let path = root().join("../docs/architecture.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let unnamed: Vec<String> = modules()
        .into_iter()
        .filter(|module| !["", "/", ".rs"].iter().any(|end| names(&text, &format!("{module}{end}"))))
        .collect();
    assert!(
        unnamed.is_empty(),
        "docs/architecture.md says nothing about {unnamed:?}; write `name/` or `name.rs`"
    );
}

#[test]
fn table_names_every_module() {
    let missing: Vec<String> = modules().into_iter().filter(|module| allowed(module).is_none()).collect();
    assert!(missing.is_empty(), "add {missing:?} to TABLE in host/tests/layering.rs");
}

/// A source file of the library or the binary.
struct Source {
    /// From the folder of the package.
    path: PathBuf,
    text: String,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host/{}", self.path.display())
    }
}

impl Source {
    /// The module path, from the crate's root; `lib` and `main` stand for the roots themselves.
    fn module_path(&self) -> Vec<String> {
        let inside = self.path.strip_prefix("src").expect("sources lie in src").with_extension("");
        let mut parts: Vec<String> =
            inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        parts.pop_if(|last| last == "mod");
        parts
    }

    fn complaints(&self) -> Vec<String> {
        let path = self.module_path();
        let module = path[0].as_str();
        if ROOTS.contains(&module) || path.iter().any(|part| part == TEST_SUPPORT) {
            return Vec::new();
        }
        let Some(may_use) = allowed(module) else {
            return vec![format!("{self}: module `{module}` is not in TABLE of host/tests/layering.rs")];
        };
        let is_excepted = |used: &str| EXCEPTIONS.iter().any(|(from, to, _)| *from == module && *to == used);
        let is_fine = |used: &str| used == module || may_use.contains(&used) || is_excepted(used);
        arrows(&self.text, path.len())
            .into_iter()
            .filter(|arrow| !is_fine(&arrow.to))
            .map(|Arrow { to, line }| match allowed(&to) {
                Some(_) => format!("{self}:{line}: `{module}` uses `{to}`; it may use only {may_use:?}"),
                None => {
                    format!("{self}:{line}: `crate::{to}` is no module in TABLE of host/tests/layering.rs")
                }
            })
            .collect()
    }

    /// Lines without the tests at the end; a file of tests has none.
    fn length(&self) -> usize {
        if self.module_path().iter().any(|part| part == "tests" || part == TEST_SUPPORT) {
            return 0;
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let is_tests = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod tests");
        lines.windows(2).position(is_tests).unwrap_or(lines.len())
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut folders = vec![root().join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).expect("sources are text");
                let path = path.strip_prefix(root()).expect("found below the root").to_owned();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 10, "the sources have moved");
    found
}

/// The top-level modules.
fn modules() -> Vec<String> {
    let mut modules: Vec<String> =
        sources().iter().map(|source| source.module_path().swap_remove(0)).collect();
    modules.retain(|module| !ROOTS.contains(&module.as_str()));
    modules.dedup();
    modules
}

fn allowed(module: &str) -> Option<Vec<&'static str>> {
    let (_, groups) = TABLE.iter().find(|(name, _)| *name == module)?;
    Some(groups.concat())
}

/// Whether the text has `name` as code: between backticks, or as the start of a line of a tree.
fn names(text: &str, name: &str) -> bool {
    text.contains(&format!("`{name}`")) || text.contains(&format!("src/{name}`"))
}

/// A use of a top-level module.
#[derive(Debug, PartialEq, Eq)]
struct Arrow {
    to: String,
    line: usize,
}

/// Every path from the crate's root in the source of a module `depth` levels below it:
/// `crate::a`, `crate::{a::b, c}`, and `super::a` where that climbs to the root.
fn arrows(text: &str, depth: usize) -> Vec<Arrow> {
    let tokens = tokens(text);
    let is = |at: usize, wanted: &str| tokens.get(at).is_some_and(|(token, _)| token == wanted);
    // For each open brace, whether it belongs to a module written inside this file.
    let mut braces: Vec<bool> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].0.as_str() {
            "{" => braces.push(at >= 2 && is(at - 2, "mod")),
            "}" => drop(braces.pop()),
            "crate" if is(at + 1, "::") => found.extend(heads(&tokens, at + 2)),
            "super" if at == 0 || !is(at - 1, "::") => {
                let climbed =
                    (0..).take_while(|n| is(at + 2 * n, "super") && is(at + 2 * n + 1, "::")).count();
                if climbed >= depth + braces.iter().filter(|is_module| **is_module).count() {
                    found.extend(heads(&tokens, at + 2 * climbed));
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The first names of the paths that begin at `at`: one, or those of a group in braces.
fn heads(tokens: &[(String, usize)], at: usize) -> Vec<Arrow> {
    let arrow = |at: usize| {
        let (to, line) = tokens.get(at)?;
        let is_name = to.starts_with(|c: char| c.is_alphabetic() || c == '_') && to != "self";
        is_name.then(|| Arrow { to: to.clone(), line: *line })
    };
    if tokens.get(at).is_none_or(|(token, _)| token != "{") {
        return arrow(at).into_iter().collect();
    }
    let mut nesting = 0;
    let mut found = Vec::new();
    for (here, (token, _)) in tokens.iter().enumerate().skip(at) {
        match token.as_str() {
            "{" => nesting += 1,
            "}" => nesting -= 1,
            _ => {}
        }
        if nesting == 0 {
            break;
        }
        if nesting == 1 && (token == "{" || token == ",") {
            found.extend(arrow(here + 1));
        }
    }
    found
}

/// Names and punctuation with their line; comments, strings and characters are left out.
fn tokens(text: &str) -> Vec<(String, usize)> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        let c = chars[at];
        at = if let Some(end) = skip_comment(&chars, at).or_else(|| skip_literal(&chars, at)) {
            end
        } else if c.is_alphanumeric() || c == '_' {
            let end = at + chars[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
            found.push((chars[at..end].iter().collect(), line));
            end
        } else if chars[at..].starts_with(&[':', ':']) {
            found.push(("::".into(), line));
            at + 2
        } else {
            if !c.is_whitespace() {
                found.push((c.into(), line));
            }
            at + 1
        };
        line += chars[start..at.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    found
}

/// The end of the comment that begins here.
fn skip_comment(chars: &[char], at: usize) -> Option<usize> {
    if chars[at..].starts_with(&['/', '/']) {
        return Some(at + chars[at..].iter().take_while(|c| **c != '\n').count());
    }
    if !chars[at..].starts_with(&['/', '*']) {
        return None;
    }
    let mut nesting = 0;
    let mut here = at;
    while here < chars.len() {
        if chars[here..].starts_with(&['/', '*']) {
            nesting += 1;
            here += 2;
        } else if chars[here..].starts_with(&['*', '/']) {
            nesting -= 1;
            here += 2;
            if nesting == 0 {
                break;
            }
        } else {
            here += 1;
        }
    }
    Some(here)
}

/// The end of the string or character that begins here; a lifetime is neither.
fn skip_literal(chars: &[char], at: usize) -> Option<usize> {
    let prefix = chars[at..].iter().take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
    let hashes = chars[at + prefix..].iter().take_while(|c| **c == '#').count();
    let is_raw = chars[at..at + prefix].contains(&'r');
    let open = at + prefix + hashes;
    match chars.get(open) {
        Some('"') if is_raw => {
            let is_end = |here: &usize| {
                chars[*here] == '"'
                    && chars[here + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
            };
            let end = (open + 1..chars.len()).find(is_end);
            Some(end.map_or(chars.len(), |end| end + 1 + hashes))
        }
        Some('"') if hashes == 0 => Some(skip_quoted(chars, open)),
        Some('\'') if hashes == 0 && !is_raw => {
            let is_character = chars.get(open + 1) == Some(&'\\') || chars.get(open + 2) == Some(&'\'');
            is_character.then(|| skip_quoted(chars, open))
        }
        _ => None,
    }
}

fn skip_quoted(chars: &[char], open: usize) -> usize {
    let mut here = open + 1;
    while here < chars.len() && chars[here] != chars[open] {
        here += if chars[here] == '\\' { 2 } else { 1 };
    }
    here + 1
}

mod checker {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        Source { path: path.into(), text: text.into() }.complaints()
    }

    fn targets(text: &str, depth: usize) -> Vec<String> {
        arrows(text, depth).into_iter().map(|arrow| arrow.to).collect()
    }

    #[test]
    fn forbidden_arrow_is_found() {
        let found = complaints("src/scheduler/queue.rs", "use crate::model::Run;\nuse crate::jobs::kinds;\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("host/src/scheduler/queue.rs:2: `scheduler` uses `jobs`"), "{found:?}");
    }

    #[test]
    fn nested_uses_are_followed() {
        let text = "use crate::{\n    model::{Run, self},\n    web::{router, live::Hub},\n    self,\n};";
        assert_eq!(targets(text, 1), ["model", "web"]);
        assert_eq!(arrows(text, 1)[1].line, 3);
    }

    #[test]
    fn paths_in_code_count() {
        assert_eq!(targets("fn f() -> crate::state::State { crate :: web::x() }", 1), ["state", "web"]);
    }

    #[test]
    fn super_that_climbs_to_the_root_counts() {
        assert_eq!(targets("use super::web;", 1), ["web"]);
        assert_eq!(targets("use super::web;", 2), [""; 0]);
        assert_eq!(targets("use super::super::{web, jobs::kinds};", 2), ["web", "jobs"]);
        assert_eq!(targets("mod tests { use super::web; use super::super::jobs; }", 1), ["jobs"]);
    }

    #[test]
    fn comments_and_strings_do_not_count() {
        let text = r###"
            // crate::web
            /* crate::web /* crate::web */ crate::web */
            fn f<'a>(x: &'a str) -> (char, &str, &str) { ('"', "crate::web \" crate::web", r#"" crate::web"#) }
            use crate::jobs;
        "###;
        assert_eq!(targets(text, 1), ["jobs"]);
    }

    #[test]
    fn unknown_modules_name_the_table() {
        let stranger = complaints("src/stranger/mod.rs", "");
        assert!(stranger[0].contains("TABLE of host/tests/layering.rs"), "{stranger:?}");
        let used = complaints("src/web/mod.rs", "use crate::stranger::Store;");
        assert!(used[0].contains("TABLE of host/tests/layering.rs"), "{used:?}");
    }

    #[test]
    fn tests_inside_a_file_count() {
        let text = "#[cfg(test)]\nmod tests {\n    use crate::web::router;\n}\n";
        assert_eq!(complaints("src/model/run.rs", text).len(), 1);
        assert_eq!(complaints("src/scheduler/testing.rs", "use crate::jobs::kinds;"), [""; 0]);
    }

    #[test]
    fn length_leaves_tests_out() {
        let text = "fn f() {}\n\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(Source { path: "src/clock.rs".into(), text: text.into() }.length(), 2);
    }
}
