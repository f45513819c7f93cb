//! What the bundled exporters read in messages. Everything that is not text comes as JSON by the
//! archive's own names; what is not known here is passed over, so that newer archives can be read.

mod address;
mod amount;
mod describe;
mod facts;
mod files;
mod media;
mod people;
mod service;
mod spans;
mod told;
mod zone;

pub use address::is_harmless;
pub use amount::{bytes, clock, number};
pub use describe::{describe, paths, song};
pub use facts::{
    Action, Comments, Entity, Forward, PeerReaction, Reaction, ReactionCount, Reactions, Replied, Reply,
    facts,
};
pub use files::{Absence, Files, Place, href};
pub use media::{
    Contact, Detail, Dice, File, Media, Picture, Point, Poll, PollAnswer, PollVotes, RichText, Venue, WebPage,
};
pub use people::{People, Who};
pub use service::sentence;
pub use spans::{Span, spans};
pub use told::{attached, forwarded, is_edited, reacted, title};
pub use zone::Zone;
