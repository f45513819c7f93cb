//! A simulated Telegram beside a daemon, which is told of it by `servers.json`.

use tapedeck_sim::{
    World,
    telegram::{Options, Server, Telegram, serve},
};
use tokio::runtime::Runtime;

use super::{Daemon, Folder, text};

pub(crate) const ANN: i64 = 1001;

/// What a configuration needs to speak to it.
pub(crate) const SECTION: &str = r#"
[telegram]
api_id = 1
api_hash = "0123456789abcdef0123456789abcdef"
servers = "servers.json"
"#;

pub(crate) struct SimTelegram {
    pub(crate) world: World,
    _server: Server,
    _runtime: Runtime,
}

impl SimTelegram {
    pub(crate) fn open(folder: &Folder) -> Self {
        Self::of(World::default(), folder)
    }

    pub(crate) fn of(world: World, folder: &Folder) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        world.telegram(|t| {
            t.add_account(ANN, "Ann", "+34600111222", 4);
        });
        let server = runtime.block_on(serve(&world, Options::default())).unwrap();
        let servers = serde_json::to_vec(server.servers()).unwrap();
        std::fs::write(folder.path("servers.json"), servers).unwrap();
        Self { world, _server: server, _runtime: runtime }
    }

    pub(crate) fn telegram<T>(&self, look: impl FnOnce(&mut Telegram) -> T) -> T {
        self.world.telegram(look)
    }

    /// Ann scans the daemon's code, which the command line shows.
    pub(crate) fn log_in(&self, folder: &Folder, daemon: &mut Daemon) {
        let started =
            daemon.post_json("/api/v1/logins", &serde_json::json!({ "account": "main", "method": "qr" }));
        let login = format!("/api/v1/logins/{}", started["id"].as_str().unwrap());
        daemon.wait_until("there is a code", |daemon| daemon.get(&login)["step"]["state"] == "qr");
        let link = daemon.get(&login)["step"]["url"].as_str().unwrap().to_owned();
        self.telegram(|t| t.scan(&link, ANN)).unwrap();
        daemon.wait_until("it is done", |daemon| daemon.get(&login)["step"]["state"] == "done");
        let listed = folder.cli(&["accounts"]);
        assert!(text(&listed.stdout).contains("Ann"), "{}", text(&listed.stderr));
    }

    /// As in Telegram's list of devices.
    pub(crate) fn end_logins(&self) {
        self.telegram(|t| {
            let hashes: Vec<i64> = t.logins_of(ANN).map(|login| login.hash).collect();
            for hash in hashes {
                t.end_login(hash);
            }
        });
    }
}
