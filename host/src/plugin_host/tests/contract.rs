//! What was released of the contract stays as it is.

use std::{collections::BTreeMap, path::Path};

use sha2::{Digest as _, Sha256};

use crate::plugin_host::inspect::hex;

/// tapedeck:plugin 1.0.0, file by file, without comments and spaces: those may get better.
const RELEASED: [(&str, &str); 19] = [
    ("chat-filter-records.wit", "976747404d3489c7"),
    ("chat-filter.wit", "26416b6b4b8fcb7e"),
    ("chats.wit", "faee520d33b5216a"),
    ("describe.wit", "0b9a8de527258c96"),
    ("exporter.wit", "bd937a0dac00cf50"),
    ("http.wit", "f38665fc7f46114d"),
    ("kv.wit", "9bafb4ca39adf0d1"),
    ("log.wit", "f1b191dd4cddd739"),
    ("messages.wit", "b55caebf15aa76cd"),
    ("probe.wit", "22b4a2e5e8a0cbfd"),
    ("records.wit", "6369b0b3c98e4b3e"),
    ("run.wit", "c3d7a942cc2ce3db"),
    ("scratch.wit", "7ec7d358fe6ebd73"),
    ("settings.wit", "a5ddb18096784cbc"),
    ("sink.wit", "6f7fa03fdaadcc2d"),
    ("track-backend.wit", "84cd980c9fde1aab"),
    ("tracks.wit", "14a0746fb8795eca"),
    ("types.wit", "c33f4c5d99a966f2"),
    ("world.wit", "db78834aa5458b88"),
];

#[test]
fn released_contract_is_never_edited() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let found: BTreeMap<String, String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "wit"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.file_name().unwrap().to_string_lossy().into_owned(), fingerprint(&text))
        })
        .collect();
    let released: BTreeMap<String, String> =
        RELEASED.iter().map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned())).collect();
    let names = found.keys().chain(released.keys()).collect::<std::collections::BTreeSet<_>>();
    let changed: Vec<_> = names.into_iter().filter(|name| found.get(*name) != released.get(*name)).collect();
    assert!(
        changed.is_empty(),
        "not as tapedeck:plugin 1.0.0 was released: {changed:?}. Plugins in the field were built with it, so \
         put it back. What is new belongs into a new interface or function of the next minor version, in a \
         folder of its own (docs/plugins.md, Versions); interfaces that plugins export never get another \
         function, and no type ever changes. As long as 1.0.0 is not released, put these here:\n{found:#?}"
    );
}

#[test]
fn only_words_may_change() {
    let before = fingerprint("/// Says it.\nsay: func(text: string);");
    assert_eq!(before, fingerprint("/// Says it well.\n  say: func(text:string); // Now."));
    assert_ne!(before, fingerprint("/// Says it.\nsay: func(words: string);"));
    assert_ne!(before, fingerprint("/// Says it.\nsa y: func(text: string);"));
}

/// Words are kept apart by one space, signs by none.
fn fingerprint(text: &str) -> String {
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let mut plain = String::new();
    for word in code.split_whitespace() {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "-%_".contains(c));
        if is_part(plain.chars().last()) && is_part(word.chars().next()) {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    hex(&Sha256::digest(plain)[..8])
}
