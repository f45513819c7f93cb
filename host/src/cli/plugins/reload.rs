use serde_json::json;

use super::reason;
use crate::{
    cli::{Context, Exit, Failure, client::Client},
    model::{PluginName, PluginView, PluginsView},
};

/// Read plugins' files again, as if they had changed
///
/// A changed file is noticed by itself; this is for when that fails, as on some network drives. A file that
/// cannot be used changes nothing: the old code goes on, and this says why.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck plugins reload keywords
  tapedeck plugins reload --all")]
pub(in crate::cli) struct Args {
    /// Names of plugins
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<PluginName>,
    /// All plugins
    #[arg(long, short, conflicts_with = "names")]
    all: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let names = match args.all {
        true => {
            let view: PluginsView = client.get(&["plugins"], &[]).await?;
            view.plugins.into_iter().map(|plugin| plugin.name).collect()
        }
        false => args.names.clone(),
    };
    let mut loaded: Vec<PluginView> = Vec::new();
    for name in &names {
        loaded.push(client.post(&["plugins", name.as_str(), "reload"], &json!({})).await?);
    }
    if context.is_json() {
        context.output.json(&loaded)?;
    }
    let mut broken = Vec::new();
    for plugin in &loaded {
        let version = plugin.version.as_deref().unwrap_or("nothing");
        match reason(plugin) {
            Some(why) => broken.push(format!("{}: {why}", plugin.name)),
            None if !context.is_json() => {
                context.output.note(format!("{}: {version} is loaded", plugin.name))
            }
            None => {}
        }
    }
    match broken.as_slice() {
        [] => Ok(()),
        [one] => Err(Failure::new(Exit::Failed, one).into()),
        [first, ..] => {
            let text = format!("{} of {} plugins could not be loaded", broken.len(), names.len());
            Err(Failure::new(Exit::Failed, text).caused_by(anyhow::anyhow!("{first}")).into())
        }
    }
}
