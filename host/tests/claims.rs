//! Documents that name tests as proofs (`path/to/file.rs::name`) name tests that are there and that run.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A test that a document names.
struct Claim {
    document: PathBuf,
    line: usize,
    path: String,
    name: String,
}

#[test]
fn tests_that_documents_name_are_there() {
    let claims: Vec<Claim> = documents().iter().flat_map(|path| claims(path, &read(path))).collect();
    let complaints: Vec<String> = claims.iter().filter_map(complaint).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
    assert!(claims.len() >= 60, "there is something to look at: {}", claims.len());
}

/// A table whose rows are numbered is a list of somebody else's: none of it may be left out.
#[test]
fn numbered_tables_leave_no_row_out() {
    let mut complaints = Vec::new();
    for path in documents() {
        let mut row = None;
        for (line, text) in (1..).zip(read(&path).lines()) {
            let first = text.strip_prefix('|').and_then(|rest| rest.split('|').next()).map(str::trim);
            let number = first.and_then(|cell| cell.parse::<u32>().ok());
            row = match (first, number, row) {
                (Some("#"), ..) => Some(0),
                (Some(cell), None, Some(last)) if cell.starts_with('-') => Some(last),
                (Some(_), Some(number), Some(last)) => {
                    if number != last + 1 {
                        complaints.push(format!("{}:{line}: row {number} follows row {last}", shown(&path)));
                    }
                    Some(number)
                }
                _ => None,
            };
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn documents() -> Vec<PathBuf> {
    let folder = root().join("docs");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut documents: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    documents.sort();
    documents
}

/// What stands between backticks and looks like one.
fn claims(document: &Path, text: &str) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        for quoted in text.split('`').skip(1).step_by(2) {
            let Some((path, name)) = quoted.split_once("::") else { continue };
            let is_path = [".rs", ".py", ".js"].iter().any(|ending| path.ends_with(ending));
            if is_path && !name.contains("::") {
                let (path, name) = (path.to_owned(), name.to_owned());
                claims.push(Claim { document: document.to_owned(), line, path, name });
            }
        }
    }
    claims
}

fn complaint(claim: &Claim) -> Option<String> {
    let Claim { document, line, path, name } = claim;
    let places = ["host", "host/src", ""].map(|folder| root().join(folder).join(path));
    let why = match places.iter().find(|place| place.is_file()) {
        None => "there is no such file",
        Some(file) if is_test(&read(file), name) => return None,
        Some(_) => "that file has no such test, or it is ignored",
    };
    Some(format!("{}:{line}: {path}::{name}: {why}", shown(document)))
}

/// Of Rust, a function that is marked so; of others, a function or a quoted name.
fn is_test(text: &str, name: &str) -> bool {
    if [format!("def {name}("), format!("test('{name}'")].iter().any(|begin| text.contains(begin)) {
        return true;
    }
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let is_it = |line: &&str| {
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        function.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('('))
    };
    // The contract of the archive's engines is a list of these.
    if text.contains(&format!("pub(crate) async fn {name}(desk: Desk)")) {
        return true;
    }
    let Some(at) = lines.iter().position(is_it) else { return false };
    let above = lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    let marks: Vec<&str> = above.copied().filter(|line| line.starts_with("#[")).collect();
    marks.iter().any(|mark| mark.starts_with("#[test") || mark.starts_with("#[tokio::test"))
        && !marks.iter().any(|mark| mark.starts_with("#[ignore"))
}

mod checker {
    use super::*;

    #[test]
    fn claims_are_read_from_lines() {
        let text = "see `tests/a.rs::one`, `crate::b`, `x.rs::a::b`\n| 1 | `b.py::two` |";
        let found = claims(Path::new("x.md"), text);
        let found: Vec<_> = found.iter().map(|it| (it.line, it.path.as_str(), it.name.as_str())).collect();
        assert_eq!(found, [(1, "tests/a.rs", "one"), (2, "b.py", "two")]);
    }

    #[test]
    fn only_what_runs_is_a_test() {
        let text = "#[test]\nfn a() {}\n#[tokio::test(flavor = \"multi_thread\")]\n/// Why.\nasync fn b() {}\n\
                    fn c() {}\n#[test]\n#[ignore = \"slow\"]\nfn d() {}\n#[test]\nfn e_and_more() {}\n";
        for (name, expected) in [("a", true), ("b", true), ("c", false), ("d", false), ("e", false)] {
            assert_eq!(is_test(text, name), expected, "{name}");
        }
        assert!(is_test("def f(folder):", "f") && is_test("test('g', async", "g"));
    }

    #[test]
    fn what_is_gone_is_complained_about() {
        let claim = |path: &str, name: &str| Claim {
            document: root().join("docs/x.md"),
            line: 3,
            path: path.into(),
            name: name.into(),
        };
        assert_eq!(complaint(&claim("tests/claims.rs", "what_is_gone_is_complained_about")), None);
        let gone = complaint(&claim("tests/claims.rs", "gone")).unwrap();
        assert!(gone.starts_with("docs/x.md:3: tests/claims.rs::gone: that file has no such test"), "{gone}");
        assert!(complaint(&claim("tests/none.rs", "x")).unwrap().contains("no such file"));
    }
}
