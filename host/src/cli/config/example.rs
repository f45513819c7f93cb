//! `config.example.toml` documents everything, is right, and whatever happens to it is explained.

use std::{fs, ops::Range};

use proptest::prelude::*;
use serde_json::Value;

use crate::{
    config::{Environment, Loaded, Sources, load, schema},
    jobs,
};

const TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../config.example.toml"));

#[test]
fn has_no_problem() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, TEXT).unwrap();
    let loaded = load(&Sources::new(Some(file), Environment::default()), &jobs::vocabulary());
    assert!(loaded.problems.is_empty(), "{:#?}", loaded.problems);
}

/// Settings that are commented out, too: those on neighbouring lines belong together.
#[test]
fn commented_settings_are_right() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let variables = [
        "ADMIN_PASSWORD",
        "BACKUP_TOKEN",
        "NOTIFY_KEY",
        "WEBHOOK_SECRET",
        "NOTIFY_TOKEN",
        "TELEGRAM_PASSPHRASE",
        "MY_API_KEY",
        "S3_SECRET_KEY",
    ];
    let lines: Vec<&str> = TEXT.lines().collect();
    for block in blocks(&lines) {
        let switch = |(at, line): (usize, &&str)| {
            format!("{}\n", if block.contains(&at) { line.trim_start_matches('#') } else { line })
        };
        let text: String = lines.iter().enumerate().map(switch).collect();
        fs::write(&file, text).unwrap();
        let environment = variables.map(|name| (name, "a secret")).into_iter().collect();
        let loaded = load(&Sources::new(Some(file.clone()), environment), &jobs::vocabulary());
        let problems: Vec<_> = loaded.problems.iter().map(ToString::to_string).collect();
        assert!(loaded.config.is_some(), "{:?}\n{problems:#?}", &lines[block]);
    }
}

fn blocks(lines: &[&str]) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if !line.strip_prefix('#').is_some_and(is_setting) {
            continue;
        }
        match blocks.last_mut().filter(|block| block.end == at) {
            Some(block) => block.end += 1,
            None => blocks.push(at..at + 1),
        }
    }
    blocks
}

fn is_setting(line: &str) -> bool {
    line.split_once(" = ")
        .is_some_and(|(key, _)| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

#[test]
fn mentions_every_setting() {
    let schema = schema(&jobs::vocabulary());
    let mut missing = Vec::new();
    for (section, shape) in schema["properties"].as_object().unwrap() {
        if section == "plugins" {
            let text = part("[plugins.keywords]");
            let unmentioned = keys(&shape["additionalProperties"]).filter(|key| !mentions(text, key));
            missing.extend(unmentioned.map(|key| format!("plugins.…{key}")));
        } else if section == "backends" {
            let text = format!("{}{}", part("[backends.my-music]"), part("[backends.my-program]"));
            let unmentioned = keys(&shape["additionalProperties"]).filter(|key| !mentions(&text, key));
            missing.extend(unmentioned.map(|key| format!("backends.…{key}")));
        } else if section != "jobs" {
            let text = part(&format!("[{section}]"));
            missing
                .extend(keys(shape).filter(|key| !mentions(text, key)).map(|key| format!("{section}.{key}")));
            // Tables of tables, such as accounts, have a header each.
            for (name, table) in tables(shape) {
                let text = part(&format!("[{section}.{name}.work]"));
                let unmentioned = keys(table).filter(|key| !mentions(text, key));
                missing.extend(unmentioned.map(|key| format!("{section}.{name}.…{key}")));
            }
        }
    }
    let jobs = &schema["properties"]["jobs"]["additionalProperties"]["allOf"];
    for kind in jobs.as_array().unwrap() {
        let name = kind["if"]["properties"]["kind"]["const"].as_str().unwrap();
        let own = &kind["then"];
        missing.extend(
            keys(own)
                .filter(|key| !mentions(TEXT, key) && !TEXT.contains(&format!("\n[jobs.{name}.{key}]\n")))
                .map(|key| format!("jobs of kind {name}: {key}")),
        );
    }
    assert!(missing.is_empty(), "config.example.toml says nothing about {missing:#?}");
}

/// From a header to the next one.
fn part(header: &str) -> &'static str {
    let start = TEXT.find(&format!("\n{header}\n")).unwrap_or_else(|| panic!("{header} is missing"));
    let rest = &TEXT[start + header.len()..];
    &rest[..rest.find("\n[").unwrap_or(rest.len())]
}

fn keys(shape: &Value) -> impl Iterator<Item = &str> {
    let properties = shape["properties"].as_object().unwrap();
    // The `_file` twins of secrets are explained once, at the top.
    let is_twin = |key: &str| key.strip_suffix("_file").is_some_and(|key| properties.contains_key(key));
    let is_own = move |(key, shape): &(&String, &Value)| !is_twin(key) && table_of_tables(shape).is_none();
    properties.iter().filter(is_own).map(|(key, _)| key.as_str())
}

fn tables(shape: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let properties = shape["properties"].as_object().unwrap();
    properties.iter().filter_map(|(name, shape)| Some((name.as_str(), table_of_tables(shape)?)))
}

fn table_of_tables(shape: &Value) -> Option<&Value> {
    Some(&shape["additionalProperties"]).filter(|table| table["properties"].is_object())
}

fn mentions(text: &str, key: &str) -> bool {
    text.lines().any(|line| {
        line.trim_start_matches('#')
            .trim_start()
            .strip_prefix(key)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    })
}

fn load_bytes(bytes: &[u8]) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, bytes).unwrap();
    load(&Sources::new(Some(file), Environment::default()), &jobs::vocabulary())
}

/// Whatever is wrong, it is said, and at a place that exists.
fn is_explained(bytes: &[u8]) {
    let loaded = load_bytes(bytes);
    assert_ne!(loaded.config.is_some(), loaded.has_errors());
    let lines = bytes.split(|byte| *byte == b'\n').count();
    for problem in &loaded.problems {
        let line = problem.line.unwrap_or(1) as usize;
        assert!((1..=lines).contains(&line), "{problem} in a file of {lines} lines");
        assert!(!problem.message.is_empty() && problem.column != Some(0), "{problem}");
        assert!(problem.to_string().len() < 2000, "{problem}");
    }
}

#[derive(Clone, Debug)]
enum Mutation {
    Insert(&'static str),
    Remove(usize),
    Repeat(usize),
    Swap(usize),
    Flip(u8),
}

fn mutations() -> impl Strategy<Value = Vec<(prop::sample::Index, Mutation)>> {
    let pieces = vec![
        "[",
        "]",
        "[[",
        "{",
        "}",
        "=",
        ",",
        ".",
        "\"",
        "'",
        "\n",
        "#",
        "\"\"\"",
        "-",
        "0",
        "1e400",
        "9".repeat(30).leak(),
        "true",
        "\0",
        "\u{feff}",
        "ä",
        "[jobs.x]\n",
        "kind = \"webhook\"\n",
        "every = \"0s\"\n",
        "a.b.c = 1\n",
        "\\",
        "1979-05-27T07:32:00Z",
        "inf",
        "env",
        "_file",
    ];
    let mutation = prop_oneof![
        proptest::sample::select(pieces).prop_map(Mutation::Insert),
        (1usize..40).prop_map(Mutation::Remove),
        (1usize..400).prop_map(Mutation::Repeat),
        (1usize..60).prop_map(Mutation::Swap),
        any::<u8>().prop_map(Mutation::Flip),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), mutation), 1..12)
}

/// The example with every setting switched on, so that there is something to break.
fn mutate(mutations: Vec<(prop::sample::Index, Mutation)>) -> Vec<u8> {
    let lines = TEXT.lines().map(|line| match line.strip_prefix('#').is_some_and(is_setting) {
        true => &line[1..],
        false if line.starts_with('#') => "",
        false => line,
    });
    let mut bytes = lines.collect::<Vec<_>>().join("\n").into_bytes();
    for (place, mutation) in mutations {
        if bytes.is_empty() {
            break;
        }
        let at = place.index(bytes.len());
        let until = |length: usize| (at + length).min(bytes.len());
        match mutation {
            Mutation::Insert(piece) => drop(bytes.splice(at..at, piece.bytes())),
            Mutation::Remove(length) => drop(bytes.drain(at..until(length))),
            Mutation::Repeat(length) => {
                let copy = bytes[at..until(length)].to_vec();
                drop(bytes.splice(at..at, copy));
            }
            Mutation::Swap(length) => {
                let last = until(length) - 1;
                bytes.swap(at, last);
            }
            Mutation::Flip(byte) => bytes[at] ^= byte,
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutations_are_explained(mutations in mutations()) {
        is_explained(&mutate(mutations));
    }

    #[test]
    fn random_bytes_are_explained(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        is_explained(&bytes);
    }

    #[test]
    fn random_text_is_explained(text in "([a-c\\[\\]{}=.,\"'\n #0-9]|jobs|kind|cron|\"command\"|true){0,80}") {
        is_explained(text.as_bytes());
    }
}

#[test]
fn deep_nesting_is_explained() {
    let deep = |open: &str, close: &str| format!("a = {}1{}", open.repeat(50_000), close.repeat(50_000));
    let headers: String = (0..2_000).map(|depth| format!("[jobs{}]\n", ".a".repeat(depth % 90))).collect();
    for text in [deep("[", "]"), deep("{ a = ", "}"), format!("[{}a]", "a.".repeat(50_000)), headers] {
        is_explained(text.as_bytes());
    }
}

/// Bounds are for a build without optimisation on a busy machine: they find what grows faster than the file.
const SOON: std::time::Duration = std::time::Duration::from_secs(10);

#[test]
fn megabytes_of_garbage_take_no_time() {
    let fill = |piece: &str, size: usize| piece.repeat(size / piece.len());
    let keys: String = (0..5_000).map(|number| format!("key{number} = {number}\n")).collect();
    let garbage =
        [fill("\"", 4 << 20), fill("é", 4 << 20), fill("[[", 1 << 20), fill("a=1\n", 1 << 18), keys];
    let started = std::time::Instant::now();
    for text in garbage {
        let loaded = load_bytes(text.as_bytes());
        assert!(loaded.config.is_none() && loaded.problems.len() <= 501);
    }
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn many_jobs_take_no_time() {
    let job =
        |number| format!("[jobs.job{number}]\nkind = \"command\"\nprogram = \"true\"\nafter = [\"job0\"]\n");
    let jobs: String = (1..2_000).map(job).collect();
    let started = std::time::Instant::now();
    let loaded = load_bytes(format!("{}{jobs}", job(0).replace("after", "on")).as_bytes());
    assert_eq!(loaded.config.unwrap().jobs.len(), 2_000);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}
