//! The archive of the daemon that `--url` names: numbers and names that go there come from there, and never from the
//! archive of this machine, where they mean something else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    archive::BlockedKind,
    capture::AppliedOperation,
    cli::{Context, client::Client},
    export::Namesake,
    model::{AccountName, PeerId},
};

const PAGE: usize = 500;

#[derive(Debug)]
pub(super) struct Elsewhere(Client);

#[derive(Deserialize)]
struct Chats {
    chats: Vec<Namesake>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Applied {
    applied: Vec<AppliedOperation>,
    next: Option<i64>,
}

#[derive(Deserialize)]
struct Blocked {
    blocked: Vec<Held>,
    next: Option<i64>,
}

/// An operation that is held back, as the daemon tells it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Held {
    pub(super) number: i64,
    pub(super) account: AccountName,
    pub(super) chat: PeerId,
    pub(super) kind: BlockedKind,
    /// How many messages it is about.
    pub(super) messages: usize,
    pub(super) at: Timestamp,
    pub(super) text: Option<String>,
}

impl Elsewhere {
    /// `None`: no other daemon is named.
    pub(super) async fn find(context: &Context) -> anyhow::Result<Option<Self>> {
        if context.url.is_none() {
            return Ok(None);
        }
        Client::need(context).await.map(|client| Some(Self(client)))
    }

    pub(super) fn client(&self) -> &Client {
        &self.0
    }

    /// With this in their titles or public names.
    pub(super) async fn chats(
        &self,
        account: Option<&AccountName>,
        title: &str,
    ) -> anyhow::Result<Vec<Namesake>> {
        let mut query = vec![("order", "title".to_owned())];
        query.extend(account.map(|account| ("account", account.to_string())));
        if !title.is_empty() {
            query.push(("title", title.to_owned()));
        }
        let mut all = Vec::new();
        let mut next = None;
        loop {
            let page: Chats = self.page("chats", &query, next.map(|next| ("after", next))).await?;
            all.extend(page.chats);
            next = page.next;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// What is held back.
    pub(super) async fn blocked(&self) -> anyhow::Result<Vec<Held>> {
        let mut all = Vec::new();
        let mut next: Option<i64> = None;
        loop {
            let after = next.map(|next| ("after", next.to_string()));
            let page: Blocked = self.page("blocked", &[], after).await?;
            all.extend(page.blocked);
            next = page.next;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    /// What had been held back and was applied.
    pub(super) async fn applied(
        &self,
        account: Option<&AccountName>,
    ) -> anyhow::Result<Vec<AppliedOperation>> {
        let query: Vec<_> = account.map(|account| ("account", account.to_string())).into_iter().collect();
        let mut all = Vec::new();
        let mut next: Option<i64> = None;
        loop {
            let before = next.map(|next| ("before", next.to_string()));
            let page: Applied = self.page("undo", &query, before).await?;
            all.extend(page.applied);
            next = page.next;
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    async fn page<T: DeserializeOwned>(
        &self,
        what: &str,
        query: &[(&str, String)],
        place: Option<(&str, String)>,
    ) -> anyhow::Result<T> {
        let mut query = query.to_vec();
        query.push(("limit", PAGE.to_string()));
        query.extend(place);
        self.0.get(&["archive", what], &query).await
    }
}
