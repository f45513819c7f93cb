//! What the search answers. The page is drawn from it, so it says how things look and not what they are: rows of columns of
//! runs of text, with links that tell an artist from an album. Parts that are not known are passed over.

use serde_json::Value;

use crate::score::Hit;

/// One page of hits.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Page {
    pub(super) hits: Vec<Hit>,
    /// What to ask for the next page with.
    pub(super) next: Option<String>,
    /// Whether it looks like an answer at all.
    pub(super) is_search: bool,
}

/// Reads a page. Where a row does not say whether a label delivered it, it is verified if songs were searched.
pub(super) fn read(answer: &Value, are_songs: bool) -> Page {
    let is_search = answer.get("contents").is_some() || answer.get("continuationContents").is_some();
    let mut page = Page { is_search, ..Page::default() };
    walk(answer, are_songs, &mut page);
    page
}

fn walk(value: &Value, are_songs: bool, page: &mut Page) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| walk(value, are_songs, page)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "musicResponsiveListItemRenderer" => page.hits.extend(hit(value, are_songs)),
                    "nextContinuationData" => page.next = value["continuation"].as_str().map(str::to_owned),
                    _ => walk(value, are_songs, page),
                }
            }
        }
        _ => {}
    }
}

/// A row, if it can be played.
fn hit(row: &Value, are_songs: bool) -> Option<Hit> {
    let columns = row["flexColumns"].as_array()?;
    let heading = runs(columns.first()?);
    let watch = row.pointer(
        "/overlay/musicItemThumbnailOverlayRenderer/content/musicPlayButtonRenderer/playNavigationEndpoint/watchEndpoint",
    );
    let watch = watch.or_else(|| heading.first()?.pointer("/navigationEndpoint/watchEndpoint"));
    let id =
        row.pointer("/playlistItemData/videoId").or_else(|| watch?.get("videoId")).and_then(Value::as_str)?;
    let kind = watch.and_then(|watch| {
        watch.pointer("/watchEndpointMusicSupportedConfigs/watchEndpointMusicConfig/musicVideoType")?.as_str()
    });
    let title: String = heading.iter().filter_map(text).collect();
    if id.is_empty() || title.is_empty() {
        return None;
    }
    let mut hit = Hit {
        id: id.to_owned(),
        title,
        is_verified: kind.map_or(are_songs, |kind| kind == "MUSIC_VIDEO_TYPE_ATV"),
        is_explicit: Some(is_explicit(row)),
        ..Hit::default()
    };
    for column in &columns[1..] {
        facts(runs(column), &mut hit);
    }
    Some(hit)
}

fn runs(column: &Value) -> &[Value] {
    column["musicResponsiveListItemFlexColumnRenderer"]["text"]["runs"].as_array().map_or(&[], Vec::as_slice)
}

/// What a column says: artists, an album, a length, how often it was played, with dots between them.
fn facts(runs: &[Value], hit: &mut Hit) {
    for (at, fact) in runs.split(|run| text(run).is_some_and(|text| text.trim() == "•")).enumerate() {
        for run in fact {
            let Some(text) = text(run).map(str::trim) else { continue };
            match link(run) {
                Some(Link::Artist) => hit.artists.push(text.to_owned()),
                Some(Link::Album) => hit.album = Some(text.to_owned()),
                None if is_between(text) => {}
                None => {
                    if let Some(seconds) = seconds(text) {
                        hit.seconds = Some(seconds);
                    } else if let Some(views) = views(text) {
                        hit.views = Some(views);
                    } else if at <= 1
                        && hit.artists.is_empty()
                        && !matches!(text, "Song" | "Video" | "Episode")
                    {
                        // Artists without a page of their own have no link.
                        hit.artists.push(text.to_owned());
                    }
                }
            }
        }
    }
}

enum Link {
    Artist,
    Album,
}

fn link(run: &Value) -> Option<Link> {
    let page = run.pointer("/navigationEndpoint/browseEndpoint")?;
    let kind =
        page.pointer("/browseEndpointContextSupportedConfigs/browseEndpointContextMusicConfig/pageType");
    match (kind.and_then(Value::as_str), page["browseId"].as_str().unwrap_or_default()) {
        (Some("MUSIC_PAGE_TYPE_ALBUM"), _) => Some(Link::Album),
        (Some("MUSIC_PAGE_TYPE_ARTIST" | "MUSIC_PAGE_TYPE_USER_CHANNEL"), _) => Some(Link::Artist),
        (_, id) if id.starts_with("MPRE") => Some(Link::Album),
        (_, id) if id.starts_with("UC") => Some(Link::Artist),
        _ => None,
    }
}

fn text(run: &Value) -> Option<&str> {
    run["text"].as_str()
}

/// Names are joined by runs of their own.
fn is_between(text: &str) -> bool {
    matches!(text, "" | "," | "&" | "and" | "x" | "feat.")
}

fn is_explicit(row: &Value) -> bool {
    let badges = row["badges"].as_array().map_or(&[][..], Vec::as_slice);
    let icon = |badge: &'_ Value| {
        badge.pointer("/musicInlineBadgeRenderer/icon/iconType") == Some(&Value::from("MUSIC_EXPLICIT_BADGE"))
    };
    badges.iter().any(icon)
}

/// 3:45 or 1:02:03.
fn seconds(text: &str) -> Option<f64> {
    let parts: Vec<&str> = text.split(':').collect();
    let is_number =
        |part: &&str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(is_number) {
        return None;
    }
    parts.iter().try_fold(0.0, |all, part| Some(60.0 * all + f64::from(part.parse::<u32>().ok()?)))
}

/// "1.2M views", "12,345 plays".
fn views(text: &str) -> Option<u64> {
    let (count, what) = text.split_once(' ')?;
    if !matches!(what, "views" | "view" | "plays" | "play") {
        return None;
    }
    if count.eq_ignore_ascii_case("no") {
        return Some(0);
    }
    let (number, times) = match count.as_bytes().last()? {
        b'K' => (&count[..count.len() - 1], 1e3),
        b'M' => (&count[..count.len() - 1], 1e6),
        b'B' => (&count[..count.len() - 1], 1e9),
        _ => (count, 1.0),
    };
    let count = number.replace(',', "").parse::<f64>().ok()? * times;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
    (0.0..1e15).contains(&count).then_some(count.round() as u64)
}
