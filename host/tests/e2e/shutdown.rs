use std::time::Instant;

use rustix::process::Signal;

use crate::support::*;

fn stubborn(kill_after: &str) -> String {
    format!(
        r#"
[scheduler]
drain_timeout = "30s"
[jobs.stubborn]
kind = "command"
program = "/bin/sh"
args = ["-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]
kill_after = "{kill_after}"
[jobs.polite]
kind = "command"
program = "/bin/sh"
args = ["-c", "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.1; done"]
"#
    )
}

fn start_and_wait(daemon: &mut Daemon, job: &str) -> String {
    let id = daemon.post(&format!("/api/v1/jobs/{job}/run"))["id"].as_str().unwrap().to_owned();
    let log = format!("/api/v1/runs/{id}/log");
    daemon
        .wait_until("the program is ready", |daemon| daemon.get(&log)["lines"].to_string().contains("ready"));
    id
}

#[test]
fn first_signal_lets_programs_end() {
    let folder = Folder::with(&stubborn("10s"));
    let mut daemon = folder.start();
    let id = start_and_wait(&mut daemon, "polite");
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ended(), Some(0));

    let daemon = folder.start();
    assert_eq!(daemon.get(&format!("/api/v1/runs/{id}"))["status"], "interrupted", "it was not done");
    assert!(daemon.get(&format!("/api/v1/runs/{id}/log"))["lines"].to_string().contains("bye"));
    daemon.stop();
}

#[test]
fn second_signal_stops_at_once() {
    let folder = Folder::with(&stubborn("25s"));
    let mut daemon = folder.start();
    start_and_wait(&mut daemon, "stubborn");
    let started = Instant::now();
    daemon.signal(Signal::INT);
    daemon.wait_until("it drains", |daemon| daemon.log().contains("a second signal stops at once"));
    daemon.signal(Signal::INT);
    daemon.ended();
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    assert_eq!(folder.start().statuses("stubborn"), ["interrupted"]);
}

#[test]
fn programs_that_ignore_the_signal_are_killed() {
    let folder = Folder::with(&stubborn("1s"));
    let mut daemon = folder.start();
    start_and_wait(&mut daemon, "stubborn");
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ended(), Some(0));
}

#[test]
fn ended_daemon_takes_its_address_away() {
    let folder = Folder::with("");
    folder.start().stop();
    assert!(!folder.data().join("daemon.json").exists());
}
