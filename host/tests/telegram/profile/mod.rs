//! A profile that shows what is played, on a simulated Telegram: what once went wrong, each with
//! its test, and what the messages look like.

mod floods;
mod kills;
mod rows;
mod songs;
pub(crate) mod stage;
