//! Where a browser comes back to, and who waits for it there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use crate::config::SpotifySection;

/// Where the page is unless somebody has said it.
const PAGE: &str = "http://127.0.0.1:8484/";

/// What Spotify has to know for this application, to the letter.
pub(in crate::spotify) fn redirect_uri(section: &SpotifySection, page: Option<&Url>) -> Url {
    if let Some(uri) = &section.redirect_uri {
        return uri.clone();
    }
    let page = page.cloned().unwrap_or_else(|| PAGE.parse().expect("a known address"));
    page.join("callback").unwrap_or(page)
}

/// Where a login begins for a browser that is to come back to `redirect`: beside it, so that one
/// cookie serves both.
pub(in crate::spotify) fn beginning(redirect: &Url) -> Url {
    redirect.join("auth").unwrap_or_else(|_| redirect.clone())
}

/// Where to listen for browsers that do not come back to the page's own port.
pub(in crate::spotify) fn listen_at(section: &SpotifySection, page: Option<&Url>) -> Option<SocketAddr> {
    section.client_id.as_ref()?;
    if let Some(address) = section.callback_listen {
        return Some(address);
    }
    let uri = redirect_uri(section, page);
    let address = loopback(&uri)?;
    let is_the_page = page.is_some_and(|page| page.port_or_known_default() == Some(address.port()));
    (!is_the_page).then_some(address)
}

/// Of an address without TLS on this machine.
pub(in crate::spotify) fn loopback(uri: &Url) -> Option<SocketAddr> {
    let ip: IpAddr = match uri.host()? {
        Host::Ipv4(ip) => ip.into(),
        Host::Ipv6(ip) => ip.into(),
        Host::Domain("localhost") => Ipv4Addr::LOCALHOST.into(),
        Host::Domain(_) => return None,
    };
    let is_here = ip.is_loopback() || ip == Ipv6Addr::LOCALHOST;
    (is_here && uri.scheme() == "http")
        .then(|| SocketAddr::new(ip, uri.port_or_known_default().unwrap_or(80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(redirect: Option<&str>) -> SpotifySection {
        let redirect_uri = redirect.map(|uri| uri.parse().unwrap());
        SpotifySection { client_id: Some("id".into()), redirect_uri, ..SpotifySection::default() }
    }

    fn at(redirect: Option<&str>, page: &str) -> Option<String> {
        let page = page.parse().unwrap();
        listen_at(&section(redirect), Some(&page)).map(|address| address.to_string())
    }

    #[test]
    fn old_ports_are_listened_at() {
        let page = "http://127.0.0.1:8484/";
        assert_eq!(at(Some("http://127.0.0.1:7000/callback"), page).as_deref(), Some("127.0.0.1:7000"));
        assert_eq!(at(Some("http://localhost:7000/callback"), page).as_deref(), Some("127.0.0.1:7000"));
        assert_eq!(at(Some("http://[::1]:7000/x"), page).as_deref(), Some("[::1]:7000"));
        for ours in [None, Some("http://127.0.0.1:8484/callback"), Some("https://deck.example/callback")] {
            assert_eq!(at(ours, page), None, "{ours:?}");
        }
        assert_eq!(at(None, "https://deck.example/deck/"), None);
    }

    #[test]
    fn containers_may_listen_for_others() {
        let mut section = section(Some("http://127.0.0.1:7000/callback"));
        section.callback_listen = Some("0.0.0.0:7000".parse().unwrap());
        assert_eq!(listen_at(&section, None).unwrap().to_string(), "0.0.0.0:7000");
        section.client_id = None;
        assert_eq!(listen_at(&section, None), None, "without an application nobody comes");
    }

    #[test]
    fn logins_begin_beside_their_end() {
        let of = |uri: &str| beginning(&uri.parse().unwrap()).to_string();
        assert_eq!(of("http://127.0.0.1:7000/callback"), "http://127.0.0.1:7000/auth");
        assert_eq!(of("https://deck.example/deck/callback"), "https://deck.example/deck/auth");
        let default = redirect_uri(&section(None), Some(&"https://deck.example/deck/".parse().unwrap()));
        assert_eq!(default.as_str(), "https://deck.example/deck/callback");
    }
}
