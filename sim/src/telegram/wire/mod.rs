//! How bytes become calls, and answers bytes: MTProto 2.0, the server's side.
//!
//! A connection is one task. What it shares with others is the world, locked only while a call is
//! done, and the sessions; unframing, decryption, packing and encryption need no lock.

mod answer;
mod connection;
mod dispatch;
mod envelope;
mod frame;
mod listener;
mod messages;
mod salts;
mod seal;
mod service;
mod session;
mod speaker;
#[cfg(test)]
mod tests;

pub(super) use listener::{Listeners, Shared};
