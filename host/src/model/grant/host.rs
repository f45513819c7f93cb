//! Which servers are meant: `api.example.com`, `*.example.com`, `http://localhost:8080`.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};

/// Servers by scheme, name and port. Without a scheme `https` is meant, without a port the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPattern {
    scheme: Option<Scheme>,
    host: Name,
    port: Port,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Scheme {
    Http,
    Https,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Name {
    Any,
    /// All names below this one, at any depth, and not the name itself.
    Below(String),
    /// As `Url` writes it: lower case, punycode, addresses in their one spelling.
    Exact(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Port {
    Usual,
    Any,
    Number(u16),
}

#[derive(Debug, thiserror::Error)]
#[error(
    "`{pattern}` names no servers: {why}; write it as `api.example.com`, `*.example.com`, `example.com:8443` or `http://example.com`"
)]
pub struct InvalidHostPattern {
    pattern: String,
    why: &'static str,
}

impl HostPattern {
    /// Whether the pattern means this address, when it was written to allow or to forbid something.
    pub fn covers(&self, url: &Url) -> bool {
        let scheme = self.scheme.unwrap_or(Scheme::Https);
        let is_port = match self.port {
            Port::Usual => url.port().is_none(),
            Port::Any => true,
            Port::Number(number) => url.port_or_known_default() == Some(number),
        };
        url.scheme() == scheme.as_str() && is_port && self.host.covers(url)
    }

    /// Whether who wrote the pattern to ask for something can have meant this address: what was
    /// left out is for the operator to say.
    pub fn asks_for(&self, url: &Url) -> bool {
        let is_port = match self.port {
            Port::Usual | Port::Any => true,
            Port::Number(number) => url.port_or_known_default() == Some(number),
        };
        self.scheme.is_none_or(|scheme| scheme.as_str() == url.scheme()) && is_port && self.host.covers(url)
    }

    /// Whether everything that the other one means is meant by this one too.
    pub fn includes(&self, other: &Self) -> bool {
        let is_below = |name: &str, top: &str| {
            name.strip_suffix(top)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|rest| !rest.is_empty())
        };
        let is_host = match (&self.host, &other.host) {
            (Name::Any, _) => true,
            (Name::Below(top), Name::Below(name)) => name == top || is_below(name, top),
            (Name::Below(top), Name::Exact(name)) => is_below(name, top),
            (Name::Exact(name), Name::Exact(other)) => name == other,
            _ => false,
        };
        is_host && self.scheme == other.scheme && (self.port == Port::Any || self.port == other.port)
    }

    /// The pattern that means the server of an address, and no other.
    pub fn of(url: &Url) -> Option<Self> {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", url.scheme(), url.host_str()?).parse().ok()
    }
}

impl Scheme {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Name {
    fn covers(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let host = host.strip_suffix('.').unwrap_or(host);
        match self {
            Self::Any => true,
            Self::Exact(name) => name == host,
            Self::Below(name) => {
                let rest = host.strip_suffix(name.as_str()).and_then(|rest| rest.strip_suffix('.'));
                rest.is_some_and(|rest| !rest.is_empty())
            }
        }
    }

    fn read(text: &str) -> Result<Self, &'static str> {
        let parse = |text: &str| {
            let text = text.strip_suffix('.').unwrap_or(text);
            Host::parse(text).map_err(|_| "the name or address is not one")
        };
        match text.strip_prefix('*') {
            Some("") => Ok(Self::Any),
            Some(rest) => {
                let name = rest.strip_prefix('.').ok_or("a `*` stands for whole parts of a name: `*.`")?;
                match parse(name)? {
                    Host::Domain(name) if !name.contains('*') => Ok(Self::Below(name)),
                    Host::Domain(_) => Err("only the first part can be `*`"),
                    _ => Err("addresses have no names below them"),
                }
            }
            None if text.contains('*') => Err("only the first part can be `*`"),
            None => Ok(Self::Exact(parse(text)?.to_string())),
        }
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    fn from_str(pattern: &str) -> Result<Self, InvalidHostPattern> {
        read(pattern).map_err(|why| InvalidHostPattern { pattern: pattern.chars().take(120).collect(), why })
    }
}

fn read(pattern: &str) -> Result<HostPattern, &'static str> {
    let (scheme, rest) = match pattern.trim().split_once("://") {
        Some(("http", rest)) => (Some(Scheme::Http), rest),
        Some(("https", rest)) => (Some(Scheme::Https), rest),
        Some(_) => return Err("only `http` and `https` are known"),
        None => (None, pattern.trim()),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#', '@', '\\']) {
        return Err("paths, users and queries cannot be part of it");
    }
    // The colons of an IPv6 address stand in brackets.
    let (host, port) = match rest.rfind(':').filter(|colon| rest.rfind(']').is_none_or(|end| end < *colon)) {
        None => (rest, Port::Usual),
        Some(colon) => match (&rest[..colon], &rest[colon + 1..]) {
            (host, "*") => (host, Port::Any),
            (host, port) => match port.parse::<u16>() {
                Ok(number) if number > 0 => (host, Port::Number(number)),
                _ => return Err("the port is a number up to 65535, or `*`"),
            },
        },
    };
    if host.is_empty() {
        return Err("the name is missing");
    }
    let is_usual = port == Port::Number(if scheme == Some(Scheme::Http) { 80 } else { 443 });
    let port = if is_usual { Port::Usual } else { port };
    // What is meant anyway is not kept: two spellings of one pattern are one pattern.
    let scheme = scheme.filter(|scheme| *scheme == Scheme::Http);
    Ok(HostPattern { scheme, host: Name::read(host)?, port })
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.scheme {
            write!(f, "{}://", scheme.as_str())?;
        }
        match &self.host {
            Name::Any => f.write_str("*")?,
            Name::Below(name) => write!(f, "*.{name}")?,
            Name::Exact(name) => f.write_str(name)?,
        }
        match self.port {
            Port::Usual => Ok(()),
            Port::Any => f.write_str(":*"),
            Port::Number(number) => write!(f, ":{number}"),
        }
    }
}

impl Serialize for HostPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HostPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for HostPattern {
    fn schema_name() -> Cow<'static, str> {
        "HostPattern".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "host-pattern",
            "examples": ["api.example.com", "*.example.com", "http://localhost:8080"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(pattern: &str, url: &str) -> bool {
        pattern.parse::<HostPattern>().unwrap().covers(&url.parse().unwrap())
    }

    #[test]
    fn exact_names_mean_one_server() {
        assert!(covers("api.example.com", "https://api.example.com/v1?q#f"));
        assert!(covers("API.Example.com.", "https://api.example.com./"));
        assert!(covers("api.example.com:443", "https://api.example.com/"));
        for other in [
            "http://api.example.com/",
            "https://api.example.com:8443/",
            "https://example.com/",
            "https://x.api.example.com/",
            "https://api.example.com.evil.org/",
            "https://evil.org/api.example.com",
            "https://api.example.com@evil.org/",
        ] {
            assert!(!covers("api.example.com", other), "{other}");
        }
    }

    #[test]
    fn stars_mean_everything_below() {
        assert!(covers("*.example.com", "https://a.example.com/"));
        assert!(covers("*.example.com", "https://a.b.example.com/"));
        assert!(!covers("*.example.com", "https://example.com/"));
        assert!(!covers("*.example.com", "https://badexample.com/"));
        assert!(!covers("*.example.com", "https://.example.com/"));
        assert!(covers("*", "https://anything.org/"));
        assert!(!covers("*", "http://anything.org/"));
        assert!(!covers("*", "https://anything.org:444/"));
    }

    #[test]
    fn ports_and_schemes_are_meant() {
        assert!(covers("http://example.com", "http://example.com/"));
        assert!(!covers("http://example.com", "https://example.com/"));
        assert!(covers("example.com:8443", "https://example.com:8443/"));
        assert!(!covers("example.com:8443", "https://example.com/"));
        assert!(covers("http://localhost:*", "http://localhost:81/"));
        assert!(covers("http://[::1]:8080", "http://[0:0::1]:8080/"));
        assert!(covers("http://127.0.0.1", "http://0x7f.1/"));
        assert!(covers("bücher.example", "https://xn--bcher-kva.example/"));
    }

    #[test]
    fn who_asks_leaves_details_to_the_operator() {
        let asks = |pattern: &str, url: &str| {
            pattern.parse::<HostPattern>().unwrap().asks_for(&url.parse::<Url>().unwrap())
        };
        assert!(asks("example.com", "http://example.com:8080/"));
        assert!(!asks("http://example.com", "https://example.com/"));
        assert!(!asks("example.com:8443", "https://example.com/"));
        assert!(!asks("example.com", "https://example.org/"));
    }

    #[test]
    fn wide_patterns_include_narrow_ones() {
        let includes = |wide: &str, narrow: &str| {
            wide.parse::<HostPattern>().unwrap().includes(&narrow.parse::<HostPattern>().unwrap())
        };
        assert!(includes("*", "*.example.com"));
        assert!(includes("*.example.com", "*.example.com"));
        assert!(includes("*.example.com", "*.api.example.com"));
        assert!(includes("*.example.com:*", "api.example.com:8443"));
        assert!(!includes("*.example.com", "example.com"));
        assert!(!includes("*.example.com", "*.badexample.com"));
        assert!(!includes("*", "http://example.com"));
        assert!(!includes("*.example.com", "*"));
        assert!(!includes("example.com", "example.com:8443"));
    }

    #[test]
    fn servers_of_addresses_are_named_exactly() {
        let of = |url: &str| HostPattern::of(&url.parse().unwrap()).unwrap().to_string();
        assert_eq!(of("https://api.example.com/v1?q"), "api.example.com");
        assert_eq!(of("http://[::1]:8080/"), "http://[::1]:8080");
    }

    #[test]
    fn refuses_what_names_no_servers() {
        for text in [
            "",
            "https://",
            "ftp://example.com",
            "example.com/path",
            "user@example.com",
            "a b",
            "exa*mple.com",
            "a.*.com",
            "**",
            "*.*.com",
            "*example.com",
            "*.127.0.0.1",
            "example.com:0",
            "example.com:65536",
            "example.com:http",
            "::1",
            "[::1",
            "example.com?x",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn prints_one_spelling() {
        for (text, shown) in [
            ("https://Example.com:443/", "example.com"),
            ("http://example.com:80", "http://example.com"),
            ("http://example.com:443", "http://example.com:443"),
            ("*.example.com:*", "*.example.com:*"),
            ("http://[0::1]:9", "http://[::1]:9"),
            ("*", "*"),
        ] {
            let pattern: HostPattern = text.parse().unwrap();
            assert_eq!(pattern.to_string(), shown);
            assert_eq!(shown.parse::<HostPattern>().unwrap(), pattern);
        }
    }
}
