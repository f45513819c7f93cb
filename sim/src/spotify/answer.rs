use std::collections::BTreeMap;

use serde_json::Value;

use super::{Call, Fault, Spotify};

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub form: BTreeMap<String, String>,
    pub authorization: Option<String>,
}

/// What it gets back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::text(status, &value.to_string()).header("content-type", "application/json")
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(super) fn redirect(to: &str) -> Self {
        Self::text(302, "").header("location", to)
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// Not kept in the record of calls.
const SECRETS: [&str; 4] = ["refresh_token", "code", "code_verifier", "client_secret"];

impl Spotify {
    /// Answers a request, and says what goes wrong on the way.
    pub fn answer(&mut self, ask: &Ask) -> (Reply, Option<Fault>) {
        self.settle();
        let found = self.faults.iter().position(|(at, _)| at.includes(&ask.path));
        let fault = found.and_then(|at| self.faults.remove(at)).map(|(_, fault)| fault);
        let (reply, fault) = match fault {
            Some(Fault::Status { status, headers, body }) => (Reply { status, headers, body }, None),
            // What never arrived was never done.
            Some(fault @ (Fault::Never | Fault::Closes)) => (Reply::text(0, ""), Some(fault)),
            fault => (self.do_call(ask), fault),
        };
        self.remember(ask, reply.status);
        (reply, fault)
    }

    fn do_call(&mut self, ask: &Ask) -> Reply {
        match (ask.method.as_str(), ask.path.as_str()) {
            ("GET", "/authorize") => self.authorize(ask),
            ("POST", "/api/token") => self.token(ask),
            ("GET", path) if path.starts_with("/v1/") => self.api(ask, path),
            (method, path) => {
                self.unexpected.push(format!("{method} {path}: the simulated Spotify has no such thing"));
                Reply::text(404, "")
            }
        }
    }

    fn remember(&mut self, ask: &Ask, status: u16) {
        let plain = |(name, value): (&String, &String)| {
            let value = if SECRETS.contains(&name.as_str()) { "…".to_owned() } else { value.clone() };
            (name.clone(), value)
        };
        let scheme = ask.authorization.as_deref().and_then(|text| text.split(' ').next());
        self.calls.push(Call {
            at: self.now(),
            method: ask.method.clone(),
            path: ask.path.clone(),
            query: ask.query.iter().map(plain).collect(),
            form: ask.form.iter().map(plain).collect(),
            authorization: scheme.map(str::to_owned),
            status,
        });
    }
}
