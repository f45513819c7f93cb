//! The world that plugins are tried on: a group of four that writes in many scripts and sends every
//! kind of media, and tracks that are easy, hard and barely known.

use std::time::Duration;

use serde::Deserialize;

use crate::model::{Chat, Cover, Message, Topic, Track, TrackId, User};

pub(super) struct Samples {
    pub(super) chat: Chat,
    pub(super) people: Vec<User>,
    pub(super) topics: Vec<Topic>,
    pub(super) messages: Vec<Message>,
    pub(super) tracks: Vec<Track>,
}

#[derive(Deserialize)]
struct Group {
    chat: Chat,
    people: Vec<User>,
    topics: Vec<Topic>,
}

impl Samples {
    /// The files are part of the program, in the archive's own form.
    pub(super) fn load() -> Self {
        let group = include_str!("chat.json");
        let Group { chat, people, topics } = serde_json::from_str(group).expect("tested samples");
        let message = |line| serde_json::from_str(line).expect("tested samples");
        let messages = include_str!("messages.jsonl").lines().map(message).collect();
        Self { chat, people, topics, messages, tracks: tracks() }
    }
}

fn tracks() -> Vec<Track> {
    let text = |text: &str| Some(text.to_owned());
    let id = |scheme: &str, value: &str| TrackId { scheme: scheme.into(), value: value.into() };
    let cover =
        |side| Cover { url: format!("https://i.scdn.co/image/sample-{side}"), width: side, height: side };
    vec![
        Track {
            title: "Blue Train".into(),
            artists: vec!["John Coltrane".into()],
            ids: vec![id("isrc", "USBN29900123"), id("spotify", "2dS9ZpHFqOeLSyPPqkeVJV")],
            album: text("Blue Train"),
            album_artists: vec!["John Coltrane".into()],
            release_date: text("1958-01-01"),
            duration: Some(Duration::from_secs(643)),
            track_number: Some(1),
            disc_number: Some(1),
            is_explicit: Some(false),
            covers: vec![cover(640), cover(300)],
            ..Track::default()
        },
        Track {
            title: "Группа крови / 血型 (live) [2019 remaster]".into(),
            artists: vec!["Кино".into(), "AC/DC".into()],
            release_date: text("1988"),
            duration: Some(Duration::from_millis(285_500)),
            is_explicit: Some(true),
            ..Track::default()
        },
        Track { title: "\"Untitled\"".into(), artists: vec!["?".into()], ..Track::default() },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_of_media_is_there() {
        let samples = Samples::load();
        let media = samples.messages.iter().filter_map(|message| message.media.as_ref());
        let kinds: BTreeSet<_> = media.map(|media| media.kind.as_str()).collect();
        assert_eq!(kinds.len(), 25, "{kinds:?}");
    }

    #[test]
    fn everybody_who_writes_is_known() {
        let samples = Samples::load();
        let known: BTreeSet<_> = samples.people.iter().map(|person| person.id).collect();
        let writers = samples.messages.iter().filter_map(|message| message.sender);
        assert!(writers.into_iter().all(|sender| known.contains(&sender)));
        assert!(samples.messages.iter().all(|message| message.chat == samples.chat.id));
        assert!(samples.messages.is_sorted_by_key(|message| message.id));
    }
}
