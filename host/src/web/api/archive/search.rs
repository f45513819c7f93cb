use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    messages::{MessageRow, rows},
    store, titles,
};
use crate::{
    archive::{ChatKey, SearchQuery, Store, StoreError, Stored},
    model::{AccountName, MediaKind, PeerId, Scope},
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Limit, Query},
    },
};

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Words that must all be there, in any script, whole or in part; `"in quotes"` in this order.
    q: String,
    /// Only messages of this account.
    account: Option<AccountName>,
    /// Only messages of this chat.
    chat: Option<PeerId>,
    /// Only messages of this sender.
    sender: Option<PeerId>,
    /// Only messages of this moment or later.
    from: Option<Timestamp>,
    /// Only earlier messages.
    to: Option<Timestamp>,
    /// Only messages with media of this kind.
    media: Option<MediaKind>,
    /// Only messages with a link.
    has_link: bool,
    /// What `next` of the page before said.
    before: Option<i64>,
    /// 1 to 1000; 50 unless given.
    #[param(value_type = Option<i64>)]
    limit: Limit,
}

impl Wanted {
    fn is_nothing(&self) -> bool {
        self.q.trim().is_empty()
            && self.chat.is_none()
            && self.sender.is_none()
            && self.from.is_none()
            && self.to.is_none()
            && self.media.is_none()
            && !self.has_link
    }
}

/// A message that was found, and where.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FoundRow {
    account: AccountName,
    chat: PeerId,
    chat_title: Option<String>,
    #[serde(flatten)]
    message: MessageRow,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SearchAnswer {
    /// Newest first.
    found: Vec<FoundRow>,
    /// What to give as `before` for what is older.
    next: Option<i64>,
}

/// Searches all that is archived, newest first
///
/// What was archived a moment ago may not be found yet: `unindexed` of the archive's figures says how much.
#[utoipa::path(get, path = "/api/v1/archive/search", tag = "archive", params(Wanted),
    responses((status = 200, body = SearchAnswer), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn search(
    State(web): State<Web>,
    identity: Identity,
    Query(wanted): Query<Wanted>,
) -> Result<Json<SearchAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let store = store(&web).await?;
    if wanted.is_nothing() {
        return Err(Problem::bad_request("the search asks for nothing")
            .fix("Give words as `q`, or a `chat`, a `sender`, a time or a kind of `media`."));
    }
    let query = SearchQuery {
        text: wanted.q,
        account: wanted.account,
        chat: wanted.chat,
        sender: wanted.sender,
        from: wanted.from,
        to: wanted.to,
        media: wanted.media,
        has_link: wanted.has_link,
        before: wanted.before,
        limit: wanted.limit.or(50),
    };
    let page = store.search(query).await?;
    let found = page.found.into_iter().map(|found| {
        let key = ChatKey { account: found.account, chat: found.stored.message.chat };
        (key, found.stored)
    });
    Ok(Json(SearchAnswer { found: found_rows(&*store, found.collect()).await?, next: page.next }))
}

/// In the order in which they were found, though each chat is asked for its own at once.
async fn found_rows(store: &dyn Store, found: Vec<(ChatKey, Stored)>) -> Result<Vec<FoundRow>, StoreError> {
    let keys: BTreeSet<ChatKey> = found.iter().map(|(key, _)| key.clone()).collect();
    let titles = titles(store, keys).await?;
    let mut by_chat: BTreeMap<ChatKey, Vec<(usize, Stored)>> = BTreeMap::new();
    for (place, (key, stored)) in found.into_iter().enumerate() {
        by_chat.entry(key).or_default().push((place, stored));
    }
    let mut placed = BTreeMap::new();
    for (key, stored) in by_chat {
        let (places, stored): (Vec<_>, Vec<_>) = stored.into_iter().unzip();
        let title = titles.get(&key).filter(|title| !title.is_empty());
        for (place, message) in places.into_iter().zip(rows(store, &key, stored).await?) {
            let (account, chat) = (key.account.clone(), key.chat);
            placed.insert(place, FoundRow { account, chat, chat_title: title.cloned(), message });
        }
    }
    Ok(placed.into_values().collect())
}
