//! What happens in an evening, and what must have come of it: worked out from the script alone.

use std::time::Duration;

use tapedeck_sim::spotify::{Episode, Item, Local, Song};

/// Of every song, in seconds.
pub(crate) const LENGTH: u64 = 20;
/// Of the song that is played twice in a row: long enough to tell its end from its beginning.
pub(crate) const TWICE_LENGTH: u64 = 16;

/// What happens next.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Listened to until the next one.
    Heard(Item),
    /// The same again, from its beginning.
    Again(Item),
    /// Given up at its first second.
    Skipped(Item),
    /// Changes nothing: advertisements, episodes.
    Ignored(Item),
    /// Nobody is to know of it.
    Private(Item),
    Pause,
    /// The player says for a moment that there is nothing, and goes on with what it played.
    Gap,
    /// Another device goes on with this.
    HandOver(Item),
    /// The listener is in another country from now on.
    Market(&'static str),
    /// The daemon is killed, and started again.
    Kill,
}

/// 60 things that are played, and what happens between them. Songs that come back were played more than
/// half their length before: two reports of one program that are closer are of one play.
pub(crate) fn evening() -> Vec<Act> {
    use Act::*;
    let relinked = Song { title: "Relinked".into(), ..song(90) }.relinked("SE", "7swedishswedishswedish");
    let twice = Song::new("Twice", "Again and again", TWICE_LENGTH);
    let local: Item = Item::Local(Local::new("The Neighbours", "Garage tape", LENGTH));
    let episode = |title| Item::Episode(Episode::new("A podcast", title, 1800));
    let ad = || Item::Ad(Duration::from_secs(30));
    let (heard, skipped) = (|number| Heard(song(number).into()), |number| Skipped(song(number).into()));
    let mut acts = vec![heard(1), heard(2), heard(3), Heard(relinked.clone().into())];
    acts.extend([skipped(4), skipped(5), heard(6), Ignored(ad()), heard(7), heard(8), Kill, heard(9)]);
    acts.extend([heard(2), Pause, heard(10), heard(11), Gap, heard(12), skipped(13), heard(14)]);
    acts.extend([Ignored(episode("One")), heard(15), heard(16), Heard(local), Kill, heard(17), heard(18)]);
    acts.extend([Private(song(19).into()), heard(20), heard(21), heard(1), Market("SE"), heard(22)]);
    acts.extend([Heard(relinked.into()), HandOver(song(23).into()), heard(24), skipped(25), skipped(26)]);
    acts.extend([heard(27), Heard(twice.clone().into()), Again(twice.into()), heard(28), Kill, heard(29)]);
    acts.extend([
        Ignored(ad()),
        heard(30),
        heard(31),
        heard(24),
        heard(32),
        heard(33),
        skipped(34),
        heard(35),
    ]);
    acts.extend([heard(36), heard(37), Gap, heard(38), heard(39), Kill, heard(40), heard(41), skipped(42)]);
    acts.extend([heard(43), heard(33), heard(44), heard(45), heard(46), heard(36), heard(47)]);
    acts
}

pub(crate) fn song(number: usize) -> Song {
    Song { album: "An evening".into(), ..Song::numbered(number, LENGTH) }
}

impl Act {
    pub(crate) fn item(&self) -> Option<&Item> {
        match self {
            Self::Heard(item)
            | Self::Again(item)
            | Self::Skipped(item)
            | Self::Ignored(item)
            | Self::Private(item)
            | Self::HandOver(item) => Some(item),
            Self::Pause | Self::Gap | Self::Market(_) | Self::Kill => None,
        }
    }

    /// The title of what counts as played by it.
    pub(crate) fn counts(&self) -> Option<&str> {
        match self {
            Self::Heard(item) | Self::Again(item) | Self::HandOver(item) => match item {
                Item::Song(song) => Some(&song.title),
                Item::Local(local) => Some(&local.title),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What the ledger has to hold in the end, oldest first.
pub(crate) fn plays(acts: &[Act]) -> Vec<&str> {
    acts.iter().filter_map(Act::counts).collect()
}

/// What the profile has to show in the end, the topmost first.
pub(crate) fn profile(acts: &[Act], keep: usize) -> Vec<&str> {
    let mut shown: Vec<&str> = Vec::new();
    for title in plays(acts).into_iter().rev() {
        if shown.len() < keep && !shown.contains(&title) {
            shown.push(title);
        }
    }
    shown
}
