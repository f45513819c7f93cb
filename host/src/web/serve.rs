//! The accept loop. axum's own has no limits; this one bounds how many connections there are, in
//! all and of one peer, how long a header may take and how large it may be, and how long a client
//! may let an answer wait.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

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

use super::{
    Web, WebParts,
    auth::{Peer, network},
    metrics, router, spotify,
    stall::Stalling,
};

const LIMITS: Limits = Limits {
    connections: 1024,
    per_peer: 256,
    header_timeout: Duration::from_secs(15),
    write_stall: Duration::from_secs(30),
};
const HEADER_BYTES: usize = 32 * 1024;
const HEADERS: usize = 64;
/// How long answers that are on their way may take when the daemon stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug)]
struct Limits {
    connections: usize,
    per_peer: usize,
    /// Also how long a connection may be idle between two requests.
    header_timeout: Duration,
    write_stall: Duration,
}

/// How many connections each peer has: the copies of its entry.
#[derive(Debug, Default)]
struct Peers(HashMap<IpAddr, Arc<()>>);

impl Peers {
    /// A place to hold as long as the connection lasts, unless the peer has `most` already.
    fn enter(&mut self, peer: IpAddr, most: usize) -> Option<Arc<()>> {
        self.0.retain(|_, place| Arc::strong_count(place) > 1);
        let place = self.0.entry(network(peer)).or_default();
        (Arc::strong_count(place) <= most).then(|| Arc::clone(place))
    }
}

/// Serves until the daemon drains.
pub async fn serve(parts: WebParts, listener: TcpListener) -> std::io::Result<()> {
    let lifecycle = parts.lifecycle.clone();
    let draining = lifecycle.draining();
    let web = Web::new(parts, listener.local_addr()?);
    lifecycle.spawn("metrics", metrics::listen(web.clone()));
    spotify::spawn_listener(web.parts.spotify.clone(), &lifecycle);
    let speaks_for_many = {
        let web = web.clone();
        move |peer: IpAddr| peer.to_canonical().is_loopback() || web.auth.is_trusted_proxy(peer)
    };
    accept(listener, router::build(web), draining, LIMITS, speaks_for_many).await;
    Ok(())
}

/// For a port that hardly anybody comes to.
pub(super) async fn accept_few(listener: TcpListener, router: Router, draining: CancellationToken) {
    let limits = Limits { connections: 64, ..LIMITS };
    accept(listener, router, draining, limits, |peer| peer.is_loopback()).await;
}

async fn accept(
    listener: TcpListener,
    router: Router,
    draining: CancellationToken,
    limits: Limits,
    speaks_for_many: impl Fn(IpAddr) -> bool,
) {
    let mut peers = Peers::default();
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
                let most = if speaks_for_many(peer.ip()) { usize::MAX } else { limits.per_peer };
                let Some(place) = peers.enter(peer.ip(), most) else {
                    tracing::debug!(client.address = %peer, "A connection was closed: this peer has too many");
                    continue;
                };
                let connection = talk(stream, peer, router.clone(), draining.clone(), limits);
                connections.spawn(async move {
                    connection.await;
                    drop((slot, place));
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
    let stream = TokioIo::new(Stalling::new(stream, limits.write_stall));
    let mut connection = pin!(builder.serve_connection(stream, TowerToHyperService::new(service)));
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
        start_with(limits, true).await
    }

    async fn start_with(limits: Limits, speaks_for_many: bool) -> Server {
        let world = TestWeb::open();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let draining = world.lifecycle.draining();
        let accepting = Lifecycle::default();
        accepting
            .spawn("web", accept(listener, world.router.clone(), draining, limits, move |_| speaks_for_many));
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
    async fn one_peer_leaves_room_for_others() {
        let limits = Limits { per_peer: 1, ..LIMITS };
        let server = start_with(limits, false).await;
        let mut first = server.connect(&ASK.replace("/health/live", "/api/v1/events")).await;
        first.read_exact(&mut [0; 15]).await.unwrap();
        let second = TcpStream::connect(server.address).await.unwrap();
        assert_eq!(read_to_end(second).await, "");

        let server = start_with(limits, true).await;
        let _first = server.connect("GET /").await;
        assert!(read_to_end(server.connect(ASK).await).await.starts_with("HTTP/1.1 200"));
    }

    #[test]
    fn a_peer_that_left_may_come_back() {
        let mut peers = Peers::default();
        let (one, other) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let first = peers.enter(one, 1).unwrap();
        assert!(peers.enter(one, 1).is_none());
        assert!(peers.enter(other, 1).is_some());
        drop(first);
        assert!(peers.enter(one, 1).is_some());
    }

    #[tokio::test]
    async fn hangs_up_on_who_takes_no_answer() {
        let limits = Limits { write_stall: Duration::from_millis(50), ..LIMITS };
        let server = start(limits).await;
        let ask = "GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let mut stream = server.connect("").await;
        // Answers fill the system's buffers, then ours; at last our questions find nobody.
        let asking = async { while stream.write_all(ask.as_bytes()).await.is_ok() {} };
        tokio::time::timeout(Duration::from_secs(5), asking).await.expect("the server hangs up");
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
