//! The subcommands of `jobs`, against a daemon that answers as tests want, and without one.

use axum::{
    Json, Router,
    extract::Query,
    response::{Sse, sse::Event},
    routing,
};
use futures_util::stream;
use serde_json::{Value, json};

use super::*;
use crate::cli::client::tests::{daemon, install_tls};

const RUN: &str = "01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f";

fn run_json(status: &str) -> Value {
    json!({
        "id": RUN, "job": "backup", "kind": "command", "trigger": { "by": "manual", "who": "ada" },
        "due": "2026-01-01T11:59:00Z", "created": "2026-01-01T11:59:00Z",
        "started": "2026-01-01T11:59:00Z", "ended": "2026-01-01T11:59:12Z", "status": status,
        "error": if status == "failed" { json!("the tape is tangled") } else { Value::Null },
        "summary": { "text": "3 files", "data": {} },
    })
}

fn line_json(seq: u64) -> Value {
    json!({ "seq": seq, "at": "2026-01-01T11:59:01Z", "level": "info", "target": "tapedeck::output::stdout",
            "message": format!("line {seq}") })
}

fn job_json() -> Value {
    json!({
        "name": "backup", "kind": "command", "policy": {}, "timezone": "UTC", "triggers": ["every 10m"],
        "paused": null, "next_due": "2026-01-01T12:03:10Z", "running": [], "queued": 0,
        "recent": [run_json("succeeded")],
    })
}

/// Runs the command line's words against a daemon; answers with what was written and said.
async fn tapedeck(router: Router, words: &[&str]) -> (anyhow::Result<()>, String, String) {
    install_tls();
    let daemon = daemon(router).await;
    let (global, words): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| **word == "--json");
    let context = Context::for_tests(&[global, vec!["--url", &daemon.url]].concat());
    let cli = super::super::parse(std::iter::once("tapedeck").chain(words).map(Into::into)).unwrap();
    let outcome = super::super::run(cli.command, &context).await;
    (outcome, context.output.written(), context.output.said())
}

fn jobs_router() -> Router {
    let list = || async { Json(json!({ "jobs": [job_json()], "total": 1, "next": null })) };
    Router::new().route("/api/v1/jobs", routing::get(list))
}

#[tokio::test]
async fn list_is_a_table() {
    let (outcome, written, _) = tapedeck(jobs_router(), &["jobs", "list"]).await;
    outcome.unwrap();
    insta::assert_snapshot!(written, @r"
    NAME    STATE  LAST                 NEXT      SCHEDULE
    backup  idle   succeeded  48 s ago  in 3 min  every 10m
    ");
}

#[tokio::test]
async fn list_for_programs_is_one_document() {
    let (outcome, written, said) = tapedeck(jobs_router(), &["jobs", "list", "--json"]).await;
    outcome.unwrap();
    let jobs: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(jobs[0]["name"], "backup");
    assert_eq!(said, "");
}

#[tokio::test]
async fn list_reads_every_page() {
    let list = |Query(query): Query<std::collections::BTreeMap<String, String>>| async move {
        let mut job = job_json();
        if query.contains_key("after") {
            job["name"] = json!("verify");
            return Json(json!({ "jobs": [job], "total": 2, "next": null }));
        }
        Json(json!({ "jobs": [job], "total": 2, "next": "backup" }))
    };
    let (outcome, written, _) =
        tapedeck(Router::new().route("/api/v1/jobs", routing::get(list)), &["jobs", "list"]).await;
    outcome.unwrap();
    assert!(written.contains("backup") && written.contains("verify"), "{written}");
}

/// A run that has `lines` lines and ends as `status`; every connection breaks after one event.
fn run_router(status: &'static str, lines: u64) -> Router {
    let start = || async { (axum::http::StatusCode::ACCEPTED, Json(run_json("running"))) };
    let log = |Query(query): Query<std::collections::BTreeMap<String, String>>| async move {
        let after: u64 = query["after"].parse().unwrap();
        Json(
            json!({ "lines": (after + 1..=3).map(line_json).collect::<Vec<_>>(), "next": null, "is_over": true }),
        )
    };
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let seen = calls.clone();
    let get = move || {
        let is_over = seen.load(std::sync::atomic::Ordering::SeqCst) > lines;
        async move { Json(run_json(if is_over { status } else { "running" })) }
    };
    let events = move |Query(query): Query<std::collections::BTreeMap<String, String>>| {
        calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let after: u64 = query["log_after"].parse().unwrap();
        // The last line that was seen comes again, as after a lost connection.
        let again: Vec<Value> = (after.max(1)..=(after + 1).min(2)).map(line_json).collect();
        let event = Event::default().event("log").json_data(json!({ "run": RUN, "lines": again })).unwrap();
        async move { Sse::new(stream::iter([Ok::<_, std::convert::Infallible>(event)])) }
    };
    Router::new()
        .route("/api/v1/jobs/backup/run", routing::post(start))
        .route(&format!("/api/v1/runs/{RUN}"), routing::get(get))
        .route(&format!("/api/v1/runs/{RUN}/log"), routing::get(log))
        .route("/api/v1/events", routing::get(events))
}

#[tokio::test]
async fn follows_over_broken_connections() {
    let (outcome, written, said) =
        tapedeck(run_router("succeeded", 3), &["jobs", "run", "backup", "--follow"]).await;
    outcome.unwrap();
    assert_eq!(written, "11:59:01 line 1\n11:59:01 line 2\n11:59:01 line 3\n");
    assert!(said.contains("backup has succeeded in 12 s: 3 files"), "{said}");
}

#[tokio::test]
async fn run_without_success_is_exit_five() {
    let (outcome, written, _) = tapedeck(run_router("failed", 0), &["jobs", "run", "backup", "--wait"]).await;
    let failure = outcome.unwrap_err().downcast::<Failure>().unwrap();
    assert_eq!(
        (failure.exit, failure.to_string().as_str()),
        (Exit::RunFailed, "backup has failed: the tape is tangled")
    );
    assert_eq!(written, "", "--wait prints no log");
}

#[tokio::test]
async fn run_prints_its_id_and_returns() {
    let (outcome, written, _) = tapedeck(run_router("succeeded", 0), &["jobs", "run", "backup"]).await;
    outcome.unwrap();
    assert_eq!(written, format!("{RUN}\n"));
}

#[tokio::test]
async fn without_daemon_the_ledger_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    std::fs::write(&file, "[jobs.backup]\nkind = \"command\"\nevery = \"10m\"\nprogram = \"true\"\n")
        .unwrap();
    let data = folder.path().join("tapedeck-data");
    let tapedeck = async |words: &[&str]| {
        let context = Context::for_tests(&["--config", file.to_str().unwrap()]);
        let words = std::iter::once("tapedeck").chain(words.iter().copied()).map(Into::into);
        let outcome = super::super::run(super::super::parse(words).unwrap().command, &context).await;
        (outcome, context.output.written(), context.output.said())
    };
    let (outcome, written, said) = tapedeck(&["jobs", "list"]).await;
    outcome.unwrap();
    assert!(written.contains("backup") && said.contains("no daemon is running"), "{written}{said}");
    assert!(!data.exists(), "reading makes nothing");

    let state = crate::state::State::open(&data).unwrap();
    state.runs.put(&serde_json::from_value(run_json("failed")).unwrap()).unwrap();
    let line = serde_json::from_value(line_json(1)).unwrap();
    state.run_logs.write(RUN.parse().unwrap(), &[line], 0).unwrap();
    state.flushed().await.unwrap();
    drop(state);
    assert!(tapedeck(&["jobs", "history"]).await.1.contains(RUN));
    assert!(tapedeck(&["jobs", "log", "backup"]).await.1.contains("line 1"));
    assert!(tapedeck(&["jobs", "show", "backup"]).await.1.contains("every 10m"));
    let failure = tapedeck(&["jobs", "run", "backup"]).await.0.unwrap_err().downcast::<Failure>().unwrap();
    assert_eq!(failure.exit, Exit::NoDaemon);
}

#[test]
fn ids_and_names_are_told_apart() {
    assert!(matches!(RUN.parse(), Ok(RunOrJob::Run(_))));
    assert!(matches!("backup".parse(), Ok(RunOrJob::Job(_))));
    assert!("Not a name".parse::<RunOrJob>().is_err());
}
