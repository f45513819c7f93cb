//! The real binary beside a simulated Telegram: commands as people type them.

use std::{path::PathBuf, process::Stdio};

use serde_json::Value;
use tapedeck_sim::{
    World,
    telegram::{self, Options, Server},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{
    accounts::{ANN, ANNS_PHONE, BOB},
    variable,
};

pub(crate) const SOON: std::time::Duration = std::time::Duration::from_secs(15);

/// A configuration beside a simulated Telegram.
pub(crate) struct Desk {
    pub(crate) world: World,
    _server: Server,
    folder: TempDir,
}

impl Desk {
    pub(crate) async fn start() -> Self {
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

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tapedeck"));
        let inherited = ["PATH", "HOME", "TMPDIR"].map(|name| (name, variable(name)));
        command.env_clear().kill_on_drop(true);
        command.envs(inherited.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command.arg("--config").arg(self.path("config.toml")).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let running = self.command(arguments).stdin(Stdio::null()).output();
        let output = tokio::time::timeout(SOON, running).await.expect("it ends").unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    }

    pub(crate) fn talk(&self, arguments: &[&str]) -> Talk {
        let mut child =
            self.command(&[&["--json", "login", "telegram"], arguments].concat()).spawn().unwrap();
        let steps = BufReader::new(child.stdout.take().unwrap()).lines();
        Talk { stdin: child.stdin.take().unwrap(), steps, child }
    }

    pub(crate) async fn account(&self) -> Value {
        let (code, accounts, errors) = self.run(&["--json", "accounts"]).await;
        assert_eq!(code, 0, "{errors}");
        serde_json::from_str::<Value>(&accounts).unwrap()["accounts"][0].clone()
    }

    /// By QR code, with the user's phone.
    pub(crate) async fn log_in(&self, user: i64, arguments: &[&str]) -> Value {
        let mut talk = self.talk(arguments);
        let step = talk.step("qr").await;
        self.world.telegram(|t| t.scan(step["url"].as_str().unwrap(), user)).unwrap();
        talk.end().await
    }

    pub(crate) fn devices(&self, user: i64) -> usize {
        self.world.telegram(|t| t.logins_of(user).count())
    }

    /// A daemon that is ready.
    pub(crate) async fn daemon(&self) -> Child {
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
pub(crate) struct Talk {
    stdin: ChildStdin,
    steps: tokio::io::Lines<BufReader<ChildStdout>>,
    pub(crate) child: Child,
}

impl Talk {
    /// The next step of this name.
    pub(crate) async fn step(&mut self, name: &str) -> Value {
        loop {
            let line = tokio::time::timeout(SOON, self.steps.next_line()).await.expect("it goes on");
            let login: Value = serde_json::from_str(&line.unwrap().expect("it has not ended")).unwrap();
            if login["step"]["state"] == name {
                return login["step"].clone();
            }
        }
    }

    pub(crate) async fn answer(&mut self, line: &str) {
        self.stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    pub(crate) async fn end(mut self) -> Value {
        let done = self.step("done").await;
        let status = tokio::time::timeout(SOON, self.child.wait()).await.expect("it ends").unwrap();
        assert!(status.success());
        done
    }

    /// It ends with this code; what it says then.
    pub(crate) async fn refusal(self, code: i32) -> String {
        let Self { stdin, steps: _steps, child } = self;
        drop(stdin);
        let output = tokio::time::timeout(SOON, child.wait_with_output()).await.expect("it ends").unwrap();
        assert_eq!(output.status.code(), Some(code));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}
