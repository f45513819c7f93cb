//! What the host does for plugins: one file per capability, each checked before it acts. The logic
//! of a capability knows nothing of wasmtime; its `host.rs` speaks to the guest.

pub(crate) mod http;
pub(crate) mod kv;
pub(crate) mod log;
pub(crate) mod run;
pub(crate) mod scratch;
mod settings;
pub(crate) mod sink;
#[cfg(test)]
mod tests;
mod wasi;

use std::{
    ffi::OsStr,
    fmt, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tapedeck_bindings::{
    MayBlock,
    capability::{
        chats, messages, records, tracks,
        types::{self, Delayed, PluginError},
    },
};
use tokio::runtime::Handle;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::WasiCtx;

use self::{
    http::{HttpDoor, Lookup},
    log::{Level, Log},
    run::Programs,
    scratch::{Room, ScratchRooms},
};
use super::{
    grants::{Denied, Permits},
    limits::{Budget, Halt},
    store::{Flavour, HostState, Profile},
};
use crate::{gauge::Gauge, model::PluginName, state::PluginKv};

/// What plugins reach of the world through the host. One for all of them.
#[derive(Debug)]
pub(crate) struct Outside {
    http: HttpDoor,
    kv: PluginKv,
    rooms: ScratchRooms,
    programs: Programs,
    runtime: Handle,
}

#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    #[error("cannot set up HTTPS for plugins: is the package ca-certificates installed?")]
    Http(#[source] reqwest::Error),
    #[error("the folder for plugins' files cannot be used: {folder}")]
    Scratch {
        folder: std::path::PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Outside {
    /// `search` is a PATH for programs; `scratch` is a folder that belongs to this process alone.
    pub(crate) fn new(
        version: &str,
        lookup: &Lookup,
        kv: PluginKv,
        scratch: &Path,
        search: Option<&OsStr>,
        runtime: Handle,
    ) -> Result<Self, OutsideError> {
        let rooms = ScratchRooms::open(scratch)
            .map_err(|source| OutsideError::Scratch { folder: scratch.to_owned(), source })?;
        let http = HttpDoor::new(version, lookup).map_err(OutsideError::Http)?;
        Ok(Self { http, kv, rooms, programs: Programs::new(search), runtime })
    }
}

/// What the capabilities of one instance hold.
pub(crate) struct Capabilities {
    /// While a recording is fetched.
    pub(crate) outlet: Option<sink::Outlet>,
    /// Shows how far programs and transfers are.
    pub(crate) gauge: Gauge,
    outside: Arc<Outside>,
    log: Log,
    permits: Permits,
    is_rehearsal: bool,
    was_refused: AtomicBool,
    room: Option<Room>,
    table: ResourceTable,
    wasi: WasiCtx,
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capabilities").field("room", &self.room).finish_non_exhaustive()
    }
}

impl Capabilities {
    pub(crate) fn new(profile: &Arc<Profile>, budget: &Budget) -> Self {
        let log = Log::new(profile.clone(), budget.lines().clone());
        let mut table = ResourceTable::new();
        table.set_max_capacity(profile.limits.resources as usize);
        let wasi = wasi::context(&log);
        Self {
            outlet: None,
            gauge: Gauge::default(),
            outside: profile.outside.clone(),
            wasi,
            log,
            permits: profile.permits.clone(),
            is_rehearsal: profile.is_rehearsal,
            was_refused: AtomicBool::new(false),
            room: None,
            table,
        }
    }

    /// The plugin's files, from now until [`Self::leave_room`] or the end of the instance.
    fn room(&mut self, plugin: &PluginName) -> Result<&Room, PluginError> {
        match &mut self.room {
            Some(room) => Ok(room),
            empty => {
                let room =
                    self.outside.rooms.make(plugin).map_err(|error| scratch::refusal(&error.into()))?;
                Ok(empty.insert(room))
            }
        }
    }

    /// Removes the plugin's files: a call, or a session, is over.
    pub(crate) fn leave_room(&mut self) {
        self.room = None;
    }

    /// The plugin may hide it; its operator has to know.
    fn refuse(&self, denied: &Denied) -> PluginError {
        let text = denied.to_string();
        self.was_refused.store(true, Ordering::Relaxed);
        if !self.is_rehearsal {
            let level = if self.permits.is_news(&text) { Level::Warn } else { Level::Debug };
            self.log.write(level, &text);
        }
        PluginError::Denied(text)
    }

    /// Whether it ever wanted something that it may not do.
    pub(crate) fn was_refused(&self) -> bool {
        self.was_refused.load(Ordering::Relaxed)
    }
}

/// Puts every import that a plugin may have into the linker. What it may do with them is asked at each call.
pub(super) fn link(linker: &mut Linker<HostState>, flavour: Flavour) -> wasmtime::Result<()> {
    match flavour {
        Flavour::Async => tapedeck_bindings::link_async(linker)?,
        Flavour::Sync => tapedeck_bindings::link_blocking(linker)?,
    }
    wasi::link(linker, flavour)
}

impl MayBlock for HostState {
    fn runtime(&self) -> Handle {
        self.capabilities.outside.runtime.clone()
    }
}

impl Budget {
    /// Waits for something, unless the call is cancelled meanwhile.
    async fn unless_cancelled<T>(&self, wait: impl Future<Output = T>) -> Result<T, Halt> {
        let cancel = self.cancel().cloned().unwrap_or_default();
        tokio::select! {
            done = wait => Ok(done),
            () = cancel.cancelled() => Err(Halt::Cancelled),
        }
    }
}

// Only types: nothing to answer.
impl types::Host for HostState {}
impl messages::Host for HostState {}
impl records::Host for HostState {}
impl chats::Host for HostState {}
impl tracks::Host for HostState {}

fn permanent(message: String) -> PluginError {
    PluginError::Permanent(message)
}

fn exhausted(message: String) -> PluginError {
    PluginError::Exhausted(message)
}

fn temporary(message: String) -> PluginError {
    PluginError::Temporary(Delayed { message, retry_after_ms: None })
}
