use serde_json::json;
use tapedeck_sim::{
    World,
    hooks::{self, Answer, HookServer, Hooks, Request},
};

use super::{
    super::testing::{self, soon},
    *,
};
use crate::{
    model::Summary,
    scheduler::{JobError, RunContext},
};
use std::time::Duration;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A receiver that answers at `/hook`.
async fn receiver(answers: impl IntoIterator<Item = Answer>) -> (World, HookServer) {
    let world = World::default();
    world.hooks(|hooks| hooks.on("/hook", answers));
    let server = hooks::serve(&world, None).await.unwrap();
    (world, server)
}

async fn call_with(settings: Value, context: RunContext) -> Result<Summary, JobError> {
    soon(testing::job(&KIND, settings).run(context)).await
}

async fn call(settings: Value) -> Result<Summary, JobError> {
    call_with(settings, testing::context().0).await
}

fn only(hooks: &Hooks) -> Request {
    let [request] = hooks.requests.as_slice() else { panic!("one request, not {:?}", hooks.requests) };
    request.clone()
}

/// Calls a receiver once with these settings on top of its address; gives what arrived.
async fn arrived(mut settings: Value) -> Request {
    let (world, server) = receiver([Answer::ok()]).await;
    settings["url"] = server.url("/hook").into();
    let (mut context, _) = testing::context();
    context.params.insert("who".into(), "\"Ann\" & co".into());
    call_with(settings, context).await.unwrap();
    world.finish().unwrap();
    world.hooks(|hooks| only(hooks))
}

async fn failure(answer: Answer) -> JobError {
    let (world, server) = receiver([answer]).await;
    let error = call(json!({ "url": server.url("/hook") })).await.unwrap_err();
    world.finish().unwrap();
    error
}

#[tokio::test]
async fn sends_an_envelope_by_default() {
    let request = arrived(json!({})).await;
    assert_eq!((request.method.as_str(), request.header("content-type")), ("POST", Some("application/json")));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let expected = json!({
        "type": "job.run",
        "timestamp": testing::NOW,
        "data": {
            "run": "01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f",
            "job": "test",
            "due": testing::NOW,
            "trigger": "manual",
            "attempt": 2,
            "params": { "who": "\"Ann\" & co" },
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn signatures_satisfy_the_receiver() {
    for secret in [SECRET, "any plain text"] {
        let (world, server) = receiver([Answer::ok()]).await;
        world.hooks(|hooks| hooks.secret = Some(secret.into()));
        call(json!({ "url": server.url("/hook"), "secret": secret })).await.unwrap();
        world.finish().unwrap();
        let request = world.hooks(|hooks| only(hooks));
        assert_eq!(request.header("webhook-id"), Some("01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f"));
        assert_eq!(request.header("webhook-timestamp"), Some("1772366400"));
    }
}

#[tokio::test]
async fn attempts_share_one_id() {
    let (world, server) = receiver([Answer::status(503), Answer::ok()]).await;
    let job = testing::job(&KIND, json!({ "url": server.url("/hook") }));
    let (context, _) = testing::context();
    soon(job.run(RunContext { attempt: 1, ..context.clone() })).await.unwrap_err();
    soon(job.run(context)).await.unwrap();
    let ids = world.hooks(|hooks| {
        hooks
            .requests
            .iter()
            .map(|request| request.header("webhook-id").map(str::to_owned))
            .collect::<Vec<_>>()
    });
    assert!(ids.len() == 2 && ids[0].is_some() && ids[0] == ids[1], "{ids:?}");
}

#[tokio::test]
async fn templates_keep_their_format() {
    let request = arrived(json!({ "body": r#"{"text":"{{params.who}} {{job}}"}"# })).await;
    assert_eq!(request.text(), r#"{"text":"\"Ann\" & co test"}"#);
    assert_eq!(request.header("content-type"), Some("application/json"));

    let request =
        arrived(json!({ "json": { "a": ["{{params.who}}", 1], "b": { "c": "{{attempt}}" } } })).await;
    assert_eq!(request.text(), r#"{"a":["\"Ann\" & co",1],"b":{"c":"2"}}"#);

    let form = json!({ "content-type": "application/x-www-form-urlencoded" });
    let request = arrived(json!({ "body": "who={{params.who}}", "headers": form })).await;
    assert_eq!(request.text(), "who=%22Ann%22+%26+co");

    let request = arrived(json!({ "body": "{{params.who}}" })).await;
    assert_eq!(request.text(), "\"Ann\" & co");
}

#[tokio::test]
async fn headers_and_bearer_arrive() {
    let request = arrived(json!({ "bearer": "t0ken", "headers": { "X-One": "1" }, "method": "get" })).await;
    assert_eq!(request.header("authorization"), Some("Bearer t0ken"));
    assert_eq!(request.header("x-one"), Some("1"));
    assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));
    assert_eq!(request.header("user-agent"), Some("tapedeck/0.0.0-test"));
}

#[tokio::test]
async fn a_missing_param_is_permanent() {
    let settings = json!({ "url": "http://127.0.0.1:9/", "body": "{{params.gone}}" });
    let error = call(settings).await.unwrap_err();
    assert!(!error.is_temporary && error.to_string().contains("no parameter `gone`"), "{error}");
}

#[tokio::test]
async fn answers_decide_about_retries() {
    for (status, is_temporary) in [
        (400, false),
        (401, false),
        (404, false),
        (410, false),
        (422, false),
        (304, false),
        (408, true),
        (425, true),
        (429, true),
        (500, true),
        (502, true),
        (599, true),
    ] {
        let error = failure(Answer::status(status)).await;
        assert_eq!(error.is_temporary, is_temporary, "{error}");
        assert!(error.to_string().contains(&status.to_string()), "{error}");
        assert_eq!(error.summary.unwrap().data["status"], status);
    }
}

#[tokio::test]
async fn retry_after_is_passed_on() {
    for status in [429, 503] {
        let error = failure(Answer::status(status).header("retry-after", "86400")).await;
        assert_eq!(error.retry_after, Some(Duration::from_secs(86_400)));
    }
    assert_eq!(failure(Answer::status(404).header("retry-after", "1")).await.retry_after, None);
}

#[tokio::test]
async fn expect_lists_what_succeeds() {
    let (world, server) = receiver([Answer::status(404), Answer::ok()]).await;
    let settings = json!({ "url": server.url("/hook"), "expect": [201, 404] });
    assert_eq!(call(settings.clone()).await.unwrap().data["status"], 404);
    let error = call(settings).await.unwrap_err();
    assert!(!error.is_temporary && error.to_string().contains("`expect` does not list"), "{error}");
    world.finish().unwrap();
}

#[tokio::test]
async fn silence_ends_at_the_time_limit() {
    let (world, server) = receiver([Answer::never()]).await;
    let error = call(json!({ "url": server.url("/hook"), "call_timeout": "50ms" })).await.unwrap_err();
    assert!(error.is_temporary && error.to_string().contains("no answer within 50ms"), "{error}");
    world.finish().unwrap();
}

#[tokio::test]
async fn stop_ends_the_call() {
    let (world, server) = receiver([Answer::never()]).await;
    let (context, _) = testing::context();
    let stop = context.stop.clone();
    let (result, ()) = tokio::join!(call_with(json!({ "url": server.url("/hook") }), context), async {
        soon(world.wait_for_hooks(|hooks| hooks.requests.len() == 1)).await;
        stop.cancel();
    });
    assert!(result.unwrap_err().to_string().contains("stopped"));
}

#[tokio::test]
async fn connection_failures_are_explained() {
    let error = failure(Answer::closes()).await;
    assert!(error.is_temporary && error.to_string().contains("broke"), "{error}");

    let (_, server) = receiver([]).await;
    let secure = server.url("/hook").replace("http:", "https:");
    let error = call(json!({ "url": secure })).await.unwrap_err();
    assert!(error.is_temporary && error.to_string().contains("no secure connection"), "{error}");

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = call(json!({ "url": format!("http://{free}/") })).await.unwrap_err();
    assert!(error.is_temporary && error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn redirects_are_followed_a_little() {
    let (world, server) = receiver([Answer::redirect(308, "/there")]).await;
    world.hooks(|hooks| {
        hooks.on("/there", [Answer::redirect(307, "/end")]);
        hooks.on("/end", [Answer::ok()]);
        hooks.on("/loop", [Answer::redirect(307, "/loop")]);
    });
    let summary = call(json!({ "url": server.url("/hook"), "bearer": "t0ken" })).await.unwrap();
    assert_eq!(summary.data["redirects"], 2);
    world.hooks(|hooks| {
        let last = hooks.to("/end").next().unwrap();
        assert_eq!((last.method.as_str(), last.header("authorization")), ("POST", Some("Bearer t0ken")));
        assert!(!last.body.is_empty());
    });
    let error = call(json!({ "url": server.url("/loop") })).await.unwrap_err();
    assert!(!error.is_temporary && error.to_string().contains("more than 3 redirects"), "{error}");
    assert_eq!(world.hooks(|hooks| hooks.to("/loop").count()), 4);
    world.finish().unwrap();
}

#[tokio::test]
async fn redirects_carry_no_secret_elsewhere() {
    let (other, elsewhere) = receiver([Answer::ok()]).await;
    let (world, server) = receiver([Answer::redirect(307, &elsewhere.url("/hook"))]).await;
    other.hooks(|hooks| hooks.secret = Some(SECRET.into()));
    let headers = json!({ "x-api-key": "k3y" });
    let settings =
        json!({ "url": server.url("/hook"), "bearer": "t0ken", "headers": headers, "secret": SECRET });
    call(settings).await.unwrap();
    let request = other.hooks(|hooks| only(hooks));
    assert_eq!((request.header("authorization"), request.header("x-api-key")), (None, None));
    world.finish().unwrap();
    other.finish().unwrap();
}

#[tokio::test]
async fn harmful_redirects_are_refused() {
    for (status, to, why) in [
        (302, "/there", "lose the body"),
        (307, "ftp://127.0.0.1/", "less safe"),
        (307, "http://", "no address"),
        (300, "/there", "300"),
    ] {
        let error = failure(Answer::redirect(status, to)).await;
        assert!(!error.is_temporary && error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn endless_answers_are_cut() {
    let (world, server) =
        receiver([Answer::ok().endless("0123456789abcde\n".repeat(64), Duration::ZERO)]).await;
    let summary = call(json!({ "url": server.url("/hook") })).await.unwrap();
    let bytes = summary.data["bytes"].as_u64().unwrap();
    assert!((65_536..1_048_576).contains(&bytes), "{bytes}");
    world.finish().unwrap();
}

#[tokio::test]
async fn a_slow_answer_keeps_its_status() {
    let slow = Answer::ok().endless("x", Duration::from_millis(20));
    let (world, server) = receiver([slow, Answer::ok().broken("half")]).await;
    let settings = json!({ "url": server.url("/hook"), "call_timeout": "300ms" });
    assert_eq!(call(settings.clone()).await.unwrap().data["status"], 200);
    assert_eq!(call(settings).await.unwrap().data["status"], 200);
    world.finish().unwrap();
}

#[tokio::test]
async fn secrets_stay_secret() {
    let (_, server) = receiver([Answer::status(500).body("you sent t0ken-value")]).await;
    let url = server.url("/hook?key=query-value").replace("http://", "http://ann:pass-word@");
    let settings = json!({
        "url": url,
        "bearer": "t0ken-value",
        "secret": "sign-value",
        "headers": { "x-key": "header-value" },
        "call_timeout": "5s",
    });
    let job = testing::job(&KIND, settings.clone());
    let error = soon(job.run(testing::context().0)).await.unwrap_err();
    drop(server);
    let refused = soon(job.run(testing::context().0)).await.unwrap_err();
    let shown = format!("{job:?} {error} {error:?} {refused} {refused:?}");
    for secret in ["t0ken-value", "sign-value", "header-value", "query-value", "pass-word", "ann"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(shown.contains("/hook?key=•••"), "{shown}");
}

#[test]
fn senseless_settings_are_refused() {
    let url = "https://example.org/";
    for (settings, why) in [
        (json!({ "url": "example.org/hook" }), "`url` is not a whole address"),
        (json!({ "url": "file:///etc/passwd" }), "http:// or https://"),
        (json!({ "url": url, "method": "PO ST" }), "no HTTP method"),
        (json!({ "url": url, "method": "CONNECT" }), "no HTTP method"),
        (json!({ "url": url, "call_timeout": "0s" }), "`call_timeout` is zero"),
        (json!({ "url": url, "expect": [99] }), "99 cannot be"),
        (json!({ "url": url, "expect": "3xx" }), "Expect"),
        (json!({ "url": url, "headers": { "a b": "" } }), "no header's name"),
        (json!({ "url": url, "headers": { "a": "x\ny" } }), "no header can hold"),
        (json!({ "url": url, "headers": { "authorization": "x" }, "bearer": "y" }), "given twice"),
        (json!({ "url": url, "body": "", "json": {} }), "keep one"),
        (json!({ "url": url, "json": { "a": "{{jobb}}" } }), "`{{jobb}}` is no placeholder"),
        (json!({ "url": url, "secret": "whsec_?" }), "base64"),
    ] {
        let error = testing::try_job(&KIND, settings).unwrap_err();
        assert!(format!("{error:#}").contains(why), "{error:#}");
    }
}
