//! Recordings that somebody has chosen in place of what a backend would take.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;

use super::profile::{Asked, asked, desk};
use crate::{
    model::{AccountName, Scope},
    music::profile::{ChoiceRule, ChoiceView, ChoicesFile, ImportReport},
    web::{Web, auth::Identity, error::Problem, extract::Body},
};

/// Lists the recordings that were chosen by hand
///
/// In the shape that `import` takes: what comes here is the file.
#[utoipa::path(get, path = "/api/v1/music/choices", tag = "music", responses((status = 200, body = ChoicesFile)))]
pub(crate) async fn list(State(web): State<Web>, identity: Identity) -> Result<Json<ChoicesFile>, Problem> {
    identity.needs(Scope::Read)?;
    Ok(Json(desk(&web, None)?.choices()?))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choose {
    /// Its place on the profile, the key of its track, or a part of its name.
    song: String,
    /// The recording, by its id or its address.
    candidate: String,
    /// Whose recording it is. Needed for one that was not found: the backend is asked for this very one.
    #[serde(default)]
    backend: Option<String>,
    #[serde(default)]
    account: Option<AccountName>,
}

/// Takes this recording of a song instead
///
/// For good, on every profile. The job that looks after the profile replaces what is there.
#[utoipa::path(post, path = "/api/v1/music/choices", tag = "music", request_body = Choose,
    responses((status = 202, body = ChoiceView), (status = 404, body = Problem)))]
pub(crate) async fn choose(
    State(web): State<Web>,
    identity: Identity,
    Body(wish): Body<Choose>,
) -> Result<(StatusCode, Json<ChoiceView>), Problem> {
    identity.needs(Scope::Run)?;
    let desk = desk(&web, wish.account)?;
    let choice = desk.choose(&wish.song, wish.backend.as_deref(), &wish.candidate).await?;
    let (status, _) = asked(&web, None, None).await?;
    Ok((status, Json(choice.into())))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unchoose {
    /// The key of its track, its place on the profile, or a part of its name.
    song: String,
    #[serde(default)]
    account: Option<AccountName>,
}

/// Lets the backends choose a song's recording again
#[utoipa::path(post, path = "/api/v1/music/choices/undo", tag = "music", request_body = Unchoose,
    responses((status = 202, body = Asked), (status = 404, body = Problem)))]
pub(crate) async fn undo(
    State(web): State<Web>,
    identity: Identity,
    Body(wish): Body<Unchoose>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    identity.needs(Scope::Run)?;
    let song = desk(&web, wish.account)?.unchoose(&wish.song).await?;
    asked(&web, Some(song), None).await
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportChoices {
    file: ChoicesFile,
    /// Which counts where both have a choice for a track. Default: `newest`.
    #[serde(default)]
    rule: ChoiceRule,
    /// Only say what would become of each.
    #[serde(default)]
    dry_run: bool,
}

/// Takes over the choices of a file
///
/// All of them, or none when something is wrong with the file. Choices of other tracks stay.
#[utoipa::path(post, path = "/api/v1/music/choices/import", tag = "music", request_body = ImportChoices,
    responses((status = 200, body = ImportReport), (status = 400, body = Problem)))]
pub(crate) async fn import(
    State(web): State<Web>,
    identity: Identity,
    Body(wish): Body<ImportChoices>,
) -> Result<Json<ImportReport>, Problem> {
    identity.needs(Scope::Admin)?;
    let report = desk(&web, None)?.import_choices(wish.file, wish.rule, wish.dry_run).await?;
    if !report.is_dry_run {
        asked(&web, None, None).await.map(drop)?;
    }
    Ok(Json(report))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::{
        model::{SourceName, Track, TrackKey},
        music::ledger::Listen,
        web::testing::{TestWeb, now},
    };

    const SONG: &str = "text:ann|blue monday|200";

    async fn world() -> TestWeb {
        let world = TestWeb::open();
        let track = Track {
            title: "Blue Monday".into(),
            artists: vec!["Ann".into()],
            duration: Some(Duration::from_secs(200)),
            ..Track::default()
        };
        assert_eq!(TrackKey::of(&track).as_str(), SONG);
        let listen = Listen { track, started: now(), source: SourceName::ListenBrainz, client: None };
        world.web.parts.music.ledger.take(&[listen]).await.unwrap();
        world
    }

    async fn choices(world: &TestWeb) -> Value {
        world.get("/api/v1/music/choices").send().await.json()
    }

    #[tokio::test]
    async fn a_choice_is_kept_until_it_is_undone() {
        let world = world().await;
        let choose = json!({ "song": "blue mon", "backend": "spotdl", "candidate": " abc123 " });
        let chosen = world.post("/api/v1/music/choices").on_our_page().json(&choose).send().await;
        assert_eq!(chosen.json()["candidate"]["id"], "abc123");
        let explained = world.get("/api/v1/music/profile/explain?song=blue").send().await.json();
        assert_eq!(explained["choice"]["backend"], "spotdl");
        let unfound = json!({ "song": "blue mon", "candidate": "nothing" });
        world.post("/api/v1/music/choices").on_our_page().json(&unfound).send().await.problem(404);
        let undo = json!({ "song": SONG });
        let undone = world.post("/api/v1/music/choices/undo").on_our_page().json(&undo).send().await;
        assert_eq!(undone.json()["song"], "Ann - Blue Monday");
        assert_eq!(choices(&world).await["choices"], json!([]));
        world.post("/api/v1/music/choices/undo").on_our_page().json(&undo).send().await.problem(404);
    }

    #[tokio::test]
    async fn what_is_exported_can_be_imported() {
        let (one, other) = (world().await, world().await);
        let choose = json!({ "song": "blue", "backend": "spotdl", "candidate": "abc" });
        one.post("/api/v1/music/choices").on_our_page().json(&choose).send().await;
        let file = choices(&one).await;
        let import = async |body: Value| {
            other.post("/api/v1/music/choices/import").on_our_page().json(&body).send().await
        };
        let dry = import(json!({ "file": file, "dry_run": true })).await.json();
        assert_eq!((dry["added"].as_u64(), choices(&other).await["choices"][0].is_null()), (Some(1), true));
        assert_eq!(import(json!({ "file": file })).await.json()["added"], 1);
        assert_eq!(choices(&other).await, file);
        assert_eq!(import(json!({ "file": file })).await.json()["same"], 1);
    }

    #[tokio::test]
    async fn the_rule_decides_between_two() {
        let world = world().await;
        let file = |id: &str, chosen: &str| {
            let choice =
                json!({ "track": SONG, "backend": "spotdl", "candidate": { "id": id }, "chosen": chosen });
            json!({ "version": 1, "choices": [choice] })
        };
        let import = async |file: Value, rule: &str| {
            let body = json!({ "file": file, "rule": rule });
            let answer = world.post("/api/v1/music/choices/import").on_our_page().json(&body).send().await;
            answer.json()["choices"][0]["what"].as_str().unwrap().to_owned()
        };
        assert_eq!(import(file("b", "2026-01-02T00:00:00Z"), "newest").await, "added");
        assert_eq!(import(file("a", "2026-01-01T00:00:00Z"), "newest").await, "kept");
        assert_eq!(import(file("c", "2026-01-03T00:00:00Z"), "here").await, "kept");
        assert_eq!(import(file("c", "2026-01-03T00:00:00Z"), "newest").await, "replaced");
        assert_eq!(import(file("a", "2026-01-01T00:00:00Z"), "file").await, "replaced");
        assert_eq!(choices(&world).await["choices"][0]["candidate"]["id"], "a");
    }

    #[tokio::test]
    async fn bad_files_change_nothing() {
        let world = world().await;
        let good = json!({ "track": "a", "backend": "spotdl", "candidate": { "id": "x" }, "chosen": now() });
        for (version, bad) in [
            (2, good.clone()),
            (1, json!({ "track": "", "backend": "b", "candidate": { "id": "x" }, "chosen": now() })),
            (1, json!({ "track": "a", "backend": "No Name", "candidate": { "id": "x" }, "chosen": now() })),
            (1, json!({ "track": "a", "backend": "b", "candidate": { "id": "" }, "chosen": now() })),
            (1, json!({ "track": "a", "backend": "b", "candidate": { "id": "x" } })),
        ] {
            let body = json!({ "file": { "version": version, "choices": [good, bad] } });
            world.post("/api/v1/music/choices/import").on_our_page().json(&body).send().await.problem(400);
        }
        assert_eq!(choices(&world).await["choices"], json!([]));
    }
}
