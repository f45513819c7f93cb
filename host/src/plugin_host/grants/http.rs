//! Which requests may go out.

use url::{Host, Url};

use super::{Denied, Permit, Why};
use crate::{
    model::{ByteSize, Grant, GrantKey, HostPattern, HttpGrant, HttpMethod, HttpWant},
    plugin_host::capability::http::needs_grant,
};

/// Of one request or answer, unless the grant says otherwise.
const HTTP_BYTES: ByteSize = ByteSize::from_mib(16);

/// What a request may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HttpTerms {
    pub(crate) max_bytes: u64,
    /// Addresses of this machine and of private networks are allowed.
    pub(crate) allows_private: bool,
}

impl Permit {
    /// Whether this request may go out, and how large it and its answer may be.
    pub(crate) fn http(&self, method: HttpMethod, url: &Url) -> Result<HttpTerms, Denied> {
        let server = HostPattern::of(url);
        let denied = |why| {
            let server = server.as_ref().map_or_else(|| "an unknown server".to_owned(), ToString::to_string);
            self.denied("http", format!("{method} {server}"), why)
        };
        let is_asked = |want: &&HttpWant| want.host.asks_for(url) && want.methods.contains(&method);
        let Some(want) = self.wants.http.iter().find(is_asked) else {
            let server = server.as_ref().map(ToString::to_string).unwrap_or_default();
            let wants = format!("`{{\"host\": \"{server}\", \"methods\": [\"{method}\"]}}` under `http`");
            return Err(denied(Why::NotAsked { wants }));
        };
        let is_withdrawn = |key: &&GrantKey| matches!(key, GrantKey::Http(host) if host.covers(url));
        if let Some(key) = self.withdrawn.iter().find(is_withdrawn) {
            return Err(denied(Why::Withdrawn { plugin: self.plugin.clone(), key: key.clone() }));
        }
        let mut terms: Option<HttpTerms> = None;
        for grant in self.http_grants().filter(|grant| grant.host.covers(url)) {
            if grant.methods.is_empty() || grant.methods.contains(&method) {
                let max_bytes = grant.max_bytes.unwrap_or(HTTP_BYTES).0;
                let so_far = terms.unwrap_or(HttpTerms { max_bytes: 0, allows_private: false });
                terms = Some(HttpTerms {
                    max_bytes: so_far.max_bytes.max(max_bytes),
                    allows_private: so_far.allows_private || grant.private,
                });
            }
        }
        terms.ok_or_else(|| {
            let host = server.clone().unwrap_or_else(|| want.host.clone());
            // Who may already read only needs the rest; who may nothing gets what was asked for.
            let methods = if self.http_grants().any(|grant| grant.host.covers(url)) {
                want.methods.clone()
            } else {
                Vec::new()
            };
            // Without it, the next call would be refused for that.
            let private = is_private(url);
            let grant = Grant::Http(HttpGrant { private, ..HttpGrant::new(host, methods) });
            denied(Why::NotGranted { plugin: self.plugin.clone(), grant, giving: self.giving })
        })
    }

    /// For a request that is allowed, to a server whose address is not.
    pub(crate) fn private_address(&self, method: HttpMethod, url: &Url, address: String) -> Denied {
        let server = HostPattern::of(url);
        let what = format!("{method} {}", server.as_ref().map(ToString::to_string).unwrap_or_default());
        let Some(host) = server else {
            return self.denied("http", what, Why::Never { reason: address });
        };
        let grant = Grant::Http(HttpGrant { private: true, ..HttpGrant::new(host, Vec::new()) });
        let (plugin, giving) = (self.plugin.clone(), self.giving);
        self.denied("http", what, Why::Private { plugin, grant, giving, address })
    }

    fn http_grants(&self) -> impl Iterator<Item = &HttpGrant> {
        self.given.iter().filter_map(|(grant, _)| match grant {
            Grant::Http(grant) => Some(grant),
            _ => None,
        })
    }
}

/// Whether the address itself says that it is not one of the internet. Where names lie is only known when they are
/// looked up.
fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => needs_grant(address.into()),
        Some(Host::Ipv6(address)) => needs_grant(address.into()),
        None => false,
    }
}
