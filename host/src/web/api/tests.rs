use serde_json::json;

use crate::{
    model::{LogLine, Status},
    web::testing::{PROCESS_TOKEN, TestWeb, now, run},
};

const NO_RUN: &str = "01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f";

#[tokio::test]
async fn shows_the_daemon_at_a_glance() {
    let world = TestWeb::open();
    world.clock.advance(jiff::SignedDuration::from_secs(90));
    let status = world.get("/api/v1/status").send().await.json();
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": "2026-01-02T03:04:05Z",
        "now": "2026-01-02T03:05:35Z",
        "timezone": "Europe/Madrid",
        "uptime_s": 90,
        "jobs": 2,
        "running": 1,
        "queued": 0,
        "config": {
            "state": "ok",
            "loaded_at": "2026-01-02T03:04:05Z",
            "path": "config.toml",
            "problems": 0,
        },
        "listen": "127.0.0.1:8484",
        "loopback_only": true,
        "users": false,
        "user": null,
        "scopes": ["read", "run", "scrobble", "admin"],
    });
    assert_eq!(status, expected);
}

#[tokio::test]
async fn pages_through_jobs() {
    let world = TestWeb::open();
    let first = world.get("/api/v1/jobs?limit=1").send().await.json();
    assert_eq!((&first["jobs"][0]["name"], &first["total"]), (&json!("backup"), &json!(2)));
    assert_eq!(first["next"], "backup");
    let second = world.get("/api/v1/jobs?limit=1&after=backup").send().await.json();
    assert_eq!((&second["jobs"][0]["name"], &second["next"]), (&json!("report"), &json!(null)));
}

#[tokio::test]
async fn shows_a_job_with_settings_and_next_fires() {
    let world = TestWeb::open();
    let job = world.get("/api/v1/jobs/backup").send().await.json();
    assert_eq!(job["name"], "backup");
    assert_eq!(job["next_fires"], json!([now()]));
    assert_eq!(job["settings"], json!({ "program": "true" }));
}

#[tokio::test]
async fn runs_pauses_and_resumes_jobs() {
    let world = TestWeb::open();
    let params = json!({ "params": { "target": "disk" } });
    let answer = world.post("/api/v1/jobs/backup/run").json(&params).send().await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()["params"], json!({ "target": "disk" }));
    assert_eq!(world.post("/api/v1/jobs/backup/run").send().await.status, 202);
    let paused = world.post("/api/v1/jobs/backup/pause").send().await.json();
    assert_eq!(paused["paused"]["by"], "somebody");
    let resumed = world.post("/api/v1/jobs/backup/resume").send().await.json();
    assert_eq!(resumed["paused"], json!(null));
    let woken = world.post("/api/v1/events/rain").send().await;
    assert_eq!((woken.status.as_u16(), woken.json()), (202, json!({ "woken": ["backup", "report"] })));
}

#[tokio::test]
async fn refuses_bodies_that_do_not_fit() {
    let world = TestWeb::open();
    let run = || world.post("/api/v1/jobs/backup/run").header("content-type", "application/json");
    for body in
        ["{", "[]", "null", "{\"params\": 1}", "{\"parameters\": {}}", "{\"params\": {\"a\": 1}}", "\u{1}"]
    {
        run().body(body).send().await.problem(400);
    }
    run().body(vec![0xff, 0xfe]).send().await.problem(400);
    run().body("[".repeat(100_000)).send().await.problem(400);
    assert!(run().body(vec![b' '; 1024 * 1024 + 1]).send().await.problem(413).contains("1 MiB"));
    let many: serde_json::Map<_, _> = (0..101).map(|n| (n.to_string(), "".into())).collect();
    let ask = world.post("/api/v1/jobs/backup/run").json(&json!({ "params": many }));
    ask.send().await.problem(400);
}

#[tokio::test]
async fn unknown_and_odd_names_say_what_to_do() {
    let world = TestWeb::open();
    assert!(world.get("/api/v1/jobs/bakcup").send().await.problem(404).contains("tapedeck jobs list"));
    world.post("/api/v1/jobs/nope/pause").send().await.problem(404);
    for name in ["UPPER", "%2e%2e%2fetc", "a%00b", "%20", "..%5c", "%F0%9F%92%A9", "%ff%fe"] {
        world.get(&format!("/api/v1/jobs/{name}")).send().await.problem(400);
        world.post(&format!("/api/v1/events/{name}")).send().await.problem(400);
    }
    for id in ["1", "not-a-uuid", "%00", "01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6"] {
        world.get(&format!("/api/v1/runs/{id}")).send().await.problem(400);
        world.post(&format!("/api/v1/runs/{id}/cancel")).send().await.problem(400);
        world.delete(&format!("/api/v1/tokens/{id}")).send().await.problem(400);
    }
    world.get(&format!("/api/v1/runs/{NO_RUN}")).send().await.problem(404);
    world.get(&format!("/api/v1/runs/{NO_RUN}/log")).send().await.problem(404);
    world.post(&format!("/api/v1/runs/{NO_RUN}/cancel")).send().await.problem(404);
}

#[tokio::test]
async fn pages_through_runs() {
    let world = TestWeb::open();
    for (id, job) in [(1, "backup"), (2, "report"), (3, "backup"), (4, "backup")] {
        let status = if id == 3 { Status::TimedOut } else { Status::Succeeded };
        world.state.runs.put(&run(id, job, status)).unwrap();
    }
    let ids = async |path: &str| {
        let answer = world.get(path).send().await.json();
        let ids = answer["runs"].as_array().unwrap().iter().map(|run| {
            let id = run["id"].as_str().unwrap();
            id.chars().last().unwrap().to_string()
        });
        (ids.collect::<String>(), answer["next"].as_str().map(str::to_owned))
    };
    assert_eq!(ids("/api/v1/runs").await, ("4321".into(), None));
    let (first, next) = ids("/api/v1/runs?limit=3").await;
    assert_eq!(first, "432");
    assert_eq!(ids(&format!("/api/v1/runs?limit=3&before={}", next.unwrap())).await, ("1".into(), None));
    assert_eq!(ids("/api/v1/runs?job=backup&status=succeeded").await, ("41".into(), None));
    assert_eq!(ids("/api/v1/runs?status=timed-out").await, ("3".into(), None));
    assert_eq!(ids("/api/v1/runs?limit=99999999999999999999").await.0, "4321");
}

#[tokio::test]
async fn odd_questions_are_refused() {
    let world = TestWeb::open();
    let answer = world.get("/api/v1/runs?status=succeded").send().await;
    assert!(answer.problem(400).contains("Did you mean `succeeded`?"));
    for question in [
        "status=",
        "status=banana",
        "limit=ten",
        "limit=0",
        "limit=-5",
        "job=UPPER",
        "before=yesterday",
        "colour=red",
        "%ff=1",
    ] {
        world.get(&format!("/api/v1/runs?{question}")).send().await.problem(400);
    }
    for question in ["after=-1", "after=x", "after=99999999999999999999999"] {
        world.get(&format!("/api/v1/runs/{NO_RUN}/log?{question}")).send().await.problem(400);
    }
    world.get("/api/v1/events?run=x").send().await.problem(400);
}

#[tokio::test]
async fn reads_a_log_in_pieces() {
    let world = TestWeb::open();
    let run = run(7, "backup", Status::Succeeded);
    world.state.runs.put(&run).unwrap();
    let line = |seq| LogLine {
        seq,
        at: now(),
        level: "info".into(),
        target: "tapedeck".into(),
        message: "done".into(),
        fields: Default::default(),
    };
    world.state.run_logs.write(run.id, &(1..=5).map(line).collect::<Vec<_>>(), 1).unwrap();
    let path = format!("/api/v1/runs/{}/log", run.id);
    let first = world.get(&format!("{path}?limit=3")).send().await.json();
    assert_eq!(first["lines"].as_array().unwrap().len(), 3);
    assert_eq!((&first["next"], &first["is_over"]), (&json!(3), &json!(true)));
    let second = world.get(&format!("{path}?after=3")).send().await.json();
    assert_eq!((&second["lines"][0]["seq"], &second["next"]), (&json!(4), &json!(null)));
    let none = world.get(&format!("{path}?after={}", u64::MAX)).send().await.json();
    assert_eq!(none["lines"], json!([]));
}

#[tokio::test]
async fn cancels_what_still_runs() {
    let world = TestWeb::open();
    world.state.runs.put(&run(7, "backup", Status::Running)).unwrap();
    world.state.runs.put(&run(8, "backup", Status::Failed)).unwrap();
    let cancel = |id: u128| world.post(&format!("/api/v1/runs/{}/cancel", uuid::Uuid::from_u128(id)));
    assert_eq!(cancel(7).send().await.status, 202);
    assert!(cancel(8).send().await.problem(409).contains("over already"));
}

#[tokio::test]
async fn reload_answers_with_the_new_report() {
    let world = TestWeb::open();
    assert_eq!(world.get("/api/v1/config").send().await.json()["state"], "ok");
    let answer = world.post("/api/v1/config/reload").bearer(PROCESS_TOKEN).send().await;
    assert_eq!((answer.status.as_u16(), &answer.json()["state"]), (200, &json!("problems")));
    assert_eq!(world.config.borrow().state, crate::config::ConfigState::Problems);
}

#[tokio::test]
async fn large_answers_are_compressed() {
    let world = TestWeb::open();
    let answer = world.get("/api/v1/jobs").header("accept-encoding", "gzip").send().await;
    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert!(!world.get("/api/v1/jobs").send().await.headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn nothing_is_kept_by_caches() {
    let world = TestWeb::open();
    for path in ["/api/v1/status", "/api/v1/jobs/nope", "/metrics"] {
        assert_eq!(world.get(path).send().await.headers["cache-control"], "no-store");
    }
}
