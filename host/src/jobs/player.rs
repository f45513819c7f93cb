//! Kind `player`: hears what plays, and writes down what counts. It runs until it is stopped.

use std::{fmt, sync::Arc};

use anyhow::anyhow;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{JobTools, Kind, MusicTools, read_settings, schema_of};
use crate::{
    clock::SharedClock,
    model::{JobName, Summary},
    music::player::{self, Ask, PlayError, Played, PlayerParts},
    scheduler::{Job, JobError, Reporter, RunContext},
    spotify::Spotify,
};

pub(super) const KIND: Kind = Kind {
    name: "player",
    about: "Hears what plays, and writes down what counts as played.",
    schema: schema_of::<Settings>,
    build,
};

/// Hears what plays, and writes down what counts as played. Its settings are in `[player]`, because the page and
/// scrobblers need them too.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {}

struct PlayerJob {
    /// None where jobs are only checked.
    music: Option<MusicTools>,
    clock: SharedClock,
    spotify: Option<Ask>,
    /// Moves with each login.
    logins: Option<watch::Receiver<u64>>,
}

impl fmt::Debug for PlayerJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlayerJob")
    }
}

#[derive(Debug, Serialize)]
struct Heard {
    plays: u64,
    spotify_calls: u64,
    spotify_failures: u64,
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plays, spotify_calls, spotify_failures } = self;
        write!(f, "{plays} plays; asked Spotify {spotify_calls} times")?;
        if *spotify_failures > 0 { write!(f, ", {spotify_failures} of them in vain") } else { Ok(()) }
    }
}

fn build(_: &JobName, settings: &serde_json::Value, tools: &JobTools) -> anyhow::Result<Arc<dyn Job>> {
    let Settings {} = read_settings(settings)?;
    let spotify = tools.spotify.as_ref().map(|spotify| player::ask_spotify(spotify, &tools.clock));
    let logins = tools.spotify.as_ref().map(Spotify::changes);
    Ok(Arc::new(PlayerJob { music: tools.music.clone(), clock: tools.clock.clone(), spotify, logins }))
}

impl Job for PlayerJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let music = self.music.as_ref();
            let music = music.ok_or_else(|| JobError::permanent(anyhow!("only a daemon has a player")))?;
            let parts = PlayerParts {
                ledger: music.ledger.clone(),
                state: music.state.clone(),
                inbox: music.players.inbox.clone(),
                window: music.players.window.clone(),
                clock: self.clock.clone(),
                rules: music.players.rules(),
                spotify: self.spotify.clone(),
                logins: self.logins.clone(),
            };
            let report = context.report.clone();
            let played = player::run(parts, context.stop, |told| show(&report, &told)).await;
            let Played { plays, calls, failures } = played.map_err(|error| match error {
                PlayError::Taken => JobError::permanent(error),
                PlayError::Ledger(_) => JobError::temporary(error),
            })?;
            let heard = Heard { plays, spotify_calls: calls, spotify_failures: failures };
            tracing::info!("{heard}");
            Ok(Summary::of(&heard))
        })
    }
}

fn show(report: &Reporter, told: &player::Report) {
    let text = match &told.now {
        None => "Nothing plays".to_owned(),
        Some(now) => {
            let what = if now.is_playing { "Playing" } else { "Paused" };
            let artists = now.track.artists.join(", ");
            let gap = if artists.is_empty() { "" } else { " - " };
            format!("{what}: {artists}{gap}{} ({})", now.track.title, now.source)
        }
    };
    report.progress(told.played.plays, None, "plays", text);
    match told.limited_until {
        Some(until) => report.waiting_for("Spotify", until, "it asked for a pause"),
        None => report.going_on(),
    }
}
