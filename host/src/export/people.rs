//! Who is named in messages: asked of the archive once each.

use std::collections::{HashMap, HashSet};

use super::error::ExportError;
use crate::{
    archive::{ChatKey, Store},
    model::{AccountName, Chat, Message, PeerId, User},
};

/// It grows with people, not with messages.
#[derive(Debug, Default)]
pub(super) struct Acquaintances {
    asked: HashSet<PeerId>,
    names: HashMap<PeerId, String>,
}

impl Acquaintances {
    /// Those whom the exporters do not know yet.
    pub(super) async fn meet(
        &mut self,
        store: &dyn Store,
        account: &AccountName,
        messages: &[Message],
    ) -> Result<Vec<User>, ExportError> {
        let mut new: Vec<PeerId> = Vec::new();
        for message in messages {
            named(message, |id| {
                if id.0 != 0 && self.asked.insert(id) {
                    new.push(id);
                }
            });
        }
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let (users, chats): (Vec<PeerId>, Vec<PeerId>) = new.into_iter().partition(|id| id.0 > 0);
        let mut met = if users.is_empty() { Vec::new() } else { store.users(account.clone(), users).await? };
        for chat in chats {
            let known = store.chat(ChatKey { account: account.clone(), chat }).await?;
            met.extend(known.map(|it| as_person(&it.chat)));
        }
        self.names.extend(met.iter().map(|user| (user.id, user.name())));
        Ok(met)
    }

    pub(super) fn greet(&mut self, user: &User) {
        self.asked.insert(user.id);
        self.names.insert(user.id, user.name());
    }

    pub(super) fn name(&self, id: PeerId) -> Option<&str> {
        self.names.get(&id).map(String::as_str).filter(|name| !name.is_empty())
    }
}

/// Channels and groups write, too.
fn as_person(chat: &Chat) -> User {
    User {
        id: chat.id,
        first_name: Some(chat.title.clone()),
        last_name: None,
        usernames: chat.usernames.clone(),
        phone: None,
        photo: chat.photo,
        is_self: false,
        is_contact: false,
        is_bot: false,
        is_deleted: false,
        is_verified: chat.is_verified,
        is_premium: false,
        is_partial: chat.is_partial,
        restrictions: Vec::new(),
        extra: crate::model::Extra::default(),
    }
}

fn named(message: &Message, mut tell: impl FnMut(PeerId)) {
    message.sender.into_iter().chain(message.via_bot).for_each(&mut tell);
    let forward = message.forward.iter();
    forward.flat_map(|it| [it.from, it.saved_from_chat]).flatten().for_each(&mut tell);
    message.action.iter().flat_map(|it| it.users.iter().copied()).for_each(&mut tell);
    let recent = message.reactions.iter().flat_map(|it| it.recent.iter().flatten());
    recent.map(|it| it.peer).for_each(&mut tell);
}
