use super::*;
use crate::spotify::Item;

const REDIRECT: &str = "http://127.0.0.1:7000/callback";
const VERIFIER: &str = "a-verifier-that-is-as-long-as-the-standard-wants-it";
const SCOPE: &str = "user-read-currently-playing";

fn ask(method: &str, path: &str, fields: &[(&str, &str)]) -> Ask {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut ask = Ask { method: method.into(), path: path.into(), ..Ask::default() };
    if method == "GET" {
        ask.query = fields
    } else {
        ask.form = fields
    }
    ask
}

fn call(spotify: &mut Spotify, ask: &Ask) -> Reply {
    spotify.answer(ask).0
}

/// The code that a browser comes back with.
fn code(spotify: &mut Spotify) -> String {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let ask = ask(
        "GET",
        "/authorize",
        &[
            ("client_id", Spotify::CLIENT),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", SCOPE),
            ("state", "a state"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ],
    );
    let reply = call(spotify, &ask);
    let to = Url::parse(&reply.headers[0].1).unwrap();
    let query: std::collections::BTreeMap<_, _> = to.query_pairs().into_owned().collect();
    assert_eq!(query["state"], "a state");
    query["code"].clone()
}

fn trade(spotify: &mut Spotify, code: &str, verifier: &str) -> Reply {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", Spotify::CLIENT),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", verifier),
    ];
    call(spotify, &ask("POST", "/api/token", &fields))
}

fn refresh(spotify: &mut Spotify, token: &str, basic: Option<&str>) -> Reply {
    let mut asking = ask("POST", "/api/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]);
    match basic {
        Some(pair) => asking.authorization = Some(format!("Basic {}", BASE64_STANDARD.encode(pair))),
        None => drop(asking.form.insert("client_id".into(), Spotify::CLIENT.into())),
    }
    call(spotify, &asking)
}

fn field(reply: &Reply, name: &str) -> String {
    let value: Value = serde_json::from_str(&reply.body).unwrap();
    value[name].as_str().unwrap_or_default().to_owned()
}

fn playing(spotify: &mut Spotify, access: &str) -> Reply {
    let mut ask = ask("GET", "/v1/me/player/currently-playing", &[("additional_types", "track,episode")]);
    ask.authorization = Some(format!("Bearer {access}"));
    call(spotify, &ask)
}

#[test]
fn codes_work_once_and_with_their_verifier() {
    let mut spotify = Spotify::default();
    let wrong = code(&mut spotify);
    assert_eq!(
        field(&trade(&mut spotify, &wrong, &VERIFIER.to_uppercase()), "error_description"),
        "code_verifier was incorrect"
    );
    assert_eq!(
        field(&trade(&mut spotify, &wrong, VERIFIER), "error_description"),
        "Invalid authorization code"
    );
    let good = code(&mut spotify);
    let granted = trade(&mut spotify, &good, VERIFIER);
    assert_eq!((granted.status, field(&granted, "scope").as_str()), (200, SCOPE));
    assert!(
        spotify
            .calls
            .iter()
            .all(|call| !format!("{call:?}").contains(VERIFIER) && !format!("{call:?}").contains(&good))
    );
}

#[test]
fn tokens_of_pkce_rotate_and_others_need_the_secret() {
    let mut spotify = Spotify::default();
    let code = code(&mut spotify);
    let first = field(&trade(&mut spotify, &code, VERIFIER), "refresh_token");
    let second = field(&refresh(&mut spotify, &first, None), "refresh_token");
    assert!(!second.is_empty() && second != first);
    assert_eq!(field(&refresh(&mut spotify, &first, None), "error_description"), "Refresh token revoked");
    let elsewhere = spotify.grant(Spotify::CLIENT, Spotify::USER, SCOPE, false);
    assert_eq!(field(&refresh(&mut spotify, &elsewhere, None), "error"), "invalid_client");
    let pair = format!("{}:{}", Spotify::CLIENT, spotify.apps[Spotify::CLIENT].client_secret);
    assert_eq!(refresh(&mut spotify, &elsewhere, Some(&pair)).status, 200);
    assert_eq!(field(&refresh(&mut spotify, "AQx", None), "error_description"), "Invalid refresh token");
}

#[test]
fn players_are_told_to_their_own_users() {
    let mut spotify = Spotify::default();
    spotify.stop_time();
    let code = code(&mut spotify);
    let access = field(&trade(&mut spotify, &code, VERIFIER), "access_token");
    assert_eq!(playing(&mut spotify, &access).status, 204);
    spotify.play([crate::spotify::Song::numbered(1, 100)]);
    spotify.advance(Duration::from_secs(30));
    let answer: Value = serde_json::from_str(&playing(&mut spotify, &access).body).unwrap();
    assert_eq!(
        (answer["item"]["name"].as_str(), answer["progress_ms"].as_u64()),
        (Some("Song 1"), Some(30_000))
    );
    spotify.play([Item::Ad(Duration::from_secs(20))]);
    let answer: Value = serde_json::from_str(&playing(&mut spotify, &access).body).unwrap();
    assert_eq!((answer["item"].is_null(), answer["currently_playing_type"].as_str()), (true, Some("ad")));
    assert_eq!(playing(&mut spotify, "BQx").status, 401);
    spotify.advance(Duration::from_secs(3600));
    assert!(playing(&mut spotify, &access).body.contains("The access token expired"));
}

#[test]
fn refusals_are_worded_as_there() {
    let mut spotify = Spotify::default();
    let code = code(&mut spotify);
    let access = field(&trade(&mut spotify, &code, VERIFIER), "access_token");
    spotify.apps.get_mut(Spotify::CLIENT).unwrap().allowed = Some(BTreeSet::from(["bob".to_owned()]));
    assert_eq!(playing(&mut spotify, &access).body, "User not registered in the Developer Dashboard");
    spotify.apps.get_mut(Spotify::CLIENT).unwrap().is_premium = false;
    assert!(playing(&mut spotify, &access).body.starts_with("Active premium subscription required"));
}

#[test]
fn whoever_asks_too_early_is_unexpected() {
    let mut spotify = Spotify::default();
    spotify.stop_time();
    let code = code(&mut spotify);
    let access = field(&trade(&mut spotify, &code, VERIFIER), "access_token");
    spotify.rate_limit(86_400);
    let reply = playing(&mut spotify, &access);
    assert_eq!((reply.status, reply.headers.last().unwrap().1.as_str()), (429, "86400"));
    assert!(spotify.unexpected().is_empty());
    playing(&mut spotify, &access);
    assert_eq!(spotify.unexpected().len(), 1);
    spotify.advance(Duration::from_secs(86_400));
    assert_eq!(playing(&mut spotify, &access).status, 401, "access is over, the pause too");
}

#[test]
fn authorize_page_checks_what_it_is_asked() {
    let mut spotify = Spotify::default();
    let good = [
        ("client_id", Spotify::CLIENT),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    assert_eq!(call(&mut spotify, &ask("GET", "/authorize", &good)).status, 302);
    for (at, wrong) in
        [(0, "other"), (1, "token"), (2, "http://evil.example/callback"), (3, "short"), (4, "plain")]
    {
        let mut fields = good;
        fields[at].1 = wrong;
        assert_eq!(call(&mut spotify, &ask("GET", "/authorize", &fields)).status, 400, "{wrong}");
    }
    spotify.consent = Consent::Declines;
    let declined = call(&mut spotify, &ask("GET", "/authorize", &good));
    assert_eq!(declined.headers[0].1, format!("{REDIRECT}?error=access_denied"));
    spotify.consent = Consent::Asked;
    assert!(call(&mut spotify, &ask("GET", "/authorize", &good)).body.contains("Agree as Ann"));
}
