use std::path::Path;

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
    assert!(error.contains("cannot be used") && error.contains("not WebAssembly"), "{error}");
}

#[test]
fn settings_are_text_or_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.json");
    fs::write(&file, r#"{"words": ["spam"]}"#).unwrap();
    let read = settings(&format!("@{}", file.display())).unwrap();
    assert_eq!(read, settings(r#"{"words": ["spam"]}"#).unwrap());
    for wrong in ["[1]", "{", "@/nowhere"] {
        assert!(settings(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn grants_add_up() {
    let args = parse(&["x.wasm", "--grant", "http=api.example.com", "--grant", "kv=1MiB"]);
    let grants = granted(&args.grants);
    assert_eq!(grants.http.len(), 1);
    assert!(grants.kv.is_some() && grants.run.is_empty());
    assert_eq!(args.file, Path::new("x.wasm"));
}
