//! Telegram's types become ours, and stop here.
//!
//! Promise: nothing is dropped. A value changes the model whatever part of it changes; what has no
//! field of its own goes into an `Extra`. Structs are taken apart field by field without `..`, so
//! that a new layer does not compile before somebody has decided about its new fields.

mod action;
mod entity;
mod file;
mod folder;
mod json;
mod media;
mod message;
mod page;
mod peer;
mod poll;
mod reaction;
mod reply;
#[cfg(test)]
mod tests;
mod update;

use jiff::Timestamp;

pub use file::document;
pub use folder::folder;
pub use message::fetched;
pub use peer::{chat, peer, topic, user};
pub use update::{News, news};

/// Telegram counts seconds in 32 bits.
pub(super) fn date(seconds: i32) -> Timestamp {
    Timestamp::from_second(i64::from(seconds)).expect("32 bits of seconds are between 1901 and 2038")
}
