//! The commands beside the daemon: with it, without it, and in the demo.

use std::{
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::support::{demo::Demo, *};

const JOBS: &str = r#"
[jobs.good]
kind = "command"
program = "/bin/sh"
args = ["-c", "echo one; echo two"]
[jobs.bad]
kind = "command"
program = "/bin/false"
"#;

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{output:?}"))
}

fn with_input(mut command: Command, input: &str) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn exit_codes_say_what_happened() {
    let folder = Folder::with(JOBS);
    assert_eq!(code(&folder.cli(&["jobs", "run", "good"])), 3);
    assert_eq!(code(&folder.cli(&["jobs", "frobnicate"])), 2);
    assert_eq!(code(&folder.cli(&["jobs", "list"])), 0);
    let daemon = folder.start();
    assert_eq!(code(&folder.cli(&["health"])), 0);
    let good = folder.cli(&["jobs", "run", "good", "--follow"]);
    assert_eq!(code(&good), 0, "{}", text(&good.stderr));
    assert!(
        text(&good.stdout).contains("one") && text(&good.stdout).contains("two"),
        "{}",
        text(&good.stdout)
    );
    assert_eq!(code(&folder.cli(&["jobs", "run", "bad", "--wait"])), 5);
    assert_eq!(code(&folder.cli(&["jobs", "run", "other"])), 1);
    let broken = folder.cli(&["--config", "/nonexistent/config.toml", "jobs", "list"]);
    assert_eq!(code(&broken), 2, "{}", text(&broken.stderr));
    daemon.stop();
    assert_eq!(code(&folder.cli(&["health"])), 3);
    let history = folder.cli_json(&["jobs", "history"]);
    assert_eq!(history.as_array().unwrap().len(), 2, "without a daemon, the ledger is read");
    assert!(text(&folder.cli(&["jobs", "log", "good"]).stdout).contains("two"));
}

#[test]
fn users_and_tokens_need_no_daemon() {
    let folder = Folder::with(JOBS);
    let add = |name: &str, password: &str| {
        let mut command = folder.command();
        command.args(["user", "add", name, "--password-stdin"]);
        code(&with_input(command, password))
    };
    assert_eq!(add("ada", "short"), 2);
    assert_eq!(add("ada", "correct horse\n"), 0);
    let daemon = folder.start();
    assert_eq!(add("ada", "correct horse"), 1, "there is one already");
    assert_eq!(add("bob", "battery staple"), 0);
    let names = |users: Value| {
        let users = users.as_array().unwrap().clone();
        users.iter().map(|user| user["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(folder.cli_json(&["user", "list"])), ["ada", "bob"]);
    let issued = folder.cli_json(&["token", "add", "reader", "--expires", "1h"]);
    let (url, token) = (daemon.url(), issued["token"].as_str().unwrap());
    let remote = |more: &[&str]| code(&tapedeck().args(["--url", url]).args(more).output().unwrap());
    assert_eq!(remote(&["jobs", "list"]), 4);
    assert_eq!(remote(&["--token", token, "jobs", "list"]), 0);
    assert_eq!(remote(&["--token", token, "jobs", "run", "good"]), 4, "the token may only read");
    assert_eq!(code(&folder.cli(&["token", "remove", "reader"])), 0);
    assert_eq!(remote(&["--token", token, "jobs", "list"]), 4);
    daemon.stop();
    assert_eq!(code(&folder.cli(&["user", "remove", "ada"])), 0);
    assert_eq!(names(folder.cli_json(&["user", "list"])), ["bob"]);
    assert_eq!(folder.cli_json(&["token", "list"]), serde_json::json!([]));
}

#[test]
fn state_moves_to_another_folder() {
    let (old, new) = (Folder::with(JOBS), Folder::with(JOBS));
    let daemon = old.start();
    assert_eq!(code(&old.cli(&["jobs", "run", "good", "--wait"])), 0);
    let file = old.path("export.jsonl");
    let file = file.to_str().unwrap();
    let busy = old.cli(&["state", "export", file]);
    assert_eq!(code(&busy), 1);
    assert!(text(&busy.stderr).contains("process"), "{}", text(&busy.stderr));
    daemon.stop();
    assert_eq!(code(&old.cli(&["state", "export", file])), 0);
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(code(&new.cli(&["state", "import", file])), 0);
    assert_eq!(new.cli_json(&["jobs", "history"]), old.cli_json(&["jobs", "history"]));
    assert_eq!(code(&new.cli(&["state", "import", file])), 4, "it is not empty any more");
    assert_eq!(code(&new.cli(&["state", "import", "--force", file])), 0);
    assert_eq!(new.cli_json(&["state", "info"])["entries"]["runs"], 1);
    new.start().stop();
}

/// The chats of the demo's Telegram, with how many messages each has.
fn chats_of(folder: &Path) -> Value {
    let servers: Value =
        serde_json::from_slice(&std::fs::read(folder.join("servers.json")).unwrap()).unwrap();
    let address = servers["keys_from"].as_str().unwrap().replace("/keys", "/chats");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let asked = http_client().post(address).json(&serde_json::json!({})).send().await.unwrap();
        asked.json().await.unwrap()
    })
}

#[test]
fn demo_has_jobs_and_a_past() {
    let mut demo = Demo::start(&["--for", "60s"]);
    let jobs = demo.ask(&["jobs", "list"]);
    let jobs = jobs.as_array().unwrap();
    assert!(jobs.len() >= 10);
    assert!(jobs.iter().any(|job| !job["paused"].is_null()), "one is paused");
    let past = demo.ask(&["jobs", "history", "tell-the-team"]);
    assert!(past.as_array().unwrap().len() > 10);
    let followed = demo.say(&["jobs", "run", "tell-the-team", "--follow"]);
    let run: Value = serde_json::from_str(followed.lines().last().unwrap()).unwrap();
    assert_eq!(run["status"], "succeeded", "{followed}");
    demo.say(&["health"]);
    let started = std::time::Instant::now();
    let folder = demo.folder().to_owned();
    let chats = chats_of(&folder);
    while demo.ask(&["accounts"])["accounts"][0]["state"] != "connected" {
        assert!(started.elapsed().as_secs() < 15, "the demo does not log in to its Telegram");
    }
    let followed = demo.say(&["jobs", "run", "telegram-login", "--follow"]);
    let run: Value = serde_json::from_str(followed.lines().last().unwrap()).unwrap();
    assert_eq!(run["status"], "succeeded", "{followed}");
    while chats_of(&folder) == chats {
        assert!(started.elapsed().as_secs() < 15, "nothing happens in the demo's Telegram");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_child(&demo.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(demo.child.wait().unwrap().success());
    assert!(!folder.exists(), "nothing is left");
}

#[test]
fn variables_that_set_nothing_are_answered() {
    let folder = Folder::with("");
    let command = |arguments: &[&str]| {
        let mut command = folder.command();
        command.env("TELEGRAM_API_ID", "12345").env("TELEGRAM_API_HASH", "0123456789abcdef0123456789abcdef");
        // Nothing is taken, whoever logs in.
        command.env("CHAT_TYPES", "").env("BATCH_SIZE", "100").args(arguments);
        command
    };
    let says = "a page of 100 messages is stored in one step";
    let said = text(&command(&["check"]).output().unwrap().stdout);
    let line = said.lines().find(|line| line.contains("BATCH_SIZE")).unwrap_or_default();
    assert!(said.contains("SETS NOTHING HERE") && line.contains(says), "{said}");
    let checked = command(&["--json", "check"]).output().unwrap();
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(checked["variables"], serde_json::json!([{ "variable": "BATCH_SIZE", "says": says }]));
    let daemon = Daemon::start(command(&[]), &folder.data(), &folder.path("daemon.log"));
    let told = format!("BATCH_SIZE sets nothing here: {says}");
    assert_eq!(daemon.log().matches(&told).count(), 1, "{}", daemon.log());
    daemon.stop();
}

fn has_succeeded(demo: &Demo, job: &str) -> bool {
    let runs = demo.ask(&["jobs", "history", job]);
    runs.as_array().unwrap().iter().any(|run| run["status"] == "succeeded")
}

/// The messages of the newest export of the demo.
fn exported(folder: &Path) -> Option<Value> {
    let exports = std::fs::read_dir(folder.join("exports")).ok()?.flatten().map(|entry| entry.path());
    let written = exports.map(|export| export.join("json/messages.json")).filter(|file| file.is_file());
    let newest = written.max_by_key(|file| file.metadata().and_then(|it| it.modified()).ok())?;
    serde_json::from_slice(&std::fs::read(newest).ok()?).ok()
}

/// How many messages came by listening, and not by a sweep.
fn heard(folder: &Path) -> u64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = folder.join("data/archive/archive.sqlite");
    let Ok(archive) = rusqlite::Connection::open_with_flags(file, flags) else { return 0 };
    let count = "select count(*) from changes_plain where source = 'live' and kind = 'new'";
    archive.query_row(count, [], |row| row.get::<_, i64>(0)).map_or(0, |count| count.unsigned_abs())
}

#[test]
fn demo_archives_on_a_schedule_and_exports() {
    let plugins = tempfile::tempdir().unwrap();
    for name in ["json.wasm", "html.wasm"] {
        let built = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/plugins")).join(name);
        std::fs::copy(built, plugins.path().join(name)).expect("build it with `make plugins`");
    }
    let mut demo = Demo::start(&["--plugins", plugins.path().to_str().unwrap(), "--for", "90s"]);
    let jobs = demo.ask(&["jobs", "list"]);
    let archive = jobs.as_array().unwrap().iter().find(|job| job["name"] == "archive").unwrap();
    assert_eq!(archive["policy"]["every"], "1m", "{archive}");
    assert!(archive["next_due"].is_string(), "{archive}");
    let started = std::time::Instant::now();
    let wait = |what: &str, is_so: &dyn Fn() -> bool| {
        while !is_so() {
            assert!(started.elapsed().as_secs() < 60, "waited in vain until {what}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    wait("a sweep has succeeded", &|| has_succeeded(&demo, "archive"));
    wait("what somebody says is heard", &|| heard(demo.folder()) > 0);
    wait("an export has succeeded", &|| has_succeeded(&demo, "export"));
    wait("the export's file is there", &|| exported(demo.folder()).is_some());
    let pid = rustix::process::Pid::from_child(&demo.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(demo.child.wait().unwrap().success());
}

#[test]
fn demo_ends_by_itself() {
    let mut demo = Demo::start(&["--for", "100ms"]);
    assert!(demo.child.wait().unwrap().success());
    assert!(!demo.folder().exists(), "nothing is left");
}
