//! Where the job's recordings come from.

use tokio_util::sync::CancellationToken;

use super::Settings;
use crate::{
    jobs::{JobTools, MusicTools},
    model::Track,
    music::{
        backends::{self, Chain, ChainParts},
        fetched,
        profile::{Answer, Ask, Found, Order, SongFile},
    },
    plugin_host::Plugins,
};

pub(super) fn chain(
    settings: &Settings,
    plugins: &Plugins,
    music: &MusicTools,
    tools: &JobTools,
) -> anyhow::Result<Chain> {
    let parts = ChainParts {
        plugins: plugins.clone(),
        own: tools.backends.clone(),
        state: music.state.clone(),
        clock: tools.clock.clone(),
        attempts: music.attempts.clone(),
        folder: fetched::folder(music.state.folder()),
        base_folder: tools.base_folder.clone(),
        private_variables: tools.private_variables.clone(),
        tolerance: settings.tolerance.0,
        most_bytes: settings.max_file.0,
        remember_misses: settings.remember_misses.0,
    };
    Ok(Chain::new(&settings.backends, parts)?)
}

pub(super) fn ask(chain: Chain) -> Ask {
    std::sync::Arc::new(move |order: Order| {
        let chain = chain.clone();
        Box::pin(async move {
            let Order { key, track, from, is_upgrade, stop } = order;
            // What comes at once comes at once, whatever somebody has chosen.
            let chosen = chain.rank_of_choice(&key).filter(|_| is_upgrade);
            let from = chosen.unwrap_or(from);
            match ask_from(&chain, &key, &track, (from, is_upgrade), &stop).await {
                backends::Answer::Found(found) => Answer::Found(Box::new(Found {
                    file: SongFile::Temporary(found.file),
                    backend: found.backend,
                    rank: found.rank,
                    is_placeholder: found.is_placeholder,
                    candidate: found.candidate.id,
                    recording: found.recording,
                })),
                backends::Answer::Nothing { not_before } => Answer::Nothing { not_before },
            }
        })
    })
}

/// Silence is no better than what is there: backends behind it are asked.
async fn ask_from(
    chain: &Chain,
    key: &str,
    track: &Track,
    (from, is_upgrade): (usize, bool),
    stop: &CancellationToken,
) -> backends::Answer {
    let answer = chain.ask(key, track, from, stop).await;
    match &answer {
        backends::Answer::Found(found) if is_upgrade && found.is_placeholder => {
            chain.ask(key, track, found.rank + 1, stop).await
        }
        _ => answer,
    }
}
