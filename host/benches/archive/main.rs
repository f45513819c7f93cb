//! What we promise about the archive, measured on both engines: `cargo bench -p tapedeck --bench archive`.
//!
//! Each part runs in a process of its own, and so does the simulated Telegram, so that CPU time and memory are those
//! of the part alone. Figures and aims are in docs/performance.md.
//!
//! Arguments after `--`: `--messages 50000` for a smaller archive (else a million), `--engine sqlite` or `--engine
//! postgres` for one of the two, `--plugins FOLDER` (else `target/plugins`).

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod asks;
mod engines;
mod figures;
mod rows;
mod served;
mod sweeps;
mod writes_out;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use engines::Engine;

const MESSAGES: usize = 1_000_000;
const CHATS: usize = 200;

/// What a part has to know.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Task {
    part: String,
    messages: usize,
    engine: Engine,
    plugins: PathBuf,
    /// Of the simulated Telegram.
    hello: Option<served::Hello>,
}

const PART: &str = "--part";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let following =
        |wanted: &str| arguments.windows(2).find(|pair| pair[0] == wanted).map(|pair| pair[1].clone());
    // `cargo test --benches` passes that: there is nothing to test here.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let messages = following("--messages").and_then(|number| number.parse().ok()).unwrap_or(MESSAGES);
    if following(served::SERVE).is_some() {
        runtime.block_on(served::serve_world(messages, CHATS));
    } else if let Some(task) = following(PART) {
        runtime.block_on(run(serde_json::from_str(&task).expect("a task")));
    } else {
        let plugins = following("--plugins")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins"), PathBuf::from);
        let only = following("--engine");
        for name in
            ["sqlite", "postgres"].into_iter().filter(|name| only.as_deref().is_none_or(|it| it == *name))
        {
            println!("{name}, {messages} messages");
            measure(name, messages, &plugins);
        }
    }
}

fn measure(name: &str, messages: usize, plugins: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = (name == "postgres").then(engines::Server::start);
    let place = |archive: &str| match &server {
        None => Engine::Sqlite { file: folder.path().join(archive).join("archive.sqlite") },
        Some(server) => Engine::Postgres { address: server.database(archive) },
    };
    let task = |part: &str, engine: &Engine, hello: Option<served::Hello>| {
        let (part, engine, plugins) = (part.to_owned(), engine.clone(), plugins.to_owned());
        child(&Task { part, messages, engine, plugins, hello });
    };
    task("rows", &place("rows"), None);
    let archive = place("archive");
    {
        let (_served, hello) = served::Served::start(messages);
        task("sweep", &archive, Some(hello));
    }
    task("asks", &archive, None);
    task("export", &archive, None);
}

fn child(task: &Task) {
    let program = std::env::current_exe().expect("this program");
    let task = serde_json::to_string(task).expect("it is plain");
    let status = Command::new(program).args([PART, &task]).status().expect("it can be started again");
    assert!(status.success(), "{task} failed");
}

async fn run(task: Task) {
    let store = engines::open(&task.engine).await;
    match task.part.as_str() {
        "rows" => rows::measure(&store, task.messages.min(100_000)).await,
        "sweep" => sweeps::measure(&store, &task).await,
        "asks" => asks::measure(&store).await,
        _ => writes_out::measure(store, &task).await,
    }
}
