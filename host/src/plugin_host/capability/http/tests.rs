use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tapedeck_sim::{
    World,
    hooks::{self, Answer as Reply, HookServer, Request as Arrived},
};

use super::*;
use crate::plugin_host::grants::testing::permit;

/// What a name resolves to, one answer after the other; the last one stays.
type Names = Arc<Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>>;

/// A network with one server, and names that point wherever a test wants.
struct Net {
    world: World,
    server: HookServer,
    names: Names,
    door: HttpDoor,
}

const SOON: Duration = Duration::from_secs(10);

async fn net(replies: impl IntoIterator<Item = (&'static str, Reply)>) -> Net {
    let world = World::default();
    world.hooks(|hooks| {
        for (path, reply) in replies {
            hooks.on(path, [reply]);
        }
    });
    let server = hooks::serve(&world, None).await.unwrap();
    let names = Names::default();
    let known = names.clone();
    let lookup: Lookup = Arc::new(move |name| {
        let mut names = known.lock().unwrap();
        let found = names
            .get_mut(&name)
            .map(|answers| if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() });
        Box::pin(async move { found.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    });
    let net = Net { world, server, names, door: HttpDoor::new("0.0.0-test", &lookup).unwrap() };
    net.name("music.test", &[&["127.0.0.1"]]);
    net.name("other.test", &[&["127.0.0.1"]]);
    net
}

impl Net {
    fn name(&self, name: &str, answers: &[&[&str]]) {
        let answers = answers.iter().map(|answer| answer.iter().map(|it| it.parse().unwrap()).collect());
        self.names.lock().unwrap().insert(name.to_owned(), answers.collect());
    }

    fn url(&self, host: &str, path: &str) -> String {
        self.server.url(path).replace("127.0.0.1", host)
    }

    /// Everything is asked for; these hosts are granted.
    fn permits(&self, grants: Value) -> Permits {
        let wants = json!({"http": [{"host": "*", "methods": ["GET", "POST", "HEAD"]}]});
        Permits::new(permit(wants, json!({"http": grants}), &[]))
    }

    fn private(&self, hosts: &[&str]) -> Permits {
        let grants = hosts.iter().map(|host| json!({"host": format!("http://{host}:*"), "private": true}));
        self.permits(grants.collect())
    }

    async fn fetch(&self, permits: &Permits, request: Request) -> Result<(u16, Vec<u8>), HttpFailure> {
        let mut answer = self.door.send(permits, request, SOON).await?;
        let body = answer.body(permits).await?;
        Ok((answer.status(), body))
    }

    async fn denied(&self, permits: &Permits, url: &str) -> String {
        match self.fetch(permits, get(url)).await {
            Err(HttpFailure::Denied(denied)) => denied.to_string(),
            other => panic!("{url}: {other:?}"),
        }
    }

    fn arrived(&self) -> Vec<Arrived> {
        self.world.hooks(|hooks| hooks.requests.clone())
    }
}

fn get(url: &str) -> Request {
    Request {
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout: None,
        max_bytes: None,
        follows_redirects: true,
    }
}

fn header(name: &str, value: &str) -> (String, Vec<u8>) {
    (name.into(), value.into())
}

#[tokio::test]
async fn granted_requests_go_out_whole() {
    let net = net([("/song", Reply::status(201).header("X-Id", "7").body("la la"))]).await;
    let permits = net.private(&["music.test"]);
    let request = Request {
        method: "POST".into(),
        headers: vec![header("X-Api-Key", "k"), header("accept", "text/plain")],
        body: b"words".to_vec(),
        ..get(&net.url("music.test", "/song?q=1#verse"))
    };
    let mut answer = net.door.send(&permits, request, SOON).await.unwrap();
    assert_eq!((answer.status(), answer.is_success()), (201, true));
    assert_eq!(answer.url.as_str(), net.url("music.test", "/song?q=1"));
    assert!(answer.headers().contains(&header("x-id", "7")));
    assert_eq!(answer.body(&permits).await.unwrap(), b"la la");
    let [arrived] = &net.arrived()[..] else { panic!("one request") };
    assert_eq!((arrived.method.as_str(), arrived.text().as_str()), ("POST", "words"));
    assert_eq!(arrived.query.as_deref(), Some("q=1"));
    assert_eq!(arrived.header("x-api-key"), Some("k"));
    assert_eq!(arrived.header("user-agent"), Some("tapedeck/0.0.0-test"));
}

#[tokio::test]
async fn nothing_goes_out_without_grant() {
    let net = net([]).await;
    let permits = net.private(&["music.test"]);
    let error = net.denied(&permits, &net.url("other.test", "/")).await;
    assert!(error.contains("nobody has granted it"), "{error}");
    net.denied(&permits, "https://music.test/").await;
    let request = Request { method: "DELETE".into(), ..get(&net.url("music.test", "/")) };
    assert!(matches!(net.fetch(&permits, request).await, Err(HttpFailure::Denied(_))));
    assert!(net.arrived().is_empty());
}

#[tokio::test]
async fn private_addresses_need_their_own_grant() {
    let net = net([]).await;
    let permits = net.permits(json!(["http://*:*"]));
    net.name("rebound.test", &[&["93.184.216.34", "127.0.0.1"]]);
    net.name("mapped.test", &[&["::ffff:10.0.0.1"]]);
    net.name("cloud.test", &[&["169.254.169.254"]]);
    for host in [
        "music.test",
        "rebound.test",
        "mapped.test",
        "cloud.test",
        "127.0.0.1",
        "[::1]",
        "0x7f000001",
        "2130706433",
        "0177.1",
        "169.254.169.254",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::a00:1]",
        "[fd00:ec2::254]",
        "100.64.0.1",
    ] {
        let error = net.denied(&permits, &net.url(host, "/")).await;
        assert!(error.contains("which needs a grant of its own"), "{host}: {error}");
        assert!(error.contains("private"), "{host}: {error}");
    }
    assert!(net.arrived().is_empty());
}

#[tokio::test]
async fn no_grant_reaches_unspecified_addresses() {
    let net = net([]).await;
    net.name("nowhere.test", &[&["0.0.0.0"]]);
    let permits = net.private(&["nowhere.test", "0.0.0.0", "[::]"]);
    for host in ["nowhere.test", "0.0.0.0", "[::]"] {
        let error = net.denied(&permits, &net.url(host, "/")).await;
        assert!(error.ends_with("an unspecified address"), "{host}: {error}");
    }
}

#[tokio::test]
async fn names_that_change_are_checked_each_time() {
    let net = net([("/", Reply::ok().header("connection", "close"))]).await;
    net.name("music.test", &[&["127.0.0.1"], &["127.0.0.1", "0.0.0.0"]]);
    let permits = net.private(&["music.test"]);
    assert_eq!(net.fetch(&permits, get(&net.url("music.test", "/"))).await.unwrap().0, 200);
    let error = net.denied(&permits, &net.url("music.test", "/")).await;
    assert!(error.contains("0.0.0.0, an unspecified address"), "{error}");
    assert_eq!(net.arrived().len(), 1);
}

#[tokio::test]
async fn every_hop_needs_a_grant() {
    let net = net([]).await;
    let elsewhere = net.url("other.test", "/secret");
    let literal = net.server.url("/secret");
    net.world.hooks(|hooks| {
        hooks.on("/out", [Reply::redirect(302, &elsewhere)]);
        hooks.on("/in", [Reply::redirect(307, &literal)]);
        hooks.on("/file", [Reply::redirect(302, "file:///etc/passwd")]);
        hooks.on("/user", [Reply::redirect(302, "http://a:b@music.test/")]);
    });
    let permits = net.private(&["music.test"]);
    for path in ["/out", "/in"] {
        let error = net.denied(&permits, &net.url("music.test", path)).await;
        assert!(error.contains("nobody has granted it"), "{path}: {error}");
    }
    for path in ["/file", "/user"] {
        let failure = net.fetch(&permits, get(&net.url("music.test", path))).await.unwrap_err();
        assert!(matches!(failure, HttpFailure::Redirects { .. }), "{path}: {failure}");
    }
    assert_eq!(net.world.hooks(|hooks| hooks.to("/secret").count()), 0);
}

#[tokio::test]
async fn redirects_to_private_addresses_are_refused() {
    let net = net([]).await;
    let literal = net.server.url("/secret");
    net.world.hooks(|hooks| hooks.on("/in", [Reply::redirect(302, &literal)]));
    // Only the name may be private; the address itself is granted as a public one.
    let permits =
        net.permits(json!([{"host": "http://music.test:*", "private": true}, "http://127.0.0.1:*"]));
    let error = net.denied(&permits, &net.url("music.test", "/in")).await;
    assert!(error.contains("127.0.0.1, an address of this machine"), "{error}");
    assert_eq!(net.world.hooks(|hooks| hooks.to("/secret").count()), 0);
}

#[tokio::test]
async fn other_servers_get_no_credentials() {
    let net = net([("/there", Reply::ok())]).await;
    let there = net.url("other.test", "/there");
    net.world.hooks(|hooks| {
        hooks.on("/out", [Reply::redirect(307, &there)]);
        hooks.on("/same", [Reply::redirect(302, "/there")]);
    });
    let permits = net.private(&["music.test", "other.test"]);
    let headers = vec![header("authorization", "Bearer s"), header("x-key", "s"), header("accept", "a/b")];
    for path in ["/out", "/same"] {
        let request = Request {
            method: "POST".into(),
            headers: headers.clone(),
            body: b"words".to_vec(),
            ..get(&net.url("music.test", path))
        };
        assert_eq!(net.fetch(&permits, request).await.unwrap().0, 200);
    }
    let arrived: Vec<_> = net.arrived().into_iter().filter(|it| it.path == "/there").collect();
    let [elsewhere, same] = &arrived[..] else { panic!("two requests arrived there") };
    assert_eq!((elsewhere.header("authorization"), elsewhere.header("x-key")), (None, None));
    assert_eq!((elsewhere.header("accept"), elsewhere.method.as_str()), (Some("a/b"), "POST"));
    assert_eq!(elsewhere.text(), "words");
    assert_eq!(same.header("authorization"), Some("Bearer s"));
    assert_eq!((same.method.as_str(), same.text().as_str()), ("GET", ""));
}

#[tokio::test]
async fn circles_end() {
    let net = net([("/round", Reply::redirect(302, "/round"))]).await;
    let permits = net.private(&["music.test"]);
    let failure = net.fetch(&permits, get(&net.url("music.test", "/round"))).await.unwrap_err();
    assert!(matches!(failure, HttpFailure::Redirects { .. }));
    assert_eq!(net.arrived().len(), 6);
    let once = Request { follows_redirects: false, ..get(&net.url("music.test", "/round")) };
    assert_eq!(net.fetch(&permits, once).await.unwrap().0, 302);
}

#[tokio::test]
async fn large_bodies_are_cut_off() {
    let net = net([
        ("/told", Reply::ok().body(vec![b'x'; 2000])),
        ("/untold", Reply::ok().endless(vec![b'x'; 500], Duration::ZERO)),
        ("/fits", Reply::ok().body(vec![b'x'; 1024])),
    ])
    .await;
    let permits = net.permits(json!([{"host": "http://music.test:*", "private": true, "max_bytes": "1KiB"}]));
    for path in ["/told", "/untold"] {
        let failure = net.fetch(&permits, get(&net.url("music.test", path))).await.unwrap_err();
        assert!(matches!(failure, HttpFailure::TooLarge { what: "answer", limit: 1024 }), "{failure}");
    }
    // What a server says of itself is enough.
    let told = net.door.send(&permits, get(&net.url("music.test", "/told")), SOON).await;
    assert!(matches!(told, Err(HttpFailure::TooLarge { .. })), "{told:?}");
    assert_eq!(net.fetch(&permits, get(&net.url("music.test", "/fits"))).await.unwrap().1.len(), 1024);
    // Only the size of what would come.
    let head = Request { method: "HEAD".into(), ..get(&net.url("music.test", "/told")) };
    assert_eq!(net.fetch(&permits, head).await.unwrap(), (200, Vec::new()));
    let less = Request { max_bytes: Some(1000), ..get(&net.url("music.test", "/fits")) };
    let failure = net.fetch(&permits, less).await.unwrap_err();
    assert!(matches!(failure, HttpFailure::TooLarge { limit: 1000, .. }));
    let body = Request { method: "POST".into(), body: vec![0; 1025], ..get(&net.url("music.test", "/fits")) };
    let failure = net.fetch(&permits, body).await.unwrap_err();
    assert!(matches!(failure, HttpFailure::TooLarge { what: "request", .. }));
}

#[tokio::test]
async fn slow_servers_are_left() {
    let net = net([
        ("/silent", Reply::never()),
        ("/drip", Reply::ok().endless("x", Duration::from_millis(20))),
        ("/closes", Reply::closes()),
        ("/breaks", Reply::ok().broken("half")),
    ])
    .await;
    let permits = net.private(&["music.test"]);
    for path in ["/silent", "/drip"] {
        let timeout = Some(Duration::from_millis(200));
        let request = Request { timeout, ..get(&net.url("music.test", path)) };
        let failure = net.fetch(&permits, request).await.unwrap_err();
        assert_eq!(failure.to_string(), "music.test did not answer within 200 ms");
    }
    // The call's own time counts too.
    let left = Duration::from_millis(100);
    let failure = net.door.send(&permits, get(&net.url("music.test", "/silent")), left).await.unwrap_err();
    assert!(matches!(failure, HttpFailure::TimedOut { patience, .. } if patience == left), "{failure}");
    for path in ["/closes", "/breaks"] {
        let failure = net.fetch(&permits, get(&net.url("music.test", path))).await.unwrap_err();
        assert!(matches!(failure, HttpFailure::Broken { .. }), "{path}: {failure}");
    }
    let unknown = net.private(&["unknown.test"]);
    let failure = net.fetch(&unknown, get("http://unknown.test:1/")).await.unwrap_err();
    assert_eq!(failure.to_string(), "unknown.test: the name cannot be resolved");
}

#[tokio::test]
async fn withdrawn_grants_end_answers() {
    let net = net([("/drip", Reply::ok().endless("x", Duration::from_millis(5)))]).await;
    let permits = net.private(&["music.test"]);
    let mut answer = net.door.send(&permits, get(&net.url("music.test", "/drip")), SOON).await.unwrap();
    assert!(answer.piece(&permits).await.unwrap().is_some());
    permits.replace(permit(json!({"http": [{"host": "*"}]}), json!({}), &[]));
    assert!(matches!(answer.piece(&permits).await, Err(HttpFailure::Denied(_))));
}

#[tokio::test]
async fn requests_that_are_none_are_explained() {
    let net = net([]).await;
    let permits = net.private(&["music.test"]);
    for (request, problem) in [
        (get("music.test/x"), "its address is none"),
        (get("ftp://music.test/"), "begins with neither"),
        (get("file:///etc/passwd"), "begins with neither"),
        (get("http://ann:pw@music.test/"), "holds a user"),
        (get(&format!("http://music.test/{}", "x".repeat(9000))), "longer than"),
        (Request { method: "CONNECT".into(), ..get("http://music.test/") }, "is no method"),
        (Request { method: "GET /x HTTP/1.1\r\nx:".into(), ..get("http://music.test/") }, "is no method"),
        (Request { headers: vec![header("host", "x")], ..get("http://music.test/") }, "leave it out"),
    ] {
        let failure = net.fetch(&permits, request).await.unwrap_err();
        assert!(matches!(failure, HttpFailure::Invalid(_)), "{failure}");
        assert!(failure.to_string().contains(problem), "{failure}");
    }
}

#[tokio::test]
async fn large_bodies_show_how_far_they_are() {
    let large = usize::try_from(WORTH_A_LOOK).unwrap();
    let net = net([
        ("/large", Reply::status(200).body(vec![b'x'; large])),
        ("/small", Reply::status(200).body(vec![b'x'; large - 1])),
        ("/error", Reply::status(500).body(vec![b'x'; large])),
    ])
    .await;
    let permits = net.private(&["music.test"]);
    let gauge = Gauge::default();
    for path in ["/small", "/error", "/large"] {
        assert_eq!(gauge.read(), None, "before {path}");
        let mut answer = net.door.send(&permits, get(&net.url("music.test", path)), SOON).await.unwrap();
        answer.shown_by(&gauge);
        assert!(answer.piece(&permits).await.unwrap().is_some());
        let first = gauge.read();
        answer.body(&permits).await.unwrap();
        if path == "/large" {
            assert!(first.is_some_and(|first| first.done_bytes <= first.total_bytes), "{first:?}");
        }
    }
    let shown = gauge.read().unwrap();
    assert_eq!(
        (shown.percent, shown.done_bytes, shown.total_bytes),
        (100, Some(WORTH_A_LOOK), Some(WORTH_A_LOOK))
    );
}

#[tokio::test]
async fn redirects_change_requests_as_servers_mean_it() {
    let net = net([("/there", Reply::ok())]).await;
    net.world.hooks(|hooks| {
        for status in [301, 302, 303, 307, 308] {
            hooks.on(&format!("/{status}"), [Reply::redirect(status, "/there")]);
        }
        hooks.on("/300", [Reply::redirect(300, "/there")]);
    });
    let permits = net.private(&["music.test"]);
    let post = |status: u16| Request {
        method: "POST".into(),
        headers: vec![header("content-type", "text/plain"), header("content-language", "en")],
        body: b"words".to_vec(),
        ..get(&net.url("music.test", &format!("/{status}")))
    };
    for (status, method, body) in
        [(301, "GET", ""), (302, "GET", ""), (303, "GET", ""), (307, "POST", "words"), (308, "POST", "words")]
    {
        net.fetch(&permits, post(status)).await.unwrap();
        let arrived = net.arrived();
        let last = arrived.last().unwrap();
        assert_eq!((last.path.as_str(), last.method.as_str()), ("/there", method), "{status}");
        assert_eq!(last.text(), body, "{status}");
        // What described the body goes with it.
        let described = [last.header("content-type"), last.header("content-language")];
        assert!(described.iter().all(|it| it.is_some() != body.is_empty()), "{status}: {described:?}");
    }
    // Others only name an address.
    let choices = net.fetch(&permits, post(300)).await.unwrap();
    assert_eq!((choices.0, net.arrived().last().unwrap().path.as_str()), (300, "/300"));
}
