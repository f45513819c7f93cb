//! Where Telegram's data centres are: the known ones, or other servers, for tests, that the file of
//! `telegram.servers` names. Those hand out keys instead of agreeing on them.

use std::{
    collections::BTreeMap,
    fmt,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use grammers_session::{SessionData, types::DcOption};
use serde::Deserialize;
use url::Url;

/// Length of a key that a client shares with a data centre.
pub const KEY_LENGTH: usize = 256;

/// What a data centre and a client share: whoever has it is the account there.
pub type AuthKey = [u8; KEY_LENGTH];

/// An answer comes from this machine or the next one.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Deserialize)]
pub struct Servers {
    /// The data centre that new logins begin with.
    pub home: i32,
    pub data_centers: Vec<DataCenter>,
    /// Where `POST` gives fresh keys, one for each data centre.
    pub keys_from: Url,
}

#[derive(Clone, Debug, Deserialize)]
pub struct DataCenter {
    pub id: i32,
    pub address: SocketAddr,
    #[serde(default)]
    pub ipv6: Option<SocketAddrV6>,
}

#[derive(Debug, thiserror::Error)]
pub enum ServersError {
    #[error("the file {} of `telegram.servers` cannot be read", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the file {} of `telegram.servers` does not describe servers", path.display())]
    Malformed { path: PathBuf, source: serde_json::Error },
    #[error("the file {} of `telegram.servers` has no data centre {home}, which it calls home", path.display())]
    NoHome { path: PathBuf, home: i32 },
    #[error("the servers of `telegram.servers` give no keys at {address}: do they run?")]
    NoKeys { address: Url, source: reqwest::Error },
    #[error("the key for data centre {data_center} that {address} gave has not {KEY_LENGTH} bytes in base64")]
    BadKey { address: Url, data_center: i32 },
}

#[derive(Deserialize)]
struct Keys {
    keys: BTreeMap<i32, String>,
}

impl Servers {
    pub fn read(path: &Path) -> Result<Self, ServersError> {
        let text = std::fs::read(path)
            .map_err(|source| ServersError::Unreadable { path: path.to_owned(), source })?;
        let servers: Self = serde_json::from_slice(&text)
            .map_err(|source| ServersError::Malformed { path: path.to_owned(), source })?;
        if servers.data_centers.iter().any(|dc| dc.id == servers.home) {
            Ok(servers)
        } else {
            Err(ServersError::NoHome { path: path.to_owned(), home: servers.home })
        }
    }

    /// A fresh key for each data centre, which only one session may use.
    pub async fn fetch_keys(&self) -> Result<BTreeMap<i32, AuthKey>, ServersError> {
        let failed = |source| ServersError::NoKeys { address: self.keys_from.clone(), source };
        // Whoever came first installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(failed)?;
        let answer = client.post(self.keys_from.clone()).send().await.map_err(failed)?;
        let Keys { keys } = answer.error_for_status().map_err(failed)?.json().await.map_err(failed)?;
        keys.into_iter().map(|(data_center, text)| Ok((data_center, self.key(data_center, &text)?))).collect()
    }

    fn key(&self, data_center: i32, text: &str) -> Result<AuthKey, ServersError> {
        let bytes = BASE64_STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| ServersError::BadKey { address: self.keys_from.clone(), data_center })
    }
}

/// Where a session starts from: addresses, perhaps with keys, and the data centre to begin with.
#[derive(Clone)]
pub struct DataCenters {
    pub(super) home: i32,
    pub(super) options: BTreeMap<i32, DcOption>,
    /// Addresses that were learned earlier do not count.
    pub(super) are_fixed: bool,
}

impl DataCenters {
    /// Telegram's own, as the client library knows them.
    pub fn telegram() -> Self {
        let known = SessionData::default();
        Self { home: known.home_dc, options: known.dc_options.into_iter().collect(), are_fixed: false }
    }

    /// Only those that the servers name: nothing may reach Telegram itself by accident.
    pub fn of(servers: &Servers) -> Self {
        let option = |dc: &DataCenter| {
            let (ipv4, ipv6) = match dc.address {
                SocketAddr::V4(ipv4) => {
                    (ipv4, SocketAddrV6::new(ipv4.ip().to_ipv6_mapped(), ipv4.port(), 0, 0))
                }
                SocketAddr::V6(ipv6) => (SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0), ipv6),
            };
            (dc.id, DcOption { id: dc.id, ipv4, ipv6: dc.ipv6.unwrap_or(ipv6), auth_key: None })
        };
        let options = servers.data_centers.iter().map(option).collect();
        Self { home: servers.home, options, are_fixed: true }
    }

    /// Keys count where a session has none of its own.
    pub fn with_keys(mut self, keys: &BTreeMap<i32, AuthKey>) -> Self {
        for (id, key) in keys {
            if let Some(option) = self.options.get_mut(id) {
                option.auth_key = Some(*key);
            }
        }
        self
    }
}

/// Without the keys.
impl fmt::Debug for DataCenters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: BTreeMap<_, _> =
            self.options.values().map(|option| (option.id, option.ipv4)).collect();
        f.debug_struct("DataCenters").field("home", &self.home).field("addresses", &addresses).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVERS: &str = r#"{ "home": 2, "keys_from": "http://127.0.0.1:9/keys", "data_centers": [
        { "id": 2, "address": "127.0.0.1:4431", "ipv6": "[::1]:4432" }, { "id": 4, "address": "127.0.0.1:4433" },
        { "id": 5, "address": "[::1]:4434" }] }"#;

    #[test]
    fn reads_what_servers_describe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("servers.json");
        assert!(matches!(Servers::read(&path), Err(ServersError::Unreadable { .. })));
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Servers::read(&path)
        };
        assert!(matches!(read("{}"), Err(ServersError::Malformed { .. })));
        assert!(matches!(
            read(&SERVERS.replace("\"home\": 2", "\"home\": 1")),
            Err(ServersError::NoHome { home: 1, .. })
        ));
        let servers = read(SERVERS).unwrap();
        assert_eq!((servers.home, servers.data_centers.len()), (2, 3));
        assert!(servers.key(1, &BASE64_STANDARD.encode([7; KEY_LENGTH])).is_ok());
        assert!(matches!(servers.key(1, "AAAA"), Err(ServersError::BadKey { data_center: 1, .. })));
    }

    #[test]
    fn simulations_know_no_real_address() {
        let centers = DataCenters::of(&serde_json::from_str(SERVERS).unwrap());
        assert_eq!(centers.options.keys().copied().collect::<Vec<_>>(), [2, 4, 5]);
        let address =
            |id: i32| (centers.options[&id].ipv4.to_string(), centers.options[&id].ipv6.to_string());
        assert_eq!(address(2), ("127.0.0.1:4431".into(), "[::1]:4432".into()));
        assert_eq!(address(4), ("127.0.0.1:4433".into(), "[::ffff:127.0.0.1]:4433".into()));
        assert_eq!(address(5), ("0.0.0.0:0".into(), "[::1]:4434".into()));
        assert_eq!(DataCenters::telegram().options.len(), 5);
    }

    #[test]
    fn debug_output_shows_no_key() {
        let centers = DataCenters::telegram().with_keys(&BTreeMap::from([(2, [0xAB; KEY_LENGTH])]));
        assert!(centers.options[&2].auth_key.is_some());
        assert!(!format!("{centers:?}").contains("171, 171"));
    }
}
