use crate::{config::SpotifySection, web::testing::TestWeb};

fn with_application(change: impl FnOnce(&mut SpotifySection)) -> TestWeb {
    let world = TestWeb::open();
    configure(&world, change);
    world
}

fn configure(world: &TestWeb, change: impl FnOnce(&mut SpotifySection)) {
    let mut section = SpotifySection { client_id: Some("id".into()), ..SpotifySection::default() };
    change(&mut section);
    world.web.parts.spotify.configure(&section);
    world.web.parts.spotify.set_page("http://127.0.0.1:8484".parse().unwrap());
}

#[tokio::test]
async fn missing_application_is_explained_in_steps() {
    let answer = TestWeb::open().get("/auth").send().await;
    assert_eq!(answer.status, 409, "{}", answer.text);
    for step in
        ["1. Open https://developer.spotify.com/dashboard", "2. ", "3. ", "http://127.0.0.1:8484/callback"]
    {
        assert!(answer.text.contains(step), "{step}: {}", answer.text);
    }
}

#[tokio::test]
async fn logins_begin_with_a_state_and_a_cookie() {
    let world = with_application(|_| {});
    let answer = world.get("/auth").send().await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let to = answer.headers["location"].to_str().unwrap();
    assert!(to.starts_with("https://accounts.spotify.com/authorize?"), "{to}");
    for part in [
        "state=",
        "code_challenge=",
        "response_type=code",
        "scope=user-read-",
        "user-read-currently-playing",
        "user-read-playback-state",
        "127.0.0.1%3A8484%2Fcallback",
    ] {
        assert!(to.contains(part), "{part}: {to}");
    }
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("tapedeck_spotify=") && cookie.contains("; HttpOnly; SameSite=Lax; Max-Age=600"),
        "{cookie}"
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn cookies_of_https_stay_there() {
    let world = with_application(|section| {
        section.redirect_uri = Some("https://deck.example/callback".parse().unwrap());
    });
    let answer = world.get("/auth").send().await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-tapedeck_spotify=") && cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn only_who_may_change_things_begins() {
    let world = TestWeb::with_user().await;
    configure(&world, |_| {});
    world.get("/auth").send().await.problem(401);
    let page = world.get("/auth").header("accept", "text/html").send().await;
    assert_eq!(page.status, 401);
    assert!(
        page.text.contains("Sign in first") && page.text.contains("http://127.0.0.1:8484/"),
        "{}",
        page.text
    );
    let read = world.token(&["read"]).await;
    world.get("/auth").bearer(&read).send().await.problem(403);
    let admin = world.token(&["admin"]).await;
    assert_eq!(world.get("/auth").bearer(&admin).send().await.status, 302);
    let view = world.get("/api/v1/spotify").bearer(&read).send().await.json();
    assert_eq!(
        (view["state"].as_str(), view["login_url"].as_str()),
        (Some("logged-out"), Some("http://127.0.0.1:8484/auth"))
    );
}

#[tokio::test]
async fn tickets_let_in_who_has_one() {
    let world = TestWeb::with_user().await;
    configure(&world, |_| {});
    let admin = world.token(&["admin"]).await;
    let login = world.post("/api/v1/spotify/logins").bearer(&admin).send().await;
    assert_eq!(login.status, 201, "{}", login.text);
    let link = login.json()["link"].as_str().unwrap().to_owned();
    let path = link.strip_prefix("http://127.0.0.1:8484").unwrap();
    assert_eq!(world.get(path).send().await.status, 302);
    let page = world.get("/auth?ticket=guessed").send().await;
    assert_eq!(page.status, 404, "{}", page.text);
}

#[tokio::test]
async fn browsers_go_first_to_where_they_come_back() {
    let world = with_application(|section| {
        section.redirect_uri = Some("http://localhost:8484/callback".parse().unwrap());
    });
    let answer = world.get("/auth").send().await;
    let to = answer.headers["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with("http://localhost:8484/auth?ticket=") && to.ends_with("&here=true"), "{to}");
    assert!(!answer.headers.contains_key("set-cookie"));
    let again = world.get(to.strip_prefix("http://localhost:8484").unwrap()).send().await;
    assert!(
        again.headers["location"].to_str().unwrap().starts_with("https://accounts.spotify.com/"),
        "no circle"
    );
}

#[tokio::test]
async fn uninvited_callbacks_change_nothing() {
    let world = with_application(|_| {});
    let page = world.get("/callback?code=x&state=y").send().await;
    assert_eq!(page.status, 404, "{}", page.text);
    assert!(page.text.contains("open /auth on the page"), "{}", page.text);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("style-src 'sha256-") && !policy.contains("'self'"), "{policy}");
    assert_eq!(world.get("/callback").send().await.status, 404);
}
