//! What Ann plays, her Telegram, and a daemon between the two.

use serde_json::{Value, json};
use tapedeck_sim::{
    World,
    spotify::Spotify,
    telegram::{Spot, Telegram},
};

use super::{
    Daemon, Folder,
    spotify::SimSpotify,
    telegram::{ANN, SECTION, SimTelegram},
};

/// The job that looks after her profile.
pub(crate) const PROFILE: &str = "profile";

/// Wakes for everything that it can hear of.
pub(crate) const HEARS_ALL: &str = r#"on = ["track-started", "playback-stopped", "profile-changed"]"#;

/// A backend that has every song: one second of hiss.
pub(crate) const HISS: &str = r#"
backends = ["hiss"]
tolerance = "1h"
[backends.hiss]
kind = "command"
program = "cp"
args = ["hiss.wav", "{{folder}}/song.wav"]
"#;

/// A second long ago.
pub(crate) const EARLIER: i64 = 1_700_000_000;
/// Between two listens of a scrobbler.
pub(crate) const SPACE: i64 = 250;

pub(crate) struct Living {
    pub(crate) world: World,
    pub(crate) folder: Folder,
    pub(crate) telegram: SimTelegram,
    _spotify: SimSpotify,
    /// What the configuration says of the two.
    sections: String,
}

impl Living {
    /// `player` are settings of what plays, `profile` of the job, and tables after them.
    pub(crate) fn room(player: &str, profile: &str) -> Self {
        let (world, folder) = (World::default(), Folder::with(""));
        let telegram = SimTelegram::of(world.clone(), &folder);
        let spotify = SimSpotify::of(world.clone());
        let scope = "user-read-currently-playing user-read-playback-state";
        let refresh = world.spotify(|it| it.grant(Spotify::CLIENT, Spotify::USER, scope, true));
        let sections = format!(
            "{SECTION}pace = \"fast\"\n{}scope = \"{scope}\"\nrefresh_token = \"{refresh}\"\n",
            spotify.section()
        );
        let living = Self { world, folder, telegram, _spotify: spotify, sections };
        std::fs::write(living.folder.path("hiss.wav"), hiss()).unwrap();
        living.configure(player, profile);
        living
    }

    pub(crate) fn configure(&self, player: &str, profile: &str) {
        // Programs run in folders of their own.
        let hiss = self.folder.path("hiss.wav");
        let profile = profile.replace("\"hiss.wav\"", &format!("{hiss:?}"));
        self.folder.write_config(&format!(
            "{}[player]\n{player}\n[jobs.player]\nkind = \"player\"\nat_start = true\n\
             [jobs.{PROFILE}]\nkind = \"profile-music\"\noverlap = \"queue\"\nqueue_limit = 1\n{profile}\n",
            self.sections
        ));
    }

    /// A daemon that Ann is logged in with.
    pub(crate) fn start(&self) -> Daemon {
        let mut daemon = self.folder.start();
        self.telegram.log_in(&self.folder, &mut daemon);
        daemon
    }

    pub(crate) fn telegram<T>(&self, look: impl FnOnce(&mut Telegram) -> T) -> T {
        self.world.telegram(look)
    }

    /// Titles on Ann's profile, the topmost first.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.telegram(|t| t.profile_songs(ANN))
    }

    /// Titles of the songs in her Saved Messages, in the order of the alphabet.
    pub(crate) fn saved(&self) -> Vec<String> {
        let mut saved: Vec<String> =
            self.telegram(|t| t.saved_songs(ANN)).into_iter().map(|(_, title)| title).collect();
        saved.sort();
        saved
    }

    /// Waits until these are on the profile, and each has its message.
    pub(crate) fn wait_for(&self, daemon: &mut Daemon, titles: &[&str]) {
        let mut sorted = titles.to_vec();
        sorted.sort_unstable();
        let what = format!("the profile shows {titles:?}");
        daemon.wait_until(&what, |_| self.shown() == titles && self.saved() == sorted);
    }

    /// Ann does it herself, on her phone, which tells nobody.
    pub(crate) fn take_off(&self, title: &str) {
        self.telegram(|t| {
            let at = t.profile_songs(ANN).iter().position(|it| it == title).expect("it is there");
            t.profiles.get_mut(&ANN).unwrap().music.remove(at);
        });
    }

    /// Ann does it herself, on her phone; Telegram tells of it.
    pub(crate) fn delete_message(&self, title: &str) {
        self.telegram(|t| {
            let (id, _) = t.saved_songs(ANN).into_iter().find(|(_, it)| it == title).expect("it is there");
            t.delete(Spot::Box { owner: ANN, id });
        });
    }

    /// Listens of a scrobbler, the first of them at this second.
    pub(crate) fn scrobble(&self, daemon: &Daemon, token: &str, begun: i64, titles: &[&str]) {
        let listen = |(number, title): (i64, &&str)| {
            let metadata = json!({ "artist_name": "Ann", "track_name": title,
                "additional_info": { "duration_ms": 200_000 } });
            json!({ "listened_at": begun + number * SPACE, "track_metadata": metadata })
        };
        let payload: Vec<Value> = (0..).zip(titles).map(listen).collect();
        let body = json!({ "listen_type": "import", "payload": payload });
        assert_eq!(daemon.submit(token, &body), Some(200), "{body}");
    }

    pub(crate) fn token(&self) -> String {
        let added = self.folder.cli_json(&["token", "add", "scrobble", "--scope", "scrobble"]);
        added["token"].as_str().unwrap().to_owned()
    }
}

/// Nobody works on the profile, and nobody is about to.
pub(crate) fn rests(daemon: &Daemon) -> bool {
    let is_over = |status: &String| !["queued", "running", "waiting"].contains(&status.as_str());
    daemon.statuses(PROFILE).iter().all(is_over)
}

/// A second of it, as a WAV file.
fn hiss() -> Vec<u8> {
    const RATE: u32 = 8_000;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + RATE).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(RATE.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    file.extend(b"\x01\0\x08\0data");
    file.extend(RATE.to_le_bytes());
    file.extend((0..RATE).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8));
    file
}
