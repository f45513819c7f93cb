use std::{future::pending, io, net::SocketAddr, time::SystemTime};

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{Answer, Fault, Request, Signature};
use crate::World;

/// Larger requests are cut off.
const LARGEST_REQUEST: usize = 16 * 1024 * 1024;

/// A receiver that listens. Dropping it closes every connection.
#[derive(Debug)]
pub struct HookServer {
    pub address: SocketAddr,
    _accepting: JoinSet<()>,
}

impl HookServer {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Starts a receiver over the world's state, on loopback unless told otherwise.
pub async fn serve(world: &World, listen: impl Into<Option<SocketAddr>>) -> io::Result<HookServer> {
    let listen = listen.into().unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let mut accepting = JoinSet::new();
    accepting.spawn(accept(listener, world.clone()));
    Ok(HookServer { address, _accepting: accepting })
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
    let service = service_fn(|request| respond(request, &world));
    // An error is a client that left, or a fault that the script asked for.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An error closes the connection without an answer.
async fn respond(request: hyper::Request<Incoming>, world: &World) -> io::Result<hyper::Response<Body>> {
    let request = read(request).await?;
    let answer = world.hooks(|hooks| hooks.receive(request));
    world.has_changed();
    tokio::time::sleep(answer.delay).await;
    match answer.fault {
        Some(Fault::NeverAnswers) => pending().await,
        Some(Fault::Closes) => Err(io::Error::other("closed by script")),
        None => write(answer),
    }
}

async fn read(request: hyper::Request<Incoming>) -> io::Result<Request> {
    let (head, body) = request.into_parts();
    let body: Bytes = to_bytes(Body::new(body), LARGEST_REQUEST).await.map_err(io::Error::other)?;
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Request {
        at: SystemTime::now(),
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
        signature: Signature::NotChecked,
        is_expected: false,
    })
}

fn write(answer: Answer) -> io::Result<hyper::Response<Body>> {
    let mut response = hyper::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response.body(answer.body.into_http()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Sends bytes and reads what comes back, up to the end or `enough`.
    async fn exchange(server: &HookServer, request: &str, enough: usize) -> String {
        let talk = async {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            while answer.len() < enough && stream.read_buf(&mut answer).await.unwrap_or(0) > 0 {}
            String::from_utf8_lossy(&answer).into_owned()
        };
        tokio::time::timeout(Duration::from_secs(10), talk).await.unwrap()
    }

    fn post(path: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        )
    }

    #[tokio::test]
    async fn records_requests_and_follows_the_script() {
        let world = World::default();
        world.hooks(|hooks| {
            let later = Answer::status(503).header("retry-after", "7").body("later");
            hooks.on("/hook", [later, Answer::ok().body("thanks")]);
        });
        let server = serve(&world, None).await.unwrap();
        let first = exchange(&server, &post("/hook?a=1", "x-one: 1\r\n", "body"), usize::MAX).await;
        assert!(first.starts_with("HTTP/1.1 503") && first.contains("retry-after: 7"), "{first}");
        for _ in 0..2 {
            assert!(exchange(&server, &post("/hook", "", ""), usize::MAX).await.ends_with("thanks"));
        }
        world.hooks(|hooks| {
            let request = hooks.to("/hook").next().unwrap();
            assert_eq!((request.query.as_deref(), request.header("x-one")), (Some("a=1"), Some("1")));
            assert_eq!((request.method.as_str(), request.text().as_str()), ("POST", "body"));
        });
        world.wait_for_hooks(|hooks| hooks.requests.len() == 3).await;
        world.finish().unwrap();
    }

    #[tokio::test]
    async fn unscripted_requests_fail_the_test() {
        let world = World::default();
        let server = serve(&world, None).await.unwrap();
        let answer = exchange(&server, &post("/lost", "", ""), usize::MAX).await;
        assert!(answer.starts_with("HTTP/1.1 404") && answer.ends_with("nothing is scripted for POST /lost"));
        let unexpected = world.finish().unwrap_err();
        assert_eq!(unexpected.0, ["POST /lost: nothing is scripted for it"]);
    }

    #[tokio::test]
    async fn signatures_are_checked() {
        let world = World::default();
        world.hooks(|hooks| {
            hooks.secret = Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into());
            hooks.otherwise = Some(Answer::ok());
        });
        let server = serve(&world, None).await.unwrap();
        let headers = "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nwebhook-timestamp: 1614265330\r\n\
             webhook-signature: v0,eA== v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n";
        exchange(&server, &post("/", headers, r#"{"test": 2432232314}"#), usize::MAX).await;
        world.finish().unwrap();
        exchange(&server, &post("/", headers, r#"{"test": 2432232315}"#), usize::MAX).await;
        exchange(&server, &post("/", "", ""), usize::MAX).await;
        let unexpected = world.finish().unwrap_err().0;
        assert!(
            unexpected[0].contains("does not fit") && unexpected[1].contains("webhook-id"),
            "{unexpected:?}"
        );
    }

    #[tokio::test]
    async fn faults_do_what_they_say() {
        let world = World::default();
        world.hooks(|hooks| {
            hooks.on("/closes", [Answer::closes()]);
            hooks.on("/broken", [Answer::ok().broken("half")]);
            hooks.on("/endless", [Answer::ok().endless("0123456789", Duration::ZERO)]);
            hooks.on("/never", [Answer::never()]);
            hooks.on("/moved", [Answer::redirect(308, "/there")]);
        });
        let server = serve(&world, None).await.unwrap();
        assert_eq!(exchange(&server, &post("/closes", "", ""), usize::MAX).await, "");
        let broken = exchange(&server, &post("/broken", "", ""), usize::MAX).await;
        assert!(broken.contains("half") && !broken.ends_with("0\r\n\r\n"), "{broken}");
        assert!(exchange(&server, &post("/endless", "", ""), 100_000).await.len() >= 100_000);
        assert!(exchange(&server, &post("/moved", "", ""), usize::MAX).await.contains("location: /there"));
        let request = post("/never", "", "");
        tokio::select! {
            answer = exchange(&server, &request, 1) => panic!("{answer}"),
            () = world.wait_for_hooks(|hooks| hooks.to("/never").count() == 1) => {}
        }
        world.finish().unwrap();
    }
}
