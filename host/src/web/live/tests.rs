use axum::body::Body;
use http_body_util::BodyExt as _;

use super::*;
use crate::{
    model::Status,
    web::testing::{Ask, PASSWORD, TestWeb, run},
};

/// An open stream, read event by event.
struct Listening {
    body: Body,
    text: String,
}

impl Listening {
    async fn to(ask: Ask<'_>) -> Self {
        let response = ask.start().await;
        assert_eq!(response.status(), 200);
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event; `None` when the stream has ended.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                return Some(event);
            }
            let frame = tokio::time::timeout(std::time::Duration::from_secs(2), self.body.frame());
            let frame = frame.await.expect("an event or the end")?.unwrap();
            self.text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }

    /// The name of the next event, its data and its id.
    async fn event(&mut self) -> (String, serde_json::Value, Option<String>) {
        let text = self.next().await.expect("an event");
        let field = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name));
            found.map(|value| value.trim_start().to_owned())
        };
        let data = field("data:").unwrap_or_else(|| panic!("no data: {text}"));
        (field("event:").unwrap(), serde_json::from_str(&data).unwrap(), field("id:"))
    }
}

fn id(number: u64) -> String {
    format!("{}-{number}", crate::web::testing::now().as_millisecond())
}

fn lines(range: std::ops::RangeInclusive<u64>) -> Vec<LogLine> {
    let line = |seq| LogLine {
        seq,
        at: crate::web::testing::now(),
        level: "info".into(),
        target: "tapedeck".into(),
        message: format!("line {seq}"),
        fields: Default::default(),
    };
    range.map(line).collect()
}

fn seqs(data: &serde_json::Value) -> (u64, u64, usize) {
    let lines = data["lines"].as_array().unwrap();
    let seq = |line: Option<&serde_json::Value>| line.unwrap()["seq"].as_u64().unwrap();
    (seq(lines.first()), seq(lines.last()), lines.len())
}

#[tokio::test]
async fn tells_what_happens() {
    let world = TestWeb::open();
    let mut live = Listening::to(world.get("/api/v1/events")).await;
    assert_eq!(live.next().await.unwrap(), format!(": tapedeck\nid: {}", id(0)));
    world.bus.send(Event::Job("backup".parse().unwrap()));
    world.bus.send(Event::Run(run(7, "backup", Status::Running).into()));
    world.bus.send(Event::Config);
    world.bus.send(Event::Emitted("rain".parse().unwrap()));
    assert_eq!(live.event().await, ("job".into(), json!({ "name": "backup" }), Some(id(1))));
    let (name, data, _) = live.event().await;
    assert_eq!((name.as_str(), data["status"].as_str()), ("run", Some("running")));
    assert_eq!(live.event().await, ("config".into(), json!({ "state": "ok" }), Some(id(3))));
    assert_eq!(live.event().await, ("emitted".into(), json!({ "event": "rain" }), Some(id(4))));
}

#[tokio::test]
async fn replays_what_was_missed() {
    let world = TestWeb::open();
    for name in ["a", "b", "c"] {
        world.bus.send(Event::Job(name.parse().unwrap()));
    }
    let ask = world.get("/api/v1/events").header("last-event-id", &id(1));
    let mut live = Listening::to(ask).await;
    world.bus.send(Event::Job("d".parse().unwrap()));
    for (name, number) in [("b", 2), ("c", 3), ("d", 4)] {
        assert_eq!(live.event().await, ("job".into(), json!({ "name": name }), Some(id(number))));
    }
}

#[tokio::test]
async fn says_so_when_it_cannot_replay() {
    let world = TestWeb::open();
    world.bus.send(Event::Config);
    for last_seen in ["1", "garbage", "-1", "12345-1", &id(99), &id(u64::MAX), "1767323045000-x"] {
        let ask = world.get("/api/v1/events").header("last-event-id", last_seen);
        let mut live = Listening::to(ask).await;
        assert_eq!(live.event().await, ("reset".into(), json!({}), Some(id(1))), "{last_seen}");
    }
}

#[tokio::test]
async fn says_so_when_a_slow_reader_lost_events() {
    let world = TestWeb::open();
    let mut live = Listening::to(world.get("/api/v1/events")).await;
    live.next().await;
    for _ in 0..1100 {
        world.bus.send(Event::Config);
    }
    assert_eq!(live.event().await.0, "reset");
    assert_eq!(live.event().await.0, "config");
}

#[tokio::test]
async fn sends_a_log_from_its_beginning_and_as_it_grows() {
    let world = TestWeb::open();
    let run = run(7, "backup", Status::Running);
    world.state.run_logs.write(run.id, &lines(1..=1200), 1).unwrap();
    let mut live = Listening::to(world.get(&format!("/api/v1/events?run={}", run.id))).await;
    live.next().await;
    for expected in [(1, 500, 500), (501, 1000, 500), (1001, 1200, 200)] {
        let (name, data, id) = live.event().await;
        assert_eq!((name.as_str(), seqs(&data), id), ("log", expected, None));
        assert_eq!(data["run"], run.id.to_string());
    }
    world.state.run_logs.write(run.id, &lines(1201..=1203), 1).unwrap();
    world.bus.send(Event::Log { run: run.id, seq: 1203 });
    assert_eq!(seqs(&live.event().await.1), (1201, 1203, 3));
    // Another run's log is nobody's business here.
    world.bus.send(Event::Log { run: RunId(uuid::Uuid::from_u128(8)), seq: 1 });
    world.bus.send(Event::Config);
    assert_eq!(live.event().await.0, "config");
}

#[tokio::test]
async fn goes_on_with_a_log_after_a_line() {
    let world = TestWeb::open();
    let run = run(7, "backup", Status::Running);
    world.state.run_logs.write(run.id, &lines(1..=10), 1).unwrap();
    let path = format!("/api/v1/events?run={}&log_after=8", run.id);
    let mut live = Listening::to(world.get(&path)).await;
    live.next().await;
    assert_eq!(seqs(&live.event().await.1), (9, 10, 2));
}

#[tokio::test]
async fn a_long_log_holds_nothing_up() {
    let world = TestWeb::open();
    let run = run(7, "backup", Status::Running);
    world.state.run_logs.write(run.id, &lines(1..=8000), 1).unwrap();
    let mut live = Listening::to(world.get(&format!("/api/v1/events?run={}", run.id))).await;
    live.next().await;
    assert_eq!(live.event().await.0, "log");
    world.bus.send(Event::Run(run.into()));
    assert_eq!(live.event().await.0, "run");
    assert_eq!(live.event().await.0, "log");
    world.lifecycle.drain();
    assert_eq!(live.next().await, None);
}

#[tokio::test]
async fn a_long_log_ends_with_the_session() {
    let world = TestWeb::with_user().await;
    let cookie = world.sign_in("ada", PASSWORD).await;
    let run = run(7, "backup", Status::Running);
    world.state.run_logs.write(run.id, &lines(1..=8000), 1).unwrap();
    let path = format!("/api/v1/events?run={}", run.id);
    let mut live = Listening::to(world.get(&path).cookie(&cookie)).await;
    live.next().await;
    assert_eq!(live.event().await.0, "log");
    world.delete("/api/v1/session").cookie(&cookie).on_our_page().send().await;
    world.clock.advance(HEARTBEAT);
    assert_eq!(live.next().await, None);
}

#[tokio::test]
async fn beats_while_nothing_happens() {
    let world = TestWeb::open();
    let mut live = Listening::to(world.get("/api/v1/events")).await;
    live.next().await;
    for _ in 0..2 {
        world.clock.advance(HEARTBEAT);
        assert_eq!(live.next().await.unwrap(), ": still here");
    }
}

#[tokio::test]
async fn ends_with_the_session() {
    let world = TestWeb::with_user().await;
    let cookie = world.sign_in("ada", PASSWORD).await;
    let mut live = Listening::to(world.get("/api/v1/events").cookie(&cookie)).await;
    live.next().await;
    world.clock.advance(HEARTBEAT);
    assert_eq!(live.next().await.unwrap(), ": still here");
    world.delete("/api/v1/session").cookie(&cookie).on_our_page().send().await;
    world.clock.advance(HEARTBEAT);
    assert_eq!(live.next().await, None);
}

#[tokio::test]
async fn ends_when_the_daemon_drains() {
    let world = TestWeb::open();
    let mut live = Listening::to(world.get("/api/v1/events")).await;
    live.next().await;
    world.lifecycle.drain();
    assert_eq!(live.next().await, None);
}

#[tokio::test]
async fn bounds_open_streams() {
    let world = TestWeb::open();
    let mut open = Vec::new();
    for _ in 0..256 {
        open.push(Listening::to(world.get("/api/v1/events")).await);
    }
    world.get("/api/v1/events").send().await.problem(503);
    open.pop();
    open.push(Listening::to(world.get("/api/v1/events")).await);
}

#[tokio::test]
async fn is_never_compressed_or_kept() {
    let world = TestWeb::open();
    let response = world.get("/api/v1/events").header("accept-encoding", "gzip, br").start().await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    assert!(!response.headers().contains_key("content-encoding"));
}
