use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    model::Playable,
    web::testing::{Answer, TestWeb, now},
};

const HOUR: i64 = 3600;

fn listen(title: &str, ago_s: i64) -> Value {
    let metadata =
        json!({ "artist_name": "Ann", "track_name": title, "additional_info": { "duration_ms": 200_000 } });
    json!({ "listened_at": now().as_second() - ago_s, "track_metadata": metadata })
}

async fn submit(world: &TestWeb, token: &str, kind: &str, payload: Vec<Value>) -> Answer {
    let body = json!({ "listen_type": kind, "payload": payload }).to_string();
    // Many clients say nothing of the type of what they send.
    world.post("/1/submit-listens").header("authorization", &format!("Token {token}")).body(body).send().await
}

fn titles(world: &TestWeb) -> Vec<String> {
    let plays = world.web.parts.music.ledger.page(None, 2000).unwrap();
    plays.into_iter().map(|play| play.track.title).collect()
}

fn plays_now(world: &TestWeb) -> Option<String> {
    let playing = world.web.parts.music.players.inbox.playing(now());
    match playing.what {
        Playable::Song(track) => Some(format!("{} by {}", track.title, playing.device.unwrap())),
        _ => None,
    }
}

#[tokio::test]
async fn listens_are_written_before_the_answer() {
    let world = TestWeb::with_user().await;
    let token = world.token(&["scrobble"]).await;
    let answer = submit(&world, &token, "single", vec![listen("a", HOUR)]).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "status": "ok" })));
    assert_eq!(titles(&world), ["a"]);
    let said = &world.web.parts.music.ledger.page(None, 1).unwrap()[0].sources[0];
    assert_eq!((said.source.as_str(), said.client.as_deref()), ("listenbrainz", Some("test")));
    assert_eq!(plays_now(&world), None, "an hour ago");
}

#[tokio::test]
async fn repeated_imports_change_nothing() {
    let world = TestWeb::open();
    let token = world.token(&["scrobble"]).await;
    let listens: Vec<_> = (0..1000).map(|n| listen(&n.to_string(), n * 211)).collect();
    for _ in 0..2 {
        assert_eq!(submit(&world, &token, "import", listens.clone()).await.status, 200);
    }
    assert_eq!(titles(&world).len(), 1000);
    assert_eq!(plays_now(&world), None, "an import is of the past");
}

#[tokio::test]
async fn what_plays_now_goes_to_the_player_only() {
    let world = TestWeb::open();
    let token = world.token(&["scrobble"]).await;
    let mut now_playing = listen("a", 0);
    now_playing.as_object_mut().unwrap().remove("listened_at");
    assert_eq!(submit(&world, &token, "playing_now", vec![now_playing]).await.status, 200);
    assert_eq!((plays_now(&world).as_deref(), titles(&world).len()), (Some("a by test"), 0));
    assert_eq!(submit(&world, &token, "single", vec![listen("b", 20)]).await.status, 200);
    assert_eq!((plays_now(&world).as_deref(), titles(&world).len()), (Some("a by test"), 1));
}

#[tokio::test]
async fn refusals_look_as_clients_expect() {
    let world = TestWeb::with_user().await;
    let (token, reader) = (world.token(&["scrobble"]).await, world.token(&["read", "run", "admin"]).await);
    let answer = submit(&world, &token, "single", vec![]).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &json!(400)));
    assert!(answer.json()["error"].as_str().unwrap().contains("any listens"));
    for token in ["td_wrong", reader.as_str(), "x y"] {
        let answer = submit(&world, token, "single", vec![listen("a", 0)]).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (401, &json!(401)), "{token}");
    }
    let nobody = world.post("/1/submit-listens").body("{}").send().await;
    assert_eq!(nobody.json()["error"], "You need to provide an Authorization header.");
    let large = world.post("/1/submit-listens").header("authorization", &format!("Token {token}"));
    assert_eq!(large.body(vec![b' '; 11_000_000]).send().await.status, 413);
    assert_eq!(titles(&world), [""; 0]);
}

#[tokio::test]
async fn says_whether_a_token_is_good() {
    let world = TestWeb::with_user().await;
    let (good, reader) = (world.token(&["scrobble"]).await, world.token(&["read"]).await);
    let ask = |token: &str| world.get("/1/validate-token").header("authorization", &format!("Token {token}"));
    let valid = json!({ "code": 200, "message": "Token valid.", "valid": true, "user_name": "test" });
    assert_eq!(ask(&good).send().await.json(), valid);
    assert_eq!(world.get(&format!("/1/validate-token?token={good}")).send().await.json(), valid);
    for bad in ["td_wrong", &reader] {
        let answer = ask(bad).send().await;
        assert_eq!((answer.status.as_u16(), &answer.json()["valid"]), (200, &json!(false)));
    }
    assert_eq!(world.get("/1/validate-token").send().await.status, 400);
}

#[tokio::test]
async fn extensions_of_browsers_may_ask() {
    let world = TestWeb::open();
    let token = world.token(&["scrobble"]).await;
    let asked =
        world.ask(Method::OPTIONS, "/1/submit-listens").header("origin", "https://x.example").send().await;
    assert_eq!(asked.status, 204);
    let answer = world
        .post("/1/submit-listens")
        .header("origin", "https://x.example")
        .header("sec-fetch-site", "cross-site")
        .header("authorization", &format!("Token {token}"))
        .json(&json!({ "listen_type": "single", "payload": [listen("a", 9)] }))
        .send()
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
}
