use std::{convert::Infallible, future::pending, io, net::SocketAddr, time::Duration};

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{Ask, Fault, Reply, picture::picture};
use crate::World;

/// Where the real one keeps its pictures; here they are on the same port as everything else.
const PICTURES: &str = "https://i.scdn.co/image/";
const LARGEST_REQUEST: usize = 64 * 1024;

/// A simulated Spotify that listens. Dropping it closes every connection.
#[derive(Debug)]
pub struct SpotifyServer {
    pub address: SocketAddr,
    _accepting: JoinSet<()>,
}

impl SpotifyServer {
    /// For `spotify.accounts_url`.
    pub fn accounts_url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// For `spotify.api_url`.
    pub fn api_url(&self) -> String {
        format!("http://{}/v1/", self.address)
    }
}

/// Starts a server over the world's state, on loopback unless told otherwise.
pub async fn serve(world: &World, listen: impl Into<Option<SocketAddr>>) -> io::Result<SpotifyServer> {
    let listen = listen.into().unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let mut accepting = JoinSet::new();
    accepting.spawn(accept(listener, world.clone()));
    Ok(SpotifyServer { address, _accepting: accepting })
}

async fn accept(listener: TcpListener, world: World) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // A connection that could not be accepted is the client's loss; the next one may do.
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.spawn(converse(stream, world.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, world: World) {
    let pictures = stream.local_addr().map(|address| format!("http://{address}/image/")).unwrap_or_default();
    let service = service_fn(|request| respond(request, &world, &pictures));
    // An error is a client that left, or a fault that somebody asked for.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An error closes the connection without an answer.
async fn respond(
    request: hyper::Request<Incoming>,
    world: &World,
    pictures: &str,
) -> io::Result<hyper::Response<Body>> {
    let ask = read(request).await?;
    if let Some(name) = ask.path.strip_prefix("/image/") {
        let response = hyper::Response::builder().header("content-type", "image/png");
        return response.body(picture(name).into()).map_err(io::Error::other);
    }
    let (mut reply, fault) = world.spotify(|spotify| spotify.answer(&ask));
    reply.body = reply.body.replace(PICTURES, pictures);
    world.has_changed();
    match fault {
        None => write(reply, false),
        Some(Fault::Cut) => write(reply, true),
        Some(Fault::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            write(reply, false)
        }
        Some(Fault::Never) => pending().await,
        Some(Fault::Closes | Fault::Lost | Fault::Status { .. }) => {
            Err(io::Error::other("closed on purpose"))
        }
    }
}

async fn read(request: hyper::Request<Incoming>) -> io::Result<Ask> {
    let (head, body) = request.into_parts();
    let body = to_bytes(Body::new(body), LARGEST_REQUEST).await.map_err(io::Error::other)?;
    let fields = |bytes: &[u8]| url::form_urlencoded::parse(bytes).into_owned().collect();
    let authorization = head.headers.get("authorization").and_then(|value| value.to_str().ok());
    Ok(Ask {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: fields(head.uri.query().unwrap_or_default().as_bytes()),
        form: fields(&body),
        authorization: authorization.map(str::to_owned),
    })
}

fn write(reply: Reply, is_cut: bool) -> io::Result<hyper::Response<Body>> {
    let mut response = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let body = if is_cut { cut(&reply.body) } else { reply.body.into() };
    response.body(body).map_err(io::Error::other)
}

/// Half of it, and then the connection breaks.
fn cut(text: &str) -> Body {
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let broken = stream::once(async {
        // Without a pause the connection could break before the first part is on its way.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::Error::other("cut on purpose"))
    });
    let whole = stream::once(async { Ok::<_, Infallible>(half) }).map(|piece| Ok(piece.unwrap_or_default()));
    Body::from_stream(whole.chain(broken))
}
