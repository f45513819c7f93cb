//! Listeners: one task each, and the connections they accept.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use super::{connection::converse, session::Session};
use crate::{World, telegram::Silence};

/// Sessions, by key and session id.
type Sessions = HashMap<(i64, i64), Arc<Mutex<Session>>>;

/// What all connections of a server share.
#[derive(Debug, Default)]
pub(in super::super) struct Shared {
    pub(super) world: World,
    sessions: Mutex<Sessions>,
}

impl Shared {
    pub(in super::super) fn new(world: &World) -> Arc<Self> {
        Arc::new(Self { world: world.clone(), sessions: Mutex::default() })
    }

    /// Finds a session, or begins it.
    pub(super) fn session(&self, key_id: i64, session_id: i64) -> Arc<Mutex<Session>> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sessions.entry((key_id, session_id)).or_default())
    }

    pub(super) fn forget_session(&self, key_id: i64, session_id: i64) -> bool {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&(key_id, session_id)).is_some()
    }

    pub(in super::super) fn forget_sessions(&self) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The listeners of all data centres. Dropping them closes every connection.
#[derive(Debug)]
pub(in super::super) struct Listeners {
    _accepting: JoinSet<()>,
    cut: watch::Sender<u64>,
}

impl Listeners {
    pub(in super::super) fn new() -> Self {
        Self { _accepting: JoinSet::new(), cut: watch::Sender::default() }
    }

    /// Listens on an address for a data centre, and says where that is.
    pub(in super::super) async fn open(
        &mut self,
        shared: &Arc<Shared>,
        dc: i32,
        address: SocketAddr,
    ) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        self._accepting.spawn(accept(listener, dc, Arc::clone(shared), self.cut.subscribe()));
        Ok(address)
    }

    /// Closes every open connection; the listeners stay.
    pub(in super::super) fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }
}

async fn accept(listener: TcpListener, dc: i32, shared: Arc<Shared>, mut cut: watch::Receiver<u64>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // A connection that could not be accepted is the client's loss; the next one may do.
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let silence = shared.world.telegram(|t| t.faults.silent.get(&dc).copied());
                if silence != Some(Silence::Refuses) {
                    connections.spawn(converse(Arc::clone(&shared), dc, stream));
                }
            },
            Ok(()) = cut.changed() => connections.abort_all(),
            Some(ended) = connections.join_next() => if let Err(error) = ended && error.is_panic() {
                let accident = format!("a connection of data centre {dc} ended in a panic");
                shared.world.telegram(|t| t.accidents.push(accident));
                shared.world.has_changed();
            },
        }
    }
}
