//! `tapedeck archive …`: reads the archive itself, along with the daemon when one runs.

mod avatars;
mod blocked;
mod certificate;
mod chats;
mod elsewhere;
mod gaps;
mod merge;
mod named;
mod names;
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
    let store = app::archive_to_read(&config).await?;
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

/// How many are listed: none at all would look like an empty archive.
fn at_least_one() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..)
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{
        Json,
        http::{Method, Uri},
    };
    use clap::Parser as _;
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::{
        archive::{Batch, Source, Write},
        cli::client::tests::{FakeDaemon, daemon, install_tls},
        model::{MessageId, PeerId},
    };

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

        fn store(&self) -> SharedStore {
            let file = self.0.path().join("kept/archive.sqlite");
            std::sync::Arc::new(crate::archive::SqliteStore::open(&file).unwrap())
        }

        /// What is said of its failure.
        async fn fails(&self, words: &[&str]) -> String {
            let error = self.run(words, &[]).await.unwrap_err();
            let context = Context::for_tests(&[]);
            crate::cli::failure::report(&error, &context.output);
            context.output.said()
        }

        async fn fill(&self) {
            let store = self.store();
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

    #[tokio::test]
    async fn chats_are_named_by_titles_and_usernames_too() {
        let place = Place::new();
        place.fill().await;
        let chats = [(-77, "Tapes", "tapes"), (-78, "Family", "family_one"), (-79, "Family", "family_two")];
        let mut batch = Batch::new(AccountName::main(), Source::Sweep, Timestamp::UNIX_EPOCH);
        for (id, title, username) in chats {
            let mut chat = crate::archive::unknown_chat(PeerId(id));
            (chat.title, chat.usernames) = (title.to_owned(), vec![username.to_owned()]);
            chat.is_partial = false;
            batch.writes.push(Write::Chat(Box::new(chat)));
        }
        place.store().write(batch).await.unwrap();
        for name in ["-77", "@tapes", "@Tapes", "Tapes", "tapes"] {
            let shown = place.run(&["show", name], &[]).await.unwrap();
            assert!(shown.contains("La cinta"), "{name}: {shown}");
            let certificate = place.run(&["certificate", name], &[]).await.unwrap();
            assert!(certificate.contains("Tapes (-77)"), "{name}: {certificate}");
            assert_eq!(place.run(&["gaps", name], &[]).await.unwrap(), "1 to 2\n", "{name}");
        }
        for command in ["show", "certificate", "gaps"] {
            let told = place.fails(&[command, "Family"]).await;
            let which = "-78 (group @family_one, account main) or -79 (group @family_two, account main)";
            assert!(told.contains("`Family` is 2 chats") && told.contains(which), "{command}: {told}");
            let told = place.fails(&[command, "@nobody"]).await;
            assert!(told.contains("has no chat `@nobody`"), "{command}: {told}");
            assert!(place.run(&[command, "@family_two"], &[]).await.is_ok(), "{command}");
        }
    }

    #[tokio::test]
    async fn options_name_chats_by_titles_and_usernames_too() {
        let place = Place::new();
        place.fill().await;
        let called = async |account: &str, chats: &[(i64, &str)]| {
            let mut batch = Batch::new(account.parse().unwrap(), Source::Sweep, Timestamp::UNIX_EPOCH);
            for (id, title) in chats {
                let mut chat = crate::archive::unknown_chat(PeerId(*id));
                (chat.title, chat.is_partial) = ((*title).to_owned(), false);
                chat.usernames = vec![format!("chat{}", -id)];
                batch.writes.push(Write::Chat(Box::new(chat)));
            }
            place.store().write(batch).await.unwrap();
        };
        called("main", &[(-77, "Tapes"), (-78, "Family"), (-79, "Family")]).await;
        // The same chat, seen by somebody else, and another one that is called the same.
        called("work", &[(-77, "Tapes"), (-80, "Records"), (-81, "Only at work")]).await;
        called("main", &[(-82, "Records")]).await;
        let commands: [&[&str]; 3] =
            [&["search", "tape"], &["poison", "list"], &["undo", "--since", "2h", "--dry-run"]];
        let words = |command: &[&'static str], chat: &'static str| [command, &["--chat", chat]].concat();
        for command in commands {
            for chat in ["-77", "@chat77", "Tapes", "tapes", "-78"] {
                place.run(&words(command, chat), &[]).await.unwrap();
            }
            let told = place.fails(&words(command, "Family")).await;
            assert!(
                told.contains("`Family` is 2 chats") && told.contains("-79 (") && told.contains("or -78 ("),
                "{told}"
            );
            let told = place.fails(&words(command, "@nobody")).await;
            assert!(told.contains("has no chat `@nobody`") && told.contains("archive chats"), "{told}");
        }
        let found = async |chat| place.run(&words(commands[0], chat), &[]).await.unwrap();
        assert!(found("Tapes").await.contains("Did anyone bring the tape?"));
        assert!(!found("-78").await.contains("tape"));
        // Without an account, all of them are meant; an undo is of one.
        for command in &commands[..2] {
            let told = place.fails(&words(command, "Records")).await;
            assert!(told.contains("`Records` is 2 chats\n") && told.contains("account work"), "{told}");
            place.run(&words(command, "Only at work"), &[]).await.unwrap();
            place.run(&[&words(command, "Records")[..], &["--account", "work"]].concat(), &[]).await.unwrap();
        }
        place.run(&words(commands[2], "Records"), &[]).await.unwrap();
        let told = place.fails(&words(commands[2], "Only at work")).await;
        assert!(told.contains("the account `main` has no chat") && told.contains("--account"), "{told}");
    }

    #[tokio::test]
    async fn titles_may_be_numbers_and_begin_with_at_signs() {
        for (title, id, username) in [("12", 12, "ada"), ("-99", -99, "tea"), ("@spaces", -98, "spaces")] {
            let place = Place::new();
            place.fill().await;
            let called = async |id, title: &str, username: &str| {
                let mut chat = crate::archive::unknown_chat(PeerId(id));
                (chat.title, chat.is_partial) = (title.to_owned(), false);
                chat.usernames = vec![username.to_owned()];
                let mut batch = Batch::new(AccountName::main(), Source::Sweep, Timestamp::UNIX_EPOCH);
                batch.writes.push(Write::Chat(Box::new(chat)));
                place.store().write(batch).await.unwrap();
            };
            let shown = async |words: &[&str]| {
                let written = place.run(words, &[]).await.unwrap();
                written.contains("Did anyone bring the tape?")
            };
            let commands = [
                &["show", title][..],
                &["search", "tape", "--chat", title],
                &["search", "tape", "--chat", title, "--account", "main"],
            ];
            called(-77, title, "tapes").await;
            for command in commands {
                assert!(shown(command).await, "{command:?}");
            }
            // Now somebody has it as an id or @name: that one is meant.
            called(id, "Somebody", username).await;
            for command in commands {
                assert!(!shown(command).await, "{command:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_the_archive_does_not_know_is_refused() {
        let place = Place::new();
        drop(place.store());
        let commands: [&[&str]; 3] =
            [&["search", "x"], &["poison", "list"], &["undo", "--since", "2h", "--dry-run"]];
        let others: [&[&str]; 4] = [&["chats"], &["gaps"], &["avatars"], &["undo", "--list"]];
        let of = |command: &[&'static str], more: [&'static str; 2]| [command, &more].concat();
        for command in commands {
            place.run(&of(command, ["--chat", "5"]), &[]).await.unwrap();
        }
        for command in commands.iter().chain(&others) {
            place.run(&of(command, ["--account", "nobody"]), &[]).await.unwrap();
        }
        place.fill().await;
        for command in commands {
            let told = place.fails(&of(command, ["--chat", "99999"])).await;
            assert!(told.contains("has no chat `99999`") && told.contains("archive chats"), "{told}");
        }
        for command in commands.iter().chain(&others) {
            let told = place.fails(&of(command, ["--account", "nobody"])).await;
            assert!(told.contains("the archive has no account `nobody`"), "{command:?}: {told}");
            place.run(&of(command, ["--account", "main"]), &[]).await.unwrap();
        }
    }

    /// A daemon elsewhere, and everything that it was told to do.
    async fn daemon_elsewhere() -> (FakeDaemon, Arc<Mutex<Vec<String>>>) {
        install_tls();
        let posted = Arc::new(Mutex::new(Vec::new()));
        let log = posted.clone();
        let answer = move |method: Method, uri: Uri, body: String| {
            let log = log.clone();
            async move {
                let path = uri.path().trim_start_matches("/api/v1/archive/").to_owned();
                let (date, row) = (
                    "2024-01-01T00:00:00Z",
                    |id: i64, title: &str| json!({ "account": "main", "id": id, "kind": "group", "title": title, "username": null }),
                );
                let held = |number: i64| json!({ "number": number, "account": "main", "chat": -5, "kind": "deletion", "messages": 1, "at": date, "text": null });
                if method == Method::POST {
                    log.lock().unwrap().push(format!("{path} {body}"));
                    return Json(match path.as_str() {
                        "undo" => json!({ "messages": 0, "edits": 0, "chats": [], "removed": 0 }),
                        "poison/retry" => {
                            json!({ "asked": 0, "healed": 0, "unreadable": 0, "out_of_reach": 0 })
                        }
                        _ => json!({ "messages": 1 }),
                    });
                }
                let is_second = uri.query().is_some_and(|query| query.contains("after="));
                Json(match path.as_str() {
                    "chats" if is_second => json!({ "chats": [row(-6, "12")], "next": null }),
                    "chats" => json!({ "chats": [row(-5, "Book club")], "next": "main:-5" }),
                    "undo" => {
                        json!({ "applied": [{ "number": 44, "account": "main", "chat": -5, "title": "Book club", "kind": "edit", "messages": 1, "at": date }], "next": null })
                    }
                    _ if is_second => json!({ "blocked": [held(42)], "next": null }),
                    _ => json!({ "blocked": [held(41)], "next": 41 }),
                })
            }
        };
        (daemon(axum::Router::new().fallback(answer)).await, posted)
    }

    #[tokio::test]
    async fn another_daemon_is_told_nothing_of_the_archive_here() {
        let (daemon, posted) = daemon_elsewhere().await;
        let place = Place::new();
        place.fill().await;
        let mut batch = Batch::new(AccountName::main(), Source::Live, Timestamp::UNIX_EPOCH);
        batch.writes.push(Write::Blocked(Box::new(crate::archive::BlockedOperation {
            number: 0,
            chat: PeerId(-77),
            kind: crate::archive::BlockedKind::Deletion,
            ids: vec![MessageId(1)],
            message: None,
            at: Timestamp::UNIX_EPOCH,
        })));
        let mut chat = crate::archive::unknown_chat(PeerId(-77));
        (chat.title, chat.is_partial) = ("Book club".to_owned(), false);
        batch.writes.push(Write::Chat(Box::new(chat)));
        place.store().write(batch).await.unwrap();
        let url = ["--url", &daemon.url];
        let told = async |words: &[&str]| {
            let outcome = place.run(words, &url).await;
            (outcome, std::mem::take(&mut *posted.lock().unwrap()))
        };
        for which in [&["--all"][..], &["41", "42"]] {
            let (outcome, posted) = told(&[&["blocked", "dismiss"], which].concat()).await;
            outcome.unwrap();
            assert_eq!(posted, ["blocked/41/dismiss {}", "blocked/42/dismiss {}"]);
        }
        let (outcome, posts) = told(&["blocked", "apply", "1", "41"]).await;
        assert!(outcome.unwrap_err().to_string().contains("no such number") && posts.is_empty());
        assert!(told(&["blocked", "list"]).await.0.unwrap().contains("42"));
        assert!(told(&["undo", "--list"]).await.0.unwrap().contains("44"));
        for (name, id) in [("Book club", -5), ("book club", -5), ("-5", -5), ("12", -6)] {
            for command in
                [&["undo", "--since", "2h", "--chat", name][..], &["poison", "retry", "--chat", name]]
            {
                let (outcome, posted) = told(command).await;
                outcome.unwrap();
                assert!(posted.len() == 1 && posted[0].contains(&format!("\"chat\":{id}")), "{posted:?}");
            }
        }
        for name in ["-77", "Tapes"] {
            let (outcome, posted) = told(&["poison", "retry", "--chat", name]).await;
            let told = outcome.unwrap_err().to_string();
            assert!(told.contains("has no chat") && posted.is_empty(), "{told} {posted:?}");
        }
        let nothing = Place::new();
        nothing.run(&["undo", "7"], &url).await.unwrap();
        assert_eq!(posted.lock().unwrap().len(), 1, "without an archive here");
    }

    #[tokio::test]
    async fn gaps_of_all_chats_are_listed() {
        let place = Place::new();
        place.fill().await;
        let gaps = async || {
            let json = place.run(&["gaps"], &["--json"]).await.unwrap();
            serde_json::from_str::<serde_json::Value>(&json).unwrap()
        };
        let all = gaps().await;
        assert_eq!(all[0]["gaps"], serde_json::json!([{ "first": 1, "last": 2 }]), "{all}");
        let covered = async |first, last| {
            let range = crate::archive::IdRange::new(MessageId(first), MessageId(last)).unwrap();
            let mut batch = Batch::new(AccountName::main(), Source::Sweep, Timestamp::UNIX_EPOCH);
            batch.writes.push(Write::Covered { chat: PeerId(-77), range });
            place.store().write(batch).await.unwrap();
        };
        covered(2, 3).await;
        let listed = place.run(&["gaps"], &[]).await.unwrap();
        let row: Vec<&str> = listed.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(
            (row[0], row[1], &row[row.len() - 3..]),
            ("main", "-77", &["1", "1", "66.66"][..]),
            "{listed}"
        );
        covered(1, 1).await;
        assert_eq!(gaps().await, serde_json::json!([]), "what is whole is not listed");
    }

    #[tokio::test]
    async fn senders_are_called_what_the_archive_calls_them() {
        let place = Place::new();
        let mut batch = Batch::new(AccountName::main(), Source::Import, Timestamp::UNIX_EPOCH);
        for (id, sender) in [(1, 5), (2, 6)] {
            let message = serde_json::json!({
                "id": id, "chat": -77, "date": "2024-01-01T00:00:00Z", "text": "a tape", "sender": sender,
            });
            let message = serde_json::from_value(message).unwrap();
            batch.writes.push(Write::Message { message: Box::new(message), sender_name: None });
        }
        let user = serde_json::json!({ "id": 5, "first_name": "Ada", "last_name": "L." });
        batch.writes.push(Write::User(Box::new(serde_json::from_value(user).unwrap())));
        place.store().write(batch).await.unwrap();
        place.store().index(10).await.unwrap();
        for words in [&["show", "-77"][..], &["search", "tape"]] {
            let written = place.run(words, &[]).await.unwrap();
            let named = |line: &&str| line.contains("Ada L.");
            assert_eq!(written.lines().filter(named).count(), 1, "{words:?}: {written}");
            assert!(written.lines().any(|line| line.split_whitespace().any(|it| it == "6")), "{written}");
        }
        assert!(place.run(&["show", "-77", "1"], &[]).await.unwrap().contains("Ada L."));
    }

    #[tokio::test]
    async fn chats_that_send_are_called_by_their_titles() {
        let place = Place::new();
        let mut batch = Batch::new(AccountName::main(), Source::Import, Timestamp::UNIX_EPOCH);
        for (id, sender) in [(1, -1_000_000_000_005_i64), (2, -77), (3, -6)] {
            let message = serde_json::json!({
                "id": id, "chat": -77, "date": "2024-01-01T00:00:00Z", "text": "a tape", "sender": sender,
            });
            let message = serde_json::from_value(message).unwrap();
            batch.writes.push(Write::Message { message: Box::new(message), sender_name: None });
        }
        for (id, title) in [(-1_000_000_000_005, "Tape news"), (-77, "Tape club"), (-6, "")] {
            let mut chat = crate::archive::unknown_chat(PeerId(id));
            (chat.title, chat.is_partial) = (title.to_owned(), false);
            batch.writes.push(Write::Chat(Box::new(chat)));
        }
        place.store().write(batch).await.unwrap();
        place.store().index(10).await.unwrap();
        for words in [&["show", "-77"][..], &["search", "tape"]] {
            let written = place.run(words, &[]).await.unwrap();
            for sender in ["Tape news", "Tape club", " -6 "] {
                assert!(written.contains(sender), "{words:?}: {written}");
            }
        }
        assert!(place.run(&["show", "-77", "1"], &[]).await.unwrap().contains("Tape news"));
    }

    #[test]
    fn limits_that_show_nothing_are_refused() {
        for words in [&["avatars"][..], &["chats"], &["show", "-77"], &["search", "tape"]] {
            let typed = |limit| {
                let words = std::iter::once("archive").chain(words.iter().copied());
                Typed::try_parse_from(words.chain(["--limit", limit]))
            };
            assert!(typed("0").is_err() && typed("1").is_ok(), "{words:?}");
        }
    }

    #[tokio::test]
    async fn an_applied_edit_is_listed_and_taken_back() {
        let place = Place::new();
        place.fill().await;
        let date = "2024-01-01T00:00:00Z";
        let told = serde_json::json!({ "id": 1, "chat": -77, "date": date, "edited": "2024-01-02T00:00:00Z", "text": "Scribble" });
        let held = crate::archive::BlockedOperation {
            number: 0,
            chat: PeerId(-77),
            kind: crate::archive::BlockedKind::Edit,
            ids: vec![MessageId(1)],
            message: Some(serde_json::from_value(told).unwrap()),
            at: Timestamp::UNIX_EPOCH,
        };
        let mut batch = Batch::new(AccountName::main(), Source::Live, Timestamp::UNIX_EPOCH);
        batch.writes.push(Write::Blocked(Box::new(held)));
        place.store().write(batch).await.unwrap();
        let number = place.store().blocked(None).await.unwrap()[0].1.number.to_string();
        assert_eq!(place.run(&["undo", "--list"], &["--json"]).await.unwrap().trim(), "[]");
        let said = async || place.run(&["show", "-77"], &[]).await.unwrap();
        place.run(&["blocked", "apply", &number], &[]).await.unwrap();
        assert!(said().await.contains("Scribble"));
        let listed = place.run(&["undo", "--list"], &[]).await.unwrap();
        let row: Vec<&str> = listed.lines().last().unwrap().split_whitespace().collect();
        assert!(row[0] == number && row.contains(&"edit"), "{listed}");
        place.run(&["undo", &number], &[]).await.unwrap();
        assert!(said().await.contains("Did anyone bring the tape?"));
        assert_eq!(place.run(&["undo", "--list"], &["--json"]).await.unwrap().trim(), "[]");
        let told = place.fails(&["undo", &number]).await;
        assert!(told.contains("done already") && told.contains("archive show CHAT ID"), "{told}");
    }

    #[test]
    fn undoing_asks_for_a_number_or_a_time() {
        let error = Typed::try_parse_from(["archive", "undo"]).unwrap_err().to_string();
        assert!(error.contains("NUMBER") && error.contains("--since"), "{error}");
        assert!(Typed::try_parse_from(["archive", "undo", "7", "--since", "2h"]).is_err());
        assert!(Typed::try_parse_from(["archive", "undo", "7"]).is_ok());
        assert!(Typed::try_parse_from(["archive", "undo", "--since", "2h", "--until", "1h"]).is_ok());
    }

    #[tokio::test]
    async fn hints_are_commands_that_help() {
        let place = Place::new();
        place.fill().await;
        let told = async |words: &[&str]| place.fails(words).await;
        let held = told(&["blocked", "apply", "5"]).await;
        assert!(held.contains("there is no such number") && held.contains("archive blocked list"), "{held}");
        let undone = told(&["undo", "99"]).await;
        assert!(undone.contains("give --since TIME"), "{undone}");
        let chat = told(&["show", "777000", "1"]).await;
        assert!(chat.contains("has no chat `777000`") && chat.contains("tapedeck archive chats"), "{chat}");
        let message = told(&["show", "-77", "9"]).await;
        assert!(message.contains("--before 19"), "{message}");
    }

    #[test]
    fn the_daemons_hints_are_put_into_words_of_commands() {
        let of_daemon = Failure::new(Exit::Failed, "no").fix("Give `from` in place of `number`.");
        let context = Context::for_tests(&[]);
        crate::cli::failure::report(&undo::in_our_words(of_daemon.into()), &context.output);
        let said = context.output.said();
        assert!(said.contains("--since TIME") && !said.contains("`from`"), "{said}");
    }
}
