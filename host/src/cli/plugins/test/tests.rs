use std::fs;

use clap::Parser as _;
use serde_json::Value;
use wasm_encoder::Instruction;

use super::*;
use crate::plugin_host::guest::{DATA, Guest};

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

fn parse(arguments: &[&str]) -> Args {
    Cli::try_parse_from([&["test"], arguments].concat()).unwrap().args
}

async fn try_file(content: &[u8], global: &[&str]) -> (anyhow::Result<()>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin.wasm");
    fs::write(&file, content).unwrap();
    let context = Context::for_tests(global);
    let result = run(&parse(&[file.to_str().unwrap()]), &context).await;
    (result, context.output.written())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_plugin_is_refused() {
    let (result, _) = try_file(b"<!doctype html>", &[]).await;
    let error = format!("{:#}", result.unwrap_err());
    assert!(error.contains("does not work here") && error.contains("not WebAssembly"), "{error}");
}

/// A filter that drops the second message of every batch, and asks for what nobody grants.
fn filter() -> Vec<u8> {
    const JUDGE: &str = "tapedeck:plugin/chat-filter@1.0.0#judge";
    let list = u32::try_from(DATA).unwrap() + 16;
    // A result with a list of one decision; after its index and verdict come no cuts and no reason.
    let mut answer = [0, 0, list, 1, 1, 1].map(u32::to_le_bytes).concat();
    answer.resize(16 + 24, 0);
    let wants = r#"{"http":[{"host":"api.example.com","methods":["GET"],"why":"asks what is spam"}]}"#;
    let manifest = format!(r#"{{"id":"second","version":"1.2.3","summary":"Drops","wants":{wants}}}"#);
    let guest = Guest::plugin("second", "1.2.3", "chat-filter").manifest(&manifest).data(answer);
    guest.does(JUDGE, |_| vec![Instruction::I32Const(DATA)]).component()
}

/// As `jq 'del(..)'` in the help does it: what is left is the same each time.
fn without_figures(mut report: Value) -> Value {
    match &mut report {
        Value::Object(fields) => {
            for figure in ["us", "compile_ms", "memory_bytes", "file"] {
                fields.remove(figure);
            }
            fields.values_mut().for_each(|value| *value = without_figures(value.take()));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = without_figures(value.take())),
        _ => {}
    }
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn report_stays_the_same_but_for_figures() {
    let (result, written) = try_file(&filter(), &["--json"]).await;
    result.unwrap();
    insta::assert_json_snapshot!(without_figures(serde_json::from_str(&written).unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn report_tells_people_what_happened() {
    let (result, written) = try_file(&filter(), &[]).await;
    result.unwrap();
    for told in [
        "second 1.2.3: chat-filter, ",
        "compiled in ",
        "http=api.example.com",
        "not granted",
        "asks what is spam",
        "select-chat: leaves this chat alone (",
        "judge 20 messages: kept 19, dropped 1, redacted 0 (",
        "  dropped 2: 早上好，我有一张，可是封套坏了。",
        "it called the host 0 times and used ",
    ] {
        assert!(written.contains(told), "{told}: {written}");
    }
}
