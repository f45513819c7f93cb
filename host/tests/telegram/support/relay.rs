//! A line between client and server that a test can hold up, and a SOCKS5 proxy.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// Passes bytes on until it is frozen; connections that are open then stay open and dead.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    pub(crate) accepted: Arc<AtomicUsize>,
    frozen: Arc<watch::Sender<u64>>,
    _tasks: JoinSet<()>,
}

impl Relay {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (accepted, frozen) = (Arc::new(AtomicUsize::new(0)), Arc::new(watch::Sender::new(0)));
        let mut tasks = JoinSet::new();
        let (count, freeze) = (Arc::clone(&accepted), Arc::clone(&frozen));
        tasks.spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let mut frozen = freeze.subscribe();
                frozen.mark_unchanged();
                lines.spawn(async move {
                    let mut client = client;
                    let mut server = TcpStream::connect(target).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = frozen.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Self { address, accepted, frozen, _tasks: tasks }
    }

    /// What is connected now hears nothing any more; new connections work.
    pub(crate) fn freeze(&self) {
        self.frozen.send_modify(|count| *count += 1);
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// A SOCKS5 proxy that asks for `me` and `secret`.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) passed: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let passed = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let count = Arc::clone(&passed);
        tasks.spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                lines.spawn(serve(client, Arc::clone(&count)));
            }
        });
        Self { address, passed, _tasks: tasks }
    }
}

async fn serve(mut client: TcpStream, passed: Arc<AtomicUsize>) {
    let hello = client.read_u16().await.unwrap();
    let mut methods = vec![0; usize::from(hello & 0xff)];
    client.read_exact(&mut methods).await.unwrap();
    // Only with a name and a password.
    client.write_all(&[5, 2]).await.unwrap();
    client.read_u8().await.unwrap();
    let (name, password) = (text(&mut client).await, text(&mut client).await);
    let is_right = (name.as_slice(), password.as_slice()) == (b"me", b"secret");
    client.write_all(&[1, u8::from(!is_right)]).await.unwrap();
    if !is_right {
        return;
    }
    let mut request = [0; 10];
    client.read_exact(&mut request).await.unwrap();
    assert_eq!(request[..4], [5, 1, 0, 1], "connect to an IPv4 address");
    let ip: [u8; 4] = request[4..8].try_into().unwrap();
    let port = u16::from_be_bytes([request[8], request[9]]);
    let mut server = TcpStream::connect((Ipv4Addr::from(ip), port)).await.unwrap();
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    passed.fetch_add(1, Ordering::SeqCst);
    // It ends when one side does, in whatever way.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

async fn text(client: &mut TcpStream) -> Vec<u8> {
    let length = client.read_u8().await.unwrap();
    let mut text = vec![0; usize::from(length)];
    client.read_exact(&mut text).await.unwrap();
    text
}
