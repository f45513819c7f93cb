use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::bench;
use crate::{
    cli::{Cell, Context, Paint},
    plugin_host::{self, HostSettings, Inspection},
};

/// Say what a plugin's file is, without running or compiling it
///
/// Its kind, who made it, what it asks for and why, its settings, and what it could reach at all. How large it may be
/// is what [plugin_host] in the configuration says, when there is one.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck plugins inspect keywords.wasm
  tapedeck plugins inspect keywords.wasm --json | jq .settings_schema")]
pub(in crate::cli) struct Args {
    /// The .wasm file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let inspection = inspect(&args.file, &bench::bounds(context)?)?;
    match context.is_json() {
        true => context.output.json(&document(&inspection)),
        false => print(&inspection, context),
    }
}

/// Larger files are refused, as by the daemon.
pub(super) fn inspect(file: &Path, bounds: &HostSettings) -> anyhow::Result<Inspection> {
    plugin_host::inspect(file, bounds.max_file_bytes).context("this file cannot be a plugin")
}

pub(super) fn document(inspection: &Inspection) -> Value {
    let manifest = inspection.manifest.as_ref();
    json!({
        "file": inspection.path.display().to_string(),
        "bytes": inspection.file_bytes,
        "sha256": inspection.sha256,
        "is_core_module": inspection.was_core_module,
        "kinds": inspection.kinds,
        "is_pure": inspection.is_pure,
        "capabilities": inspection.capabilities,
        "id": manifest.map(|it| &it.id),
        "version": manifest.map(|it| &it.version),
        "summary": manifest.map(|it| &it.summary),
        "sdk": manifest.and_then(|it| it.sdk.as_ref()),
        "wants": manifest.map(|it| &it.wants),
        "settings_schema": manifest.and_then(|it| it.settings_schema.as_ref()),
        "imports": inspection.imports,
        "exports": inspection.exports,
    })
}

pub(super) fn print(inspection: &Inspection, context: &Context) -> anyhow::Result<()> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut add = |key: &str, value: Cell| rows.push(vec![key.into(), value]);
    let form = if inspection.was_core_module { "core module" } else { "component" };
    add("file", format!("{}, {} bytes, a {form}", inspection.path.display(), inspection.file_bytes).into());
    add("sha256", inspection.sha256.clone().into());
    let kinds: Vec<_> = inspection.kinds.iter().map(ToString::to_string).collect();
    add("kind", Cell::painted(Paint::Strong, kinds.join(", ")));
    match &inspection.manifest {
        Some(manifest) => {
            add("is", format!("{} {}", manifest.id, manifest.version).into());
            add("about", manifest.summary.clone().into());
            if let Some(sdk) = &manifest.sdk {
                add("kit", sdk.clone().into());
            }
        }
        None => add("is", "not known from outside: it has to be asked, see `plugins check`".into()),
    }
    add(
        "pure",
        match inspection.is_pure {
            true => Cell::painted(Paint::Good, "yes: it reaches nothing but its own log and settings"),
            false => "no".into(),
        },
    );
    context.output.table(&["", ""], rows)?;
    wants(inspection, context)?;
    settings(inspection, context)?;
    context.output.line("")?;
    let imports = inspection.imports.iter().map(|name| vec!["imports".into(), name.clone().into()]);
    let exports = inspection.exports.iter().map(|name| vec!["exports".into(), name.clone().into()]);
    context.output.table(&["", ""], imports.chain(exports).collect())
}

fn wants(inspection: &Inspection, context: &Context) -> anyhow::Result<()> {
    let Some(manifest) = &inspection.manifest else { return Ok(()) };
    let lines = manifest.wants.lines();
    let rows: Vec<Vec<Cell>> = lines
        .into_iter()
        .map(|(grant, why)| vec![grant.to_string().into(), why.unwrap_or_default().into()])
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    context.output.line("")?;
    context.output.table(&["asks for", "why"], rows)
}

/// The settings of the top level; `--json` has the whole schema.
fn settings(inspection: &Inspection, context: &Context) -> anyhow::Result<()> {
    let schema = inspection.manifest.as_ref().and_then(|manifest| manifest.settings_schema.as_ref());
    let Some(properties) = schema.and_then(|schema| schema.json()["properties"].as_object()) else {
        return Ok(());
    };
    if properties.is_empty() {
        return Ok(());
    }
    let rows = properties.iter().map(|(name, property)| {
        let kind = property["type"].as_str().unwrap_or_default();
        let default = property.get("default").map(ToString::to_string).unwrap_or_default();
        let about = property["description"].as_str().unwrap_or_default();
        vec![name.clone().into(), kind.into(), default.into(), about.into()]
    });
    context.output.line("")?;
    context.output.table(&["setting", "type", "default", "about"], rows.collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::plugin_host::guest::Guest;

    #[test]
    fn files_are_as_large_as_the_configuration_allows() {
        let folder = tempfile::tempdir().unwrap();
        let (file, config) = (folder.path().join("it.wasm"), folder.path().join("config.toml"));
        fs::write(&file, Guest::plugin("it", "1.0.0", "chat-filter").component()).unwrap();
        let args = Args { file };
        let inspect = |text: &str| {
            fs::write(&config, text).unwrap();
            run(&args, &Context::for_tests(&["--config", config.to_str().unwrap()]))
        };
        inspect("").unwrap();
        let refused = format!("{:#}", inspect("[plugin_host]\nmax_file = \"1KiB\"\n").unwrap_err());
        assert!(refused.contains("`plugin_host.max_file` allows (1024)"), "{refused}");
    }
}
