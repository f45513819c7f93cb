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

const LIMITS: Limits = Limits { connections: 1024, header_timeout: Duration::from_secs(15) };
const HEADER_BYTES: usize = 32 * 1024;
const HEADERS: usize = 64;
/// How long answers that are on their way may take when the daemon stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug)]
struct Limits {
    connections: usize,
    /// Also how long a connection may be idle between two requests.
    header_timeout: Duration,
}

/// Serves until the daemon drains.
pub async fn serve(parts: WebParts, listener: TcpListener) -> std::io::Result<()> {
    let lifecycle = parts.lifecycle.clone();
    let draining = lifecycle.draining();
    let web = Web::new(parts, listener.local_addr()?);
    lifecycle.spawn("metrics", metrics::listen(web.clone()));
    accept(listener, router::build(web), draining, LIMITS).await;
    Ok(())
}

async fn accept(listener: TcpListener, router: Router, draining: CancellationToken, limits: Limits) {
    let slots = Arc::new(Semaphore::new(limits.connections));
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
                let connection = talk(stream, peer, router.clone(), draining.clone(), limits);
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

async fn talk(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    draining: CancellationToken,
    limits: Limits,
) {
    // Events are small and should not wait for more.
    let _ = stream.set_nodelay(true);
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::{
        lifecycle::{Ending, Lifecycle},
        web::testing::TestWeb,
    };

    struct Server {
        world: TestWeb,
        accepting: Lifecycle,
        address: SocketAddr,
    }

    async fn start(limits: Limits) -> Server {
        let world = TestWeb::open();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let draining = world.lifecycle.draining();
        let accepting = Lifecycle::default();
        accepting.spawn("web", accept(listener, world.router.clone(), draining, limits));
        Server { world, accepting, address }
    }

    impl Server {
        async fn connect(&self, text: &str) -> TcpStream {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            stream
        }
    }

    async fn read_to_end(mut stream: TcpStream) -> String {
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        // A reset is an end too.
        let _ = tokio::time::timeout(Duration::from_secs(2), read).await.expect("the server hangs up");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    const ASK: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    #[tokio::test]
    async fn answers_over_a_real_socket() {
        let server = start(LIMITS).await;
        let answer = read_to_end(server.connect(ASK).await).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with(r#"{"status":"ok"}"#), "{answer}");
        // The peer's address is known, or the open API would refuse.
        let ask = ASK.replace("/health/live", "/api/v1/session");
        assert!(read_to_end(server.connect(&ask).await).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn hangs_up_on_slow_headers() {
        let server = start(Limits { header_timeout: Duration::from_millis(50), ..LIMITS }).await;
        let answer = read_to_end(server.connect("GET / HTTP/1.1\r\nHost: loc").await).await;
        assert!(!answer.contains("200"), "{answer}");
        let answer = read_to_end(server.connect("").await).await;
        assert!(!answer.contains("200"), "{answer}");
    }

    #[tokio::test]
    async fn refuses_endless_headers() {
        let server = start(LIMITS).await;
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X-A: b\r\n".repeat(200));
        assert!(read_to_end(server.connect(&many).await).await.starts_with("HTTP/1.1 431"));
        let long = format!("GET / HTTP/1.1\r\nX-A: {}", "x".repeat(100_000));
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The server may hang up before all of it is written.
        let _ = stream.write_all(long.as_bytes()).await;
        assert!(!read_to_end(stream).await.contains("200"));
    }

    #[tokio::test]
    async fn further_clients_wait_in_line() {
        let server = start(Limits { connections: 1, ..LIMITS }).await;
        let first = server.connect("GET /").await;
        let second = server.connect(ASK).await;
        drop(first);
        assert!(read_to_end(second).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn ends_idle_and_live_connections_when_draining() {
        let server = start(LIMITS).await;
        let idle = server.connect("").await;
        let mut live = server.connect(&ASK.replace("/health/live", "/api/v1/events")).await;
        let mut start = [0; 15];
        live.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200 OK");
        server.world.lifecycle.drain();
        read_to_end(live).await;
        read_to_end(idle).await;
        server.accepting.drain();
        assert_eq!(server.accepting.wait(Duration::from_secs(2)).await, Ending::Drained);
    }
}
