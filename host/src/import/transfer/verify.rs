//! Whether two archives hold the same, message by message.

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Files, PER_PAGE, Transfer, key};
use crate::{
    archive::{Around, ChatKey, ChatOrder, ChatsPage, FileState, MessagePage, SharedStore},
    import::error::ImportError,
    model::{AccountName, MessageId, PeerId},
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    pub chats: u64,
    pub messages: u64,
    /// Empty when the two are the same.
    pub differences: Vec<Difference>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub account: AccountName,
    pub chat: PeerId,
    pub what: String,
}

/// What a chat holds, in short.
#[derive(Debug, PartialEq, Eq)]
struct Sum {
    messages: u64,
    versions: u64,
    held: u64,
    hash: [u8; 32],
}

impl Transfer {
    /// Reads both, and compares counts and hashes chat by chat.
    pub async fn verify(&self) -> Result<Verification, ImportError> {
        let mut verification = Verification::default();
        let ours = chats(&self.from).await?;
        for key in &ours {
            self.compare(key, &mut verification).await?;
        }
        for key in chats(&self.to).await?.difference(&ours) {
            let what = "it is in the copy alone".into();
            verification.differences.push(Difference { account: key.account.clone(), chat: key.chat, what });
        }
        Ok(verification)
    }

    async fn compare(&self, key: &ChatKey, verification: &mut Verification) -> Result<(), ImportError> {
        let (ours, theirs) = (self.sum(&self.from, key).await?, self.sum(&self.to, key).await?);
        verification.chats += 1;
        verification.messages += ours.messages;
        let mut differ = |what: String| {
            verification.differences.push(Difference { account: key.account.clone(), chat: key.chat, what });
        };
        let counts = [
            ("messages", ours.messages, theirs.messages),
            ("earlier texts", ours.versions, theirs.versions),
            ("files that are held", ours.held, theirs.held),
        ];
        let mut are_equal = true;
        for (what, ours, theirs) in counts.into_iter().filter(|(_, ours, theirs)| ours != theirs) {
            are_equal = false;
            differ(format!("{ours} {what}, and {theirs} in the copy"));
        }
        if are_equal && ours.hash != theirs.hash {
            differ("as many messages, but not the same".into());
        }
        let (ours, theirs) = (self.from.sync(key.clone()).await?, self.to.sync(key.clone()).await?);
        if ours != theirs {
            differ("coverage or the cursor differ".into());
        }
        Ok(())
    }

    async fn sum(&self, store: &SharedStore, key: &ChatKey) -> Result<Sum, ImportError> {
        let mut hasher = Sha256::new();
        let (mut messages, mut versions, mut held) = (0, 0, 0);
        let mut after = MessageId(i32::MIN);
        loop {
            let page = store.messages(key.clone(), MessagePage::new(Around::After(after), PER_PAGE)).await?;
            let Some(last) = page.last() else { break };
            after = last.message.id;
            let ids: Vec<MessageId> = page.iter().map(|stored| stored.message.id).collect();
            for stored in &page {
                messages += 1;
                add(&mut hasher, stored);
                if stored.versions > 0 {
                    for version in store.versions(key.clone(), stored.message.id).await? {
                        versions += 1;
                        add(&mut hasher, &version);
                    }
                }
            }
            if matches!(self.files, Files::Left) {
                continue;
            }
            let mut files = store.files_of(key.clone(), ids).await?;
            files.sort_by_key(|file| (file.key.id, file.key.file));
            for file in files {
                held += u64::from(matches!(file.state, FileState::Held(_)));
                add(&mut hasher, &(file.key.id, file.key.file, &file.state));
            }
        }
        Ok(Sum { messages, versions, held, hash: hasher.finalize().into() })
    }
}

async fn chats(store: &SharedStore) -> Result<BTreeSet<ChatKey>, ImportError> {
    let mut all = BTreeSet::new();
    let mut after = None;
    loop {
        let page = ChatsPage { account: None, title: None, order: ChatOrder::Title, after, limit: PER_PAGE };
        let chats = store.chats(page).await?;
        all.extend(chats.iter().map(key));
        let Some(last) = chats.last().filter(|_| chats.len() == PER_PAGE) else { return Ok(all) };
        after = Some(key(last));
    }
}

fn add(hasher: &mut Sha256, value: &impl Serialize) {
    // The model is plain: there is always JSON of it.
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(&bytes);
}
