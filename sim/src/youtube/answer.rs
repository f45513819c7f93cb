//! Answers of the search, as the page gets them: how it looks, not what it is.

use serde_json::{Value, json};

use super::{Filter, Kind, Recording};

pub(super) fn first(found: &[&Recording], filter: Filter, next: Option<&str>) -> Value {
    let shelf = match found {
        [] => {
            json!({ "itemSectionRenderer": { "contents": [{ "messageRenderer": { "text": { "runs": [{ "text": "No results" }] } } }] } })
        }
        _ => {
            let mut shelf = rows(found, next);
            shelf["title"] = json!({ "runs": [{ "text": filter.shelf() }] });
            json!({ "musicShelfRenderer": shelf })
        }
    };
    json!({
        "responseContext": { "visitorData": "simulated" },
        "contents": { "tabbedSearchResultsRenderer": { "tabs": [{ "tabRenderer": {
            "title": "YT Music",
            "selected": true,
            "content": { "sectionListRenderer": { "contents": [shelf] } },
        } }] } },
    })
}

pub(super) fn continued(found: &[&Recording], next: Option<&str>) -> Value {
    json!({ "continuationContents": { "musicShelfContinuation": rows(found, next) } })
}

fn rows(found: &[&Recording], next: Option<&str>) -> Value {
    let contents: Vec<_> = found.iter().map(|recording| row(recording)).collect();
    let mut rows = json!({ "contents": contents });
    if let Some(next) = next {
        rows["continuations"] = json!([{ "nextContinuationData": { "continuation": next } }]);
    }
    rows
}

fn row(recording: &Recording) -> Value {
    let Recording { id, title, .. } = recording;
    let kind = match recording.kind {
        Kind::Song => "MUSIC_VIDEO_TYPE_ATV",
        Kind::OfficialVideo => "MUSIC_VIDEO_TYPE_OMV",
        Kind::Upload => "MUSIC_VIDEO_TYPE_UGC",
    };
    let watch = json!({ "watchEndpoint": {
        "videoId": id,
        "watchEndpointMusicSupportedConfigs": { "watchEndpointMusicConfig": { "musicVideoType": kind } },
    } });
    let mut columns =
        vec![column(json!([{ "text": title, "navigationEndpoint": watch }])), column(facts(recording))];
    if recording.kind == Kind::Song {
        columns.push(column(json!([{ "text": format!("{} plays", short(recording.views)) }])));
    }
    let badge = json!({ "musicInlineBadgeRenderer": {
        "icon": { "iconType": "MUSIC_EXPLICIT_BADGE" },
        "accessibilityData": { "accessibilityData": { "label": "Explicit" } },
    } });
    json!({ "musicResponsiveListItemRenderer": {
        "thumbnail": { "musicThumbnailRenderer": { "thumbnail": { "thumbnails": [] } } },
        "overlay": { "musicItemThumbnailOverlayRenderer": { "content": { "musicPlayButtonRenderer": {
            "playNavigationEndpoint": watch } } } },
        "flexColumns": columns,
        "badges": if recording.is_explicit { vec![badge] } else { vec![] },
        "menu": { "menuRenderer": { "items": [] } },
        "playlistItemData": { "videoId": id },
    } })
}

fn column(runs: Value) -> Value {
    json!({ "musicResponsiveListItemFlexColumnRenderer": { "text": { "runs": runs } } })
}

/// Artists, album or views, and length, with dots between them.
fn facts(recording: &Recording) -> Value {
    let dot = || json!({ "text": " • " });
    let mut runs = Vec::new();
    for (at, artist) in recording.artists.iter().enumerate() {
        if at > 0 {
            let is_last = at + 1 == recording.artists.len();
            runs.push(json!({ "text": if is_last { " & " } else { ", " } }));
        }
        let page = if recording.kind == Kind::Upload {
            "MUSIC_PAGE_TYPE_USER_CHANNEL"
        } else {
            "MUSIC_PAGE_TYPE_ARTIST"
        };
        runs.push(linked(artist, &format!("UC{}", super::id_of(artist)), page));
    }
    match (&recording.album, recording.kind) {
        (Some(album), Kind::Song) => {
            runs.push(dot());
            runs.push(linked(album, &format!("MPREb_{}", super::id_of(album)), "MUSIC_PAGE_TYPE_ALBUM"));
        }
        (_, Kind::Song) => {}
        _ => runs.extend([dot(), json!({ "text": format!("{} views", short(recording.views)) })]),
    }
    runs.extend([dot(), json!({ "text": length(recording.seconds) })]);
    Value::Array(runs)
}

fn linked(text: &str, id: &str, page: &str) -> Value {
    json!({ "text": text, "navigationEndpoint": { "browseEndpoint": {
        "browseId": id,
        "browseEndpointContextSupportedConfigs": { "browseEndpointContextMusicConfig": { "pageType": page } },
    } } })
}

fn length(seconds: u32) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// 1.2M.
fn short(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "rounded for people")]
    let tenths = |unit: u64| (count as f64 / unit as f64 * 10.0).round() / 10.0;
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}K", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{}M", tenths(1_000_000)),
        _ => format!("{}B", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_look_as_on_the_page() {
        assert_eq!((length(59), length(295), length(3723)), ("0:59".into(), "4:55".into(), "1:02:03".into()));
        assert_eq!(
            (short(999), short(1_234), short(3_300_000_000)),
            ("999".into(), "1.2K".into(), "3.3B".into())
        );
    }

    #[test]
    fn artists_stand_in_runs_of_their_own() {
        let artists = ["A", "B", "C"].map(str::to_owned).into();
        let facts = facts(&Recording { artists, ..Recording::song("X", "A", "Y", 60) });
        let texts: Vec<_> =
            facts.as_array().unwrap().iter().map(|run| run["text"].as_str().unwrap()).collect();
        assert_eq!(texts, ["A", ", ", "B", " & ", "C", " • ", "Y", " • ", "1:00"]);
    }
}
