//! What senders are called.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    archive::{SharedStore, Stored},
    cli::show::plain,
    model::{AccountName, PeerId},
};

/// Names of people who were not named with their messages, as those of some imports are not.
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
        for (account, people) in asked {
            for user in store.users(account.clone(), people.into_iter().collect()).await? {
                let name = Some(user.name()).filter(|name| !name.is_empty());
                names.extend(name.map(|name| ((account.clone(), user.id), name)));
            }
        }
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
