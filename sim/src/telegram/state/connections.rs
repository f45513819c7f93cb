use std::{collections::BTreeMap, sync::Arc};

use grammers_tl_types as tl;
use tokio::sync::Notify;

use super::Keys;

/// Who is connected.
#[derive(Debug, Default)]
pub struct Connections {
    by_id: BTreeMap<u64, Connection>,
    last: u64,
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    pub dc: i32,
    /// The key it last spoke with.
    pub key_id: Option<i64>,
    /// It has made a call that was not wrapped in `invokeWithoutUpdates`.
    pub wants_updates: bool,
    /// What waits to be sent.
    outbox: Vec<tl::enums::Updates>,
    pub(crate) bell: Arc<Notify>,
}

impl Connections {
    pub fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.by_id.values()
    }

    /// The number of the connection that was opened last.
    pub(crate) fn newest(&self) -> u64 {
        self.last
    }

    pub(crate) fn oldest(&self) -> Option<u64> {
        self.by_id.keys().next().copied()
    }

    pub(crate) fn open(&mut self, dc: i32, bell: Arc<Notify>) -> u64 {
        self.last += 1;
        let connection = Connection { dc, key_id: None, wants_updates: false, outbox: Vec::new(), bell };
        self.by_id.insert(self.last, connection);
        self.last
    }

    pub(crate) fn close(&mut self, id: u64) {
        self.by_id.remove(&id);
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Connection> {
        self.by_id.get_mut(&id)
    }

    /// The connections whose key is logged in as a user.
    pub(crate) fn of_user(&mut self, keys: &Keys, user: i64) -> impl Iterator<Item = (u64, &mut Connection)> {
        self.by_id.iter_mut().filter_map(move |(&id, connection)| {
            let key = keys.get(connection.key_id?)?;
            (key.user == Some(user)).then_some((id, connection))
        })
    }

    /// The connections that speak with a key.
    pub(crate) fn of_key(&mut self, key_id: i64) -> impl Iterator<Item = &mut Connection> {
        self.by_id.values_mut().filter(move |connection| connection.key_id == Some(key_id))
    }
}

impl Connection {
    /// Queues updates and wakes the connection's task.
    pub(crate) fn queue(&mut self, updates: tl::enums::Updates) {
        self.outbox.push(updates);
        self.bell.notify_one();
    }

    pub(crate) fn take_outbox(&mut self) -> Vec<tl::enums::Updates> {
        std::mem::take(&mut self.outbox)
    }
}
