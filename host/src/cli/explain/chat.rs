//! `tapedeck explain chat`: the questions of `[capture]`, and their answers for one chat.

use serde_json::json;

use crate::{
    app,
    archive::{ChatKey, ChatsPage, SharedStore, StoredChat, unknown_chat},
    capture::choose::{ChatName, Facts, Rules},
    cli::{Context, Exit, Failure, show::plain},
    model::{AccountName, Chat, FolderRecord},
};

/// Say why a chat is captured or not, step by step
///
/// What the archive knows of a chat (its type, names, folders) decides; of a chat that it has never met, only the id is
/// known. Neither Telegram nor the daemon is asked.
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
    let store = app::archive(&config, |_| {}).existing().await?;
    let known = find(store.as_ref(), &account, &args.chat).await?;
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

async fn find(store: Option<&SharedStore>, account: &AccountName, text: &str) -> anyhow::Result<Known> {
    let name = ChatName::list(&[text.to_owned()]).swap_remove(0);
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
    let ChatName::Id(id) = name else {
        let failure = Failure::new(
            Exit::Failed,
            format!("the archive of the account `{account}` has no chat `{text}`"),
        );
        return Err(failure
            .fix("write its id, or let a job of kind `archive` read the list of chats first")
            .into());
    };
    Ok(Known {
        chat: unknown_chat(id),
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
