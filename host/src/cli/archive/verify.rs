use std::collections::HashMap;

use serde::Serialize;

use crate::{
    app,
    archive::{
        AvatarsPage, BlobHash, ChatOrder, ChatsPage, FileState, FilesPage, MediaClass, SharedStore,
        media::{MediaStore, Verified},
    },
    cli::{Context, Exit, Failure},
    model::AccountName,
};

const PAGE: usize = 500;

/// Compare every file that is held with its hash, and the database with its own rules
///
/// Changes nothing. What is missing or damaged is fetched again by a job of the kind "verify".
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive verify
  tapedeck archive verify --json | jq '.missing + .damaged'")]
pub(super) struct Args {}

#[derive(Debug, Default, Serialize)]
struct Compared {
    files: u64,
    /// Each once.
    blobs: u64,
    missing: Vec<String>,
    damaged: Vec<String>,
    /// What the database finds wrong with itself.
    complaints: Vec<String>,
}

pub(super) async fn run(_: &Args, context: &Context) -> anyhow::Result<()> {
    let store = super::open(context).await?;
    let media = app::media(&context.config()?).store().await?;
    let mut compared = Compared { complaints: store.check().await?, ..Compared::default() };
    let mut known = HashMap::new();
    files(&store, &media, &mut known, &mut compared).await?;
    for account in accounts(&store).await? {
        pictures(&store, &media, account, &mut known, &mut compared).await?;
    }
    let Compared { files, blobs, missing, damaged, complaints } = &compared;
    if context.is_json() {
        context.output.json(&compared)?;
    } else {
        for (what, names) in [("missing", missing), ("damaged", damaged)] {
            names.iter().try_for_each(|name| context.output.line(format!("{what}: {name}")))?;
        }
        complaints.iter().for_each(|complaint| context.output.error_line(complaint));
        context.output.line(format!(
            "{files} files in {blobs} blobs: {} missing, {} damaged",
            missing.len(),
            damaged.len()
        ))?;
    }
    if missing.is_empty() && damaged.is_empty() && complaints.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, "the archive is not whole")
        .fix("a job of the kind \"verify\" fetches again what is missing or damaged; put a damaged database back from a backup")
        .into())
}

/// Those who have a chat here.
async fn accounts(store: &SharedStore) -> anyhow::Result<Vec<AccountName>> {
    let mut accounts: Vec<AccountName> = Vec::new();
    let mut page = ChatsPage { order: ChatOrder::Title, limit: PAGE, ..ChatsPage::default() };
    loop {
        let chats = store.chats(page.clone()).await?;
        for chat in &chats {
            if !accounts.contains(&chat.account) {
                accounts.push(chat.account.clone());
            }
        }
        match chats.last() {
            Some(last) if chats.len() == PAGE => {
                let (account, chat) = (last.account.clone(), last.chat.id);
                page.after = Some(crate::archive::ChatKey { account, chat });
            }
            _ => return Ok(accounts),
        }
    }
}

async fn files(
    store: &SharedStore,
    media: &MediaStore,
    known: &mut HashMap<BlobHash, Verified>,
    compared: &mut Compared,
) -> anyhow::Result<()> {
    let mut page = FilesPage {
        account: None,
        chat: None,
        class: MediaClass::Held,
        most_attempts: u32::MAX,
        after: 0,
        limit: PAGE,
    };
    loop {
        let (files, end) = store.files(page.clone()).await?;
        if files.is_empty() {
            return Ok(());
        }
        page.after = end;
        for file in files {
            let FileState::Held(place) = file.state else { continue };
            let name = format!("{} of message {} in {}", place.link, file.key.id, file.key.chat);
            compare(media, place.hash, name, known, compared).await?;
        }
    }
}

async fn pictures(
    store: &SharedStore,
    media: &MediaStore,
    account: AccountName,
    known: &mut HashMap<BlobHash, Verified>,
    compared: &mut Compared,
) -> anyhow::Result<()> {
    let mut page = AvatarsPage { account, peer: None, after: None, limit: PAGE };
    loop {
        let pictures = store.avatars(page.clone()).await?;
        let Some((peer, last)) = pictures.last() else { return Ok(()) };
        page.after = Some((*peer, last.photo));
        for (peer, record) in pictures {
            let name = format!("picture {} of {peer}", record.photo);
            compare(media, record.hash, name, known, compared).await?;
        }
    }
}

async fn compare(
    media: &MediaStore,
    hash: BlobHash,
    name: String,
    known: &mut HashMap<BlobHash, Verified>,
    compared: &mut Compared,
) -> anyhow::Result<()> {
    compared.files += 1;
    let verified = match known.get(&hash) {
        Some(verified) => *verified,
        None => {
            compared.blobs += 1;
            media.verify(hash).await?
        }
    };
    known.insert(hash, verified);
    match verified {
        Verified::Whole { .. } => {}
        Verified::Missing => compared.missing.push(name),
        Verified::Damaged { .. } => compared.damaged.push(name),
    }
    Ok(())
}
