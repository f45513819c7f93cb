//! Where a request comes from: a page of ours, a page of somebody else, or no page at all.
//! Guards against forged requests (CSRF) and, while there is no user, against DNS rebinding.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::{HeaderMap, StatusCode, Uri, header};
use url::Url;

use crate::web::error::Problem;

/// The host and port that the client asked for.
pub(super) fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(header::HOST)?.to_str().ok(),
    }
}

/// While there is no user, only this machine is served, and only under names that mean it: a
/// page elsewhere whose name suddenly points to 127.0.0.1 still sends its own name.
///
/// A proxy on this machine can look just like it, so open mode ends where one is configured or
/// betrays itself.
pub(super) fn check_open(
    peer: IpAddr,
    host: Option<&str>,
    headers: &HeaderMap,
    is_behind_proxy: bool,
) -> Result<(), Problem> {
    let fix = "Add a user first: run `tapedeck user add NAME` on the machine that tapedeck runs on, \
               then sign in.";
    if !peer.to_canonical().is_loopback() {
        let detail = "there is no user yet, so only the machine itself is served";
        return Err(Problem::forbidden(detail).fix(fix));
    }
    if is_behind_proxy {
        let detail = "there is no user yet, and `server.public_url` or `server.trusted_proxies` says that \
                      a proxy stands before tapedeck, so nobody is served";
        return Err(Problem::forbidden(detail).fix(fix));
    }
    if headers.keys().any(|name| is_of_proxy(name.as_str())) {
        let detail = "there is no user yet, so requests that came through a proxy are refused";
        return Err(Problem::forbidden(detail).fix(fix));
    }
    if !host.is_some_and(is_loopback_name) {
        let host: String = host.unwrap_or_default().chars().take(80).collect();
        let detail = format!(
            "there is no user yet, so only requests to `localhost` or 127.0.0.1 are served, not to `{host}`"
        );
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).fix(fix));
    }
    Ok(())
}

fn is_of_proxy(header: &str) -> bool {
    matches!(header, "forwarded" | "via" | "x-real-ip") || header.starts_with("x-forwarded-")
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => return rest.split_once(']').is_some_and(|(ip, port)| ip == "::1" && is_port(port)),
        None => match host.split_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            Some(_) => return false,
            None => host,
        },
    };
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

/// A request that changes something has to come from our own page, or from no page: programs
/// send neither `Origin` nor a cookie.
pub(super) fn check_same_origin(
    headers: &HeaderMap,
    host: Option<&str>,
    public_url: Option<&Url>,
) -> Result<(), Problem> {
    let refused = |why: String| {
        Err(Problem::forbidden(why).fix(
            "Use tapedeck's own page or an API token. Behind a reverse proxy, set `server.public_url` \
             to the address that people use, or let the proxy pass the Host header on.",
        ))
    };
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        if is_ours(origin, host, public_url) {
            return Ok(());
        }
        let origin: String = origin.chars().take(120).collect();
        return refused(format!("the request comes from the page of another site (`{origin}`)"));
    }
    match headers.get("sec-fetch-site").map(|site| site.as_bytes()) {
        Some(b"same-origin") => Ok(()),
        Some(_) => refused("the request comes from the page of another site".into()),
        None if headers.contains_key(header::COOKIE) => {
            refused("the request has a cookie but does not say which page it comes from".into())
        }
        None => Ok(()),
    }
}

fn is_ours(origin: &str, host: Option<&str>, public_url: Option<&Url>) -> bool {
    // Compared as parsed, so that `https://deck.example:443` and `https://deck.example` are one.
    let Ok(origin) = Url::parse(origin) else { return false };
    if !matches!(origin.scheme(), "http" | "https") {
        return false;
    }
    if public_url.is_some_and(|public| public.origin() == origin.origin()) {
        return true;
    }
    // A proxy may have ended TLS in front of us, so the scheme is the origin's own.
    let asked = host.and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
    asked.is_some_and(|asked| asked.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn knows_the_names_of_this_machine() {
        for host in [
            "localhost",
            "LOCALHOST:8484",
            "deck.localhost:1",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]",
            "[::1]:8484",
        ] {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "[::1].evil.example",
            "[::2]",
            "localhost:evil",
            "notlocalhost",
            "",
        ] {
            assert!(!is_loopback_name(host), "{host}");
        }
    }

    #[test]
    fn takes_only_our_own_pages() {
        let public: Url = "https://deck.example/".parse().unwrap();
        for (origin, is_fine) in [
            ("http://127.0.0.1:8484", true),
            ("https://deck.example", true),
            ("https://deck.example:443", true),
            ("http://127.0.0.1:9999", false),
            ("http://evil.example", false),
            ("https://deck.example.evil.example", false),
            ("null", false),
            ("file:///etc", false),
        ] {
            let headers = headers(&[("origin", origin)]);
            let outcome = check_same_origin(&headers, Some("127.0.0.1:8484"), Some(&public));
            assert_eq!(outcome.is_ok(), is_fine, "{origin}");
        }
    }

    #[test]
    fn programs_without_cookies_need_no_origin() {
        let check =
            |pairs: &[(&'static str, &str)]| check_same_origin(&headers(pairs), Some("localhost"), None);
        assert!(check(&[]).is_ok());
        assert!(check(&[("cookie", "a=b")]).is_err());
        assert!(check(&[("cookie", "a=b"), ("sec-fetch-site", "same-origin")]).is_ok());
        assert!(check(&[("sec-fetch-site", "cross-site")]).is_err());
        assert!(check(&[("sec-fetch-site", "same-site")]).is_err());
    }

    #[test]
    fn a_proxy_does_not_open_the_house() {
        let loopback = Ipv4Addr::LOCALHOST.into();
        let check = |peer, host, headers: &HeaderMap| check_open(peer, Some(host), headers, false);
        assert!(check(loopback, "localhost", &headers(&[])).is_ok());
        for name in
            ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]
        {
            assert!(check(loopback, "localhost", &headers(&[(name, "x")])).is_err(), "{name}");
        }
        assert!(check("192.168.1.9".parse().unwrap(), "localhost", &headers(&[])).is_err());
        assert_eq!(check(loopback, "evil.example", &headers(&[])).unwrap_err().status, 421);
    }
}
