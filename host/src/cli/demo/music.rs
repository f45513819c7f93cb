//! The demo's Spotify: a simulated one, on which somebody listens to music all day.

use std::time::Duration;

use anyhow::Context as _;
use tapedeck_sim::{
    World,
    spotify::{self, Action, Item, Repeat, Song, Spotify, SpotifyServer},
};
use tokio::sync::oneshot;

use crate::app::App;

const SCOPE: &str = "user-read-currently-playing user-read-playback-state";

/// The listener goes to the door and comes back.
const PAUSE_EVERY: Duration = Duration::from_secs(95);
const PAUSE: Duration = Duration::from_secs(9);

/// The first song waits for an account that shows it, and no longer than this.
const LOGIN_WITHIN: Duration = Duration::from_secs(10);

/// Artist, title, album and seconds, in the order in which they are played, over and over. The first one is
/// played again before the list is over.
const SONGS: [(&str, &str, &str, u64); 8] = [
    ("Nora Quill", "Paper Lanterns", "Side A", 41),
    ("The Night Ferries", "Slow Signal", "Harbour Lights", 38),
    ("東京テープ", "夜の針", "夜の針", 40),
    ("Nora Quill", "Paper Lanterns", "Side A", 41),
    ("Ορφέας Λύρα", "Νυχτερινό", "Μικρά κομμάτια", 39),
    ("Sol y Sombra", "Café con Hielo (en la Calle de los Suspiros)", "Verano", 42),
    ("The Night Ferries", "Last Boat Home", "Harbour Lights", 40),
    ("Hi-Fi Heather", "Rewind", "Mixtape", 38),
];
/// After so many songs, there is an advertisement.
const AD_AFTER: usize = 2;
const AD: Duration = Duration::from_secs(12);

#[derive(Debug)]
pub(super) struct Music {
    world: World,
    token: String,
    /// How many times faster than in life it goes.
    tempo: u32,
    server: SpotifyServer,
}

impl Music {
    pub(super) async fn start(tempo: u32) -> anyhow::Result<Self> {
        let world = World::default();
        let server = spotify::serve(&world, None).await.context("cannot start the simulated Spotify")?;
        let token = world.spotify(|s| s.grant(Spotify::CLIENT, Spotify::USER, SCOPE, true));
        Ok(Self { world, token, tempo, server })
    }

    /// What the placeholders of the demo's configuration stand for.
    pub(super) fn fill_in(&self, text: &str) -> String {
        let millis = |seconds: u64| format!("{}ms", self.length(Duration::from_secs(seconds)).as_millis());
        let calls = if self.tempo == 1 { 360 } else { 3600 };
        text.replace("{spotify_client}", Spotify::CLIENT)
            .replace("{spotify_token}", &self.token)
            .replace("{spotify_api}", &self.server.api_url())
            .replace("{spotify_accounts}", &self.server.accounts_url())
            .replace("{spotify_scope}", SCOPE)
            .replace("{min_listening}", &millis(3))
            .replace("{song_takes}", &millis(7))
            .replace("\"{calls_per_hour}\"", &calls.to_string())
    }

    /// Plays until the demo ends.
    pub(super) fn spawn_life(&self, app: &App, logged_in: oneshot::Receiver<()>) {
        let (world, tempo) = (self.world.clone(), self.tempo);
        let (every, pause) = (self.length(PAUSE_EVERY), self.length(PAUSE));
        let draining = app.lifecycle.draining();
        app.lifecycle.spawn("demo-music", async move {
            let playing = async {
                // Without it, it plays all the same.
                let _ = tokio::time::timeout(LOGIN_WITHIN, logged_in).await;
                world.spotify(|s| {
                    s.act(Action::Repeat(Repeat::All));
                    s.play(evening(tempo));
                });
                loop {
                    tokio::time::sleep(every).await;
                    world.spotify(Spotify::pause);
                    tokio::time::sleep(pause).await;
                    world.spotify(Spotify::resume);
                }
            };
            tokio::select! {
                () = playing => {}
                () = draining.cancelled() => {}
            }
        });
    }

    fn length(&self, of_life: Duration) -> Duration {
        of_life / self.tempo
    }
}

fn evening(tempo: u32) -> Vec<Item> {
    let mut items: Vec<Item> = SONGS.iter().map(|song| song_of(*song, tempo).into()).collect();
    items.insert(AD_AFTER, Item::Ad(AD / tempo));
    items
}

fn song_of((artist, title, album, seconds): (&str, &str, &str, u64), tempo: u32) -> Song {
    let song = Song::new(artist, title, seconds);
    let duration = Duration::from_secs(seconds) / tempo;
    Song { album: album.into(), duration, ..song }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evening_has_all_that_there_is_to_see() {
        let items = evening(1);
        assert!(items.iter().any(|item| matches!(item, Item::Ad(_))));
        let songs: Vec<_> = items.iter().filter(|item| matches!(item, Item::Song(_))).collect();
        let different = songs.iter().enumerate().filter(|(at, song)| !songs[..*at].contains(song)).count();
        assert!(different < songs.len() && different > 4, "one is repeated, and four are not all");
        assert!(items.iter().all(|item| item.duration() < Duration::from_secs(60)));
    }
}
