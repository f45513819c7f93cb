//! One engine for the process, and the thread that lets it notice time.

use std::{thread, time::Duration};

use wasmtime::{Config, OptLevel};

/// How often running code looks at its deadline.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// Cheap to clone. The ticking ends with the last clone.
#[derive(Clone)]
pub(crate) struct Engine(wasmtime::Engine);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    pub(crate) fn build() -> wasmtime::Result<Self> {
        let engine = wasmtime::Engine::new(&config())?;
        let weak = engine.weak();
        thread::Builder::new().name("plugin-ticks".into()).spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })?;
        Ok(Self(engine))
    }

    /// One whose code any other takes, and nobody runs here.
    pub(super) fn for_compiling() -> wasmtime::Result<wasmtime::Engine> {
        wasmtime::Engine::new(&config())
    }

    pub(crate) fn inner(&self) -> &wasmtime::Engine {
        &self.0
    }
}

/// Part of the key of compiled code: a change here compiles everything once more.
fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .concurrency_support(false)
        .cranelift_opt_level(OptLevel::Speed)
        // Its threads would not be as low in priority as the one that compiles.
        .parallel_compilation(false)
        .wasm_memory64(false);
    config
}
