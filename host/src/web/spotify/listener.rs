//! The port of `spotify.redirect_uri`, when it is not the page's own. Whoever comes there can only
//! set out with a ticket and come back with a state and a cookie.

use std::{io, net::SocketAddr};

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
                    Some(address) => listen(spotify.clone(), address, until.clone()).await,
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

/// Returns when it is told to, not when the port is another program's: that is said once.
async fn listen(spotify: Spotify, address: SocketAddr, until: CancellationToken) {
    match bind(address).await {
        Ok(listener) => {
            tracing::info!(%address, "Logins at Spotify come back here");
            serve_callback(spotify, listener, until).await;
        }
        Err(error) => {
            tracing::warn!(
                %address,
                error = &error as &dyn std::error::Error,
                "Nobody can come back from Spotify: the port of `spotify.redirect_uri` cannot be listened at. \
                 Free it, or use `tapedeck login spotify --paste`"
            );
            until.cancelled().await;
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
