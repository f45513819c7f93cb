//! What guests can do to the host: nothing.

mod contract;
mod hostile;
mod mutants;
mod versions;

use std::{fs, sync::Arc, time::Duration};

use wasmtime::component::{TypedFunc, Val};

use super::{
    HostSettings, PluginError, PluginSettings, Who,
    bounded::{self, Terms},
    cache::Cache,
    calls::Crew,
    capability::{Outside, http::system_lookup},
    compile::Compiler,
    engine::Engine,
    guest::Guest,
    link::Linkers,
    registry::{Breaker, Gates, Loaded, Rehearsals, Source, Standing, Workshop},
    store::Flavour,
};
use crate::{
    clock::ManualClock,
    event::Bus,
    model::{Period, PluginLimits, PluginName},
    state::State,
};

const DESCRIBE: &str = "tapedeck:plugin/describe@1.0.0#describe";

/// Everything between a file and a call, without the daemon around it.
struct Bench {
    folder: tempfile::TempDir,
    shop: Arc<Workshop>,
    host: HostSettings,
    limits: PluginLimits,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = HostSettings::in_folder(folder.path(), &folder.path().join("cache"));
        let engine = Engine::build().unwrap();
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let state = State::open(&folder.path().join("data")).unwrap();
        let outside = Outside::new(
            "test",
            &system_lookup(),
            state.plugin_kv.clone(),
            &folder.path().join("scratch"),
            None,
            tokio::runtime::Handle::current(),
        );
        let shop = Workshop {
            linkers: Linkers::build(&engine).unwrap(),
            compiler: Compiler::new(engine.clone(), 0),
            cache: Some(Cache::open(&host.cache, &engine, jiff::Timestamp::UNIX_EPOCH).unwrap()),
            outside: Arc::new(outside.unwrap()),
            engine,
            clock,
            bus: Bus::default(),
            gates: Gates::default(),
            rehearsals: Rehearsals::new(Crew::start(&tokio::runtime::Handle::current())),
        };
        let limits = PluginLimits {
            deadline: Period(Duration::from_millis(200)),
            start_deadline: Period(Duration::from_millis(200)),
            memory_bytes: 16 << 20,
            table_elements: 1_000,
            ..Default::default()
        };
        Self { folder, shop: Arc::new(shop), host, limits }
    }

    async fn load(&self, guest: &Guest) -> Result<Loaded, PluginError> {
        self.load_bytes(&guest.component()).await
    }

    async fn load_bytes(&self, bytes: &[u8]) -> Result<Loaded, PluginError> {
        self.load_file("guest.wasm", bytes).await
    }

    async fn load_file(&self, file_name: &str, bytes: &[u8]) -> Result<Loaded, PluginError> {
        let path = self.folder.path().join(file_name);
        fs::write(&path, bytes).unwrap();
        let source = Source { path, within: Some(self.folder.path().to_owned()) };
        let name: PluginName = "guest".parse().unwrap();
        let settings = PluginSettings { limits: self.limits.clone(), ..PluginSettings::unnamed(&self.host) };
        let standing = Standing {
            name: name.clone(),
            figures: Arc::default(),
            breaker: Arc::new(Breaker::new(Default::default())),
        };
        let prepared = self.shop.prepare(&source, &self.host, || {}).await;
        let code = prepared.map_err(|failure| PluginError::new(&Who::named(&name), failure))?;
        self.shop.finish(code, standing, settings).await
    }
}

/// A plugin of one kind that answers `describe` too, which is what these tests call.
fn guest(kind: &str) -> Guest {
    let wit = format!(
        "package test:guest; world guest {{
            import tapedeck:plugin/log@1.0.0; import tapedeck:plugin/settings@1.0.0;
            export tapedeck:plugin/describe@1.0.0; export tapedeck:plugin/{kind}@1.0.0;
        }}"
    );
    Guest::of_wit_beside(&wit).manifest(r#"{"id":"guest","version":"6.6.6","summary":"Means no good."}"#)
}

/// Calls `describe` in a new instance.
fn call(loaded: &Loaded) -> Result<String, PluginError> {
    let (_, interface) = loaded.component.get_export(None, "tapedeck:plugin/describe@1.0.0").unwrap();
    let (_, function) = loaded.component.get_export(Some(&interface), "describe").unwrap();
    let mut store = loaded.new_store(Flavour::Sync);
    bounded::call(&mut store, Terms::call(&loaded.profile), |store| {
        let instance = loaded.pre(Flavour::Sync).instantiate(&mut *store)?;
        let describe: TypedFunc<(), (String,)> = instance.get_typed_func(&mut *store, function)?;
        Ok(Ok(describe.call(&mut *store, ())?.0))
    })
}

/// After whatever happened, another plugin works.
async fn is_unharmed(bench: &Bench) {
    let good = bench.load(&guest("chat-filter").says(DESCRIBE, "fine")).await.unwrap();
    assert_eq!(call(&good).unwrap(), "fine");
}
