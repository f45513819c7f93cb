//! What the host itself remembers, in sled: one file per tree, typed keys, JSON values.
//!
//! Promises: what [`State::flushed`] has confirmed survives a kill and a power cut; a folder that
//! lost data says so at the next start instead of looking empty; one process owns a folder.

mod bios;
mod engine;
mod error;
mod flush;
mod guard;
mod known;
mod music_attempts;
mod music_choices;
mod music_misses;
mod notices;
mod player;
mod plays;
mod plugin_grants;
mod plugin_kv;
mod plugin_pauses;
mod profile_songs;
mod profile_tracks;
mod run_logs;
mod runs;
mod schedules;
mod secret_hash;
mod sessions;
mod songs;
mod spotify_calls;
mod spotify_login;
mod spotify_waits;
mod telegram_sends;
mod telegram_sessions;
mod telegram_waits;
#[cfg(test)]
mod tests;
mod tokens;
pub mod transfer;
mod tree;
mod users;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

pub use bios::{BioRecord, Bios};
pub use error::StateError;
pub use music_attempts::MusicAttempts;
pub use music_choices::{MusicChoice, MusicChoices};
pub use music_misses::{MusicMiss, MusicMisses};
pub use notices::{NoticeRecord, Notices};
pub use player::{PlayerMemory, PlayerRecord};
pub use plays::Plays;
pub use plugin_grants::{GrantDecision, PluginGrants};
pub use plugin_kv::{KvRefusal, PluginKv};
pub use plugin_pauses::PluginPauses;
pub use profile_songs::{ProfileSong, ProfileSongs};
pub use profile_tracks::{Added, FileAttempts, ProfileTrack, ProfileTracks};
pub use run_logs::RunLogs;
pub use runs::{RunFilter, Runs};
pub use schedules::{Abandoned, Schedule, Schedules, Suspension, SuspensionCause};
pub use secret_hash::SecretHash;
pub use sessions::{Session, Sessions};
pub use songs::{SongName, Songs};
pub use spotify_calls::{CallsLeft, SpotifyCalls};
pub use spotify_login::SpotifyLogin;
pub use spotify_waits::{SpotifyWait, SpotifyWaits};
pub use telegram_sends::{TelegramSend, TelegramSends};
pub use telegram_sessions::{SealedSession, TelegramSessions};
pub use telegram_waits::{TelegramWait, TelegramWaits};
pub use tokens::{ApiToken, Tokens};
pub use users::{User, Users};

use flush::Flusher;
use guard::Guard;

/// All trees. Cheap to clone.
#[derive(Clone, Debug)]
pub struct State {
    pub runs: Runs,
    pub run_logs: RunLogs,
    pub schedules: Schedules,
    pub users: Users,
    pub sessions: Sessions,
    pub tokens: Tokens,
    pub spotify_login: SpotifyLogin,
    pub spotify_waits: SpotifyWaits,
    pub spotify_calls: SpotifyCalls,
    pub telegram_sessions: TelegramSessions,
    pub telegram_waits: TelegramWaits,
    pub telegram_sends: TelegramSends,
    pub plugin_grants: PluginGrants,
    pub plugin_kv: PluginKv,
    pub plugin_pauses: PluginPauses,
    pub plays: Plays,
    pub songs: Songs,
    pub player: PlayerMemory,
    pub profile_songs: ProfileSongs,
    pub profile_tracks: ProfileTracks,
    pub music_attempts: MusicAttempts,
    pub music_choices: MusicChoices,
    pub music_misses: MusicMisses,
    pub bios: Bios,
    pub notices: Notices,
    flusher: Flusher,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    db: sled::Db,
    folder: PathBuf,
    _guard: Guard,
}

impl State {
    /// Opens `<folder>/state`, making it on first use.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let guard = Guard::lock(folder)?;
        guard::check_files(folder)?;
        let opened = engine::open_checked(folder);
        let (db, generation) = opened.inspect_err(|error| {
            if error.is_damage() {
                guard::mark_suspect(folder, error);
            }
        })?;
        let flusher = guard::watch(&db, folder, generation)?;
        Ok(Self {
            runs: Runs::open(&db)?,
            run_logs: RunLogs::open(&db)?,
            schedules: Schedules::open(&db)?,
            users: Users::open(&db)?,
            sessions: Sessions::open(&db)?,
            tokens: Tokens::open(&db)?,
            spotify_login: SpotifyLogin::open(&db)?,
            spotify_waits: SpotifyWaits::open(&db)?,
            spotify_calls: SpotifyCalls::open(&db)?,
            telegram_sessions: TelegramSessions::open(&db)?,
            telegram_waits: TelegramWaits::open(&db)?,
            telegram_sends: TelegramSends::open(&db)?,
            plugin_grants: PluginGrants::open(&db)?,
            plugin_kv: PluginKv::open(&db)?,
            plugin_pauses: PluginPauses::open(&db)?,
            plays: Plays::open(&db)?,
            songs: Songs::open(&db)?,
            player: PlayerMemory::open(&db)?,
            profile_songs: ProfileSongs::open(&db)?,
            profile_tracks: ProfileTracks::open(&db)?,
            music_attempts: MusicAttempts::open(&db)?,
            music_choices: MusicChoices::open(&db)?,
            music_misses: MusicMisses::open(&db)?,
            bios: Bios::open(&db)?,
            notices: Notices::open(&db)?,
            flusher,
            shared: Arc::new(Shared { db, folder: folder.to_owned(), _guard: guard }),
        })
    }

    /// Whether the process `pid` has the state in `folder` open.
    pub fn is_held_by(folder: &Path, pid: u32) -> bool {
        guard::is_held_by(folder, pid)
    }

    /// Whether there is a state to open, be it damaged.
    pub fn exists(folder: &Path) -> bool {
        folder.join("state").exists() || guard::sidecar_of(folder).exists()
    }

    /// Returns when everything written so far is on the disk. Many callers share one flush.
    pub async fn flushed(&self) -> Result<(), StateError> {
        self.flusher.flushed().await
    }

    /// Has everything written so far put on the disk, without waiting for it.
    pub fn flush_soon(&self) {
        self.flusher.flush_soon();
    }

    /// Whether something is sealed: a new key would not open it.
    pub fn holds_logins(&self) -> bool {
        !(self.telegram_sessions.is_empty() && self.spotify_login.is_empty())
    }

    /// Removes runs and their logs.
    pub fn remove_runs(&self, runs: &[crate::model::Run]) -> Result<(), StateError> {
        for run in runs {
            self.run_logs.remove(run.id)?;
        }
        if runs.is_empty() { Ok(()) } else { self.runs.remove(runs) }
    }

    /// A random number that belongs to this folder.
    pub fn seed(&self) -> Result<u64, StateError> {
        guard::seed(&self.shared.db)
    }

    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    pub fn size_on_disk(&self) -> u64 {
        self.shared.db.size_on_disk().unwrap_or(0)
    }
}
