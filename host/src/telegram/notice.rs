//! A message that is edited where others would send the next one, and that may be pinned.

use std::fmt;

use grammers_tl_types::{enums as tl, functions as f, types};

use super::{
    Client, Error,
    upload::{Content, Post, SendError, Sends},
};
use crate::{
    clock::SharedClock,
    model::{BarePeer, LinkedText, MessageId, PeerId},
    state::State,
};

/// One account's. Cheap to clone.
#[derive(Clone)]
pub struct Notices {
    client: Client,
    sends: Sends,
}

/// What became of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// The message says this now, or said it before.
    Done,
    /// There is no such message any more.
    Gone,
    /// It is there, and too old to be changed.
    TooOld,
}

impl Notices {
    pub fn new(client: Client, state: State, clock: SharedClock) -> Self {
        let sends = Sends::new(client.clone(), state, clock);
        Self { client, sends }
    }

    /// Saved Messages.
    pub fn own_chat(&self) -> Result<PeerId, Error> {
        let me = self.client.session().me();
        let me = me.ok_or_else(|| Error::LoggedOut { reason: "NOBODY".into() })?;
        Ok(PeerId::user(me.id))
    }

    /// Sends it without a sound, once for each `intent`.
    pub async fn send(
        &self,
        intent: &str,
        chat: PeerId,
        text: &LinkedText,
        has_preview: bool,
    ) -> Result<MessageId, SendError> {
        let post = Post {
            chat,
            content: Content::Text { has_preview },
            caption: text.text.clone(),
            entities: entities(text),
            is_silent: true,
        };
        self.sends.send(intent, &post).await
    }

    /// Forgets an intent whose message is noted elsewhere or gone.
    pub fn forget(&self, intent: &str) -> Result<(), SendError> {
        self.sends.forget(intent)
    }

    pub async fn edit(
        &self,
        chat: PeerId,
        id: MessageId,
        text: &LinkedText,
        has_preview: bool,
    ) -> Result<Edited, Error> {
        let call = f::messages::EditMessage {
            no_webpage: !has_preview,
            invert_media: false,
            peer: self.client.input_peer(chat).await?,
            id: id.0,
            message: Some(text.text.clone()),
            media: None,
            reply_markup: None,
            entities: Some(entities(text)).filter(|entities| !entities.is_empty()),
            schedule_date: None,
            schedule_repeat_period: None,
            quick_reply_shortcut_id: None,
            rich_message: None,
        };
        match self.client.invoke(&call).await {
            Ok(_) => Ok(Edited::Done),
            Err(error) if error.is("MESSAGE_NOT_MODIFIED") => Ok(Edited::Done),
            Err(error) if error.is("MESSAGE_ID_INVALID") => Ok(Edited::Gone),
            Err(error) if error.is("MESSAGE_EDIT_TIME_EXPIRED") => Ok(Edited::TooOld),
            Err(error) => Err(error),
        }
    }

    /// Without telling anybody. Says whether it is there to be pinned.
    pub async fn pin(&self, chat: PeerId, id: MessageId) -> Result<bool, Error> {
        let call = f::messages::UpdatePinnedMessage {
            silent: true,
            unpin: false,
            pm_oneside: matches!(chat.bare(), BarePeer::User(_)),
            peer: self.client.input_peer(chat).await?,
            id: id.0,
        };
        match self.client.invoke(&call).await {
            Ok(_) => Ok(true),
            Err(error) if error.is("CHAT_NOT_MODIFIED") => Ok(true),
            Err(error) if error.is("MESSAGE_ID_INVALID") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// For everybody; one that is gone already does no harm.
    pub async fn delete(&self, chat: PeerId, message: MessageId) -> Result<(), Error> {
        let id = vec![message.0];
        match chat.bare() {
            BarePeer::Channel(_) => {
                let channel = self.client.input_channel(chat).await?;
                self.client.invoke(&f::channels::DeleteMessages { channel, id }).await.map(drop)
            }
            BarePeer::User(_) | BarePeer::Group(_) => {
                self.client.invoke(&f::messages::DeleteMessages { revoke: true, id }).await.map(drop)
            }
        }
    }
}

fn entities(text: &LinkedText) -> Vec<tl::MessageEntity> {
    let number = |units: usize| i32::try_from(units).unwrap_or(i32::MAX);
    let link = text.link.as_ref().map(|link| {
        let (offset, length) = (number(link.start), number(link.length));
        types::MessageEntityTextUrl { offset, length, url: link.url.clone() }.into()
    });
    link.into_iter().collect()
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notices").field("client", &self.client).finish_non_exhaustive()
    }
}
