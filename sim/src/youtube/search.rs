//! What a search finds.

use std::cmp::Reverse;

use serde_json::Value;

use super::{Kind, Recording, Search, YouTube, answer};

/// Rows of one page.
const PAGE: usize = 20;

/// Which kind is searched for, as `params` say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    Songs,
    Videos,
    All,
}

impl Filter {
    /// The third part of the text is the kind: the rest is about spelling.
    fn of(params: Option<&str>) -> Self {
        match params.and_then(|params| params.strip_prefix("EgWKAQI")) {
            Some(rest) if rest.starts_with('I') => Self::Songs,
            Some(rest) if rest.starts_with('Q') => Self::Videos,
            _ => Self::All,
        }
    }

    pub(super) const fn shelf(self) -> &'static str {
        match self {
            Self::Songs => "Songs",
            Self::Videos => "Videos",
            Self::All => "Top result",
        }
    }

    fn admits(self, kind: Kind) -> bool {
        match self {
            Self::Songs => kind == Kind::Song,
            Self::Videos => kind != Kind::Song,
            Self::All => true,
        }
    }
}

impl YouTube {
    /// Answers what a page sends.
    pub(super) fn search(&mut self, body: &Value, continuation: Option<&str>) -> Result<Value, String> {
        let client = body.pointer("/context/client/clientName").and_then(Value::as_str);
        if client != Some("WEB_REMIX") {
            return Err(format!("a search of the client {client:?}, which is not the page of YouTube Music"));
        }
        let search = match continuation {
            Some(token) => read_token(token).ok_or_else(|| format!("`{token}` continues no search"))?,
            None => {
                let query = body["query"].as_str().ok_or("a search without a query")?;
                Search { query: query.to_owned(), filter: Filter::of(body["params"].as_str()), page: 0 }
            }
        };
        let found = self.find(&search.query, search.filter);
        let rest = &found[found.len().min(search.page * PAGE)..];
        let next = (rest.len() > PAGE).then(|| token(&Search { page: search.page + 1, ..search.clone() }));
        let page = &rest[..rest.len().min(PAGE)];
        let answer = match continuation {
            Some(_) => answer::continued(page, next.as_deref()),
            None => answer::first(page, search.filter, next.as_deref()),
        };
        self.searches.push(search);
        Ok(answer)
    }

    /// By its number, or by words that it has, most of them first.
    fn find(&self, query: &str, filter: Filter) -> Vec<&Recording> {
        let by_number =
            self.recordings.iter().filter(|it| it.isrc.as_deref() == Some(query) && filter.admits(it.kind));
        let by_number: Vec<_> = by_number.collect();
        if !by_number.is_empty() {
            return by_number;
        }
        let wanted = words(query);
        let common = |it: &Recording| {
            let has = words(&format!(
                "{} {} {}",
                it.title,
                it.artists.join(" "),
                it.album.as_deref().unwrap_or_default()
            ));
            wanted.iter().filter(|word| has.contains(word)).count()
        };
        let mut found: Vec<_> = self
            .recordings
            .iter()
            .filter(|it| filter.admits(it.kind))
            .map(|it| (common(it), it))
            .filter(|(common, _)| *common > 0)
            .collect();
        found.sort_by_key(|(common, it)| (Reverse(*common), Reverse(it.views)));
        found.into_iter().map(|(_, it)| it).collect()
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn token(search: &Search) -> String {
    format!("{}/{}/{}", search.page, search.filter.shelf(), search.query)
}

fn read_token(token: &str) -> Option<Search> {
    let (page, rest) = token.split_once('/')?;
    let (shelf, query) = rest.split_once('/')?;
    let filter = [Filter::Songs, Filter::Videos, Filter::All].into_iter().find(|it| it.shelf() == shelf)?;
    Some(Search { query: query.to_owned(), filter, page: page.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SONGS: &str = "EgWKAQIIAWoMEA4QChADEAQQCRAF";
    const VIDEOS: &str = "EgWKAQIQAWoMEA4QChADEAQQCRAF";

    fn world() -> YouTube {
        let mut youtube = YouTube::default();
        youtube.add(Recording {
            isrc: Some("GBBKS1500214".into()),
            ..Recording::song("Hello", "Adele", "25", 295)
        });
        youtube.add(Recording::song("Hello", "Lionel Richie", "Can't Slow Down", 251));
        youtube.add(Recording::upload("Adele - Hello (Lyrics)", "Some Channel", 296));
        youtube
    }

    fn ask(youtube: &mut YouTube, query: &str, params: &str) -> Vec<String> {
        let body = json!({ "context": { "client": { "clientName": "WEB_REMIX" } }, "query": query, "params": params });
        let answer = youtube.search(&body, None).unwrap();
        let rows = answer.pointer(
            "/contents/tabbedSearchResultsRenderer/tabs/0/tabRenderer/content/sectionListRenderer/contents/0/musicShelfRenderer/contents",
        );
        let id = |row: &Value| {
            row.pointer("/musicResponsiveListItemRenderer/playlistItemData/videoId").unwrap().to_string()
        };
        rows.and_then(Value::as_array).map_or(&[][..], Vec::as_slice).iter().map(id).collect()
    }

    #[test]
    fn words_in_common_come_first() {
        let mut youtube = world();
        assert_eq!(ask(&mut youtube, "adele - hello", SONGS).len(), 2);
        assert_eq!(ask(&mut youtube, "adele - hello", SONGS)[0], format!("{:?}", youtube.recordings[0].id));
        assert_eq!(ask(&mut youtube, "adele - hello", VIDEOS).len(), 1);
        assert!(ask(&mut youtube, "nothing of this", SONGS).is_empty());
        assert_eq!(youtube.searches[0].query, "adele - hello");
    }

    #[test]
    fn a_number_finds_its_recording() {
        assert_eq!(ask(&mut world(), "GBBKS1500214", SONGS).len(), 1);
    }

    #[test]
    fn long_answers_have_pages() {
        let mut youtube = YouTube::default();
        for number in 0..45 {
            youtube.add(Recording::song(&format!("Song {number}"), "Band", "Album", 100 + number));
        }
        let body = json!({ "context": { "client": { "clientName": "WEB_REMIX" } }, "query": "song", "params": SONGS });
        let (mut rows, mut next) = (0, None::<String>);
        for _ in 0..3 {
            let answer = youtube.search(&body, next.as_deref()).unwrap().to_string();
            rows += answer.matches("playlistItemData").count();
            next =
                answer.split("\"continuation\":\"").nth(1).map(|it| it.split('"').next().unwrap().to_owned());
        }
        assert_eq!((rows, next), (45, None));
    }

    #[test]
    fn other_clients_are_refused() {
        let body = json!({ "context": { "client": { "clientName": "ANDROID" } }, "query": "x" });
        assert!(world().search(&body, None).is_err());
    }
}
