//! What exporters are told of messages besides: what they answer, their earlier texts, who wrote them then.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{error::ExportError, people::Acquaintances};
use crate::{
    archive::{ChatKey, Store, Stored, StoredChat},
    model::{Message, MessageId},
    plugin_host::Archived,
};

/// Letters of an answered message that are told.
const BEGINNING: usize = 160;

/// Facts that cost something, and whether an exporter reads them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wants {
    pub(super) replied: bool,
    pub(super) versions: bool,
    /// All that has no column of its own.
    pub(super) details: bool,
}

pub(super) async fn archived(
    store: &dyn Store,
    chat: &StoredChat,
    page: Vec<Stored>,
    wants: Wants,
    people: &Acquaintances,
) -> Result<(Vec<Message>, Vec<Archived>), ExportError> {
    let key = ChatKey { account: chat.account.clone(), chat: chat.chat.id };
    let answered = match wants.replied {
        true => find_answered(store, &key, chat, &page, people).await?,
        false => HashMap::new(),
    };
    let mut messages = Vec::with_capacity(page.len());
    let mut archived = Vec::with_capacity(page.len());
    for Stored { message, sender_name, deleted, versions } in page {
        let versions = match wants.versions && versions > 0 {
            true => json!(store.versions(key.clone(), message.id).await?),
            false => Value::Null,
        };
        let replied = reply(&message).and_then(|id| answered.get(&id)).cloned().unwrap_or_default();
        archived.push(Archived { sender_name, deleted, versions, replied });
        messages.push(message);
    }
    Ok((messages, archived))
}

/// The message of the same chat that it answers.
fn reply(message: &Message) -> Option<MessageId> {
    let reply = message.reply.as_ref().filter(|reply| reply.chat.is_none())?;
    // What begins a topic is no answer to the topic.
    let is_topic = reply.is_in_topic && reply.thread.is_none();
    reply.message.filter(|_| !is_topic)
}

async fn find_answered(
    store: &dyn Store,
    key: &ChatKey,
    chat: &StoredChat,
    page: &[Stored],
    people: &Acquaintances,
) -> Result<HashMap<MessageId, Value>, ExportError> {
    let mut wanted: Vec<MessageId> = page.iter().filter_map(|stored| reply(&stored.message)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut told = HashMap::with_capacity(wanted.len());
    // The page is in the order of its ids.
    let here =
        |id: &MessageId| page.binary_search_by_key(id, |stored| stored.message.id).ok().map(|at| &page[at]);
    let elsewhere: Vec<MessageId> = wanted.iter().filter(|id| here(id).is_none()).copied().collect();
    for stored in wanted.iter().filter_map(here) {
        told.insert(stored.message.id, beginning(stored, chat, people));
    }
    if !elsewhere.is_empty() {
        for stored in store.by_id(key.clone(), elsewhere).await? {
            told.insert(stored.message.id, beginning(&stored, chat, people));
        }
    }
    Ok(told)
}

fn beginning(stored: &Stored, chat: &StoredChat, people: &Acquaintances) -> Value {
    let message = &stored.message;
    let of_chat =
        || (!message.marks.is_outgoing || message.marks.is_post).then_some(chat.chat.title.as_str());
    let known = message.sender.and_then(|id| people.name(id)).or(stored.sender_name.as_deref());
    let name = match message.sender {
        Some(_) => known,
        None => known.or_else(of_chat),
    };
    let mut value = json!({
        "id": message.id,
        "sender": message.sender.unwrap_or(chat.chat.id),
        "name": name.unwrap_or_default(),
        "text": message.text.chars().take(BEGINNING).collect::<String>(),
    });
    if let Some(media) = &message.media {
        value["media"] = media.kind.as_str().into();
    }
    value
}
