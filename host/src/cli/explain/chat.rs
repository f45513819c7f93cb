//! `tapedeck explain chat`: the questions of `[capture]`, and their answers for one chat.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    app,
    archive::{ChatKey, ChatsPage, SharedStore, StoredChat, unknown_chat},
    capture::choose::{ChatName, Facts, Rules},
    cli::{Context, Exit, Failure, client::Client, show::plain},
    config::{Config, JobSection},
    model::{AccountName, AccountsView, Chat, FolderRecord, PeerId},
    state::State,
};

const IDS: &str = "write an id such as 777000 (people and bots), -123456 (groups) or -1001234567890 (supergroups and channels)";

/// Say why a chat is captured or not, step by step
///
/// What the archive knows of a chat (its type, names, folders) decides; of a chat that it has never met, only the id is
/// known. Telegram is not asked.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck explain chat @some_channel
  tapedeck explain chat -1001234567890 --json")]
pub(super) struct Args {
    /// Its id, @name or whole title
    #[arg(allow_hyphen_values = true)]
    chat: String,
    /// The account that is asked about [default: telegram.default_account]
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
}

/// What is known of the chat.
struct Known {
    chat: Chat,
    is_contact: bool,
    is_archived: bool,
    folders: Vec<FolderRecord>,
    is_stored: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let config = context.config()?;
    let account = args.account.clone().unwrap_or_else(|| config.telegram.default_account.clone());
    let rules = Rules::new(&config.capture.of(&account))?;
    let store = app::archive_to_read(&config).await?;
    let name = ChatName::list(std::slice::from_ref(&args.chat)).swap_remove(0);
    if name == ChatName::Id(PeerId(0)) {
        return Err(Failure::usage("no chat has the id 0").fix(IDS).into());
    }
    if args.account.is_some() {
        check_account(&account, &config, store.as_ref(), context).await?;
    }
    let known = find(store.as_ref(), &account, name).await?;
    let facts = Facts::new(&known.chat, known.is_contact, known.is_archived, &known.folders);
    let explanation = rules.explain(&facts);
    let output = &context.output;
    if context.is_json() {
        return output.json(&json!({
            "account": account,
            "chat": known.chat.id,
            "title": known.chat.title,
            "is_stored": known.is_stored,
            "explanation": explanation,
        }));
    }
    if !known.is_stored {
        output.note("the archive has never met this chat: of its type, only what the id tells is known");
    }
    for line in explanation.to_string().lines() {
        output.line(plain(line))?;
    }
    Ok(())
}

/// Whether anything knows this account: the configuration, the archive, or a login.
async fn check_account(
    account: &AccountName,
    config: &Config,
    store: Option<&SharedStore>,
    context: &Context,
) -> anyhow::Result<()> {
    let mut known: BTreeSet<String> = [config.telegram.default_account.to_string()].into();
    known.extend(
        config.telegram.accounts.keys().chain(config.capture.accounts.keys()).map(ToString::to_string),
    );
    let of_job = |job: &JobSection| Some(job.settings.get("account")?.as_str()?.to_owned());
    known.extend(config.jobs.values().filter_map(of_job));
    if known.contains(account.as_str()) {
        return Ok(());
    }
    if let Some(store) = store {
        let page = ChatsPage { account: Some(account.clone()), limit: 1, ..ChatsPage::default() };
        if !store.chats(page).await?.is_empty() {
            return Ok(());
        }
    }
    let folder = &config.data.folder;
    match State::exists(folder).then(|| State::open(folder)) {
        None => {}
        Some(Ok(state)) => known.extend(state.telegram_sessions.accounts()?),
        // A daemon has it.
        Some(Err(_)) => {
            let Some(client) = Client::find(context).await? else { return Ok(()) };
            let view: AccountsView = client.get(&["accounts"], &[]).await?;
            known.extend(view.accounts.into_iter().map(|it| it.name.to_string()));
        }
    }
    if known.contains(account.as_str()) {
        return Ok(());
    }
    let known: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
    let text = format!("there is no account `{account}`");
    Err(Failure::new(Exit::Failed, text).fix(format!("name one of {}", known.join(", "))).into())
}

async fn find(store: Option<&SharedStore>, account: &AccountName, name: ChatName) -> anyhow::Result<Known> {
    if let Some(store) = store
        && let Some(stored) = stored(store, account, &name).await?
    {
        let id = stored.chat.id;
        let users = store.users(account.clone(), vec![id]).await?;
        return Ok(Known {
            is_contact: users.first().is_some_and(|user| user.is_contact || user.is_self),
            is_archived: stored.is_archived,
            folders: store.folders(account.clone()).await?,
            chat: stored.chat,
            is_stored: true,
        });
    }
    let ChatName::Id(id) = &name else {
        let failure = Failure::new(
            Exit::Failed,
            format!("the archive of the account `{account}` has no chat `{name}`"),
        );
        return Err(failure
            .fix("write its id, or let a job of kind `archive` read the list of chats first")
            .into());
    };
    Ok(Known {
        chat: unknown_chat(*id),
        is_contact: false,
        is_archived: false,
        folders: Vec::new(),
        is_stored: false,
    })
}

async fn stored(
    store: &SharedStore,
    account: &AccountName,
    name: &ChatName,
) -> anyhow::Result<Option<StoredChat>> {
    if let ChatName::Id(id) = name {
        return Ok(store.chat(ChatKey { account: account.clone(), chat: *id }).await?);
    }
    let mut page = ChatsPage { account: Some(account.clone()), limit: 500, ..ChatsPage::default() };
    let mut found: Option<StoredChat> = None;
    loop {
        let chats = store.chats(page.clone()).await?;
        let last = chats.last().map(|it| ChatKey { account: account.clone(), chat: it.chat.id });
        let is_full = chats.len() == page.limit;
        for it in chats {
            if !name.names(&Facts { chat: &it.chat, folders: Vec::new() }) {
                continue;
            }
            if let Some(other) = &found {
                let failure =
                    Failure::new(Exit::Failed, format!("`{name}` is the title of more than one chat"));
                let fix = format!("write an id, such as {} or {}", other.chat.id, it.chat.id);
                return Err(failure.fix(fix).into());
            }
            found = Some(it);
        }
        match last {
            Some(last) if is_full => page.after = Some(last),
            _ => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn explained(chat: &str, account: Option<&str>) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, "[telegram.accounts.work]\ndescription = \"Work\"\n").unwrap();
        let context = Context::for_tests(&["--config", file.to_str().unwrap()]);
        let account = account.map(|name| name.parse().unwrap());
        let error = run(&Args { chat: chat.into(), account }, &context).await.err();
        error.map_or_else(
            || Ok(context.output.written()),
            |error| {
                crate::cli::failure::report(&error, &context.output);
                Err(context.output.said())
            },
        )
    }

    #[tokio::test]
    async fn accounts_that_nobody_knows_are_refused() {
        let told = explained("1000028", Some("nobody")).await.unwrap_err();
        assert!(
            told.contains("no account `nobody`") && told.contains("name one of `main`, `work`"),
            "{told}"
        );
        assert!(explained("1000028", Some("work")).await.is_ok());
        assert!(explained("1000028", None).await.is_ok());
    }

    #[tokio::test]
    async fn no_chat_has_the_id_zero() {
        let told = explained("0", None).await.unwrap_err();
        assert!(told.contains("no chat has the id 0") && told.contains("-1001234567890"), "{told}");
    }
}
