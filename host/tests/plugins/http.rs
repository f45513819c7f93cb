//! `http` with a real plugin and servers on this machine.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tapedeck::plugin_host::Lookup;
use tapedeck_sim::{
    World,
    hooks::{self, Answer, HookServer},
};

use crate::support::{
    Deck,
    probe::{NAME, built, is_denied},
};

/// What names resolve to, one answer after the other; the last one stays.
type Names = Arc<Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>>;

struct Net {
    deck: Deck,
    world: World,
    server: HookServer,
    names: Names,
}

impl Net {
    async fn granting(grants: &[&str], answers: impl IntoIterator<Item = (&'static str, Answer)>) -> Self {
        let world = World::default();
        let server = hooks::serve(&world, None).await.unwrap();
        world.hooks(|hooks| answers.into_iter().for_each(|(path, answer)| hooks.on(path, [answer])));
        let names = Names::default();
        let deck = Deck::with_probe_and(grants, |plan, _| plan.lookup = lookup(names.clone())).await;
        let net = Self { deck, world, server, names };
        net.name("music.test", &[&["127.0.0.1"]]);
        net.name("other.test", &[&["127.0.0.1"]]);
        net
    }

    fn name(&self, name: &str, answers: &[&[&str]]) {
        let answers = answers.iter().map(|it| it.iter().map(|address| address.parse().unwrap()).collect());
        self.names.lock().unwrap().insert(name.to_owned(), answers.collect());
    }

    fn url(&self, host: &str, path: &str) -> String {
        self.server.url(path).replace("127.0.0.1", host)
    }

    async fn get(&self, host: &str, path: &str) -> String {
        self.deck.ask(&format!("http GET {}", self.url(host, path))).await
    }

    fn asked(&self, path: &str) -> usize {
        self.world.hooks(|hooks| hooks.to(path).count())
    }
}

fn lookup(names: Names) -> Lookup {
    Arc::new(move |name| {
        let mut names = names.lock().unwrap();
        let found = names
            .get_mut(&name)
            .map(|answers| if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() });
        Box::pin(async move { found.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn granted_requests_arrive_and_come_back() {
    let net = Net::granting(
        &["http=http://music.test:*,private", "scratch=1MiB"],
        [("/song", Answer::status(201).body("la la")), ("/file", Answer::ok().body("long song"))],
    )
    .await;
    let url = net.url("music.test", "/song");
    assert_eq!(net.get("music.test", "/song").await, format!("201 {url} la la"));
    let keyed = net.deck.ask(&format!("http-as k-123 x-api-key {url}")).await;
    assert!(keyed.starts_with("201"), "{keyed}");
    let keys: Vec<_> = net.world.hooks(|hooks| {
        hooks.to("/song").filter_map(|it| it.header("x-api-key").map(str::to_owned)).collect()
    });
    assert_eq!(keys, ["k-123", "k-123"]);
    // Into its folder, and not into its memory.
    let file = net.url("music.test", "/file");
    let requests = [format!("download GET a/song {file}"), "scratch-read a/song".to_owned()];
    assert_eq!(net.deck.judge(&requests.each_ref().map(String::as_str)).await.unwrap(), "long song");
    net.deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_and_method_are_held_to_the_grant() {
    let grants = ["http=http://music.test:*,methods=GET,private", "http=*.shop.test,private"];
    let net = Net::granting(&grants, [("/", Answer::ok())]).await;
    net.name("a.shop.test", &[&["127.0.0.1"]]);
    assert!(net.get("music.test", "/").await.starts_with("200"));
    for request in [
        format!("http POST {}", net.url("music.test", "/")),
        format!("http GET {}", net.url("other.test", "/")),
        format!("http GET {}", net.url("amusic.test", "/")),
        // That pattern is for the port of https, and not for the name itself.
        format!("http GET {}", net.url("a.shop.test", "/")),
        "http GET https://shop.test/".to_owned(),
    ] {
        let answer = net.deck.ask(&request).await;
        assert!(is_denied(&answer), "{request}: {answer}");
    }
    assert_eq!(net.asked("/"), 2);
    net.deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_addresses_are_a_grant_of_their_own() {
    let net =
        Net::granting(&["http=http://*:*", "http=http://127.0.0.1:*", "http=http://localhost:*"], []).await;
    net.name("mapped.test", &[&["::ffff:10.0.0.1"]]);
    net.name("cloud.test", &[&["169.254.169.254"]]);
    net.name("half.test", &[&["93.184.216.34", "127.0.0.1"]]);
    net.name("localhost", &[&["127.0.0.1"]]);
    for host in ["music.test", "mapped.test", "cloud.test", "half.test", "localhost", "127.0.0.1"] {
        let answer = net.get(host, "/").await;
        assert!(is_denied(&answer) && answer.contains("needs a grant of its own"), "{host}: {answer}");
        assert!(answer.contains("private"), "it says how: {answer}");
    }
    assert_eq!(net.asked("/"), 0);
    net.deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_turn_inwards_are_caught() {
    // Checked as one address, connected to as another: the answer that is checked is the one that is used.
    let net = Net::granting(&["http=http://rebound.test:*"], [("/", Answer::ok())]).await;
    net.name("rebound.test", &[&["203.0.113.7", "127.0.0.1"], &["127.0.0.1"]]);
    for _ in 0..2 {
        let url = net.url("rebound.test", "/");
        let refused = net.deck.find(&format!("http GET {url}")).await.unwrap_err().to_string();
        assert!(is_denied(&refused), "{refused}");
    }
    assert_eq!(net.asked("/"), 0);
    net.deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hop_is_checked_anew() {
    // The public grant for this machine's address does not stand for its private use.
    let grants = ["http=http://music.test:*,private", "http=http://127.0.0.1:*"];
    let net = Net::granting(&grants, []).await;
    let (elsewhere, inside) = (net.url("other.test", "/secret"), net.server.url("/secret"));
    net.world.hooks(|hooks| {
        hooks.on("/out", [Answer::redirect(302, &elsewhere)]);
        hooks.on("/in", [Answer::redirect(307, &inside)]);
        hooks.on("/round", [Answer::redirect(302, "/round")]);
        hooks.on("/file", [Answer::redirect(302, "file:///etc/passwd")]);
        hooks.on("/same", [Answer::redirect(302, "/here")]);
        hooks.on("/here", [Answer::ok().body("found")]);
    });
    for path in ["/out", "/in"] {
        let answer = net.get("music.test", path).await;
        assert!(is_denied(&answer), "{path}: {answer}");
    }
    for path in ["/round", "/file"] {
        let answer = net.get("music.test", path).await;
        assert!(answer.contains("redirects more than"), "{path}: {answer}");
    }
    assert_eq!(net.get("music.test", "/same").await, format!("200 {} found", net.url("music.test", "/here")));
    assert_eq!(net.asked("/secret"), 0);
    net.deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_of_both_ways_are_bounded() {
    let answers = [
        ("/told", Answer::ok().body(vec![b'x'; 2000])),
        ("/untold", Answer::ok().endless(vec![b'x'; 500], Duration::ZERO)),
        ("/fits", Answer::ok().body("fits")),
    ];
    let net = Net::granting(&["http=http://music.test:*,max_bytes=1KiB,private"], answers).await;
    for path in ["/told", "/untold"] {
        let answer = net.get("music.test", path).await;
        assert!(answer.contains("larger than 1024 bytes"), "{path}: {answer}");
    }
    let fits = net.url("music.test", "/fits");
    assert!(net.deck.ask(&format!("http-body 1024 {fits}")).await.starts_with("200"));
    let refused = net.deck.ask(&format!("http-body 1025 {fits}")).await;
    assert!(refused.contains("the request is larger than 1024 bytes"), "{refused}");
    assert!(net.deck.ask(&format!("http-headers 90 {fits}")).await.starts_with("200"));
    for (request, told) in [
        (format!("http-headers 101 {fits}"), "at most 100 headers"),
        (format!("http-as evil host {fits}"), "the host's to set"),
        (format!("http-as {} x-long {fits}", "k".repeat(65_536)), "64 KiB together"),
    ] {
        let answer = net.deck.ask(&request).await;
        assert!(answer.contains(told), "{answer}");
    }
    net.deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawn_grants_cut_answers_off() {
    let drip = Answer::ok().endless("x", Duration::from_millis(5));
    let net = Net::granting(&["http=http://music.test:*,private"], [("/drip", drip)]).await;
    let request = format!("http GET {}", net.url("music.test", "/drip"));
    let (answer, ()) = tokio::join!(net.deck.find(&request), async {
        net.deck.until("it is being answered", |_| net.asked("/drip") == 1).await;
        net.deck.withdraw("http=http://music.test:*");
    });
    let refused = answer.unwrap_err().to_string();
    assert!(is_denied(&refused) && refused.contains("was withdrawn"), "{refused}");
    assert!(net.deck.log(NAME).iter().any(|line| line.contains("was withdrawn")));
    net.deck.finish().await;
}

/// A proxy would look names up itself, where nobody checks what they turn into.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxies_of_the_environment_are_passed_by() {
    let world = World::default();
    let server = hooks::serve(&world, None).await.unwrap();
    world.hooks(|hooks| hooks.on("/", [Answer::ok().body("straight")]));
    let call = std::process::Command::new(env!("CARGO_BIN_EXE_tapedeck"))
        .args(["plugins", "call"])
        .arg(built(NAME))
        .args(["--kind", "chat-filter", "--text", &format!("probe: tell http GET {}", server.url("/"))])
        .args(["--grant", "http=http://127.0.0.1:*,private", "--cache"])
        .arg(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin-cache"))
        .env("http_proxy", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9")
        .stdin(std::process::Stdio::null())
        .output();
    let called = call.unwrap();
    let said = String::from_utf8_lossy(&called.stdout);
    assert!(said.contains("straight"), "{said}{}", String::from_utf8_lossy(&called.stderr));
}
