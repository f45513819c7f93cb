use serde::{Deserialize, Serialize};

use super::{kinds, reason, state};
use crate::{
    app,
    cli::{Cell, Context, Exit, Failure, Paint, client::Client, show::plain},
    model::{CapabilityView, PluginName, PluginView},
};

/// Log lines that are shown.
const LINES: usize = 20;

/// Show a plugin: what it is, what it asks for and has, how it fares, its last log lines
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck plugins show keywords
  tapedeck plugins show keywords --json | jq .settings_schema")]
pub(in crate::cli) struct Args {
    /// The plugin's name
    name: PluginName,
}

#[derive(Debug, Serialize, Deserialize)]
struct Details {
    #[serde(flatten)]
    plugin: PluginView,
    #[serde(default)]
    settings: serde_json::Value,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let details: Details = match Client::find(context).await? {
        Some(client) => client.get(&["plugins", args.name.as_str()], &[]).await?,
        None => offline(&args.name, context)?,
    };
    if context.is_json() {
        return context.output.json(&details);
    }
    let (output, plugin) = (&context.output, &details.plugin);
    output.table(&["", ""], facts(&details, context))?;
    if !plugin.capabilities.is_empty() {
        output.line("")?;
        capabilities(&plugin.capabilities, context)?;
    }
    if !plugin.log.is_empty() {
        output.line("")?;
    }
    for line in &plugin.log[plugin.log.len().saturating_sub(LINES)..] {
        let paint = if line.level == "error" { Paint::Bad } else { Paint::Faint };
        let level = output.paint(paint, &line.level);
        output.line(format!("{} {level} {}", context.local(line.at), plain(&line.message)))?;
    }
    Ok(())
}

fn offline(name: &PluginName, context: &Context) -> anyhow::Result<Details> {
    let config = context.config()?;
    context.output.note("no daemon is running: this is what the folders and the configuration hold");
    let plugins = app::survey_plugins(&config, context.program())?.plugins;
    let found = plugins.into_iter().find(|plugin| plugin.name == *name);
    let plugin = found.ok_or_else(|| {
        Failure::new(Exit::Failed, format!("there is no plugin `{name}`"))
            .fix("`tapedeck plugins list` shows the names of all plugins")
    })?;
    let settings = config.plugins.get(name).map(|section| section.shown_settings.clone().into());
    Ok(Details { plugin, settings: settings.unwrap_or_default() })
}

fn facts(details: &Details, context: &Context) -> Vec<Vec<Cell>> {
    let plugin = &details.plugin;
    let mut facts: Vec<Vec<Cell>> = Vec::new();
    let mut add = |key: &str, value: Cell| facts.push(vec![key.into(), value]);
    add("plugin", plugin.name.to_string().into());
    add("state", state(plugin, context));
    if let Some(reason) = reason(plugin) {
        add("why", Cell::painted(Paint::Bad, reason));
    }
    let identity = [&plugin.id, &plugin.version].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    for (key, value) in [
        ("is", Some(identity)),
        ("about", plugin.summary.clone()),
        ("kind", Some(kinds(plugin))),
        ("pure", plugin.is_pure.then(|| "yes: it reaches nothing but its own log and settings".into())),
        ("file", plugin.file.as_ref().map(|file| file.display().to_string())),
        ("sha256", plugin.sha256.clone()),
        ("loaded", plugin.loaded_at.map(|at| context.time(at))),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            add(key, value.into());
        }
    }
    for (key, value) in details.settings.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        add(&format!("settings.{key}"), value.into());
    }
    let figures = &plugin.figures;
    if figures.calls > 0 {
        let mean = figures.mean();
        add(
            "calls",
            format!("{}, {mean:.1?} each, the longest {} ms", figures.calls, figures.longest_us / 1000)
                .into(),
        );
        add("errors", figures.errors.to_string().into());
        add("memory", format!("{} KiB at most", figures.memory_peak_bytes / 1024).into());
    }
    facts
}

pub(super) fn capabilities(capabilities: &[CapabilityView], context: &Context) -> anyhow::Result<()> {
    let rows = capabilities.iter().map(|it| {
        let granted = match (it.is_granted, it.decided_by.as_deref()) {
            (true, by) => {
                let given = it.given.as_ref().map_or_else(String::new, |given| format!(" as {given}"));
                Cell::painted(Paint::Good, format!("granted{given} ({})", by.unwrap_or("config")))
            }
            (false, Some("withdrawn")) => Cell::painted(Paint::Bad, "withdrawn"),
            (false, _) => match &it.given {
                Some(given) => Cell::painted(Paint::Busy, format!("granted in part, as {given}")),
                None => Cell::painted(Paint::Busy, "not granted"),
            },
        };
        vec![asked(it).into(), granted, it.why.clone().unwrap_or_default().into()]
    });
    context.output.table(&["asks for", "", "why"], rows.collect())
}

/// As `grant` and `withdraw` take it: `http=api.example.com`.
pub(super) fn asked(capability: &CapabilityView) -> String {
    match capability.what.is_empty() {
        true => capability.capability.clone(),
        false => format!("{}={}", capability.capability, capability.what),
    }
}
