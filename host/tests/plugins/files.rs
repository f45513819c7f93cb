use std::{fs, os::unix::fs::symlink};

use tapedeck::{model::PluginState, plugin_host::PluginSettings};

use crate::support::{Deck, filter, messages};

#[tokio::test]
async fn files_that_are_no_plugins_say_why() {
    let deck = Deck::start(|_| {});
    let whole = filter("good", "1.0.0").component();
    fs::write(deck.file("text.wasm"), "hello").unwrap();
    fs::write(deck.file("half.wasm"), &whole[..whole.len() / 2]).unwrap();
    fs::write(deck.file("none.wasm"), "").unwrap();
    fs::create_dir(deck.file("folder.wasm")).unwrap();
    symlink("/etc/passwd", deck.file("link.wasm")).unwrap();
    deck.put("good.wasm", &filter("good", "1.0.0"));
    for (name, told) in [
        ("text", "a text file"),
        ("half", "ends in the middle"),
        ("none", "is empty"),
        ("folder", "a folder"),
        ("link", "leads out of the folder"),
    ] {
        let is_told = |deck: &Deck| match deck.view(name).map(|view| view.state) {
            Some(PluginState::Broken { reason }) => reason.contains(told) && reason.contains(".wasm"),
            _ => false,
        };
        deck.until(told, is_told).await;
    }
    deck.until("the good one works", |deck| deck.view("good").unwrap().state == PluginState::Ready).await;
    deck.finish().await;
}

#[tokio::test]
async fn half_copied_files_are_waited_for() {
    let deck = Deck::start(|_| {});
    deck.put("a.wasm", &filter("a", "1.0.0"));
    deck.until("loaded", |deck| deck.view("a").is_some_and(|it| it.version.is_some())).await;
    let whole = filter("a", "2.0.0").component();
    let (first, rest) = whole.split_at(whole.len() / 2);
    fs::write(deck.file("a.wasm"), first).unwrap();
    // Whoever copies takes a break, longer than files are waited for.
    let is_told = |deck: &Deck| {
        deck.view("a").unwrap().problem.is_some_and(|problem| problem.contains("ends in the middle"))
    };
    deck.until("half of it is seen", is_told).await;
    assert_eq!(deck.view("a").unwrap().version.as_deref(), Some("1.0.0"), "the old one runs");
    let mut file = fs::OpenOptions::new().append(true).open(deck.file("a.wasm")).unwrap();
    std::io::Write::write_all(&mut file, rest).unwrap();
    drop(file);
    deck.until("the rest is seen", |deck| deck.view("a").unwrap().version.as_deref() == Some("2.0.0")).await;
    assert_eq!(deck.view("a").unwrap().problem, None);
    deck.finish().await;
}

#[tokio::test]
async fn folders_that_come_back_are_watched_again() {
    let deck = Deck::start(|_| {});
    deck.put("a.wasm", &filter("a", "1.0.0"));
    deck.until("loaded", |deck| deck.view("a").is_some_and(|it| it.version.is_some())).await;
    let folder = deck.file("");
    fs::remove_dir_all(&folder).unwrap();
    deck.until("gone", |deck| deck.view("a").is_none() && folder.is_dir()).await;
    deck.put("b.wasm", &filter("b", "1.0.0"));
    deck.until("found", |deck| deck.view("b").is_some_and(|it| it.version.is_some())).await;
    deck.put("b.wasm", &filter("b", "2.0.0"));
    deck.until("seen", |deck| deck.view("b").unwrap().version.as_deref() == Some("2.0.0")).await;
    deck.finish().await;
}

#[tokio::test]
async fn folders_behind_a_link_may_be_exchanged() {
    let folders = tempfile::tempdir().unwrap();
    let at = |name: &str| folders.path().join(name);
    for version in ["1.0.0", "2.0.0"] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("a.wasm"), filter("a", version).component()).unwrap();
    }
    symlink(at("1.0.0"), at("current")).unwrap();
    let deck = Deck::start(|host| symlink(at("current"), &host.folder).unwrap());
    let is =
        |deck: &Deck, version: &str| deck.view("a").is_some_and(|it| it.version.as_deref() == Some(version));
    deck.until("loaded", |deck| is(deck, "1.0.0")).await;
    // As deployments do it: beside it, then in its place.
    symlink(at("2.0.0"), at("next")).unwrap();
    fs::rename(at("next"), at("current")).unwrap();
    deck.until("exchanged", |deck| is(deck, "2.0.0")).await;
    deck.put("a.wasm", &filter("a", "3.0.0"));
    deck.until("the new one is watched", |deck| is(deck, "3.0.0")).await;
    deck.finish().await;
}

#[tokio::test]
async fn folders_that_cannot_be_read_lose_no_plugin() {
    let deck = Deck::start(|_| {});
    deck.put("a.wasm", &filter("a", "1.0.0"));
    deck.until("loaded", |deck| deck.view("a").is_some_and(|it| it.version.is_some())).await;
    let (folder, aside) = (deck.path("plugins"), deck.path("aside"));
    fs::rename(&folder, &aside).unwrap();
    fs::write(folder.parent().unwrap().join("plugins"), "no folder").unwrap();
    deck.plugins.reload(&"a".parse().unwrap()).await.unwrap_err();
    let batch = messages(3);
    let judging = deck.plugins.filter(&"a".parse().unwrap());
    let judged = tokio::task::spawn_blocking(move || judging.judge_here(&batch, None)).await.unwrap();
    assert!(judged.unwrap().is_empty(), "it still works");
    fs::remove_file(folder.parent().unwrap().join("plugins")).unwrap();
    fs::rename(&aside, &folder).unwrap();
    deck.plugins.reload(&"a".parse().unwrap()).await.unwrap();
    assert_eq!(deck.view("a").unwrap().problem, None);
    deck.finish().await;
}

#[tokio::test]
async fn huge_files_are_not_read() {
    let deck = Deck::start(|_| {});
    fs::File::create(deck.file("huge.wasm")).unwrap().set_len(300 << 20).unwrap();
    let is_told = |deck: &Deck| match deck.view("huge").map(|view| view.state) {
        Some(PluginState::Broken { reason }) => reason.contains("314572800 bytes are more than"),
        _ => false,
    };
    deck.until("its size is told", is_told).await;
    deck.finish().await;
}

#[tokio::test]
async fn odd_file_names_are_loaded() {
    let deck = Deck::start(|_| {});
    let names =
        ["a b.wasm", "-rf.wasm", "\u{1b}[2J.wasm", "na\u{ef}ve \u{1f980}.wasm", "$(x);'\".wasm", "a\nb.wasm"];
    for (number, name) in names.iter().enumerate() {
        deck.put(name, &filter(&format!("id-{number}"), "1.0.0"));
    }
    fs::write(deck.file("bro\u{7}ken\u{1b}[2J.wasm"), "hello").unwrap();
    let is_loaded =
        |deck: &Deck, number| deck.view(&format!("id-{number}")).is_some_and(|it| it.version.is_some());
    deck.until("all are loaded", |deck| (0..names.len()).all(|number| is_loaded(deck, number))).await;
    let is_told = |deck: &Deck| match deck.view("bro-ken--2j").map(|view| view.state) {
        Some(PluginState::Broken { reason }) => !reason.contains(|c: char| c.is_control()),
        _ => false,
    };
    deck.until("it is told without playing with the terminal", is_told).await;
    deck.finish().await;
}

#[tokio::test]
async fn hundreds_of_names_share_one_compilation() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shared.wasm");
    fs::write(&file, filter("shared", "1.0.0").component()).unwrap();
    let deck = Deck::start(|_| {});
    let table = PluginSettings { file: Some(file), ..PluginSettings::unnamed(&deck.host) };
    let tables = (0..200).map(|number| (format!("name-{number}").parse().unwrap(), table.clone())).collect();
    deck.plugins.apply(deck.host.clone(), tables).await;
    deck.plugins.settled().await;
    let views = deck.plugins.views();
    assert!(views.len() == 200 && views.iter().all(|view| view.state == PluginState::Ready));
    let entries = fs::read_dir(&deck.host.cache).unwrap().count();
    assert_eq!(entries, 2, "code and its note");
    let times: std::collections::BTreeSet<_> = views.iter().map(|view| view.compile_ms).collect();
    assert_eq!(times.len(), 1, "compiled once: {times:?}");
    deck.finish().await;
}
