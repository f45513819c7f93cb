use std::time::Duration;

/// Where something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The accounts service's tokens.
    Token,
    /// The Web API.
    Api,
    Anywhere,
}

/// What goes wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answered like this instead.
    Status { status: u16, headers: Vec<(String, String)>, body: String },
    /// Answered late.
    Slow(Duration),
    /// Never answered; the connection stays open.
    Never,
    /// The connection ends without a word.
    Closes,
    /// The answer ends in the middle.
    Cut,
    /// Done, and then the connection ends without a word.
    Lost,
}

impl Fault {
    pub fn status(status: u16, body: &str) -> Self {
        Self::Status { status, headers: Vec::new(), body: body.into() }
    }

    /// A 429 of this one call, without a word on how long or with any text.
    pub fn too_many(retry_after: Option<&str>) -> Self {
        let headers = retry_after.map(|text| ("retry-after".to_owned(), text.to_owned()));
        let body = r#"{"error":{"status":429,"message":"API rate limit exceeded"}}"#.into();
        Self::Status { status: 429, headers: headers.into_iter().collect(), body }
    }
}

impl At {
    pub(super) fn includes(self, path: &str) -> bool {
        match self {
            Self::Token => path == "/api/token",
            Self::Api => path.starts_with("/v1/"),
            Self::Anywhere => true,
        }
    }
}
