use super::Whose;
use crate::{
    capture::certificate::{Certificate, certify},
    cli::{Context, show::plain},
};

/// Say what of a chat is proven to be here
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive certificate -1001234567890
  tapedeck archive certificate @some_channel --json")]
pub(super) struct Args {
    /// The chat's id, @name or whole title
    #[arg(allow_negative_numbers = true)]
    chat: String,
    #[command(flatten)]
    whose: Whose,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let certificate = of(&args.chat, &args.whose, context).await?;
    if context.is_json() {
        return context.output.json(&certificate);
    }
    for line in certificate.to_string().lines() {
        context.output.line(plain(line))?;
    }
    Ok(())
}

pub(super) async fn of(chat: &str, whose: &Whose, context: &Context) -> anyhow::Result<Certificate> {
    let store = super::open(context).await?;
    let stored = super::named::chat(&store, &whose.account(), chat).await?;
    Ok(certify(&store, &stored, context.now()).await?)
}
