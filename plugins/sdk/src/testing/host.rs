//! The host of one test.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, VecDeque},
    marker::PhantomData,
    rc::Rc,
};

use crate::{
    Error, Wants,
    http::{Request, Response},
    run::{Command, Outcome},
};

thread_local! {
    static HOST: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// Answers a plugin's calls on this thread for as long as it lives. It grants all that the plugin
/// asked for, and denies the rest.
#[derive(Debug)]
pub struct Host(PhantomData<Rc<()>>);

pub(super) struct State {
    pub(super) wants: Wants,
    pub(super) log: Vec<(u8, String)>,
    pub(super) kept: BTreeMap<String, Vec<u8>>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) requests: Vec<Request>,
    pub(super) commands: Vec<Command>,
    pub(super) programs: HashMap<String, Program>,
    answers: HashMap<String, VecDeque<Result<Response, Error>>>,
}

pub(super) type Program = Rc<dyn Fn(&Command) -> Result<Outcome, Error>>;

impl Host {
    /// A host that grants these wants: `Host::new(MyFilter::WANTS)`.
    pub fn new(wants: Wants) -> Self {
        let before = HOST.replace(Some(State {
            wants,
            log: Vec::new(),
            kept: BTreeMap::new(),
            files: BTreeMap::new(),
            requests: Vec::new(),
            commands: Vec::new(),
            programs: HashMap::new(),
            answers: HashMap::new(),
        }));
        assert!(before.is_none(), "a test has one host at a time");
        Self(PhantomData)
    }

    /// What `GET https://example.com/` is answered with. Told more than once, it is answered in turn; the
    /// last answer stays.
    pub fn answer(&self, method_and_url: &str, answer: impl Into<Result<Response, Error>>) {
        with(|host| host.answers.entry(method_and_url.to_owned()).or_default().push_back(answer.into()));
    }

    /// What a program does when it is run.
    pub fn program(&self, name: &str, does: impl Fn(&Command) -> Result<Outcome, Error> + 'static) {
        with(|host| host.programs.insert(name.to_owned(), Rc::new(does)));
    }

    /// A value that the plugin finds in its store.
    pub fn keep(&self, key: &str, value: impl Into<Vec<u8>>) {
        with(|host| host.kept.insert(key.to_owned(), value.into()));
    }

    /// A value that the plugin left in its store.
    pub fn kept(&self, key: &str) -> Option<Vec<u8>> {
        with(|host| host.kept.get(key).cloned())
    }

    /// Files in the scratch folder.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        with(|host| host.files.clone())
    }

    /// Lines that were logged.
    pub fn log(&self) -> Vec<String> {
        with(|host| host.log.iter().map(|(_, line)| line.clone()).collect())
    }

    /// Requests that were sent, those that were denied left out.
    pub fn requests(&self) -> Vec<Request> {
        with(|host| host.requests.clone())
    }

    /// Programs that were run, those that were denied left out.
    pub fn commands(&self) -> Vec<Command> {
        with(|host| host.commands.clone())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        HOST.set(None);
    }
}

/// An answer with a body.
pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Response {
    Response { status, body: body.into(), ..Response::default() }
}

/// How a program ended, and what it wrote to its standard output.
pub fn outcome(code: i32, stdout: impl Into<Vec<u8>>) -> Outcome {
    Outcome { code: Some(code), stdout: stdout.into(), ..Outcome::default() }
}

impl From<Response> for Result<Response, Error> {
    fn from(response: Response) -> Self {
        Ok(response)
    }
}

pub(super) fn with<R>(use_it: impl FnOnce(&mut State) -> R) -> R {
    HOST.with_borrow_mut(|host| {
        use_it(host.as_mut().expect("this test has no host: begin it with `testing::Host::new(WANTS)`"))
    })
}

/// The log needs no host.
pub(super) fn with_any(use_it: impl FnOnce(&mut State)) {
    HOST.with_borrow_mut(|host| host.as_mut().map(use_it));
}

impl State {
    pub(super) fn may_keep(&self) -> Result<(), Error> {
        asked(self.wants.kv_bytes > 0, "kv_bytes")
    }

    pub(super) fn may_write(&self, more: usize) -> Result<(), Error> {
        asked(self.wants.scratch_bytes > 0, "scratch_bytes")?;
        let used: usize = self.files.values().map(Vec::len).sum();
        if (used + more) as u64 > self.wants.scratch_bytes {
            return Err(Error::Exhausted("scratch_bytes of WANTS is reached".to_owned()));
        }
        Ok(())
    }

    pub(super) fn may_run(&self, command: &Command) -> Result<(), Error> {
        let is_asked = self.wants.run.iter().any(|want| want.program == command.program);
        asked(is_asked, &format!("run {:?}", command.program))
    }

    pub(super) fn may_ask(&self, request: &Request) -> Result<(), Error> {
        let host = host_of(&request.url);
        let is_asked = self.wants.http.iter().any(|want| {
            let fits = match want.host.strip_prefix("*.") {
                Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
                None => want.host == "*" || want.host.eq_ignore_ascii_case(host),
            };
            fits && want.methods.contains(&request.method.as_str())
        });
        asked(is_asked, &format!("http {} to {host:?}", request.method))
    }

    pub(super) fn next_answer(&mut self, method_and_url: &str) -> Result<Response, Error> {
        let Some(answers) = self.answers.get_mut(method_and_url) else {
            panic!("the test's host has no answer to {method_and_url:?}: tell it with `Host::answer`");
        };
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        let mut response = answer.expect("an entry is made with its first answer")?;
        if response.url.is_empty() {
            response.url = method_and_url.split_once(' ').map_or("", |(_, url)| url).to_owned();
        }
        Ok(response)
    }
}

fn asked(is_asked: bool, what: &str) -> Result<(), Error> {
    if is_asked { Ok(()) } else { Err(Error::Denied(format!("WANTS does not name {what}"))) }
}

/// Without the user, the port and the rest of an address.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{WantsHttp, WantsRun, http, kv, log, run, scratch};

    const WANTS: Wants = Wants {
        http: &[WantsHttp { host: "*.example.com", methods: &["GET"], why: "" }],
        run: &[WantsRun { program: "yt-dlp", why: "" }],
        kv_bytes: 10,
        scratch_bytes: 10,
    };

    #[test]
    fn what_was_not_asked_for_is_denied() {
        let host = Host::new(WANTS);
        for url in ["https://example.com/", "https://badexample.com/", "https://api.example.com@evil.org/"] {
            assert!(matches!(http::get(url), Err(Error::Denied(_))), "{url}");
        }
        assert!(matches!(http::post("https://api.example.com/", ""), Err(Error::Denied(_))));
        assert!(matches!(run::program("sh").output(), Err(Error::Denied(_))));
        assert!(host.requests().is_empty() && host.commands().is_empty());
    }

    #[test]
    fn answers_come_in_turn() {
        let host = Host::new(WANTS);
        host.answer("GET https://a.example.com/", Err(Error::temporary("down")));
        host.answer("GET https://a.example.com/", answer(200, "up"));
        assert!(http::get("https://a.example.com/").is_err());
        for _ in 0..2 {
            assert_eq!(http::get("https://a.example.com/").expect("an answer").text(), Ok("up"));
        }
    }

    #[test]
    fn quotas_hold_for_both_stores() {
        let host = Host::new(WANTS);
        kv::set("key", "1234567").expect("it fits");
        assert!(matches!(kv::set("more", "1"), Err(Error::Exhausted(_))));
        assert_eq!(kv::names("k"), Ok(vec!["key".to_owned()]));
        assert_eq!((kv::remove("key"), host.kept("key")), (Ok(true), None));
        scratch::write("a/b", "12345").expect("it fits");
        scratch::append("a/b", "678").expect("it fits");
        assert!(scratch::append("a/b", "90a").is_err());
        assert_eq!(scratch::read("a/b").expect("a file"), b"12345678");
    }

    #[test]
    fn programs_see_the_scratch_folder() {
        let host = Host::new(WANTS);
        host.program("yt-dlp", |command| {
            scratch::write(&command.arguments[0], "audio")?;
            Ok(outcome(0, "done"))
        });
        let ended = run::program("yt-dlp").arg("a.mp3").output().expect("it runs");
        log::info!("it wrote {}", ended.stdout.len());
        assert_eq!(host.files()["a.mp3"], b"audio");
        assert_eq!(host.log(), ["it wrote 4"]);
    }
}
