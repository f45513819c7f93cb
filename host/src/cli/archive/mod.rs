//! `tapedeck archive …`: reads the archive itself, along with the daemon when one runs.

mod avatars;
mod blocked;
mod certificate;
mod chats;
mod gaps;
mod merge;
mod poison;
mod search;
mod show;
mod stats;
mod undo;
mod verify;

use clap::Subcommand;

use super::{Context, Exit, Failure};
use crate::{
    app,
    archive::{SharedStore, Stored},
    cli::show::plain,
    model::AccountName,
};

/// Look at what was archived
///
/// Reads the archive itself: the daemon may be writing at the same time, and nobody waits.
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Stats(stats::Args),
    Certificate(certificate::Args),
    Gaps(gaps::Args),
    Chats(chats::Args),
    Show(show::Args),
    Search(search::Args),
    Poison(poison::Args),
    Blocked(blocked::Args),
    Undo(undo::Args),
    Verify(verify::Args),
    Avatars(avatars::Args),
    Merge(merge::MergeArgs),
    Copy(merge::CopyArgs),
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    match args.command {
        Command::Stats(args) => stats::run(&args, context).await,
        Command::Certificate(args) => certificate::run(&args, context).await,
        Command::Gaps(args) => gaps::run(&args, context).await,
        Command::Chats(args) => chats::run(&args, context).await,
        Command::Show(args) => show::run(&args, context).await,
        Command::Search(args) => search::run(&args, context).await,
        Command::Poison(args) => poison::run(&args, context).await,
        Command::Blocked(args) => blocked::run(&args, context).await,
        Command::Undo(args) => undo::run(&args, context).await,
        Command::Verify(args) => verify::run(&args, context).await,
        Command::Avatars(args) => avatars::run(&args, context).await,
        Command::Merge(args) => merge::merge(&args, context).await,
        Command::Copy(args) => merge::copy(&args, context).await,
    }
}

/// The archive that is there; one that is not is not made.
async fn open(context: &Context) -> anyhow::Result<SharedStore> {
    let config = context.config()?;
    let store = app::archive(&config, |_| {}).existing().await?;
    store.ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            format!("nothing was archived yet in {}", app::archive_file(&config).display()),
        )
        .fix("run a job of the kind \"archive\", or check `data.folder` and `archive.folder`")
        .into()
    })
}

/// Whose chats.
#[derive(Clone, Debug, clap::Args)]
struct Whose {
    /// Whose archive [default: the account main]
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
}

impl Whose {
    fn account(&self) -> AccountName {
        self.account.clone().unwrap_or_else(AccountName::main)
    }
}

/// What a message says, in one line.
fn line(stored: &Stored) -> String {
    let message = &stored.message;
    let media = message.media.as_ref().map(|media| format!("[{}]", media.kind.as_str()));
    let action = message.action.as_ref().map(|action| format!("[{}]", action.name));
    let text = Some(message.text.clone()).filter(|text| !text.is_empty());
    let parts: Vec<String> = [media, action, text].into_iter().flatten().collect();
    plain(&parts.join(" "))
}

fn sender(stored: &Stored) -> String {
    let id = || stored.message.sender.map(|sender| sender.to_string());
    plain(&stored.sender_name.clone().or_else(id).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use jiff::Timestamp;

    use super::*;
    use crate::archive::{Batch, Source, Write};

    #[derive(Debug, clap::Parser)]
    struct Typed {
        #[command(subcommand)]
        command: Command,
    }

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("config.toml"), "archive.folder = \"kept\"\n").unwrap();
            Self(folder)
        }

        async fn run(&self, words: &[&str], options: &[&str]) -> anyhow::Result<String> {
            let config = self.0.path().join("config.toml");
            let mut all = vec!["--config", config.to_str().unwrap()];
            all.extend(options);
            let context = Context::for_tests(&all);
            let words = std::iter::once("archive").chain(words.iter().copied());
            let Typed { command } = Typed::parse_from(words);
            run(Args { command }, &context).await.map(|()| context.output.written())
        }

        async fn fill(&self) {
            let file = self.0.path().join("kept/archive.sqlite");
            let store = crate::archive::SqliteStore::open(&file).unwrap();
            let store: SharedStore = std::sync::Arc::new(store);
            let mut batch = Batch::new(AccountName::main(), Source::Sweep, Timestamp::UNIX_EPOCH);
            for (id, text) in [(1, "Did anyone bring the tape?"), (2, "La cinta está aquí")] {
                let date = "2024-01-01T00:00:00Z";
                let message = serde_json::json!({ "id": id, "chat": -77, "date": date, "text": text });
                let message = serde_json::from_value(message).unwrap();
                batch
                    .writes
                    .push(Write::Message { message: Box::new(message), sender_name: Some("Ada".into()) });
            }
            store.write(batch).await.unwrap();
            store.index(10).await.unwrap();
        }
    }

    #[tokio::test]
    async fn an_archive_that_is_not_there_is_not_made() {
        let place = Place::new();
        let told = place.run(&["stats"], &[]).await.unwrap_err().to_string();
        assert!(told.contains("nothing was archived yet"), "{told}");
        assert!(!place.0.path().join("kept").exists());
    }

    #[tokio::test]
    async fn what_is_there_is_shown() {
        let place = Place::new();
        place.fill().await;
        for (words, told) in [
            (&["stats", "--check"][..], "messages"),
            (&["chats"], "-77"),
            (&["show", "-77"], "La cinta está aquí"),
            (&["show", "-77", "1"], "Did anyone bring the tape?"),
            (&["search", "esta", "cint"], "La cinta está aquí"),
        ] {
            let written = place.run(words, &[]).await.unwrap();
            assert!(written.contains(told), "{words:?}: {written}");
            let json = place.run(words, &["--json"]).await.unwrap();
            serde_json::from_str::<serde_json::Value>(&json)
                .unwrap_or_else(|error| panic!("{words:?}: {error}"));
        }
        assert!(!place.run(&["search", "tape"], &[]).await.unwrap().contains("cinta"));
        for words in [&["show", "-78"][..], &["show", "-77", "9"]] {
            let told = format!("{:#}", place.run(words, &[]).await.unwrap_err());
            assert!(told.contains("-7"), "{told}");
        }
    }
}
