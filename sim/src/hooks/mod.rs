//! A receiver of web hooks: what arrived, and what is answered.

mod answer;
mod server;
mod signature;

use std::{
    collections::{BTreeMap, VecDeque},
    time::SystemTime,
};

use bytes::Bytes;

pub use answer::{Answer, Body, Fault};
pub use server::{HookServer, serve};
pub use signature::Signature;

/// What the receiver knows.
#[derive(Debug, Default)]
pub struct Hooks {
    /// Answers per path, in order; the last one stays.
    scripts: BTreeMap<String, VecDeque<Answer>>,
    /// For paths without a script. `None`: such a request is unexpected.
    pub otherwise: Option<Answer>,
    /// When set, every request has to carry a signature made with it.
    pub secret: Option<String>,
    /// Everything that arrived, oldest first.
    pub requests: Vec<Request>,
}

/// A request, as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: SystemTime,
    pub method: String,
    /// Without the query.
    pub path: String,
    pub query: Option<String>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    pub signature: Signature,
    /// A script, or `otherwise`, had an answer for it.
    pub is_expected: bool,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Hooks {
    /// Answers requests to `path` one after the other; the last answer is given for ever.
    pub fn on(&mut self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.scripts.insert(path.to_owned(), answers.into_iter().collect());
    }

    /// What arrived at one path.
    pub fn to<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Request> {
        self.requests.iter().filter(move |request| request.path == path)
    }

    /// Remembers a request and chooses its answer.
    pub(crate) fn receive(&mut self, mut request: Request) -> Answer {
        request.signature = match &self.secret {
            Some(secret) => Signature::check(secret, &request),
            None => Signature::NotChecked,
        };
        let answer = match self.scripts.get_mut(&request.path) {
            Some(answers) if answers.len() > 1 => answers.pop_front(),
            Some(answers) => answers.front().cloned(),
            None => self.otherwise.clone(),
        };
        request.is_expected = answer.is_some();
        let answer = answer.unwrap_or_else(|| {
            Answer::status(404).body(format!("nothing is scripted for {} {}", request.method, request.path))
        });
        self.requests.push(request);
        answer
    }

    pub(crate) fn unexpected(&self) -> Vec<String> {
        let mut unexpected = Vec::new();
        for request in &self.requests {
            let what = format!("{} {}", request.method, request.path);
            if !request.is_expected {
                unexpected.push(format!("{what}: nothing is scripted for it"));
            }
            if let Signature::Wrong(why) = &request.signature {
                unexpected.push(format!("{what}: {why}"));
            }
        }
        unexpected
    }
}
