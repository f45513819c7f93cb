//! What plays is said in Ann's bio and in a message, also after a kill, and no longer than the job is there.

use tapedeck_sim::{
    spotify::Song,
    telegram::{Peer, message},
};

use crate::support::{music::*, telegram::ANN};

const PLAYER: &str = "min_listening = \"100ms\"\ncalls_per_hour = 3600";

const OWN: &str = "I like tapes";

const WORDS: &str = r#"
[jobs.words]
kind        = "now-playing"
on          = ["track-started", "playback-stopped", "profile-changed"]
overlap     = "queue"
queue_limit = 1
message     = { text = "♫ {{song}}", min_interval = "1ms" }
bio         = { text = "♫ {{title}}", min_interval = "1ms" }
"#;

/// Ann's bio, and what is written in her Saved Messages.
fn words(living: &Living) -> (String, Vec<String>) {
    living.telegram(|t| {
        let about = t.profiles.get(&ANN).map(|profile| profile.about.clone()).unwrap_or_default();
        let Some(history) = t.history(ANN, Peer::User(ANN)) else { return (about, Vec::new()) };
        let texts = history.ids_from(0).filter_map(|id| history.get(id));
        let texts = texts.map(|it| message::text_of(&it).to_owned()).filter(|text| !text.is_empty());
        (about, texts.collect())
    })
}

#[test]
fn words_follow_the_song_and_leave_with_the_job() {
    let profile = format!("{HEARS_ALL}{HISS}");
    let living = Living::room(PLAYER, &format!("{profile}{WORDS}"));
    living.telegram(|t| t.profiles.entry(ANN).or_default().about = OWN.into());
    living.world.spotify(|it| it.play([Song::new("Bob", "One", 200)]));
    let mut daemon = living.start();
    daemon.post("/api/v1/jobs/words/run");
    let one = ("♫ One".to_owned(), vec!["♫ Bob – One".to_owned()]);
    daemon.wait_until("both say the first song", |_| words(&living) == one);
    daemon.kill();

    living.world.spotify(|it| it.play([Song::new("Bob", "Two", 200)]));
    let mut daemon = living.folder.start();
    let two = ("♫ Two".to_owned(), vec!["♫ Bob – Two".to_owned()]);
    daemon.wait_until("both say the second song", |_| words(&living) == two);

    living.configure(PLAYER, &profile);
    daemon.wait_until("what was there before is back", |_| words(&living) == (OWN.to_owned(), Vec::new()));
    daemon.stop();
    living.world.finish().unwrap();
}
