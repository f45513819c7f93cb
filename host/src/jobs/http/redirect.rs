//! Sends a call, and follows redirects as far as they are harmless.

use anyhow::anyhow;
use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, LOCATION},
};
use url::Url;

use super::{explain, masked};

const REDIRECTS: u32 = 3;

/// A call that is ready to go out.
#[derive(Debug)]
pub(in crate::jobs) struct Call {
    pub(in crate::jobs) method: Method,
    pub(in crate::jobs) url: Url,
    pub(in crate::jobs) headers: HeaderMap,
    pub(in crate::jobs) body: Bytes,
}

/// Why there is no answer to judge.
#[derive(Debug)]
pub(in crate::jobs) enum Unanswered {
    /// The server could not be reached: another time it may.
    Failed(anyhow::Error),
    /// It sent us where we do not go.
    Refused(anyhow::Error),
}

impl Call {
    /// The final answer and the number of redirects before it.
    pub(in crate::jobs) async fn send(
        mut self,
        http: &reqwest::Client,
        is_expected: impl Fn(StatusCode) -> bool,
    ) -> Result<(Response, u32), Unanswered> {
        let mut redirects = 0;
        loop {
            let request = http.request(self.method.clone(), self.url.clone()).headers(self.headers.clone());
            let response = request.body(self.body.clone()).send().await;
            let response = response.map_err(|error| Unanswered::Failed(explain(error)))?;
            if !response.status().is_redirection() || is_expected(response.status()) {
                return Ok((response, redirects));
            }
            let Some(next) = self.redirected(&response).map_err(Unanswered::Refused)? else {
                return Ok((response, redirects));
            };
            if redirects == REDIRECTS {
                let error = anyhow!("more than {REDIRECTS} redirects, the last one to {}", masked(&next));
                return Err(Unanswered::Refused(error));
            }
            redirects += 1;
            if next.origin() != self.url.origin() {
                // Another server gets the signed message, but none of the credentials.
                self.drop_credentials();
            }
            tracing::info!(to = masked(&next), "Redirected");
            self.url = next;
        }
    }

    /// Where a redirect leads, if it is one that we follow.
    fn redirected(&self, response: &Response) -> anyhow::Result<Option<Url>> {
        let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
        let next = location.to_str().ok().and_then(|location| self.url.join(location).ok());
        let next = next.ok_or_else(|| anyhow!("redirected to something that is no address"))?;
        let status = response.status().as_u16();
        let shown = masked(&next);
        let (from, to) = (self.url.scheme(), next.scheme());
        if to != from && !(from == "http" && to == "https") {
            return Err(anyhow!("redirected from {from} to {shown}, which is less safe"));
        }
        match status {
            307 | 308 => Ok(Some(next)),
            301..=303 if matches!(self.method, Method::GET | Method::HEAD) => Ok(Some(next)),
            301..=303 => Err(anyhow!(
                "answered {status}, a redirect to {shown} that would lose the body: if that address is right, \
                 make it the job's `url`"
            )),
            _ => Ok(None),
        }
    }

    /// Drops every header that the configuration put in, except what describes the body.
    fn drop_credentials(&mut self) {
        let foreign: Vec<_> = self.headers.keys().filter(|name| !is_own(name)).cloned().collect();
        for name in foreign {
            self.headers.remove(name);
        }
    }
}

fn is_own(name: &HeaderName) -> bool {
    name == CONTENT_TYPE || name.as_str().starts_with("webhook-")
}
