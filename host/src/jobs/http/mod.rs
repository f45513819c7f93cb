//! What every job that speaks HTTP needs: the client, and talk about addresses and failures that
//! gives no secret away.

mod message;
mod redirect;
mod signature;

use std::{error::Error as StdError, io, time::Duration};

use anyhow::Context as _;
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use url::Url;

pub(super) use self::{
    message::Body,
    redirect::{Call, Unanswered},
    signature::Signer,
};

/// Longest path segment that is certainly no token.
const PLAIN_SEGMENT: usize = 15;

const HIDDEN: &str = "•••";

/// The one client that jobs share. It follows no redirect: jobs that allow some do that themselves.
pub fn build_client(version: &str) -> anyhow::Result<reqwest::Client> {
    // Whoever came first installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(format!("tapedeck/{version}"))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_secs(30))
        .build()
        .context("cannot set up HTTPS: is the package ca-certificates installed?")
}

/// The address as it may be shown: no user, no password, no query values, no path segment that
/// could be a token.
pub(super) fn masked(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let mut text = format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default());
    for segment in url.path_segments().into_iter().flatten() {
        let is_plain = segment.len() <= PLAIN_SEGMENT && !segment.contains([':', '%']);
        text.push('/');
        text.push_str(if is_plain { segment } else { HIDDEN });
    }
    let mut separator = '?';
    for (name, _) in url.query_pairs() {
        text.push(separator);
        text.push_str(if name.len() <= PLAIN_SEGMENT { &name } else { HIDDEN });
        text.push('=');
        text.push_str(HIDDEN);
        separator = '&';
    }
    text
}

/// Words that must not appear in anything that people or logs see.
#[derive(Clone, Default)]
pub(super) struct Hidden {
    words: Vec<String>,
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hidden({})", self.words.len())
    }
}

impl Hidden {
    /// Short words are left out: hiding them would only show where they are.
    pub(super) fn add(&mut self, word: &str) {
        if word.len() >= 6 {
            self.words.push(word.to_owned());
        }
    }

    pub(super) fn add_url(&mut self, url: &Url) {
        self.add(url.password().unwrap_or_default());
        url.query_pairs().for_each(|(_, value)| self.add(&value));
        let segments = url.path_segments().into_iter().flatten();
        segments.filter(|segment| segment.len() > PLAIN_SEGMENT).for_each(|segment| self.add(segment));
    }

    pub(super) fn hide_in(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, word| text.replace(word, HIDDEN))
    }
}

/// Why a call came to nothing, in words. The address is not part of it.
pub(super) fn explain(error: reqwest::Error) -> anyhow::Error {
    let error = error.without_url();
    let text = if error.is_timeout() {
        "the server did not answer in time"
    } else if error.is_dns() {
        "the host name cannot be resolved: check its spelling and the network's DNS"
    } else if has_cause(&error, |cause| cause.is::<rustls::Error>()) {
        "no secure connection: the server's certificate or TLS version is not accepted"
    } else if has_cause(&error, |cause| is_io(cause, io::ErrorKind::ConnectionRefused)) {
        "the connection was refused: nothing listens at that address and port"
    } else if error.is_connect() {
        "no connection to the server"
    } else {
        "the connection broke before the answer was whole"
    };
    anyhow::Error::new(error).context(text)
}

fn is_io(cause: &(dyn StdError + 'static), kind: io::ErrorKind) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == kind)
}

fn has_cause(error: &(dyn StdError + 'static), claim: impl Fn(&(dyn StdError + 'static)) -> bool) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        if claim(cause) {
            return true;
        }
        // What an `io::Error` wraps is not its `source`.
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inner.map_or_else(|| cause.source(), |inner| Some(inner));
    }
    false
}

/// The pause that the server asks for, as seconds or as a date.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(now.duration_until(date)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::testing;

    #[test]
    fn shown_addresses_keep_no_secret() {
        for (url, shown) in [
            (
                "https://ann:pw@example.org:8443/hook?key=s3cret&b=",
                "https://example.org:8443/hook?key=•••&b=•••",
            ),
            ("https://api.telegram.org/bot1:AA/sendMessage", "https://api.telegram.org/•••/sendMessage"),
            (
                "https://hooks.slack.com/services/T0/B0/abcdefghijklmnop",
                "https://hooks.slack.com/services/T0/B0/•••",
            ),
            ("http://127.0.0.1/", "http://127.0.0.1/"),
        ] {
            assert_eq!(masked(&url.parse().unwrap()), shown);
        }
    }

    #[test]
    fn hides_every_secret_of_an_address() {
        let mut hidden = Hidden::default();
        hidden.add_url(&"https://a:pass-word@x/long-enough-token?k=query-value".parse().unwrap());
        let text = hidden.hide_in("pass-word long-enough-token query-value rest");
        assert_eq!(text, "••• ••• ••• rest");
        assert_eq!(format!("{hidden:?}"), "Hidden(3)");
    }

    #[test]
    fn reads_both_forms_of_retry_after() {
        let now = testing::NOW.parse().unwrap();
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("Sun, 01 Mar 2026 12:01:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(read("Sun, 01 Mar 2026 11:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }
}
