use rustix::process::Signal;

use crate::support::*;

fn job(name: &str) -> String {
    format!("[jobs.{name}]\nkind = \"command\"\nprogram = \"true\"\n")
}

fn names(daemon: &Daemon) -> Vec<String> {
    let jobs = daemon.get("/api/v1/jobs");
    jobs["jobs"].as_array().unwrap().iter().map(|job| job["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn changed_file_is_in_force_at_once() {
    let folder = Folder::with(&job("one"));
    let mut daemon = folder.start();
    assert_eq!(names(&daemon), ["one"]);
    folder.write_config(&format!("{}{}", job("one"), job("two")));
    daemon.wait_until("both are there", |daemon| names(daemon) == ["one", "two"]);
    daemon.stop();
}

#[test]
fn broken_file_keeps_the_last_good_one() {
    let folder = Folder::with(&job("one"));
    let mut daemon = folder.start();
    folder.write_config("[jobs.two]\nkind = \"comand\"\nprogram = \"true\"\ncron = \"0 0 30 2 *\"\n");
    daemon.wait_until("the problems are known", |daemon| daemon.get("/api/v1/config")["state"] == "problems");
    assert_eq!(names(&daemon), ["one"]);
    let problems = daemon.get("/api/v1/config")["problems"].clone();
    assert!(problems.to_string().contains("comand"), "{problems}");
    assert!(problems.to_string().contains("cron"), "all at once: {problems}");
    assert_eq!(daemon.get("/health/ready")["status"], "ok", "the daemon itself is fine");

    folder.write_config(&job("three"));
    daemon.wait_until("it is mended", |daemon| daemon.get("/api/v1/config")["state"] == "ok");
    assert_eq!(names(&daemon), ["three"]);
    daemon.stop();
}

#[test]
fn broken_file_keeps_the_commands_working() {
    let folder = Folder::with(&job("one"));
    let mut daemon = folder.start();
    let unset = "[jobs.one]\nkind = \"webhook\"\nsecret = { env = \"NOT_SET_HERE\" }\n";
    for broken in ["[jobs.one\nkind =", "jobs = 3", unset] {
        folder.write_config(broken);
        daemon.wait_until("the problems are known", |daemon| {
            daemon.get("/api/v1/config")["state"] == "problems"
        });
        for command in [["health"].as_slice(), &["jobs", "list"]] {
            let output = folder.cli(command);
            assert_eq!(output.status.code(), Some(0), "{command:?} {broken}: {}", text(&output.stderr));
        }
    }
    daemon.stop();
}

#[test]
fn hang_up_reads_the_file_again() {
    let folder = Folder::with(&job("one"));
    let mut daemon = folder.start();
    let loaded_at = daemon.get("/api/v1/config")["loaded_at"].clone();
    daemon.signal(Signal::HUP);
    daemon.wait_until("it was read again", |daemon| daemon.get("/api/v1/config")["loaded_at"] != loaded_at);
    daemon.stop();
}

#[test]
fn setting_for_the_next_start_is_said_so() {
    let folder = Folder::with(&job("one"));
    let mut daemon = folder.start();
    folder.write_config(&format!("[data]\nfolder = \"elsewhere\"\n{}", job("two")));
    daemon.wait_until("it was read", |daemon| names(daemon) == ["two"]);
    daemon.wait_until("the restart is asked for", |daemon| {
        let problems = daemon.get("/api/v1/config")["problems"].to_string();
        problems.contains("data.folder") && problems.contains("Restart")
    });
    daemon.stop();
}
