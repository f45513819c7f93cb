//! The whole archive through the exporter `json`.

use std::{collections::BTreeMap, fs, sync::Arc, time::Instant};

use tapedeck::{
    archive::{
        SharedStore,
        media::{Media, MediaPlace},
    },
    clock::SystemClock,
    event::Bus,
    export::{ExportParts, Filter, Goal, MediaMode, Request, Watch, export, offers, wanted},
    lifecycle::Lifecycle,
    model::{AccountName, PluginName},
    plugin_host::{HostSettings, PluginSettings, Plugins, PluginsParts},
    state::State,
};

use super::{
    Task,
    figures::{cpu, figure, forget_peak, peak_mib, resident_mib},
};

pub(crate) async fn measure(store: SharedStore, task: &Task) {
    let file = task.plugins.join("json.wasm");
    if !file.is_file() {
        println!("  {}: not there, so no export is measured: make plugins", file.display());
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let lifecycle = Lifecycle::default();
    let host = HostSettings::in_folder(&at("plugins"), &at("cache"));
    let settings = PluginSettings {
        file: Some(fs::canonicalize(file).expect("the file")),
        ..PluginSettings::unnamed(&host)
    };
    let name: PluginName = "json".parse().expect("a name");
    let plugins = Plugins::start(PluginsParts {
        host,
        tables: BTreeMap::from([(name, settings)]),
        clock: Arc::new(SystemClock),
        bus: Bus::default(),
        lifecycle: lifecycle.clone(),
        state: State::open(&at("state")).expect("a state"),
        version: "bench",
        scratch: at("scratch"),
        search: None,
        lookup: tapedeck::plugin_host::system_lookup(),
    })
    .expect("a host");
    plugins.settled().await;
    let asked = plugins.clone();
    let offered = tokio::task::spawn_blocking(move || offers(&asked)).await.expect("offers");
    let format = wanted(&offered, "json").expect("the format");
    let request = Request {
        account: AccountName::main(),
        chats: Vec::new(),
        kinds: Vec::new(),
        filter: Filter::default(),
        formats: vec![format],
        media: MediaMode::None,
        goal: Goal::Folder(at("export")),
        is_incremental: false,
        series: "bench".into(),
        keep: None,
    };
    let parts = ExportParts {
        store,
        plugins,
        media: Media::new(MediaPlace::Folder(at("media"))),
        clock: Arc::new(SystemClock),
    };
    forget_peak();
    let (base, started, before) = (resident_mib(), Instant::now(), cpu());
    let exported = export(&parts, &request, &Watch::nobody()).await.expect("it is exported");
    let used = (cpu() - before).as_secs_f64();
    let millions = exported.messages as f64 / 1e6;
    figure("export as json, wall of a million", started.elapsed().as_secs_f64() / millions, "s", "");
    figure("export as json, CPU of a million", used / millions, "s", "aim 3 or less");
    figure("export as json, written of a million", exported.bytes as f64 / 1e6 / millions, "MB", "");
    figure("export as json, memory at most", peak_mib(), "MiB resident", "");
    figure("export as json, memory more than before", peak_mib() - base, "MiB resident", "aim 48 or less");
    lifecycle.drain();
}
