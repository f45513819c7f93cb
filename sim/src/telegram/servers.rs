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
