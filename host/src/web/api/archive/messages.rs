use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{key, store, unknown_chat};
use crate::{
    archive::{Around, ChatKey, FileState, MessagePage, Store, StoreError, Stored, StoredFile, Version},
    model::{AccountName, FileRole, MediaKind, MessageId, PeerId, Scope},
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Limit, Query, Segment},
    },
};

/// One message in plain words.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MessageRow {
    id: MessageId,
    date: Timestamp,
    edited: Option<Timestamp>,
    /// Absent in channels, and mostly in private chats.
    sender: Option<PeerId>,
    /// As it was when the message was first seen, or as the sender is called now.
    sender_name: Option<String>,
    /// The account's own.
    is_outgoing: bool,
    is_pinned: bool,
    /// As Telegram sent it, without its marks.
    text: String,
    media: Option<MediaRow>,
    /// What happened, of a service message: `chat_add_user`, `pin_message`.
    action: Option<String>,
    /// The message that it answers.
    reply_to: Option<MessageId>,
    /// Who wrote it, of a forwarded one.
    forwarded_from: Option<String>,
    /// Since when Telegram has it no more, as far as was seen.
    deleted: Option<Timestamp>,
    /// How many earlier texts there are.
    versions: u32,
}

/// What a message carries besides text.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MediaRow {
    kind: MediaKind,
    /// The file's name, as its sender called it.
    name: Option<String>,
    bytes: Option<i64>,
    seconds: Option<f64>,
    /// `wanted`, `held`, `skipped` or `failed`; absent when it has no file.
    file: Option<&'static str>,
    /// Why it is not held.
    why: Option<String>,
}

/// Rows as people read them: with names, and with what became of the files.
pub(super) async fn rows(
    store: &dyn Store,
    key: &ChatKey,
    stored: Vec<Stored>,
) -> Result<Vec<MessageRow>, StoreError> {
    let with_files = stored.iter().filter(|it| it.message.media.is_some()).map(|it| it.message.id).collect();
    let files = store.files_of(key.clone(), with_files).await?;
    let nameless = |it: &&Stored| it.sender_name.is_none();
    let senders = stored.iter().filter(nameless).filter_map(|it| it.message.sender);
    let forwarded = stored.iter().filter_map(|it| it.message.forward.as_ref()?.from);
    let names = names(store, &key.account, senders.chain(forwarded).collect()).await?;
    Ok(stored.into_iter().map(|stored| row(stored, &names, &files)).collect())
}

async fn names(
    store: &dyn Store,
    account: &AccountName,
    peers: BTreeSet<PeerId>,
) -> Result<BTreeMap<PeerId, String>, StoreError> {
    let (people, chats): (Vec<_>, Vec<_>) = peers.into_iter().partition(|peer| peer.0 > 0);
    let mut names = BTreeMap::new();
    if !people.is_empty() {
        let users = store.users(account.clone(), people).await?;
        names.extend(
            users.into_iter().map(|user| (user.id, user.name())).filter(|(_, name)| !name.is_empty()),
        );
    }
    for chat in chats {
        let found = store.chat(ChatKey { account: account.clone(), chat }).await?;
        names.extend(found.map(|found| (chat, found.chat.title)).filter(|(_, title)| !title.is_empty()));
    }
    Ok(names)
}

fn row(stored: Stored, names: &BTreeMap<PeerId, String>, files: &[StoredFile]) -> MessageRow {
    let Stored { message, sender_name, deleted, versions } = stored;
    let name_of = |peer: PeerId| names.get(&peer).cloned();
    let forward = message.forward.as_deref();
    MessageRow {
        id: message.id,
        date: message.date,
        edited: message.edited.filter(|_| !message.marks.hides_edit),
        sender: message.sender,
        sender_name: sender_name.or_else(|| name_of(message.sender?)).or_else(|| message.signature.clone()),
        is_outgoing: message.marks.is_outgoing,
        is_pinned: message.marks.is_pinned,
        media: message.media.as_ref().map(|media| {
            let file = media.file.as_deref();
            let kept = file.and_then(|file| {
                files.iter().find(|kept| kept.key.id == message.id && kept.key.file == file.id)
            });
            let (state, why) = kept.map(|kept| in_words(&kept.state)).unzip();
            MediaRow {
                kind: media.kind,
                name: file.filter(|file| file.role == FileRole::Main).and_then(|file| file.name.clone()),
                bytes: file.map(|file| file.size_bytes),
                seconds: file.and_then(crate::model::File::seconds),
                file: state,
                why: why.flatten(),
            }
        }),
        action: message.action.as_ref().map(|action| action.name.clone()),
        reply_to: message.reply.as_ref().and_then(|reply| reply.message),
        forwarded_from: forward.map(|forward| {
            let known = forward.from.and_then(name_of).or_else(|| forward.from_name.clone());
            known.or_else(|| forward.from.map(|from| from.to_string())).unwrap_or_default()
        }),
        text: message.text,
        deleted,
        versions,
    }
}

fn in_words(state: &FileState) -> (&'static str, Option<String>) {
    match state {
        FileState::Wanted => ("wanted", None),
        FileState::Held(_) => ("held", None),
        FileState::Skipped { why } => ("skipped", Some(why.clone())),
        FileState::Failed { why } => ("failed", Some(why.clone())),
    }
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessagesQuery {
    /// Default: the account that is meant when none is named.
    account: Option<AccountName>,
    /// Only messages before this one.
    before: Option<MessageId>,
    /// Only messages after this one.
    after: Option<MessageId>,
    /// This message in the middle.
    around: Option<MessageId>,
    /// From the first message at or after this moment on.
    date: Option<Timestamp>,
    /// Only messages of this topic.
    topic: Option<MessageId>,
    /// Only messages of this sender.
    sender: Option<PeerId>,
    /// 1 to 1000; 50 unless given.
    #[param(value_type = Option<i64>)]
    limit: Limit,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MessagesAnswer {
    /// Oldest first.
    messages: Vec<MessageRow>,
    /// What to give as `before` for what is older; null when this is the oldest.
    older: Option<MessageId>,
    /// What to give as `after` for what is newer; null when this is the newest.
    newer: Option<MessageId>,
}

/// Lists the messages of a chat: the newest, or those before, after or around one
///
/// Those that Telegram has no more are among them, marked with the moment.
#[utoipa::path(get, path = "/api/v1/archive/chats/{chat}/messages", tag = "archive",
    params(("chat" = PeerId, Path), MessagesQuery),
    responses((status = 200, body = MessagesAnswer), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(web): State<Web>,
    identity: Identity,
    Segment(chat): Segment<PeerId>,
    Query(query): Query<MessagesQuery>,
) -> Result<Json<MessagesAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let places =
        [query.before.is_some(), query.after.is_some(), query.around.is_some(), query.date.is_some()];
    if places.into_iter().filter(|is_given| *is_given).count() > 1 {
        return Err(Problem::bad_request("`before`, `after`, `around` and `date` exclude one another")
            .fix("Give one of them, or none for the newest messages."));
    }
    let (store, key) = (store(&web).await?, key(&web, chat, query.account.clone()));
    if store.chat(key.clone()).await?.is_none() {
        return Err(unknown_chat(&key));
    }
    let read = Reading { store: &*store, key: &key, query: &query };
    let Stretch { stored, older, newer } = read.stretch().await?;
    Ok(Json(MessagesAnswer { messages: rows(&*store, &key, stored).await?, older, newer }))
}

struct Reading<'a> {
    store: &'a dyn Store,
    key: &'a ChatKey,
    query: &'a MessagesQuery,
}

struct Stretch {
    stored: Vec<Stored>,
    older: Option<MessageId>,
    newer: Option<MessageId>,
}

impl Reading<'_> {
    async fn stretch(&self) -> Result<Stretch, StoreError> {
        let limit = self.query.limit.or(50);
        let Some(middle) = self.query.around else {
            let around = match (self.query.before, self.query.after, self.query.date) {
                (Some(before), _, _) => Around::Before(before),
                (_, Some(after), _) => Around::After(after),
                (_, _, Some(date)) => Around::Date(date),
                _ => Around::End,
            };
            return self.one_way(around, limit).await;
        };
        let after = limit / 2;
        let mut older =
            self.one_way(Around::Before(MessageId(middle.0.saturating_add(1))), limit - after).await?;
        // Not asked for where there is no room: no page is empty by being asked for nothing.
        if after > 0 {
            let newer = self.one_way(Around::After(middle), after).await?;
            older.stored.extend(newer.stored);
            older.newer = newer.newer;
        }
        Ok(older)
    }

    /// One more is asked for than wanted: its being there says that the page is not the last that way.
    async fn one_way(&self, around: Around, limit: usize) -> Result<Stretch, StoreError> {
        let page = MessagePage {
            topic: self.query.topic,
            sender: self.query.sender,
            ..MessagePage::new(around, limit + 1)
        };
        let mut stored = self.store.messages(self.key.clone(), page).await?;
        let has_more = stored.len() > limit;
        let goes_back = matches!(around, Around::End | Around::Before(_));
        if has_more && goes_back {
            stored.remove(0);
        }
        stored.truncate(limit);
        let (first, last) = (stored.first().map(|it| it.message.id), stored.last().map(|it| it.message.id));
        Ok(match around {
            Around::End => Stretch { older: first.filter(|_| has_more), newer: None, stored },
            Around::Before(_) => Stretch { older: first.filter(|_| has_more), newer: last, stored },
            Around::After(_) | Around::Date(_) => {
                Stretch { older: first, newer: last.filter(|_| has_more), stored }
            }
        })
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionsQuery {
    #[serde(default)]
    account: Option<AccountName>,
    /// The message.
    message: MessageId,
}

/// An earlier text of a message.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct VersionRow {
    text: String,
    /// From when on it was the message's text.
    since: Timestamp,
}

impl From<Version> for VersionRow {
    fn from(Version { text, since, .. }: Version) -> Self {
        Self { text, since }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct VersionsAnswer {
    /// Oldest first, without the present one.
    versions: Vec<VersionRow>,
}

/// Lists the earlier texts of a message
#[utoipa::path(get, path = "/api/v1/archive/chats/{chat}/versions", tag = "archive",
    params(("chat" = PeerId, Path), VersionsQuery),
    responses((status = 200, body = VersionsAnswer), (status = 404, body = Problem)))]
pub(crate) async fn versions(
    State(web): State<Web>,
    identity: Identity,
    Segment(chat): Segment<PeerId>,
    Query(query): Query<VersionsQuery>,
) -> Result<Json<VersionsAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let (store, key) = (store(&web).await?, key(&web, chat, query.account));
    let versions = store.versions(key, query.message).await?;
    Ok(Json(VersionsAnswer { versions: versions.into_iter().map(VersionRow::from).collect() }))
}
