//! What we promise about downloads, measured: `make bench`.
//!
//! The same file over the same simulated Telegram, by us and by Telethon with cryptg, at home and
//! far away. Telegram runs in a process of its own, so that CPU time is the client's alone. Our
//! time ends when the file is compared with Telegram's hashes, synced and renamed.
//!
//! Telethon comes from PyPI with `make test-telethon`; without it, only our figures are printed.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use tapedeck::{
    clock::{Clock as _, SystemClock},
    lifecycle::Lifecycle,
    model::{AccountName, Blob, SelfView},
    telegram::{
        Client, ClientParts, ClientSettings, Limits, Pacing,
        download::{DownloadLimits, DownloadProgress, Downloads, Place, Wanted, Watcher},
        servers::{DataCenters, Servers},
        session::AccountSession,
    },
};
use tapedeck_sim::{
    World,
    telegram::{Content, File, Options, serve},
};

const SERVE: &str = "--serve-files";
const ADA: i64 = 1;
const HOME: i32 = 2;
const FILE: i64 = 7;
const BYTES: u64 = 128 * 1024 * 1024;
const ROUNDS: usize = 3;
const FETCH: &str = "--fetch-until-killed";
const KILLS: usize = 8;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let after = |flag: &str| arguments.iter().position(|it| it == flag).and_then(|at| arguments.get(at + 1));
    if let Some(latency) = after(SERVE) {
        let latency = Duration::from_millis(latency.parse().expect("milliseconds"));
        runtime.block_on(serve_file(latency));
    } else if let Some(hello) = after(FETCH) {
        let hello = serde_json::from_str(hello).expect("a hello");
        runtime.block_on(fetch_until_killed(&hello, Path::new(arguments.last().expect("a path"))));
    } else if !arguments.iter().any(|it| it == "--test") {
        // `cargo test --benches` passes that: there is nothing to test here.
        for latency_ms in [0, 50] {
            runtime.block_on(measure(latency_ms));
        }
        measure_kills();
    }
}

/// What the measuring processes have to know.
#[derive(Serialize, Deserialize)]
struct Hello {
    servers: serde_json::Value,
    /// Of the home, for us and for Telethon.
    keys: [String; 2],
    reference: String,
    id: i64,
    access_hash: i64,
    size: u64,
    dc: i32,
}

/// Answers until nobody reads what it says any more.
async fn serve_file(latency: Duration) {
    let world = World::default();
    let options = Options { home: HOME, ..Options::default() };
    let server = serve(&world, options).await.expect("ports on loopback");
    let (keys, reference) = world.telegram(|t| {
        t.add_account(ADA, "Ada", "+15550001", HOME);
        let keys = [t.new_keys(), t.new_keys()];
        for keys in &keys {
            t.log_in_keys(keys, ADA);
        }
        let content = Content::Noise { seed: 1, len: BYTES };
        let (date, mime) = (t.now(), "application/octet-stream".to_owned());
        let (thumbs, attributes) = (Vec::new(), Vec::new());
        let access_hash = FILE;
        t.files.add(File {
            id: FILE,
            access_hash,
            dc: HOME,
            date,
            mime,
            content,
            thumbs,
            attributes,
            photo: None,
        });
        if !latency.is_zero() {
            t.faults.latency.insert(HOME, latency);
        }
        (keys.map(|keys| BASE64_STANDARD.encode(keys[&HOME])), t.files.reference(FILE))
    });
    let hello = Hello {
        servers: serde_json::to_value(server.servers()).expect("servers are plain"),
        keys,
        reference: BASE64_STANDARD.encode(reference),
        id: FILE,
        access_hash: FILE,
        size: BYTES,
        dc: HOME,
    };
    println!("{}", serde_json::to_string(&hello).expect("it is plain"));
    let waiting = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let _ = waiting.await;
}

/// The other process; it ends with this one.
struct Served(Child);

impl Served {
    fn start(latency_ms: u64) -> (Self, Hello) {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.args([SERVE, &latency_ms.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it can be started again");
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

async fn measure(latency_ms: u64) {
    let (_served, hello) = Served::start(latency_ms);
    let folder = tempfile::tempdir_in(target()).expect("a folder");
    let lifecycle = Lifecycle::default();
    let client = connect(&hello, &lifecycle);
    let downloads = Downloads::new(client.clone(), Arc::new(SystemClock), DownloadLimits::default());
    for round in 1..=ROUNDS {
        println!("{latency_ms} ms, round {round}");
        let path = folder.path().join(format!("ours-{round}"));
        figure("tapedeck", ours(&downloads, &hello, &path).await);
        assert_eq!(std::fs::metadata(&path).map(|it| it.len()).ok(), Some(BYTES), "it is whole");
        std::fs::remove_file(&path).expect("it was there");
        let Some(theirs) = telethon(&hello, folder.path()) else { continue };
        figure("Telethon + cryptg", theirs);
    }
    lifecycle.drain();
    client.close();
}

/// The process is killed with parts on their way, and started again until the file is whole.
fn measure_kills() {
    let (_served, hello) = Served::start(0);
    let hello = serde_json::to_string(&hello).expect("it is plain");
    let folder = tempfile::tempdir_in(target()).expect("a folder");
    let path = folder.path().join("killed");
    let mut written = 0;
    for life in 0..=KILLS {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.args([FETCH, &hello]).arg(&path).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it can be started again");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut done = lines.map_while(Result::ok).filter_map(|line| line.parse::<u64>().ok());
        let found = done.next().expect("what it found");
        let last = if life < KILLS {
            let last = done.by_ref().nth(20 + 3 * life).expect("it is killed in the middle");
            child.kill().expect("it runs");
            done.last().unwrap_or(last)
        } else {
            done.last().unwrap_or(found)
        };
        child.wait().expect("it ran");
        written += last - found;
    }
    assert_eq!(std::fs::metadata(&path).map(|it| it.len()).ok(), Some(BYTES), "it is whole");
    let twice = written - BYTES;
    println!("{:<52} {twice:>12} bytes", format!("fetched again of what was written, {KILLS} kills"));
}

async fn fetch_until_killed(hello: &Hello, path: &Path) {
    let lifecycle = Lifecycle::default();
    let downloads =
        Downloads::new(connect(hello, &lifecycle), Arc::new(SystemClock), DownloadLimits::default());
    let progress = Arc::new(|progress: DownloadProgress| println!("{}", progress.done_bytes));
    let watcher = Watcher { progress: Some(progress), ..Watcher::default() };
    downloads.fetch(&wanted(hello, path), &watcher).await.expect("it comes");
}

/// Wall time, CPU time.
type Measured = (Duration, Duration);

fn wanted(hello: &Hello, path: &Path) -> Wanted {
    let reference = BASE64_STANDARD.decode(&hello.reference).expect("base64");
    Wanted {
        place: Place::Document {
            id: hello.id,
            access_hash: hello.access_hash,
            reference: Blob(reference),
            letter: String::new(),
        },
        dc: hello.dc,
        size_bytes: Some(hello.size),
        path: path.to_owned(),
        origin: None,
        told: SystemClock.now(),
    }
}

async fn ours(downloads: &Downloads, hello: &Hello, path: &Path) -> Measured {
    let wanted = wanted(hello, path);
    let (started, before) = (Instant::now(), cpu());
    downloads.fetch(&wanted, &Watcher::default()).await.expect("it comes");
    (started.elapsed(), cpu() - before)
}

/// Nothing when it is not installed.
fn telethon(hello: &Hello, folder: &Path) -> Option<Measured> {
    let python = target().join("tools/telethon/bin/python");
    if !python.exists() {
        println!("{:<52} not installed: `make test-telethon` gets it", "Telethon + cryptg");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/telethon_download.py");
    let hello = serde_json::to_string(hello).expect("it is plain");
    let output =
        Command::new(python).args(["-B", script, &hello]).arg(folder).output().expect("Python starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let mut seconds = said.split_whitespace().filter_map(|word| word.parse().ok());
    let (Some(wall), Some(cpu)) = (seconds.next(), seconds.next()) else {
        panic!("Telethon failed: {}", String::from_utf8_lossy(&output.stderr));
    };
    Some((Duration::from_secs_f64(wall), Duration::from_secs_f64(cpu)))
}

fn connect(hello: &Hello, lifecycle: &Lifecycle) -> Client {
    let servers: Servers = serde_json::from_value(hello.servers.clone()).expect("servers");
    let key = BASE64_STANDARD.decode(&hello.keys[0]).ok().and_then(|key| key.try_into().ok()).expect("a key");
    let session = AccountSession::fresh(&DataCenters::of(&servers).with_keys(&[(HOME, key)].into()));
    let me = SelfView { id: ADA, name: "Ada".into(), username: None, phone_masked: None };
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

fn figure(what: &str, (wall, cpu): Measured) {
    let per = |time: Duration| BYTES as f64 / 1e6 / time.as_secs_f64();
    println!("{what:<52} {:>12.1} MB/s {:>12.1} MB/CPU-s", per(wall), per(cpu));
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target")
}

/// What this process has used so far.
fn cpu() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec.unsigned_abs(), u32::try_from(used.tv_nsec).unwrap_or(0))
}
