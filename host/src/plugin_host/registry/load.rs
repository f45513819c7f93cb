//! From a file to code that can be called. Whatever goes wrong on the way, nothing has changed.

use std::{sync::Arc, time::Duration};

use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use wasmtime::component::Component;

use super::{
    Breaker,
    loaded::{About, Loaded},
    rehearsal::Rehearsals,
};
use crate::{
    clock::SharedClock,
    event::Bus,
    model::{PluginName, Wants},
    plugin_host::{
        Failure, HostSettings, Inspection, Manifest, PluginError, PluginSettings, Who,
        cache::{Cache, Note},
        capability::Outside,
        compile::{Compiler, Order, give_memory_back},
        describe,
        engine::Engine,
        figures::Figures,
        folders::Source,
        grants::{Permit, Permits},
        inspect::{self, Look},
        link::Linkers,
        store::Profile,
    },
    state::GrantDecision,
};

/// What every load needs.
#[derive(Debug)]
pub(crate) struct Workshop {
    pub(crate) engine: Engine,
    pub(crate) linkers: Linkers,
    pub(crate) compiler: Compiler,
    /// Without one, everything is compiled at each start.
    pub(crate) cache: Option<Cache>,
    pub(crate) outside: Arc<Outside>,
    pub(crate) clock: SharedClock,
    pub(crate) bus: Bus,
    pub(crate) gates: Gates,
    pub(crate) rehearsals: Rehearsals,
}

/// Files may be large and many: few are in memory at once.
#[derive(Debug)]
pub(crate) struct Gates {
    reading: Semaphore,
    /// How many may read at once.
    readers: usize,
    compiling: Semaphore,
}

impl Default for Gates {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { reading: Semaphore::new(processors), readers: processors, compiling: Semaphore::new(1) }
    }
}

/// A file that was read, and what is known of it before it is compiled.
struct Material {
    inspection: Inspection,
    wasm: Vec<u8>,
    key: Vec<u8>,
    found: Option<(Component, Note)>,
}

/// What can be run, and what is known of it by then.
struct Compiled {
    inspection: Inspection,
    key: Vec<u8>,
    component: Component,
    compile_ms: u64,
    /// What it said when it was asked before.
    described: Option<Manifest>,
}

impl Material {
    /// What the cache has, or what there is to compile.
    fn compiled_before(self) -> Result<Compiled, Box<Self>> {
        match self.found {
            Some((component, Note { compile_ms, described, .. })) => {
                Ok(Compiled { inspection: self.inspection, key: self.key, component, compile_ms, described })
            }
            None => Err(Box::new(self)),
        }
    }
}

/// What outlives a load.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) name: PluginName,
    pub(crate) figures: Arc<Figures>,
    pub(crate) breaker: Arc<Breaker>,
}

/// Code that is ready but for what the operator decides.
pub(crate) struct Code {
    component: Component,
    about: Arc<About>,
}

impl Gates {
    /// Files were in memory, and the allocator keeps their room: the last one to leave gives it back.
    async fn tidy(&self) {
        if self.reading.available_permits() == self.readers {
            // It cannot fail; that the daemon ends meanwhile is no loss.
            let _ = tokio::task::spawn_blocking(give_memory_back).await;
        }
    }
}

impl Workshop {
    /// Reads, checks and compiles, or finds what was compiled before.
    pub(crate) async fn prepare(
        self: &Arc<Self>,
        source: &Source,
        host: &HostSettings,
        on_compile: impl FnOnce(),
    ) -> Result<Code, Failure> {
        let compiled = self.compile(source, host, on_compile).await;
        self.gates.tidy().await;
        let Compiled { inspection, key, component, compile_ms, described } = compiled?;
        let manifest = match inspection.manifest.clone().or(described) {
            Some(manifest) => manifest,
            None => self.describe(&key, &component, &inspection, host.describe_deadline).await?,
        };
        let about = About { inspection, manifest, loaded_at: self.clock.now(), compile_ms };
        Ok(Code { component, about: Arc::new(about) })
    }

    async fn compile(
        self: &Arc<Self>,
        source: &Source,
        host: &HostSettings,
        on_compile: impl FnOnce(),
    ) -> Result<Compiled, Failure> {
        let turn = self.gates.reading.acquire().await;
        let read = match self.read(source, host).await?.compiled_before() {
            Ok(compiled) => return Ok(compiled),
            Err(read) => read,
        };
        self.compiler.check(&source.path, &read.key, host.compile_deadline)?;
        drop((turn, read));
        // While it waits for the compiler, it is let go. Meanwhile the same may be compiled under another name.
        let _turn = self.gates.compiling.acquire().await;
        let Material { inspection, wasm, key, .. } = match self.read(source, host).await?.compiled_before() {
            Ok(compiled) => return Ok(compiled),
            Err(read) => *read,
        };
        on_compile();
        let (path, deadline, memory) = (source.path.clone(), host.compile_deadline, host.compile_memory);
        let order = Order { path, key: key.clone(), wasm, deadline, memory };
        let compiled = self.compiler.compile(order).await?;
        let shop = self.clone();
        blocking(move || {
            let component = shop.keep(&key, compiled.component, compiled.took);
            let compile_ms = u64::try_from(compiled.took.as_millis()).unwrap_or(u64::MAX);
            Ok(Compiled { inspection, key, component, compile_ms, described: None })
        })
        .await
    }

    async fn read(self: &Arc<Self>, source: &Source, host: &HostSettings) -> Result<Material, Failure> {
        let (shop, from, limit) = (self.clone(), source.clone(), host.max_file_bytes);
        blocking(move || {
            let bytes = from.read(limit)?;
            let Look { inspection, encoded, sha256 } = inspect::look(&from.path, &bytes)?;
            let key = encoded.as_ref().map_or(sha256, |encoded| Sha256::digest(encoded).to_vec());
            let wasm = encoded.unwrap_or(bytes);
            let found = shop.cache.as_ref().and_then(|cache| cache.load(&shop.engine, &key));
            Ok(Material { inspection, wasm, key, found })
        })
        .await
    }

    /// Puts it into the cache, and takes it from there: mapped code costs no memory of its own.
    fn keep(&self, key: &[u8], component: Component, took: Duration) -> Component {
        let Some(cache) = &self.cache else { return component };
        let stored = component
            .serialize()
            .map_err(|error| error.to_string())
            .and_then(|code| cache.store(key, &code, took).map_err(|error| error.to_string()));
        if let Err(error) = stored {
            tracing::warn!(error, "Compiled code cannot be kept; the next start compiles it again");
            return component;
        }
        cache.load(&self.engine, key).map_or(component, |(mapped, _)| mapped)
    }

    /// Asks it who it is, and notes that for the next time.
    async fn describe(
        self: &Arc<Self>,
        key: &[u8],
        component: &Component,
        inspection: &Inspection,
        deadline: Duration,
    ) -> Result<Manifest, Failure> {
        let nobody = self.nobody(component, inspection)?;
        let (_, described) = self.rehearsals.run(nobody, deadline, describe::describe).await;
        let manifest = described.map_err(|error| error.failure)?;
        let (shop, key, noted) = (self.clone(), key.to_owned(), manifest.clone());
        blocking(move || {
            let Some(cache) = &shop.cache else { return Ok(()) };
            cache.note(&key, noted).unwrap_or_else(|error| {
                tracing::warn!(%error, "What a plugin says of itself cannot be kept; the next start asks it again");
            });
            Ok::<_, Failure>(())
        })
        .await?;
        Ok(manifest)
    }

    /// The component under a profile to which nothing is given, and that remembers nothing.
    fn nobody(&self, component: &Component, inspection: &Inspection) -> Result<Loaded, Failure> {
        // A name that no plugin has.
        let name: PluginName = "describe".parse().expect("a valid name");
        let profile = Profile {
            permits: nothing_granted(&name),
            name,
            who: Who::file(&inspection.path),
            settings: "{}".into(),
            secrets: Arc::default(),
            is_rehearsal: true,
            limits: describe::limits(),
            figures: Arc::default(),
            breaker: Arc::new(Breaker::new(Default::default())),
            outside: self.outside.clone(),
            clock: self.clock.clone(),
            bus: Bus::default(),
        };
        let manifest = Manifest::nobody();
        let about =
            About { inspection: inspection.clone(), manifest, loaded_at: self.clock.now(), compile_ms: 0 };
        let (profile, about) = (Arc::new(profile), Arc::new(about));
        Ok(Loaded::link(&self.engine, &self.linkers, component.clone(), profile, about)?)
    }

    /// Brings code and the operator's settings together, and tries whether it takes them.
    pub(crate) async fn finish(
        self: &Arc<Self>,
        code: Code,
        standing: Standing,
        settings: PluginSettings,
    ) -> Result<Loaded, PluginError> {
        let limit = settings.limits.start_deadline.0;
        let shop = self.clone();
        let loaded = blocking(move || {
            let profile = shop.profile(&standing, &code.about, &settings)?;
            let who = profile.who.clone();
            let profile = Arc::new(profile);
            Loaded::link(&shop.engine, &shop.linkers, code.component, profile, code.about)
                .map_err(|problem| PluginError::new(&who, problem))
        });
        let (loaded, rehearsed) = self.rehearsals.run(loaded.await?, limit, Loaded::rehearse).await;
        rehearsed.map(|()| loaded)
    }

    fn profile(
        &self,
        standing: &Standing,
        about: &About,
        settings: &PluginSettings,
    ) -> Result<Profile, PluginError> {
        let manifest = &about.manifest;
        let who = Who {
            name: standing.name.as_str().into(),
            id: Some(manifest.id.as_str().into()),
            version: Some(manifest.version.as_str().into()),
        };
        let given = check_settings(manifest, settings)
            .map_err(|complaints| PluginError::new(&who, Failure::BadSettings(complaints)))?;
        Ok(Profile {
            name: standing.name.clone(),
            who,
            settings: given.into(),
            secrets: Arc::new(settings.secrets.clone()),
            is_rehearsal: false,
            limits: Arc::new(settings.limits.clone()),
            // Until it takes over.
            permits: nothing_granted(&standing.name),
            figures: standing.figures.clone(),
            breaker: standing.breaker.clone(),
            outside: self.outside.clone(),
            clock: self.clock.clone(),
            bus: self.bus.clone(),
        })
    }
}

impl Code {
    pub(crate) fn of(loaded: &Loaded) -> Self {
        Self { component: loaded.component.clone(), about: loaded.about.clone() }
    }
}

fn nothing_granted(name: &PluginName) -> Permits {
    Permits::new(Permit::new(name.clone(), Wants::default(), &Default::default(), &[]))
}

/// What the operator has given, with what was decided since.
pub(crate) fn permit(
    name: &PluginName,
    manifest: &Manifest,
    settings: &PluginSettings,
    decisions: &[GrantDecision],
) -> Permit {
    let permit = Permit::new(name.clone(), manifest.wants.clone(), &settings.grants, decisions);
    permit.with_giving(settings.giving)
}

/// The text that the plugin gets.
fn check_settings(manifest: &Manifest, settings: &PluginSettings) -> Result<String, Vec<String>> {
    let given = match &settings.settings {
        serde_json::Value::Null => serde_json::json!({}),
        given => given.clone(),
    };
    let Some(schema) = &manifest.settings_schema else {
        let is_empty = given.as_object().is_some_and(serde_json::Map::is_empty);
        return if is_empty { Ok("{}".into()) } else { Err(vec!["this plugin takes no settings".into()]) };
    };
    Ok(schema.settle(given)?.to_string())
}

/// Disks wait: not on a thread that others need.
async fn blocking<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime ends, and with it whoever could have waited for this.
        Err(_) => std::future::pending().await,
    }
}
