use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    super::testing::{self, soon},
    *,
};

fn shell(script: &str) -> serde_json::Value {
    json!({ "program": "/bin/sh", "args": ["-c", script] })
}

async fn run(settings: serde_json::Value) -> Result<Summary, JobError> {
    let (context, _) = testing::context();
    soon(testing::job(&KIND, settings).run(context)).await
}

/// Runs a script that may write to `$OUT`; gives what it wrote.
async fn output(mut settings: serde_json::Value, script: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    settings["program"] = "/bin/sh".into();
    settings["args"] = json!(["-c", script]);
    settings["environment"]["OUT"] = file.to_str().into();
    run(settings).await.unwrap();
    std::fs::read_to_string(file).unwrap_or_default()
}

/// Waits until the file that `script`'s children write holds whole lines.
async fn wait_for_lines(file: &std::path::Path, count: usize) -> Vec<String> {
    let read = || std::fs::read_to_string(file).unwrap_or_default();
    soon(async {
        loop {
            let text = read();
            if text.ends_with('\n') && text.lines().count() >= count {
                return text.lines().map(str::to_owned).collect();
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

fn is_alive(pid: &str) -> bool {
    // A zombie is dead, but still has a folder.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

async fn wait_until_dead(pid: &str) {
    soon(async {
        while is_alive(pid) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn counts_what_was_printed() {
    let summary = run(shell("echo one; echo two >&2; printf three")).await.unwrap();
    assert_eq!(summary.text, "exit code 0, 3 lines (13 bytes) of output");
    assert_eq!(summary.data["exit_code"], 0);
    assert_eq!(summary.data["signal"], serde_json::Value::Null);
}

#[tokio::test]
async fn failure_quotes_standard_error() {
    let error = run(shell("echo fine; echo 'no space' >&2; exit 3")).await.unwrap_err();
    assert!(error.is_temporary);
    assert_eq!(error.to_string(), "`/bin/sh` failed: exit code 3; last on standard error:\nno space");
    assert_eq!(error.summary.unwrap().data["exit_code"], 3);
}

#[tokio::test]
async fn success_codes_are_a_setting() {
    let mut settings = shell("exit 3");
    settings["success_codes"] = json!([0, 3]);
    assert_eq!(run(settings).await.unwrap().data["exit_code"], 3);
}

#[tokio::test]
async fn a_signal_is_named() {
    let error = run(shell("kill -SEGV $$")).await.unwrap_err();
    assert!(error.to_string().contains("SIGSEGV"), "{error}");
    assert_eq!(error.summary.unwrap().data["signal"], 11);
}

#[tokio::test]
async fn environment_can_be_cleared() {
    let settings = json!({ "clear_environment": true, "environment": { "ONE": "1" } });
    let text = output(settings, "/usr/bin/env > \"$OUT\"").await;
    let names: Vec<_> = text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(names.contains(&"ONE") && names.contains(&"TAPEDECK_RUN_ID"), "{names:?}");
    assert!(!names.contains(&"HOME") && !names.contains(&"CARGO_PKG_NAME"), "{names:?}");
}

#[tokio::test]
async fn the_run_introduces_itself() {
    let script =
        r#"echo "$TAPEDECK_RUN_ID $TAPEDECK_JOB $TAPEDECK_TRIGGER $TAPEDECK_DUE $TAPEDECK_ATTEMPT" > "$OUT""#;
    let text = output(json!({}), script).await;
    assert_eq!(text, format!("01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f test manual {} 2\n", testing::NOW));
}

#[tokio::test]
async fn params_fill_arguments_and_variables() {
    let script =
        r#"[ "$1" = 'a b; $(x)' ] && [ "$2" = nobody ] && [ "$TAPEDECK_PARAM_CHAT_ID" = 'a b; $(x)' ]"#;
    let args = json!(["-c", script, "sh", "{{params.chat-id}}", "{{params.who:-nobody}}"]);
    let (mut context, _) = testing::context();
    context.params.insert("chat-id".into(), "a b; $(x)".into());
    let job = testing::job(&KIND, json!({ "program": "/bin/sh", "args": args }));
    soon(job.run(context)).await.unwrap();
}

#[tokio::test]
async fn a_missing_param_is_permanent() {
    let error = run(json!({ "program": "true", "args": ["-x", "{{params.chat}}"] })).await.unwrap_err();
    assert!(!error.is_temporary);
    assert!(
        error.to_string().starts_with("argument 2 cannot be filled in: the run has no parameter `chat`"),
        "{error}"
    );
}

#[tokio::test]
async fn input_and_folder_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let settings = json!({ "folder": folder.path(), "stdin": "some text" });
    let text = output(settings, "cat > \"$OUT\"; pwd -P >> \"$OUT\"").await;
    let real = folder.path().canonicalize().unwrap();
    assert_eq!(text, format!("some text{}\n", real.display()));
}

#[tokio::test]
async fn unread_input_is_no_failure() {
    let mut settings = shell("exit 0");
    settings["stdin"] = "x".repeat(1_000_000).into();
    run(settings).await.unwrap();
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    for (program, why) in [
        ("no-such-program-here".to_owned(), "no program `no-such-program-here` in PATH"),
        (folder.path().join("nothing").to_str().unwrap().to_owned(), "correct `program`"),
        (file("plain", "#!/bin/sh\n", 0o644), "chmod +x"),
        (file("lost", "#!/no/such/shell\n", 0o755), "interpreter"),
        (file("bare", "\u{1}\u{2}", 0o755), "#!/bin/sh"),
    ] {
        let error = run(json!({ "program": program })).await.unwrap_err();
        assert!(!error.is_temporary && error.to_string().contains(why), "{program}: {error}");
    }
    let error = run(json!({ "program": "true", "folder": "/no/such/folder" })).await.unwrap_err();
    assert!(!error.is_temporary && error.to_string().contains("create it"), "{error}");
}

#[test]
fn senseless_settings_are_refused() {
    for (settings, why) in [
        (json!({ "program": " " }), "`program` is empty"),
        (json!({ "program": "true", "max_line_bytes": 1 }), "80 to 1048576"),
        (json!({ "program": "true", "environment": { "A=B": "" } }), "name of a variable"),
        (json!({ "program": "true", "args": ["x", "{{param.x}}"] }), "argument 2"),
        (json!({ "program": "true", "shell": true }), "unknown field `shell`"),
    ] {
        let error = testing::try_job(&KIND, settings).unwrap_err();
        assert!(format!("{error:#}").contains(why), "{error:#}");
    }
}

#[tokio::test]
async fn debug_hides_variables() {
    let job = testing::job(&KIND, json!({ "program": "true", "environment": { "KEY": "s3cret-value" } }));
    assert!(!format!("{job:?}").contains("s3cret-value"));
}

#[tokio::test]
async fn stop_asks_then_kills() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pids");
    // Both ignore SIGTERM; the inner one would live on.
    let script =
        "trap '' TERM; (trap '' TERM; sleep 100) & echo $! >> \"$OUT\"; echo $$ >> \"$OUT\"; wait; sleep 100";
    let mut settings = shell(script);
    settings["environment"] = json!({ "OUT": file });
    settings["kill_after"] = "50ms".into();
    let (context, _) = testing::context();
    let stop: CancellationToken = context.stop.clone();
    let job = testing::job(&KIND, settings);
    let (result, pids) = tokio::join!(soon(job.run(context)), async {
        let pids = wait_for_lines(&file, 2).await;
        stop.cancel();
        pids
    });
    let error = result.unwrap_err();
    assert!(error.to_string().contains("killed"), "{error}");
    assert_eq!(error.summary.unwrap().data["signal"], 9);
    for pid in pids {
        wait_until_dead(&pid).await;
    }
}

#[tokio::test]
async fn stop_lets_programs_clean_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    let script =
        "trap 'echo clean >> \"$OUT\"; exit 0' TERM; echo ready >> \"$OUT\"; while :; do sleep 0.01; done";
    let mut settings = shell(script);
    settings["environment"] = json!({ "OUT": file });
    let (context, _) = testing::context();
    let stop = context.stop.clone();
    let job = testing::job(&KIND, settings);
    let (result, ()) = tokio::join!(soon(job.run(context)), async {
        wait_for_lines(&file, 1).await;
        stop.cancel();
    });
    assert_eq!(result.unwrap_err().to_string(), "`/bin/sh` was stopped: exit code 0");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "ready\nclean\n");
}

#[tokio::test]
async fn dropping_kills_the_group() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pids");
    let mut settings = shell("sleep 100 & echo $! >> \"$OUT\"; echo $$ >> \"$OUT\"; wait");
    settings["environment"] = json!({ "OUT": file });
    let (context, _) = testing::context();
    let job = testing::job(&KIND, settings);
    let pids = tokio::select! {
        _ = job.run(context) => panic!("it cannot end by itself"),
        pids = wait_for_lines(&file, 2) => pids,
    };
    for pid in pids {
        wait_until_dead(&pid).await;
    }
}

#[tokio::test]
async fn a_held_pipe_does_not_hang_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let mut settings = shell("sleep 100 & echo $! > \"$OUT\"; echo done");
    settings["environment"] = json!({ "OUT": file });
    let started = std::time::Instant::now();
    let summary = run(settings).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(summary.data["lines"], 1);
    let pid = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn fifty_megabytes_pass_quickly() {
    let line = "x".repeat(99);
    let summary = run(shell(&format!("yes {line} | head -n 500000"))).await.unwrap();
    assert_eq!((&summary.data["lines"], &summary.data["bytes"]), (&json!(500_000), &json!(50_000_000)));
    assert!(summary.data["dropped_lines"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn any_bytes_are_output() {
    let summary = run(shell(r"printf '\377\376\000\n'; head -c 100000 /dev/zero")).await.unwrap();
    assert_eq!((&summary.data["lines"], &summary.data["bytes"]), (&json!(2), &json!(100_004)));
}

#[tokio::test]
async fn progress_reaches_the_run() {
    let (context, reports) = testing::context();
    let script = "echo '::progress 12/40 files some message'; echo '::waiting 30s slow down' ; echo ::other";
    soon(testing::job(&KIND, shell(script)).run(context)).await.unwrap();
    let report = reports.borrow().clone();
    assert_eq!(report.progress.map(|progress| (progress.done, progress.total)), Some((12, Some(40))));
    assert_eq!(report.waiting.map(|wait| wait.reason).as_deref(), Some("slow down"));
}
