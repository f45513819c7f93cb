use tapedeck_sim::telegram::Peer;

use crate::support::{telegram::*, *};

#[test]
fn programs_do_not_get_the_daemons_secrets() {
    let folder = Folder::with(
        r#"
[jobs.hook]
kind = "webhook"
url = "http://127.0.0.1:9/"
secret = { env = "HOOK_SECRET" }
[jobs.env]
kind = "command"
program = "env"
at_start = true
environment = { WANTED = "seen" }
"#,
    );
    let mut command = folder.command();
    command
        .env("HOOK_SECRET", "whsec_c2VjcmV0LXdvcmQ=")
        .env("VIEWER_USERNAME", "ann")
        .env("VIEWER_PASSWORD", "secret-word");
    command.env("TAPEDECK__LOG__LEVEL", "debug").env("HARMLESS", "yes");
    let mut daemon = Daemon::start(command, &folder.data(), &folder.path("daemon.log"));
    daemon.wait_until("it has run", |daemon| daemon.statuses("env") == ["succeeded"]);
    let id = daemon.runs("env")[0]["id"].as_str().unwrap().to_owned();
    let log = daemon.get(&format!("/api/v1/runs/{id}/log?limit=1000")).to_string();
    assert!(log.contains("HARMLESS=yes") && log.contains("WANTED=seen"), "{log}");
    for secret in ["c2VjcmV0", "secret-word", "TAPEDECK__"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
        assert!(!daemon.log().contains(secret), "{secret} is in the daemon's log");
        assert!(
            !daemon.get("/api/v1/config").to_string().contains(&format!("\"{secret}")),
            "{secret} is on the page"
        );
    }
    daemon.stop();
}

#[test]
fn output_stays_out_of_the_daemons_log() {
    let folder = Folder::with(
        "[jobs.a]\nkind = \"command\"\nprogram = \"echo\"\nargs = [\"private words\"]\nat_start = true\n",
    );
    let mut daemon = folder.start();
    daemon.wait_until("it has run", |daemon| daemon.statuses("a") == ["succeeded"]);
    let id = daemon.runs("a")[0]["id"].as_str().unwrap().to_owned();
    assert!(daemon.get(&format!("/api/v1/runs/{id}/log")).to_string().contains("private words"));
    assert!(!daemon.log().contains("private words"));
    daemon.stop();
}

/// What people say, and whose number it is, is for the archive alone.
#[test]
fn a_sweep_logs_no_text_and_no_number() {
    const GRACE: i64 = 1002;
    let folder = Folder::with(&format!("{SECTION}\n[jobs.sweep]\nkind = \"archive\"\n"));
    let sim = SimTelegram::open(&folder);
    sim.telegram(|t| {
        t.add_user(GRACE, "Grace").phone = Some("34600999888".into());
        for number in 0..20 {
            t.say(Peer::User(ANN), GRACE, &format!("whispered {number}"));
        }
        t.faults.unreadable = [7].into();
    });
    let mut command = folder.command();
    command.env("TAPEDECK__LOG__LEVEL", "debug,tapedeck=trace");
    let mut daemon = Daemon::start(command, &folder.data(), &folder.path("daemon.log"));
    sim.log_in(&folder, &mut daemon);
    daemon.post("/api/v1/jobs/sweep/run");
    daemon.wait_until("it has run", |daemon| {
        !daemon.runs("sweep").is_empty() && !daemon.runs("sweep")[0]["ended"].is_null()
    });
    let held = folder.cli_json(&["archive", "show", &GRACE.to_string()]);
    assert!(held.to_string().contains("whispered 19"), "{held}");
    let id = daemon.runs("sweep")[0]["id"].as_str().unwrap().to_owned();
    let run = daemon.get(&format!("/api/v1/runs/{id}/log?limit=1000")).to_string();
    for secret in ["whispered", "34600999888", "34600111222"] {
        assert!(!daemon.log().contains(secret), "{secret} is in the daemon's log");
        assert!(!run.contains(secret), "{secret} is in {run}");
    }
    daemon.stop();
}
