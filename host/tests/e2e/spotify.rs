//! Logging in to Spotify: by the page's own port, by another one, and on the command line.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::{Child, Stdio},
};

use crate::support::{spotify::*, *};

fn world(more: &str) -> (Folder, SimSpotify) {
    let sim = SimSpotify::open();
    let folder = Folder::with(&format!("{}{more}\n[log]\nlevel = \"trace\"\n", sim.section()));
    (folder, sim)
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn redirect(port: u16) -> String {
    format!("redirect_uri = \"http://127.0.0.1:{port}/callback\"\n")
}

fn is_logged_in(daemon: &Daemon) -> bool {
    daemon.get("/api/v1/spotify")["state"] == "logged-in"
}

#[test]
fn browsers_log_in_at_the_page() {
    let (folder, sim) = world("");
    let daemon = folder.start();
    let found = sim.browser().open(&format!("{}/auth", daemon.url()));
    assert_eq!(found.status, 200, "{}", found.text);
    assert!(found.text.contains("Logged in to Spotify as Ann (ann)"), "{}", found.text);
    let view = daemon.get("/api/v1/spotify");
    assert_eq!((view["state"].as_str(), view["user"]["id"].as_str()), (Some("logged-in"), Some("ann")));
    // The answer is used up, and belongs to that browser.
    let mut other = sim.browser();
    let back = other.open_until(&format!("{}/auth", daemon.url()), |url| url.path() == "/callback");
    assert_eq!(sim.browser().open(back.url.as_str()).status, 403);
    assert_eq!(other.open(back.url.as_str()).status, 200);
    assert_eq!(other.open(back.url.as_str()).status, 404);
    daemon.stop();
    let daemon = folder.start();
    assert!(is_logged_in(&daemon), "it survives a restart");
    daemon.stop();
    sim.world.finish().unwrap();
}

#[test]
fn logs_tell_no_secret_of_spotify() {
    let (folder, sim) =
        world("refresh_token = \"AR-configured-secret\"\nclient_secret = \"hidden-client-secret\"\n");
    let mut command = folder.command();
    command.arg("-vv");
    let daemon = Daemon::start(command, &folder.data(), &folder.path("daemon.log"));
    let found = sim.browser().open(&format!("{}/auth", daemon.url()));
    assert_eq!(found.status, 200, "{}", found.text);
    let login = daemon.post("/api/v1/spotify/logins");
    let link = login["link"].as_str().unwrap();
    sim.browser().open(link);
    let log = daemon.log();
    assert!(log.contains("Somebody logged in to Spotify"), "{log}");
    let secrets = sim.spotify(|sim| sim.secrets().to_vec());
    assert!(secrets.len() >= 6, "{secrets:?}");
    let ticket = link.split("ticket=").nth(1).unwrap().to_owned();
    let own = ["AR-configured-secret".to_owned(), "hidden-client-secret".to_owned(), ticket];
    for secret in secrets.iter().chain(&own) {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log");
    }
    assert!(!log.contains("code_verifier") && !log.contains("Bearer "), "{log}");
    daemon.stop();
}

#[test]
fn old_ports_take_browsers_back() {
    let port = free_port();
    let (folder, sim) = world(&redirect(port));
    let mut daemon = folder.start();
    daemon.wait_until("it listens there too", |daemon| {
        daemon.log().contains("Logins at Spotify come back here")
    });
    let found = sim.browser().open(&format!("http://127.0.0.1:{port}/auth"));
    assert_eq!(found.status, 200, "{} {:?}", found.text, found.way);
    assert!(found.text.contains("as Ann"), "{}", found.text);
    assert_eq!(found.way.first(), found.way.last());
    assert!(is_logged_in(&daemon));
    for (path, status) in [("callback?code=AQ-stolen&state=x", 404), ("other", 404)] {
        assert_eq!(sim.browser().open(&format!("http://127.0.0.1:{port}/{path}")).status, status, "{path}");
    }
    // It follows the configuration.
    let other = free_port();
    folder.write_config(&format!("{}{}", sim.section(), redirect(other)));
    assert!(folder.cli(&["config", "reload"]).status.success());
    daemon.wait_until("it listens there instead", |_| {
        std::net::TcpStream::connect(("127.0.0.1", other)).is_ok()
    });
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    daemon.stop();
    sim.world.finish().unwrap();
}

/// `tapedeck login spotify`, and the link that it shows.
fn begin(folder: &Folder, arguments: &[&str]) -> (Child, BufReader<std::process::ChildStderr>, String) {
    let mut command = folder.command();
    command.args(["login", "spotify"]).args(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("http") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "no link was shown");
    }
    (child, said, line.trim().to_owned())
}

fn end(mut child: Child, mut said: BufReader<std::process::ChildStderr>) -> (bool, String) {
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    (child.wait().unwrap().success(), rest)
}

#[test]
fn command_line_waits_for_the_browser() {
    let (folder, sim) = world(&redirect(free_port()));
    // Without a daemon, it listens itself.
    let (child, said, link) = begin(&folder, &[]);
    assert_eq!(sim.browser().open(&link).status, 200);
    let (is_done, said) = end(child, said);
    assert!(is_done && said.contains("logged in to Spotify as Ann (ann)"), "{said}");
    let mut daemon = folder.start();
    assert!(is_logged_in(&daemon));
    daemon.wait_until("it listens", |daemon| daemon.log().contains("Logins at Spotify come back here"));
    let (child, said, link) = begin(&folder, &[]);
    assert_eq!(sim.browser().open(&link).status, 200);
    let (is_done, said) = end(child, said);
    assert!(is_done && said.contains("logged in to Spotify as Ann"), "{said}");
    assert!(folder.cli(&["logout", "spotify"]).status.success());
    assert!(!is_logged_in(&daemon));
    daemon.stop();
    sim.world.finish().unwrap();
}

#[test]
fn command_line_takes_what_is_pasted() {
    let (folder, sim) = world(&redirect(free_port()));
    let (mut child, said, link) = begin(&folder, &["--paste"]);
    let found = sim.browser().open_until(&link, |url| url.path() == "/callback");
    writeln!(child.stdin.take().unwrap(), "{}", found.url).unwrap();
    let (is_done, said) = end(child, said);
    assert!(is_done && said.contains("as Ann"), "{said}");
    let (mut child, said, _) = begin(&folder, &["--paste"]);
    writeln!(child.stdin.take().unwrap(), "I do not know").unwrap();
    let (is_done, said) = end(child, said);
    assert!(!is_done && said.contains("code="), "{said}");
}

#[test]
fn missing_application_is_told_in_three_lines() {
    let folder = Folder::with("");
    let said = text(&folder.cli(&["login", "spotify", "--paste"]).stderr);
    for step in ["1. Open https://developer.spotify.com/dashboard", "2. ", "3. "] {
        assert!(said.contains(step), "{said}");
    }
}
