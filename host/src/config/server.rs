use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::model::ByteSize;

/// The web page and its API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSection {
    /// Address and port to listen on. Until there is a user, only loopback is served. Default: "127.0.0.1:8484".
    #[schemars(with = "String", extend("format" = "socket-address"))]
    pub listen: SocketAddr,
    /// How people reach the page from outside, when a reverse proxy stands in front: its origin is
    /// accepted in requests that change something, and `https` marks cookies as secure.
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    pub public_url: Option<url::Url>,
    /// Proxies whose `X-Forwarded-For` is believed, for log-in throttling. Default: none.
    #[schemars(with = "Vec<String>", extend("items" = {"type": "string", "format": "ip-address"}))]
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// How large files may be, all together, that are uploaded on the page to be imported. Default: "2GiB".
    pub max_upload: ByteSize,
}

impl Default for ServerSection {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8484).into(),
            public_url: None,
            trusted_proxies: Vec::new(),
            max_upload: ByteSize::from_mib(2048),
        }
    }
}
