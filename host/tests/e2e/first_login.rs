//! A daemon is there before anybody has logged in, and goes on when somebody logs in anew.

use tapedeck_sim::telegram::Peer;

use crate::support::{telegram::*, *};

const GRACE: i64 = 1002;

/// As the README has them.
const JOBS: &str = r#"
[jobs.archive]
kind = "archive"
at_start = true
on = ["telegram-login"]

[jobs.listen]
kind = "listen"
at_start = true
on = ["telegram-login"]
retry = { times = 100, first_delay = "10s", max_delay = "10m" }
"#;

fn holds(daemon: &Daemon, text: &str) -> bool {
    let answer = daemon.get(&format!("/api/v1/archive/chats/{GRACE}/messages"));
    let messages = answer["messages"].as_array();
    messages.is_some_and(|messages| messages.iter().any(|message| message["text"] == text))
}

/// Said until it is heard: nobody hears what came before they listened.
fn is_heard(telegram: &SimTelegram, daemon: &mut Daemon, text: &str) {
    daemon.wait_until("it is heard", |daemon| {
        telegram.telegram(|t| t.say(Peer::User(ANN), GRACE, text));
        holds(daemon, text)
    });
}

#[test]
fn a_login_starts_what_waited_for_it_and_interrupts_nothing() {
    let folder = Folder::with(&format!("{SECTION}{JOBS}"));
    let telegram = SimTelegram::open(&folder);
    telegram.telegram(|t| {
        t.add_user(GRACE, "Grace");
        t.say(Peer::User(ANN), GRACE, "before");
    });
    let mut daemon = folder.start();
    for job in ["archive", "listen"] {
        daemon.wait_until("nobody is logged in", |daemon| daemon.statuses(job) == ["failed"]);
    }

    telegram.log_in(&folder, &mut daemon);
    daemon.wait_until("it is archived", |daemon| daemon.statuses("archive") == ["failed", "succeeded"]);
    assert!(holds(&daemon, "before"));
    is_heard(&telegram, &mut daemon, "first");
    daemon.wait_until("it listens", |daemon| daemon.statuses("listen") == ["failed", "running"]);

    // The same person once more: the login before this one is ended at Telegram.
    telegram.log_in(&folder, &mut daemon);
    is_heard(&telegram, &mut daemon, "second");
    daemon.wait_until("the same run goes on", |daemon| {
        daemon.statuses("listen") == ["failed", "running", "skipped"]
    });
    daemon.stop();
    telegram.world.finish().unwrap();
}
