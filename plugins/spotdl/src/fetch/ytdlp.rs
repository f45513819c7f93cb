//! The download, which yt-dlp does: nobody else keeps up with what the pages change.

use std::time::Duration;

use serde::Deserialize;
use tapedeck_plugin::{Error, run, scratch};

use super::last_words;
use crate::{
    memory,
    settings::{Format, Settings},
};

const COOKIES: &str = "cookies.txt";
/// What yt-dlp says about what it has written: one line of JSON.
const REPORT: &str = "after_move:%(.{filepath,ext,acodec,abr,webpage_url})j";

/// What was downloaded.
#[derive(Debug, PartialEq)]
pub(super) struct Source {
    /// In the scratch folder.
    pub(super) path: String,
    /// Without a dot.
    pub(super) extension: String,
    pub(super) codec: Option<String>,
    /// Thousands of bits per second.
    pub(super) kilobits: Option<f64>,
    /// For people.
    pub(super) url: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report {
    filepath: Option<String>,
    acodec: Option<String>,
    abr: Option<f64>,
    webpage_url: Option<String>,
}

pub(super) fn download(id: &str, settings: &Settings) -> Result<Source, Error> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if id.is_empty() || id.len() > 64 || !id.bytes().all(is_letter) {
        return Err(Error::permanent(format!("{id:?} is no id of a recording")));
    }
    let url = settings.watch_url.replace("{id}", id);
    if let Some(cookies) = &settings.cookies {
        scratch::write(COOKIES, cookies)?;
    }
    let ended = run::program("yt-dlp")
        .args(arguments(&url, settings))
        .timeout(Duration::from_secs(settings.program_seconds.into()))
        .output()?;
    if ended.code != Some(0) {
        return Err(explain(&last_words(&ended.stderr), id, settings));
    }
    let report: Report = ended
        .stdout
        .split(|byte| *byte == b'\n')
        .find_map(|line| serde_json::from_slice(line).ok())
        .unwrap_or_default();
    let entries = scratch::entries()?;
    let file = entries.iter().find(|it| it.path.starts_with("source.") && it.size > 0);
    let Some(file) = file else {
        return Err(Error::temporary(format!(
            "yt-dlp wrote nothing, and said: {}",
            last_words(&ended.stderr)
        )));
    };
    Ok(Source {
        extension: file.path.rsplit_once('.').map_or_else(String::new, |(_, extension)| extension.to_owned()),
        path: file.path.clone(),
        codec: report.acodec.filter(|codec| codec != "none"),
        kilobits: report.abr,
        url: report.webpage_url.unwrap_or(url),
    })
}

fn arguments(url: &str, settings: &Settings) -> Vec<String> {
    let best = match settings.format {
        Format::M4a => "bestaudio[ext=m4a]/bestaudio/best",
        Format::Opus | Format::Ogg => "bestaudio[acodec=opus]/bestaudio/best",
        Format::Mp3 | Format::Flac => "bestaudio/best",
    };
    let format = settings.source_format.as_deref().unwrap_or(best);
    let retries = settings.retries.to_string();
    let fixed = [
        "--ignore-config",
        "--no-playlist",
        "--progress",
        "--newline",
        "--no-cache-dir",
        "--no-mtime",
        "--no-part",
        "--socket-timeout",
        "20",
        "--retries",
        &retries,
        "--fragment-retries",
        &retries,
        "--format",
        format,
        "--output",
        "source.%(ext)s",
        "--print",
        REPORT,
    ];
    let mut arguments: Vec<String> = fixed.map(str::to_owned).into();
    if settings.cookies.is_some() {
        arguments.extend(["--cookies", COOKIES].map(str::to_owned));
    }
    arguments.extend(settings.extra_args.iter().cloned());
    // Whatever the address begins with, it is no option.
    arguments.extend(["--".to_owned(), url.to_owned()]);
    arguments
}

/// What can be done about it.
fn explain(said: &str, id: &str, settings: &Settings) -> Error {
    let has = |any: &[&str]| any.iter().any(|text| said.contains(text));
    if has(&[
        "Unable to extract",
        "nsig extraction",
        "Requested format is not available",
        "HTTP Error 403",
        "no such option",
    ]) {
        return Error::temporary(format!(
            "yt-dlp may be too old for what YouTube is now: update it ({said})"
        ));
    }
    if has(&[
        "Video unavailable",
        "Private video",
        "has been removed",
        "is not available in your country",
        "not made this video available",
        "HTTP Error 404",
        "HTTP Error 410",
        "account associated with this video has been terminated",
    ]) {
        memory::keep_lost(id, settings.forget_failures_hours);
        return Error::permanent(format!("this recording cannot be had: {said}"));
    }
    if has(&[
        "Sign in to confirm",
        "not a bot",
        "age-restricted",
        "confirm your age",
        "members-only",
        "Premium members",
    ]) {
        return Error::temporary(format!(
            "YouTube wants an account for it: set `cookies = {{ file = \"cookies.txt\" }}`, with what a browser that is logged in exports ({said})"
        ));
    }
    if has(&["HTTP Error 429", "Too Many Requests"]) {
        return Error::retry_after(format!("YouTube asks to wait: {said}"), Duration::from_secs(600));
    }
    Error::temporary(format!("yt-dlp failed: {said}"))
}
