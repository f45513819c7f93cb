//! The player without a clock: answers with their moments go in, and a list of plays comes out.

mod evening;
mod properties;
mod restarts;
mod rows;
mod several;
mod turns;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::decide::{Player, Step};
use crate::{
    config::PlayerSection,
    model::{Play, Playable, Playing, SourceName, Track, TrackId},
};

const SPOTIFY: SourceName = SourceName::Spotify;
const LISTENS: SourceName = SourceName::ListenBrainz;

fn at(second: f64) -> Timestamp {
    let start: Timestamp = "2026-06-01T20:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs_f64(second)
}

/// 200 seconds long.
fn song(id: &str) -> Track {
    Track {
        title: format!("Song {id}"),
        artists: vec!["Ann".into()],
        duration: Some(Duration::from_secs(200)),
        ids: vec![TrackId { scheme: "spotify".into(), value: id.into() }],
        ..Track::default()
    }
}

fn playing(track: Track, progress: f64) -> Playing {
    Playing {
        what: Playable::Song(track),
        is_playing: true,
        progress: Some(Duration::from_secs_f64(progress)),
        ..Playing::default()
    }
}

fn paused(track: Track, progress: f64) -> Playing {
    Playing { is_playing: false, ..playing(track, progress) }
}

fn ad() -> Playing {
    Playing { what: Playable::Ad, is_playing: true, ..Playing::default() }
}

fn nothing() -> Playing {
    Playing::default()
}

/// A player, and what it would have written.
struct Stage {
    player: Player,
    plays: Vec<Play>,
    /// `begin A`, `end A finished`, `resume A`, `stop`, in this order.
    told: Vec<String>,
}

impl Stage {
    fn new() -> Self {
        Self::with(PlayerSection::default())
    }

    fn with(rules: PlayerSection) -> Self {
        Self { player: Player::new(rules), plays: Vec::new(), told: Vec::new() }
    }

    fn hear(&mut self, second: f64, playing: &Playing) {
        self.hear_from(SPOTIFY, second, playing);
    }

    fn hear_from(&mut self, source: SourceName, second: f64, playing: &Playing) {
        for step in self.player.hear(source, at(second), playing) {
            self.take(step);
        }
    }

    fn take(&mut self, step: Step) {
        let name = |play: &Play| play.track.title.trim_start_matches("Song ").to_owned();
        match step {
            Step::Begin(play) => {
                self.told.push(format!("begin {}", name(&play)));
                self.player.adopt(play.id, &play);
                self.plays.push(play);
            }
            Step::Note(play) => {
                let known = self.plays.iter_mut().find(|known| known.id == play.id).expect("it was begun");
                if let (None, Some(how)) = (known.ended_how, play.ended_how) {
                    let how = serde_json::to_value(how).unwrap();
                    self.told.push(format!("end {} {}", name(&play), how.as_str().unwrap()));
                }
                *known = play;
            }
            Step::Resume(play) => {
                self.told.push(format!("resume {}", name(&play)));
                let known = self.plays.iter_mut().find(|known| known.id == play.id).expect("it was begun");
                *known = play;
            }
            Step::Stop => self.told.push("stop".into()),
        }
    }

    /// Looks every five seconds from the first moment to the last, while the song goes on.
    fn listen(&mut self, id: &str, from: f64, to: f64, progress: f64) {
        let mut second = from;
        while second <= to {
            self.hear(second, &playing(song(id), progress + second - from));
            second += 5.0;
        }
    }

    fn silence(&mut self, from: f64, to: f64) {
        let mut second = from;
        while second <= to {
            self.hear(second, &nothing());
            second += 5.0;
        }
    }

    /// Of the play that goes on.
    fn listened(&self) -> u64 {
        self.player.present().unwrap().listened.as_secs()
    }

    fn told(&self) -> Vec<&str> {
        self.told.iter().map(String::as_str).collect()
    }
}
