use std::{convert::Infallible, io, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

/// What a request gets back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    /// How long the answer takes to begin.
    pub delay: Duration,
    /// Something goes wrong instead.
    pub fault: Option<Fault>,
}

#[derive(Clone, Debug)]
pub enum Body {
    Whole(Bytes),
    /// The piece again and again, with a pause before each.
    Endless {
        piece: Bytes,
        pause: Duration,
    },
    /// The connection breaks after this.
    Broken(Bytes),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection stays open and nothing comes.
    NeverAnswers,
    /// The connection is closed without a word.
    Closes,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        let body = Body::Whole(Bytes::new());
        Self { status, headers: Vec::new(), body, delay: Duration::ZERO, fault: None }
    }

    pub fn ok() -> Self {
        Self::status(200)
    }

    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).header("location", to)
    }

    pub fn never() -> Self {
        Self { fault: Some(Fault::NeverAnswers), ..Self::ok() }
    }

    pub fn closes() -> Self {
        Self { fault: Some(Fault::Closes), ..Self::ok() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Whole(body.into());
        self
    }

    pub fn endless(mut self, piece: impl Into<Bytes>, pause: Duration) -> Self {
        self.body = Body::Endless { piece: piece.into(), pause };
        self
    }

    pub fn broken(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Broken(body.into());
        self
    }

    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

impl Body {
    pub(super) fn into_http(self) -> axum::body::Body {
        match self {
            Self::Whole(bytes) => bytes.into(),
            Self::Endless { piece, pause } => {
                let pieces = stream::unfold((), move |()| {
                    let piece = piece.clone();
                    async move {
                        if !pause.is_zero() {
                            tokio::time::sleep(pause).await;
                        }
                        Some((Ok::<_, Infallible>(piece), ()))
                    }
                });
                axum::body::Body::from_stream(pieces)
            }
            Self::Broken(bytes) => {
                let broken = stream::once(async {
                    // Without a pause the connection could break before the first part is on its way.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Err(io::Error::other("broken by script"))
                });
                axum::body::Body::from_stream(stream::once(async { Ok(bytes) }).chain(broken))
            }
        }
    }
}
