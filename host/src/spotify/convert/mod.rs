//! What Spotify says of the player, in our words. Everything in it can be missing, null or new:
//! what is not understood counts as "nothing is said", never as an error, unless it is no JSON.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::SpotifyError;
use crate::model::{Cover, Playable, Playing, SpotifyUser, Track, TrackId};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    #[serde(deserialize_with = "lenient")]
    device: Option<Device>,
    #[serde(deserialize_with = "lenient")]
    progress_ms: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    is_playing: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    item: Option<Item>,
    #[serde(deserialize_with = "lenient")]
    currently_playing_type: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Device {
    #[serde(deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    is_private_session: Option<bool>,
}

/// A track, an episode or a chapter.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    #[serde(rename = "type", deserialize_with = "lenient")]
    kind: Option<String>,
    #[serde(deserialize_with = "lenient")]
    id: Option<String>,
    #[serde(deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    artists: Option<Vec<Named>>,
    #[serde(deserialize_with = "lenient")]
    album: Option<Album>,
    #[serde(deserialize_with = "lenient")]
    show: Option<Show>,
    #[serde(deserialize_with = "lenient")]
    audiobook: Option<Show>,
    #[serde(deserialize_with = "lenient")]
    duration_ms: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    explicit: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    is_local: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    track_number: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    disc_number: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    external_ids: Option<ExternalIds>,
    #[serde(deserialize_with = "lenient")]
    external_urls: Option<ExternalUrls>,
    #[serde(deserialize_with = "lenient")]
    linked_from: Option<Linked>,
    #[serde(deserialize_with = "lenient")]
    release_date: Option<String>,
    #[serde(deserialize_with = "lenient")]
    images: Option<Vec<Image>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Album {
    #[serde(deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    artists: Option<Vec<Named>>,
    #[serde(deserialize_with = "lenient")]
    images: Option<Vec<Image>>,
    #[serde(deserialize_with = "lenient")]
    release_date: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Show {
    #[serde(deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    images: Option<Vec<Image>>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default, deserialize_with = "lenient")]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Image {
    url: String,
    #[serde(default, deserialize_with = "lenient")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    height: Option<u32>,
}

#[derive(Deserialize)]
struct ExternalIds {
    #[serde(default, deserialize_with = "lenient")]
    isrc: Option<String>,
}

#[derive(Deserialize)]
struct ExternalUrls {
    #[serde(default, deserialize_with = "lenient")]
    spotify: Option<String>,
}

#[derive(Deserialize)]
struct Linked {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<String>,
}

#[derive(Deserialize)]
struct Me {
    id: String,
    /// Stays the same when the id changes; not every application is told.
    #[serde(default, deserialize_with = "lenient")]
    account_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    display_name: Option<String>,
}

/// `None` where something of another shape stands.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(source: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(source)?).ok())
}

/// An empty text is "no content": no player is on.
pub(super) fn playing(text: &str) -> Result<Playing, SpotifyError> {
    if text.trim().is_empty() {
        return Ok(Playing::default());
    }
    let context: Context = parse(text, "what plays")?;
    let device = context.device.unwrap_or_default();
    let kind = context.currently_playing_type.as_deref().unwrap_or_default();
    Ok(Playing {
        what: playable(context.item, kind),
        is_playing: context.is_playing.unwrap_or(false),
        progress: context.progress_ms.map(Duration::from_millis),
        device: device.name.filter(|name| !name.is_empty()),
        is_private: device.is_private_session.unwrap_or(false),
    })
}

fn playable(item: Option<Item>, kind: &str) -> Playable {
    let Some(item) = item.filter(|item| item.name.as_ref().is_some_and(|name| !name.trim().is_empty()))
    else {
        return if kind == "ad" { Playable::Ad } else { Playable::Nothing };
    };
    match item.kind.as_deref().unwrap_or(kind) {
        // Ads have no item today; should they get one, it is still no song.
        _ if kind == "ad" => Playable::Ad,
        "episode" | "chapter" => Playable::Episode(spoken(item)),
        _ if item.is_local == Some(true) => Playable::Local(song(item)),
        "track" => Playable::Song(song(item)),
        _ => Playable::Nothing,
    }
}

fn song(item: Item) -> Track {
    let album = item.album.unwrap_or_default();
    let id = |scheme: &str, value: Option<String>| {
        let value = value.filter(|value| !value.trim().is_empty())?;
        Some(TrackId { scheme: scheme.into(), value })
    };
    // The one that was asked for is the same in every market, so it comes first.
    let asked_for = item.linked_from.and_then(|linked| linked.id).filter(|id| Some(id) != item.id.as_ref());
    let isrc = item.external_ids.and_then(|ids| ids.isrc);
    let ids = [id("spotify", asked_for), id("spotify", item.id), id("isrc", isrc)];
    Track {
        title: item.name.unwrap_or_default(),
        artists: names(item.artists),
        ids: ids.into_iter().flatten().collect(),
        album: album.name.filter(|name| !name.is_empty()),
        album_artists: names(album.artists),
        release_date: album.release_date.filter(|date| is_date(date)),
        duration: duration(item.duration_ms),
        track_number: item.track_number.filter(|number| *number > 0),
        disc_number: item.disc_number.filter(|number| *number > 0),
        is_explicit: item.explicit,
        covers: covers(album.images),
        extra: url(item.external_urls),
    }
}

/// The show stands in for the artist, and for the album.
fn spoken(item: Item) -> Track {
    let show = item.show.or(item.audiobook).unwrap_or_default();
    let id = item.id.filter(|id| !id.is_empty());
    Track {
        title: item.name.unwrap_or_default(),
        artists: show.name.iter().cloned().collect(),
        ids: id.into_iter().map(|value| TrackId { scheme: "spotify-episode".into(), value }).collect(),
        album: show.name,
        release_date: item.release_date.filter(|date| is_date(date)),
        duration: duration(item.duration_ms),
        is_explicit: item.explicit,
        covers: covers(item.images.filter(|images| !images.is_empty()).or(show.images)),
        extra: url(item.external_urls),
        ..Track::default()
    }
}

fn names(list: Option<Vec<Named>>) -> Vec<String> {
    let names = list.into_iter().flatten().filter_map(|named| named.name);
    names.filter(|name| !name.trim().is_empty()).collect()
}

fn duration(ms: Option<u64>) -> Option<Duration> {
    ms.filter(|ms| *ms > 0).map(Duration::from_millis)
}

/// The largest first. Local files have none, or ones that are no addresses.
fn covers(images: Option<Vec<Image>>) -> Vec<Cover> {
    let mut covers: Vec<Cover> = images
        .into_iter()
        .flatten()
        .filter(|image| image.url.starts_with("https://") || image.url.starts_with("http://"))
        .map(|Image { url, width, height }| Cover {
            url,
            width: width.unwrap_or_default(),
            height: height.unwrap_or_default(),
        })
        .collect();
    covers.sort_by_key(|cover| std::cmp::Reverse(cover.width));
    covers
}

/// `0000` stands where nobody knows.
fn is_date(text: &str) -> bool {
    text.len() >= 4
        && text.is_char_boundary(4)
        && !text.starts_with("0000")
        && text[..4].bytes().all(|b| b.is_ascii_digit())
}

fn url(urls: Option<ExternalUrls>) -> Vec<(String, Value)> {
    let url = urls.and_then(|urls| urls.spotify);
    url.into_iter().map(|url| ("url".to_owned(), url.into())).collect()
}

pub(super) fn user(text: &str) -> Result<SpotifyUser, SpotifyError> {
    let me: Me = parse(text, "whose login it is")?;
    let name = me.display_name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| me.id.clone());
    Ok(SpotifyUser { id: me.account_id.unwrap_or(me.id), name })
}

fn parse<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, SpotifyError> {
    serde_json::from_str(text)
        .map_err(|source| SpotifyError::Unintelligible { what, source: Arc::new(source) })
}

#[cfg(test)]
mod tests;
