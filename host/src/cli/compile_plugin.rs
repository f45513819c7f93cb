//! What the plugin host starts for each plugin that it compiles.

use anyhow::Context as _;

use crate::plugin_host;

/// Compile the plugin on standard input, as the daemon has it done
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How many bytes of memory it may take
    memory: u64,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    plugin_host::compile_for_parent(args.memory).context("the code cannot be handed over")
}
