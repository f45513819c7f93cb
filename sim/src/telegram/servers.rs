use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::{Json, Router, extract::State, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, task::JoinSet};

use super::wire::{Listeners, Shared};
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
    shared: Arc<Shared>,
    world: World,
    listeners: Listeners,
    _handing_out: JoinSet<()>,
}

/// Opens one listener per data centre on loopback, and the one that hands out keys.
pub async fn serve(world: &World, options: Options) -> io::Result<Server> {
    let shared = Shared::new(world);
    let mut listeners = Listeners::new();
    let mut data_centers = Vec::new();
    for id in 1..=options.dcs {
        let address = listeners.open(&shared, id, (Ipv4Addr::LOCALHOST, 0).into()).await?;
        let ipv6 = match options.ipv6 {
            true => Some(listeners.open(&shared, id, (Ipv6Addr::LOCALHOST, 0).into()).await?),
            false => None,
        };
        data_centers.push(DataCenter { id, address, ipv6 });
    }
    world.telegram(|t| {
        t.data_centers.clone_from(&data_centers);
        t.nearest_dc = options.home;
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let keys_from = format!("http://{}/keys", listener.local_addr()?);
    let router = Router::new().route("/keys", post(hand_out_keys)).merge(super::control::routes());
    let router = router.with_state(world.clone());
    let mut handing_out = JoinSet::new();
    handing_out.spawn(async move {
        // It ends when its listener fails, and then no client gets keys: tests see that.
        let _ = axum::serve(listener, router).await;
    });
    let servers = Servers { home: options.home, data_centers, keys_from };
    Ok(Server { servers, shared, world: world.clone(), listeners, _handing_out: handing_out })
}

impl Server {
    /// What to configure a client with.
    pub fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Closes every connection; updates that were not sent yet are lost to those who do not ask.
    pub async fn drop_connections(&self) {
        let newest = self.world.telegram(|t| t.connections.newest());
        self.listeners.cut();
        self.world.wait_for_telegram(|t| t.connections.oldest().is_none_or(|oldest| oldest > newest)).await;
    }

    /// As after a restart: connections are closed, sessions forgotten, salts new. Keys and logins
    /// stay.
    pub async fn restart(&self) {
        self.shared.forget_sessions();
        self.world.telegram(|t| t.keys.iter().for_each(|(_, key)| key.secret.renew_salts()));
        self.drop_connections().await;
    }

    /// Ends it: addresses are free again, connections are closed.
    pub fn close(self) {}
}

#[derive(Debug, Serialize)]
struct HandedOut {
    keys: BTreeMap<i32, String>,
}

async fn hand_out_keys(State(world): State<World>) -> Json<HandedOut> {
    let keys = world.telegram(super::Telegram::new_keys);
    Json(HandedOut { keys: keys.iter().map(|(&dc, key)| (dc, STANDARD.encode(key))).collect() })
}

impl super::Telegram {
    /// Fresh keys that nobody is logged in with, one per data centre.
    pub fn new_keys(&mut self) -> BTreeMap<i32, [u8; 256]> {
        let dcs: Vec<i32> = self.data_centers.iter().map(|dc| dc.id).collect();
        let fresh = |dc: i32| {
            let bytes = super::state::random();
            self.keys.add(dc, bytes);
            (dc, bytes)
        };
        dcs.into_iter().map(fresh).collect()
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    use super::*;
    use crate::telegram::{testing::Client, tl};

    async fn ask_for_keys(servers: &Servers) -> BTreeMap<i32, [u8; 256]> {
        let address = servers.keys_from.strip_prefix("http://").unwrap().strip_suffix("/keys").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = "POST /keys HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let body: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        let keys = body["keys"].as_object().unwrap().iter();
        let decode = |key: &serde_json::Value| STANDARD.decode(key.as_str().unwrap()).unwrap();
        keys.map(|(dc, key)| (dc.parse().unwrap(), decode(key).try_into().unwrap())).collect()
    }

    #[tokio::test]
    async fn handed_out_keys_open_every_data_center() {
        let world = World::default();
        let server = serve(&world, Options { dcs: 3, home: 1, ipv6: false }).await.unwrap();
        let (keys, others) = (ask_for_keys(server.servers()).await, ask_for_keys(server.servers()).await);
        assert_eq!(keys.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
        assert!(keys.iter().all(|(dc, key)| others[dc] != *key));
        for dc in 1..=3 {
            let mut client = Client::connect(&server, &keys, dc).await;
            let tl::enums::NearestDc::Dc(nearest) =
                client.call(&tl::functions::help::GetNearestDc {}).await.unwrap();
            assert_eq!((nearest.this_dc, nearest.nearest_dc), (dc, 1));
        }
        world.finish().unwrap();
    }

    #[tokio::test]
    async fn servers_are_told_in_plain_json() {
        let world = World::default();
        let server = serve(&world, Options { dcs: 1, home: 1, ipv6: true }).await.unwrap();
        let told = serde_json::to_value(server.servers()).unwrap();
        let center = &told["data_centers"][0];
        assert_eq!((&told["home"], &center["id"]), (&1.into(), &1.into()));
        assert!(center["address"].as_str().unwrap().starts_with("127.0.0.1:"));
        assert!(center["ipv6"].as_str().unwrap().starts_with("[::1]:"));
        assert_eq!(serde_json::from_value::<Servers>(told).unwrap(), *server.servers());
        TcpStream::connect(server.servers().data_centers[0].ipv6.unwrap()).await.unwrap();
    }
}
