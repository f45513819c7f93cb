use std::{io, net::SocketAddr};

use serde::{Deserialize, Serialize};

use crate::World;

/// How the simulated Telegram is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many data centres there are, numbered from 1.
    pub dcs: i32,
    /// Where clients begin.
    pub home: i32,
    /// Every data centre listens on `::1` too.
    pub ipv6: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { dcs: 5, home: 2, ipv6: false }
    }
}

/// What a client is configured with to speak with this Telegram and not the real one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Servers {
    /// Where clients begin.
    pub home: i32,
    pub data_centers: Vec<DataCenter>,
    /// A POST here answers fresh authorization keys: `{"keys": {"1": "<base64>", ...}}`.
    pub keys_from: String,
}

/// Where a data centre listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataCenter {
    pub id: i32,
    pub address: SocketAddr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<SocketAddr>,
}

/// A simulated Telegram that listens. Dropping it closes every connection.
#[derive(Debug)]
pub struct Server {
    servers: Servers,
}

impl Server {
    /// What to configure a client with.
    pub fn servers(&self) -> &Servers {
        &self.servers
    }
}

/// Opens one listener per data centre on loopback, and the one that hands out keys.
pub async fn serve(_world: &World, _options: Options) -> io::Result<Server> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}
