//! What we promise about reading Telegram, measured: `make bench`.
//!
//! The simulated Telegram runs in a process of its own, so that CPU time is the client's alone.
//! Prints one line per figure; docs/performance.md holds the figures and the aims.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use grammers_tl_types::{enums::InputPeer, functions::messages::GetHistory};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use tapedeck::{
    clock::SystemClock,
    lifecycle::Lifecycle,
    model::{AccountName, SelfView},
    telegram::{
        Client, ClientParts, ClientSettings, Lane, Limits, Pacing, convert, read,
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

const SERVE: &str = "--serve-telegram";
const MESSAGES: usize = 50_000;
const CHATS: usize = 12;
const ROUNDS: usize = 3;

fn main() {
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if has(SERVE) {
        runtime.block_on(serve_world());
    } else if !has("--test") {
        // `cargo test --benches` passes that: there is nothing to test here.
        runtime.block_on(measure());
    }
}

/// What the measuring process has to know.
#[derive(Serialize, Deserialize)]
struct Hello {
    servers: serde_json::Value,
    keys: BTreeMap<i32, String>,
    me: i64,
}

/// Answers until nobody reads what it says any more.
async fn serve_world() {
    let world = World::default();
    let until = 1_770_000_000;
    let recipe = Recipe { seed: 7, messages: MESSAGES, chats: CHATS, until, ..Recipe::default() };
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
struct Served(Child);

impl Served {
    fn start() -> (Self, Hello) {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .arg(SERVE)
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

async fn measure() {
    let (_served, hello) = Served::start();
    let lifecycle = Lifecycle::default();
    let client = connect(&hello, &lifecycle);
    let peers = chats(&client).await;
    let pages = pages(&client, &peers).await;
    let calls = client.governor().borrow().calls;
    println!("{:<52} {calls:>12} calls", format!("{MESSAGES} messages in {} chats", peers.len()));

    for round in 1..=ROUNDS {
        println!("round {round}");
        figure("raw bytes", raw(&client, &pages).await);
        figure("decoded, one page after the other", decoded(&client, &peers, 1, false).await);
        figure("decoded, 4 pages ahead", decoded(&client, &peers, 4, false).await);
        figure("decoded and converted, 4 pages ahead", decoded(&client, &peers, 4, true).await);
    }
    lifecycle.drain();
    client.close();
}

fn connect(hello: &Hello, lifecycle: &Lifecycle) -> Client {
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

async fn chats(client: &Client) -> Vec<InputPeer> {
    let mut peers = Vec::new();
    for folder in [read::Folder::Main, read::Folder::Archived] {
        let mut dialogs = read::Dialogs::new(client, folder);
        while let Some(page) = dialogs.next_page().await.expect("the list of chats") {
            for dialog in page.dialogs {
                peers.push(client.input_peer(convert::peer(dialog.peer)).await.expect("it is in the list"));
            }
        }
    }
    peers
}

/// Where each page of each chat begins.
async fn pages(client: &Client, peers: &[InputPeer]) -> Vec<(InputPeer, i32)> {
    let mut pages = Vec::new();
    for peer in peers {
        let mut reader = read::history(client, peer.clone());
        let mut begins = 0;
        while reader.next_page().await.expect("a page").is_some() {
            pages.push((peer.clone(), begins));
            begins = reader.position();
        }
    }
    pages
}

/// Messages, wall time, CPU time.
type Measured = (usize, Duration, Duration);

async fn raw(client: &Client, pages: &[(InputPeer, i32)]) -> Measured {
    let (started, cpu_before) = (Instant::now(), cpu());
    for (peer, offset_id) in pages {
        let call = GetHistory {
            peer: peer.clone(),
            offset_id: *offset_id,
            offset_date: 0,
            add_offset: 0,
            limit: 100,
            max_id: 0,
            min_id: 0,
            hash: 0,
        };
        let bytes = client.invoke_raw(Lane::Main, &call).await.expect("a page");
        std::hint::black_box(bytes);
    }
    (MESSAGES, started.elapsed(), cpu() - cpu_before)
}

async fn decoded(client: &Client, peers: &[InputPeer], ahead: usize, converts: bool) -> Measured {
    let (started, cpu_before) = (Instant::now(), cpu());
    let mut messages = 0;
    for peer in peers {
        let mut reader = read::history(client, peer.clone()).ahead(ahead);
        while let Some(page) = reader.next_page().await.expect("a page") {
            messages += page.messages.len();
            if converts {
                page.messages
                    .into_iter()
                    .for_each(|message| drop(std::hint::black_box(convert::fetched(message))));
            } else {
                std::hint::black_box(page);
            }
        }
    }
    (messages, started.elapsed(), cpu() - cpu_before)
}

fn figure(what: &str, (messages, wall, cpu): Measured) {
    let per = |time: Duration| messages as f64 / time.as_secs_f64();
    println!("{what:<52} {:>12.0} messages/s {:>12.0} messages/CPU-s", per(wall), per(cpu));
}

/// What this process has used so far.
fn cpu() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or(0))
}
