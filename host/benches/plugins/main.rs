//! What plugins cost, measured: `make bench`. Figures and aims are in docs/performance.md.
//!
//! Arguments after `--`: `--plugins FOLDER` (else `target/plugins`), `--script NAME=FILE` for a filter
//! in any language, as often as there are any (else the filter of `plugins/examples` and the exporter that `plugins new`
//! makes in each of ours), `--neighbours`
//! for what one plugin notices of another alone, `--quick` to see whether it runs.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

mod corpus;
mod engine;
mod host;
mod measure;
mod neighbours;

use std::path::{Path, PathBuf};

/// How often things are done.
pub(crate) struct Sizes {
    pub(crate) rounds: usize,
    pub(crate) calls: usize,
    pub(crate) batches: usize,
    pub(crate) instances: usize,
}

const FULL: Sizes = Sizes { rounds: 7, calls: 100_000, batches: 50, instances: 200 };
const QUICK: Sizes = Sizes { rounds: 1, calls: 20, batches: 1, instances: 3 };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` passes that: there is nothing to test here.
    if arguments.iter().any(|it| it == "--test") {
        return;
    }
    let sizes = if arguments.iter().any(|it| it == "--quick") { QUICK } else { FULL };
    let following = |wanted: &str| -> Vec<String> {
        let pairs = arguments.windows(2).filter(|pair| pair[0] == wanted);
        pairs.map(|pair| pair[1].clone()).collect()
    };
    let folder = following("--plugins")
        .pop()
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins"), PathBuf::from);
    let scripts = following("--script");
    let only_neighbours = arguments.iter().any(|it| it == "--neighbours");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        if !only_neighbours {
            measure(&folder, &sizes).await;
            languages(&scripts, &sizes).await;
        }
        if let (Some(keywords), Some(probe)) =
            (host::built(&folder, "keywords"), host::built(&folder, "probe"))
        {
            neighbours::compare(&keywords, &probe, &sizes).await;
        }
    });
}

async fn measure(folder: &Path, sizes: &Sizes) {
    if let Some(probe) = host::built(folder, "probe") {
        engine::calls(&probe, sizes);
        host::filter("a filter that keeps everything", &probe, serde_json::json!({}), sizes, 1).await;
    }
    host::native(sizes);
    if let Some(keywords) = host::built(folder, "keywords") {
        engine::lives("keywords", &keywords, sizes);
        host::filter("keywords", &keywords, corpus::settings(), sizes, 1).await;
    }
    if let Some(json) = host::built(folder, "json") {
        engine::lives("json", &json, sizes);
        host::exporter("json", &json, sizes, 1).await;
    }
}

const LANGUAGES: [&str; 3] = ["rust", "js", "python"];
/// Interpreters take their time, so they are asked less often.
const SELDOM: usize = 50;

/// One filter and one exporter in several languages.
async fn languages(scripts: &[String], sizes: &Sizes) {
    let named = scripts.iter().filter_map(|it| it.split_once('='));
    let named: Vec<_> = named.map(|(name, file)| (name.to_owned(), PathBuf::from(file))).collect();
    for (language, file) in if scripts.is_empty() { examples("no-links") } else { named } {
        engine::lives(&language, &file, sizes);
        host::filter(&language, &file, serde_json::json!({}), sizes, scale(&language)).await;
    }
    if scripts.is_empty() {
        for (language, file) in examples("exporter") {
            host::exporter(&format!("{language}, exporter"), &file, sizes, scale(&language)).await;
        }
    }
}

fn examples(what: &str) -> Vec<(String, PathBuf)> {
    let example = |language: &str| Some((language.to_owned(), host::example(language, what)?));
    LANGUAGES.into_iter().filter_map(example).collect()
}

fn scale(language: &str) -> usize {
    if language == "rust" { 1 } else { SELDOM }
}
