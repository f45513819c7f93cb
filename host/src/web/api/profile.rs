use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    model::{AccountName, EventName, Scope},
    music::profile::{Desk, DeskError, Explanation, ProfileView, QueueView},
    web::{
        Web,
        auth::Identity,
        error::{Problem, with_causes},
        extract::{Body, Query},
    },
};

/// What jobs that look after profiles wait for.
const EVENT: &str = "profile-changed";

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfAccount {
    /// Default: the account that is meant when none is named.
    pub(super) account: Option<AccountName>,
}

/// Lists the songs on the profile
///
/// As it was when it was last looked at, whosever they are.
#[utoipa::path(get, path = "/api/v1/music/profile", tag = "music", params(OfAccount),
    responses((status = 200, body = ProfileView), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<OfAccount>,
) -> Result<Json<ProfileView>, Problem> {
    identity.needs(Scope::Read)?;
    Ok(Json(desk(&web, query.account)?.view()?))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichSong {
    /// Its place on the profile, the key of its track, or a part of its name.
    song: String,
    #[serde(default)]
    account: Option<AccountName>,
}

/// Says all that is known of a song
///
/// When it was played and removed, what was put up for it, and what each backend has found: every
/// candidate with its score, which one was taken, and why not the others.
#[utoipa::path(get, path = "/api/v1/music/profile/explain", tag = "music", params(WhichSong),
    responses((status = 200, body = Explanation), (status = 404, body = Problem)))]
pub(crate) async fn explain(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<WhichSong>,
) -> Result<Json<Explanation>, Problem> {
    identity.needs(Scope::Read)?;
    Ok(Json(desk(&web, query.account)?.explain(&query.song)?))
}

/// Lists what is on its way to the profile
///
/// Every track that lacks a file or a better one, and how far each backend is with it.
#[utoipa::path(get, path = "/api/v1/music/queue", tag = "music", params(OfAccount),
    responses((status = 200, body = QueueView), (status = 404, body = Problem)))]
pub(crate) async fn queue(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<OfAccount>,
) -> Result<Json<QueueView>, Problem> {
    identity.needs(Scope::Read)?;
    Ok(Json(desk(&web, query.account)?.queue()?))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookFor {
    /// Its place on the profile, the key of its track, or a part of its name.
    song: String,
    backend: String,
    #[serde(default)]
    account: Option<AccountName>,
}

/// Asks a backend what recordings of a song it has, and fetches none
#[utoipa::path(post, path = "/api/v1/music/profile/look", tag = "music", request_body = LookFor,
    responses((status = 200, body = Explanation), (status = 404, body = Problem),
              (status = 409, description = "Nobody has looked after the profile yet", body = Problem),
              (status = 502, description = "The backend failed", body = Problem)))]
pub(crate) async fn look(
    State(web): State<Web>,
    identity: Identity,
    Body(wish): Body<LookFor>,
) -> Result<Json<Explanation>, Problem> {
    identity.needs(Scope::Run)?;
    Ok(Json(desk(&web, wish.account)?.look(&wish.song, &wish.backend).await?))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveSong {
    /// Its place on the profile, the key of its track, or a part of its name.
    song: String,
    #[serde(default)]
    account: Option<AccountName>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveSong {
    song: String,
    /// The song that it should stand below; without it, it goes to the top.
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    account: Option<AccountName>,
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CleanProfile {
    account: Option<AccountName>,
}

/// What will be done by the next run of the job that looks after the profile.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Asked {
    /// The song.
    #[serde(skip_serializing_if = "Option::is_none")]
    song: Option<String>,
    /// How many songs are taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    songs: Option<usize>,
    /// Nobody looks after this profile: no job waits for `profile-changed`.
    is_unheard: bool,
}

/// Takes a song away until it is played again
#[utoipa::path(post, path = "/api/v1/music/profile/remove", tag = "music", request_body = RemoveSong,
    responses((status = 202, body = Asked), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(web): State<Web>,
    identity: Identity,
    Body(wish): Body<RemoveSong>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    identity.needs(Scope::Run)?;
    let song = desk(&web, wish.account)?.remove(&wish.song).await?;
    asked(&web, Some(song), None).await
}

/// Moves a song to the top or below another one
#[utoipa::path(post, path = "/api/v1/music/profile/move", tag = "music", request_body = MoveSong,
    responses((status = 202, body = Asked), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn move_song(
    State(web): State<Web>,
    identity: Identity,
    Body(wish): Body<MoveSong>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    identity.needs(Scope::Run)?;
    let song = desk(&web, wish.account)?.move_song(&wish.song, wish.after.as_deref()).await?;
    asked(&web, Some(song), None).await
}

/// Takes away everything that Tapedeck has ever put there
#[utoipa::path(post, path = "/api/v1/music/profile/clean", tag = "music", request_body = CleanProfile,
    responses((status = 202, body = Asked), (status = 404, body = Problem)))]
pub(crate) async fn clean(
    State(web): State<Web>,
    identity: Identity,
    Body(wish): Body<CleanProfile>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    identity.needs(Scope::Admin)?;
    let songs = desk(&web, wish.account)?.clean().await?;
    asked(&web, None, Some(songs)).await
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NewSong {
    /// The file's name: it tells artist and title where the file itself does not.
    #[serde(default)]
    name: String,
    #[serde(default)]
    account: Option<AccountName>,
}

/// Adds a file of one's own, on top
///
/// It stays until somebody removes it. The body is the file, at most 50 MiB.
#[utoipa::path(post, path = "/api/v1/music/profile/songs", tag = "music", params(NewSong),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 202, body = Asked), (status = 400, body = Problem), (status = 404, body = Problem),
              (status = 413, description = "The file is larger", body = Problem)))]
pub(crate) async fn add(
    State(web): State<Web>,
    identity: Identity,
    Query(query): Query<NewSong>,
    body: Bytes,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    identity.needs(Scope::Admin)?;
    let song = desk(&web, query.account)?.add(&query.name, body.into()).await?;
    asked(&web, Some(song), None).await
}

/// Of an account that is in the configuration, or that somebody has logged in to.
pub(super) fn desk(web: &Web, account: Option<AccountName>) -> Result<Desk, Problem> {
    let accounts = &web.parts.accounts;
    let account = match account {
        None => accounts.default_account(),
        Some(named) if accounts.is_known(&named).map_err(|error| Problem::internal(&error))? => named,
        Some(named) => {
            return Err(Problem::not_found(format!("there is no account `{named}`"))
                .fix("GET /api/v1/accounts and `tapedeck accounts` list them."));
        }
    };
    let music = &web.parts.music;
    Ok(Desk {
        board: music.boards.of(&account),
        account,
        state: music.state.clone(),
        ledger: music.ledger.clone(),
        attempts: music.attempts.clone(),
        clock: web.parts.clock.clone(),
    })
}

pub(super) async fn asked(
    web: &Web,
    song: Option<String>,
    songs: Option<usize>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    let event: EventName = EVENT.parse().expect("it is a name");
    let woken = web.parts.scheduler.emit(event).await?;
    Ok((StatusCode::ACCEPTED, Json(Asked { song, songs, is_unheard: woken.is_empty() })))
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Unknown(_) => Self::not_found(error.to_string())
                .fix("GET /api/v1/music/profile and `tapedeck music list` show the songs."),
            DeskError::Ambiguous { .. } => {
                Self::bad_request(error.to_string()).fix("Write more of the name, or its place in the list.")
            }
            DeskError::BelowItself(_) => {
                Self::bad_request(error.to_string()).fix("Name another song, or none to move it to the top.")
            }
            DeskError::BadFile { .. } => Self::bad_request(error.to_string())
                .fix("Add a recording, such as an MP3, M4A, OGG or FLAC file."),
            DeskError::UnknownCandidate { .. } => Self::not_found(error.to_string()).fix(
                "`tapedeck music explain SONG` and GET /api/v1/music/profile/explain list the candidates; \
                 name a `backend` for one that is not among them.",
            ),
            DeskError::NotChosen(_) => {
                Self::not_found(error.to_string()).fix("GET /api/v1/music/choices lists what was chosen.")
            }
            DeskError::UnknownBackend(_) => Self::not_found(error.to_string())
                .fix("Name one of `backends` of the job of kind \"profile-music\"."),
            DeskError::Unattended => Self::conflict(error.to_string())
                .fix("Run the job of kind \"profile-music\" once; it knows the backends."),
            DeskError::Backend { .. } => Self::new(StatusCode::BAD_GATEWAY, with_causes(&error))
                .fix("Try again later; the backend's log may say more."),
            DeskError::BadChoices { .. } => Self::bad_request(error.to_string())
                .fix("Give a file that `tapedeck music choices export` has written."),
            DeskError::Disk { .. } => Self::unavailable(with_causes(&error)).fix("Make room on the disk."),
            DeskError::State(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::web::testing::TestWeb;

    /// A second of silence: one channel, eight bits, 8000 times a second.
    fn wave() -> Vec<u8> {
        let mut bytes = b"RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x40\x1f\0\0".to_vec();
        bytes.resize(bytes.len() + 8000, 128);
        bytes
    }

    #[tokio::test]
    async fn files_are_sent_as_they_are() {
        let world = TestWeb::open();
        let address = "/api/v1/music/profile/songs?name=Lin%20-%20Own.wav";
        let send = async |kind: &str, bytes: Vec<u8>| {
            world.post(address).on_our_page().header("content-type", kind).body(bytes).send().await
        };
        let added = send("application/octet-stream", wave()).await.json();
        assert_eq!(added, json!({ "song": "Lin - Own", "is_unheard": false }));
        send("application/octet-stream", b"no song".to_vec()).await.problem(400);
        send("application/x-www-form-urlencoded", wave()).await.problem(415);
        let kept = world.state.profile_tracks.of_account("main").unwrap();
        assert_eq!(kept.len(), 1);
        assert!(kept[0].added.as_ref().is_some_and(|added| added.file.is_file()));
    }

    #[tokio::test]
    async fn accounts_that_do_not_exist_have_no_profile() {
        let world = TestWeb::open();
        let ask = |address: &str| world.post(&format!("/api/v1/music/{address}")).on_our_page();
        let add = ask("profile/songs?name=Lin%20-%20Own.wav&account=nosuch");
        add.header("content-type", "application/octet-stream").body(wave()).send().await.problem(404);
        assert!(world.state.profile_tracks.all().unwrap().is_empty(), "nothing is kept");
        for (address, wish) in [
            ("profile/clean", json!({ "account": "nosuch" })),
            ("profile/remove", json!({ "account": "nosuch", "song": "1" })),
            ("choices", json!({ "account": "nosuch", "song": "1", "candidate": "x" })),
        ] {
            let problem = ask(address).json(&wish).send().await.problem(404);
            assert!(problem.to_string().contains("no account `nosuch`"), "{address}: {problem}");
        }
        world.get("/api/v1/music/queue?account=nosuch").send().await.problem(404);
        world.get("/api/v1/music/queue?account=main").send().await.json();
    }

    #[tokio::test]
    async fn nothing_is_on_its_way_while_nobody_works() {
        let world = TestWeb::open();
        let queue = world.get("/api/v1/music/queue").send().await.json();
        assert_eq!(queue, json!({ "backends": [], "keep": null, "waiting_until": null, "tracks": [] }));
        let look = json!({ "song": "1", "backend": "zero" });
        world.post("/api/v1/music/profile/look").on_our_page().json(&look).send().await.problem(404);
    }
}
