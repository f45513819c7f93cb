//! `http`: requests to servers that were granted. Every hop of a redirect is asked for anew, every
//! address is checked by the lookup that the connection uses, and no proxy stands in between.

mod address;
mod headers;
mod host;
mod resolve;
#[cfg(test)]
mod tests;

use std::{
    error::Error,
    net::IpAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use reqwest::{
    Client, Method, Response,
    header::{HeaderMap, LOCATION},
    redirect::Policy,
};
use url::{Host, Url};

pub(crate) use address::needs_grant;
pub use resolve::{Lookup, system_lookup};

use self::resolve::{CheckedResolver, Forbidden};
use crate::{
    gauge::Gauge,
    model::HttpMethod,
    plugin_host::grants::{Denied, HttpTerms, Permits},
};

const REDIRECTS: u32 = 5;
const CONNECT: Duration = Duration::from_secs(10);
/// Unless the request says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST_URL: usize = 8 * 1024;
/// Smaller bodies are here before anybody looks, and would only hide how far the large one is.
const WORTH_A_LOOK: u64 = 256 * 1024;

/// What all plugins' requests go through. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct HttpDoor {
    /// Connects to the internet only. Connections are kept apart from the other one's.
    public: Client,
    private: Client,
}

/// What a plugin asks for, before anything of it is believed.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) follows_redirects: bool,
}

/// An answer whose body has not arrived yet.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) url: Url,
    response: Response,
    method: HttpMethod,
    max_bytes: u64,
    received: u64,
    patience: Duration,
    deadline: Instant,
    /// Shows how much of it is here, and how much all of it is.
    gauge: Option<(Gauge, u64)>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpFailure {
    #[error(transparent)]
    Denied(#[from] Box<Denied>),
    #[error("the request cannot be sent: {0}")]
    Invalid(String),
    #[error("the {what} is larger than {limit} bytes, which is as much as was granted or asked for")]
    TooLarge { what: &'static str, limit: u64 },
    #[error("{host} did not answer within {} ms", .patience.as_millis())]
    TimedOut { host: String, patience: Duration },
    #[error("{host}: {what}")]
    Broken { host: String, what: &'static str },
    #[error("{host} redirects more than {REDIRECTS} times or to something that is no address")]
    Redirects { host: String },
}

impl From<Denied> for HttpFailure {
    fn from(denied: Denied) -> Self {
        Self::Denied(Box::new(denied))
    }
}

impl HttpDoor {
    pub(crate) fn new(version: &str, lookup: &Lookup) -> reqwest::Result<Self> {
        // Whoever came first installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = |allows_private| {
            Client::builder()
                .user_agent(format!("tapedeck/{version}"))
                .no_proxy()
                .redirect(Policy::none())
                .referer(false)
                .connect_timeout(CONNECT)
                .pool_idle_timeout(Duration::from_secs(30))
                .pool_max_idle_per_host(4)
                .dns_resolver(CheckedResolver { lookup: lookup.clone(), allows_private })
                .build()
        };
        Ok(Self { public: client(false)?, private: client(true)? })
    }

    /// Sends a request; `left` is what the plugin's call has left of its time.
    pub(crate) async fn send(
        &self,
        permits: &Permits,
        request: Request,
        left: Duration,
    ) -> Result<Answer, HttpFailure> {
        let method: HttpMethod = request.method.parse().map_err(HttpFailure::Invalid)?;
        let url = read_url(&request.url)?;
        let headers = headers::read(&request.headers).map_err(HttpFailure::Invalid)?;
        let patience = request.timeout.unwrap_or(PATIENCE).min(left);
        let deadline = Instant::now() + patience;
        let journey = Journey { door: self, permits, patience, max_bytes: request.max_bytes };
        let hop = Hop { method, url, headers, body: request.body.into() };
        let travel = journey.travel(hop, request.follows_redirects, deadline);
        let host = shown_host(&request.url);
        let travelled = tokio::time::timeout_at(deadline.into(), travel).await;
        travelled.unwrap_or(Err(HttpFailure::TimedOut { host, patience }))
    }
}

/// One request with what follows from it.
struct Journey<'a> {
    door: &'a HttpDoor,
    permits: &'a Permits,
    patience: Duration,
    max_bytes: Option<u64>,
}

/// What goes to one server.
#[derive(Debug)]
struct Hop {
    method: HttpMethod,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

impl Journey<'_> {
    async fn travel(
        &self,
        mut hop: Hop,
        follows_redirects: bool,
        deadline: Instant,
    ) -> Result<Answer, HttpFailure> {
        let mut redirects = 0;
        loop {
            let terms = self.permits.now().http(hop.method, &hop.url)?;
            let response = self.send(&hop, terms).await?;
            let max_bytes = self.max_bytes.unwrap_or(u64::MAX).min(terms.max_bytes);
            if !follows_redirects || !hop.follow(&response)? {
                let Hop { method, url, .. } = hop;
                let patience = self.patience;
                let answer =
                    Answer { url, response, method, max_bytes, received: 0, patience, deadline, gauge: None };
                return answer.checked();
            }
            if redirects == REDIRECTS {
                return Err(HttpFailure::Redirects { host: shown_host(hop.url.as_str()) });
            }
            redirects += 1;
        }
    }

    async fn send(&self, hop: &Hop, terms: HttpTerms) -> Result<Response, HttpFailure> {
        if hop.body.len() as u64 > terms.max_bytes {
            return Err(HttpFailure::TooLarge { what: "request", limit: terms.max_bytes });
        }
        // Addresses in place of a name never come to the resolver.
        if let Some(address) = literal(&hop.url) {
            resolve::check(address, terms.allows_private).map_err(|it| self.forbidden(hop, it))?;
        }
        let client = if terms.allows_private { &self.door.private } else { &self.door.public };
        let method = Method::from_bytes(hop.method.as_str().as_bytes()).expect("known methods are methods");
        let request = client.request(method, hop.url.clone()).headers(hop.headers.clone());
        let request = if hop.body.is_empty() { request } else { request.body(hop.body.clone()) };
        request.send().await.map_err(|error| match resolve::forbidden_in(&error) {
            Some(forbidden) => self.forbidden(hop, forbidden).into(),
            None => explain(&error, &hop.url, self.patience),
        })
    }

    fn forbidden(&self, hop: &Hop, forbidden: Forbidden) -> Denied {
        let permit = self.permits.now();
        if forbidden.is_grantable {
            permit.private_address(hop.method, &hop.url, forbidden.to_string())
        } else {
            permit.never("http", shown_host(hop.url.as_str()), forbidden.to_string())
        }
    }
}

impl Hop {
    /// Becomes the next hop if the answer is a redirect.
    fn follow(&mut self, response: &Response) -> Result<bool, HttpFailure> {
        let status = response.status().as_u16();
        let Some(location) = response.headers().get(LOCATION) else { return Ok(false) };
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return Ok(false);
        }
        let next = location.to_str().ok().and_then(|location| self.url.join(location).ok());
        let next = next.and_then(|next| read_url(next.as_str()).ok());
        let next = next.ok_or_else(|| HttpFailure::Redirects { host: shown_host(self.url.as_str()) })?;
        let loses_body = match status {
            303 => self.method != HttpMethod::Head,
            301 | 302 => self.method == HttpMethod::Post,
            _ => false,
        };
        if loses_body {
            self.method = HttpMethod::Get;
            self.body = Bytes::new();
            headers::drop_body(&mut self.headers);
        }
        if next.origin() != self.url.origin() {
            headers::drop_private(&mut self.headers);
        }
        self.url = next;
        Ok(true)
    }
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub(crate) fn is_success(&self) -> bool {
        self.response.status().is_success()
    }

    /// Names in lower case.
    pub(crate) fn headers(&self) -> Vec<(String, Vec<u8>)> {
        let headers = self.response.headers().iter();
        headers.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
    }

    fn checked(self) -> Result<Self, HttpFailure> {
        let is_body_sent = self.method != HttpMethod::Head;
        match self.response.content_length() {
            Some(length) if is_body_sent && length > self.max_bytes => Err(self.too_large()),
            _ => Ok(self),
        }
    }

    /// Shows how much of the body is here, if anybody can know and it is worth a look.
    fn shown_by(&mut self, gauge: &Gauge) {
        let all = self.response.content_length().filter(|all| *all >= WORTH_A_LOOK);
        self.gauge = all.filter(|_| self.is_success()).map(|all| (gauge.clone(), all));
    }

    /// Lowers the limit of the body.
    fn keep_below(&mut self, most: u64) {
        self.max_bytes = self.max_bytes.min(most);
    }

    /// The next piece of the body. A withdrawn grant ends it too.
    pub(crate) async fn piece(&mut self, permits: &Permits) -> Result<Option<Bytes>, HttpFailure> {
        permits.now().http(self.method, &self.url)?;
        let piece = tokio::time::timeout_at(self.deadline.into(), self.response.chunk()).await;
        let patience = self.patience;
        let piece =
            piece.map_err(|_| HttpFailure::TimedOut { host: shown_host(self.url.as_str()), patience })?;
        let piece = piece.map_err(|error| explain(&error, &self.url, patience))?;
        self.received += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        if let Some((gauge, all)) = &self.gauge {
            gauge.bytes(self.received, *all);
        }
        if self.received > self.max_bytes { Err(self.too_large()) } else { Ok(piece) }
    }

    /// The whole body in memory.
    pub(crate) async fn body(&mut self, permits: &Permits) -> Result<Vec<u8>, HttpFailure> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece(permits).await? {
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    fn too_large(&self) -> HttpFailure {
        HttpFailure::TooLarge { what: "answer", limit: self.max_bytes }
    }
}

fn read_url(text: &str) -> Result<Url, HttpFailure> {
    let invalid = |why: &str| HttpFailure::Invalid(why.to_owned());
    if text.len() > LONGEST_URL {
        return Err(HttpFailure::Invalid(format!("its address is longer than {LONGEST_URL} bytes")));
    }
    let mut url: Url =
        text.parse().map_err(|error| HttpFailure::Invalid(format!("its address is none: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("its address begins with neither `https://` nor `http://`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("its address holds a user or a password: put them into a header"));
    }
    if url.host().is_none() {
        return Err(invalid("its address names no server"));
    }
    url.set_fragment(None);
    Ok(url)
}

fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// What may be shown of an address: paths and queries can hold keys.
fn shown_host(url: &str) -> String {
    let host = url.parse::<Url>().ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| "the server".to_owned())
}

fn explain(error: &reqwest::Error, url: &Url, patience: Duration) -> HttpFailure {
    let host = shown_host(url.as_str());
    if error.is_timeout() && !error.is_connect() {
        return HttpFailure::TimedOut { host, patience };
    }
    let what = if error.is_dns() {
        "the name cannot be resolved"
    } else if has_tls_cause(error) {
        "no secure connection: its certificate or TLS version is not accepted"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke before the answer was whole"
    };
    HttpFailure::Broken { host, what }
}

fn has_tls_cause(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.is::<rustls::Error>() {
            return true;
        }
        let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    false
}
