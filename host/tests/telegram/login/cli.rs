//! `tapedeck login`, `accounts` and `logout` as people type them, against the simulated Telegram.

use std::os::unix::fs::PermissionsExt as _;

use tapedeck_sim::telegram::Password;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::support::{
    accounts::{ANN, ANNS_PHONE, BOB},
    desk::{Desk, SOON},
};

#[tokio::test]
async fn login_by_code_and_password_needs_no_terminal() {
    let desk = Desk::start().await;
    desk.world
        .telegram(|t| t.account(ANN).unwrap().password = Some(Password::new("secret", Some("the usual"))));
    let mut talk = desk.talk(&["--phone", ANNS_PHONE]);
    let asked = talk.step("code").await;
    assert_eq!(asked["phone_masked"], "•••• 1222");
    let code = desk.world.telegram(|t| t.last_code(ANNS_PHONE)).unwrap();
    talk.answer(&code).await;
    assert_eq!(talk.step("password").await["hint"], "the usual");
    talk.answer("secret").await;
    assert_eq!(talk.end().await["user"]["id"], ANN);
    let account = desk.account().await;
    assert_eq!((account["state"].as_str(), account["user"]["name"].as_str()), (Some("idle"), Some("Ann")));
    desk.world.finish().unwrap();
}

#[tokio::test]
async fn wrong_account_is_refused_and_replaced_on_demand() {
    let desk = Desk::start().await;
    assert_eq!(desk.log_in(ANN, &[]).await["user"]["id"], ANN);
    let mut talk = desk.talk(&[]);
    let step = talk.step("qr").await;
    desk.world.telegram(|t| t.scan(step["url"].as_str().unwrap(), BOB)).unwrap();
    talk.step("other-user").await;
    let output = tokio::time::timeout(SOON, talk.child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--replace"));
    assert_eq!((desk.account().await["user"]["id"].as_i64(), desk.devices(BOB)), (Some(ANN), 0));
    assert_eq!(desk.log_in(BOB, &["--replace"]).await["user"]["id"], BOB);
    assert_eq!((desk.account().await["user"]["id"].as_i64(), desk.devices(ANN)), (Some(BOB), 0));
}

#[tokio::test]
async fn missing_servers_are_told_with_their_cause() {
    let desk = Desk::start().await;
    std::fs::remove_file(desk.path("servers.json")).unwrap();
    let (code, _, errors) = desk.run(&["login", "telegram", "--qr"]).await;
    assert_eq!(code, 1, "{errors}");
    assert!(errors.contains("servers.json") && errors.contains("No such file"), "{errors}");
}

#[tokio::test]
async fn login_without_its_key_is_unusable_not_ended() {
    let desk = Desk::start().await;
    desk.log_in(ANN, &[]).await;
    let (key, away) = (desk.path("tapedeck-data/telegram.key"), desk.path("away"));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (_, _, notices) = desk.run(&["accounts"]).await;
    assert!(notices.contains("chmod 600"), "{notices}");
    std::fs::rename(&key, &away).unwrap();
    let account = desk.account().await;
    assert_eq!(account["state"], "unusable", "{account}");
    assert!(account["reason"].as_str().unwrap().contains("put it back"), "{account}");
    std::fs::rename(&away, &key).unwrap();
    assert_eq!(desk.account().await["state"], "idle");
}

#[tokio::test]
async fn running_daemon_holds_the_logins() {
    let desk = Desk::start().await;
    let mut daemon = desk.daemon().await;
    assert_eq!(desk.log_in(ANN, &[]).await["user"]["id"], ANN);
    assert_eq!(desk.account().await["user"]["id"], ANN);
    let (code, _, errors) = desk.run(&["logout", "telegram"]).await;
    assert_eq!((code, desk.devices(ANN)), (0, 0), "{errors}");
    assert_eq!(desk.account().await["state"], "logged-out");
    let (code, _, errors) = desk.run(&["logout", "telegram"]).await;
    assert_eq!(code, 1, "{errors}");
    daemon.kill().await.unwrap();
}

#[tokio::test]
async fn telethon_session_logs_us_in_without_sharing_its_key() {
    let desk = Desk::start().await;
    let keys = desk.world.telegram(|t| {
        let keys = t.new_keys();
        t.log_in_keys(&keys, ANN);
        keys
    });
    let path = desk.path("old.session");
    let session = rusqlite::Connection::open(&path).unwrap();
    session
        .execute_batch(
            "CREATE TABLE version (version INTEGER PRIMARY KEY); INSERT INTO version VALUES (7);
             CREATE TABLE sessions (dc_id INTEGER PRIMARY KEY, server_address TEXT, port INTEGER, auth_key BLOB, takeout_id INTEGER);
             CREATE TABLE entities (id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, username TEXT, phone INTEGER, name TEXT, date INTEGER);
             CREATE TABLE update_state (id INTEGER PRIMARY KEY, pts INTEGER, qts INTEGER, date INTEGER, seq INTEGER);",
        )
        .unwrap();
    let row = rusqlite::params![4, "149.154.167.91", 443, keys[&4].to_vec()];
    session.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, NULL)", row).unwrap();
    drop(session);
    let path = path.to_str().unwrap().to_owned();
    let talk = desk.talk(&["--import", &path]);
    assert_eq!(talk.end().await["user"]["id"], ANN);
    assert_eq!(desk.devices(ANN), 2, "the other program keeps its own login");
    let talk = desk.talk(&["--account", "same", "--import", &path, "--take-over"]);
    assert_eq!(talk.end().await["user"]["id"], ANN);
    assert_eq!(desk.devices(ANN), 2, "the other program's login is ours now");
}

#[tokio::test]
async fn people_see_a_code_and_no_secrets() {
    let desk = Desk::start().await;
    let mut child = desk.command(&["login", "telegram"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = tokio::time::timeout(SOON, lines.next_line()).await.unwrap().unwrap().unwrap();
    assert!(first.contains("Link Desktop Device"), "{first}");
    let code = lines.next_line().await.unwrap().unwrap();
    assert!(code.chars().all(|c| c == '█'), "{code}");
    let link = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("it has not ended");
            if line.starts_with("tg://login?token=") {
                return line;
            }
        }
    };
    let link = tokio::time::timeout(SOON, link).await.expect("for those who cannot scan");
    assert!(link.len() > 40, "{link}");
    let pid = rustix::process::Pid::from_raw(child.id().unwrap().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = tokio::time::timeout(SOON, child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("given up") && !errors.contains("tg://"), "{errors}");
    assert_eq!(desk.account().await["state"], "logged-out");
}

#[tokio::test]
async fn missing_application_says_where_to_get_one() {
    let desk = Desk::start().await;
    std::fs::write(desk.path("config.toml"), "").unwrap();
    let (code, _, errors) = desk.run(&["login", "telegram"]).await;
    assert_eq!(code, 2, "{errors}");
    assert!(errors.contains("my.telegram.org"), "{errors}");
    let (_, accounts, errors) = desk.run(&["accounts"]).await;
    assert!(accounts.contains("main (default)") && errors.contains("my.telegram.org"), "{accounts}{errors}");
}
