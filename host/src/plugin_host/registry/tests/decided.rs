//! What is given and taken while there is no code.

use super::*;
use crate::state::GrantDecision;

fn sleeper() -> Guest {
    let manifest = json!({
        "id": "a", "version": "1.0.0", "summary": "A test.",
        "wants": { "run": [{ "program": "sleep" }, { "program": "sh" }] },
    });
    filter("a", "1.0.0", 1).manifest(&manifest.to_string())
}

impl Deck {
    /// `what decided_by` of each capability.
    fn decided(&self) -> Vec<String> {
        let line = |it: crate::model::CapabilityView| {
            let by = it.decided_by.unwrap_or_default();
            assert_eq!(it.is_granted, by != "withdrawn");
            format!("{}={} {by}", it.capability, it.what)
        };
        self.view("a").unwrap().capabilities.into_iter().map(line).collect()
    }

    fn decide(&self, grant: &str, is_approved: bool) {
        let decision = GrantDecision {
            plugin: "a".into(),
            key: grant.parse().unwrap(),
            approved: is_approved.then(|| grant.parse().unwrap()),
            at: Timestamp::UNIX_EPOCH,
            by: "ann".into(),
        };
        self.state.plugin_grants.put(&decision).unwrap();
    }

    fn withdraw(&self, key: &str) -> Result<(), PluginError> {
        self.plugins.withdraw(&"a".parse().unwrap(), &key.parse().unwrap(), "ann")
    }
}

#[tokio::test]
async fn decisions_are_shown_without_code() {
    let mut deck = Deck::start_with(|folder| fs::write(folder.join("a.wasm"), "junk").unwrap());
    deck.decide("run=sleep", false);
    deck.decide("http=a.org", true);
    deck.decide("kv", false);
    deck.table("a", |it| {
        ["run=sleep", "run=sh"].into_iter().for_each(|grant| it.grants.put(grant.parse().unwrap()));
    });
    deck.apply().await;
    assert!(matches!(deck.view("a").unwrap().state, PluginState::Broken { .. }));
    let mut decided = deck.decided();
    decided.sort();
    assert_eq!(decided, ["http=a.org approved", "kv= withdrawn", "run=sh config", "run=sleep withdrawn"]);
    deck.finish().await;
}

#[tokio::test]
async fn grants_are_taken_back_without_code() {
    let mut deck = Deck::start_with(|folder| fs::write(folder.join("a.wasm"), "junk").unwrap());
    let grants = |it: &mut PluginSettings| {
        ["run=sleep", "run=sh"].into_iter().for_each(|grant| it.grants.put(grant.parse().unwrap()));
    };
    deck.table("a", grants);
    deck.apply().await;
    deck.withdraw("run=sleep").unwrap();
    assert!(matches!(deck.withdraw("kv").unwrap_err().failure, Failure::NotGiven { .. }), "nobody gave it");
    deck.table("a", |it| {
        grants(it);
        it.is_enabled = false;
    });
    deck.apply().await;
    deck.withdraw("run=sh").unwrap();
    deck.put("a.wasm", &sleeper());
    deck.table("a", grants);
    deck.apply().await;
    let loaded = deck.plugins.current(&"a".parse().unwrap()).unwrap();
    let permit = loaded.profile.permits.now();
    assert!(permit.run("sleep").is_err() && permit.run("sh").is_err());
    drop((permit, loaded));
    deck.finish().await;
}

#[tokio::test]
async fn copies_take_nothing_over_from_what_runs() {
    let deck = Deck::start();
    deck.put("mine.wasm", &filter("a", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    deck.put("copy.wasm", &filter("a", "2.0.0", 2));
    let is_told = |deck: &Deck| deck.view("a").unwrap().problem.is_some_and(|it| it.contains("copy.wasm"));
    deck.until("told", is_told).await;
    assert_eq!(deck.call("a").unwrap(), 1);
    deck.finish().await;
}

#[tokio::test]
async fn settings_that_are_not_in_force_are_told() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.table("a", |_| {});
    deck.apply().await;
    fs::write(deck.file("a.wasm"), "hello").unwrap();
    deck.table("a", |it| it.settings = json!({ "word": 7 }));
    deck.apply().await;
    let problem = deck.view("a").unwrap().problem.unwrap();
    assert!(problem.contains("a text file") && problem.contains("settings.word"), "{problem}");
    assert_eq!(&*deck.plugins.current(&"a".parse().unwrap()).unwrap().profile.settings, r#"{"word":"x"}"#);
    deck.finish().await;
}
