use super::{NowPlaying, template::Template, words::Words};
use crate::state::StateError;

/// What there is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    Playing(Words),
    /// Playback has stopped; this was heard last.
    Idle(Words),
    /// Nothing was played, or somebody wants everything gone that was put up before the next song.
    Nothing,
}

impl Scene {
    pub(super) fn now(of: &NowPlaying) -> Result<Self, StateError> {
        let Some((play, record)) = of.ledger.present()? else { return Ok(Self::Nothing) };
        let all = of.state.profile_tracks.get(of.account.as_str(), "")?;
        let key = of.ledger.present_key(play.key.clone())?;
        let own = of.state.profile_tracks.get(of.account.as_str(), key.as_str())?;
        if all.removed.max(own.cleaned).is_some_and(|removed| play.started <= removed) {
            return Ok(Self::Nothing);
        }
        let words = Words::of(&play);
        Ok(if record.is_stopped { Self::Idle(words) } else { Self::Playing(words) })
    }

    pub(super) fn is_playing(&self) -> bool {
        matches!(self, Self::Playing(_))
    }

    /// The template that applies, and what to fill in.
    pub(super) fn said<'a>(
        &'a self,
        playing: &'a Template,
        idle: Option<&'a Template>,
    ) -> Option<(&'a Template, &'a Words)> {
        match self {
            Self::Playing(words) => Some((playing, words)),
            Self::Idle(words) => idle.map(|idle| (idle, words)),
            Self::Nothing => None,
        }
    }
}
