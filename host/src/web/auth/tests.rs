use std::time::{Duration, Instant};

use axum::http::{Method, header};
use futures_util::future::join_all;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::json;

use crate::{
    config::ServerSection,
    model::Period,
    web::testing::{PASSWORD, PROCESS_TOKEN, TestWeb, now, scopes},
};

#[tokio::test]
async fn the_machine_may_do_everything_while_there_is_no_user() {
    let world = TestWeb::open();
    let session = world.get("/api/v1/session").send().await.json();
    assert_eq!(
        session,
        json!({ "user": null, "users": false, "scopes": ["read", "run", "scrobble", "admin"] })
    );
    assert_eq!(world.post("/api/v1/jobs/backup/run").send().await.status, 202);
}

#[tokio::test]
async fn refuses_rebound_names_while_there_is_no_user() {
    let world = TestWeb::open();
    for host in ["evil.example", "evil.example:8484", "127.0.0.1.evil.example", "192.168.1.5:8484"] {
        let answer = world.get("/api/v1/status").header("host", host).send().await;
        assert!(answer.problem(421).contains("there is no user yet"), "{}", answer.text);
    }
    for host in ["localhost:8484", "deck.localhost", "127.0.0.1", "[::1]:8484"] {
        let answer = world.get("/api/v1/status").header("host", host).send().await;
        assert_eq!(answer.status, 200, "{host}");
    }
    // A name in the request line wins over the header, as RFC 9112 has it.
    let answer = world.get("http://evil.example/api/v1/status").send().await;
    assert_eq!(answer.status, 421);
}

#[tokio::test]
async fn refuses_other_machines_while_there_is_no_user() {
    let world = TestWeb::open();
    let answer = world.get("/api/v1/status").peer("192.168.1.9:5000").send().await;
    assert!(answer.problem(403).contains("tapedeck user add"));
    let answer = world.get("/api/v1/status").header("x-forwarded-for", "203.0.113.9").send().await;
    assert!(answer.problem(403).contains("proxy"));
}

#[tokio::test]
async fn a_configured_proxy_needs_a_user() {
    for change in [
        (|server| server.public_url = Some("https://deck.example".parse().unwrap()))
            as fn(&mut ServerSection),
        |server| server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()],
    ] {
        let world = TestWeb::open();
        world.change_settings(|settings| change(&mut settings.server));
        let answer = world.get("/api/v1/status").send().await;
        assert!(answer.problem(403).contains("Add a user first"), "{}", answer.text);
        assert_eq!(world.get("/api/v1/status").bearer(PROCESS_TOKEN).send().await.status, 200);
    }
}

#[tokio::test]
async fn the_first_user_closes_the_door_at_once() {
    let world = TestWeb::with_user().await;
    let answer = world.get("/api/v1/status").send().await;
    assert!(answer.problem(401).contains("sign in"));
    assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
    let session = world.get("/api/v1/session").send().await.json();
    assert_eq!(session, json!({ "user": null, "users": true, "scopes": [] }));
    // Other machines are served from now on.
    let cookie = world.sign_in("ada", PASSWORD).await;
    let ask = world.get("/api/v1/status").cookie(&cookie).peer("192.168.1.9:5000");
    assert_eq!(ask.header("host", "deck.example").send().await.status, 200);
}

#[tokio::test]
async fn a_session_knows_its_user() {
    let world = TestWeb::with_user().await;
    let cookie = world.sign_in("ada", PASSWORD).await;
    let session = world.get("/api/v1/session").cookie(&cookie).send().await.json();
    assert_eq!(session["user"], "ada");
    assert_eq!(scopes(&session).len(), 4);
}

#[tokio::test]
async fn cookies_are_strict_and_secrets_are_hashed() {
    let world = TestWeb::with_user().await;
    let answer = world.try_sign_in("ada", PASSWORD).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000");
    let secret = pair.strip_prefix("tapedeck_session=").unwrap();
    assert_eq!(secret.len(), 43);
    world.state.flushed().await.unwrap();
    let token = world.token(&["read"]).await;
    let mut files = vec![world.state.folder().to_owned()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        for hidden in [secret, &token, PASSWORD] {
            assert!(!bytes.contains(hidden), "{} has a secret", path.display());
        }
    }
}

#[tokio::test]
async fn https_cookies_stay_on_https() {
    let world = TestWeb::with_user().await;
    world.change_settings(|settings| {
        settings.server.public_url = Some("https://deck.example".parse().unwrap());
    });
    let answer = world.try_sign_in("ada", PASSWORD).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-tapedeck_session=") && cookie.ends_with("; Secure"), "{cookie}");
    assert!(answer.headers.contains_key("strict-transport-security"));
    let session = world.get("/api/v1/session").cookie(&answer.cookie()).send().await.json();
    assert_eq!(session["user"], "ada");
}

#[tokio::test]
async fn wrong_names_and_passwords_look_the_same() {
    let world = TestWeb::with_user().await;
    let wrong_password = world.try_sign_in("ada", "wrong").await;
    let unknown_user = world.try_sign_in("eve", "wrong").await;
    assert!(wrong_password.problem(401).contains("wrong"));
    assert_eq!(wrong_password.text, unknown_user.text);
    for name in ["", "\u{0}", "../etc", &"x".repeat(10_000)] {
        assert_eq!(world.try_sign_in(name, "wrong").await.status, 401, "{name:.20}");
    }
}

#[tokio::test]
async fn unknown_users_cost_the_same_time() {
    let world = TestWeb::with_user().await;
    let fastest = async |name: &'static str| {
        let mut fastest = Duration::MAX;
        for _ in 0..3 {
            let started = Instant::now();
            world.try_sign_in(name, "wrong").await;
            fastest = fastest.min(started.elapsed());
        }
        fastest
    };
    let (known, unknown) = (fastest("ada").await, fastest("eve").await);
    assert!(unknown * 3 > known && known * 3 > unknown, "{known:?} {unknown:?}");
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let world = TestWeb::with_user().await;
    let cookie = world.sign_in("ada", PASSWORD).await;
    let other = world.sign_in("ada", PASSWORD).await;
    assert_ne!(cookie, other);
    let answer = world.delete("/api/v1/session").cookie(&cookie).on_our_page().send().await;
    assert_eq!(answer.status, 204);
    assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(world.get("/api/v1/status").cookie(&cookie).send().await.status, 401);
    assert_eq!(world.get("/api/v1/status").cookie(&other).send().await.status, 200);
}

#[tokio::test]
async fn sessions_slide_and_end() {
    let world = TestWeb::with_user().await;
    world.change_settings(|settings| settings.auth.session_lifetime = Period::from_secs(3600));
    let cookie = world.sign_in("ada", PASSWORD).await;
    let status = async || world.get("/api/v1/status").cookie(&cookie).send().await;
    assert!(!status().await.headers.contains_key(header::SET_COOKIE), "used a moment ago");
    for _ in 0..3 {
        world.clock.advance(SignedDuration::from_mins(50));
        let answer = status().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.cookie(), cookie, "the browser's copy has to live longer too");
    }
    world.clock.advance(SignedDuration::from_mins(61));
    assert_eq!(status().await.status, 401);
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let world = TestWeb::with_user().await;
    let cookie = world.sign_in("ada", PASSWORD).await;
    let changed = json!({ "name": "ada", "password": "battery staple" });
    let answer = world.post("/api/v1/users").cookie(&cookie).on_our_page().json(&changed).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(world.get("/api/v1/status").cookie(&cookie).send().await.status, 401);
    world.try_sign_in("ada", PASSWORD).await.problem(401);
    world.sign_in("ada", "battery staple").await;
}

#[tokio::test]
async fn a_password_changed_behind_our_back_ends_sessions_too() {
    let world = TestWeb::with_user().await;
    let cookie = world.sign_in("ada", PASSWORD).await;
    let mut user = world.state.users.get("ada").unwrap().unwrap();
    user.password = super::hash_password(&SecretString::from("battery staple")).unwrap();
    world.state.users.put(&user).unwrap();
    assert_eq!(world.get("/api/v1/status").cookie(&cookie).send().await.status, 401);
}

#[tokio::test]
async fn deleting_a_user_signs_out_and_opens_again() {
    let world = TestWeb::with_user().await;
    let cookie = world.sign_in("ada", PASSWORD).await;
    let delete = || world.delete("/api/v1/users/ada").bearer(PROCESS_TOKEN);
    assert_eq!(delete().send().await.status, 204);
    delete().send().await.problem(404);
    assert!(!world.get("/api/v1/session").cookie(&cookie).send().await.json()["users"].as_bool().unwrap());
}

#[tokio::test]
async fn the_last_user_stays_while_others_are_served() {
    let world = TestWeb::listening_on("0.0.0.0:8484".parse().unwrap());
    let user = json!({ "name": "ada", "password": PASSWORD });
    world.post("/api/v1/users").json(&user).send().await;
    let answer = world.delete("/api/v1/users/ada").bearer(PROCESS_TOKEN).send().await;
    assert!(answer.problem(409).contains("last user"));
}

#[tokio::test]
async fn the_configured_user_signs_in_and_cannot_be_changed() {
    let world = TestWeb::open();
    world.change_settings(|settings| {
        settings.auth.username = Some("root".into());
        settings.auth.password = Some(SecretString::from("short"));
    });
    let cookie = world.sign_in("root", "short").await;
    world.try_sign_in("root", "wrong").await.problem(401);
    let users = world.get("/api/v1/users").cookie(&cookie).send().await.json();
    assert_eq!(users, json!([{ "name": "root", "created": null }]));
    let changed = json!({ "name": "root", "password": "battery staple" });
    let ask = world.post("/api/v1/users").cookie(&cookie).on_our_page();
    assert!(ask.json(&changed).send().await.problem(409).contains("configuration"));
    world.delete("/api/v1/users/root").cookie(&cookie).on_our_page().send().await.problem(409);
    world.change_settings(|settings| settings.auth.password = Some(SecretString::from("changed")));
    assert_eq!(world.get("/api/v1/status").cookie(&cookie).send().await.status, 401);
}

#[tokio::test]
async fn bad_names_and_passwords_make_no_user() {
    let world = TestWeb::open();
    for (name, password) in [
        ("", PASSWORD),
        ("a b", PASSWORD),
        (".", PASSWORD),
        ("..", PASSWORD),
        ("é", PASSWORD),
        ("ada", "short"),
    ] {
        let user = json!({ "name": name, "password": password });
        world.post("/api/v1/users").json(&user).send().await.problem(400);
    }
    assert!(world.state.users.is_empty());
}

#[tokio::test]
async fn throttles_one_address() {
    let world = TestWeb::with_user().await;
    let mut last = None;
    for n in 0..12 {
        last = Some(world.try_sign_in(&format!("user{n}"), "wrong").await);
    }
    let answer = last.unwrap();
    answer.problem(429);
    assert_eq!(answer.headers[header::RETRY_AFTER], "6");
    world.clock.advance(SignedDuration::from_secs(6));
    assert_eq!(world.try_sign_in("ada", PASSWORD).await.status, 204);
}

#[tokio::test]
async fn strangers_do_not_lock_a_user_out() {
    let world = TestWeb::with_user().await;
    for n in 0..12 {
        let credentials = json!({ "username": "ada", "password": "wrong" });
        let ask = world.post("/api/v1/session").peer(&format!("10.0.0.{n}:5000")).json(&credentials);
        assert_eq!(ask.send().await.status, 401);
    }
    world.sign_in("ada", PASSWORD).await;
}

#[tokio::test]
async fn invented_addresses_do_not_escape_the_throttle() {
    let world = TestWeb::with_user().await;
    let attempt = async |n: u32| {
        let credentials = json!({ "username": format!("user{n}"), "password": "wrong" });
        let ask = world.post("/api/v1/session").header("x-forwarded-for", &format!("203.0.113.{n}"));
        ask.json(&credentials).send().await.status.as_u16()
    };
    for n in 0..10 {
        assert_eq!(attempt(n).await, 401);
    }
    assert_eq!(attempt(10).await, 429);
    world.change_settings(|settings| settings.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]);
    assert_eq!(attempt(11).await, 401);
}

#[tokio::test]
async fn a_thousand_log_ins_stay_bounded() {
    let world = TestWeb::with_user().await;
    let started = Instant::now();
    let attempts = join_all((0..1000).map(|n| {
        let credentials = json!({ "username": format!("user{n}"), "password": "wrong" });
        let peer = format!("10.0.{}.{}:5000", n / 250, n % 250);
        world.post("/api/v1/session").peer(&peer).json(&credentials).send()
    }));
    let others = async {
        tokio::task::yield_now().await;
        let asked = Instant::now();
        assert_eq!(world.get("/api/v1/status").bearer(PROCESS_TOKEN).send().await.status, 200);
        asked.elapsed()
    };
    let (answers, waited) = tokio::join!(attempts, others);
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    let hashed = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(refused + hashed, 1000);
    assert!((1..=18).contains(&hashed), "{hashed} were hashed");
    assert!(
        answers.iter().all(|answer| answer.status != 429 || answer.headers.contains_key(header::RETRY_AFTER))
    );
    assert!(waited < Duration::from_secs(2), "others waited {waited:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn other_sites_change_nothing() {
    let world = TestWeb::with_user().await;
    let cookie = world.sign_in("ada", PASSWORD).await;
    let pause = || world.post("/api/v1/jobs/backup/pause").cookie(&cookie);
    pause().header("origin", "http://evil.example").send().await.problem(403);
    pause().header("origin", "null").send().await.problem(403);
    pause().header("origin", "http://127.0.0.1:9999").send().await.problem(403);
    pause().header("sec-fetch-site", "cross-site").send().await.problem(403);
    pause().send().await.problem(403);
    assert_eq!(pause().header("sec-fetch-site", "same-origin").send().await.status, 200);
    assert_eq!(pause().on_our_page().send().await.status, 200);
}

#[tokio::test]
async fn other_sites_change_nothing_without_users_either() {
    let world = TestWeb::open();
    let run = || world.post("/api/v1/jobs/backup/run");
    run().header("origin", "http://evil.example").send().await.problem(403);
    run().header("sec-fetch-site", "cross-site").send().await.problem(403);
    assert_eq!(run().on_our_page().send().await.status, 202);
    // Nobody is signed in by somebody else's page, into somebody else's account.
    let credentials = json!({ "username": "eve", "password": "wrong" });
    let ask = world.post("/api/v1/session").header("origin", "http://evil.example");
    ask.json(&credentials).send().await.problem(403);
}

#[tokio::test]
async fn our_page_behind_a_proxy_is_ours() {
    let world = TestWeb::with_user().await;
    let cookie = world.sign_in("ada", PASSWORD).await;
    let pause = || {
        let ask = world.post("/api/v1/jobs/backup/pause").cookie(&cookie);
        ask.header("origin", "http://deck.example")
    };
    pause().send().await.problem(403);
    assert_eq!(pause().header("host", "deck.example").send().await.status, 200);
    world.change_settings(|settings| {
        settings.server.public_url = Some("http://deck.example/".parse().unwrap())
    });
    assert_eq!(pause().send().await.status, 200);
}

#[tokio::test]
async fn forms_are_no_json() {
    let world = TestWeb::open();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let ask = world.post("/api/v1/jobs/backup/run").header("content-type", kind).body("{}");
        ask.send().await.problem(415);
    }
    let ask = world.post("/api/v1/jobs/backup/run").header("content-length", "2").body("{}");
    ask.send().await.problem(415);
}

#[tokio::test]
async fn tokens_do_what_their_scopes_say() {
    let world = TestWeb::with_user().await;
    let read = world.token(&["read"]).await;
    let run = world.token(&["read", "run"]).await;
    assert!(read.starts_with("td_") && read.len() == 46);
    assert_eq!(world.get("/api/v1/jobs").bearer(&read).send().await.status, 200);
    let answer = world.post("/api/v1/jobs/backup/run").bearer(&read).send().await;
    assert!(answer.problem(403).contains("`run`"));
    let answer = world.post("/api/v1/jobs/backup/run").bearer(&run).send().await;
    assert_eq!(answer.json()["trigger"], json!({ "by": "manual", "who": "token test" }));
    let answer = world.get("/api/v1/tokens").bearer(&run).send().await;
    assert!(answer.problem(403).contains("`admin`"));
}

#[tokio::test]
async fn tokens_are_listed_without_their_secret_and_deleted() {
    let world = TestWeb::with_user().await;
    let token = world.token(&["read"]).await;
    world.get("/api/v1/status").bearer(&token).send().await;
    let answer = world.get("/api/v1/tokens").bearer(PROCESS_TOKEN).send().await;
    let list = answer.json();
    assert_eq!(list[0]["name"], "test");
    assert_eq!(list[0]["last_used"], now().to_string());
    assert_eq!(list[0].as_object().unwrap().len(), 6);
    assert!(!answer.text.contains(&token[3..]));
    let path = format!("/api/v1/tokens/{}", list[0]["id"].as_str().unwrap());
    assert_eq!(world.delete(&path).bearer(PROCESS_TOKEN).send().await.status, 204);
    world.delete(&path).bearer(PROCESS_TOKEN).send().await.problem(404);
    world.get("/api/v1/status").bearer(&token).send().await.problem(401);
}

#[tokio::test]
async fn tokens_expire() {
    let world = TestWeb::open();
    let new = |expires: &str| json!({ "name": "x", "scopes": ["read"], "expires": expires });
    let ask = |expires| world.post("/api/v1/tokens").json(&new(expires)).send();
    ask("2026-01-02T03:04:05Z").await.problem(400);
    let token = ask("2026-01-02T04:00:00Z").await.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(world.get("/api/v1/status").bearer(&token).send().await.status, 200);
    world.clock.advance(SignedDuration::from_hours(1));
    world.get("/api/v1/status").bearer(&token).send().await.problem(401);
}

#[tokio::test]
async fn odd_tokens_are_refused() {
    let world = TestWeb::open();
    for body in [
        json!({ "name": "", "scopes": ["read"] }),
        json!({ "name": "x", "scopes": [] }),
        json!({ "name": "x", "scopes": ["everything"] }),
        json!({ "name": "x\n", "scopes": ["read"] }),
        json!({ "name": "x", "scopes": ["read"], "colour": "red" }),
    ] {
        world.post("/api/v1/tokens").json(&body).send().await.problem(400);
    }
    for header in ["Bearer td_wrong", "Bearer", "Bearer ", "Basic YWRhOmFkYQ==", "td_x"] {
        // Not even where nobody has to sign in: whoever sends a token means it.
        world.get("/api/v1/status").header("authorization", header).send().await.problem(401);
    }
}

#[tokio::test]
async fn credentials_of_a_proxy_are_not_ours() {
    let world = TestWeb::with_user().await;
    let cookie = world.sign_in("ada", PASSWORD).await;
    let status = |header| world.get("/api/v1/status").header("authorization", header);
    assert_eq!(status("Basic YWRhOmFkYQ==").cookie(&cookie).send().await.status, 200);
    status("Basic YWRhOmFkYQ==").send().await.problem(401);
    status("bearer td_wrong").cookie(&cookie).send().await.problem(401);
    assert_eq!(status(&format!("bEARER  {PROCESS_TOKEN}")).send().await.status, 200);
}

#[tokio::test]
async fn a_token_deleted_under_way_stays_deleted() {
    let world = TestWeb::with_user().await;
    world.token(&["read"]).await;
    let token = world.state.tokens.list().unwrap().remove(0);
    world.state.tokens.remove(token.id).unwrap();
    world.web.auth.touch_token(&token);
    assert_eq!(world.state.tokens.list().unwrap(), []);
}

#[tokio::test]
async fn the_command_line_has_a_token_of_its_own() {
    let world = TestWeb::with_user().await;
    let answer = world.post("/api/v1/jobs/backup/run").bearer(PROCESS_TOKEN).send().await;
    assert_eq!(answer.json()["trigger"]["who"], "command line");
    // A program of the container engine may ask from anywhere, under any name.
    let ask = world.get("/api/v1/status").bearer(PROCESS_TOKEN).peer("10.0.0.1:5000");
    assert_eq!(ask.header("host", "tapedeck:8484").send().await.status, 200);
}

#[tokio::test]
async fn health_is_for_everybody() {
    let world = TestWeb::with_user().await;
    for path in ["/health/live", "/health/ready"] {
        let ask = world.get(path).peer("10.0.0.1:5000").header("host", "tapedeck");
        let answer = ask.send().await;
        assert_eq!(answer.json(), json!({ "status": "ok" }));
    }
    assert_eq!(world.ask(Method::HEAD, "/health/live").send().await.status, 200);
    world.lifecycle.drain();
    let answer = world.get("/health/ready").send().await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["reasons"], json!(["the daemon is shutting down"]));
}
