//! Rules between the keys of `[spotify]`.

use std::net::SocketAddr;

use url::{Host, Url};

use crate::config::{
    ServerSection,
    node::{Layer, Node, join},
    problem::{Problem, Problems},
};

/// How an application is made.
const REGISTER: &str = "Make an application on https://developer.spotify.com/dashboard (its owner needs Spotify \
                        Premium), and copy its client id.";

pub(super) fn check(tree: &Node, known: &Problems, problems: &mut Problems) {
    let Some(spotify) = tree.get("spotify") else { return };
    if spotify.get("client_id").is_none() {
        for key in ["client_secret", "refresh_token"] {
            let Some(node) = spotify.get(key) else { continue };
            let message = format!("`{key}` is given without `client_id`");
            let problem = Problem::at_key(node, &join("spotify", key), message)
                .fix(format!("Add `client_id`. {REGISTER}"));
            // Those variables may be meant for a program that a job runs.
            let is_variable = matches!(node.layer, Layer::Environment(_));
            problems.push(if is_variable { problem.into_warning() } else { problem });
        }
    }
    callback_port(tree, spotify, problems);
    if !known.has_any_at("spotify.redirect_uri")
        && let Some(node) = spotify.get("redirect_uri")
        && let Some(uri) = node.as_text().and_then(|text| Url::parse(text).ok())
    {
        redirect(node, &uri, problems);
    }
}

/// Two cannot listen at one port.
fn callback_port(tree: &Node, spotify: &Node, problems: &mut Problems) {
    let address = |node: &Node| node.as_text()?.parse::<SocketAddr>().ok();
    let Some(node) = spotify.get("callback_listen") else { return };
    let page = tree.get("server").and_then(|server| address(server.get("listen")?));
    let page = page.unwrap_or_else(|| ServerSection::default().listen);
    if address(node).is_some_and(|ours| ours.port() == page.port() && ours.port() != 0) {
        let message =
            format!("the page listens at port {} already, and takes those who come back there", page.port());
        let problem = Problem::at(node, "spotify.callback_listen", message);
        problems
            .push(problem.fix("Remove it, or write another port here and in `redirect_uri`.").into_warning());
    }
}

/// What Spotify refuses, before people find it out there.
fn redirect(node: &Node, uri: &Url, problems: &mut Problems) {
    let path = "spotify.redirect_uri";
    let fault = match uri.host() {
        _ if uri.fragment().is_some() || uri.query().is_some() => {
            Some(("Spotify takes no redirect with `?` or `#`", "Write it without.".to_owned()))
        }
        _ if uri.path().trim_end_matches('/').ends_with("/auth") => Some((
            "the login itself begins at that path",
            "Write another one, such as `/callback`.".to_owned(),
        )),
        Some(Host::Domain(name)) if name == "localhost" && uri.scheme() == "http" => {
            let mut better = uri.clone();
            // An IP address is a valid host of any http address.
            let _ = better.set_host(Some("127.0.0.1"));
            let fix = format!("Write \"{better}\" here and in Spotify's dashboard.");
            return problems.push(
                Problem::at(
                    node,
                    path,
                    "Spotify takes no redirects to `localhost` any more, except for old applications",
                )
                .fix(fix)
                .into_warning(),
            );
        }
        Some(Host::Ipv4(address)) if uri.scheme() == "http" && !address.is_loopback() => {
            Some(("Spotify takes http only for this machine", "Write 127.0.0.1, or use https.".to_owned()))
        }
        Some(Host::Domain(_)) if uri.scheme() == "http" => {
            Some(("Spotify takes http only for this machine", "Use https, or 127.0.0.1.".to_owned()))
        }
        _ => None,
    };
    if let Some((message, fix)) = fault {
        problems.push(Problem::at(node, path, message).fix(fix).into_warning());
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::World;

    #[test]
    fn variables_of_the_replaced_tool_are_honoured() {
        let world = World::with("")
            .variable("SPOTIFY_CLIENT_ID", "0123456789abcdef0123456789abcdef")
            .variable("SPOTIFY_CLIENT_SECRET", "hidden one")
            .variable("SPOTIFY_REDIRECT_URI", "http://127.0.0.1:7000/callback")
            .variable("SPOTIFY_SCOPE", "")
            .variable("SPOTIFY_REFRESH_TOKEN", "hidden two");
        let loaded = world.load();
        assert!(loaded.problems.is_empty(), "{:#?}", loaded.problems);
        let config = loaded.config.unwrap();
        assert_eq!(config.spotify.scope, "user-read-currently-playing user-read-playback-state");
        assert_eq!(config.spotify.redirect_uri.unwrap().port(), Some(7000));
        assert!(!format!("{:?}", loaded.values).contains("hidden"));
        for name in ["SPOTIFY_CLIENT_SECRET", "SPOTIFY_REFRESH_TOKEN"] {
            assert!(config.private_variables.contains(name), "{name}");
        }
    }

    #[test]
    fn a_port_of_the_page_is_no_place_to_wait() {
        let said = |text: &str| {
            let loaded = World::with(text).load();
            let lines: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
            lines.join("\n")
        };
        let text = "[spotify]\nclient_id = \"0123456789abcdef0123456789abcdef\"\ncallback_listen = \"0.0.0.0:8484\"\n";
        let lines = said(text);
        assert!(
            lines.contains("warning: spotify.callback_listen: the page listens at port 8484 already"),
            "{lines}"
        );
        assert_eq!(said(&format!("[server]\nlisten = \"127.0.0.1:9000\"\n{text}")), "");
    }

    #[test]
    fn secrets_without_an_application_are_explained() {
        let world = World::with("[spotify]\nrefresh_token = \"x\"");
        let problems = world.problems();
        assert!(
            problems.contains("error: spotify.refresh_token: `refresh_token` is given without `client_id`"),
            "{problems}"
        );
        assert!(problems.contains("https://developer.spotify.com/dashboard"), "{problems}");
        let world =
            World::with("").variable("SPOTIFY_CLIENT_SECRET", "x").variable("SPOTIFY_REDIRECT_URI", "7000");
        let problems = world.problems();
        assert!(problems.contains("SPOTIFY_CLIENT_SECRET: warning: spotify.client_secret"), "{problems}");
        assert!(problems.contains("SPOTIFY_REDIRECT_URI: warning: spotify.redirect_uri"), "{problems}");
    }

    #[test]
    fn redirects_that_spotify_refuses_are_warned_about() {
        let of = |uri: &str| {
            World::with(format!("[spotify]\nclient_id = \"x\"\nredirect_uri = \"{uri}\"")).problems()
        };
        for fine in
            ["http://127.0.0.1:7000/callback", "http://[::1]:7000/callback", "https://deck.example/callback"]
        {
            assert_eq!(of(fine), "", "{fine}");
        }
        for refused in [
            "http://localhost:7000/callback",
            "http://192.168.1.9:7000/callback",
            "http://deck.example/callback",
            "http://127.0.0.1:7000/callback?a=b",
            "http://127.0.0.1:7000/auth",
        ] {
            assert!(of(refused).contains("warning: spotify.redirect_uri"), "{refused}");
        }
    }
}
