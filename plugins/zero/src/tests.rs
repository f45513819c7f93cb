use tapedeck_plugin::{
    testing::{Host, answer},
    tracks::{Cover, ExternalId},
};

use tapedeck_tags::testing::JPEG;

use super::*;

const URL: &str = "https://i.scdn.co/image/ab67616d0000b273";
const SMALL: &str = "https://i.scdn.co/image/ab67616d00001e02";

fn track() -> Track {
    let cover = |url: &str, side| Cover { url: url.into(), width: side, height: side };
    Track {
        title: "Ночь".into(),
        artists: vec!["Кино".into(), "Guest".into()],
        ids: vec![ExternalId { scheme: "isrc".into(), value: "RUA1D8600001".into() }],
        album: Some("Ночь".into()),
        album_artists: vec!["Кино".into()],
        release_date: Some("1986-01-01".into()),
        duration_ms: Some(200_000),
        track_number: Some(3),
        disc_number: Some(1),
        covers: vec![cover(URL, 640), cover(SMALL, 300)],
        ..Track::default()
    }
}

fn fetch(settings: Settings) -> (Vec<u8>, Audio) {
    let mut zero = Zero::new(settings).unwrap();
    let candidates = zero.find(&track()).unwrap();
    let mut bytes = Vec::new();
    let audio = zero.fetch(&track(), &candidates[0], &mut Sink::into(&mut bytes)).unwrap();
    (bytes, audio)
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn has_frame(bytes: &[u8], id: &[u8; 4]) -> bool {
    has(bytes, id)
}

#[test]
fn the_only_candidate_is_the_track_itself() {
    let found = Zero::new(Settings::default()).unwrap().find(&track()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].title.as_str(), found[0].score), ("Ночь", 0.0));
}

#[test]
fn file_carries_what_is_known() {
    let _host = Host::new(Wants::NOTHING);
    let (bytes, audio) = fetch(Settings::default());
    for id in [b"TIT2", b"TPE1", b"TALB", b"TPE2", b"TYER", b"TRCK", b"TPOS", b"TSRC"] {
        assert!(has_frame(&bytes, id), "{}", String::from_utf8_lossy(id));
    }
    assert!(has(&bytes, b"\x001986") && has(&bytes, b"RUA1D8600001"));
    assert!(bytes.ends_with(&silence::frames()));
    assert_eq!((audio.mime.as_str(), audio.duration_ms), ("audio/mpeg", Some(130)));
}

#[test]
fn cover_is_in_the_file_and_beside_it() {
    let host = Host::new(Zero::WANTS);
    host.answer(&format!("GET {URL}"), answer(200, JPEG));
    let (bytes, audio) = fetch(Settings::default());
    assert!(has(&bytes, JPEG) && has(&bytes, b"image/jpeg"));
    assert_eq!(audio.picture.unwrap().content, JPEG);
    assert_eq!(host.requests()[0].max_bytes, Some(2 << 20));
}

#[test]
fn without_the_grant_there_is_no_cover() {
    let host = Host::new(Wants::NOTHING);
    let (bytes, audio) = fetch(Settings::default());
    assert!(!has_frame(&bytes, b"APIC") && audio.picture.is_none());
    assert!(host.log().iter().any(|line| line.starts_with("no cover")));
}

#[test]
fn an_error_page_never_becomes_a_cover() {
    for wrong in [answer(404, JPEG), answer(200, "<!doctype html>"), answer(200, &JPEG[..9]), answer(200, "")]
    {
        let host = Host::new(Zero::WANTS);
        host.answer(&format!("GET {URL}"), wrong.clone());
        host.answer(&format!("GET {SMALL}"), wrong);
        let (bytes, audio) = fetch(Settings::default());
        assert!(!has_frame(&bytes, b"APIC") && audio.picture.is_none());
    }
}

#[test]
fn a_smaller_cover_stands_in_for_a_larger_one() {
    let host = Host::new(Zero::WANTS);
    host.answer(&format!("GET {URL}"), answer(200, vec![0xff; JPEG.len() + 1]));
    host.answer(&format!("GET {SMALL}"), answer(200, JPEG));
    let (_, audio) = fetch(Settings { max_cover_bytes: JPEG.len() as u32, ..Settings::default() });
    assert_eq!(audio.picture.unwrap().content, JPEG);
}

#[test]
fn asks_nobody_when_no_cover_is_wanted() {
    let host = Host::new(Zero::WANTS);
    fetch(Settings { cover: false, ..Settings::default() });
    assert!(host.requests().is_empty() && host.log().is_empty());
}

#[test]
fn the_same_track_gives_the_same_file() {
    let _host = Host::new(Wants::NOTHING);
    assert_eq!(fetch(Settings::default()).0, fetch(Settings::default()).0);
}
