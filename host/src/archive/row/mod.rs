//! A message as a row: columns for what is asked for, one JSON text for all the rest.
//!
//! Promise: message to row to message is the same message, whatever it holds. Telegram counts whole
//! seconds, and so do rows.

mod short;
mod sum;

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::short::Packed;
#[cfg(test)]
pub(crate) use self::short::pieces;
pub(crate) use self::sum::{SUM, Soundness, Words, sealed, soundness, spoilt, without_sum};
use super::store::StoreError;
use crate::model::{
    Action, BarePeer, Comments, Entity, Extra, FactCheck, Forward, Marks, Media, MediaKind, Message,
    MessageId, PeerId, Reactions, Reply, Restriction,
};

/// What both engines keep of a message itself. What the archive adds (the sender's name, a deletion)
/// has columns of its own. `D` is how an engine keeps the detail.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row<'a, D = String> {
    pub(crate) id: i32,
    /// Unix seconds.
    pub(crate) date: i64,
    pub(crate) edited: Option<i64>,
    pub(crate) sender: Option<i64>,
    pub(crate) text: Cow<'a, str>,
    /// See [`Flag`]. Without the checksum, unless it was read or is about to be written.
    pub(crate) flags: i32,
    pub(crate) reply_to: Option<i32>,
    pub(crate) topic: Option<i32>,
    pub(crate) album: Option<i64>,
    pub(crate) views: Option<i32>,
    pub(crate) forwards: Option<i32>,
    /// See [`media_code`].
    pub(crate) media: Option<i32>,
    pub(crate) action: Option<Cow<'a, str>>,
    /// None when the columns say it all.
    pub(crate) detail: Option<D>,
}

/// The bits of the column `flags`. Those from 16 to 30 are the row's checksum ([`sum`]): whoever asks for a flag asks for its
/// bit alone, as the views and the indexes of both engines do.
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub(crate) enum Flag {
    Outgoing = 1,
    Pinned = 1 << 1,
    Post = 1 << 2,
    Silent = 1 << 3,
    Mention = 1 << 4,
    MediaUnread = 1 << 5,
    FromScheduled = 1 << 6,
    HidesEdit = 1 << 7,
    Protected = 1 << 8,
    CaptionAbove = 1 << 9,
    /// Its id is of the one count that an account's private chats and basic groups share.
    SharedCount = 1 << 10,
    /// It answers within a topic, which the columns `reply_to` and `topic` tell.
    InTopic = 1 << 11,
}

/// All that has no column, by the names of `model::Message`.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Detail<'a> {
    #[serde(skip_serializing_if = "is_empty")]
    entities: Cow<'a, [Entity]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<Cow<'a, Media>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Cow<'a, Action>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<Cow<'a, Reply>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward: Option<Cow<'a, Forward>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reactions: Option<Cow<'a, Reactions>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comments: Option<Cow<'a, Comments>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    via_bot: Option<PeerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved_peer: Option<PeerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fact_check: Option<Cow<'a, FactCheck>>,
    #[serde(skip_serializing_if = "is_empty")]
    restrictions: Cow<'a, [Restriction]>,
    #[serde(skip_serializing_if = "has_nothing")]
    extra: Cow<'a, Extra>,
}

#[expect(clippy::ptr_arg, reason = "serde asks for the field's own type")]
fn is_empty<T: Clone>(list: &Cow<'_, [T]>) -> bool {
    list.is_empty()
}

#[expect(clippy::ptr_arg, reason = "serde asks for the field's own type")]
fn has_nothing(extra: &Cow<'_, Extra>) -> bool {
    extra.is_empty()
}

impl<'a> Row<'a> {
    /// With `detail` as `model` spells it.
    pub(crate) fn of(message: &'a Message) -> Self {
        Self::with(message, |detail| Some(json(detail)).filter(|text| text != "{}"))
    }

    /// Of a row that [`Self::of`] has made.
    pub(crate) fn into_message(self, chat: PeerId) -> Result<Message, StoreError> {
        let detail: Detail<'static> = match &self.detail {
            None => short::bare(self.kind(chat)?),
            Some(text) => serde_json::from_str(text).map_err(|error| self.wrong_detail(chat, &error))?,
        };
        self.with_detail(chat, detail)
    }
}

impl<'a> Row<'a, Packed<'a>> {
    /// With `detail` in few bytes: see [`short`].
    pub(crate) fn short(message: &'a Message) -> Self {
        let date = message.date.as_second();
        Self::with(message, |detail| short::encode(detail, date))
    }

    /// Of a row that [`Self::short`] has made.
    pub(crate) fn into_message_from_short(self, chat: PeerId) -> Result<Message, StoreError> {
        let kind = self.kind(chat)?;
        let detail = match &self.detail {
            None => short::bare(kind),
            Some(packed) => {
                short::decode(packed, kind, self.date).map_err(|error| self.wrong_detail(chat, &error))?
            }
        };
        self.with_detail(chat, detail)
    }
}

impl<'a, D> Row<'a, D> {
    fn with(message: &'a Message, encode: impl FnOnce(&Detail<'_>) -> Option<D>) -> Self {
        // Taken apart without `..`, so that a new field does not compile before it has a place.
        let Message {
            id,
            chat,
            date,
            edited,
            sender,
            text,
            entities,
            marks,
            media,
            action,
            reply,
            forward,
            reactions,
            comments,
            views,
            forwards,
            album,
            signature,
            via_bot,
            saved_peer,
            ttl_seconds,
            effect,
            fact_check,
            restrictions,
            extra,
        } = message;
        let place = reply.as_deref().map(ReplyPlace::of).unwrap_or_default();
        let detail = Detail {
            entities: Cow::Borrowed(entities),
            media: media.as_deref().map(Cow::Borrowed),
            action: action
                .as_deref()
                .filter(|action| **action != bare_action(&action.name))
                .map(Cow::Borrowed),
            reply: reply
                .as_deref()
                .filter(|reply| !place.is_some() || **reply != place.to_reply())
                .map(Cow::Borrowed),
            forward: forward.as_deref().map(Cow::Borrowed),
            reactions: reactions.as_deref().filter(|all| !all.counts.is_empty()).map(Cow::Borrowed),
            comments: comments.as_deref().map(Cow::Borrowed),
            signature: signature.as_deref().map(Cow::Borrowed),
            via_bot: *via_bot,
            saved_peer: *saved_peer,
            ttl_seconds: *ttl_seconds,
            effect: *effect,
            fact_check: fact_check.as_deref().map(Cow::Borrowed),
            restrictions: Cow::Borrowed(restrictions),
            extra: Cow::Borrowed(extra),
        };
        let in_topic = if place.is_in_topic { Flag::InTopic as i32 } else { 0 };
        Row {
            id: id.0,
            date: date.as_second(),
            edited: edited.map(Timestamp::as_second),
            sender: sender.map(|sender| sender.0),
            text: Cow::Borrowed(text),
            flags: flags(*marks, *chat) | in_topic,
            reply_to: place.message,
            topic: message.topic().map(|topic| topic.0),
            album: *album,
            views: *views,
            forwards: *forwards,
            media: media.as_ref().map(|media| media_code(media.kind)),
            action: action.as_ref().map(|action| Cow::Borrowed(action.name.as_str())),
            detail: encode(&detail),
        }
    }

    fn kind(&self, chat: PeerId) -> Result<Option<MediaKind>, StoreError> {
        let unknown = || self.damaged(chat, "it carries something that this version does not know");
        self.media.map(|code| media_kind(code).ok_or_else(unknown)).transpose()
    }

    fn with_detail(self, chat: PeerId, detail: Detail<'static>) -> Result<Message, StoreError> {
        let date =
            Timestamp::from_second(self.date).map_err(|_| self.damaged(chat, "its date is impossible"))?;
        let edited = self.edited.map(Timestamp::from_second).transpose();
        let edited = edited.map_err(|_| self.damaged(chat, "the date of its edit is impossible"))?;
        let is_in_topic = self.flags & Flag::InTopic as i32 != 0;
        let place = ReplyPlace { message: self.reply_to, topic: self.topic, is_in_topic };
        let reply = detail.reply.map(Cow::into_owned).or_else(|| place.is_some().then(|| place.to_reply()));
        let action = detail.action.map(Cow::into_owned);
        Ok(Message {
            id: MessageId(self.id),
            chat,
            date,
            edited,
            sender: self.sender.map(PeerId),
            text: self.text.into_owned(),
            entities: detail.entities.into_owned(),
            marks: marks(self.flags),
            media: detail.media.map(|media| Box::new(media.into_owned())),
            action: action.or_else(|| self.action.map(|name| bare_action(&name))).map(Box::new),
            reply: reply.map(Box::new),
            forward: detail.forward.map(|forward| Box::new(forward.into_owned())),
            reactions: detail.reactions.map(|reactions| Box::new(reactions.into_owned())),
            comments: detail.comments.map(|comments| Box::new(comments.into_owned())),
            views: self.views,
            forwards: self.forwards,
            album: self.album,
            signature: detail.signature.map(Cow::into_owned),
            via_bot: detail.via_bot,
            saved_peer: detail.saved_peer,
            ttl_seconds: detail.ttl_seconds,
            effect: detail.effect,
            fact_check: detail.fact_check.map(|check| Box::new(check.into_owned())),
            restrictions: detail.restrictions.into_owned(),
            extra: detail.extra.into_owned(),
        })
    }

    fn wrong_detail(&self, chat: PeerId, error: &serde_json::Error) -> StoreError {
        self.damaged(chat, &format!("its detail is not what it should be: {error}"))
    }

    fn damaged(&self, chat: PeerId, what: &str) -> StoreError {
        StoreError::Damaged { reason: format!("message {} of the chat {chat}: {what}", self.id) }
    }
}

/// What of an answer fits into the columns. Most answers fit whole.
#[derive(Clone, Copy, Debug, Default)]
struct ReplyPlace {
    message: Option<i32>,
    topic: Option<i32>,
    is_in_topic: bool,
}

impl ReplyPlace {
    fn of(reply: &Reply) -> Self {
        let topic = reply.thread.or(reply.message).filter(|_| reply.is_in_topic);
        Self {
            message: reply.message.map(|id| id.0),
            topic: topic.map(|id| id.0),
            is_in_topic: reply.is_in_topic,
        }
    }

    fn is_some(self) -> bool {
        self.message.is_some() || self.topic.is_some() || self.is_in_topic
    }

    /// The answer that says no more than this.
    fn to_reply(self) -> Reply {
        Reply {
            message: self.message.map(MessageId),
            thread: self.topic.filter(|topic| self.message != Some(*topic)).map(MessageId),
            is_in_topic: self.is_in_topic,
            ..Reply::default()
        }
    }
}

fn bare_action(name: &str) -> Action {
    Action {
        name: name.to_owned(),
        users: Vec::new(),
        title: None,
        migration: None,
        photo: None,
        extra: Extra::default(),
    }
}

fn flags(marks: Marks, chat: PeerId) -> i32 {
    let Marks {
        is_outgoing,
        is_pinned,
        is_post,
        is_silent,
        is_mention,
        is_media_unread,
        is_from_scheduled,
        hides_edit,
        is_protected,
        has_caption_above,
    } = marks;
    [
        (is_outgoing, Flag::Outgoing),
        (is_pinned, Flag::Pinned),
        (is_post, Flag::Post),
        (is_silent, Flag::Silent),
        (is_mention, Flag::Mention),
        (is_media_unread, Flag::MediaUnread),
        (is_from_scheduled, Flag::FromScheduled),
        (hides_edit, Flag::HidesEdit),
        (is_protected, Flag::Protected),
        (has_caption_above, Flag::CaptionAbove),
        (has_shared_count(chat), Flag::SharedCount),
    ]
    .into_iter()
    .map(|(is_set, flag)| if is_set { flag as i32 } else { 0 })
    .sum()
}

fn marks(flags: i32) -> Marks {
    let has = |flag: Flag| flags & flag as i32 != 0;
    Marks {
        is_outgoing: has(Flag::Outgoing),
        is_pinned: has(Flag::Pinned),
        is_post: has(Flag::Post),
        is_silent: has(Flag::Silent),
        is_mention: has(Flag::Mention),
        is_media_unread: has(Flag::MediaUnread),
        is_from_scheduled: has(Flag::FromScheduled),
        hides_edit: has(Flag::HidesEdit),
        is_protected: has(Flag::Protected),
        has_caption_above: has(Flag::CaptionAbove),
    }
}

/// Whether messages of this chat are counted together with those of the account's other chats.
pub(crate) fn has_shared_count(chat: PeerId) -> bool {
    !matches!(chat.bare(), BarePeer::Channel(_))
}

/// By their numbers. New kinds come last, and numbers never change: archives hold them.
const MEDIA: [MediaKind; 25] = [
    MediaKind::Photo,
    MediaKind::Video,
    MediaKind::VideoNote,
    MediaKind::Animation,
    MediaKind::Voice,
    MediaKind::Audio,
    MediaKind::Sticker,
    MediaKind::Document,
    MediaKind::Contact,
    MediaKind::Place,
    MediaKind::LivePlace,
    MediaKind::Venue,
    MediaKind::Poll,
    MediaKind::WebPage,
    MediaKind::Game,
    MediaKind::Invoice,
    MediaKind::Dice,
    MediaKind::Story,
    MediaKind::Giveaway,
    MediaKind::GiveawayResults,
    MediaKind::Paid,
    MediaKind::ToDo,
    MediaKind::VideoStream,
    MediaKind::Unsupported,
    MediaKind::Empty,
];

/// The number of a kind of media in the column `media`.
pub(crate) const fn media_code(kind: MediaKind) -> i32 {
    kind as i32
}

/// A detail that is spelt out, as archives of the fourth schema had it.
pub(crate) fn shortened(detail: &str, date: i64) -> Result<Option<String>, serde_json::Error> {
    let detail: Detail<'static> = serde_json::from_str(detail)?;
    Ok(short::encode_as_text(&detail, date))
}

/// A detail of the fourth schema, as it is now.
pub(crate) fn packed(
    detail: &str,
    media: Option<i32>,
    date: i64,
) -> Result<Option<Packed<'static>>, serde_json::Error> {
    let unknown = || serde::de::Error::custom("it carries something that this version does not know");
    let kind = media.map(|code| media_kind(code).ok_or_else(unknown)).transpose()?;
    Ok(short::encode(&short::decode_text(detail, kind, date)?, date))
}

/// The poll that a packed detail tells of.
pub(crate) fn poll_in(packed: &Packed<'_>) -> Option<i64> {
    short::poll_in(packed)
}

fn media_kind(code: i32) -> Option<MediaKind> {
    MEDIA.get(usize::try_from(code).ok()?).copied()
}

/// Number and name of every kind, as the views have them.
#[cfg(test)]
pub(crate) fn media_names() -> impl Iterator<Item = (i32, &'static str)> {
    MEDIA.iter().map(|kind| (media_code(*kind), kind.as_str()))
}

/// Our own types always have a form in JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain types have a form in JSON")
}

/// How many bits of a moment tell messages of the same second apart.
const TIE_BITS: u32 = 22;

/// The place of a message on the one time line of the whole archive: its second, and within it first
/// of all its id. Where two chats meet on the same place, the later one takes the next that is free.
pub(crate) fn moment(date: i64, id: i32) -> i64 {
    (date << TIE_BITS) | (i64::from(id) & ((1 << TIE_BITS) - 1))
}

/// The first whole second that is not before it.
pub(crate) fn ceiling(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

/// The first moment of a second, for ranges.
pub(crate) fn first_moment(date: i64) -> i64 {
    date << TIE_BITS
}

pub(crate) fn date_of(moment: i64) -> i64 {
    moment >> TIE_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::testing::worlds;

    fn assert_round_trip(message: &Message) {
        let row = Row::of(message);
        assert_eq!(&row.clone().into_message(message.chat).unwrap(), message, "{row:?}");
        let row = Row::short(message);
        assert_eq!(&row.clone().into_message_from_short(message.chat).unwrap(), message, "{row:?}");
    }

    #[test]
    fn every_message_of_a_world_comes_back_the_same() {
        let messages = worlds::everything(3, 6_000);
        assert!(messages.len() > 5_000);
        messages.iter().for_each(assert_round_trip);
        let bare = messages.iter().filter(|message| Row::of(message).detail.is_none()).count();
        assert!(bare * 3 > messages.len(), "plain talk needs no detail: {bare} of {}", messages.len());
    }

    #[test]
    fn answers_come_back_whatever_they_say() {
        let ids = [None, Some(MessageId(7)), Some(MessageId(9))];
        for message in ids {
            for thread in ids {
                for is_in_topic in [false, true] {
                    for quote_text in [None, Some("so".to_owned())] {
                        let reply = Reply { message, thread, is_in_topic, quote_text, ..Reply::default() };
                        let mut message = worlds::plain(PeerId::channel(5), 11, "yes");
                        message.reply = Some(Box::new(reply));
                        assert_round_trip(&message);
                    }
                }
            }
        }
    }

    #[test]
    fn every_mark_has_a_bit_of_its_own() {
        for bit in 0..10 {
            let one = marks(1 << bit);
            assert_eq!(flags(one, PeerId::channel(1)), 1 << bit);
            assert_ne!(one, Marks::default());
        }
        assert_eq!(flags(Marks::default(), PeerId::group(1)), Flag::SharedCount as i32);
    }

    #[test]
    fn numbers_of_media_are_their_places() {
        for (place, (code, name)) in media_names().enumerate() {
            assert_eq!(usize::try_from(code).unwrap(), place, "{name}");
        }
    }

    #[test]
    fn moments_sort_by_second_and_then_by_id() {
        assert!(moment(5, i32::MAX) < moment(6, 1));
        assert!(moment(-5, 9) < moment(-4, 1) && moment(-5, 9) > moment(-5, 8));
        assert_eq!(date_of(moment(-5, 9)), -5);
        assert_eq!(date_of(moment(1_767_225_600, 4_000_000)), 1_767_225_600);
        assert!(first_moment(7) <= moment(7, 0) && moment(7, i32::MAX) < first_moment(8));
    }

    #[test]
    fn a_damaged_detail_names_its_message() {
        let message = worlds::plain(PeerId::user(5), 11, "yes");
        let row = Row { detail: Some("{\"media\":3}".into()), ..Row::of(&message) };
        let told = row.into_message(message.chat).unwrap_err().to_string();
        assert!(told.contains("message 11 of the chat 5"), "{told}");
    }
}
