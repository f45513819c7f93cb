use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::plugin_host::{capability::scratch::ScratchRooms, grants::testing::permit};

struct World {
    _folder: tempfile::TempDir,
    room: Room,
    permits: Permits,
}

const QUOTA: u64 = 1 << 20;

fn world(grant: serde_json::Value) -> World {
    let folder = tempfile::tempdir().unwrap();
    let rooms = ScratchRooms::open(&folder.path().join("scratch")).unwrap();
    let room = rooms.make(&"zero".parse().unwrap()).unwrap();
    let permit = permit(json!({"run": [{"program": "sh"}]}), json!({"run": [grant]}), &[]);
    World { _folder: folder, room, permits: Permits::new(permit) }
}

impl World {
    async fn execute(&self, request: Request, left: Duration) -> Result<Outcome, RunFailure> {
        let programs = Programs::new(None);
        let outcome = programs.execute(&self.permits, request, &self.room, QUOTA, left);
        timeout(Duration::from_secs(10), outcome).await.expect("a program ends in time")
    }

    async fn script(&self, script: &str) -> Result<Outcome, RunFailure> {
        self.execute(sh(script), Duration::from_secs(9)).await
    }
}

fn sh(script: &str) -> Request {
    Request {
        program: "sh".into(),
        arguments: vec!["-c".into(), script.into(), "arg0".into(), "$HOME; echo no".into()],
        stdin: Vec::new(),
        timeout: None,
        gauge: Gauge::default(),
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap().trim_end()
}

/// Whether the process whose id stands in the file is gone, or will be in a moment.
async fn is_gone(room: &Room, file: &str) -> bool {
    let id: i32 = text(&std::fs::read(room.path().join(file)).unwrap()).parse().unwrap();
    let id = rustix::process::Pid::from_raw(id).unwrap();
    for _ in 0..200 {
        // One that was killed waits as a zombie until its parent looks; here that is init, or nobody.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero())).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z ") {
            return true;
        }
        sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn arguments_come_without_a_shell() {
    let outcome =
        world(json!("sh")).script(r#"printf '%s|%s' "$0" "$1"; echo oops >&2; exit 3"#).await.unwrap();
    assert_eq!(outcome.code, Some(3));
    assert_eq!(text(&outcome.stdout), "arg0|$HOME; echo no");
    assert_eq!(text(&outcome.stderr), "oops");
    assert!(!outcome.is_cut);
}

#[tokio::test]
async fn environment_is_empty() {
    let world = world(json!("sh"));
    let outcome = world.script("pwd; env -u PWD -u OLDPWD -u SHLVL -u _ | sort").await.unwrap();
    let room = world.room.path().display();
    let expected =
        format!("{room}\nHOME={room}\nLANG=C.UTF-8\nPATH=/usr/local/bin:/usr/bin:/bin\nTMPDIR={room}");
    assert_eq!(text(&outcome.stdout), expected);
}

#[tokio::test]
async fn input_is_given_and_ends() {
    let request = Request { stdin: b"hello".repeat(100_000), ..sh("wc -c") };
    let outcome = world(json!("sh")).execute(request, Duration::from_secs(9)).await.unwrap();
    assert_eq!(text(&outcome.stdout), "500000");
    let request = Request { stdin: b"hello".repeat(100_000), ..sh("exit 0") };
    assert_eq!(world(json!("sh")).execute(request, Duration::from_secs(9)).await.unwrap().code, Some(0));
}

#[tokio::test]
async fn programs_need_their_grant() {
    let world = world(json!("sh"));
    let request = Request { program: "ls".into(), ..sh("") };
    assert!(matches!(world.execute(request, LONGEST).await, Err(RunFailure::Denied(_))));
    for path in ["/bin/sh", "../bin/sh", ""] {
        let request = Request { program: path.into(), ..sh("") };
        assert!(matches!(world.execute(request, LONGEST).await, Err(RunFailure::Denied(_))), "{path}");
    }
}

#[tokio::test]
async fn missing_programs_are_explained() {
    let granted = world(json!({"program": "sh", "path": "/no/such/sh"}));
    let error = granted.script("").await.unwrap_err().to_string();
    assert_eq!(error, "`sh` is granted, but there is no program at /no/such/sh: correct `path` in the grant");
    let programs = Programs::new(Some(OsStr::new("relative:/no/such")));
    assert_eq!(programs.search, "/no/such");
    let left = Duration::from_secs(5);
    let error = programs.execute(&granted.permits, sh(""), &granted.room, QUOTA, left).await.unwrap_err();
    assert!(matches!(error, RunFailure::Missing { .. }));
}

#[tokio::test]
async fn groups_are_killed_whole_when_time_is_up() {
    let world = world(json!({"program": "sh", "timeout": "300ms"}));
    let error =
        world.script("sleep 60 & echo $! > child; echo $$ > leader; trap '' TERM; wait").await.unwrap_err();
    assert!(matches!(error, RunFailure::TimedOut { .. }), "{error}");
    assert!(is_gone(&world.room, "child").await);
    assert!(is_gone(&world.room, "leader").await);
}

#[tokio::test]
async fn children_end_with_their_program() {
    let world = world(json!("sh"));
    let outcome = world.script("sleep 60 >/dev/null 2>&1 & echo $! > child").await.unwrap();
    assert_eq!(outcome.code, Some(0));
    assert!(is_gone(&world.room, "child").await);
}

#[tokio::test]
async fn giving_up_kills_the_group() {
    let world = Arc::new(world(json!("sh")));
    let run = world.execute(sh("sleep 60 & echo $! > half; mv half child; wait"), LONGEST);
    tokio::select! {
        _ = run => panic!("it sleeps"),
        () = async {
            while !world.room.path().join("child").exists() {
                sleep(Duration::from_millis(10)).await;
            }
        } => {}
    }
    assert!(is_gone(&world.room, "child").await);
}

#[tokio::test]
async fn time_of_the_call_is_the_limit() {
    let world = world(json!("sh"));
    let request = Request { timeout: Some(Duration::from_secs(60)), ..sh("sleep 60") };
    let error = world.execute(request, Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(error.to_string(), "`sh` was ended because it took longer than 200 ms");
}

#[tokio::test]
async fn withdrawn_grants_end_programs() {
    let world = world(json!("sh"));
    let withdrawn = permit(json!({"run": [{"program": "sh"}]}), json!({"run": ["sh"]}), &[("run=sh", false)]);
    let (outcome, ()) = tokio::join!(world.script("touch begun; sleep 60"), async {
        while !world.room.path().join("begun").exists() {
            sleep(Duration::from_millis(10)).await;
        }
        world.permits.replace(withdrawn);
    });
    assert!(outcome.unwrap_err().to_string().contains("`run=sh` was withdrawn"));
}

#[tokio::test]
async fn full_folders_end_programs() {
    let world = world(json!("sh"));
    let many = "n=0; while :; do n=$((n+1)); head -c 300000 /dev/zero > f$n; done";
    assert!(matches!(world.script(many).await, Err(RunFailure::Full { .. })));
    let one = self::world(json!("sh"));
    let outcome = one.script("head -c 5000000 /dev/zero > f; echo done").await;
    match outcome {
        // The kernel stopped the one file at the quota.
        Ok(outcome) => {
            assert_eq!(one.room.contents().unwrap().bytes, QUOTA);
            assert_eq!(text(&outcome.stdout), "done");
        }
        // It was quicker than the kernel's limit, and is found out afterwards.
        Err(failure) => assert!(matches!(failure, RunFailure::Full { .. }), "{failure}"),
    }
}

#[tokio::test]
async fn only_the_end_of_output_is_kept() {
    let world = world(json!({"program": "sh", "max_output": "1KiB"}));
    let outcome = world.script("head -c 100000 /dev/zero; echo; echo end").await.unwrap();
    assert_eq!(outcome.stdout.len(), 1024);
    assert!(outcome.is_cut && outcome.stdout.ends_with(b"\0\nend\n"));
    assert!(matches!(world.script("yes").await, Err(RunFailure::Flood { .. })));
}

#[test]
fn arguments_are_bounded() {
    assert!(check_arguments(&vec![String::new(); 513]).is_err());
    assert!(check_arguments(&["x".repeat(128 * 1024)]).is_err());
    assert!(check_arguments(&["a\0b".to_owned()]).is_err());
    assert!(check_arguments(&["-c".to_owned(), String::new()]).is_ok());
}

#[tokio::test]
async fn what_was_written_last_counts_too() {
    let world = world(json!("sh"));
    // It is over before anybody looks.
    let ended = world.script("for n in 1 2 3 4; do head -c 300000 /dev/zero > f$n; done").await;
    assert!(matches!(ended, Err(RunFailure::Full { .. })), "{ended:?}");
}

#[tokio::test]
async fn the_kernel_keeps_files_small_too() {
    let world = world(json!("sh"));
    // Set while it runs already, so it looks until then.
    let seen = world.script("until [ $(ulimit -f) != unlimited ]; do sleep 0.01; done").await.unwrap();
    assert_eq!(seen.code, Some(0));
}

#[tokio::test]
async fn what_got_away_is_not_waited_for() {
    let world = world(json!("sh"));
    let began = Instant::now();
    let outcome = world.script("setsid sleep 4 & echo done").await.unwrap();
    assert_eq!(text(&outcome.stdout), "done");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn only_programs_are_started() {
    let world = world(json!("sh"));
    let file = world.room.path().join("text");
    std::fs::write(&file, "no program").unwrap();
    for path in [file.as_path(), world.room.path(), Path::new("text")] {
        let grant = RunGrant { path: Some(path.to_owned()), ..RunGrant::new("sh".parse().unwrap()) };
        let found = Programs::new(None).find(&grant);
        assert!(matches!(found, Err(RunFailure::Missing { .. })), "{path:?}: {found:?}");
    }
}

#[test]
fn the_shortest_time_counts() {
    let seconds = Duration::from_secs;
    let grant = |timeout: serde_json::Value| -> RunGrant {
        serde_json::from_value(json!({ "program": "sh", "timeout": timeout })).unwrap()
    };
    let (long, none) = (grant(json!("1h")), RunGrant::new("sh".parse().unwrap()));
    for (grant, asked, left, limit) in [
        (&long, None, seconds(9_999), seconds(3_600)),
        (&long, Some(seconds(9_000)), seconds(9_999), seconds(3_600)),
        (&long, Some(seconds(5)), seconds(9_999), seconds(5)),
        (&long, None, seconds(7), seconds(7)),
        (&none, None, seconds(9_999), LONGEST),
    ] {
        assert_eq!(time_limit(grant, asked, left), limit, "{grant:?} {asked:?}");
    }
}

#[tokio::test]
async fn percentages_are_heard_while_it_runs() {
    let world = world(json!("sh"));
    let heard = world.room.path().join("heard");
    let gauge = Gauge::telling(move |shown| {
        if shown.is_some_and(|shown| shown.percent == 42) {
            std::fs::write(&heard, "").unwrap();
        }
    });
    gauge.percent(99);
    let script = "printf '[download]  42'; printf '.3%% of 3MiB\\r'; until [ -e heard ]; do sleep 0.01; done; echo 50%";
    let request = Request { gauge: gauge.clone(), ..sh(script) };
    world.execute(request, Duration::from_secs(9)).await.unwrap();
    assert_eq!(gauge.read().map(|it| it.percent), Some(50));
    // The next one has not said anything yet, and what it says on either side counts.
    let request = Request { gauge: gauge.clone(), ..sh("true") };
    world.execute(request, Duration::from_secs(9)).await.unwrap();
    assert_eq!(gauge.read(), None);
    let request = Request { gauge: gauge.clone(), ..sh("echo '7 %' >&2") };
    world.execute(request, Duration::from_secs(9)).await.unwrap();
    assert_eq!(gauge.read().map(|it| it.percent), Some(7));
}

#[tokio::test]
async fn programs_leave_no_cores() {
    let world = world(json!("sh"));
    // Set while it runs already, so it looks until then.
    let seen =
        world.script("until [ $(ulimit -c) = 0 ] && [ $(ulimit -H -c) = 0 ]; do sleep 0.01; done").await;
    assert_eq!(seen.unwrap().code, Some(0));
}

#[tokio::test]
async fn output_has_a_limit_that_nobody_has_to_set() {
    let world = world(json!("sh"));
    let outcome = world.script("head -c 9000000 /dev/zero; head -c 9000000 /dev/zero >&2").await.unwrap();
    assert_eq!([outcome.stdout.len() as u64, outcome.stderr.len() as u64], [MOST_OUTPUT; 2]);
    assert!(outcome.is_cut);
}
