use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    guest::{self, Guest},
    support::*,
};

/// A filter that asks for something.
fn filter(version: &str) -> Vec<u8> {
    let manifest = json!({
        "id": "words", "version": version, "summary": "Judges words.",
        "wants": { "http": [{ "host": "api.example.com", "methods": ["GET"], "why": "To look words up." }] },
        "settings_schema": { "type": "object", "additionalProperties": false,
            "properties": { "word": { "type": "string" } } },
    });
    Guest::of_wit_beside("package test:guest; world guest { export tapedeck:plugin/chat-filter@1.0.0; }")
        .manifest(&manifest.to_string())
        .component()
}

/// What was built beside the tests must not decide them.
const ALONE: &str = "[plugin_host]\nbundled = false\n";

fn put(folder: &Folder, name: &str, bytes: &[u8]) {
    let plugins = folder.data().join("plugins");
    fs::create_dir_all(&plugins).unwrap();
    fs::write(plugins.join(format!(".{name}")), bytes).unwrap();
    fs::rename(plugins.join(format!(".{name}")), plugins.join(name)).unwrap();
}

fn plugin(daemon: &Daemon) -> Value {
    daemon.get("/api/v1/plugins/words")
}

fn started() -> (Folder, Daemon) {
    let folder = Folder::with(ALONE);
    let mut daemon = folder.start();
    put(&folder, "words.wasm", &filter("1.0.0"));
    daemon.wait_until("it is loaded", |daemon| plugin(daemon)["state"] == "ready");
    (folder, daemon)
}

#[test]
fn dropped_file_is_listed() {
    let (folder, daemon) = started();
    let list = folder.cli_json(&["plugins", "list"]);
    let words = &list["plugins"][0];
    assert_eq!((&words["name"], &words["version"]), (&json!("words"), &json!("1.0.0")), "{list}");
    assert_eq!(words["kinds"], json!(["chat-filter"]));
    let shown = text(&folder.cli(&["plugins", "show", "words"]).stdout);
    assert!(shown.contains("Judges words.") && shown.contains("not granted"), "{shown}");
    let metrics = daemon.text("/metrics");
    assert!(metrics.contains(r#"tapedeck_plugin_state{plugin="words",state="ready"} 1"#), "{metrics}");
    daemon.stop();
}

#[test]
fn broken_file_keeps_the_old_one_running() {
    let (folder, mut daemon) = started();
    put(&folder, "words.wasm", &filter("1.1.0"));
    daemon.wait_until("the new one runs", |daemon| plugin(daemon)["version"] == "1.1.0");
    put(&folder, "words.wasm", &filter("1.2.0")[..200]);
    daemon.wait_until("the problem is known", |daemon| !plugin(daemon)["problem"].is_null());
    assert_eq!((&plugin(&daemon)["state"], &plugin(&daemon)["version"]), (&json!("ready"), &json!("1.1.0")));
    let reload = folder.cli(&["plugins", "reload", "words"]);
    let why = text(&reload.stderr);
    assert!(!reload.status.success() && why.contains("words.wasm"), "{why}");
    put(&folder, "words.wasm", &filter("1.2.0"));
    assert!(folder.cli(&["plugins", "reload", "--all"]).status.success());
    assert_eq!(plugin(&daemon)["version"], "1.2.0");
    daemon.stop();
}

#[test]
fn grants_last_over_restarts() {
    let (folder, daemon) = started();
    let has_it = |daemon: &Daemon| plugin(daemon)["capabilities"][0]["is_granted"] == true;
    assert!(!has_it(&daemon));
    let asked = text(&folder.cli(&["plugins", "grant", "words"]).stdout);
    assert!(asked.contains("http=api.example.com") && asked.contains("To look words up."), "{asked}");
    assert!(folder.cli(&["plugins", "grant", "words", "http=api.example.com"]).status.success());
    assert!(has_it(&daemon));
    let refused = folder.cli(&["plugins", "grant", "words", "run=yt-dlp"]);
    assert!(text(&refused.stderr).contains("does not ask"), "{}", text(&refused.stderr));
    assert!(daemon.log().contains("A grant was approved"), "{}", daemon.log());
    daemon.stop();

    let offline = folder.cli_json(&["plugins", "show", "words"]);
    assert_eq!(offline["capabilities"][0]["decided_by"], "approved", "{offline}");
    let mut daemon = folder.start();
    daemon.wait_until("it is loaded", |daemon| plugin(daemon)["state"] == "ready");
    assert!(has_it(&daemon));
    assert!(folder.cli(&["plugins", "withdraw", "words", "--all"]).status.success());
    assert!(!has_it(&daemon));
    daemon.stop();
}

#[test]
fn paused_plugin_stays_so() {
    let (folder, daemon) = started();
    assert!(folder.cli(&["plugins", "pause", "words"]).status.success());
    daemon.stop();
    let daemon = folder.start();
    assert_eq!(plugin(&daemon)["state"], "paused");
    assert!(folder.cli(&["plugins", "resume", "words"]).status.success());
    assert_ne!(plugin(&daemon)["state"], "paused");
    daemon.stop();
}

#[test]
fn table_reaches_running_plugin() {
    let (folder, mut daemon) = started();
    folder.write_config(&format!(
        "{ALONE}[plugins.words]\nsettings = {{ word = \"sale\" }}\ngrants = {{ http = [\"api.example.com\"] }}\n\
         [plugins.again]\nfile = \"words.wasm\"\nenabled = false\n"
    ));
    daemon.wait_until("the settings are there", |daemon| plugin(daemon)["settings"]["word"] == "sale");
    daemon.wait_until("it is granted", |daemon| plugin(daemon)["capabilities"][0]["decided_by"] == "config");
    assert_eq!(daemon.get("/api/v1/plugins/again")["state"], "disabled");
    daemon.stop();
}

#[test]
fn check_holds_tables_against_files() {
    let folder = Folder::with(ALONE);
    put(&folder, "words.wasm", &filter("1.0.0"));
    folder.write_config(&format!(
        "{ALONE}[plugins.words]\nsettings = {{ word = 3 }}\ngrants = {{ run = [\"yt-dlp\"] }}\n[plugins.gone]\n"
    ));
    let checked = folder.cli(&["check"]);
    let said = text(&checked.stdout);
    assert_eq!(checked.status.code(), Some(2), "{said}");
    for part in ["plugins.words.settings", "warning: plugins.words.grants.run", "warning: plugins.gone.file"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    folder.write_config(&format!("{ALONE}[plugins.words]\nsettings = {{ word = \"sale\" }}\n"));
    let said = text(&folder.cli(&["check"]).stdout);
    assert!(said.contains("words (plugin, chat-filter 1.0.0)") && said.contains("not granted"), "{said}");
    assert!(!folder.data().join("plugin-cache").exists(), "nothing was compiled");
}

#[test]
fn bundled_plugins_need_no_setup() {
    let folder = Folder::with("");
    let program = folder.path("bin/tapedeck");
    fs::create_dir(folder.path("bin")).unwrap();
    fs::create_dir_all(folder.path("share/tapedeck/plugins")).unwrap();
    fs::write(folder.path("share/tapedeck/plugins/words.wasm"), filter("1.0.0")).unwrap();
    fs::hard_link(env!("CARGO_BIN_EXE_tapedeck"), &program)
        .or_else(|_| fs::copy(Path::new(env!("CARGO_BIN_EXE_tapedeck")), &program).map(drop))
        .unwrap();
    let output = tapedeck_at(&program)
        .args(["--json", "--config"])
        .arg(folder.path("config.toml"))
        .args(["plugins", "list"])
        .output()
        .unwrap();
    let list: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    assert_eq!(
        (&list["plugins"][0]["name"], &list["plugins"][0]["state"]),
        (&json!("words"), &json!("found"))
    );
}

/// A filter that repeats its settings when it is asked to take them, and takes none.
fn chatterer() -> Vec<u8> {
    use wasm_encoder::Instruction as I;
    const AT: i32 = guest::ZEROS - 16;
    let store = |offset, value| [I::I32Const(AT), value, I::I32Store(guest::at(offset))];
    let manifest = json!({
        "id": "words", "version": "1.0.0", "summary": "Tells all.",
        "settings_schema": { "type": "object", "properties": { "word": { "type": "string" } } },
    });
    Guest::of_wit_beside("package test:guest; world guest { export tapedeck:plugin/chat-filter@1.0.0; }")
        .manifest(&manifest.to_string())
        .does("tapedeck:plugin/chat-filter@1.0.0#configure", move |_| {
            let parts = [store(0, I::I32Const(1)), store(4, I::LocalGet(0)), store(8, I::LocalGet(1))];
            parts.concat().into_iter().chain([I::I32Const(AT)]).collect()
        })
        .component()
}

#[test]
fn secrets_reach_plugins_and_nobody_else() {
    for reference in ["{ env = \"WORD_KEY\" }", "{ file = \"word.key\" }"] {
        let folder = Folder::with(&format!("{ALONE}[plugins.words]\nsettings = {{ word = {reference} }}\n"));
        fs::write(folder.path("word.key"), "open-sesame\n").unwrap();
        put(&folder, "words.wasm", &chatterer());
        let mut command = folder.command();
        command.env("WORD_KEY", "open-sesame").env("TAPEDECK__LOG__LEVEL", "debug");
        let mut daemon = Daemon::start(command, &folder.data(), &folder.path("daemon.log"));
        daemon.wait_until("it was refused", |daemon| plugin(daemon)["state"] == "broken");
        let shown = plugin(&daemon).to_string();
        assert!(shown.contains("it refuses its settings: {\\\"word\\\":\\\"•••\\\"}"), "{shown}");
        let printed = folder.cli(&["plugins", "show", "words"]);
        let printed = text(&printed.stdout) + &text(&printed.stderr);
        assert!(printed.contains("refuses its settings"), "{printed}");
        for said in [shown, printed, daemon.log(), daemon.get("/api/v1/config").to_string()] {
            assert!(!said.contains("open-sesame"), "{said}");
        }
        daemon.stop();
        let mut check = folder.command();
        let checked = check.env("WORD_KEY", "open-sesame").arg("check").output().unwrap();
        let said = text(&checked.stdout);
        assert_eq!(checked.status.code(), Some(2), "{said}{}", text(&checked.stderr));
        assert!(said.contains("refuses its settings") && !said.contains("open-sesame"), "{said}");
    }
}

#[test]
fn what_a_gone_plugin_left_can_be_forgotten() {
    let (folder, mut daemon) = started();
    assert!(folder.cli(&["plugins", "grant", "words", "http=api.example.com"]).status.success());
    fs::remove_file(folder.data().join("plugins/words.wasm")).unwrap();
    daemon.wait_until("it is gone", |daemon| daemon.get("/api/v1/plugins")["plugins"] == json!([]));
    let list = folder.cli(&["plugins", "list"]);
    assert!(text(&list.stderr).contains("`tapedeck plugins forget words`"), "{}", text(&list.stderr));
    assert_eq!(
        folder.cli_json(&["plugins", "forget", "words", "--kv"]),
        json!({ "values": 0, "decisions": 0 })
    );
    assert_eq!(folder.cli_json(&["plugins", "forget", "words"]), json!({ "values": 0, "decisions": 1 }));
    let unknown = folder.cli(&["plugins", "forget", "words"]);
    assert!(!unknown.status.success());
    // It is as if it had never been there.
    put(&folder, "words.wasm", &filter("1.0.0"));
    daemon.wait_until("it is back", |daemon| plugin(daemon)["state"] == "ready");
    assert_eq!(plugin(&daemon)["capabilities"][0]["is_granted"], false);
    daemon.stop();
}

#[test]
fn inspect_reads_without_running() {
    let folder = Folder::with("");
    fs::write(folder.path("words.wasm"), filter("1.0.0")).unwrap();
    let file = folder.path("words.wasm");
    let document = folder.cli_json(&["plugins", "inspect", file.to_str().unwrap()]);
    assert_eq!((&document["id"], &document["kinds"]), (&json!("words"), &json!(["chat-filter"])));
    assert_eq!(document["wants"]["http"][0]["host"], "api.example.com");
    fs::write(&file, "no component").unwrap();
    let refused = folder.cli(&["plugins", "inspect", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("not WebAssembly"), "{}", text(&refused.stderr));
}

#[test]
fn check_and_call_need_no_daemon() {
    let folder = Folder::with("");
    fs::write(folder.path("words.wasm"), filter("1.0.0")).unwrap();
    let file = folder.path("words.wasm");
    let file = file.to_str().unwrap();
    let checked = folder.cli_json(&["plugins", "check", file, "--settings", r#"{"word": "sale"}"#]);
    assert_eq!((&checked["id"], &checked["version"]), (&json!("words"), &json!("1.0.0")));
    let refused = folder.cli(&["plugins", "check", file, "--settings", r#"{"word": 3}"#]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    assert!(text(&refused.stderr).contains("settings"), "{}", text(&refused.stderr));

    let judged = folder.cli_json(&["plugins", "call", file, "--text", "a sale", "--text", "hello"]);
    assert_eq!(judged[1], json!({ "id": 2, "verdict": "keep", "text": "hello", "reason": null }));
    let nothing = folder.cli(&["plugins", "call", file]);
    assert_eq!(nothing.status.code(), Some(2), "{}", text(&nothing.stderr));
    assert!(!folder.data().exists(), "nothing is kept");
}
