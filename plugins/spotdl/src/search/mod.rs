//! YouTube Music's search, asked the way its own page asks.

mod answer;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};
use tapedeck_plugin::{Error, http, log, tracks::Track};

use crate::{
    choose::{Choice, Found},
    score::{Hit, Song},
    settings::Settings,
};

/// Any that is not too old will do.
const CLIENT: (&str, &str) = ("WEB_REMIX", "1.20251101.03.00");
/// Pages hold twenty hits: more of them than this are no answer to the question any more.
const MOST_PAGES: usize = 5;
const MOST_BYTES: u64 = 8 << 20;

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    Songs,
    Videos,
}

impl Filter {
    /// As the page sends it: which kind, and no correction of the spelling.
    const fn params(self) -> &'static str {
        match self {
            Self::Songs => "EgWKAQIIAUICCAFqDBAOEAoQAxAEEAkQBQ%3D%3D",
            Self::Videos => "EgWKAQIQAUICCAFqDBAOEAoQAxAEEAkQBQ%3D%3D",
        }
    }
}

/// All recordings that were looked at, the best first.
pub(crate) fn find(track: &Track, settings: &Settings) -> Result<Vec<Found>, Error> {
    let mut choice = Choice::of(Song::of(track));
    let mut is_enough = false;
    if let Some(isrc) = tapedeck_tags::isrc(track) {
        search(isrc, Filter::Songs, settings, |page| {
            is_enough = choice.isrc(page);
            true
        })?;
    }
    let query = query(track);
    for (filter, place) in [(Filter::Songs, "songs"), (Filter::Videos, "videos")] {
        if is_enough {
            break;
        }
        search(&query, filter, settings, |page| {
            is_enough = choice.text(page, place);
            is_enough
        })?;
    }
    Ok(choice.finish())
}

/// "artist, artist - title" in lower case.
fn query(track: &Track) -> String {
    let artists = track.artists.join(", ");
    let dash = if artists.is_empty() { "" } else { " - " };
    format!("{artists}{dash}{}", track.title).to_lowercase()
}

/// Shows page after page to `look` until that has seen enough.
fn search(
    query: &str,
    filter: Filter,
    settings: &Settings,
    mut look: impl FnMut(Vec<Hit>) -> bool,
) -> Result<(), Error> {
    let mut seen = 0;
    let mut next: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let answer = ask(query, filter, next.as_deref(), settings)?;
        let page = answer::read(&answer, filter == Filter::Songs);
        if !page.is_search {
            log::warning!("the search answered something that is no list of songs");
        }
        seen += page.hits.len();
        let is_last = page.hits.is_empty() || seen >= settings.results as usize || page.next.is_none();
        if look(page.hits) || is_last {
            break;
        }
        next = page.next;
    }
    Ok(())
}

fn ask(query: &str, filter: Filter, next: Option<&str>, settings: &Settings) -> Result<Value, Error> {
    let base = settings.search_url.trim_end_matches('/');
    let (name, version) = CLIENT;
    let mut client = json!({ "clientName": name, "clientVersion": version, "hl": "en" });
    if let Some(country) = &settings.country {
        client["gl"] = country.to_uppercase().into();
    }
    let mut body = json!({ "context": { "client": client, "user": {} } });
    let mut url = format!("{base}/youtubei/v1/search?alt=json&prettyPrint=false");
    match next {
        Some(next) => {
            let next = encode(next);
            url.push_str(&format!("&ctoken={next}&continuation={next}&type=next"));
        }
        None => {
            body["query"] = query.into();
            body["params"] = filter.params().into();
        }
    }
    http::request("POST", url)
        .header("content-type", "application/json")
        .header("origin", base)
        .header("referer", format!("{base}/"))
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
        // Without it, some countries get a page that asks for consent.
        .header("cookie", "SOCS=CAI")
        .max_bytes(MOST_BYTES)
        .body(body.to_string())
        .send()?
        .successful()?
        .json()
}

/// For the query of an address.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte as char),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
