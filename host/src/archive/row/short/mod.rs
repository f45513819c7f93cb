//! The rest of a message as SQLite keeps it: JSON that people can read, without what takes most of the room.
//!
//! Promise: whatever [`encode`] writes, [`decode`] reads back the same. What people send every day has a short form;
//! all the rest stands as `model` spells it, in the same place.
//!
//! - `marks`: `[offset, length, "bold"]`, with a fourth field for what some kinds carry.
//! - `file`, the one that the message is about, and `media.more`, others: a photo's size in bytes and in pixels is that of
//!   its largest picture; `date` is missing where it is the message's own. What a download needs and small pictures
//!   stand behind the text, as bytes.
//! - `reactions`: `["👍", 3]`; a custom emoji is its number, a paid reaction is null.
//! - Frequent pieces of all that are one byte or two: see [`packed`].

mod file;
mod marks;
mod packed;
mod reactions;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub(crate) use self::packed::Packed;
#[cfg(test)]
pub(crate) use self::packed::pieces;
use self::{
    file::{ShortFile, Usual},
    marks::Mark,
    packed::Behind,
    reactions::ShortReactions,
};
use super::{Detail, has_nothing, is_empty};
use crate::model::{
    Action, Comments, Extra, FactCheck, File, Forward, Media, MediaKind, PeerId, Reply, Restriction,
};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Short<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<Mark<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<ShortFile<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<Rest<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Cow<'a, Action>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<Cow<'a, Reply>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward: Option<Cow<'a, Forward>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reactions: Option<ShortReactions<'a>>,
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

/// What media has besides its kind and its usual file.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Rest<'a> {
    /// One that the short form does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Cow<'a, File>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more: Vec<ShortFile<'a>>,
    /// All the others, when the short form does not fit one of them.
    #[serde(skip_serializing_if = "is_empty")]
    more_files: Cow<'a, [File]>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_spoiler: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'a, crate::model::Detail>>,
    #[serde(skip_serializing_if = "has_nothing")]
    extra: Cow<'a, Extra>,
}

/// None when there is nothing to tell. `date` is that of the message, in Unix seconds.
pub(super) fn encode(detail: &Detail<'_>, date: i64) -> Option<Packed<'static>> {
    let mut behind = Vec::new();
    let short = Short::of(detail, date, Some(&mut behind));
    let text = super::json(&short);
    (text != "{}").then(|| Packed::new(&text, &behind))
}

/// As archives of the fourth schema had it: text, and nothing behind it.
pub(super) fn encode_as_text(detail: &Detail<'_>, date: i64) -> Option<String> {
    Some(super::json(&Short::of(detail, date, None))).filter(|text| text != "{}")
}

impl<'a> Short<'a> {
    fn of(detail: &'a Detail<'_>, date: i64, behind: Option<&mut Vec<u8>>) -> Self {
        // Taken apart without `..`, so that a new field does not compile before it has a place.
        let Detail {
            entities,
            media,
            action,
            reply,
            forward,
            reactions,
            comments,
            signature,
            via_bot,
            saved_peer,
            ttl_seconds,
            effect,
            fact_check,
            restrictions,
            extra,
        } = detail;
        let (file, media) =
            media.as_deref().map(|media| taken_apart(media, date, behind)).unwrap_or_default();
        Short {
            marks: entities.iter().map(Mark::of).collect(),
            file,
            media,
            action: action.as_deref().map(Cow::Borrowed),
            reply: reply.as_deref().map(Cow::Borrowed),
            forward: forward.as_deref().map(Cow::Borrowed),
            reactions: reactions.as_deref().map(ShortReactions::of),
            comments: comments.as_deref().map(Cow::Borrowed),
            signature: signature.as_deref().map(Cow::Borrowed),
            via_bot: *via_bot,
            saved_peer: *saved_peer,
            ttl_seconds: *ttl_seconds,
            effect: *effect,
            fact_check: fact_check.as_deref().map(Cow::Borrowed),
            restrictions: Cow::Borrowed(restrictions),
            extra: Cow::Borrowed(extra),
        }
    }
}

fn taken_apart<'a>(
    media: &'a Media,
    date: i64,
    mut behind: Option<&mut Vec<u8>>,
) -> (Option<ShortFile<'a>>, Option<Rest<'a>>) {
    let Media { kind, file, more_files, is_spoiler, ttl_seconds, detail, extra } = media;
    let main = Usual::main(*kind, date);
    let short = file.as_deref().and_then(|file| ShortFile::of(file, main, behind.as_deref_mut()));
    // The fourth schema knew nothing short for further files.
    let more = behind.and_then(|behind| {
        let before = behind.len();
        let more = more_files.iter().map(|file| ShortFile::of(file, Usual::more(date), Some(&mut *behind)));
        let more: Option<Vec<ShortFile<'_>>> = more.collect();
        if more.is_none() {
            // They are spelt out after all.
            behind.truncate(before);
        }
        more
    });
    let rest = Rest {
        file: file.as_deref().filter(|_| short.is_none()).map(Cow::Borrowed),
        more_files: if more.is_none() { Cow::Borrowed(more_files) } else { Cow::default() },
        more: more.unwrap_or_default(),
        is_spoiler: *is_spoiler,
        ttl_seconds: *ttl_seconds,
        detail: detail.as_deref().map(Cow::Borrowed),
        extra: Cow::Borrowed(extra),
    };
    let is_bare = rest.file.is_none()
        && more_files.is_empty()
        && !is_spoiler
        && ttl_seconds.is_none()
        && detail.is_none()
        && extra.is_empty();
    (short, (!is_bare).then_some(rest))
}

/// `kind` and `date` are those that the columns tell.
pub(super) fn decode(
    packed: &Packed<'_>,
    kind: Option<MediaKind>,
    date: i64,
) -> Result<Detail<'static>, serde_json::Error> {
    let (text, behind) = packed.unpack()?;
    read(&text, behind, kind, date)
}

/// What [`encode_as_text`] has written.
pub(super) fn decode_text(
    text: &str,
    kind: Option<MediaKind>,
    date: i64,
) -> Result<Detail<'static>, serde_json::Error> {
    read(text.as_bytes(), Behind::NOTHING, kind, date)
}

fn read(
    text: &[u8],
    mut behind: Behind<'_>,
    kind: Option<MediaKind>,
    date: i64,
) -> Result<Detail<'static>, serde_json::Error> {
    let short: Short<'static> = serde_json::from_slice(text)?;
    let media = match kind {
        None => None,
        Some(kind) => {
            let file =
                short.file.map(|file| file.into_file(Usual::main(kind, date), &mut behind)).transpose()?;
            let rest = short.media.unwrap_or_default();
            let more = rest.more.into_iter().map(|file| file.into_file(Usual::more(date), &mut behind));
            let more: Vec<File> = more.collect::<Result<_, _>>()?;
            Some(Media {
                kind,
                file: file.or(rest.file.map(Cow::into_owned)).map(Box::new),
                more_files: if more.is_empty() { rest.more_files.into_owned() } else { more },
                is_spoiler: rest.is_spoiler,
                ttl_seconds: rest.ttl_seconds,
                detail: rest.detail.map(|detail| Box::new(detail.into_owned())),
                extra: rest.extra.into_owned(),
            })
        }
    };
    behind.end()?;
    Ok(Detail {
        entities: short.marks.into_iter().map(Mark::into_entity).collect(),
        media: media.map(Cow::Owned),
        action: short.action,
        reply: short.reply,
        forward: short.forward,
        reactions: short.reactions.map(ShortReactions::into_cow),
        comments: short.comments,
        signature: short.signature,
        via_bot: short.via_bot,
        saved_peer: short.saved_peer,
        ttl_seconds: short.ttl_seconds,
        effect: short.effect,
        fact_check: short.fact_check,
        restrictions: short.restrictions,
        extra: short.extra,
    })
}

/// Of a message whose columns say it all.
pub(super) fn bare(kind: Option<MediaKind>) -> Detail<'static> {
    let media = kind.map(|kind| Media {
        kind,
        file: None,
        more_files: Vec::new(),
        is_spoiler: false,
        ttl_seconds: None,
        detail: None,
        extra: Extra::default(),
    });
    Detail { media: media.map(Cow::Owned), ..Detail::default() }
}

/// The number of the poll that it tells of.
pub(super) fn poll_in(packed: &Packed<'_>) -> Option<i64> {
    let detail: serde_json::Value = serde_json::from_slice(&packed.unpack().ok()?.0).ok()?;
    detail.pointer("/media/detail/poll/id")?.as_i64()
}
