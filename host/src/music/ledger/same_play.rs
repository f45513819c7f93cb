//! Whether two reports are of one play. Ids are believed within the length of the song, words too;
//! the same program telling twice is believed only when it says the same moment.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Ledger, lowest_id};
use crate::{
    model::{Play, Said, Sameness, Track},
    state::StateError,
};

/// Two reports of one program that differ by less are one.
const REPEATED: SignedDuration = SignedDuration::from_secs(30);
/// How far apart the clocks of two programs may be.
const CLOCKS: SignedDuration = SignedDuration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(6 * 3600);
const USUAL: Duration = Duration::from_secs(240);

impl Ledger {
    /// The play in the ledger that this report is about, if there is one: the nearest.
    pub(super) fn find_same(
        &self,
        track: &Track,
        said: Option<&Said>,
        started: Timestamp,
    ) -> Result<Option<Play>, StateError> {
        let reach = signed(track.duration.unwrap_or(LONGEST / 6).min(LONGEST)) + CLOCKS;
        let (from, to) = (started.saturating_sub(reach), started.saturating_add(reach));
        let (Ok(from), Ok(to)) = (from, to) else { return Ok(None) };
        let mut nearest: Option<Play> = None;
        for play in self.state.plays.between(lowest_id(from), lowest_id(to)) {
            let play = play?;
            let is_nearer = nearest
                .as_ref()
                .is_none_or(|nearest| apart(play.started, started) < apart(nearest.started, started));
            if is_nearer && is_same_play(&play, track, said, started) {
                nearest = Some(play);
            }
        }
        Ok(nearest)
    }
}

fn is_same_play(known: &Play, track: &Track, said: Option<&Said>, started: Timestamp) -> bool {
    if known.track.sameness(track) == Sameness::Different {
        return false;
    }
    let is_by_same =
        |one: &&Said| said.is_some_and(|said| said.source == one.source && said.client == one.client);
    let length = signed(known.track.duration.or(track.duration).unwrap_or(USUAL).min(LONGEST));
    match known.sources.iter().find(is_by_same) {
        Some(before) => apart(before.started, started) <= REPEATED.min(length / 2),
        // Some programs say when a song began, others when it was told of.
        None => {
            started >= known.started - length.min(CLOCKS) && started < known.started + length.max(CLOCKS)
                || apart(known.started, started) <= CLOCKS
        }
    }
}

fn apart(one: Timestamp, other: Timestamp) -> SignedDuration {
    one.duration_since(other).abs()
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
