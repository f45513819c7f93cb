//! Whether two archives hold the same, message by message.

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Files, PER_PAGE, Transfer, key, people::goes_along};
use crate::{
    archive::{
        Around, AvatarRecord, AvatarsPage, ChatKey, ChatOrder, ChatsPage, FileState, MessagePage, SharedStore,
    },
    import::error::ImportError,
    model::{AccountName, MessageId, PeerId},
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    pub chats: u64,
    pub messages: u64,
    pub people: u64,
    /// Empty when the two are the same.
    pub differences: Vec<Difference>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub account: AccountName,
    /// None: it belongs to no chat.
    pub chat: Option<PeerId>,
    pub what: String,
}

/// What a chat holds, in short.
#[derive(Debug, PartialEq, Eq)]
struct Sum {
    messages: u64,
    versions: u64,
    gone_reactions: u64,
    held: u64,
    hash: [u8; 32],
}

/// What an account holds beside chats.
#[derive(Debug)]
struct SumOfAccount {
    counts: [(&'static str, u64); 4],
    hash: [u8; 32],
}

fn difference(key: &ChatKey, what: String) -> Difference {
    Difference { account: key.account.clone(), chat: Some(key.chat), what }
}

impl Transfer {
    /// Reads both, and compares counts and hashes chat by chat.
    pub async fn verify(&self) -> Result<Verification, ImportError> {
        let mut verification = Verification::default();
        let ours = chats(&self.from).await?;
        let accounts: BTreeSet<&AccountName> = ours.iter().map(|key| &key.account).collect();
        for account in accounts {
            self.compare_account(account, &mut verification).await?;
        }
        for key in &ours {
            self.compare(key, &mut verification).await?;
        }
        for key in chats(&self.to).await?.difference(&ours) {
            let what = "it is in the copy alone".into();
            verification.differences.push(difference(key, what));
        }
        Ok(verification)
    }

    async fn compare(&self, key: &ChatKey, verification: &mut Verification) -> Result<(), ImportError> {
        let (ours, theirs) = (self.sum(&self.from, key).await?, self.sum(&self.to, key).await?);
        verification.chats += 1;
        verification.messages += ours.messages;
        let mut differ = |what: String| {
            verification.differences.push(difference(key, what));
        };
        let counts = [
            ("messages", ours.messages, theirs.messages),
            ("earlier texts", ours.versions, theirs.versions),
            ("reactions that went", ours.gone_reactions, theirs.gone_reactions),
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
        let (account, peer) = (&key.account, vec![key.chat]);
        let ours = self.from.histories(account.clone(), peer.clone()).await?;
        if ours != self.to.histories(account.clone(), peer).await? {
            differ("what it was called differs".into());
        }
        let (ours, theirs) = (self.from.sync(key.clone()).await?, self.to.sync(key.clone()).await?);
        if ours != theirs {
            differ("coverage or the cursor differ".into());
        }
        Ok(())
    }

    /// What belongs to no chat.
    async fn compare_account(
        &self,
        account: &AccountName,
        verification: &mut Verification,
    ) -> Result<(), ImportError> {
        let (ours, theirs) =
            (self.sum_of_account(&self.from, account).await?, self.sum_of_account(&self.to, account).await?);
        verification.people += ours.counts[0].1;
        let mut differ = |what: String| {
            verification.differences.push(Difference { account: account.clone(), chat: None, what });
        };
        let mut are_equal = true;
        for ((what, ours), (_, theirs)) in ours.counts.iter().zip(&theirs.counts) {
            if ours != theirs {
                are_equal = false;
                differ(format!("{ours} {what}, and {theirs} in the copy"));
            }
        }
        if are_equal && ours.hash != theirs.hash {
            differ("as many people, names, pictures and notes, but not the same".into());
        }
        Ok(())
    }

    async fn sum_of_account(
        &self,
        store: &SharedStore,
        account: &AccountName,
    ) -> Result<SumOfAccount, ImportError> {
        let mut hasher = Sha256::new();
        let (mut people, mut names, mut pictures, mut notes) = (0, 0, 0, 0);
        let mut after = None;
        loop {
            let ids = store.user_ids(account.clone(), after, PER_PAGE).await?;
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            people += ids.len() as u64;
            let history = store.histories(account.clone(), ids.clone()).await?;
            names += history.len() as u64;
            add(&mut hasher, &(store.users(account.clone(), ids).await?, history));
        }
        let mut after = None;
        let has_pictures = !matches!(self.files, Files::Left);
        loop {
            if !has_pictures {
                break;
            }
            let page = AvatarsPage { account: account.clone(), peer: None, after, limit: PER_PAGE };
            let all = store.avatars(page).await?;
            let Some((peer, last)) = all.last() else { break };
            after = Some((*peer, last.photo));
            pictures += all.len() as u64;
            let peers: Vec<PeerId> = all.iter().map(|(peer, _)| *peer).collect();
            let mut newest = store.newest_avatars(account.clone(), peers).await?;
            newest.sort_by_key(|(peer, _)| *peer);
            newest.dedup();
            for (peer, AvatarRecord { photo, hash, extension }) in all.iter().chain(&newest) {
                add(&mut hasher, &(peer, photo, hash.to_hex(), extension));
            }
        }
        let mut after = String::new();
        loop {
            let page = store.notes(account.clone(), after, PER_PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = last.clone();
            for note in page.iter().filter(|(name, _)| goes_along(name)) {
                notes += 1;
                add(&mut hasher, note);
            }
        }
        let counts = [
            ("people", people),
            ("names and pictures of before", names),
            ("small pictures", pictures),
            ("notes", notes),
        ];
        Ok(SumOfAccount { counts, hash: hasher.finalize().into() })
    }

    async fn sum(&self, store: &SharedStore, key: &ChatKey) -> Result<Sum, ImportError> {
        let mut hasher = Sha256::new();
        let (mut messages, mut versions, mut gone_reactions, mut held) = (0, 0, 0, 0);
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
            let gone = store.gone_reactions_of(key.clone(), ids.clone()).await?;
            gone_reactions += gone.len() as u64;
            add(&mut hasher, &gone);
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
        Ok(Sum { messages, versions, gone_reactions, held, hash: hasher.finalize().into() })
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
