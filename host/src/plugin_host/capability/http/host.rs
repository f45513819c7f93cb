//! `http` as plugins see it.

use std::{io::Write as _, time::Duration};

use tapedeck_bindings::capability::{
    http::{self, Header, Response},
    types::PluginError,
};

use super::{Answer, HttpFailure, Request};
use crate::plugin_host::{
    capability::{
        exhausted, permanent,
        scratch::{ScratchFault, refusal},
        temporary,
    },
    grants::Permits,
    store::HostState,
};

impl http::Host for HostState {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<Response, PluginError>> {
        self.host_call()?;
        let (permits, outside) = (self.profile.permits.clone(), self.capabilities.outside.clone());
        let request = limited(request, self.profile.limits.result_bytes);
        let left = self.budget.time_left();
        let gauge = self.capabilities.gauge.clone();
        let exchange = async {
            let mut answer = outside.http.send(&permits, request, left).await?;
            answer.shown_by(&gauge);
            let body = answer.body(&permits).await?;
            Ok(response(&answer, body))
        };
        let ended = self.budget.unless_cancelled(exchange).await?;
        Ok(ended.map_err(|failure| self.http_refusal(&failure)))
    }

    async fn download(
        &mut self,
        request: http::Request,
        path: String,
    ) -> wasmtime::Result<Result<Response, PluginError>> {
        self.host_call()?;
        let (permits, outside) = (self.profile.permits.clone(), self.capabilities.outside.clone());
        let quota = match permits.now().scratch() {
            Ok(quota) => quota,
            Err(denied) => return Ok(Err(self.capabilities.refuse(&denied))),
        };
        let most = self.profile.limits.result_bytes;
        let request = limited(request, u64::MAX);
        let left = self.budget.time_left();
        let gauge = self.capabilities.gauge.clone();
        let name = self.profile.name.clone();
        let room = match self.capabilities.room(&name) {
            Ok(room) => room,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let exchange = async {
            let mut answer = outside.http.send(&permits, request, left).await.map_err(Trouble::Http)?;
            answer.shown_by(&gauge);
            if !answer.is_success() {
                answer.keep_below(most);
                let body = answer.body(&permits).await.map_err(Trouble::Http)?;
                return Ok(response(&answer, body));
            }
            let (mut file, room_left) = room.replace(&path, quota).map_err(Trouble::Scratch)?;
            let mut written = 0;
            while let Some(piece) = next(&mut answer, &permits).await? {
                written += piece.len() as u64;
                if written > room_left {
                    let needed = quota - room_left + written;
                    return Err(Trouble::Scratch(ScratchFault::Full { needed, quota }));
                }
                file.file.write_all(&piece).map_err(|error| Trouble::Scratch(error.into()))?;
            }
            file.finish().map_err(|fault| Trouble::Scratch(fault.into()))?;
            Ok(response(&answer, Vec::new()))
        };
        let ended = self.budget.unless_cancelled(exchange).await?;
        Ok(ended.map_err(|trouble| match trouble {
            Trouble::Http(failure) => self.http_refusal(&failure),
            Trouble::Scratch(fault) => refusal(&fault),
        }))
    }
}

enum Trouble {
    Http(HttpFailure),
    Scratch(ScratchFault),
}

async fn next(answer: &mut Answer, permits: &Permits) -> Result<Option<bytes::Bytes>, Trouble> {
    answer.piece(permits).await.map_err(Trouble::Http)
}

/// What comes into the plugin's memory has a limit of its own.
fn limited(request: http::Request, most: u64) -> Request {
    Request {
        method: request.method,
        url: request.url,
        headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        body: request.body,
        timeout: request.timeout_ms.map(|ms| Duration::from_millis(ms.into())),
        max_bytes: Some(request.max_bytes.unwrap_or(u64::MAX).min(most)),
        follows_redirects: request.follow_redirects,
    }
}

fn response(answer: &Answer, body: Vec<u8>) -> Response {
    let headers = answer.headers().into_iter().map(|(name, value)| Header { name, value }).collect();
    Response { status: answer.status(), url: answer.url.to_string(), headers, body }
}

impl HostState {
    fn http_refusal(&self, failure: &HttpFailure) -> PluginError {
        match failure {
            HttpFailure::Denied(denied) => self.capabilities.refuse(denied),
            HttpFailure::Invalid(_) | HttpFailure::Redirects { .. } => permanent(failure.to_string()),
            HttpFailure::TooLarge { .. } => exhausted(failure.to_string()),
            HttpFailure::TimedOut { .. } | HttpFailure::Broken { .. } => temporary(failure.to_string()),
        }
    }
}
