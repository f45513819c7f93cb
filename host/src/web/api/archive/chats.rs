use std::{
    collections::{BTreeMap, HashMap},
    str::FromStr,
};

use axum::{Json, extract::State};
use serde::{Deserialize, Deserializer, Serialize};

use super::{key, store, unknown_chat};
use crate::{
    archive::{ChatFigures, ChatKey, ChatOrder, ChatsPage, Store, StoreError, StoredChat},
    model::{AccountName, ChatKind, MessageId, PeerId, Scope},
    web::{
        Web,
        api::profile::OfAccount,
        auth::Identity,
        error::Problem,
        extract::{Limit, Query, Segment},
    },
};

/// One chat: how much there is of it, and how far it was read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ChatRow {
    account: AccountName,
    id: PeerId,
    kind: ChatKind,
    /// Empty where Telegram tells none, such as of deleted accounts.
    title: String,
    /// Its main public name.
    username: Option<String>,
    /// It lies in the folder of archived chats, at Telegram.
    is_archived: bool,
    is_pinned: bool,
    is_forum: bool,
    /// The account is not in it any more.
    is_left: bool,
    /// The supergroup that it has become.
    moved_to: Option<PeerId>,
    /// The sweep has everything up to this message.
    cursor: Option<MessageId>,
    /// A sweep has come to its newest message at least once.
    is_read_to_end: bool,
    /// Telegram's number of its picture, if that is archived: `/picture` gives it.
    photo: Option<i64>,
    figures: ChatFigures,
}

impl ChatRow {
    /// One question for the pictures of each account, however many chats there are.
    async fn read(store: &dyn Store, chats: Vec<StoredChat>) -> Result<Vec<Self>, StoreError> {
        let mut peers: BTreeMap<AccountName, Vec<PeerId>> = BTreeMap::new();
        for stored in &chats {
            peers.entry(stored.account.clone()).or_default().push(stored.chat.id);
        }
        let mut photos = HashMap::new();
        for (account, peers) in peers {
            for (chat, avatar) in store.newest_avatars(account.clone(), peers).await? {
                photos.insert(ChatKey { account: account.clone(), chat }, avatar.photo);
            }
        }
        let photo = |stored: &StoredChat| {
            photos.get(&ChatKey { account: stored.account.clone(), chat: stored.chat.id }).copied()
        };
        Ok(chats.into_iter().map(|stored| Self::new(photo(&stored), stored)).collect())
    }

    fn new(photo: Option<i64>, stored: StoredChat) -> Self {
        let StoredChat { account, chat, is_archived, is_pinned, cursor, is_read_to_end, figures } = stored;
        Self {
            account,
            id: chat.id,
            kind: chat.kind,
            username: chat.usernames.into_iter().next(),
            title: chat.title,
            is_archived,
            is_pinned,
            is_forum: chat.is_forum,
            is_left: chat.is_left,
            moved_to: chat.moved_to,
            cursor,
            is_read_to_end,
            photo,
            figures,
        }
    }
}

/// A chat of an account as one word: `main:-1001234567890`.
#[derive(Clone, Debug)]
struct Place(ChatKey);

impl FromStr for Place {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (account, chat) = text.split_once(':').ok_or_else(|| {
            let text: String = text.chars().take(80).collect();
            format!("`{text}` is no place in the list: give what `next` of the page before said")
        })?;
        let account = account.parse().map_err(|error: crate::model::InvalidName| error.to_string())?;
        let chat = chat.parse().map_err(|error: crate::model::InvalidPeerId| error.to_string())?;
        Ok(Self(ChatKey { account, chat }))
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// The one with the newest message first.
    #[default]
    Activity,
    Title,
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChatsQuery {
    /// Only chats of this account.
    account: Option<AccountName>,
    /// Only chats with this in their title or public name, in any case and script.
    title: String,
    /// `activity` (the newest message first) or `title`. Default: `activity`.
    #[param(value_type = Option<String>)]
    order: Order,
    /// What `next` of the page before said.
    #[param(value_type = Option<String>)]
    after: Option<Place>,
    /// 1 to 1000; 50 unless given.
    #[param(value_type = Option<i64>)]
    limit: Limit,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ChatsAnswer {
    chats: Vec<ChatRow>,
    /// What to give as `after` for the next page.
    next: Option<String>,
}

/// Lists the chats that are archived, with how much there is of each
#[utoipa::path(get, path = "/api/v1/archive/chats", tag = "archive", params(ChatsQuery),
    responses((status = 200, body = ChatsAnswer), (status = 404, description = "Nothing was archived yet", body = Problem)))]
pub(crate) async fn list(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<ChatsQuery>,
) -> Result<Json<ChatsAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let limit = query.limit.or(50);
    let title = query.title.trim();
    let page = ChatsPage {
        account: query.account,
        title: (!title.is_empty()).then(|| title.to_owned()),
        order: match query.order {
            Order::Activity => ChatOrder::Activity,
            Order::Title => ChatOrder::Title,
        },
        after: query.after.map(|Place(key)| key),
        limit: limit + 1,
    };
    let store = store(&web).await?;
    let mut chats = store.chats(page).await?;
    let has_more = chats.len() > limit;
    chats.truncate(limit);
    let place = |last: &StoredChat| format!("{}:{}", last.account, last.chat.id);
    let next = chats.last().map(place).filter(|_| has_more);
    Ok(Json(ChatsAnswer { chats: ChatRow::read(&*store, chats).await?, next }))
}

/// Shows one archived chat
#[utoipa::path(get, path = "/api/v1/archive/chats/{chat}", tag = "archive",
    params(("chat" = PeerId, Path, description = "As Telegram's bots know it: -1001234567890 is a channel or supergroup"), OfAccount),
    responses((status = 200, body = ChatRow), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(web): State<Web>,
    identity: Identity,
    Segment(chat): Segment<PeerId>,
    Query(query): Query<OfAccount>,
) -> Result<Json<ChatRow>, Problem> {
    identity.needs(Scope::Read)?;
    let (store, key) = (store(&web).await?, key(&web, chat, query.account));
    let stored = store.chat(key.clone()).await?.ok_or_else(|| unknown_chat(&key))?;
    let rows = ChatRow::read(&*store, vec![stored]).await?;
    Ok(Json(rows.into_iter().next().ok_or_else(|| unknown_chat(&key))?))
}
