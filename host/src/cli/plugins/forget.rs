use serde_json::json;

use crate::{
    cli::{Context, client::Client},
    model::{PluginForgotten, PluginName},
};

/// Forget what a plugin remembers, and what was decided about it
///
/// What it has stored (`kv`), and what was granted and withdrawn with `grant`, `withdraw` and the page. Both stay
/// when its file is removed: then `list` says so. What stands in [plugins.NAME.grants] of the configuration is
/// not touched. Needs a running daemon.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck plugins forget zero
  tapedeck plugins forget zero --kv")]
pub(in crate::cli) struct Args {
    /// The plugin's name; its file may be gone
    name: PluginName,
    /// Only what it has stored
    #[arg(long)]
    kv: bool,
    /// Only what was granted and withdrawn
    #[arg(long)]
    grants: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let is_all = args.kv == args.grants;
    let what = json!({ "values": args.kv || is_all, "decisions": args.grants || is_all });
    let forgotten: PluginForgotten = client.post(&["plugins", args.name.as_str(), "forget"], &what).await?;
    if context.is_json() {
        return context.output.json(&forgotten);
    }
    let PluginForgotten { values, decisions } = forgotten;
    let name = &args.name;
    context.output.note(match (values, decisions) {
        (0, 0) => format!("{name}: there was nothing to forget"),
        _ => format!("{name}: {values} stored values and {decisions} grants and withdrawals are forgotten"),
    });
    Ok(())
}
