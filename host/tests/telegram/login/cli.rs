//! `tapedeck login`, `accounts` and `logout` as people type them, against the simulated Telegram.

use std::{path::PathBuf, process::Stdio};

use serde_json::Value;
use tapedeck_sim::{
    World,
    telegram::{self, Options, Password, Server},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::support::{
    accounts::{ANN, ANNS_PHONE, BOB},
    variable,
};

const SOON: std::time::Duration = std::time::Duration::from_secs(15);

/// A configuration beside a simulated Telegram.
struct Desk {
    world: World,
    _server: Server,
    folder: TempDir,
}

impl Desk {
    async fn start() -> Self {
        let world = World::default();
        world.telegram(|t| {
            t.add_account(ANN, "Ann", ANNS_PHONE, 4);
            t.add_account(BOB, "Bob", "+34600333444", 2);
        });
        let server = telegram::serve(&world, Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let text = "[server]\nlisten = \"127.0.0.1:0\"\n[telegram]\napi_id = 1\nservers = \"servers.json\"\n\
                    api_hash = \"0123456789abcdef0123456789abcdef\"\n";
        std::fs::write(folder.path().join("config.toml"), text).unwrap();
        let servers = serde_json::to_vec(server.servers()).unwrap();
        std::fs::write(folder.path().join("servers.json"), servers).unwrap();
        Self { world, _server: server, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tapedeck"));
        let inherited = ["PATH", "HOME", "TMPDIR"].map(|name| (name, variable(name)));
        command.env_clear().kill_on_drop(true);
        command.envs(inherited.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command.arg("--config").arg(self.path("config.toml")).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    async fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let running = self.command(arguments).stdin(Stdio::null()).output();
        let output = tokio::time::timeout(SOON, running).await.expect("it ends").unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    fn talk(&self, arguments: &[&str]) -> Talk {
        let mut child =
            self.command(&[&["--json", "login", "telegram"], arguments].concat()).spawn().unwrap();
        let steps = BufReader::new(child.stdout.take().unwrap()).lines();
        Talk { stdin: child.stdin.take().unwrap(), steps, child }
    }

    async fn account(&self) -> Value {
        let (code, accounts, errors) = self.run(&["--json", "accounts"]).await;
        assert_eq!(code, 0, "{errors}");
        serde_json::from_str::<Value>(&accounts).unwrap()["accounts"][0].clone()
    }

    /// By QR code, with the user's phone.
    async fn log_in(&self, user: i64, arguments: &[&str]) -> Value {
        let mut talk = self.talk(arguments);
        let step = talk.step("qr").await;
        self.world.telegram(|t| t.scan(step["url"].as_str().unwrap(), user)).unwrap();
        talk.end().await
    }

    fn devices(&self, user: i64) -> usize {
        self.world.telegram(|t| t.logins_of(user).count())
    }

    /// A daemon that is ready.
    async fn daemon(&self) -> Child {
        let mut child = self.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let ready = async {
            while self.run(&["health"]).await.0 != 0 {
                assert!(child.try_wait().unwrap().is_none(), "the daemon has ended");
            }
        };
        tokio::time::timeout(SOON, ready).await.expect("it is ready");
        child
    }
}

/// A login that goes on.
struct Talk {
    stdin: ChildStdin,
    steps: tokio::io::Lines<BufReader<ChildStdout>>,
    child: Child,
}

impl Talk {
    /// The next step of this name.
    async fn step(&mut self, name: &str) -> Value {
        loop {
            let line = tokio::time::timeout(SOON, self.steps.next_line()).await.expect("it goes on");
            let login: Value = serde_json::from_str(&line.unwrap().expect("it has not ended")).unwrap();
            if login["step"]["state"] == name {
                return login["step"].clone();
            }
        }
    }

    async fn answer(&mut self, line: &str) {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    async fn end(mut self) -> Value {
        let done = self.step("done").await;
        let status = tokio::time::timeout(SOON, self.child.wait()).await.expect("it ends").unwrap();
        assert!(status.success());
        done
    }
}

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
