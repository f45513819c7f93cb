use super::Whose;
use crate::{
    archive::ChatKey,
    capture::certificate::{Certificate, certify},
    cli::{Context, Exit, Failure, show::plain},
    model::PeerId,
};

/// Say what of a chat is proven to be here
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive certificate -1001234567890
  tapedeck archive certificate 777000 --json")]
pub(super) struct Args {
    /// The chat's id
    #[arg(allow_hyphen_values = true)]
    chat: PeerId,
    #[command(flatten)]
    whose: Whose,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let certificate = of(args.chat, &args.whose, context).await?;
    if context.is_json() {
        return context.output.json(&certificate);
    }
    for line in certificate.to_string().lines() {
        context.output.line(plain(line))?;
    }
    Ok(())
}

pub(super) async fn of(chat: PeerId, whose: &Whose, context: &Context) -> anyhow::Result<Certificate> {
    let store = super::open(context).await?;
    let account = whose.account();
    let stored = store.chat(ChatKey { account: account.clone(), chat }).await?;
    let stored = stored.ok_or_else(|| {
        Failure::new(Exit::Failed, format!("the archive of the account `{account}` has no chat {chat}"))
            .fix("`tapedeck archive chats` lists those that it has")
    })?;
    Ok(certify(&store, &stored, context.now()).await?)
}
