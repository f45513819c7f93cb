use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use crate::{
    app,
    archive::{
        AvatarsPage, BlobHash, ChatKey, ChatOrder, ChatsPage, FileState, FilesPage, MediaClass, SharedStore,
        media::{MediaStore, Verified},
    },
    cli::{Context, Exit, Failure},
    model::AccountName,
};

const PAGE: usize = 500;
/// Messages that are compared at a time.
const ROWS: usize = 1_000;

/// Compare every message and file with its checksum, and the database with its own rules
///
/// Changes nothing. What is missing or damaged is fetched again by a job of the kind "verify".
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck archive verify
  tapedeck archive verify --json | jq '.damaged_messages + .missing + .damaged'")]
pub(super) struct Args {}

#[derive(Debug, Default, Serialize)]
struct Compared {
    /// Of messages.
    rows: u64,
    /// That have no checksum before their first `verify` job.
    unsealed: u64,
    /// Messages that are not what was written.
    damaged_messages: Vec<String>,
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
    let chats = chats(&store).await?;
    for chat in &chats {
        rows(&store, chat, &mut compared).await?;
    }
    files(&store, &media, &mut known, &mut compared).await?;
    for account in accounts(chats) {
        pictures(&store, &media, account, &mut known, &mut compared).await?;
    }
    let Compared { rows, unsealed, damaged_messages, files, blobs, missing, damaged, complaints } = &compared;
    if context.is_json() {
        context.output.json(&compared)?;
    } else {
        let named = [("not what was written", damaged_messages), ("missing", missing), ("damaged", damaged)];
        for (what, names) in named {
            names.iter().try_for_each(|name| context.output.line(format!("{what}: {name}")))?;
        }
        complaints.iter().for_each(|complaint| context.output.error_line(complaint));
        context.output.line(format!("{rows} messages: {} damaged", damaged_messages.len()))?;
        if *unsealed > 0 {
            context.output.line(format!(
                "{unsealed} of them have no checksum yet: a job of the kind \"verify\" gives them theirs"
            ))?;
        }
        context.output.line(format!(
            "{files} files in {blobs} blobs: {} missing, {} damaged",
            missing.len(),
            damaged.len()
        ))?;
    }
    if damaged_messages.is_empty() && missing.is_empty() && damaged.is_empty() && complaints.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, "the archive is not whole")
        .fix("a job of the kind \"verify\" fetches again what is missing or damaged; put a damaged database back from a backup")
        .into())
}

async fn chats(store: &SharedStore) -> anyhow::Result<Vec<ChatKey>> {
    let mut keys: Vec<ChatKey> = Vec::new();
    let mut page = ChatsPage { order: ChatOrder::Title, limit: PAGE, ..ChatsPage::default() };
    loop {
        let chats = store.chats(page.clone()).await?;
        keys.extend(
            chats.iter().map(|stored| ChatKey { account: stored.account.clone(), chat: stored.chat.id }),
        );
        if chats.len() < PAGE {
            return Ok(keys);
        }
        page.after = keys.last().cloned();
    }
}

/// Those who have a chat here.
fn accounts(chats: Vec<ChatKey>) -> BTreeSet<AccountName> {
    chats.into_iter().map(|key| key.account).collect()
}

async fn rows(store: &SharedStore, key: &ChatKey, compared: &mut Compared) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = store.compare(key.clone(), after, ROWS).await?;
        let Some(range) = page.range else { return Ok(()) };
        after = Some(range.last);
        compared.rows += page.rows;
        compared.unsealed += page.unsealed;
        let named = page.damaged.iter().map(|id| format!("message {id} in {}", key.chat));
        compared.damaged_messages.extend(named);
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
