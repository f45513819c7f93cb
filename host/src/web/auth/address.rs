//! Who is at the other end: the peer, or whom a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// The other end of the connection; every request carries it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The nearest address that is no trusted proxy. What stands further left in
/// `X-Forwarded-For` was written by the client and may be invented.
pub(super) fn client(peer: Peer, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut address = peer.0.ip().to_canonical();
    let named = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = named.flat_map(|value| value.split(',')).map(str::trim).collect();
    for name in named.into_iter().rev() {
        if !trusted.contains(&address) {
            break;
        }
        let Ok(next) = name.parse::<IpAddr>() else { break };
        address = next.to_canonical();
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_of(forwarded: &str, trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        let trusted: Vec<IpAddr> = trusted.iter().map(|ip| ip.parse().unwrap()).collect();
        client(Peer("10.0.0.1:5000".parse().unwrap()), &headers, &trusted).to_string()
    }

    #[test]
    fn believes_only_trusted_proxies() {
        assert_eq!(client_of("203.0.113.9", &[]), "10.0.0.1");
        assert_eq!(client_of("203.0.113.9", &["10.0.0.1"]), "203.0.113.9");
        assert_eq!(client_of("1.2.3.4, 203.0.113.9", &["10.0.0.1"]), "203.0.113.9");
        assert_eq!(client_of("203.0.113.9, 10.0.0.2", &["10.0.0.1", "10.0.0.2"]), "203.0.113.9");
        assert_eq!(client_of("garbage", &["10.0.0.1"]), "10.0.0.1");
    }
}
