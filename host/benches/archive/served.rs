//! The simulated Telegram in a process of its own, and a client of it.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use tapedeck::{
    clock::SystemClock,
    lifecycle::Lifecycle,
    model::{AccountName, SelfView},
    telegram::{
        Client, ClientParts, ClientSettings, Limits, Pacing,
        servers::{DataCenters, Servers},
        session::AccountSession,
    },
};
use tapedeck_sim::{
    World,
    telegram::{
        Options,
        make::{self, Recipe},
        serve,
    },
};

pub(crate) const SERVE: &str = "--serve-telegram";

/// What the measuring process has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    servers: serde_json::Value,
    keys: BTreeMap<i32, String>,
    me: i64,
}

/// What ordinary people send: about one message in six has media, half of them something besides text.
pub(crate) fn recipe(messages: usize, chats: usize) -> Recipe {
    Recipe { seed: 7, messages, chats, everything: false, ..Recipe::default() }
}

/// Answers until nobody reads what it says any more.
pub(crate) async fn serve_world(messages: usize, chats: usize) {
    let world = World::default();
    let recipe = recipe(messages, chats);
    let plan = world.telegram(|t| make::fill(t, &recipe));
    let options = Options { home: recipe.home_dc, ..Options::default() };
    let server = serve(&world, options).await.expect("ports on loopback");
    let keys = world.telegram(|t| {
        let keys = t.new_keys();
        t.log_in_keys(&keys, plan.me());
        keys
    });
    let hello = Hello {
        servers: serde_json::to_value(server.servers()).expect("servers are plain"),
        keys: keys.iter().map(|(dc, key)| (*dc, BASE64_STANDARD.encode(key))).collect(),
        me: plan.me(),
    };
    println!("{}", serde_json::to_string(&hello).expect("it is plain"));
    let waiting = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let _ = waiting.await;
}

/// The other process; it ends with this one.
pub(crate) struct Served(Child);

impl Served {
    pub(crate) fn start(messages: usize) -> (Self, Hello) {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .args([SERVE, "here", "--messages", &messages.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can be started again");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        output.read_line(&mut line).expect("it says hello");
        (Self(child), serde_json::from_str(&line).expect("a hello"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

pub(crate) fn connect(hello: &Hello, lifecycle: &Lifecycle) -> Client {
    let servers: Servers = serde_json::from_value(hello.servers.clone()).expect("servers");
    let key = |text: &String| BASE64_STANDARD.decode(text).ok().and_then(|key| key.try_into().ok());
    let keys = hello.keys.iter().map(|(dc, text)| (*dc, key(text).expect("a key"))).collect();
    let session = AccountSession::fresh(&DataCenters::of(&servers).with_keys(&keys));
    let me = SelfView { id: hello.me, name: "Bench".into(), username: None, phone_masked: None };
    session.set_me(me).expect("nobody else is logged in");
    Client::connect(ClientParts {
        account: AccountName::main(),
        session,
        settings: ClientSettings {
            api_id: 1,
            proxy: None,
            ipv6: false,
            pacing: Pacing::UNLIMITED,
            limits: Limits::default(),
        },
        waits: None,
        clock: Arc::new(SystemClock),
        lifecycle: lifecycle.clone(),
    })
}
