//! What plays is said in a message and in the bio: once, in time, and so that nobody's own words are lost.

mod bio;
mod kills;
mod notice;
mod stage;
mod waits;
