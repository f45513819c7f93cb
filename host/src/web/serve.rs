//! The accept loop. axum's own has no limits; this one bounds how many connections there are,
//! how long a header may take and how large it may be.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{Web, WebParts, auth::Peer, metrics, router};

const CONNECTIONS: usize = 1024;
/// Also how long a connection may be idle between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
const HEADER_BYTES: usize = 32 * 1024;
const HEADERS: usize = 64;
/// How long answers that are on their way may take when the daemon stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Serves until the daemon drains.
pub async fn serve(parts: WebParts, listener: TcpListener) -> std::io::Result<()> {
    let lifecycle = parts.lifecycle.clone();
    let draining = lifecycle.draining();
    let web = Web::new(parts, listener.local_addr()?);
    lifecycle.spawn("metrics", metrics::listen(web.clone()));
    accept(listener, router::build(web), draining).await;
    Ok(())
}

async fn accept(listener: TcpListener, router: Router, draining: CancellationToken) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // Further clients wait in the system's own line until a connection ends.
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await.expect("the semaphore is never closed");
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            () = draining.cancelled() => break,
            next = next => next,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                let connection = talk(stream, peer, router.clone(), draining.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "A connection was not accepted");
                // Out of file descriptors, most likely: trying at once would only heat the room.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let last_answers = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_ANSWERS, last_answers).await.is_err() {
        tracing::warn!("Some answers were cut short: their clients did not read them");
    }
}

async fn talk(stream: TcpStream, peer: SocketAddr, router: Router, draining: CancellationToken) {
    // Events are small and should not wait for more.
    let _ = stream.set_nodelay(true);
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADERS);
    let service = router.map_request(move |request: Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        request
    });
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)));
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = draining.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(error, client.address = %peer, "A connection ended early");
    }
}
