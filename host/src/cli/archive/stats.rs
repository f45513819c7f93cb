use crate::{
    cli::{Cell, Context, Exit, Failure},
    model::shown_bytes,
};

/// Show how much was archived, and whether the database is sound
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive stats
  tapedeck archive stats --check
  tapedeck archive stats --json | jq .messages")]
pub(in crate::cli) struct Args {
    /// Read the whole database and say what is wrong with it
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let store = super::open(context).await?;
    let figures = store.figures().await?;
    let problems = if args.check { store.check().await? } else { Vec::new() };
    if context.is_json() {
        context.output.json(&figures)?;
    } else {
        let number = |name: &str, number: u64| vec![Cell::from(name), Cell::from(number.to_string())];
        let size = |name: &str, bytes: u64| vec![Cell::from(name), Cell::from(shown_bytes(bytes))];
        let rows = vec![
            number("chats", figures.chats),
            number("messages", figures.messages),
            number("deleted, and kept", figures.deleted),
            number("earlier texts", figures.versions),
            number("users", figures.users),
            number("files", figures.files),
            number("files held", figures.files_held),
            number("files wanted", figures.files_wanted),
            size("held", figures.blob_bytes),
            size("database", figures.database_bytes),
            number("not indexed yet", figures.unindexed),
            number("could not be read", figures.poison),
            number("held back", figures.blocked),
        ];
        context.output.table(&["what", "how much"], rows)?;
    }
    if problems.is_empty() {
        return Ok(());
    }
    problems.iter().for_each(|problem| context.output.error_line(problem));
    let failure = format!("the archive has {} problems", problems.len());
    Err(Failure::new(Exit::Failed, failure)
        .fix("put back a backup of the file, or archive into a new `archive.folder`")
        .into())
}
