//! Worlds from a seed: people, chats and up to millions of messages with media of every kind.
//!
//! A message is a pure function of seed, chat and id, and a file of its id, so that nothing is kept
//! in memory but the plan of the chats.

mod actions;
mod attach;
mod dice;
pub mod media;
mod scene;
mod talk;
mod text;
mod things;
