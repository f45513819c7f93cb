//! What is tried again, and when.

use std::{fs::File, io::Write as _};

use super::*;

impl Deck {
    /// How often it could not be loaded.
    fn refusals(&self) -> usize {
        let log = self.view("a").map(|view| view.log).unwrap_or_default();
        log.iter().filter(|line| line.message.starts_with("Cannot be loaded: ")).count()
    }

    fn is_refused_for(&self, told: &str) -> bool {
        let reason = self.view("a").and_then(|view| match view.state {
            PluginState::Broken { reason } => Some(reason),
            _ => view.problem,
        });
        reason.is_some_and(|reason| reason.contains(told))
    }
}

#[tokio::test]
async fn larger_bounds_give_refused_files_another_try() {
    let mut deck = Deck::start();
    deck.host.max_file_bytes = 10;
    deck.host.compile_deadline = Duration::ZERO;
    deck.apply().await;
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("refused", |deck| deck.is_refused_for("`plugin_host.max_file`")).await;
    deck.host.max_file_bytes = 64 << 20;
    deck.apply().await;
    assert!(deck.is_refused_for("`plugin_host.compile_deadline`"), "{:?}", deck.view("a"));
    deck.host.compile_deadline = WAIT;
    deck.apply().await;
    assert_eq!(deck.view("a").unwrap().state, PluginState::Ready);
    assert_eq!(deck.call("a").unwrap(), 1);
    deck.finish().await;
}

#[tokio::test]
async fn larger_bounds_are_for_the_file_that_is_there_now() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    deck.host.max_file_bytes = 10;
    deck.apply().await;
    assert_eq!(deck.refusals(), 0, "what runs is not held against them");
    deck.put("a.wasm", &filter("a", "2.0.0", 2));
    deck.until("refused", |deck| deck.is_refused_for("`plugin_host.max_file`")).await;
    assert_eq!(deck.call("a").unwrap(), 1);
    deck.host.max_file_bytes = 64 << 20;
    deck.apply().await;
    assert_eq!((deck.call("a").unwrap(), deck.view("a").unwrap().problem), (2, None));
    deck.finish().await;
}

#[tokio::test]
async fn larger_bounds_count_for_loads_under_way() {
    let mut deck = Deck::start();
    deck.host.max_file_bytes = 10;
    deck.apply().await;
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.plugins.apply(deck.host.clone(), deck.tables.clone()).await;
    deck.host.max_file_bytes = 64 << 20;
    deck.apply().await;
    assert_eq!(deck.view("a").unwrap().state, PluginState::Ready);
    deck.finish().await;
}

#[tokio::test]
async fn what_has_nothing_to_do_with_files_gives_none() {
    let mut deck = Deck::start();
    deck.host.max_file_bytes = 10;
    deck.apply().await;
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.apply().await;
    assert_eq!(deck.refusals(), 1);
    deck.host.breaker.failures += 1;
    deck.apply().await;
    assert_eq!(deck.refusals(), 1, "the same is not tried twice");
    deck.host.compile_memory *= 2;
    deck.apply().await;
    assert_eq!(deck.refusals(), 2);
    deck.finish().await;
}

#[tokio::test]
async fn files_written_anew_under_their_old_time_are_noticed() {
    let deck = Deck::start();
    let [old, new] = ["1.0.0", "2.0.0"].map(|version| filter("a", version, 1).component());
    assert_eq!(old.len(), new.len());
    fs::write(deck.file("a.wasm"), old).unwrap();
    let has = |version: &'static str| {
        move |deck: &Deck| deck.view("a").is_some_and(|view| view.version.as_deref() == Some(version))
    };
    deck.until("loaded", has("1.0.0")).await;
    let written = fs::metadata(deck.file("a.wasm")).unwrap().modified().unwrap();
    let mut file = File::options().write(true).open(deck.file("a.wasm")).unwrap();
    file.write_all(&new).unwrap();
    file.set_modified(written).unwrap();
    drop(file);
    assert_eq!(fs::metadata(deck.file("a.wasm")).unwrap().modified().unwrap(), written);
    deck.until("noticed", has("2.0.0")).await;
    deck.finish().await;
}

#[tokio::test]
async fn files_under_other_rights_are_tried_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let deck = Deck::start();
    fs::write(deck.file("a.wasm"), "hello").unwrap();
    deck.until("refused", |deck| deck.refusals() > 0).await;
    deck.plugins.settled().await;
    let before = deck.refusals();
    fs::set_permissions(deck.file("a.wasm"), fs::Permissions::from_mode(0o640)).unwrap();
    deck.until("tried again", |deck| deck.refusals() > before).await;
    deck.finish().await;
}

fn settings(deck: &Deck) -> String {
    deck.plugins.current(&"a".parse().unwrap()).unwrap().profile.settings.to_string()
}

#[tokio::test]
async fn other_settings_hide_no_broken_file() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.table("a", |_| {});
    deck.apply().await;
    for (told, word_set) in [("a text file", "red"), ("no such file", "blue")] {
        match told {
            "a text file" => fs::write(deck.file("a.wasm"), "hello").unwrap(),
            _ => fs::remove_file(deck.file("a.wasm")).unwrap(),
        }
        deck.apply().await;
        assert!(deck.is_refused_for(told), "{:?}", deck.view("a"));
        deck.table("a", |it| it.settings = json!({ "word": word_set }));
        deck.apply().await;
        assert!(deck.is_refused_for(told), "the file is as it was: {:?}", deck.view("a"));
        assert_eq!(
            settings(&deck),
            format!(r#"{{"word":"{word_set}"}}"#),
            "what runs has the settings of now"
        );
        assert_eq!(deck.call("a").unwrap(), 1);
        deck.table("a", |it| it.settings = json!({ "word": 7 }));
        deck.apply().await;
        assert_eq!(settings(&deck), format!(r#"{{"word":"{word_set}"}}"#), "it keeps those that it takes");
    }
    deck.finish().await;
}

#[tokio::test]
async fn a_new_file_takes_over_once_the_settings_fit() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.table("a", |it| it.settings = json!({ "word": "x" }));
    deck.apply().await;
    let manifest = json!({
        "id": "a", "version": "2.0.0", "summary": "A test.",
        "settings_schema": { "type": "object", "properties": { "word": { "type": "integer" } } },
    });
    deck.put("a.wasm", &filter("a", "2.0.0", 2).manifest(&manifest.to_string()));
    deck.apply().await;
    assert!(deck.is_refused_for("settings.word"), "{:?}", deck.view("a"));
    assert_eq!(deck.call("a").unwrap(), 1);
    deck.table("a", |it| it.settings = json!({ "word": 7 }));
    deck.apply().await;
    assert_eq!(deck.view("a").unwrap().problem, None);
    assert_eq!(deck.call("a").unwrap(), 2);
    deck.finish().await;
}

#[tokio::test]
async fn settings_for_another_file_wait_for_it() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.table("a", |_| {});
    deck.apply().await;
    deck.table("a", |it| {
        it.file = Some("b.wasm".into());
        it.settings = json!({ "word": "red" });
    });
    deck.apply().await;
    assert!(deck.is_refused_for("no such file"), "{:?}", deck.view("a"));
    assert_eq!(settings(&deck), r#"{"word":"x"}"#, "the old code goes on as it was");
    deck.put("b.wasm", &filter("a", "2.0.0", 2));
    deck.apply().await;
    assert_eq!((deck.call("a").unwrap(), settings(&deck).as_str()), (2, r#"{"word":"red"}"#));
    deck.finish().await;
}
