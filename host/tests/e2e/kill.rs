use std::collections::HashMap;

use rustix::process::Signal;

use crate::support::*;

const SLOW: &str = r#"
[jobs.slow]
kind = "command"
program = "/bin/sh"
args = ["-c", "echo started; exec sleep 60"]
kill_after = "1s"
"#;

#[test]
fn killed_run_shows_as_interrupted() {
    let folder = Folder::with(SLOW);
    let mut daemon = folder.start();
    daemon.post("/api/v1/jobs/slow/run");
    daemon.wait_until("it runs", |daemon| daemon.statuses("slow") == ["running"]);
    let id = daemon.runs("slow")[0]["id"].as_str().unwrap().to_owned();
    let log = format!("/api/v1/runs/{id}/log");
    daemon.wait_until("its log is there", |daemon| daemon.get(&log)["lines"][0]["message"] == "started");
    // What was said a second before the kill is still there after it.
    std::thread::sleep(std::time::Duration::from_secs(1));
    daemon.kill();

    let daemon = folder.start();
    assert_eq!(daemon.statuses("slow"), ["interrupted"]);
    assert_eq!(daemon.get(&log)["lines"][0]["message"], "started");
    daemon.stop();
}

#[test]
fn random_kills_never_run_a_fire_twice() {
    let job = r#"
[jobs.tick]
kind = "command"
program = "/bin/sh"
args = ["-c", "echo $TAPEDECK_DUE >> fires"]
every = "1s"
overlap = "parallel"
missed = "skip"
"#;
    let folder = Folder::with(job);
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..12 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let daemon = folder.start();
        std::thread::sleep(std::time::Duration::from_millis(300 + (random >> 54)));
        daemon.kill();
    }
    let daemon = folder.start();
    let mut times_run: HashMap<String, usize> = HashMap::new();
    for due in folder.lines("fires") {
        *times_run.entry(due).or_default() += 1;
    }
    assert!(times_run.len() >= 3, "the test has something to look at: {times_run:?}");
    assert!(times_run.values().all(|times| *times == 1), "{times_run:?}");

    // And every second from the first fire to the last has its entry.
    let second =
        |value: &serde_json::Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    let mut decided: Vec<i64> = Vec::new();
    for run in daemon.runs("tick") {
        match &run["covers"] {
            covers if covers.is_object() => {
                decided.extend(second(&covers["from"])..=second(&covers["until"]))
            }
            _ => decided.push(second(&run["due"])),
        }
    }
    decided.sort_unstable();
    assert!(decided.windows(2).all(|pair| pair[1] == pair[0] + 1), "gap or double: {decided:?}");
    daemon.stop();
}

#[test]
fn killed_daemon_leaves_no_lock_behind() {
    let folder = Folder::with(SLOW);
    let daemon = folder.start();
    daemon.signal(Signal::KILL);
    drop(daemon);
    folder.start().stop();
}
