//! The outside world, simulated on loopback, for tests, benches, the demo and work by hand.
//!
//! [`World`] is plain state that tests read and change. A thin layer per service speaks the real
//! protocol over it, so that the real clients are what is tested. What nobody scripted is
//! answered loudly, remembered, and fails [`World::finish`].

/// Receives web hooks and answers them by script.
pub mod hooks;
/// Music for whoever has to hear some.
pub mod melody;
/// A simulated Spotify.
pub mod spotify;
// A simulated Telegram.
pub mod telegram;
mod world;
/// A simulated YouTube Music.
pub mod youtube;

pub use world::{Unexpected, World};
