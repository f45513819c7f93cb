use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(value: &Value) -> Playing {
    playing(&value.to_string()).unwrap()
}

/// As the Web API sends it, shortened only where it repeats itself.
fn answer() -> Value {
    json!({
        "timestamp": 1_700_000_000_000_u64,
        "context": { "type": "playlist", "href": "https://api.spotify.com/v1/playlists/x",
                     "external_urls": { "spotify": "https://open.spotify.com/playlist/x" }, "uri": "spotify:playlist:x" },
        "progress_ms": 44_272,
        "item": {
            "album": {
                "album_type": "album", "artists": [{ "name": "Rick Astley", "id": "a", "type": "artist" }],
                "available_markets": ["ES"], "external_urls": { "spotify": "https://open.spotify.com/album/6XhjNHCyCDyyGJRM5mg40G" },
                "id": "6XhjNHCyCDyyGJRM5mg40G",
                "images": [
                    { "height": 64, "url": "https://i.scdn.co/image/small", "width": 64 },
                    { "height": 640, "url": "https://i.scdn.co/image/large", "width": 640 },
                ],
                "name": "Whenever You Need Somebody", "release_date": "1987-11-12", "release_date_precision": "day",
                "total_tracks": 10, "type": "album",
            },
            "artists": [{ "name": "Rick Astley" }, { "name": "Somebody" }],
            "disc_number": 1, "duration_ms": 213_573, "explicit": false,
            "external_ids": { "isrc": "GBARL9300135" },
            "external_urls": { "spotify": "https://open.spotify.com/track/4PTG3Z6ehGkBFwjybzWkR8" },
            "id": "4PTG3Z6ehGkBFwjybzWkR8", "is_local": false, "is_playable": true,
            "linked_from": { "id": "4cOdK2wGLETKBW3PvgPWqT", "type": "track", "uri": "spotify:track:4cOdK2wGLETKBW3PvgPWqT" },
            "name": "Never Gonna Give You Up", "popularity": 80, "preview_url": null, "track_number": 1, "type": "track",
        },
        "currently_playing_type": "track",
        "actions": { "disallows": { "resuming": true } },
        "is_playing": true,
    })
}

#[test]
fn songs_keep_all_that_is_known() {
    let found = read(&answer());
    assert!(found.is_playing && !found.is_private && found.device.is_none());
    assert_eq!(found.progress, Some(Duration::from_millis(44_272)));
    let Playable::Song(track) = found.what else { panic!("{found:?}") };
    assert_eq!(track.artists, ["Rick Astley", "Somebody"]);
    let ids: Vec<String> = track.ids.iter().map(|id| format!("{}:{}", id.scheme, id.value)).collect();
    assert_eq!(
        ids,
        ["spotify:4cOdK2wGLETKBW3PvgPWqT", "spotify:4PTG3Z6ehGkBFwjybzWkR8", "isrc:GBARL9300135"]
    );
    assert_eq!(track.covers[0].width, 640);
    assert_eq!(track.release_date.as_deref(), Some("1987-11-12"));
    assert_eq!(track.duration, Some(Duration::from_millis(213_573)));
    assert_eq!((track.track_number, track.is_explicit), (Some(1), Some(false)));
    assert_eq!(track.extra[0].1, "https://open.spotify.com/track/4PTG3Z6ehGkBFwjybzWkR8");
}

#[test]
fn fields_that_spotify_took_away_are_not_missed() {
    let mut value = answer();
    let item = value["item"].as_object_mut().unwrap();
    for gone in ["external_ids", "linked_from", "available_markets", "popularity", "album", "external_urls"] {
        item.remove(gone);
    }
    let Playable::Song(track) = read(&value).what else { panic!("no song") };
    assert_eq!(track.ids.len(), 1);
    assert!(track.album.is_none() && track.covers.is_empty());
}

#[test]
fn ads_null_items_and_silence_differ() {
    let ad = json!({ "currently_playing_type": "ad", "item": null, "is_playing": true, "progress_ms": 3000 });
    assert_eq!(read(&ad).what, Playable::Ad);
    let unknown = json!({ "currently_playing_type": "unknown", "item": null, "is_playing": true });
    assert_eq!(read(&unknown), Playing { is_playing: true, ..Playing::default() });
    assert_eq!(playing("").unwrap(), Playing::default());
    assert!(matches!(playing("<html>"), Err(SpotifyError::Unintelligible { .. })));
}

#[test]
fn episodes_are_told_by_their_show() {
    let value = json!({ "is_playing": true, "currently_playing_type": "episode", "progress_ms": 1, "item": {
        "type": "episode", "id": "512ojhOuo1ktJprKbVcKyQ", "name": "Part 1", "duration_ms": 1_686_230, "explicit": false,
        "release_date": "2020-01-01", "images": [], "show": { "name": "The Show", "publisher": "P",
        "images": [{ "url": "https://i.scdn.co/image/show", "height": 300, "width": 300 }] } } });
    let Playable::Episode(track) = read(&value).what else { panic!("no episode") };
    assert_eq!((track.artists[0].as_str(), track.title.as_str()), ("The Show", "Part 1"));
    assert_eq!(track.covers[0].url, "https://i.scdn.co/image/show");
    assert!(track.ids.iter().all(|id| id.scheme != "spotify"), "it is no track");
}

#[test]
fn local_files_have_only_their_words() {
    let value = json!({ "is_playing": true, "currently_playing_type": "track", "item": {
        "type": "track", "id": null, "uri": "spotify:local:Me:Tape:Demo:180", "is_local": true, "name": "Demo",
        "artists": [{ "name": "Me", "id": null, "external_urls": {} }, { "name": "" }], "duration_ms": 180_000,
        "album": { "name": "Tape", "images": [], "release_date": null, "album_type": null, "artists": [] },
        "external_ids": {}, "external_urls": {}, "track_number": 0, "disc_number": 0 } });
    let Playable::Local(track) = read(&value).what else { panic!("no local file") };
    assert!(track.ids.is_empty() && track.covers.is_empty() && track.extra.is_empty());
    assert_eq!(track.artists, ["Me"]);
    assert_eq!((track.track_number, track.release_date), (None, None));
}

#[test]
fn devices_and_private_sessions_are_told() {
    let mut value = answer();
    value["device"] = json!({ "id": null, "name": "Kitchen", "is_private_session": true, "type": "Toaster" });
    let found = read(&value);
    assert_eq!((found.device.as_deref(), found.is_private), (Some("Kitchen"), true));
}

#[test]
fn unknown_kinds_are_nothing() {
    let value = json!({ "is_playing": true, "currently_playing_type": "hologram",
                        "item": { "type": "hologram", "name": "Hello", "duration_ms": "long" } });
    assert_eq!(read(&value).what, Playable::Nothing);
}

#[test]
fn accounts_are_known_by_what_stays() {
    let user = |value: Value| user(&value.to_string());
    let found = user(json!({ "id": "ann", "account_id": "stays", "display_name": "Ann" })).unwrap();
    assert_eq!((found.id.as_str(), found.name.as_str()), ("stays", "Ann"));
    let found = user(json!({ "id": "ann", "display_name": null, "images": [] })).unwrap();
    assert_eq!((found.id.as_str(), found.name.as_str()), ("ann", "ann"));
    assert!(user(json!({})).is_err());
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::hash_map("[a-z]{1,6}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Every place in a value, as a pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| places(value, &format!("{at}/{key}"), found))
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(at_item, value)| places(value, &format!("{at}/{at_item}"), found));
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_field_can_break_the_rest(place in any::<prop::sample::Index>(), other in anything()) {
        let mut value = answer();
        let mut all = Vec::new();
        places(&value, "", &mut all);
        let place = &all[1 + place.index(all.len() - 1)];
        *value.pointer_mut(place).unwrap() = other;
        let found = read(&value);
        if !place.starts_with("/item") && place != "/currently_playing_type" {
            prop_assert!(matches!(found.what, Playable::Song(_)), "{place}");
        }
    }
}
