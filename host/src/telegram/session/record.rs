//! What the sealed records of a session hold.

use std::{
    collections::BTreeMap,
    net::{SocketAddrV4, SocketAddrV6},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use grammers_session::types::{ChannelState, DcOption, UpdatesState};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{model::SelfView, telegram::servers::AuthKey};

/// Rises when an older tapedeck could not make sense of a record.
pub(super) const VERSION: u32 = 1;

/// Everything that has to be kept to stay logged in.
#[derive(Serialize, Deserialize)]
pub(super) struct Core {
    pub(super) version: u32,
    pub(super) home: i32,
    pub(super) me: Option<SelfView>,
    pub(super) data_centers: Vec<StoredCenter>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredCenter {
    pub(super) id: i32,
    pub(super) ipv4: SocketAddrV4,
    pub(super) ipv6: SocketAddrV6,
    #[serde(default, serialize_with = "key_to_text", deserialize_with = "key_from_text")]
    pub(super) key: Option<AuthKey>,
}

impl Core {
    pub(super) fn new(home: i32, me: Option<SelfView>, options: &BTreeMap<i32, DcOption>) -> Self {
        Self { version: VERSION, home, me, data_centers: options.values().map(StoredCenter::of).collect() }
    }
}

impl StoredCenter {
    fn of(option: &DcOption) -> Self {
        Self { id: option.id, ipv4: option.ipv4, ipv6: option.ipv6, key: option.auth_key }
    }

    pub(super) fn option(&self) -> DcOption {
        DcOption { id: self.id, ipv4: self.ipv4, ipv6: self.ipv6, auth_key: self.key }
    }
}

/// Up to where updates have been received and stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Updates {
    pub(super) pts: i32,
    pub(super) qts: i32,
    pub(super) date: i32,
    pub(super) seq: i32,
    /// Each channel's own pts.
    pub(super) channels: BTreeMap<i64, i32>,
}

impl From<UpdatesState> for Updates {
    fn from(state: UpdatesState) -> Self {
        let UpdatesState { pts, qts, date, seq, channels } = state;
        Self { pts, qts, date, seq, channels: channels.into_iter().map(|it| (it.id, it.pts)).collect() }
    }
}

impl From<&Updates> for UpdatesState {
    fn from(updates: &Updates) -> Self {
        let channels = updates.channels.iter().map(|(id, pts)| ChannelState { id: *id, pts: *pts }).collect();
        Self { pts: updates.pts, qts: updates.qts, date: updates.date, seq: updates.seq, channels }
    }
}

fn key_to_text<S: Serializer>(key: &Option<AuthKey>, serializer: S) -> Result<S::Ok, S::Error> {
    key.map(|key| STANDARD.encode(key)).serialize(serializer)
}

fn key_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AuthKey>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let bytes = STANDARD.decode(text).map_err(D::Error::custom)?;
    AuthKey::try_from(bytes).map(Some).map_err(|_| D::Error::custom("a key is not 256 bytes long"))
}
