//! What should be on the profile: the last tracks that were played, and what people did to them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Heard, Track},
    state::ProfileTrack,
};

/// What was played.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Played {
    /// Each track once, the newest first.
    pub heard: Vec<Heard>,
    /// Nothing plays, and has not for a while.
    pub is_stopped: bool,
    /// When playback last began after such a while.
    pub session: Option<Timestamp>,
}

/// What a song that somebody took off the profile means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RemovedByUser {
    /// It stays away until it is played again.
    #[default]
    UntilPlayed,
    /// It never comes back.
    Never,
    /// Nothing: it comes back as long as it is among the last.
    Forget,
}

#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub keep: usize,
    pub clean_when_stopped: bool,
    pub removed_by_user: RemovedByUser,
}

/// A track that should be on the profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub key: String,
    pub track: Track,
    /// Its place: the latest is on top.
    pub at: Timestamp,
    /// A file of the user's own.
    pub file: Option<std::path::PathBuf>,
}

/// The topmost first. What somebody removed leaves a gap: nothing older takes its place. What the end of
/// playback took away comes back only when it is played again.
pub(super) fn wanted(played: &Played, tracks: &[ProfileTrack], rules: &Rules) -> Vec<Wanted> {
    let known: BTreeMap<&str, &ProfileTrack> = tracks.iter().map(|it| (it.key.as_str(), it)).collect();
    let all_removed = known.get("").and_then(|all| all.removed);
    let is_away = |key: &str, at: Timestamp| {
        let own = known.get(key);
        let removed = own.and_then(|track| track.removed);
        let cleaned = own.and_then(|track| track.cleaned).max(all_removed);
        let is_for_ever = rules.removed_by_user == RemovedByUser::Never && removed.is_some();
        is_for_ever || removed.max(cleaned).is_some_and(|removed| at <= removed)
    };
    let is_clean = played.is_stopped && rules.clean_when_stopped;
    let heard = played.heard.iter().take(if is_clean { 0 } else { rules.keep });
    let since = played.session.filter(|_| rules.clean_when_stopped);
    let heard = heard.filter(|heard| since.is_none_or(|since| heard.last >= since));
    let heard = heard.filter(|heard| !is_away(heard.key.as_str(), heard.last)).map(|heard| Wanted {
        key: heard.key.to_string(),
        track: heard.track.clone(),
        at: heard.last,
        file: None,
    });
    let added = tracks.iter().filter_map(|track| {
        let added = track.added.as_ref().filter(|added| !is_away(&track.key, added.at))?;
        let file = Some(added.file.clone());
        Some(Wanted { key: track.key.clone(), track: added.track.clone(), at: added.at, file })
    });
    let mut wanted: Vec<(Timestamp, Timestamp, Wanted)> = heard
        .chain(added)
        .map(|mut wanted| {
            // A place that somebody gave it holds until it is played again.
            let moved = known.get(wanted.key.as_str()).and_then(|track| track.moved);
            let moved = moved.filter(|(_, when)| *when >= wanted.at);
            let (at, when) = moved.unwrap_or((wanted.at, Timestamp::MIN));
            wanted.at = at;
            (at, when, wanted)
        })
        .collect();
    wanted.sort_by(|a, b| (b.0, b.1, &b.2.key).cmp(&(a.0, a.1, &a.2.key)));
    wanted.into_iter().map(|(_, _, wanted)| wanted).collect()
}

/// The place right below another one.
pub(super) fn below(at: Timestamp) -> Timestamp {
    at.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN)
}

/// The place right above another one.
pub(super) fn above(at: Timestamp) -> Timestamp {
    at.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Added;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// `a` was played at 100, `b` at 99 and so on.
    fn played(names: &str) -> Played {
        let heard = names.chars().zip(0..).map(|(name, age)| Heard {
            key: name.to_string().into(),
            track: Track::default(),
            last: at(100 - age),
        });
        Played { heard: heard.collect(), is_stopped: false, session: None }
    }

    fn rules() -> Rules {
        Rules { keep: 3, clean_when_stopped: true, removed_by_user: RemovedByUser::UntilPlayed }
    }

    fn keys(played: &Played, tracks: &[ProfileTrack], rules: &Rules) -> String {
        wanted(played, tracks, rules).into_iter().map(|wanted| wanted.key).collect()
    }

    fn track(key: &str) -> ProfileTrack {
        ProfileTrack { account: "main".into(), key: key.into(), ..ProfileTrack::default() }
    }

    #[test]
    fn last_tracks_stay_until_playback_stops() {
        let mut played = played("abcde");
        assert_eq!(keys(&played, &[], &rules()), "abc");
        played.is_stopped = true;
        assert_eq!(keys(&played, &[], &rules()), "");
        assert_eq!(keys(&played, &[], &Rules { clean_when_stopped: false, ..rules() }), "abc");
    }

    #[test]
    fn what_the_end_took_away_stays_away() {
        let again = Played { session: Some(at(99)), ..played("abcde") };
        assert_eq!(keys(&again, &[], &rules()), "ab");
        assert_eq!(keys(&again, &[], &Rules { clean_when_stopped: false, ..rules() }), "abc");
    }

    #[test]
    fn removed_track_waits_to_be_played() {
        let played = played("abcde");
        let removed = |second| ProfileTrack { removed: Some(at(second)), ..track("b") };
        assert_eq!(keys(&played, &[removed(99)], &rules()), "ac", "nothing older takes its place");
        assert_eq!(keys(&played, &[removed(98)], &rules()), "abc", "it was played since");
        let never = Rules { removed_by_user: RemovedByUser::Never, ..rules() };
        assert_eq!(keys(&played, &[removed(1)], &never), "ac");
        let all = ProfileTrack { removed: Some(at(99)), ..track("") };
        assert_eq!(keys(&played, &[all], &rules()), "a");
    }

    #[test]
    fn added_files_stay_after_the_end() {
        let added = Added { at: at(99), track: Track::default(), file: "x.mp3".into() };
        let tracks = [ProfileTrack { added: Some(added), ..track("x") }];
        let mut played = played("abcd");
        assert_eq!(keys(&played, &tracks, &rules()), "axbc");
        played.is_stopped = true;
        assert_eq!(keys(&played, &tracks, &rules()), "x");
    }

    #[test]
    fn moved_track_keeps_its_place_until_played() {
        let played = played("abc");
        let moved = |key: &str, to, when| ProfileTrack { moved: Some((to, at(when))), ..track(key) };
        assert_eq!(keys(&played, &[moved("a", below(at(98)), 200)], &rules()), "bca");
        assert_eq!(keys(&played, &[moved("a", below(at(98)), 99)], &rules()), "abc", "it was played since");
        let both = [moved("a", below(at(98)), 200), moved("b", below(at(98)), 201)];
        assert_eq!(keys(&played, &both, &rules()), "cba", "the last one that was moved is next to it");
    }
}
