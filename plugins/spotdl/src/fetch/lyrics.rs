//! The words of the song, where somebody has them. A recording without them is better than none.

use serde::Deserialize;
use tapedeck_plugin::{Error, http, log, tracks::Track};

use crate::{search::encode, settings::Settings};

/// Longer texts are no words of a song.
const MOST_BYTES: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    plain_lyrics: Option<String>,
}

pub(super) fn of(track: &Track, settings: &Settings) -> Option<String> {
    if settings.lyrics_url.is_empty() {
        return None;
    }
    let words = ask(track, settings.lyrics_url.trim_end_matches('/'));
    let words =
        words.inspect_err(|error| log::debug!("no words of {}: {}", track.title, error.message())).ok()??;
    // They become an argument of ffmpeg, which cannot hold a zero.
    let are_fit = !words.trim().is_empty() && words.len() <= MOST_BYTES && !words.contains('\0');
    are_fit.then_some(words)
}

fn ask(track: &Track, base: &str) -> Result<Option<String>, Error> {
    let artist = track.artists.first().map_or("", String::as_str);
    let mut url =
        format!("{base}/api/get?artist_name={}&track_name={}", encode(artist), encode(&track.title));
    if let Some(album) = &track.album {
        url.push_str(&format!("&album_name={}", encode(album)));
    }
    if let Some(ms) = track.duration_ms {
        url.push_str(&format!("&duration={}", ms / 1000));
    }
    let answer = http::request("GET", url).max_bytes(1 << 20).send()?;
    if answer.status == 404 {
        return Ok(None);
    }
    Ok(answer.successful()?.json::<Answer>()?.plain_lyrics)
}
