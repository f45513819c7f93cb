//! Decides what plays: sources say what they hear, one play comes out of it.

mod decide;
mod inbox;
mod pace;
mod players;
mod run;
mod source;
mod spin;
mod spotify;
mod voice;
mod window;

#[cfg(test)]
mod tests;

pub use inbox::Inbox;
pub use players::Players;
pub use run::{PlayError, Played, PlayerParts, Report, run};
pub use source::{Ask, AskError, Asked};
pub use spotify::ask_spotify;
pub use window::Window;

use crate::model::SourceName;
use decide::Player;
use pace::Scene;
use voice::Mood;

/// What the last answer of a source means for when to ask next.
fn scene_of(player: &Player, source: SourceName) -> Scene {
    match player.voice(source).map_or(Mood::Unknown, |voice| voice.mood) {
        Mood::Unknown => Scene::Unknown,
        Mood::Song => Scene::Song,
        Mood::Held => Scene::Held,
        Mood::Paused { since } => Scene::Paused { since },
        Mood::Gone { since } => Scene::Gone { since },
    }
}
