//! Yes-or-no facts about a message, for [`Message::is`](crate::Message::is). Several may be asked for at
//! once: `message.is(FORWARDED | REPLY)` is true of either.

/// The account itself sent it.
pub const OUTGOING: u64 = 1;
pub const PINNED: u64 = 1 << 1;
/// A channel's post.
pub const POST: u64 = 1 << 2;
/// Sent without a sound.
pub const SILENT: u64 = 1 << 3;
/// It mentions the account.
pub const MENTION: u64 = 1 << 4;
/// Its media was not played yet.
pub const MEDIA_UNREAD: u64 = 1 << 5;
/// It was scheduled.
pub const FROM_SCHEDULED: u64 = 1 << 6;
/// Its edit is not shown.
pub const HIDES_EDIT: u64 = 1 << 7;
/// It may not be forwarded or saved.
pub const PROTECTED: u64 = 1 << 8;
/// The caption stands above the media.
pub const CAPTION_ABOVE: u64 = 1 << 9;
/// A service message: somebody joined, the title changed.
pub const SERVICE: u64 = 1 << 10;
pub const FORWARDED: u64 = 1 << 11;
/// It answers another message.
pub const REPLY: u64 = 1 << 12;
/// Its text has bold words, links and the like.
pub const HAS_ENTITIES: u64 = 1 << 13;
/// Its media is under a spoiler.
pub const SPOILER: u64 = 1 << 14;
/// It destroys itself.
pub const SELF_DESTRUCTS: u64 = 1 << 15;
pub const HAS_REACTIONS: u64 = 1 << 16;
pub const HAS_COMMENTS: u64 = 1 << 17;
pub const HAS_BUTTONS: u64 = 1 << 18;
