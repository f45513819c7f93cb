//! Requests to the hosts that the operator granted.
//!
//! Needs the host in the plugin's `WANTS`.
//!
//! ```no_run
//! # fn main() -> Result<(), tapedeck_plugin::Error> {
//! let page = tapedeck_plugin::http::get("https://api.example.com/tracks/7")?.successful()?;
//! let track: serde_json::Value = page.json()?;
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::call;
use crate::Error;
pub use crate::bindings::host::tapedeck::plugin::http::{Header, Request, Response};

/// Sends a GET request and waits for the whole answer.
pub fn get(url: impl Into<String>) -> Result<Response, Error> {
    request("GET", url).send()
}

/// Sends a POST request and waits for the whole answer.
pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Result<Response, Error> {
    request("POST", url).body(body).send()
}

/// A request that will be sent; the method is in capitals. Redirects are followed.
pub fn request(method: impl Into<String>, url: impl Into<String>) -> Outgoing {
    Outgoing(Request { method: method.into(), url: url.into(), follow_redirects: true, ..Request::default() })
}

/// What will be sent.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before `send`"]
pub struct Outgoing(Request);

impl Outgoing {
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.0.headers.push(Header { name: name.into(), value: value.into() });
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into();
        self
    }

    /// Gives up after this long; the operator's limit holds in any case.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout_ms = Some(milliseconds(timeout));
        self
    }

    /// Refuses a longer body; the operator's limit holds in any case.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.0.max_bytes = Some(bytes);
        self
    }

    /// Gives back a redirect as it is.
    pub fn without_redirects(mut self) -> Self {
        self.0.follow_redirects = false;
        self
    }

    /// Sends it and waits for the whole answer. A 404 is an answer, not an error.
    pub fn send(self) -> Result<Response, Error> {
        call::http::send(&self.0)
    }

    /// Sends it and writes the body of a successful answer into a file of the
    /// [`scratch`](crate::scratch) folder. The body of any other answer is in the response, and
    /// no file is touched.
    pub fn download(self, path: &str) -> Result<Response, Error> {
        call::http::download(&self.0, path)
    }
}

impl Response {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Makes an error of an answer that is none: one to try again for a busy or broken
    /// server, with the wait that it asks for.
    pub fn successful(self) -> Result<Self, Error> {
        let message = || format!("{} answered {}", self.url, self.status);
        match self.status {
            200..300 => Ok(self),
            408 | 425 | 429 | 500.. => Err(match self.retry_after() {
                Some(wait) => Error::retry_after(message(), wait),
                None => Error::temporary(message()),
            }),
            _ => Err(Error::permanent(message())),
        }
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(&header.value).ok()
    }

    /// The body as text.
    pub fn text(&self) -> Result<&str, Error> {
        std::str::from_utf8(&self.body)
            .map_err(|error| Error::permanent(format!("{} answered no text: {error}", self.url)))
    }

    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::permanent(format!("{} answered other JSON: {error}", self.url)))
    }

    /// Only the form in seconds: a date needs a clock.
    fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
    }
}

pub(super) fn milliseconds(duration: Duration) -> u32 {
    duration.as_millis().try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&str, &str)]) -> Response {
        let headers = headers
            .iter()
            .map(|(name, value)| Header { name: (*name).into(), value: value.as_bytes().to_vec() })
            .collect();
        Response { status, url: "https://example.com/".into(), headers, body: b"{\"a\":1}".to_vec() }
    }

    #[test]
    fn statuses_say_whether_to_try_again() {
        assert!(response(204, &[]).successful().is_ok());
        assert!(matches!(response(404, &[]).successful(), Err(Error::Permanent(_))));
        assert!(matches!(response(502, &[]).successful(), Err(Error::Temporary(_))));
        let busy = response(429, &[("Retry-After", "7")]).successful();
        assert_eq!(
            busy,
            Err(Error::retry_after("https://example.com/ answered 429", Duration::from_secs(7)))
        );
    }

    #[test]
    fn bodies_are_read_as_asked() {
        let answer = response(200, &[("content-type", "application/json")]);
        assert_eq!(answer.json::<serde_json::Value>().expect("JSON")["a"], 1);
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        assert!(answer.json::<Vec<u8>>().is_err());
    }
}
