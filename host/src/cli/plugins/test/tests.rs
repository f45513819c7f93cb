use std::fs;

use clap::Parser as _;

use super::*;

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn parse(arguments: &[&str]) -> Args {
    Cli::try_parse_from([&["test"], arguments].concat()).unwrap().args
}

async fn try_file(content: &[u8]) -> (anyhow::Result<()>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin.wasm");
    fs::write(&file, content).unwrap();
    let context = Context::for_tests(&[]);
    let result = run(&parse(&[file.to_str().unwrap()]), &context).await;
    (result, context.output.written())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_plugin_is_refused() {
    let (result, _) = try_file(b"<!doctype html>").await;
    let error = format!("{:#}", result.unwrap_err());
    assert!(error.contains("does not work here") && error.contains("not WebAssembly"), "{error}");
}
