use serde_json::json;

use crate::{
    cli::{Context, client::Client, each},
    model::{PluginName, PluginState, PluginView},
};

pub(super) const PAUSE: &str = "\
Keep plugins from being called

Calls in flight end as they would have; further ones fail at once. Lasts over restarts. Needs a running daemon.

Example:
  tapedeck plugins pause keywords";

pub(super) const RESUME: &str = "\
Let plugins be called again

Those that were paused, and those that are left alone because they failed too often. Needs a running daemon.

Example:
  tapedeck plugins resume keywords";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Names of plugins
    #[arg(value_name = "NAME", required = true)]
    names: Vec<PluginName>,
}

/// `action` is the last part of the address.
pub(super) async fn run(args: &Args, action: &str, context: &Context) -> anyhow::Result<()> {
    let done = |plugin: &PluginView| {
        let is_paused = matches!(plugin.state, PluginState::Paused(_));
        format!("{}: {}", plugin.name, if is_paused { "paused" } else { "not paused" })
    };
    let client = Client::need(context).await?;
    let ask = async |name: &PluginName| client.post(&["plugins", name.as_str(), action], &json!({})).await;
    each(&args.names, "plugins", context, done, ask).await
}
