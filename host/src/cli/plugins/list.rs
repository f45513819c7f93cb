use super::{kinds, reason, state};
use crate::{
    app,
    cli::{Cell, Context, Paint, client::Client},
    model::{PluginRemains, PluginView, PluginsView},
};

/// List plugins and how they are
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Without a daemon this says what the folders and the configuration hold.

Examples:
  tapedeck plugins list
  tapedeck plugins list --json | jq -r '.plugins[].name'")]
pub(in crate::cli) struct Args {}

pub(super) async fn run(_: &Args, context: &Context) -> anyhow::Result<()> {
    let view: PluginsView = match Client::find(context).await? {
        Some(client) => client.get(&["plugins"], &[]).await?,
        None => {
            let config = context.config()?;
            context.output.note("no daemon is running: this is what the folders and the configuration hold");
            app::survey_plugins(&config, context.program())?
        }
    };
    if context.is_json() {
        return context.output.json(&view);
    }
    for remains in &view.remains {
        context.output.note(left(remains));
    }
    if view.plugins.is_empty() {
        context.output.note(format!("there is no plugin: put .wasm files into {}", view.folder.display()));
        return Ok(());
    }
    context.output.note(format!("plugins are .wasm files in {}", view.folder.display()));
    let rows = view.plugins.iter().map(|plugin| row(plugin, context)).collect();
    context.output.table(&["name", "kind", "version", "state", "asks for", "calls", "errors", "about"], rows)
}

fn row(plugin: &PluginView, context: &Context) -> Vec<Cell> {
    let figures = &plugin.figures;
    let errors = figures.errors.to_string();
    vec![
        plugin.name.to_string().into(),
        kinds(plugin).into(),
        plugin.version.clone().unwrap_or_default().into(),
        state(plugin, context),
        asks(plugin),
        figures.calls.to_string().into(),
        if figures.errors > 0 { Cell::painted(Paint::Bad, errors) } else { errors.into() },
        reason(plugin).or(plugin.summary.as_deref()).unwrap_or_default().into(),
    ]
}

/// What is kept of one that is no longer there.
fn left(PluginRemains { name, kv_bytes, decisions }: &PluginRemains) -> String {
    let decisions = match decisions {
        0 => String::new(),
        1 => ", and one grant or withdrawal".to_owned(),
        count => format!(", and {count} grants or withdrawals"),
    };
    format!(
        "{name} is gone, but {kv_bytes} bytes that it stored are kept{decisions}; `tapedeck plugins forget {name}` removes them"
    )
}

/// "2 of 3 granted", "nothing".
fn asks(plugin: &PluginView) -> Cell {
    let granted = plugin.capabilities.iter().filter(|it| it.is_granted).count();
    match plugin.capabilities.len() {
        // Nobody knows before it could be read.
        0 if plugin.version.is_none() => "".into(),
        0 if plugin.is_pure => "nothing, pure".into(),
        0 => "nothing".into(),
        all if all == granted => format!("{all}, granted").into(),
        all => Cell::painted(Paint::Busy, format!("{all}, {granted} granted")),
    }
}
