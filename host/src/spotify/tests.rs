//! The whole of it against the simulated Spotify, over HTTP, on a clock that stands still.

use std::{collections::BTreeMap, path::Path, time::Duration};

use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};
use tapedeck_sim::{
    World,
    spotify::{App, Ask, At, Fault, Song, Spotify as Sim, SpotifyServer, User, serve},
};
use tempfile::TempDir;

use super::*;
use crate::{
    clock::{Clock as _, ManualClock},
    model::{Playable, SpotifyLoginState},
    vault::VaultSettings,
};

const SCOPE: &str = "user-read-currently-playing user-read-playback-state";

struct Desk {
    world: World,
    server: SpotifyServer,
    folder: TempDir,
    clock: Arc<ManualClock>,
    spotify: Spotify,
}

fn section(server: &SpotifyServer) -> SpotifySection {
    SpotifySection {
        client_id: Some(Sim::CLIENT.into()),
        api_url: server.api_url().parse().unwrap(),
        accounts_url: server.accounts_url().parse().unwrap(),
        ..SpotifySection::default()
    }
}

fn build(section: SpotifySection, folder: &Path, clock: &Arc<ManualClock>) -> Spotify {
    let vault = VaultSettings { key_file: None, passphrase: None, folder: folder.to_owned() };
    Spotify::new(SpotifyParts {
        section,
        state: State::open(folder).unwrap(),
        vault: Keeper::new(vault),
        clock: clock.clone(),
        lifecycle: Lifecycle::default(),
    })
}

/// In whatever order they are asked for.
fn sorted(scope: &str) -> Vec<&str> {
    let mut scopes: Vec<_> = scope.split_whitespace().collect();
    scopes.sort_unstable();
    scopes
}

fn ticket_of(link: &str) -> String {
    let link: Url = link.parse().unwrap();
    link.query_pairs().find(|(name, _)| name == "ticket").unwrap().1.into_owned()
}

impl Desk {
    async fn open() -> Self {
        let world = World::default();
        world.spotify(Sim::stop_time);
        let server = serve(&world, None).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at("2026-11-21T12:00:00Z".parse().unwrap());
        let spotify = build(section(&server), folder.path(), &clock);
        Self { world, server, folder, clock, spotify }
    }

    async fn logged_in() -> Self {
        let desk = Self::open().await;
        desk.log_in().await.unwrap();
        desk
    }

    /// As after a restart, perhaps with other settings.
    fn restart(self, change: impl FnOnce(&mut SpotifySection)) -> Self {
        let Self { world, server, folder, clock, spotify } = self;
        drop(spotify);
        let mut section = section(&server);
        change(&mut section);
        let spotify = build(section, folder.path(), &clock);
        Self { world, server, folder, clock, spotify }
    }

    fn sim<T>(&self, look: impl FnOnce(&mut Sim) -> T) -> T {
        self.world.spotify(look)
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(SignedDuration::from_secs(seconds.try_into().unwrap()));
        self.sim(|sim| sim.advance(Duration::from_secs(seconds)));
    }

    /// What a browser does between setting out and coming back.
    fn at_spotify(&self, to: &Url) -> SpotifyAnswer {
        let query: BTreeMap<String, String> = to.query_pairs().into_owned().collect();
        let ask = Ask { method: "GET".into(), path: to.path().into(), query, ..Ask::default() };
        let (reply, _) = self.sim(|sim| sim.answer(&ask));
        assert_eq!(reply.status, 302, "{reply:?}");
        let back: Url = reply.headers[0].1.parse().unwrap();
        let find = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|it| it.1.into_owned());
        SpotifyAnswer {
            code: find("code").map(SecretString::from),
            state: find("state"),
            error: find("error"),
        }
    }

    fn set_out(&self) -> SpotifyEntry {
        let login = self.spotify.begin_login("test").unwrap();
        self.spotify.enter(&ticket_of(&login.link)).unwrap()
    }

    async fn log_in(&self) -> Result<SpotifyLoggedIn, SpotifyLoginError> {
        let entry = self.set_out();
        let answer = self.at_spotify(&entry.to);
        self.spotify.come_back(answer, Some(entry.browser.expose_secret())).await
    }

    async fn title(&self) -> String {
        match self.spotify.now_playing().await {
            Ok(playing) => {
                playing.what.track().map_or_else(|| format!("{:?}", playing.what), |it| it.title.clone())
            }
            Err(error) => error.to_string(),
        }
    }

    fn token_calls(&self) -> usize {
        self.sim(|sim| sim.calls_to("/api/token").count())
    }
}

#[tokio::test]
async fn logs_in_and_tells_what_plays() {
    let desk = Desk::open().await;
    assert!(matches!(desk.spotify.now_playing().await, Err(SpotifyError::NotLoggedIn)));
    let done = desk.log_in().await.unwrap();
    assert_eq!((done.user.unwrap().name.as_str(), done.replaced), ("Ann", None));
    assert_eq!(desk.title().await, "Nothing");
    desk.sim(|sim| sim.play([Song::numbered(1, 200)]));
    desk.advance(30);
    let playing = desk.spotify.now_playing().await.unwrap();
    assert!(matches!(&playing.what, Playable::Song(track) if track.title == "Song 1"), "{playing:?}");
    assert_eq!((playing.progress, playing.is_playing), (Some(Duration::from_secs(30)), true));
    let view = desk.spotify.view().await;
    assert_eq!((view.state, sorted(&view.scope.unwrap())), (SpotifyState::LoggedIn, sorted(SCOPE)));
    let authorize = desk.sim(|sim| sim.calls_to("/authorize").next().unwrap().clone());
    assert_eq!(sorted(&authorize.query["scope"]), sorted(SCOPE), "never the text `None`");
    assert_eq!(authorize.query["code_challenge_method"], "S256");
    desk.world.finish().unwrap();
}

#[tokio::test]
async fn rotated_tokens_survive_a_restart() {
    let desk = Desk::logged_in().await;
    for _ in 0..3 {
        desk.advance(3600);
        assert_eq!(desk.title().await, "Nothing");
    }
    let desk = desk.restart(|_| {});
    assert_eq!(desk.title().await, "Nothing");
    assert_eq!((desk.token_calls(), desk.sim(|sim| sim.refresh_tokens().count())), (5, 1));
    assert_eq!(desk.spotify.view().await.user.unwrap().id, Sim::USER);
    desk.world.finish().unwrap();
}

#[tokio::test]
async fn tokens_on_the_disk_are_sealed() {
    let desk = Desk::logged_in().await;
    desk.advance(3600);
    desk.title().await;
    let secrets: Vec<String> = desk.sim(|sim| sim.secrets().to_vec());
    assert!(secrets.len() >= 5);
    let Desk { spotify, folder, .. } = desk;
    drop(spotify);
    for entry in std::fs::read_dir(folder.path().join("state")).unwrap() {
        let Ok(bytes) = std::fs::read(entry.unwrap().path()) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        assert!(secrets.iter().all(|secret| !text.contains(secret.as_str())));
    }
}

#[tokio::test]
async fn who_hangs_up_loses_no_rotated_token() {
    let desk = Desk::logged_in().await;
    desk.advance(3600);
    desk.sim(|sim| sim.fail(At::Token, 1, Fault::Slow(Duration::from_millis(80))));
    let asking = desk.spotify.now_playing();
    assert!(tokio::time::timeout(Duration::from_millis(20), asking).await.is_err());
    assert_eq!(desk.title().await, "Nothing");
    assert_eq!(desk.token_calls(), 2, "the token of the one who hung up is used");
}

#[tokio::test]
async fn refused_tokens_are_offered_once() {
    let desk = Desk::logged_in().await;
    desk.sim(Sim::revoke_all);
    for _ in 0..5 {
        assert!(desk.title().await.contains("Spotify has ended the login (Refresh token revoked)"));
    }
    assert_eq!(desk.token_calls(), 2);
    assert!(matches!(desk.spotify.view().await.state, SpotifyState::Refused { .. }));
    desk.log_in().await.unwrap();
    assert_eq!(desk.title().await, "Nothing");
}

#[tokio::test]
async fn logins_that_cannot_be_kept_cost_the_one_before_nothing() {
    let desk = Desk::logged_in().await;
    let granted = serde_json::json!({ "access_token": "BQ", "expires_in": 3600 });
    let granted = tokens::read_grant(&granted.to_string()).unwrap();
    let section = section(&desk.server);
    let committed = desk.spotify.inner.tokens.commit(granted, None, Sim::CLIENT, &section).await;
    assert!(committed.is_err(), "it could not be renewed");
    assert_eq!(desk.spotify.view().await.user.unwrap().id, Sim::USER);
    desk.advance(3600);
    assert_eq!(desk.title().await, "Nothing", "it is renewed as before");
}

#[tokio::test]
async fn configured_tokens_count_until_they_change() {
    let desk = Desk::open().await;
    let secret = desk.sim(|sim| sim.apps[Sim::CLIENT].client_secret.clone());
    let grant = |desk: &Desk, user: &str| {
        desk.sim(|sim| {
            sim.users.insert(user.into(), User::new(user, user));
            sim.grant(Sim::CLIENT, user, SCOPE, false)
        })
    };
    let (first, second) = (grant(&desk, "bob"), grant(&desk, "cleo"));
    let configured = |token: &str| {
        let (token, secret) = (token.to_owned(), secret.clone());
        move |section: &mut SpotifySection| {
            section.refresh_token = Some(token.into());
            section.client_secret = Some(secret.into());
        }
    };
    let whose = async |desk: &Desk| {
        assert_eq!(desk.title().await, "Nothing");
        desk.spotify.view().await.user.unwrap().id
    };
    let desk = desk.restart(configured(&first));
    assert_eq!(whose(&desk).await, "bob");
    let done = desk.log_in().await.unwrap();
    assert_eq!(done.replaced.unwrap().id, "bob");
    let desk = desk.restart(configured(&first));
    assert_eq!(whose(&desk).await, Sim::USER, "it has had its turn");
    let desk = desk.restart(configured(&second));
    assert_eq!(whose(&desk).await, "cleo", "it is another one");
    let desk = desk.restart(configured("AQnonsense"));
    assert_eq!(whose(&desk).await, "cleo", "what does not work costs no login");
    desk.world.finish().unwrap();
}

#[tokio::test]
async fn tokens_made_by_pkce_elsewhere_need_no_secret() {
    let desk = Desk::open().await;
    let token = desk.sim(|sim| sim.grant(Sim::CLIENT, Sim::USER, SCOPE, true));
    let desk = desk.restart(|section| section.refresh_token = Some(token.into()));
    assert_eq!(desk.title().await, "Nothing");
    desk.advance(3600);
    let desk = desk.restart(|section| section.refresh_token = Some("AR-the-old-one".into()));
    assert_eq!(desk.title().await, "Nothing", "its successor is kept");
}

#[tokio::test]
async fn every_call_of_the_web_api_is_counted() {
    let desk = Desk::logged_in().await;
    let counted = || {
        let made = desk.sim(|sim| sim.calls.iter().filter(|call| call.path.starts_with("/v1/")).count());
        (made, desk.spotify.calls())
    };
    assert_eq!(counted(), (1, 1), "whose login it is");
    desk.title().await;
    assert_eq!(counted(), (2, 2));
    desk.sim(|sim| sim.fail(At::Api, 1, Fault::status(401, "{}")));
    desk.title().await;
    assert_eq!(counted(), (4, 4), "asked again with new access");
}

#[tokio::test]
async fn day_long_limits_hold_across_restarts() {
    let desk = Desk::logged_in().await;
    desk.sim(|sim| sim.rate_limit(86_400));
    let until = desk.clock.now() + SignedDuration::from_secs(86_400);
    for _ in 0..3 {
        let Err(SpotifyError::RateLimited { until: told }) = desk.spotify.now_playing().await else {
            panic!("no limit");
        };
        assert_eq!(told, until);
    }
    let desk = desk.restart(|_| {});
    assert_eq!(desk.spotify.rate_limited_until(), Some(until));
    desk.advance(86_399);
    assert!(matches!(desk.spotify.now_playing().await, Err(SpotifyError::RateLimited { .. })));
    assert_eq!(desk.spotify.view().await.state, SpotifyState::RateLimited { until });
    desk.advance(1);
    assert_eq!(desk.title().await, "Nothing");
    desk.world.finish().unwrap();
}

#[tokio::test]
async fn limits_of_the_accounts_service_count_too() {
    let desk = Desk::logged_in().await;
    desk.advance(3600);
    desk.sim(|sim| sim.fail(At::Token, 1, Fault::too_many(Some("7"))));
    assert!(matches!(desk.spotify.now_playing().await, Err(SpotifyError::RateLimited { .. })));
    desk.advance(6);
    desk.title().await;
    assert_eq!(desk.token_calls(), 2);
    desk.advance(1);
    assert_eq!(desk.title().await, "Nothing");
}

#[tokio::test]
async fn callers_at_once_share_calls() {
    let desk = Desk::logged_in().await;
    let before = desk.sim(|sim| sim.calls.len());
    desk.sim(|sim| sim.fail(At::Api, 1, Fault::Slow(Duration::from_millis(50))));
    let asking = (0..20).map(|_| desk.spotify.now_playing());
    let answers = futures_util::future::join_all(asking).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(desk.sim(|sim| sim.calls.len()) - before, 1 + 1, "one that was on its way, one for the rest");
}

#[tokio::test]
async fn access_that_ends_early_is_renewed() {
    let desk = Desk::logged_in().await;
    desk.sim(Sim::expire_access);
    assert_eq!(desk.title().await, "Nothing");
    assert_eq!(desk.token_calls(), 2);
}

#[tokio::test]
async fn passing_troubles_pass() {
    let desk = Desk::logged_in().await;
    let body = "<html>Bad Gateway</html>";
    for fault in [Fault::status(502, body), Fault::Closes, Fault::Cut, Fault::status(200, body)] {
        desk.sim(|sim| {
            sim.play([Song::numbered(1, 200)]);
            sim.fail(At::Api, 2, fault.clone());
        });
        let error = desk.spotify.now_playing().await.unwrap_err();
        assert!(error.is_temporary(), "{fault:?}: {error:?}");
        desk.sim(|sim| sim.forgive());
        assert_eq!(desk.title().await, "Song 1");
    }
}

#[tokio::test]
async fn applications_without_premium_are_explained() {
    let desk = Desk::logged_in().await;
    desk.sim(|sim| sim.apps.get_mut(Sim::CLIENT).unwrap().is_premium = false);
    assert!(desk.title().await.contains("whose owner has Premium"));
    let reason = match desk.spotify.view().await.state {
        SpotifyState::Refused { reason } => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason.contains("ListenBrainz"), "{reason}");
    desk.sim(|sim| sim.apps.get_mut(Sim::CLIENT).unwrap().is_premium = true);
    assert_eq!(desk.title().await, "Nothing");
}

#[tokio::test]
async fn failed_logins_cost_no_working_one() {
    let desk = Desk::logged_in().await;
    desk.sim(|sim| {
        sim.users.insert("bob".into(), User::new("bob", "Bob"));
        sim.signed_in = "bob".into();
        sim.apps.get_mut(Sim::CLIENT).unwrap().allowed = Some([Sim::USER.to_owned()].into());
    });
    let error = desk.log_in().await.unwrap_err();
    assert!(error.to_string().contains("User Management"), "{error}");
    assert_eq!(desk.title().await, "Nothing");
    assert_eq!(desk.spotify.view().await.user.unwrap().id, Sim::USER);
}

#[tokio::test]
async fn another_account_takes_the_place() {
    let desk = Desk::logged_in().await;
    desk.sim(|sim| {
        sim.users.insert("bob".into(), User::new("bob", "Bob"));
        sim.signed_in = "bob".into();
    });
    let done = desk.log_in().await.unwrap();
    assert_eq!((done.user.unwrap().name.as_str(), done.replaced.unwrap().name.as_str()), ("Bob", "Ann"));
    let desk = desk.restart(|_| {});
    assert_eq!(desk.title().await, "Nothing");
    assert_eq!(desk.spotify.view().await.user.unwrap().id, "bob");
}

#[tokio::test]
async fn only_the_browser_that_set_out_comes_back() {
    let desk = Desk::open().await;
    let entry = desk.set_out();
    let answer = desk.at_spotify(&entry.to);
    let mine = Some(entry.browser.expose_secret());
    for (browser, state) in [(None, answer.state.clone()), (Some("another"), answer.state.clone())] {
        let answer = SpotifyAnswer { state, ..answer.clone() };
        let error = desk.spotify.come_back(answer, browser).await.unwrap_err();
        assert!(matches!(error, SpotifyLoginError::OtherBrowser), "{error}");
    }
    for state in [None, Some("guessed".to_owned())] {
        let answer = SpotifyAnswer { state, ..answer.clone() };
        assert!(matches!(desk.spotify.come_back(answer, mine).await, Err(SpotifyLoginError::Unknown)));
    }
    desk.spotify.come_back(answer.clone(), mine).await.unwrap();
    assert!(matches!(desk.spotify.come_back(answer, mine).await, Err(SpotifyLoginError::Unknown)), "once");
}

#[tokio::test]
async fn logins_that_take_too_long_are_over() {
    let desk = Desk::open().await;
    let entry = desk.set_out();
    let answer = desk.at_spotify(&entry.to);
    desk.advance(600);
    let outcome = desk.spotify.come_back(answer, Some(entry.browser.expose_secret())).await;
    assert!(matches!(outcome, Err(SpotifyLoginError::Unknown)), "{outcome:?}");
    assert_eq!(desk.token_calls(), 0);
}

#[tokio::test]
async fn declining_is_no_success() {
    let desk = Desk::open().await;
    desk.sim(|sim| sim.consent = tapedeck_sim::spotify::Consent::Declines);
    let error = desk.log_in().await.unwrap_err();
    assert!(matches!(error, SpotifyLoginError::Declined), "{error}");
}

#[tokio::test]
async fn links_let_one_browser_in_and_only_while_they_wait() {
    let desk = Desk::open().await;
    let login = desk.spotify.begin_login("test").unwrap();
    let ticket = ticket_of(&login.link);
    let (first, second) = (desk.spotify.enter(&ticket).unwrap(), desk.spotify.enter(&ticket).unwrap());
    let answer = || desk.at_spotify(&first.to);
    let outcome = desk.spotify.come_back(answer(), Some(first.browser.expose_secret())).await;
    assert!(matches!(outcome, Err(SpotifyLoginError::OtherBrowser)), "{outcome:?}");
    desk.spotify.come_back(answer(), Some(second.browser.expose_secret())).await.unwrap();
    assert!(matches!(desk.spotify.enter(&ticket), Err(SpotifyLoginError::Unknown)), "it is used");
    let late = ticket_of(&desk.spotify.begin_login("test").unwrap().link);
    desk.advance(600);
    assert!(matches!(desk.spotify.enter(&late), Err(SpotifyLoginError::Unknown)), "it waits for ten minutes");
}

#[tokio::test]
async fn pasted_answers_log_in_without_a_browser_here() {
    let desk = Desk::open().await;
    let login = desk.spotify.begin_login("cli").unwrap();
    let answer = desk.at_spotify(&login.direct_link.parse().unwrap());
    let (code, state) = (answer.code.unwrap().expose_secret().to_owned(), answer.state.unwrap());
    let other = desk.spotify.begin_login("cli").unwrap();
    let pasted = format!("http://127.0.0.1:7000/callback?code={code}&state={state}");
    let outcome = desk.spotify.answer_login(other.id, "cli", &pasted).await;
    assert!(matches!(outcome, Err(SpotifyLoginError::OtherLogin)), "{outcome:?}");
    let outcome = desk.spotify.answer_login(login.id, "somebody else", &pasted).await;
    assert!(matches!(outcome, Err(SpotifyLoginError::Unknown)), "{outcome:?}");
    desk.spotify.answer_login(login.id, "cli", &pasted).await.unwrap();
    let state = desk.spotify.login(login.id, "cli").unwrap().state;
    assert!(matches!(state, SpotifyLoginState::Done { user: Some(_), replaced: None }), "{state:?}");
    let outcome = desk.spotify.answer_login(login.id, "cli", &pasted).await;
    assert!(matches!(outcome, Err(SpotifyLoginError::NotWaiting)), "{outcome:?}");
    let state = desk.spotify.login(login.id, "cli").unwrap().state;
    assert!(matches!(state, SpotifyLoginState::Done { .. }), "what is done stays done: {state:?}");
    assert_eq!(desk.title().await, "Nothing");
}

#[tokio::test]
async fn waiting_logins_are_bounded() {
    let desk = Desk::open().await;
    let first = desk.set_out();
    for _ in 0..100 {
        // What nobody has set out with makes room.
        desk.spotify.begin_login("test").unwrap();
    }
    let answer = desk.at_spotify(&first.to);
    desk.spotify.come_back(answer, Some(first.browser.expose_secret())).await.unwrap();
}

#[tokio::test]
async fn logins_belong_to_their_application() {
    let desk = Desk::logged_in().await;
    desk.sim(|sim| drop(sim.apps.insert("other".into(), App::new("other"))));
    let desk = desk.restart(|section| section.client_id = Some("other".into()));
    assert!(desk.title().await.contains("made with another application"));
    let desk = desk.restart(|section| section.client_id = None);
    let error = desk.title().await;
    assert!(
        error.contains("https://developer.spotify.com/dashboard") && error.contains("/callback"),
        "{error}"
    );
}

#[tokio::test]
async fn logging_out_forgets() {
    let desk = Desk::logged_in().await;
    assert!(desk.spotify.log_out().await.unwrap());
    assert!(!desk.spotify.log_out().await.unwrap());
    let desk = desk.restart(|_| {});
    assert!(matches!(desk.spotify.now_playing().await, Err(SpotifyError::NotLoggedIn)));
}

#[tokio::test]
async fn devices_are_told_to_those_who_may_know() {
    let desk = Desk::logged_in().await;
    desk.sim(|sim| {
        sim.play([Song::numbered(1, 200)]);
        sim.act(tapedeck_sim::spotify::Action::Private(true));
    });
    let playing = desk.spotify.now_playing().await.unwrap();
    assert_eq!(
        (playing.device.as_deref(), playing.is_private),
        (Some("Kitchen"), true),
        "unless told otherwise"
    );
    let desk = desk.restart(|section| section.scope = "user-read-currently-playing".into());
    desk.log_in().await.unwrap();
    let playing = desk.spotify.now_playing().await.unwrap();
    assert_eq!((playing.device, playing.is_private), (None, false));
}
