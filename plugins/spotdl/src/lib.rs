//! A track backend: finds tracks on YouTube Music, chooses as spotDL does, fetches with yt-dlp, converts with ffmpeg.

mod choose;
mod fetch;
mod memory;
mod score;
mod search;
mod settings;
#[cfg(test)]
mod tests;
mod text;

pub use choose::{Choice, Found};
pub use score::{Hit, Song, Verdict};
use serde_json::json;
use settings::Settings;
use tapedeck_plugin::{
    Error, Sink, TrackBackend, Wants, WantsHttp, WantsRun, log,
    tracks::{Audio, Candidate, Track},
};
use tapedeck_tags::COVERS;

/// More choice helps nobody.
const MOST_CANDIDATES: usize = 25;
/// Of those that were rejected, so many are told with the best one.
const MOST_REJECTED: usize = 15;

const WANTS: Wants = Wants {
    http: &[
        WantsHttp { host: "music.youtube.com", methods: &["POST"], why: "searches for recordings" },
        WantsHttp { host: "lrclib.net", methods: &["GET"], why: "words of songs" },
        COVERS[0],
        COVERS[1],
        COVERS[2],
        WantsHttp {
            host: "*",
            methods: &["GET", "POST"],
            why: "only if `search_url` or `lyrics_url` name other servers: grant those by their names, and not this",
        },
    ],
    run: &[
        WantsRun { program: "yt-dlp", why: "fetches recordings" },
        WantsRun { program: "ffmpeg", why: "makes them what `format` and `bitrate` say" },
    ],
    kv_bytes: 1 << 20,
    scratch_bytes: 512 << 20,
};

struct Spotdl {
    settings: Settings,
}

tapedeck_plugin::export!(Spotdl: TrackBackend, settings: "settings.schema.json");

impl TrackBackend for Spotdl {
    type Settings = Settings;

    const WANTS: Wants = WANTS;

    fn new(settings: Settings) -> Result<Self, Error> {
        settings.check()?;
        Ok(Self { settings })
    }

    fn find(&mut self, track: &Track) -> Result<Vec<Candidate>, Error> {
        if let Some(candidates) = memory::found(track) {
            log::debug!("{} candidates for {} are remembered", candidates.len(), track.title);
            return Ok(candidates);
        }
        let found = search::find(track, &self.settings)?;
        let candidates = candidates(&found, &self.settings);
        let hours = match &candidates[..] {
            [] => self.settings.forget_failures_hours,
            _ => self.settings.forget_found_hours,
        };
        memory::keep_found(track, &candidates, hours);
        Ok(candidates)
    }

    fn fetch(&mut self, track: &Track, candidate: &Candidate, out: &mut Sink<'_>) -> Result<Audio, Error> {
        fetch::fetch(track, candidate, &self.settings, out)
    }
}

/// Those that may be the track. The best one also tells what was passed over, and why.
fn candidates(found: &[Found], settings: &Settings) -> Vec<Candidate> {
    let is_good = |it: &&Found| {
        it.is_possible() && it.verdict.score >= settings.min_score && !memory::is_lost(&it.hit.id)
    };
    let (good, others): (Vec<_>, Vec<_>) = found.iter().partition(is_good);
    let mut candidates: Vec<_> =
        good.iter().take(MOST_CANDIDATES).map(|it| candidate(it, settings)).collect();
    let rejected: Vec<_> = others.iter().take(MOST_REJECTED).map(|it| passed_over(it)).collect();
    match (candidates.first_mut(), others.first()) {
        (Some(best), Some(_)) => {
            best.extra.push(extra("passed_over", serde_json::Value::from(rejected).to_string()))
        }
        (None, Some(other)) => log::info!(
            "none of {} recordings will do: {:?} by {:?}, for one, has {}",
            others.len(),
            other.hit.title,
            other.hit.artists.join(", "),
            why(other),
        ),
        _ => {}
    }
    candidates
}

fn candidate(found: &Found, settings: &Settings) -> Candidate {
    let Found { hit, verdict, place, because } = found;
    let mut facts =
        vec![extra("place", json!(place).to_string()), extra("scores", json!(verdict).to_string())];
    facts.extend(because.map(|because| extra("because", json!(because).to_string())));
    Candidate {
        id: hit.id.clone(),
        url: settings.watch_url.replace("{id}", &hit.id),
        title: hit.title.clone(),
        artists: hit.artists.clone(),
        album: hit.album.clone(),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a length on a page")]
        duration_ms: hit.seconds.map(|seconds| (seconds * 1000.0) as u32),
        score: verdict.score,
        is_verified: hit.is_verified,
        is_explicit: hit.is_explicit,
        views: hit.views,
        memo: String::new(),
        extra: facts,
    }
}

fn passed_over(found: &Found) -> serde_json::Value {
    json!({
        "id": found.hit.id, "title": found.hit.title, "artists": found.hit.artists, "seconds": found.hit.seconds,
        "why": why(found), "scores": found.verdict,
    })
}

fn why(found: &Found) -> &'static str {
    match found.verdict.rejected {
        Some(why) => why,
        None if memory::is_lost(&found.hit.id) => "been tried, and cannot be had",
        None => "a score below `min_score`",
    }
}

fn extra(name: &str, value: String) -> tapedeck_plugin::tracks::ExtraValue {
    tapedeck_plugin::tracks::ExtraValue { name: name.to_owned(), value }
}
