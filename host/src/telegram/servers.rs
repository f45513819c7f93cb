//! Other servers than Telegram's own: the file that `telegram.servers` names, and the keys that
//! such servers hand out instead of agreeing on them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use url::Url;

/// Length of a key that a client shares with a data centre.
pub const KEY_LENGTH: usize = 256;

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
    /// One with an IPv6 address may stand beside one with an IPv4 address.
    pub address: SocketAddr,
}

#[derive(Debug, thiserror::Error)]
pub enum ServersError {
    #[error("the file {} of `telegram.servers` cannot be read", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the file {} of `telegram.servers` does not describe servers", path.display())]
    Malformed { path: PathBuf, source: serde_json::Error },
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
        serde_json::from_slice(&text)
            .map_err(|source| ServersError::Malformed { path: path.to_owned(), source })
    }

    /// A fresh key for each data centre, which only one session may use.
    pub async fn fetch_keys(&self) -> Result<BTreeMap<i32, [u8; KEY_LENGTH]>, ServersError> {
        let failed = |source| ServersError::NoKeys { address: self.keys_from.clone(), source };
        // Whoever came first installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(failed)?;
        let answer = client.post(self.keys_from.clone()).send().await.map_err(failed)?;
        let Keys { keys } = answer.error_for_status().map_err(failed)?.json().await.map_err(failed)?;
        keys.into_iter().map(|(data_center, text)| Ok((data_center, self.key(data_center, &text)?))).collect()
    }

    fn key(&self, data_center: i32, text: &str) -> Result<[u8; KEY_LENGTH], ServersError> {
        let bytes = BASE64_STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| ServersError::BadKey { address: self.keys_from.clone(), data_center })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_servers_describe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("servers.json");
        assert!(matches!(Servers::read(&path), Err(ServersError::Unreadable { .. })));
        std::fs::write(&path, "{}").unwrap();
        assert!(matches!(Servers::read(&path), Err(ServersError::Malformed { .. })));
        let text = r#"{ "home": 2, "keys_from": "http://127.0.0.1:9/keys",
            "data_centers": [{ "id": 1, "address": "127.0.0.1:4431" }, { "id": 1, "address": "[::1]:4431" }] }"#;
        std::fs::write(&path, text).unwrap();
        let servers = Servers::read(&path).unwrap();
        assert_eq!((servers.home, servers.data_centers.len()), (2, 2));
        assert!(servers.data_centers[1].address.is_ipv6());
        assert!(servers.key(1, &BASE64_STANDARD.encode([7; KEY_LENGTH])).is_ok());
        assert!(matches!(servers.key(1, "AAAA"), Err(ServersError::BadKey { data_center: 1, .. })));
    }
}
