//! Telegram accounts of a daemon that runs: what jobs, the command line and `/metrics` say of them.

use serde_json::Value;
use tapedeck_sim::telegram::Fault;

use crate::support::{telegram::*, *};

const CHECK: &str = "[jobs.check]\nkind = \"check-account\"\n";
/// The first thing that the job asks.
const ASKED: &str = "users.getUsers";

fn world() -> (Folder, SimTelegram) {
    let folder = Folder::with(&format!("{SECTION}{CHECK}"));
    let telegram = SimTelegram::open(&folder);
    (folder, telegram)
}

fn newest(daemon: &Daemon) -> Value {
    daemon.runs("check").pop().unwrap_or_default()
}

fn run_ends(daemon: &mut Daemon, status: &str) -> Value {
    daemon.wait_until(status, |daemon| newest(daemon)["status"] == status);
    newest(daemon)
}

/// The words of `tapedeck jobs history` about the wait of a run.
fn told_wait(folder: &Folder, until: &Value) {
    let until: jiff::Timestamp = until.as_str().unwrap().parse().unwrap();
    let end = until.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S (").to_string();
    for command in [["jobs", "history", "check"].as_slice(), &["jobs", "show", "check"]] {
        let said = text(&folder.cli(command).stdout);
        assert!(
            said.contains("waiting for Telegram until") && said.contains(&end),
            "{end} is not in\n{said}"
        );
    }
}

#[test]
fn ended_login_fails_the_run_and_says_what_to_do() {
    let (folder, telegram) = world();
    let mut daemon = folder.start();
    telegram.log_in(&folder, &mut daemon);
    daemon.post("/api/v1/jobs/check/run");
    let run = run_ends(&mut daemon, "succeeded");
    assert_eq!(run["summary"]["data"]["user_id"], ANN, "{run}");

    telegram.end_logins();
    daemon.post("/api/v1/jobs/check/run");
    let run = run_ends(&mut daemon, "failed");
    let error = run["error"].as_str().unwrap();
    for part in ["`main`", "AUTH_KEY_UNREGISTERED", "tapedeck login telegram --account main"] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
    let account = folder.cli_json(&["accounts"])["accounts"][0].clone();
    assert_eq!(account["state"], "revoked", "{account}");
    let table = text(&folder.cli(&["accounts"]).stdout);
    assert!(table.contains("logged out, log in again"), "{table}");
    // Before anybody has asked Telegram, a daemon that starts does.
    daemon.stop();
    let mut daemon = folder.start();
    daemon
        .wait_until("it has looked", |_| folder.cli_json(&["accounts"])["accounts"][0]["state"] == "revoked");
    telegram.log_in(&folder, &mut daemon);
    daemon.post("/api/v1/jobs/check/run");
    run_ends(&mut daemon, "succeeded");
    daemon.stop();
    telegram.world.finish().unwrap();
}

#[test]
fn wait_is_seen_and_survives_a_kill() {
    let (folder, telegram) = world();
    let mut daemon = folder.start();
    telegram.log_in(&folder, &mut daemon);
    telegram.telegram(|t| t.faults.add(Fault::flood(600).on(ASKED).strict()));
    daemon.post("/api/v1/jobs/check/run");
    let run = run_ends(&mut daemon, "waiting");
    assert_eq!(run["waiting_for"], "Telegram", "{run}");
    assert!(run["reason"].as_str().unwrap().contains("600 s"), "{run}");
    let until = run["waiting_until"].clone();
    told_wait(&folder, &until);
    assert_eq!(folder.cli_json(&["accounts"])["accounts"][0]["until"], until);
    let asked = telegram.telegram(|t| t.calls.count(ASKED) + t.calls.lost(ASKED));
    daemon.kill();

    let mut daemon = folder.start();
    daemon.post("/api/v1/jobs/check/run");
    let again = run_ends(&mut daemon, "waiting");
    assert_ne!(again["id"], run["id"]);
    assert_eq!(again["waiting_until"], until, "the same wait goes on");
    told_wait(&folder, &until);
    let now = telegram.telegram(|t| t.calls.count(ASKED) + t.calls.lost(ASKED));
    assert_eq!(now, asked, "Telegram was not asked again");
    assert_eq!(folder.cli(&["jobs", "cancel", "check"]).status.code(), Some(0));
    run_ends(&mut daemon, "cancelled");
    daemon.stop();
    telegram.world.finish().unwrap();
}

#[test]
fn wait_ends_and_the_run_goes_on() {
    let (folder, telegram) = world();
    let mut daemon = folder.start();
    telegram.log_in(&folder, &mut daemon);
    telegram.telegram(|t| t.faults.add(Fault::flood(1).on(ASKED).strict()));
    daemon.post("/api/v1/jobs/check/run");
    run_ends(&mut daemon, "waiting");
    let run = run_ends(&mut daemon, "succeeded");
    assert!(run["waiting_until"].is_null() && run["reason"].is_null(), "{run}");
    assert_eq!(daemon.runs("check").len(), 1);
    daemon.stop();
    telegram.world.finish().unwrap();
}

#[test]
fn settings_for_the_next_start_are_named() {
    let (folder, telegram) = world();
    let mut daemon = folder.start();
    telegram.log_in(&folder, &mut daemon);
    // Nobody has asked Telegram yet: what is connected later is told the new pace.
    folder.write_config(&format!("{SECTION}pace = \"fast\"\n{CHECK}"));
    let report = folder.cli_json(&["config", "reload"]);
    assert!(!report.to_string().contains("next start"), "{report}");
    daemon.post("/api/v1/jobs/check/run");
    run_ends(&mut daemon, "succeeded");
    folder.write_config(&format!("{SECTION}pace = \"normal\"\nkey_file = \"key\"\n{CHECK}"));
    let reload = folder.cli(&["config", "reload"]);
    assert_eq!(reload.status.code(), Some(0));
    let (said, page) = (text(&reload.stderr), daemon.get("/api/v1/config")["problems"].to_string());
    for key in ["telegram.key_file", "telegram.pace"] {
        for told in [&said, &page] {
            assert!(told.contains(key) && told.contains("Restart tapedeck"), "{key}: {told}");
        }
    }
    let log = daemon.log();
    assert!(log.contains("A restart is needed for telegram.key_file, telegram.pace"), "{log}");
    daemon.stop();
    telegram.world.finish().unwrap();
}

#[test]
fn metrics_tell_how_accounts_are() {
    let (folder, telegram) = world();
    let mut daemon = folder.start();
    let figure = |daemon: &Daemon, name: &str| -> f64 {
        let metrics = daemon.get_text("/metrics");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("tapedeck_telegram_{name} ")));
        line.unwrap_or_else(|| panic!("{name} is not in {metrics}")).parse().unwrap()
    };
    let state = |daemon: &Daemon, state: &str| {
        figure(daemon, &format!(r#"account{{account="main",state="{state}"}}"#))
    };
    assert_eq!((state(&daemon, "logged-out"), state(&daemon, "idle")), (1.0, 0.0));
    telegram.log_in(&folder, &mut daemon);
    assert_eq!((state(&daemon, "logged-out"), state(&daemon, "idle")), (0.0, 1.0));

    telegram.telegram(|t| t.faults.add(Fault::close_before().on(ASKED).strict()));
    daemon.post("/api/v1/jobs/check/run");
    run_ends(&mut daemon, "succeeded");
    let calls = figure(&daemon, r#"calls_total{account="main"}"#);
    assert!(calls >= 3.0, "two calls, one of them twice: {calls}");
    assert_eq!(figure(&daemon, r#"reconnects_total{account="main"}"#), 1.0);
    assert_eq!(figure(&daemon, r#"waiting_seconds{account="main"}"#), 0.0);
    assert_eq!(state(&daemon, "connected"), 1.0);

    telegram.telegram(|t| t.faults.add(Fault::flood(600).on(ASKED).strict()));
    daemon.post("/api/v1/jobs/check/run");
    run_ends(&mut daemon, "waiting");
    assert_eq!(figure(&daemon, r#"floods_total{account="main"}"#), 1.0);
    let left = figure(&daemon, r#"waiting_seconds{account="main"}"#);
    assert!((500.0..=601.0).contains(&left), "{left}");
    assert_eq!((state(&daemon, "connected"), state(&daemon, "waiting")), (0.0, 1.0));
    assert_eq!(folder.cli(&["jobs", "cancel", "check"]).status.code(), Some(0));
    daemon.stop();
    telegram.world.finish().unwrap();
}
