//! The port of `spotify.redirect_uri`, when it is not the page's own. Whoever comes there can only
//! set out with a ticket and come back with a state and a cookie.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    middleware::from_fn,
    response::{IntoResponse as _, Redirect, Response},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Coming, Page, Setting, asked_host, go_on, take_back};
use crate::{
    app::Spotify,
    lifecycle::Lifecycle,
    web::{extract::Query, headers, serve},
};

/// How long after a port was another program's it is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// Serves until the token is cancelled.
pub async fn serve_callback(spotify: Spotify, listener: TcpListener, until: CancellationToken) {
    serve::accept_few(listener, router(spotify), until).await;
}

/// Listens where the configuration says, also after it has changed.
pub(in crate::web) fn spawn(spotify: Spotify, lifecycle: &Lifecycle) {
    let draining = lifecycle.draining();
    lifecycle.spawn("spotify-callback", async move {
        let mut wanted = spotify.listen_at();
        loop {
            let address = *wanted.borrow_and_update();
            let until = draining.child_token();
            let serving = async {
                match address {
                    Some(address) => listen(spotify.clone(), address, until.clone(), PAUSE).await,
                    None => until.cancelled().await,
                }
            };
            tokio::pin!(serving);
            tokio::select! {
                () = &mut serving => if draining.is_cancelled() { return },
                changed = wanted.changed() => {
                    until.cancel();
                    serving.await;
                    if changed.is_err() {
                        return;
                    }
                }
            }
        }
    });
}

/// Returns when it is told to. While it cannot be listened at, which is said once, it is tried again.
async fn listen(spotify: Spotify, address: SocketAddr, until: CancellationToken, pause: Duration) {
    let mut is_told = false;
    loop {
        match bind(address).await {
            Ok(listener) => {
                spotify.note_deaf(None);
                tracing::info!(%address, "Logins at Spotify come back here");
                return serve_callback(spotify, listener, until).await;
            }
            Err(error) => {
                // Of others, such as an address that this machine does not have, only the log tells.
                spotify.note_deaf(Some(address).filter(|_| error.kind() == io::ErrorKind::AddrInUse));
                if !is_told {
                    is_told = true;
                    tracing::warn!(
                        %address,
                        error = &error as &dyn std::error::Error,
                        "Nobody can come back from Spotify: the port of `spotify.redirect_uri` cannot be listened at. \
                         Free it, or use `tapedeck login spotify --paste`"
                    );
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = until.cancelled() => return spotify.note_deaf(None),
        }
    }
}

async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

fn router(spotify: Spotify) -> Router {
    Router::new().fallback(answer).layer(from_fn(headers::harden_page)).with_state(spotify)
}

/// The path that a browser comes back to is whatever the configuration says.
async fn answer(
    State(spotify): State<Spotify>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    Query(setting): Query<Setting>,
    Query(coming): Query<Coming>,
) -> Response {
    if method != Method::GET {
        return Page::new(StatusCode::METHOD_NOT_ALLOWED, "This page can only be read").into_response();
    }
    let redirect = spotify.redirect_uri();
    if Some(uri.path()) == redirect.join("auth").ok().as_ref().map(|it| it.path()) {
        return match (setting.ticket, spotify.page()) {
            (Some(ticket), _) => go_on(&spotify, &ticket, setting.here, asked_host(&uri, &headers)),
            // The page finds out who it is, and sends them back with a ticket.
            (None, Some(page)) => match page.join("auth") {
                Ok(page) => Redirect::to(page.as_str()).into_response(),
                Err(_) => nothing(&spotify),
            },
            (None, None) => nothing(&spotify),
        };
    }
    if uri.path() == redirect.path() {
        return take_back(&spotify, &headers, coming).await;
    }
    nothing(&spotify)
}

fn nothing(spotify: &Spotify) -> Response {
    let page = Page::new(StatusCode::NOT_FOUND, "There is nothing here")
        .say("Logins at Spotify begin at /auth on the page of Tapedeck, or with `tapedeck login spotify`.");
    page.link(super::home(spotify), "To the page of Tapedeck").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::SpotifySection, web::testing::TestWeb};

    #[tokio::test]
    async fn a_port_in_use_is_told_and_taken_when_it_is_free() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let world = TestWeb::with_user().await;
        let spotify = world.web.parts.spotify.clone();
        spotify.configure(&SpotifySection {
            client_id: Some("id".into()),
            redirect_uri: Some(format!("http://{address}/callback").parse().unwrap()),
            ..SpotifySection::default()
        });
        let admin = world.token(&["admin"]).await;
        let begin = async |path: &str| world.post(path).bearer(&admin).send().await;
        assert_eq!(begin("/api/v1/spotify/logins").await.status, 201);
        let until = CancellationToken::new();
        let listening = listen(spotify.clone(), address, until.clone(), Duration::from_millis(1));
        let rest = async {
            wait_for(|| spotify.check_return().is_err()).await;
            let refused = begin("/api/v1/spotify/logins").await;
            assert_eq!(refused.status, 409, "{}", refused.text);
            let port = format!("the port {} of", address.port());
            assert!(refused.text.contains(&port) && refused.text.contains("--paste"), "{}", refused.text);
            assert_eq!(begin("/api/v1/spotify/logins?paste=true").await.status, 201);
            drop(taken);
            wait_for(|| spotify.check_return().is_ok()).await;
            assert_eq!(begin("/api/v1/spotify/logins").await.status, 201);
            until.cancel();
        };
        tokio::join!(listening, rest);
    }

    #[tokio::test]
    async fn what_is_no_port_in_use_refuses_no_logins() {
        // Of a network that is only for examples: nobody has it.
        let address: SocketAddr = "192.0.2.1:8484".parse().unwrap();
        let world = TestWeb::with_user().await;
        let spotify = world.web.parts.spotify.clone();
        spotify.configure(&SpotifySection {
            client_id: Some("id".into()),
            callback_listen: Some(address),
            ..SpotifySection::default()
        });
        assert_eq!(*spotify.listen_at().borrow(), Some(address));
        let listening = listen(spotify.clone(), address, CancellationToken::new(), PAUSE);
        tokio::select! {
            biased;
            () = listening => panic!("it goes on trying"),
            // By now it has tried once.
            () = std::future::ready(()) => {}
        }
        assert!(spotify.check_return().is_ok());
    }

    async fn wait_for(is_so: impl Fn() -> bool) {
        let wait = async {
            while !is_so() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("it is so within 10 s");
    }
}
