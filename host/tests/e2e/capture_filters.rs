//! What a filter's failure means where messages are stored: the same as where it was tried.

use std::fs;

use serde_json::{Value, json};
use tapedeck_sim::telegram::Peer;
use wasm_encoder::Instruction as I;

use crate::{
    guest::{DATA, Guest},
    support::{telegram::*, *},
};

const GRACE: i64 = 1002;

/// Wants every chat, and ends in the middle of judging.
fn broken() -> Vec<u8> {
    Guest::plugin("broken", "6.6.6", "chat-filter")
        .does("tapedeck:plugin/chat-filter@1.0.0#judge", |_| vec![I::Unreachable])
        .does("tapedeck:plugin/chat-filter@1.0.0#select-chat", |_| vec![I::I32Const(DATA)])
        .data([0_u8, 0, 0, 0, 0, 0, 0, 0, 1])
        .component()
}

/// The plugin's own table says "drop"; `filter` is how it is named by both who use it.
fn config(filter: &str) -> String {
    format!(
        "{SECTION}[plugin_host]\nbundled = false\nbreaker = {{ failures = 1000 }}\n[plugins.broken]\non_error = \"drop\"\n\
         [capture]\nfilters = [{filter}]\n[jobs.backup]\nkind = \"archive\"\n\
         [jobs.look]\nkind = \"try-filter\"\nfilters = [{filter}]\n"
    )
}

fn use_again(folder: &Folder, daemon: &mut Daemon, filter: &str) {
    let loaded_at = daemon.get("/api/v1/config")["loaded_at"].clone();
    folder.write_config(&config(filter));
    daemon.wait_until("it is in force", |daemon| {
        let config = daemon.get("/api/v1/config");
        config["state"] == "ok" && config["loaded_at"] != loaded_at
    });
}

fn run_ends(daemon: &mut Daemon, job: &str) -> Value {
    let id = daemon.post(&format!("/api/v1/jobs/{job}/run"))["id"].as_str().unwrap().to_owned();
    let run = |daemon: &Daemon| daemon.get(&format!("/api/v1/runs/{id}"));
    daemon.wait_until("the run ends", |daemon| !run(daemon)["ended"].is_null());
    run(daemon)
}

fn stored(daemon: &Daemon) -> Vec<String> {
    let answer = daemon.get(&format!("/api/v1/archive/chats/{GRACE}/messages"));
    let messages = answer["messages"].as_array().unwrap_or_else(|| panic!("{answer}"));
    messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn failure_means_what_was_said_where_the_filter_is_used() {
    let folder = Folder::with(&config(r#"{ plugin = "broken", on_error = "keep" }"#));
    let telegram = SimTelegram::open(&folder);
    let say = |text: &str| {
        telegram.telegram(|t| {
            t.say(Peer::User(ANN), GRACE, text);
        });
    };
    telegram.telegram(|t| {
        t.add_user(GRACE, "Grace");
    });
    say("one");
    let plugins = folder.data().join("plugins");
    fs::create_dir_all(&plugins).unwrap();
    fs::write(plugins.join("broken.wasm"), broken()).unwrap();
    let mut daemon = folder.start();
    telegram.log_in(&folder, &mut daemon);

    let (tried, kept) = (run_ends(&mut daemon, "look"), run_ends(&mut daemon, "backup"));
    assert_eq!(tried["summary"]["data"]["kept"], 1, "{tried}");
    assert_eq!(
        (&kept["status"], &kept["summary"]["data"]["new"]),
        (&json!("succeeded"), &json!(1)),
        "{kept}"
    );
    assert_eq!(stored(&daemon), ["one"]);
    assert!(daemon.log().contains("A filter has failed on messages"), "{}", daemon.log());
    let metrics = daemon.text("/metrics");
    let traps = daemon.get("/api/v1/plugins/broken")["figures"]["errors"].as_u64().unwrap();
    let sample = format!("tapedeck_plugin_errors_total{{plugin=\"broken\",kind=\"trap\"}} {traps}\n");
    assert!(traps >= 2 && metrics.contains(&sample), "{traps}: {metrics}");

    say("two");
    use_again(&folder, &mut daemon, r#"{ plugin = "broken", on_error = "fail-run" }"#);
    for job in ["look", "backup"] {
        let failed = run_ends(&mut daemon, job);
        let error = failed["error"].as_str().unwrap_or_default();
        assert!(failed["status"] == "failed" && error.contains("plugin broken 6.6.6"), "{failed}");
    }
    assert_eq!(stored(&daemon), ["one"]);

    use_again(&folder, &mut daemon, r#""broken""#);
    let (tried, dropped) = (run_ends(&mut daemon, "look"), run_ends(&mut daemon, "backup"));
    assert_eq!(tried["summary"]["data"]["dropped"], 2, "{tried}");
    let counts = ["new", "skipped"].map(|name| dropped["summary"]["data"][name].clone());
    assert_eq!((&dropped["status"], counts), (&json!("succeeded"), [json!(0), json!(1)]), "{dropped}");
    assert_eq!(stored(&daemon), ["one"]);
    daemon.stop();
    telegram.world.finish().unwrap();
}
