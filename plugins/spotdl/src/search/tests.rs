use tapedeck_plugin::{
    testing::{Host, answer},
    tracks::ExternalId,
};

use super::*;
use crate::WANTS;

/// A row as the page gets it.
fn row(id: &str, title: &str, kind: &str, facts: Value, plays: &str) -> Value {
    let column =
        |runs: Value| json!({ "musicResponsiveListItemFlexColumnRenderer": { "text": { "runs": runs } } });
    json!({ "musicResponsiveListItemRenderer": {
        "trackingParams": "CAE",
        "overlay": { "musicItemThumbnailOverlayRenderer": { "content": { "musicPlayButtonRenderer": {
            "playNavigationEndpoint": { "watchEndpoint": { "videoId": id, "watchEndpointMusicSupportedConfigs": {
                "watchEndpointMusicConfig": { "musicVideoType": kind } } } } } } } },
        "flexColumns": [column(json!([{ "text": title }])), column(facts), column(json!([{ "text": plays }]))],
        "playlistItemData": { "videoId": id },
    } })
}

fn artist(name: &str) -> Value {
    json!({ "text": name, "navigationEndpoint": { "browseEndpoint": { "browseId": "UC1",
        "browseEndpointContextSupportedConfigs": { "browseEndpointContextMusicConfig": {
            "pageType": "MUSIC_PAGE_TYPE_ARTIST" } } } } })
}

fn song(id: &str, title: &str, length: &str) -> Value {
    let dot = json!({ "text": " • " });
    let album =
        json!({ "text": "25", "navigationEndpoint": { "browseEndpoint": { "browseId": "MPREb_1" } } });
    row(
        id,
        title,
        "MUSIC_VIDEO_TYPE_ATV",
        json!([artist("Adele"), dot, album, dot, { "text": length }]),
        "1.2B plays",
    )
}

fn page(rows: Vec<Value>, next: Option<&str>) -> Vec<u8> {
    let continuations = next.map(|next| json!([{ "nextContinuationData": { "continuation": next } }]));
    json!({ "contents": { "tabbedSearchResultsRenderer": { "tabs": [{ "tabRenderer": { "content": {
        "sectionListRenderer": { "contents": [
            { "somethingNewRenderer": { "rows": [1, null, "x"] } },
            { "musicShelfRenderer": { "contents": rows, "continuations": continuations } },
        ] } } } }] } } })
    .to_string()
    .into_bytes()
}

const SEARCH: &str = "POST https://music.youtube.com/youtubei/v1/search?alt=json&prettyPrint=false";

fn track(isrc: Option<&str>) -> Track {
    let ids = isrc.map(|isrc| ExternalId { scheme: "isrc".into(), value: isrc.into() });
    Track {
        title: "Hello".into(),
        artists: vec!["Adele".into()],
        ids: ids.into_iter().collect(),
        album: Some("25".into()),
        duration_ms: Some(295_502),
        ..Track::default()
    }
}

fn bodies(host: &Host) -> Vec<Value> {
    host.requests().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

#[test]
fn rows_become_hits() {
    let read = answer::read(
        &serde_json::from_slice(&page(vec![song("a", "Hello", "4:55")], Some("n"))).unwrap(),
        true,
    );
    assert!(read.is_search && read.next.as_deref() == Some("n"));
    let hit = &read.hits[0];
    assert_eq!((hit.id.as_str(), hit.title.as_str(), hit.seconds), ("a", "Hello", Some(295.0)));
    assert_eq!((&hit.artists[..], hit.album.as_deref()), (&["Adele".to_owned()][..], Some("25")));
    assert_eq!((hit.views, hit.is_verified, hit.is_explicit), (Some(1_200_000_000), true, Some(false)));
}

#[test]
fn videos_say_who_uploaded_them() {
    let dot = json!({ "text": " • " });
    let facts = json!([{ "text": "Video" }, dot, { "text": "Some Channel" }, dot, { "text": "12,345 views" }, dot, { "text": "1:02:03" }]);
    let mut value = row("v", "Hello", "MUSIC_VIDEO_TYPE_UGC", facts, "");
    value["musicResponsiveListItemRenderer"]["badges"] =
        json!([{ "musicInlineBadgeRenderer": { "icon": { "iconType": "MUSIC_EXPLICIT_BADGE" } } }]);
    let hit = answer::read(&json!({ "contents": [value] }), true).hits.remove(0);
    assert_eq!((&hit.artists[..], hit.views), (&["Some Channel".to_owned()][..], Some(12_345)));
    assert_eq!((hit.seconds, hit.is_verified, hit.is_explicit), (Some(3723.0), false, Some(true)));
}

#[test]
fn strange_rows_are_passed_over() {
    let strange = [
        json!({ "musicResponsiveListItemRenderer": null }),
        json!({ "musicResponsiveListItemRenderer": { "flexColumns": [] } }),
        json!({ "musicResponsiveListItemRenderer": { "flexColumns": "x", "playlistItemData": { "videoId": 7 } } }),
        json!({ "musicResponsiveListItemRenderer": { "flexColumns": [{}, null], "playlistItemData": { "videoId": "x" } } }),
        song("a", "Hello", "4:5:5:5"),
    ];
    let read = answer::read(&json!({ "contents": strange }), true);
    assert_eq!(read.hits.len(), 1);
    assert_eq!(read.hits[0].seconds, None);
    assert!(!answer::read(&json!(["error"]), true).is_search);
}

#[test]
fn the_isrc_alone_may_be_enough() {
    let host = Host::new(WANTS);
    host.answer(SEARCH, answer(200, page(vec![song("a", "Hello", "4:55")], None)));
    let found = find(&track(Some("GBBKS1500214")), &Settings::default()).unwrap();
    assert_eq!((found[0].hit.id.as_str(), found[0].place), ("a", "isrc"));
    assert_eq!(bodies(&host).len(), 1);
    assert_eq!(bodies(&host)[0]["query"], "GBBKS1500214");
    assert_eq!(bodies(&host)[0]["context"]["client"]["clientName"], "WEB_REMIX");
}

#[test]
fn who_is_not_sure_asks_on() {
    let host = Host::new(WANTS);
    host.answer(SEARCH, answer(200, page(vec![song("w", "Wholly other", "4:55")], None)));
    host.answer(SEARCH, answer(200, page(vec![song("long", "Hello", "9:55")], Some("n=1"))));
    let more = format!("{SEARCH}&ctoken=n%3D1&continuation=n%3D1&type=next");
    host.answer(&more, answer(200, page(vec![song("b", "Hello", "4:55")], None)));
    let found = find(&track(Some("GBBKS1500214")), &Settings::default()).unwrap();
    assert_eq!((found[0].hit.id.as_str(), found[0].place), ("b", "songs"));
    assert_eq!(found.len(), 3);
    let bodies = bodies(&host);
    assert_eq!((bodies.len(), &bodies[1]["query"]), (3, &json!("adele - hello")));
    assert_eq!((bodies[1]["params"].as_str(), bodies[2].get("query")), (Some(Filter::Songs.params()), None));
}

#[test]
fn videos_are_the_last_resort() {
    let host = Host::new(WANTS);
    host.answer(SEARCH, answer(200, page(vec![], None)));
    host.answer(SEARCH, answer(200, page(vec![song("v", "Adele - Hello (Lyrics)", "4:57")], None)));
    let found = find(&track(None), &Settings { country: Some("es".into()), ..Settings::default() }).unwrap();
    assert_eq!((found[0].hit.id.as_str(), found[0].place), ("v", "videos"));
    assert_eq!(bodies(&host)[1]["params"], Filter::Videos.params());
    assert_eq!(bodies(&host)[1]["context"]["client"]["gl"], "ES");
}

#[test]
fn a_busy_search_is_tried_later() {
    let host = Host::new(WANTS);
    host.answer(SEARCH, answer(429, ""));
    assert!(matches!(find(&track(None), &Settings::default()), Err(Error::Temporary(_))));
    host.answer(SEARCH, answer(200, "<!doctype html>"));
}

#[test]
fn results_bound_the_pages() {
    let host = Host::new(WANTS);
    host.answer(
        SEARCH,
        answer(200, page(vec![song("a", "Other", "4:55"), song("b", "Another", "1:00")], Some("n"))),
    );
    find(&track(None), &Settings { results: 2, ..Settings::default() }).unwrap();
    assert_eq!(bodies(&host).len(), 2, "one page of songs and one of videos");
}
