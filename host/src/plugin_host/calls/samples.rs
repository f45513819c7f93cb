//! Messages for tests, and a call of each kind of plugin with them.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, json};
use tokio_util::sync::CancellationToken;

use super::{
    CallTerms, ExportOptions, ExporterSession,
    backend::{self, chosen, to_guest},
    extra::Material,
    seat::Seat,
};
use crate::{
    model::{Candidate, Chat, Message, PluginKind, Track},
    plugin_host::{PluginError, capability::sink::Outlet, registry::Loaded},
};

pub(crate) fn message(id: i32, text: &str) -> Message {
    let json = json!({ "id": id, "chat": -1_000_000_000_007_i64, "date": "1970-01-01T00:00:00Z", "sender": 42, "text": text });
    serde_json::from_value(json).unwrap()
}

pub(crate) fn private_chat() -> Chat {
    serde_json::from_value(json!({ "id": 42, "kind": "private", "title": "Ada" })).unwrap()
}

/// Calls code as each of its kinds, and gives the first failure. Blocks the thread, which must be none of the runtime's.
pub(crate) fn call_as_all_kinds(loaded: &Arc<Loaded>) -> Result<(), PluginError> {
    for kind in loaded.kinds() {
        match kind {
            PluginKind::ChatFilter | PluginKind::ChatFilterRecords => judge(loaded)?,
            PluginKind::Exporter => export(loaded)?,
            PluginKind::TrackBackend => fetch(loaded)?,
            PluginKind::Probe => {}
        }
    }
    Ok(())
}

fn messages() -> Vec<Message> {
    (1..=20).map(|id| message(id, "Big sale today: https://example.com")).collect()
}

fn judge(loaded: &Loaded) -> Result<(), PluginError> {
    let messages = messages();
    Seat::start(loaded)?.judge(loaded, &Material::of(&messages), None).map(drop)
}

fn export(loaded: &Arc<Loaded>) -> Result<(), PluginError> {
    let options = ExportOptions {
        format: "json".into(),
        parameters: Map::new(),
        created: jiff::Timestamp::UNIX_EPOCH,
        account: None,
        is_single_chat: true,
        has_facts_if_full: false,
        extra: Vec::new(),
    };
    let mut session = ExporterSession::open(loaded.clone(), &options, CancellationToken::new())?;
    session.begin_chat(&private_chat(), &[])?;
    session.push(&messages(), None, None)?;
    session.finish().map(drop)
}

fn fetch(loaded: &Arc<Loaded>) -> Result<(), PluginError> {
    let track: Track = serde_json::from_value(json!({ "title": "Blue", "artists": ["Joni"] })).unwrap();
    let candidate = Candidate { id: "1".into(), title: "Blue".into(), ..Candidate::default() };
    let outlet = Outlet::new(Box::new(std::io::sink()), 1 << 20);
    let terms = CallTerms { deadline: Some(Duration::from_secs(1)), ..CallTerms::default() };
    let fetched = backend::fetch(loaded, to_guest(&track), chosen(&candidate), outlet, &terms);
    tokio::runtime::Handle::current().block_on(fetched).map(drop)
}
