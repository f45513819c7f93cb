//! What the machinery itself costs: calls, instances, compiling, loading. It is wasmtime alone, with epochs and without
//! our bounds, so that what these add can be seen: `host.rs` has the same through the host.

use std::{future::Future, path::Path, pin::pin, task};

use tapedeck_bindings::{capability::types::PluginError, probe, probe_async};
use wasmtime::{
    Config, Engine, Store,
    component::{Component, InstancePre, Linker},
};

use super::{
    Sizes,
    measure::{best, figure, process_cpu, resident_kib, us},
};

/// As the host's own.
fn engine() -> Engine {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .concurrency_support(false)
        .cranelift_opt_level(wasmtime::OptLevel::Speed)
        .wasm_memory64(false);
    Engine::new(&config).expect("an engine")
}

fn linked(engine: &Engine, component: &Component) -> InstancePre<()> {
    let mut linker = Linker::new(engine);
    linker.define_unknown_imports_as_traps(component).expect("imports are functions and resources");
    linker.instantiate_pre(component).expect("every import is there")
}

fn store(engine: &Engine) -> Store<()> {
    let mut store = Store::new(engine, ());
    store.set_epoch_deadline(u64::MAX / 2);
    store
}

pub(crate) fn calls(probe: &Path, sizes: &Sizes) {
    let engine = engine();
    let component = Component::from_file(&engine, probe).expect("the probe compiles");
    let pre = linked(&engine, &component);

    let mut sync_store = store(&engine);
    let pair = probe::PluginPre::new(pre.clone()).expect("it is a probe");
    let plugin = pair.instantiate(&mut sync_store).expect("it starts");
    let guest = plugin.tapedeck_plugin_probe();
    let nop = best(sizes.rounds, sizes.calls, || guest.call_nop(&mut sync_store).expect("nothing happens"));
    figure("wasmtime alone: call of nothing, sync (aim 500 ns)", us(nop) * 1e3, "ns");
    let content = vec![7; 65_536];
    let echo = best(sizes.rounds, sizes.calls / 10 + 1, || {
        std::hint::black_box(guest.call_echo(&mut sync_store, &content).expect("an echo"));
    });
    figure("wasmtime alone: 64 KiB there and back", 2.0 * 65_536.0 / echo.as_secs_f64() / 1e9, "GB/s");
    let failing = best(sizes.rounds, sizes.calls / 10 + 1, || {
        let answer = guest.call_act(&mut sync_store, "fail", "permanent").expect("no trap");
        assert!(matches!(answer, Err(PluginError::Permanent(_))), "{answer:?}");
    });
    figure("wasmtime alone: call with two words and an error", us(failing) * 1e3, "ns");

    let mut async_store = store(&engine);
    let pair = probe_async::PluginPre::new(pre).expect("it is a probe");
    let plugin = ready(pair.instantiate_async(&mut async_store)).expect("it starts");
    let guest = plugin.tapedeck_plugin_probe();
    let nop = best(sizes.rounds, sizes.calls, || {
        ready(guest.call_nop(&mut async_store)).expect("nothing happens");
    });
    figure("wasmtime alone: call of nothing, async (aim 1000 ns)", us(nop) * 1e3, "ns");
}

pub(crate) fn lives(name: &str, file: &Path, sizes: &Sizes) {
    let engine = engine();
    let wasm = std::fs::read(file).expect("the file");
    let before = process_cpu();
    let component = Component::new(&engine, &wasm).expect("it compiles");
    figure(
        &format!("{name}: first compile, {} KiB", wasm.len() / 1024),
        us(process_cpu() - before) / 1e3,
        "ms CPU",
    );

    let folder = tempfile::tempdir().expect("a folder");
    let compiled = folder.path().join("code.cwasm");
    std::fs::write(&compiled, component.serialize().expect("code")).expect("a file");
    let load = best(sizes.rounds, 3, || {
        std::hint::black_box(mapped(&engine, &compiled));
    });
    figure(&format!("{name}, wasmtime alone: code mapped (aim 1 ms, Python 5)"), us(load) / 1e3, "ms");

    let component = mapped(&engine, &compiled);
    let pre = linked(&engine, &component);
    let start = best(sizes.rounds, sizes.instances, || {
        std::hint::black_box(pre.instantiate(store(&engine)).expect("it starts"));
    });
    figure(&format!("{name}, wasmtime alone: instantiate (aim 50 us)"), us(start), "us");

    let before = resident_kib();
    let idle: Vec<_> = (0..sizes.instances)
        .map(|_| {
            let mut store = store(&engine);
            let instance = pre.instantiate(&mut store).expect("it starts");
            (store, instance)
        })
        .collect();
    figure(
        &format!("{name}, wasmtime alone: memory of an idle instance"),
        (resident_kib() - before) / idle.len() as f64,
        "KiB",
    );
}

#[expect(unsafe_code, reason = "the file was written just now, by this process, in a folder of its own")]
fn mapped(engine: &Engine, compiled: &Path) -> Component {
    // SAFETY: nobody else can write there, and nothing writes there again.
    unsafe { Component::deserialize_file(engine, compiled) }.expect("our own code")
}

/// Runs to its end a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = task::Context::from_waker(task::Waker::noop());
    match pin!(future).poll(&mut context) {
        task::Poll::Ready(done) => done,
        task::Poll::Pending => panic!("it waits"),
    }
}
