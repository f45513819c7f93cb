//! Which chats the listener cares about: the same rules as everywhere, asked once for each chat that is known. One that
//! is not may be stored by a sweep at any moment, and nobody says so: it is looked for each time.

use std::collections::HashMap;

use crate::{
    capture::{
        Capture, CaptureError,
        choose::{Facts, Rules},
    },
    model::{Chat, FolderRecord, PeerId, User},
};

#[derive(Debug)]
pub(super) struct Scope {
    rules: Rules,
    pub(super) folders: Vec<FolderRecord>,
    chats: HashMap<PeerId, Seen>,
}

/// What was decided about a chat.
#[derive(Clone, Debug)]
struct Seen {
    /// As it was last told of in full.
    chat: Chat,
    is_in: bool,
}

impl Scope {
    pub(super) async fn open(capture: &Capture) -> Result<Self, CaptureError> {
        Ok(Self {
            rules: Rules::new(&capture.section)?,
            folders: capture.store.folders(capture.account.clone()).await?,
            chats: HashMap::new(),
        })
    }

    /// Learns of chats that came with a batch. Parts of them decide nothing.
    pub(super) async fn learn(
        &mut self,
        capture: &Capture,
        users: &[User],
        chats: &[Chat],
    ) -> Result<(), CaptureError> {
        let people = users.iter().filter(|user| !user.is_partial);
        let people = people.map(|user| (Chat::private(user.clone()), user.is_contact || user.is_self));
        let groups = chats.iter().filter(|chat| !chat.is_partial).map(|chat| (chat.clone(), false));
        for (chat, is_contact) in people.chain(groups) {
            if self.chats.get(&chat.id).is_none_or(|seen| seen.chat != chat) {
                self.decide(capture, chat, is_contact).await?;
            }
        }
        Ok(())
    }

    async fn decide(
        &mut self,
        capture: &Capture,
        chat: Chat,
        is_contact: bool,
    ) -> Result<Seen, CaptureError> {
        // Only folders ask for it.
        let is_archived = if self.rules.asks_for_folders() {
            let stored = capture.store.chat(capture.key(chat.id)).await?;
            stored.is_some_and(|stored| stored.is_archived)
        } else {
            false
        };
        let is_in = self.rules.takes(&Facts::new(&chat, is_contact, is_archived, &self.folders));
        let seen = Seen { chat, is_in };
        // Of one that is known in part, a sweep will know more.
        if !seen.chat.is_partial {
            self.chats.insert(seen.chat.id, seen.clone());
        }
        Ok(seen)
    }

    /// The chat, when it is captured and enough is known of it.
    pub(super) async fn of(&mut self, capture: &Capture, id: PeerId) -> Result<Option<Chat>, CaptureError> {
        if let Some(seen) = self.chats.get(&id) {
            return Ok(seen.is_in.then(|| seen.chat.clone()));
        }
        // The sweep finds out what an unknown one is.
        let Some(stored) = capture.store.chat(capture.key(id)).await? else { return Ok(None) };
        let users = capture.store.users(capture.account.clone(), vec![id]).await?;
        let is_contact = users.first().is_some_and(|user| user.is_contact || user.is_self);
        let seen = self.decide(capture, stored.chat, is_contact).await?;
        Ok(seen.is_in.then_some(seen.chat))
    }

    /// Folders have changed: everything is decided anew.
    pub(super) fn set_folders(&mut self, folders: Vec<FolderRecord>) {
        self.folders = folders;
        self.chats.clear();
    }
}
