//! Worlds from a seed: people, chats and up to millions of messages with media of every kind.
//!
//! A message is a pure function of seed, chat and id, and a file of its id, so that nothing is kept
//! in memory but the plan of the chats.

mod actions;
mod attach;
mod dice;
mod drip;
pub mod media;
mod message;
mod people;
mod plan;
mod scene;
mod source;
mod talk;
mod text;
mod things;
mod world;

pub use drip::{Drip, Happened};
pub use plan::{ChatKind, Plan, PlannedChat};
pub use world::{add_accounts, fill, peer_of};

use crate::World;

/// What kind of world to make. The same recipe makes the same world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    pub seed: u64,
    /// How many messages there are in all chats together.
    pub messages: usize,
    /// How many chats there are, but no more than messages.
    pub chats: usize,
    /// With everything that the layer has, however seldom it is. Else what ordinary people send.
    pub everything: bool,
    /// When the newest message was sent, in Unix seconds.
    pub until: i32,
    /// What the account logs in with, in digits.
    pub phone: String,
    /// The data centre that holds the account.
    pub home_dc: i32,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            seed: 1,
            messages: 1_000,
            chats: 20,
            everything: true,
            // The first moment of 2026.
            until: 1_767_225_600,
            phone: "34600000001".to_owned(),
            home_dc: 2,
        }
    }
}

impl Recipe {
    /// A world to look at: thirty chats of ordinary talk, whose newest messages are of `until`.
    pub fn small(seed: u64, until: i32) -> Self {
        Self { seed, messages: 3_000, chats: 30, everything: false, until, ..Self::default() }
    }
}

/// A world to look at, up to now, with one account. [`Drip`] lets it live on, by the plan of the
/// same [`Recipe::small`].
pub fn small(seed: u64) -> World {
    let world = World::default();
    world.telegram(|t| fill(t, &Recipe::small(seed, t.now())));
    world
}

/// The world of a recipe.
pub fn world(recipe: &Recipe) -> World {
    let world = World::default();
    world.telegram(|t| fill(t, recipe));
    world
}

#[cfg(test)]
mod tests;
