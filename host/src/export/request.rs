//! What is to be exported, how, and where to.

use std::path::PathBuf;

use jiff::{Timestamp, Zoned, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::media::MediaMode;
use crate::{
    archive::Stored,
    model::{AccountName, ChatKind, MediaKind, PeerId, PluginName},
};

#[derive(Clone, Debug)]
pub struct Request {
    pub account: AccountName,
    /// Ids, @names or whole titles; all if there are none.
    pub chats: Vec<String>,
    pub kinds: Vec<ChatKind>,
    pub filter: Filter,
    /// At least one.
    pub formats: Vec<FormatUse>,
    pub media: MediaMode,
    pub goal: Goal,
    pub is_incremental: bool,
    /// What the exports of one job have in common.
    pub series: String,
    /// How many finished exports of the series are kept; none: all.
    pub keep: Option<usize>,
}

/// Which messages of a chat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    pub from: Option<Timestamp>,
    /// Not part of it.
    pub to: Option<Timestamp>,
    /// Anybody if there are none.
    pub senders: Vec<PeerId>,
    /// Any message if there are none; else those with such media.
    pub media: Vec<MediaKind>,
    /// Words as in a search.
    pub query: Option<String>,
    pub without_deleted: bool,
}

impl Filter {
    /// What the store does not look at by itself.
    pub(super) fn takes(&self, stored: &Stored) -> bool {
        let message = &stored.message;
        let is_in_time =
            self.from.is_none_or(|from| message.date >= from) && self.to.is_none_or(|to| message.date < to);
        let is_theirs =
            self.senders.is_empty() || message.sender.is_some_and(|id| self.senders.contains(&id));
        let has_media = self.media.is_empty()
            || message.media.as_ref().is_some_and(|media| self.media.contains(&media.kind));
        is_in_time && is_theirs && has_media && !(self.without_deleted && stored.deleted.is_some())
    }

    /// Whether it leaves anything out.
    pub(super) fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// A day, which begins at midnight, or a moment; what does not say its zone is in this one. None if it is neither.
pub fn moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(exactly) = text.parse() {
        return Some(exactly);
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Some(zoned.timestamp());
    }
    let local: civil::DateTime = text.parse().ok()?;
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

/// A format of a plugin, with what this export asks of it.
#[derive(Clone, Debug, PartialEq)]
pub struct FormatUse {
    pub plugin: PluginName,
    pub format: String,
    pub extension: String,
    /// Without its parameters.
    pub mime: String,
    pub growth: Growth,
    /// It reads nothing but columns, unless its parameter or its setting `full` says otherwise.
    pub has_facts_if_full: bool,
    pub parameters: Map<String, Value>,
}

/// How a format takes what is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// A later file holds it.
    Parts,
    /// The pages are written anew that it belongs to.
    Pages,
    /// All of it is written anew.
    Anew,
}

impl FormatUse {
    /// Whether what was written before stays.
    pub fn appends(&self) -> bool {
        self.growth != Growth::Anew
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A folder, which is replaced as a whole.
    Folder(PathBuf),
    /// One file, of one format without media.
    File(PathBuf),
}

impl Goal {
    pub fn path(&self) -> &PathBuf {
        match self {
            Self::Folder(path) | Self::File(path) => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_a_zone_are_in_that_of_the_reader() {
        let zone = TimeZone::get("Europe/Madrid").unwrap();
        for (text, wanted) in [
            ("2026-11-22", Some("2026-11-21T23:00:00Z")),
            ("2026-11-22T16:10:00", Some("2026-11-22T15:10:00Z")),
            ("2026-11-22T16:10", Some("2026-11-22T15:10:00Z")),
            ("2026-11-22 16:10:00", Some("2026-11-22T15:10:00Z")),
            ("2026-11-22T16:10:00Z", Some("2026-11-22T16:10:00Z")),
            ("2026-11-22T16:10:00-02:00", Some("2026-11-22T18:10:00Z")),
            ("2026-11-22T16:10:00[Asia/Tokyo]", Some("2026-11-22T07:10:00Z")),
            ("2026-11-22+02:00", None),
            ("2026-11-22T16:10:99999", None),
            ("yesterday", None),
        ] {
            let wanted = wanted.map(|it| it.parse().unwrap());
            assert_eq!(moment(text, &zone), wanted, "{text}");
        }
    }
}
