use clap::Parser as _;

use super::*;
use crate::cli::Exit;

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn parse(arguments: &[&str]) -> Result<Args, clap::Error> {
    Ok(Cli::try_parse_from([&["new"], arguments].concat())?.args)
}

fn make_project(lang: &str, kind: &str) -> (tempfile::TempDir, PathBuf, String) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("quiet-days");
    let path = folder.to_str().unwrap();
    let args = parse(&["quiet-days", "--kind", kind, "--lang", lang, "--folder", path]).unwrap();
    let context = Context::for_tests(&[]);
    run(&args, &context).unwrap();
    (home, folder, context.output.written())
}

/// Every project that there can be.
fn projects() -> impl Iterator<Item = (&'static str, &'static str)> {
    let kinds = ["track-backend", "chat-filter", "exporter"];
    ["rust", "python", "js"].into_iter().flat_map(move |lang| kinds.map(|kind| (lang, kind)))
}

fn every_file(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(every_file(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn every_project_has_all_its_files() {
    for (lang, kind) in projects() {
        let (_home, folder, _) = make_project(lang, kind);
        let wanted: &[&str] = match lang {
            "rust" => &[
                "Cargo.toml",
                "src/lib.rs",
                "vendor/tapedeck-plugin/src/lib.rs",
                "vendor/tapedeck-plugin/wit/world.wit",
            ],
            "python" => &[
                "build.py",
                "requirements.txt",
                "src/plugin.py",
                "src/logic.py",
                "src/test_logic.py",
                "wit/world.wit",
            ],
            _ => &["package.json", "src/plugin.js", "src/logic.js", "src/logic.test.js", "wit/world.wit"],
        };
        for file in wanted.iter().chain(&["README.md", ".gitignore"]) {
            assert!(folder.join(file).is_file(), "{lang} {kind}: {file}");
        }
    }
}

#[test]
fn nothing_is_left_to_fill_in() {
    for (lang, kind) in projects() {
        let (_home, folder, _) = make_project(lang, kind);
        for file in every_file(&folder).iter().filter(|file| !file.starts_with(folder.join("vendor"))) {
            let text = fs::read_to_string(file).unwrap();
            assert!(!text.contains("{{"), "{}", file.display());
        }
    }
}

#[test]
fn contract_is_the_one_of_this_binary() {
    let (_home, folder, _) = make_project("js", "exporter");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    for file in every_file(&own) {
        let copy = folder.join("wit/deps/tapedeck-plugin").join(file.strip_prefix(&own).unwrap());
        assert_eq!(fs::read(&copy).unwrap(), fs::read(&file).unwrap(), "{}", copy.display());
    }
}

#[test]
fn world_of_a_script_is_valid() {
    for kind in ["track-backend", "chat-filter", "exporter"] {
        let (_home, folder, _) = make_project("python", kind);
        let mut resolve = wit_parser::Resolve::default();
        let (package, _) = resolve.push_dir(folder.join("wit")).unwrap();
        resolve.select_world(&[package], Some("plugin")).unwrap();
    }
}

#[test]
fn says_what_comes_next() {
    let (_home, folder, said) = make_project("rust", "chat-filter");
    assert!(said.contains(&format!("cd {}", folder.display())), "{said}");
    assert!(said.contains("tapedeck plugins test target/wasm32-wasip2/release/quiet_days.wasm"), "{said}");
}

#[test]
fn keeps_what_is_in_the_folder() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("mine"), "mine").unwrap();
    let args = parse(&["quiet", "--kind", "exporter", "--folder", home.path().to_str().unwrap()]).unwrap();
    let error = run(&args, &Context::for_tests(&[])).unwrap_err();
    assert_eq!(error.downcast::<Failure>().unwrap().exit, Exit::Usage);
    assert_eq!(every_file(home.path()), [home.path().join("mine")]);
}

#[test]
fn takes_an_empty_folder() {
    let home = tempfile::tempdir().unwrap();
    let args = parse(&["quiet", "--kind", "exporter", "--folder", home.path().to_str().unwrap()]).unwrap();
    run(&args, &Context::for_tests(&[])).unwrap();
    assert!(home.path().join("Cargo.toml").is_file());
}

#[test]
fn names_fit_every_tool() {
    for name in ["quiet", "a", "no-links-2"] {
        assert!(parse(&[name, "--kind", "exporter"]).is_ok(), "{name}");
    }
    let long = "a".repeat(41);
    for name in ["", "Quiet", "2fast", "-x", "x-", "a--b", "a_b", "a b", "../x", "test", "naïve", &long] {
        assert!(parse(&[name, "--kind", "exporter"]).is_err(), "{name}");
    }
}
