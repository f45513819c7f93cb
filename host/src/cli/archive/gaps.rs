use super::{Whose, certificate};
use crate::{cli::Context, model::PeerId};

/// List the stretches of a chat that nobody has read
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive gaps -1001234567890
  tapedeck archive gaps 777000 --json")]
pub(super) struct Args {
    /// The chat's id
    #[arg(allow_hyphen_values = true)]
    chat: PeerId,
    #[command(flatten)]
    whose: Whose,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let certificate = certificate::of(args.chat, &args.whose, context).await?;
    if context.is_json() {
        return context.output.json(&certificate.gaps);
    }
    for gap in &certificate.gaps {
        context.output.line(format!("{} to {}", gap.first, gap.last))?;
    }
    context.output.note(format!("{} % of the message numbers were read whole", certificate.percent()));
    Ok(())
}
