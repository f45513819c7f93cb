//! Which trees there are, and how to tell whether an entry of one is whole.

use std::error::Error;

use serde::de::DeserializeOwned;

use super::{
    ApiToken, BioRecord, CallsLeft, GrantDecision, MusicAttempts, MusicChoice, MusicMiss, NoticeRecord,
    PlayerRecord, Plays, PluginKv, ProfileSong, ProfileTrack, Schedule, Session, SongName, SpotifyLogin,
    SpotifyWait, StateError, TelegramSend, TelegramSessions, TelegramWait, User, plugin_kv, spotify_login,
    telegram_sessions,
};
use crate::model::{JobName, LogLine, Paused, Play, PluginName, Run, Tried};

pub(super) type Flaw = Box<dyn Error + Send + Sync>;
type Check = fn(&[u8], &[u8]) -> Result<(), Flaw>;

/// A tree as the check at the start and the exports see it.
#[derive(Debug)]
pub(super) struct KnownTree {
    pub(super) name: &'static str,
    /// Entries are looked at when the state is opened. Logs are not: there can be millions of
    /// lines, and a damaged one costs no more than itself.
    pub(super) is_checked: bool,
    /// Exports hold it: it cannot be made from other trees, and is worth keeping.
    pub(super) is_exported: bool,
    check: Check,
}

/// One line per tree.
pub(super) const KNOWN: &[KnownTree] = &[
    kept("meta", |key, _| check_text(key)),
    kept("schedules", |key, value| check_job_name(key).and(check_json::<Schedule>(value))),
    kept("runs", |key, value| check_length(key, 16).and(check_json::<Run>(value))),
    KnownTree { is_checked: false, ..kept("run-logs", check_log_line) },
    kept("users", |key, value| check_text(key).and(check_json::<User>(value))),
    kept("tokens", |key, value| check_length(key, 32).and(check_json::<ApiToken>(value))),
    kept("plugin-grants", |key, value| check_text(key).and(check_json::<GrantDecision>(value))),
    kept(PluginKv::NAME, |key, _| plugin_kv::check(key)),
    kept(TelegramSessions::NAME, telegram_sessions::check),
    kept(SpotifyLogin::NAME, spotify_login::check),
    kept("spotify-waits", |key, value| check_text(key).and(check_json::<SpotifyWait>(value))),
    kept("telegram-sends", |key, value| check_text(key).and(check_json::<TelegramSend>(value))),
    kept("plugin-pauses", |key, value| check_plugin_name(key).and(check_json::<Paused>(value))),
    kept("profile-songs", |key, value| check_text(key).and(check_json::<ProfileSong>(value))),
    kept("profile-tracks", |key, value| check_text(key).and(check_json::<ProfileTrack>(value))),
    kept("telegram-waits", |key, value| check_text(key).and(check_json::<TelegramWait>(value))),
    // Years of listening: they would make each start slow, and a damaged one costs no more than itself.
    KnownTree {
        is_checked: false,
        ..kept(Plays::NAME, |key, value| check_length(key, 16).and(check_json::<Play>(value)))
    },
    KnownTree {
        is_checked: false,
        ..kept("song-names", |key, value| check_text(key).and(check_json::<SongName>(value)))
    },
    kept("player", |key, value| check_text(key).and(check_json::<PlayerRecord>(value))),
    KnownTree { is_checked: false, ..derived("plays-by-song", |key, _| check_song_index(key)) },
    kept("music-choices", |key, value| check_text(key).and(check_json::<MusicChoice>(value))),
    kept("bios", |key, value| check_text(key).and(check_json::<BioRecord>(value))),
    kept("notices", |key, value| check_text(key).and(check_json::<NoticeRecord>(value))),
    // Only for people, and dropped one by one where they cannot be read.
    KnownTree {
        is_checked: false,
        ..derived(MusicAttempts::NAME, |key, value| check_text(key).and(check_json::<Tried>(value)))
    },
    derived("spotify-calls", |key, value| check_text(key).and(check_json::<CallsLeft>(value))),
    derived("music-misses", |key, value| check_text(key).and(check_json::<MusicMiss>(value))),
    derived("runs-by-job", |key, value| check_index_key(key).and(check_text(value))),
    derived("sessions", |key, value| check_length(key, 32).and(check_json::<Session>(value))),
];

const fn kept(name: &'static str, check: Check) -> KnownTree {
    KnownTree { name, is_checked: true, is_exported: true, check }
}

const fn derived(name: &'static str, check: Check) -> KnownTree {
    KnownTree { name, is_checked: true, is_exported: false, check }
}

impl KnownTree {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|tree| tree.name == name)
    }

    /// Says what is wrong with an entry.
    pub(super) fn check(&self, key: &[u8], value: &[u8]) -> Result<(), StateError> {
        (self.check)(key, value).map_err(|source| StateError::Damaged {
            tree: self.name.to_owned(),
            key: shown(key),
            source,
        })
    }
}

/// A key for people: most are text or hold some.
pub(super) fn shown(key: &[u8]) -> String {
    match std::str::from_utf8(key) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => hex(key),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // Writing to a string cannot fail.
        text
    })
}

fn check_json<T: DeserializeOwned>(value: &[u8]) -> Result<(), Flaw> {
    serde_json::from_slice::<T>(value)?;
    Ok(())
}

fn check_text(bytes: &[u8]) -> Result<(), Flaw> {
    std::str::from_utf8(bytes)?;
    Ok(())
}

fn check_job_name(key: &[u8]) -> Result<(), Flaw> {
    std::str::from_utf8(key)?.parse::<JobName>()?;
    Ok(())
}

fn check_plugin_name(key: &[u8]) -> Result<(), Flaw> {
    std::str::from_utf8(key)?.parse::<PluginName>()?;
    Ok(())
}

fn check_length(key: &[u8], length: usize) -> Result<(), Flaw> {
    if key.len() == length { Ok(()) } else { Err("the key has a wrong length".into()) }
}

/// A job's name, a zero byte, a run's id.
fn check_index_key(key: &[u8]) -> Result<(), Flaw> {
    let Some((name, [0, id @ ..])) = key.len().checked_sub(17).and_then(|at| key.split_at_checked(at)) else {
        return Err("the key has a wrong length".into());
    };
    check_job_name(name).and(check_length(id, 16))
}

/// A song's key, a zero byte, a play's id.
fn check_song_index(key: &[u8]) -> Result<(), Flaw> {
    match key.len().checked_sub(17).and_then(|at| key.split_at_checked(at)) {
        Some((song, [0, ..])) => check_text(song),
        _ => Err("the key has a wrong length".into()),
    }
}

fn check_log_line(key: &[u8], value: &[u8]) -> Result<(), Flaw> {
    check_length(key, 24).and(check_json::<LogLine>(value))
}
