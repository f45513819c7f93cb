use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    model::{PlayId, PlayView, PlayerView, Scope, SourceView, TrackKey},
    music::ledger::Search,
    web::{
        Web,
        auth::Identity,
        error::Problem,
        extract::{Limit, Query},
    },
};

/// Says what plays now, and how the sources of plays are
#[utoipa::path(get, path = "/api/v1/music/now", tag = "music", responses((status = 200, body = PlayerView)))]
pub(crate) async fn now(State(web): State<Web>, identity: Identity) -> Result<Json<PlayerView>, Problem> {
    identity.needs(Scope::Read)?;
    let music = &web.parts.music;
    let mut view = music.players.window.view();
    if !view.is_running {
        view.is_stopped = music.ledger.is_stopped()?;
        view.sources =
            music.players.rules().borrow().sources.iter().map(|source| SourceView::silent(*source)).collect();
    }
    Ok(Json(view))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// Only plays that began before this one.
    before: Option<PlayId>,
    /// Only plays of this song.
    song: Option<String>,
    /// Only plays that began at this time or later.
    since: Option<Timestamp>,
    /// Only plays that began earlier.
    until: Option<Timestamp>,
    /// Only plays with all of these words in title, artists or album.
    search: String,
    /// 1 to 1000; 50 unless given.
    #[param(value_type = Option<i64>)]
    limit: Limit,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct HistoryAnswer {
    /// Newest first.
    plays: Vec<PlayView>,
    /// What to give as `before` for the next page. With `search`, that page may be short or empty.
    next: Option<PlayId>,
    /// How many plays the ledger holds.
    total: usize,
}

/// Lists what was played, newest first
#[utoipa::path(get, path = "/api/v1/music/history", tag = "music", params(HistoryQuery),
    responses((status = 200, body = HistoryAnswer)))]
pub(crate) async fn history(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<HistoryAnswer>, Problem> {
    identity.needs(Scope::Read)?;
    let HistoryQuery { before, song, since, until, search: words, limit } = query;
    let search = Search { before, song: song.map(TrackKey::from), since, until, words };
    let ledger = web.parts.music.ledger.clone();
    let reader = ledger.clone();
    let look = move || Ok::<_, Problem>((reader.search(&search, limit.or(50))?, reader.count()));
    let looked = tokio::task::spawn_blocking(look).await.map_err(|error| Problem::internal(&error))?;
    let (page, total) = looked?;
    ledger.settled().await?;
    let plays = page.plays.into_iter().map(PlayView::from).collect();
    Ok(Json(HistoryAnswer { plays, next: page.next, total }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{
        model::{SourceName, Track},
        music::ledger::Listen,
        web::testing::{TestWeb, now},
    };

    fn listen(n: i64) -> Listen {
        let duration = Some(Duration::from_secs(200));
        Listen {
            track: Track {
                title: format!("t{}", n % 3),
                artists: vec!["Ann".into()],
                duration,
                ..Track::default()
            },
            started: now() - jiff::SignedDuration::from_mins(n * 5),
            source: SourceName::ListenBrainz,
            client: Some("test".into()),
        }
    }

    #[tokio::test]
    async fn history_is_read_page_by_page() {
        let world = TestWeb::open();
        let listens: Vec<_> = (0..25).map(listen).collect();
        world.web.parts.music.ledger.take(&listens).await.unwrap();
        let (mut seen, mut next) = (Vec::new(), String::new());
        for _ in 0..3 {
            let page = world.get(&format!("/api/v1/music/history?limit=10{next}")).send().await.json();
            assert_eq!(page["total"], 25);
            seen.extend(page["plays"].as_array().unwrap().iter().map(|play| play["started"].to_string()));
            next = page["next"].as_str().map_or(String::new(), |id| format!("&before={id}"));
        }
        assert!(next.is_empty() && seen.len() == 25 && seen.is_sorted_by(|newer, older| newer > older));
        let page = world.get("/api/v1/music/history?song=text:ann%7Ct1%7C200").send().await.json();
        assert_eq!(page["plays"].as_array().unwrap().len(), 8);
        assert_eq!(page["plays"][0]["track"]["duration_ms"], 200_000);
        world.get("/api/v1/music/history?before=yesterday").send().await.problem(400);
        for limit in ["0", "-1"] {
            world.get(&format!("/api/v1/music/history?limit={limit}")).send().await.problem(400);
        }
    }

    #[tokio::test]
    async fn history_is_searched_by_words_and_time() {
        let world = TestWeb::open();
        let listens: Vec<_> = (0..25).map(listen).collect();
        world.web.parts.music.ledger.take(&listens).await.unwrap();
        let count = async |query: &str| {
            let page = world.get(&format!("/api/v1/music/history?{query}")).send().await.json();
            page["plays"].as_array().unwrap().len()
        };
        assert_eq!(count("search=T1%20ann").await, 8);
        assert_eq!(count("search=t1%20bob").await, 0);
        // The newest began at the present moment, the others every five minutes before.
        assert_eq!(count("since=2026-01-02T02:54:05Z").await, 3);
        assert_eq!(count("until=2026-01-02T02:54:05Z").await, 22);
        assert_eq!(count("since=2026-01-02T02:54:05Z&until=2026-01-02T03:04:05Z").await, 2);
        let first = world.get("/api/v1/music/history?search=t1&limit=5").send().await.json();
        let next = first["next"].as_str().unwrap();
        assert_eq!(count(&format!("search=t1&limit=5&before={next}")).await, 3);
        world.get("/api/v1/music/history?since=yesterday").send().await.problem(400);
    }

    #[tokio::test]
    async fn without_a_player_nothing_plays() {
        let world = TestWeb::open();
        let view = world.get("/api/v1/music/now").send().await.json();
        assert_eq!((view["is_running"].as_bool(), view["now"].is_null()), (Some(false), true));
        assert_eq!(view["sources"][0]["source"], "spotify");
        assert_eq!(view["sources"][1]["state"], "silent");
    }
}
