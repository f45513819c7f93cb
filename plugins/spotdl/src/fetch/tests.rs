use serde_json::Value;
use tapedeck_plugin::{
    run::{Command, Outcome},
    testing::{Host, answer, outcome},
    tracks::Cover as CoverAddress,
};
use tapedeck_tags::testing::JPEG;

use super::*;
use crate::{WANTS, settings::Bitrate};

const COVER: &str = "https://i.scdn.co/image/1";
const LYRICS: &str = "GET https://lrclib.net/api/get?artist_name=Adele&track_name=Hello&duration=295";

fn track() -> Track {
    Track {
        title: "Hello".into(),
        artists: vec!["Adele".into()],
        duration_ms: Some(295_502),
        covers: vec![CoverAddress { url: COVER.into(), width: 640, height: 640 }],
        ..Track::default()
    }
}

fn candidate() -> Candidate {
    Candidate { id: "YQHsXMglC9A".into(), ..Candidate::default() }
}

/// A host whose yt-dlp writes an Opus file, and whose ffmpeg says how long it plays.
fn host() -> Host {
    let host = Host::new(WANTS);
    host.answer(&format!("GET {COVER}"), answer(200, JPEG));
    host.answer(LYRICS, answer(200, r#"{"plainLyrics":"Hello, it's me","syncedLyrics":null,"new":1}"#));
    host.program("yt-dlp", |_| {
        scratch::write("source.webm", "opus")?;
        Ok(outcome(0, "[download]   7.0% of 3MiB\n[download] 100% of 3MiB\n{\"filepath\":\"/x/source.webm\",\"acodec\":\"opus\",\"abr\":137.6,\"webpage_url\":\"https://www.youtube.com/watch?v=YQHsXMglC9A\"}\n"))
    });
    plays(&host, 295_000);
    host
}

fn plays(host: &Host, ms: u32) {
    host.program("ffmpeg", move |command| {
        let path = command.arguments.last().unwrap().strip_prefix("file:").unwrap();
        scratch::write(path, "SOUND")?;
        Ok(outcome(0, format!("out_time_us=N/A\nprogress=continue\nout_time_us={ms}000\nprogress=end\n")))
    });
}

fn try_fetch(settings: &Settings) -> Result<(Vec<u8>, Audio), Error> {
    let mut bytes = Vec::new();
    let audio = fetch(&track(), &candidate(), settings, &mut Sink::into(&mut bytes))?;
    Ok((bytes, audio))
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn arguments(host: &Host, program: &str) -> Vec<String> {
    let commands = host.commands();
    commands.into_iter().find(|it| it.program == program).map(|it: Command| it.arguments).unwrap()
}

fn fails(stderr: &'static str) -> Host {
    let host = Host::new(WANTS);
    host.program("yt-dlp", move |_| {
        Ok(Outcome { code: Some(1), stderr: stderr.into(), ..Outcome::default() })
    });
    host
}

#[test]
fn a_recording_comes_with_its_tags() {
    let _host = host();
    let (bytes, audio) = try_fetch(&Settings::default()).unwrap();
    assert!(bytes.starts_with(b"ID3") && bytes.ends_with(b"SOUND"));
    for part in [&b"Adele"[..], JPEG, b"USLT", b"https://www.youtube.com/watch?v=YQHsXMglC9A"] {
        assert!(has(&bytes, part));
    }
    assert_eq!((audio.mime.as_str(), audio.extension.as_str()), ("audio/mpeg", "mp3"));
    assert_eq!((audio.duration_ms, audio.bitrate), (Some(295_000), Some(128_000)));
    assert_eq!(audio.picture.unwrap().content, JPEG);
}

#[test]
fn programs_get_their_arguments_one_by_one() {
    let host = host();
    let extra_args = vec!["--limit-rate".into(), "1M; rm -rf /".into()];
    let cookies = Some("# Netscape HTTP Cookie File".to_owned());
    try_fetch(&Settings { extra_args, cookies, retries: 2, ..Settings::default() }).unwrap();
    let arguments = arguments(&host, "yt-dlp");
    let end = ["1M; rm -rf /", "--", "https://music.youtube.com/watch?v=YQHsXMglC9A"];
    assert!(arguments.ends_with(&end.map(str::to_owned)), "{arguments:?}");
    for pair in [["--retries", "2"], ["--cookies", "cookies.txt"], ["--format", "bestaudio/best"]] {
        assert!(arguments.windows(2).any(|it| it == pair), "{pair:?}");
    }
    assert!(arguments.contains(&"--no-playlist".to_owned()));
    // The daemon reads the percentages, each in a line.
    assert!(arguments.windows(2).any(|it| it == ["--progress", "--newline"]));
    assert_eq!(host.files()["cookies.txt"], b"# Netscape HTTP Cookie File");
}

#[test]
fn formats_and_bitrates_are_settings() {
    for (format, bitrate, expected) in [
        (Format::Mp3, Bitrate::Auto, "-c:a libmp3lame -b:a 138k"),
        (Format::Mp3, Bitrate::Disable, "-c:a libmp3lame -b:a 138k"),
        (Format::Opus, Bitrate::Disable, "-c:a copy"),
        (Format::M4a, Bitrate::Fixed(192), "-c:a aac -b:a 192k"),
        (Format::Flac, Bitrate::Fixed(192), "-c:a flac -metadata"),
    ] {
        let host = host();
        let (bytes, audio) = try_fetch(&Settings { format, bitrate, ..Settings::default() }).unwrap();
        let arguments = arguments(&host, "ffmpeg").join(" ");
        assert!(arguments.contains(expected), "{expected}: {arguments}");
        assert_eq!(bytes.starts_with(b"ID3"), format == Format::Mp3);
        assert_eq!(audio.extension, format.extension());
        let has_cover = matches!(format, Format::M4a | Format::Flac);
        assert_eq!(arguments.contains("attached_pic"), has_cover);
        assert_eq!(arguments.contains("title=Hello"), format != Format::Mp3);
        assert_eq!(arguments.contains("lyrics=Hello, it's me"), format != Format::Mp3);
        assert_eq!(has(&bytes, b"USLT"), format == Format::Mp3);
    }
}

#[test]
fn another_length_is_refused_after_the_download() {
    let host = host();
    plays(&host, 30_000);
    let error = try_fetch(&Settings::default()).unwrap_err();
    assert!(matches!(&error, Error::Other(it) if it.code == "wrong-length"), "{error:?}");
    assert!(crate::memory::is_lost("YQHsXMglC9A"));
    try_fetch(&Settings { max_difference_seconds: 300, ..Settings::default() }).unwrap();
}

#[test]
fn empty_files_are_no_recordings() {
    let host = host();
    host.program("ffmpeg", |command| {
        scratch::write(command.arguments.last().unwrap().strip_prefix("file:").unwrap(), "")?;
        Ok(outcome(0, ""))
    });
    assert!(matches!(try_fetch(&Settings::default()), Err(Error::Temporary(_))));
    drop(host);
    let host = self::host();
    host.program("yt-dlp", |_| Ok(outcome(0, "")));
    assert!(matches!(try_fetch(&Settings::default()), Err(Error::Temporary(_))));
}

#[test]
fn failures_say_what_to_do() {
    let failure = |stderr| {
        let _host = fails(stderr);
        try_fetch(&Settings::default()).unwrap_err()
    };
    let lost = failure("ERROR: [youtube] x: Video unavailable. This video is private\n");
    assert!(matches!(&lost, Error::Permanent(text) if text.contains("cannot be had")), "{lost:?}");
    let account = failure("ERROR: [youtube] x: Sign in to confirm you're not a bot.\n");
    assert!(matches!(&account, Error::Temporary(_)), "cookies help: {account:?}");
    assert!(account.message().contains("`cookies"), "{account:?}");
    let busy = failure("ERROR: HTTP Error 429: Too Many Requests\n");
    assert!(matches!(&busy, Error::Temporary(it) if it.retry_after_ms.is_some()), "{busy:?}");
    let old =
        failure("WARNING: [youtube] nsig extraction failed\nERROR: Requested format is not available\n");
    assert!(matches!(&old, Error::Temporary(_)), "an update helps: {old:?}");
    assert!(old.message().contains("update it"), "{old:?}");
    let line = failure("WARNING: x\nERROR: Unable to download: <urlopen error timed out>\n");
    assert!(matches!(line, Error::Temporary(_)), "{line:?}");
}

#[test]
fn unavailable_recordings_are_remembered() {
    let _host = fails("ERROR: Video unavailable\n");
    try_fetch(&Settings::default()).unwrap_err();
    assert!(crate::memory::is_lost("YQHsXMglC9A"));
}

#[test]
fn ids_are_no_arguments() {
    let host = host();
    for id in ["", "--exec", "a b", "a/../b", "é"] {
        let candidate = Candidate { id: id.into(), ..Candidate::default() };
        let mut bytes = Vec::new();
        let fetched = fetch(&track(), &candidate, &Settings::default(), &mut Sink::into(&mut bytes));
        // An id may begin with dashes: it stands behind "--", inside an address.
        assert_eq!(fetched.is_err(), id != "--exec", "{id:?}");
    }
    assert_eq!(host.commands().iter().filter(|it| it.program == "yt-dlp").count(), 1);
}

#[test]
fn neither_cover_nor_words_are_needed() {
    let host = host();
    let (bytes, audio) =
        try_fetch(&Settings { cover: false, lyrics_url: String::new(), ..Settings::default() }).unwrap();
    assert!(host.requests().is_empty() && audio.picture.is_none() && !has(&bytes, b"USLT"));
}

#[test]
fn facts_of_the_source_are_told() {
    let _host = host();
    let (_, audio) = try_fetch(&Settings::default()).unwrap();
    let fact = |name: &str| {
        audio
            .extra
            .iter()
            .find(|it| it.name == name)
            .map(|it| serde_json::from_str::<Value>(&it.value).unwrap())
    };
    assert_eq!(fact("source_codec"), Some("opus".into()));
    assert_eq!(fact("source"), Some("https://www.youtube.com/watch?v=YQHsXMglC9A".into()));
}
