use tapedeck_plugin::testing::{Host, answer};

use super::*;

const SEARCH: &str = "POST https://music.youtube.com/youtubei/v1/search?alt=json&prettyPrint=false";

fn track() -> Track {
    Track {
        title: "Hello".into(),
        artists: vec!["Adele".into()],
        duration_ms: Some(295_000),
        ..Track::default()
    }
}

/// Rows of a title, an artist and a length.
fn page(rows: &[(&str, &str, &str, &str)]) -> Vec<u8> {
    let column = |runs| json!({ "musicResponsiveListItemFlexColumnRenderer": { "text": { "runs": runs } } });
    let rows: Vec<_> = rows
        .iter()
        .map(|(id, title, artist, length)| {
            let facts = json!([{ "text": artist }, { "text": " • " }, { "text": length }]);
            json!({ "musicResponsiveListItemRenderer": {
                "flexColumns": [column(json!([{ "text": title }])), column(facts)],
                "playlistItemData": { "videoId": id } } })
        })
        .collect();
    json!({ "contents": rows }).to_string().into_bytes()
}

fn spotdl() -> Spotdl {
    Spotdl::new(Settings::default()).unwrap()
}

#[test]
fn candidates_say_why_they_stand_where() {
    let host = Host::new(WANTS);
    host.answer(
        SEARCH,
        answer(
            200,
            page(&[
                ("live", "Hello (Live at Wembley)", "Adele", "4:58"),
                ("good", "Hello", "Adele", "4:55"),
                ("other", "Hello", "Lionel Richie", "4:08"),
            ]),
        ),
    );
    let found = spotdl().find(&track()).unwrap();
    assert_eq!(found[0].id, "good");
    assert!((found[0].score - 100.0).abs() < 1e-9 && found[0].is_verified);
    let fact = |name: &str| {
        let extra = found[0].extra.iter().find(|it| it.name == name).unwrap();
        serde_json::from_str::<serde_json::Value>(&extra.value).unwrap()
    };
    assert_eq!(fact("scores")["name"], 100.0);
    let passed_over = fact("passed_over");
    let other = passed_over.as_array().unwrap().iter().find(|it| it["id"] == "other").unwrap();
    assert_eq!(other["why"], "another artist");
    assert!(found[0].url.ends_with("/watch?v=good"));
}

#[test]
fn the_second_time_nobody_is_asked() {
    let host = Host::new(WANTS);
    host.answer(SEARCH, answer(200, page(&[("good", "Hello", "Adele", "4:55")])));
    let first = spotdl().find(&track()).unwrap();
    let second = spotdl().find(&track()).unwrap();
    assert_eq!((first[0].id.as_str(), host.requests().len()), ("good", 1));
    assert_eq!(
        (&second[0].id, second[0].score, second[0].extra.len()),
        (&first[0].id, first[0].score, first[0].extra.len())
    );
}

#[test]
fn nothing_is_remembered_too() {
    let host = Host::new(WANTS);
    host.answer(SEARCH, answer(200, page(&[("other", "Hello", "Lionel Richie", "4:08")])));
    for _ in 0..2 {
        assert!(spotdl().find(&track()).unwrap().is_empty());
    }
    assert_eq!(host.requests().len(), 2, "songs and videos, once");
    assert!(host.log().iter().any(|line| line.contains("none of")));
}

#[test]
fn a_broken_search_is_not_remembered() {
    let host = Host::new(WANTS);
    host.answer(SEARCH, answer(503, ""));
    host.answer(SEARCH, answer(200, page(&[("good", "Hello", "Adele", "4:55")])));
    assert!(matches!(spotdl().find(&track()), Err(Error::Temporary(_))));
    assert_eq!(spotdl().find(&track()).unwrap().len(), 1);
}

#[test]
fn without_grants_it_says_what_is_missing() {
    let _host = Host::new(Wants::NOTHING);
    assert!(matches!(spotdl().find(&track()), Err(Error::Denied(_))));
}

#[test]
fn low_scores_are_not_offered() {
    let host = Host::new(WANTS);
    host.answer(SEARCH, answer(200, page(&[("near", "Hello", "Adele", "5:00")])));
    let settings = Settings { min_score: 99.0, ..Settings::default() };
    let live = Track { title: "Hello (Live)".into(), ..track() };
    assert!(Spotdl::new(settings).unwrap().find(&live).unwrap().is_empty());
    drop(host);
}
