//! What clients of ListenBrainz send: read as generously as there, refused for the same reasons.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    model::{Track, TrackId},
    music::ledger::AHEAD,
};

pub(super) const LISTENS: usize = 1000;
pub(super) const LISTEN_BYTES: usize = 10_240;
/// Before the first scrobbler was written, 2002-10-01.
const EARLIEST: i64 = 1_033_430_400;
const LONGEST_TEXT: usize = 1000;
const TAGS: usize = 50;
const TAG_CHARS: usize = 64;
/// What of `additional_info` is kept as it stands.
const KEPT: &[&str] =
    &["media_player", "submission_client", "music_service", "music_service_name", "origin_url"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Single,
    PlayingNow,
    Import,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Submission {
    pub(super) kind: Kind,
    /// With the moment at which each began; none for what plays now.
    pub(super) listens: Vec<(Track, Option<Timestamp>)>,
}

/// All of it or nothing. The error is for whoever wrote the client.
pub(super) fn read(body: &[u8], now: Timestamp) -> Result<Submission, String> {
    let json: Value =
        serde_json::from_slice(body).map_err(|error| format!("Cannot parse JSON document: {error}"))?;
    let kind = match json.get("listen_type").and_then(Value::as_str) {
        Some("single") => Kind::Single,
        Some("playing_now") => Kind::PlayingNow,
        Some("import") => Kind::Import,
        _ => {
            return Err(
                "JSON document requires a valid listen_type key: single, playing_now or import.".into()
            );
        }
    };
    let payload = json.get("payload").ok_or("Invalid JSON document submitted: it has no payload.")?;
    let payload =
        payload.as_array().ok_or("The payload in the JSON document should be a list of listens.")?;
    match payload.len() {
        0 => return Err("JSON document does not contain any listens.".into()),
        count if count > LISTENS => {
            return Err(format!("Too many listens. You may not submit more than {LISTENS} listens at once."));
        }
        count if count > 1 && kind != Kind::Import => {
            return Err("JSON document contains more than one listen for a single/playing_now. It should contain only one.".into());
        }
        count if body.len() > count * LISTEN_BYTES => {
            return Err(format!(
                "JSON document is too large: a listen may not be larger than {LISTEN_BYTES} bytes."
            ));
        }
        _ => {}
    }
    let listens = payload.iter().map(|listen| listen_of(listen, kind, now)).collect::<Result<_, _>>()?;
    Ok(Submission { kind, listens })
}

fn listen_of(listen: &Value, kind: Kind, now: Timestamp) -> Result<(Track, Option<Timestamp>), String> {
    let listen = listen.as_object().ok_or("A listen in the payload should be an object.")?;
    let started = match (kind, listen.get("listened_at")) {
        (Kind::PlayingNow, None) => None,
        (Kind::PlayingNow, Some(_)) => {
            return Err("JSON document must not contain listened_at while submitting playing_now.".into());
        }
        (_, None) => return Err("JSON document must contain the key listened_at at the top level.".into()),
        (_, Some(at)) => Some(moment(at, now)?),
    };
    let metadata = listen.get("track_metadata").and_then(Value::as_object);
    let metadata = metadata.ok_or("JSON document does not contain a valid track_metadata.")?;
    Ok((track(metadata)?, started))
}

fn moment(at: &Value, now: Timestamp) -> Result<Timestamp, String> {
    let seconds = at.as_i64().or_else(|| at.as_str()?.trim().parse().ok()).or_else(|| whole(at.as_f64()?));
    let seconds = seconds.ok_or("JSON document must contain an int value for listened_at.")?;
    if seconds < EARLIEST {
        return Err(
            "Value for key listened_at is too low: it should be in seconds since 1970, and after 2002-10-01."
                .into(),
        );
    }
    let at = Timestamp::from_second(seconds).ok().filter(|at| at.duration_since(now) <= AHEAD);
    at.ok_or_else(|| {
        "Value for key listened_at is too high: it lies more than an hour ahead; look at the clock.".into()
    })
}

#[expect(clippy::cast_possible_truncation, reason = "within the years that we take")]
fn whole(seconds: f64) -> Option<i64> {
    (seconds.abs() < 1e11).then_some(seconds as i64)
}

fn track(metadata: &Map<String, Value>) -> Result<Track, String> {
    let nothing = Map::new();
    let info = match metadata.get("additional_info") {
        None | Some(Value::Null) => &nothing,
        Some(info) => info.as_object().ok_or("track_metadata.additional_info should be an object.")?,
    };
    check_tags(info)?;
    let artist = required(metadata, "artist_name")?;
    let names: Vec<String> = info.get("artist_names").map_or_else(Vec::new, texts);
    let mut track = Track {
        title: required(metadata, "track_name")?,
        artists: if names.is_empty() { vec![artist] } else { names },
        album: text(metadata.get("release_name")),
        album_artists: text(info.get("release_artist_name")).into_iter().collect(),
        duration: duration(info)?,
        track_number: number(info.get("tracknumber").or_else(|| info.get("track_number"))),
        disc_number: number(info.get("discnumber").or_else(|| info.get("disc_number"))),
        ids: ids(info)?,
        ..Track::default()
    };
    for name in KEPT {
        if let Some(value) = text(info.get(*name)) {
            track.extra.push(((*name).to_owned(), value.into()));
        }
    }
    Ok(track)
}

fn required(metadata: &Map<String, Value>, name: &str) -> Result<String, String> {
    match metadata.get(name) {
        Some(Value::String(text)) if text.chars().count() > LONGEST_TEXT => {
            Err(format!("track_metadata.{name} is too long."))
        }
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Some(Value::String(_)) | None | Some(Value::Null) => {
            Err(format!("JSON document does not contain required track_metadata.{name}."))
        }
        Some(_) => Err(format!("track_metadata.{name} must be a single string.")),
    }
}

fn check_tags(info: &Map<String, Value>) -> Result<(), String> {
    let tags = info.get("tags").map_or_else(Vec::new, texts);
    if tags.len() > TAGS {
        return Err(format!(
            "JSON document may not contain more than {TAGS} items in track_metadata.additional_info.tags."
        ));
    }
    match tags.iter().any(|tag| tag.chars().count() > TAG_CHARS) {
        true => {
            Err(format!("track_metadata.additional_info.tags may not be longer than {TAG_CHARS} characters."))
        }
        false => Ok(()),
    }
}

/// In milliseconds or in seconds; a client that says 0 does not know it.
fn duration(info: &Map<String, Value>) -> Result<Option<Duration>, String> {
    let of = |name: &str, unit: f64| match info.get(name) {
        None | Some(Value::Null) => Ok::<_, String>(None),
        Some(value) => {
            let count = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
            let count = count.filter(|count| (0.0..2e9).contains(count));
            let count = count
                .ok_or_else(|| format!("Value for {name} is invalid: it should be a positive number."))?;
            Ok(Duration::try_from_secs_f64(count * unit).ok().filter(|duration| !duration.is_zero()))
        }
    };
    Ok(of("duration_ms", 0.001)?.or(of("duration", 1.0)?))
}

fn ids(info: &Map<String, Value>) -> Result<Vec<TrackId>, String> {
    let id = |scheme: &str, value: String| TrackId { scheme: scheme.to_owned(), value };
    let mut ids = Vec::new();
    let address = text(info.get("spotify_id")).or_else(|| text(info.get("origin_url")));
    ids.extend(address.as_deref().and_then(spotify_id).map(|value| id("spotify", value)));
    ids.extend(text(info.get("isrc")).map(|value| id("isrc", value)));
    if let Some(value) = text(info.get("recording_mbid")) {
        let parsed = uuid::Uuid::parse_str(&value).map_err(|_| "recording_mbid MBID format invalid.")?;
        ids.push(id("recording", parsed.to_string()));
    }
    Ok(ids)
}

/// From the address of a track, its URI, or the id alone.
fn spotify_id(address: &str) -> Option<String> {
    let end = match address.split_once("open.spotify.com/") {
        Some((_, path)) => path.split_once("track/")?.1,
        None => address
            .strip_prefix("spotify:track:")
            .or_else(|| (!address.contains([':', '/'])).then_some(address))?,
    };
    let id: String = end.chars().take_while(char::is_ascii_alphanumeric).collect();
    (id.len() == 22).then_some(id)
}

fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().take(LONGEST_TEXT).collect())
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|value| text(Some(value))).collect()
}

fn number(value: Option<&Value>) -> Option<u32> {
    let value = value?;
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    u32::try_from(number).ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_780_000_000;

    fn read_json(json: &Value) -> Result<Submission, String> {
        read(json.to_string().as_bytes(), Timestamp::from_second(NOW).unwrap())
    }

    fn single(metadata: &Value) -> Value {
        json!({ "listen_type": "single", "payload": [{ "listened_at": NOW, "track_metadata": metadata }] })
    }

    #[test]
    fn takes_every_fact_that_we_can_use() {
        let submission = read_json(&single(&json!({
            "artist_name": "Ann feat. Bob", "track_name": " Song ", "release_name": "Album",
            "additional_info": {
                "artist_names": ["Ann", "Bob"], "isrc": "US-AA1-00-00001", "duration_ms": 201_500, "tracknumber": "7",
                "spotify_id": "http://open.spotify.com/track/1rrgWMXGCGHru5bIRxGFV0?si=1",
                "recording_mbid": "E225FB84-DC9A-419E-ADCD-9890F59EC432", "media_player": "Navidrome",
                "tags": ["a"], "release_mbid": null,
            },
        })))
        .unwrap();
        let (track, started) = &submission.listens[0];
        assert_eq!(started.map(Timestamp::as_second), Some(NOW));
        assert_eq!(
            (track.title.as_str(), &track.artists[..]),
            ("Song", &["Ann".to_owned(), "Bob".to_owned()][..])
        );
        assert_eq!(track.id("spotify"), Some("1rrgWMXGCGHru5bIRxGFV0"));
        assert_eq!(track.id("isrc"), Some("US-AA1-00-00001"));
        assert_eq!(track.id("recording"), Some("e225fb84-dc9a-419e-adcd-9890f59ec432"));
        assert_eq!((track.duration, track.track_number), (Some(Duration::from_millis(201_500)), Some(7)));
        assert_eq!(track.extra, [("media_player".to_owned(), json!("Navidrome"))]);
    }

    #[test]
    fn says_what_is_wrong_with_each() {
        let good = json!({ "artist_name": "a", "track_name": "b" });
        let with =
            |info: Value| single(&json!({ "artist_name": "a", "track_name": "b", "additional_info": info }));
        let listen = json!({ "listened_at": NOW, "track_metadata": good });
        for (json, word) in [
            (json!([]), "listen_type"),
            (json!({ "listen_type": "later", "payload": [listen] }), "listen_type"),
            (json!({ "listen_type": "single" }), "no payload"),
            (json!({ "listen_type": "single", "payload": listen }), "should be a list"),
            (json!({ "listen_type": "single", "payload": [] }), "any listens"),
            (json!({ "listen_type": "single", "payload": [listen, listen] }), "only one"),
            (json!({ "listen_type": "import", "payload": vec![listen.clone(); 1001] }), "more than 1000"),
            (json!({ "listen_type": "single", "payload": ["x"] }), "an object"),
            (json!({ "listen_type": "playing_now", "payload": [listen] }), "must not contain listened_at"),
            (json!({ "listen_type": "single", "payload": [{ "track_metadata": good }] }), "key listened_at"),
            (
                json!({ "listen_type": "single", "payload": [{ "listened_at": "soon", "track_metadata": good }] }),
                "int value",
            ),
            (
                json!({ "listen_type": "single", "payload": [{ "listened_at": NOW + 3601, "track_metadata": good }] }),
                "too high",
            ),
            (
                json!({ "listen_type": "single", "payload": [{ "listened_at": 5, "track_metadata": good }] }),
                "too low",
            ),
            (json!({ "listen_type": "single", "payload": [{ "listened_at": NOW }] }), "track_metadata"),
            (single(&json!({ "artist_name": "a" })), "track_name"),
            (single(&json!({ "artist_name": " ", "track_name": "b" })), "artist_name"),
            (single(&json!({ "artist_name": ["a"], "track_name": "b" })), "single string"),
            (single(&json!({ "artist_name": "a", "track_name": "b".repeat(1001) })), "too long"),
            (with(json!({ "tags": vec!["t"; 51] })), "more than 50"),
            (with(json!({ "tags": ["t".repeat(65)] })), "64 characters"),
            (with(json!({ "duration_ms": "long" })), "duration_ms"),
            (with(json!({ "recording_mbid": "x" })), "MBID"),
            (with(json!(7)), "additional_info"),
            (with(json!({ "note": "x".repeat(LISTEN_BYTES) })), "too large"),
        ] {
            let error = read_json(&json).unwrap_err();
            assert!(error.contains(word), "{word}: {error}");
        }
        assert!(read(b"{", Timestamp::UNIX_EPOCH).unwrap_err().contains("Cannot parse"));
    }

    #[test]
    fn takes_what_clients_really_send() {
        for info in [
            json!(null),
            json!({ "duration": 200, "spotify_id": "", "isrc": null }),
            json!({ "duration_ms": "200000", "tracknumber": "3/12", "origin_url": "https://example.org/track/9" }),
            json!({ "duration": 0 }),
        ] {
            let metadata = json!({ "artist_name": "a", "track_name": "b", "additional_info": info });
            let submission = read_json(&single(&metadata)).unwrap();
            assert!(submission.listens[0].0.ids.is_empty(), "{info}");
        }
        let ahead = json!({ "listen_type": "import", "payload": vec![json!({ "listened_at": NOW + 3599,
            "track_metadata": { "artist_name": "a", "track_name": "b" } }); 1000] });
        assert_eq!(read_json(&ahead).unwrap().listens.len(), 1000);
    }
}
