//! What is remembered between calls: what was found, and what could not be. All of it runs out, and none of it is needed: without
//! the grant, every call searches anew.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tapedeck_plugin::{
    Error, kv, log,
    tracks::{Candidate, ExternalId, Track},
};

use crate::text::fold;

/// A text that is worth something until then.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    /// In seconds since 1970.
    until: u64,
    value: T,
}

/// A candidate as it is kept. The contract's own type has no form on disk.
#[derive(Serialize, Deserialize)]
struct Short {
    id: String,
    url: String,
    title: String,
    artists: Vec<String>,
    album: Option<String>,
    duration_ms: Option<u32>,
    score: f64,
    is_verified: bool,
    is_explicit: Option<bool>,
    views: Option<u64>,
    extra: Vec<(String, String)>,
}

/// What was found for a track, if that is still worth something. Empty when nothing was.
pub(crate) fn found(track: &Track) -> Option<Vec<Candidate>> {
    let found: Vec<Short> = load(&track_key(track))?;
    Some(found.into_iter().map(Candidate::from).filter(|it| !is_lost(&it.id)).collect())
}

pub(crate) fn keep_found(track: &Track, found: &[Candidate], hours: u32) {
    let short: Vec<_> = found.iter().map(Short::from).collect();
    store(&track_key(track), &short, hours);
}

/// That a recording cannot be had.
pub(crate) fn keep_lost(id: &str, hours: u32) {
    store(&format!("lost:{id}"), &(), hours);
}

pub(crate) fn is_lost(id: &str) -> bool {
    load::<()>(&format!("lost:{id}")).is_some()
}

/// The surest name of a track.
fn track_key(track: &Track) -> String {
    let by = |scheme: &str| track.ids.iter().find(|id| id.scheme == scheme && !id.value.is_empty());
    if let Some(ExternalId { scheme, value }) = by("isrc").or_else(|| by("spotify")) {
        return format!("track:{scheme}:{value}");
    }
    let seconds = track.duration_ms.unwrap_or_default() / 1000;
    let mut key = format!("track:name:{}:{}:{seconds}", fold(&track.artists.join(" ")), fold(&track.title));
    key.truncate(key.floor_char_boundary(250));
    key
}

fn load<T: DeserializeOwned>(key: &str) -> Option<T> {
    let bytes = kv::get(key)
        .inspect_err(|error| log::debug!("nothing is remembered: {}", error.message()))
        .ok()??;
    let kept: Kept<T> = serde_json::from_slice(&bytes).ok()?;
    (kept.until > now()).then_some(kept.value)
}

fn store<T: Serialize>(key: &str, value: &T, hours: u32) {
    if hours == 0 {
        return;
    }
    let until = now() + 3600 * u64::from(hours);
    let kept = serde_json::to_vec(&Kept { until, value }).expect("plain data becomes JSON");
    let mut written = kv::set(key, &kept);
    if matches!(written, Err(Error::Exhausted(_))) {
        make_room();
        written = kv::set(key, &kept);
    }
    if let Err(error) = written {
        log::debug!("cannot remember {key}: {}", error.message());
    }
}

/// Forgets what has run out; if nothing has, everything.
fn make_room() {
    let names = kv::names("").unwrap_or_default();
    let has_run_out = |name: &&String| load::<serde::de::IgnoredAny>(name).is_none();
    let mut out: Vec<&String> = names.iter().filter(has_run_out).collect();
    if out.is_empty() {
        out = names.iter().collect();
    }
    for name in out {
        // What cannot be removed is written over one day.
        let _ = kv::remove(name);
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

impl From<&Candidate> for Short {
    fn from(it: &Candidate) -> Self {
        Self {
            id: it.id.clone(),
            url: it.url.clone(),
            title: it.title.clone(),
            artists: it.artists.clone(),
            album: it.album.clone(),
            duration_ms: it.duration_ms,
            score: it.score,
            is_verified: it.is_verified,
            is_explicit: it.is_explicit,
            views: it.views,
            extra: it.extra.iter().map(|it| (it.name.clone(), it.value.clone())).collect(),
        }
    }
}

impl From<Short> for Candidate {
    fn from(it: Short) -> Self {
        let extra = it.extra.into_iter().map(|(name, value)| crate::extra(&name, value)).collect();
        Self {
            id: it.id,
            url: it.url,
            title: it.title,
            artists: it.artists,
            album: it.album,
            duration_ms: it.duration_ms,
            score: it.score,
            is_verified: it.is_verified,
            is_explicit: it.is_explicit,
            views: it.views,
            memo: String::new(),
            extra,
        }
    }
}

#[cfg(test)]
mod tests {
    use tapedeck_plugin::{Wants, testing::Host};

    use super::*;

    const SMALL: Wants = Wants { kv_bytes: 600, ..Wants::NOTHING };

    fn track(isrc: &str) -> Track {
        let ids = vec![ExternalId { scheme: "isrc".into(), value: isrc.into() }];
        Track { title: "Hello".into(), ids, ..Track::default() }
    }

    fn candidate(id: &str) -> Candidate {
        Candidate { id: id.into(), title: "Hello".into(), score: 97.5, ..Candidate::default() }
    }

    #[test]
    fn what_was_found_is_found_again() {
        let _host = Host::new(SMALL);
        assert_eq!(found(&track("A")).map(|it| it.len()), None);
        keep_found(&track("A"), &[candidate("x"), candidate("y")], 1);
        let again = found(&track("A")).unwrap();
        assert_eq!((again[0].id.as_str(), again[0].score, again.len()), ("x", 97.5, 2));
        assert_eq!(found(&track("B")).map(|it| it.len()), None);
        keep_found(&track("B"), &[], 1);
        assert_eq!(found(&track("B")).map(|it| it.len()), Some(0));
    }

    #[test]
    fn lost_recordings_are_left_out() {
        let _host = Host::new(SMALL);
        keep_found(&track("A"), &[candidate("x"), candidate("y")], 1);
        keep_lost("x", 1);
        let ids: Vec<_> = found(&track("A")).unwrap().into_iter().map(|it| it.id).collect();
        assert_eq!(ids, ["y"]);
    }

    #[test]
    fn memories_run_out() {
        let host = Host::new(SMALL);
        host.keep("lost:x", format!(r#"{{"until":{},"value":null}}"#, now() - 1));
        host.keep("lost:y", format!(r#"{{"until":{},"value":null}}"#, now() + 60));
        assert!(!is_lost("x") && is_lost("y"));
        keep_lost("z", 0);
        assert_eq!(host.kept("lost:z"), None);
    }

    #[test]
    fn a_full_store_makes_room() {
        let host = Host::new(SMALL);
        host.keep("track:old", format!(r#"{{"until":1,"value":"{}"}}"#, "x".repeat(300)));
        keep_found(&track("A"), &[candidate("x"), candidate("y")], 1);
        assert_eq!(host.kept("track:old"), None);
        assert_eq!(found(&track("A")).unwrap().len(), 2);
    }

    #[test]
    fn tracks_without_a_number_have_a_name() {
        let one = Track { title: "Hello".into(), artists: vec!["Adele".into()], ..Track::default() };
        let other = Track { title: "HELLO".into(), ..one.clone() };
        assert_eq!(track_key(&one), track_key(&other));
        let spotify = ExternalId { scheme: "spotify".into(), value: "4aeb".into() };
        assert_eq!(track_key(&Track { ids: vec![spotify], ..one }), "track:spotify:4aeb");
    }
}
