//! Who knows which files are wanted.

use std::collections::{BTreeMap, HashMap};

use crate::{
    archive::{
        StoredFile,
        media::{ChatMediaRules, MediaRules},
    },
    capture::{
        Capture, CaptureError,
        choose::{ChatName, Facts, Rules},
    },
    config::CaptureMediaOfChat,
    model::{FileKind, FolderRecord, PeerId},
};

#[derive(Debug)]
pub(super) struct Chooser {
    rules: Rules,
    media: MediaRules,
    /// What is different in chats, by the names that people have for them.
    named: Vec<(ChatName, CaptureMediaOfChat)>,
    folders: Vec<FolderRecord>,
    chats: HashMap<PeerId, OfChat>,
}

/// Why the files of a chat are left out.
#[derive(Clone, Debug, Default)]
struct OfChat {
    why: Option<String>,
    /// By `skip_chats`, and not because the chat itself is left out.
    is_skipped: bool,
}

fn kinds(kinds: &[FileKind]) -> std::collections::BTreeSet<FileKind> {
    kinds.iter().copied().collect()
}

impl Chooser {
    pub(super) async fn open(capture: &Capture) -> Result<Self, CaptureError> {
        let section = &capture.section.media;
        let named: BTreeMap<_, _> = section.chats.clone();
        let names: Vec<String> = named.keys().cloned().collect();
        Ok(Self {
            rules: Rules::new(&capture.section)?,
            media: MediaRules {
                is_on: section.fetch,
                max_size: section.max_size,
                kinds: Some(kinds(&section.kinds)),
                chats: BTreeMap::new(),
            },
            named: ChatName::list(&names).into_iter().zip(named.into_values()).collect(),
            folders: capture.store.folders(capture.account.clone()).await?,
            chats: HashMap::new(),
        })
    }

    /// Why nobody wants it.
    pub(super) async fn objection(
        &mut self,
        capture: &Capture,
        file: &StoredFile,
    ) -> Result<Option<String>, CaptureError> {
        let chat = file.key.chat;
        let of_chat = self.of_chat(capture, chat).await?.why;
        Ok(of_chat.or_else(|| self.media.objection(chat, &file.file)))
    }

    /// Whether files of the chat are left out by name.
    pub(super) async fn is_skipped(&mut self, capture: &Capture, chat: PeerId) -> Result<bool, CaptureError> {
        Ok(self.of_chat(capture, chat).await?.is_skipped)
    }

    async fn of_chat(&mut self, capture: &Capture, chat: PeerId) -> Result<OfChat, CaptureError> {
        if let Some(known) = self.chats.get(&chat) {
            return Ok(known.clone());
        }
        let mut of_chat = OfChat::default();
        if let Some(stored) = capture.store.chat(capture.key(chat)).await? {
            let users = capture.store.users(capture.account.clone(), vec![chat]).await?;
            let is_contact = users.first().is_some_and(|user| user.is_contact || user.is_self);
            let facts = Facts::new(&stored.chat, is_contact, stored.is_archived, &self.folders);
            let skipped = self.rules.skips_media(&facts);
            of_chat.is_skipped = skipped.is_some();
            of_chat.why = if self.rules.takes(&facts) {
                skipped
            } else {
                Some("`[capture]` leaves the chat out".to_owned())
            };
            if let Some((_, own)) = self.named.iter().find(|(name, _)| name.names(&facts)) {
                let kinds = own.kinds.as_deref().map(kinds);
                let own = ChatMediaRules { is_on: own.fetch, max_size: own.max_size, kinds };
                self.media.chats.insert(chat, own);
            }
        }
        self.chats.insert(chat, of_chat.clone());
        Ok(of_chat)
    }
}
