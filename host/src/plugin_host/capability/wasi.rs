//! WASI as far as the runtimes of languages need it: clocks, random numbers, and output that ends
//! up in the plugin's log. There are no files, no sockets, no arguments and no environment.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::{
    WasiCtx, WasiCtxView, WasiView, async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{
        DynPollable, OutputStream, Pollable, StreamResult,
        bindings::{io::poll as waiting, sync::io::poll},
    },
};

use super::log::{Level, Log};
use crate::plugin_host::store::{Flavour, HostState};

/// Of random bytes in one call.
const MOST_RANDOM: u64 = 1 << 20;

/// A longer line is cut where it is.
const LONGEST_LINE: usize = 16 * 1024;

pub(super) fn context(log: &Log) -> WasiCtx {
    WasiCtx::builder()
        .stdout(Output::new(log.clone(), Level::Info))
        .stderr(Output::new(log.clone(), Level::Warn))
        .max_random_size(MOST_RANDOM)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
}

impl WasiView for HostState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.capabilities.wasi, table: &mut self.capabilities.table }
    }
}

pub(super) fn link(linker: &mut Linker<HostState>, flavour: Flavour) -> wasmtime::Result<()> {
    match flavour {
        Flavour::Async => wasmtime_wasi::p2::add_to_linker_async(linker),
        Flavour::Sync => {
            wasmtime_wasi::p2::add_to_linker_sync(linker)?;
            // A plugin that waits there holds its thread, and no tick comes: the wait itself must end.
            linker.allow_shadowing(true);
            poll::add_to_linker::<HostState, HasWaits>(linker, |state| Waits { state })?;
            linker.allow_shadowing(false);
            Ok(())
        }
    }
}

struct HasWaits;

impl HasData for HasWaits {
    type Data<'a> = Waits<'a>;
}

/// Waiting, but no longer than the call may take.
struct Waits<'a> {
    state: &'a mut HostState,
}

impl Waits<'_> {
    fn wait<T>(
        &mut self,
        wait: impl AsyncFnOnce(&mut ResourceTable) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<T> {
        self.state.host_call()?;
        let left = self.state.budget.time_left();
        let cancel = self.state.budget.cancel().cloned().unwrap_or_default();
        let outside = self.state.capabilities.outside.clone();
        let table = &mut self.state.capabilities.table;
        let waited = outside.runtime.block_on(async {
            tokio::select! {
                waited = wait(table) => Some(waited),
                () = cancel.cancelled() => None,
                () = tokio::time::sleep(left) => None,
            }
        });
        match waited {
            Some(waited) => waited,
            None => match self.state.budget.check() {
                Err(halt) => Err(halt.into()),
                // The clocks differ by less than a tick.
                Ok(()) => Err(self.state.budget.overdue().into()),
            },
        }
    }
}

impl poll::Host for Waits<'_> {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        self.wait(async |table| waiting::Host::poll(table, pollables).await)
    }
}

impl poll::HostPollable for Waits<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        self.wait(async |table| waiting::HostPollable::ready(table, pollable).await)
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        self.wait(async |table| waiting::HostPollable::block(table, pollable).await)
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        waiting::HostPollable::drop(&mut self.state.capabilities.table, pollable)
    }
}

/// One of the two outputs. A plugin may open it several times: the lines are put together in one place.
#[derive(Clone, Debug)]
struct Output {
    line: Arc<Mutex<Line>>,
}

#[derive(Debug)]
struct Line {
    log: Log,
    level: Level,
    begun: Vec<u8>,
}

impl Output {
    fn new(log: Log, level: Level) -> Self {
        Self { line: Arc::new(Mutex::new(Line { log, level, begun: Vec::new() })) }
    }

    fn push(&self, bytes: &[u8]) {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    }
}

impl Line {
    fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.begun.len() >= LONGEST_LINE {
                self.end();
            }
        }
    }

    fn end(&mut self) {
        let text = String::from_utf8_lossy(&self.begun);
        self.log.write(self.level, text.trim_end_matches(['\r', '\n']));
        self.begun.clear();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            self.end();
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 * 1024)
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::tests::instance, *};

    #[tokio::test]
    async fn output_becomes_lines() {
        let instance = instance(json!({}), Default::default());
        let output = Output::new(instance.state.capabilities.log.clone(), Level::Info);
        output.push(b"one\ntw");
        output.clone().push(b"o\r\n\n");
        output.push(&vec![b'x'; LONGEST_LINE + 10]);
        output.push(b"end");
        drop(output);
        let lines = instance.log();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[..3], ["one", "two", ""]);
        assert!(lines[3].starts_with("xxx") && lines[4] == "end");
    }

    #[tokio::test]
    async fn chance_comes_in_bounded_pieces() {
        use wasmtime_wasi::p2::bindings::random::random::Host as _;
        let mut instance = instance(json!({}), Default::default());
        let random = instance.state.ctx().ctx.random();
        assert_eq!(random.get_random_bytes(MOST_RANDOM).unwrap().len() as u64, MOST_RANDOM);
        assert!(random.get_random_bytes(MOST_RANDOM + 1).is_err());
    }
}
