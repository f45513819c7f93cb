//! Filters tried on a simulated Telegram: by a job, and by the demo, which swaps one meanwhile.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tapedeck_sim::telegram::Peer;
use wasm_encoder::Instruction as I;

use crate::{
    guest::{DATA, Guest},
    support::{demo::Demo, telegram::*, *},
};

const GRACE: i64 = 1002;

const FILTER: &str = r#"
[plugin_host]
bundled = false

[jobs.look]
kind    = "try-filter"
newest  = 20
filters = ["keywords"]

[jobs.lost]
kind    = "try-filter"
chats   = ["Nobody"]
filters = ["keywords"]

[jobs.misspelt]
kind    = "try-filter"
filters = ["keyword"]
"#;

/// Drops the first message of a batch for `games` and redacts the start of the second, or decides nothing.
fn filter(id: &str, decisions: i32) -> Vec<u8> {
    const SELECT: i32 = DATA + 16;
    const DECISIONS: i32 = DATA + 64;
    const CUT: i32 = DATA + 128;
    const GAMES: i32 = DATA + 144;
    const DOTS: i32 = DATA + 152;
    let mut data = Vec::new();
    // `ok`, and the list; `ok(true)`; two decisions; a cut; texts.
    let words = |data: &mut Vec<u8>, at: i32, words: &[i32]| {
        data.resize(usize::try_from(at - DATA).unwrap(), 0);
        data.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    };
    words(&mut data, DATA, &[0, 0, DECISIONS, decisions]);
    words(&mut data, SELECT, &[0, 0, 1]);
    words(&mut data, DECISIONS, &[0, 1, 0, 0, GAMES, 5, 1, 2, CUT, 1, GAMES, 5]);
    words(&mut data, CUT, &[0, 4, DOTS, 3]);
    data.extend(b"games\0\0\0...");
    let manifest = json!({ "id": id, "version": "1.0.0", "summary": "A test.", "settings_schema": { "type": "object" } });
    Guest::of_wit_beside("package test:guest; world guest { export tapedeck:plugin/chat-filter@1.0.0; }")
        .manifest(&manifest.to_string())
        .does("tapedeck:plugin/chat-filter@1.0.0#judge", |_| vec![I::I32Const(DATA)])
        .does("tapedeck:plugin/chat-filter@1.0.0#select-chat", |_| vec![I::I32Const(SELECT)])
        .data(data)
        .component()
}

fn put(plugins: &Path, name: &str, decisions: i32) {
    fs::create_dir_all(plugins).unwrap();
    fs::write(plugins.join(format!("{name}.wasm")), filter(name, decisions)).unwrap();
}

fn run_ends(daemon: &mut Daemon, job: &str) -> Value {
    daemon.post(&format!("/api/v1/jobs/{job}/run"));
    let newest = |daemon: &Daemon| daemon.runs(job).pop().unwrap_or_default();
    daemon.wait_until("the run ends", |daemon| !newest(daemon)["ended"].is_null());
    newest(daemon)
}

/// What the metrics say of `keywords`.
fn sample(metrics: &str, name: &str) -> f64 {
    let start = format!("{name}{{plugin=\"keywords\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse().unwrap()
}

#[test]
fn filters_are_tried_and_nothing_is_told() {
    let folder = Folder::with(&format!("{SECTION}{FILTER}"));
    let telegram = SimTelegram::open(&folder);
    telegram.telegram(|t| {
        t.add_user(GRACE, "Grace");
        for number in 1..=40 {
            t.say(Peer::User(ANN), GRACE, &format!("secret {number}"));
        }
    });
    put(&folder.data().join("plugins"), "keywords", 2);
    let mut daemon = folder.start();
    telegram.log_in(&folder, &mut daemon);
    let run = run_ends(&mut daemon, "look");
    let data = &run["summary"]["data"];
    assert_eq!(run["status"], "succeeded", "{run}");
    let counts = ["chats", "seen", "kept", "dropped", "redacted"].map(|name| data[name].clone());
    assert_eq!(counts, [1, 20, 18, 1, 1].map(|count: i32| json!(count)), "{run}");
    assert_eq!(data["filters"]["keywords"]["judged"], 20, "{run}");
    let log = daemon.text(&format!("/api/v1/runs/{}/log", run["id"].as_str().unwrap()));
    assert!(log.contains("Would be dropped") && log.contains("Would be redacted"), "{log}");
    assert!(log.contains("games") && !log.contains("secret"), "{log}");
    // It was asked about the chat, and about one page of messages.
    let metrics = daemon.text("/metrics");
    assert!(metrics.contains(r#"tapedeck_plugin_calls_total{plugin="keywords"} 2"#), "{metrics}");
    assert!(!metrics.contains("tapedeck_plugin_errors_total{"), "{metrics}");
    assert!(sample(&metrics, "tapedeck_plugin_call_seconds_total") > 0.0, "{metrics}");
    assert!(sample(&metrics, "tapedeck_plugin_memory_peak_bytes") >= 65_536.0, "{metrics}");

    let lost = run_ends(&mut daemon, "lost");
    assert!(lost["error"].as_str().unwrap().contains("no chat `Nobody`"), "{lost}");
    let misspelt = run_ends(&mut daemon, "misspelt");
    assert!(misspelt["error"].as_str().unwrap().contains("keywords"), "{misspelt}");
    daemon.stop();
    telegram.world.finish().unwrap();
}

#[test]
fn chats_without_reach_are_skipped() {
    let folder = Folder::with(&format!("{SECTION}{FILTER}"));
    let telegram = SimTelegram::open(&folder);
    telegram.telegram(|t| {
        for (id, name) in [(GRACE, "Grace"), (GRACE + 1, "Gone"), (GRACE + 2, "Ada")] {
            t.add_user(id, name).min = name == "Gone";
            t.say(Peer::User(ANN), id, "hello");
        }
    });
    put(&folder.data().join("plugins"), "keywords", 0);
    let mut daemon = folder.start();
    telegram.log_in(&folder, &mut daemon);
    let run = run_ends(&mut daemon, "look");
    assert_eq!(run["status"], "succeeded", "{run}");
    let counts = ["chats", "skipped", "seen"].map(|name| run["summary"]["data"][name].clone());
    assert_eq!(counts, [2, 1, 2].map(|count: i32| json!(count)), "{run}");
    let log = daemon.text(&format!("/api/v1/runs/{}/log", run["id"].as_str().unwrap()));
    assert!(log.contains("Chat `Gone` is skipped"), "{log}");
    daemon.stop();
    telegram.world.finish().unwrap();
}

#[test]
fn demo_swaps_a_filter_and_no_run_fails() {
    let folder = tempfile::tempdir().unwrap();
    ["keywords", "types"].iter().for_each(|name| put(folder.path(), name, 0));
    let plugins = folder.path().to_str().unwrap();
    let demo = Demo::start(&["--plugins", plugins, "--for", "60s", "--swap-every", "3s"]);
    let mut seen = std::collections::BTreeSet::new();
    let is_enough = |plugin: &Value| {
        plugin["figures"]["swaps"].as_u64() >= Some(2) && plugin["figures"]["calls"].as_u64() >= Some(3)
    };
    let started = std::time::Instant::now();
    let plugin = loop {
        let plugin = demo.ask(&["plugins", "show", "tidy"]);
        seen.extend(plugin["id"].as_str().map(str::to_owned));
        if is_enough(&plugin) && seen.len() == 2 {
            break plugin;
        }
        assert!(started.elapsed().as_secs() < 45, "{seen:?} {plugin}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["keywords", "types"]);
    assert_eq!(plugin["figures"]["errors"], 0, "{plugin}");
    let runs = demo.ask(&["jobs", "history", "try-tidy"]);
    let runs = runs.as_array().unwrap();
    assert!(runs.iter().any(|run| run["status"] == "succeeded"), "{runs:?}");
    assert!(runs.iter().all(|run| run["status"] != "failed"), "{runs:?}");
}
