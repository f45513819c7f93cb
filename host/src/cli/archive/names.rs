//! What senders are called.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    archive::{ChatKey, SharedStore, Stored},
    cli::show::plain,
    model::{AccountName, BarePeer, PeerId},
};

/// Names of people, and of chats that speak for themselves, where messages came without them: as those of some imports.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<(AccountName, PeerId), String>);

impl Names {
    pub(super) async fn of<'a>(
        store: &SharedStore,
        messages: impl IntoIterator<Item = (&'a AccountName, &'a Stored)>,
    ) -> anyhow::Result<Self> {
        let mut asked: BTreeMap<AccountName, BTreeSet<PeerId>> = BTreeMap::new();
        for (account, stored) in messages {
            if let Some(sender) = stored.message.sender
                && stored.sender_name.is_none()
            {
                asked.entry(account.clone()).or_default().insert(sender);
            }
        }
        let mut names = HashMap::new();
        for (account, senders) in asked {
            let is_person = |sender: &PeerId| matches!(sender.bare(), BarePeer::User(_));
            let (people, chats): (Vec<PeerId>, Vec<PeerId>) = senders.into_iter().partition(is_person);
            let users = store.users(account.clone(), people).await?;
            names.extend(users.into_iter().map(|user| ((account.clone(), user.id), user.name())));
            for chat in chats {
                let known = store.chat(ChatKey { account: account.clone(), chat }).await?;
                names.extend(known.map(|known| ((account.clone(), chat), known.chat.title)));
            }
        }
        names.retain(|_, name: &mut String| !name.is_empty());
        Ok(Self(names))
    }

    /// In one line; an id where nothing else is known.
    pub(super) fn sender(&self, account: &AccountName, stored: &Stored) -> String {
        let known = |sender: PeerId| self.0.get(&(account.clone(), sender)).cloned();
        let name = |sender: PeerId| known(sender).unwrap_or_else(|| sender.to_string());
        let sender = stored.sender_name.clone().or_else(|| stored.message.sender.map(name));
        plain(&sender.unwrap_or_default())
    }
}
