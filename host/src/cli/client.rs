//! Talks to the running daemon through its API. Who asks is proven by the token that the daemon
//! leaves in its data folder, or by `--token`.

use std::{io, path::Path, time::Duration};

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::{Host, Url};

use super::{Context, Exit, Failure};
use crate::{app::DaemonFile, state::State};

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(60);
/// Streams say something every 15 seconds.
const SILENCE: Duration = Duration::from_secs(45);

#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<SecretString>,
}

/// An error as the API says it: RFC 9457.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
    fix: Option<String>,
}

impl Client {
    /// The daemon that was named, or the one of the configured data folder. `None`: none runs.
    pub(crate) async fn find(context: &Context) -> anyhow::Result<Option<Self>> {
        if let Some(url) = &context.url {
            return Self::new(parse(url)?, context.token.clone().map(SecretString::from)).map(Some);
        }
        let folder = context.places().data_folder;
        let Some(published) = read_published(&folder)? else { return Ok(None) };
        let token = context.token.clone().map_or(published.token, SecretString::from);
        let client = Self::new(parse(&published.url)?, Some(token))?;
        match client.request(Method::GET, client.url(&["health", "live"])).send().await {
            Ok(_) => Ok(Some(client)),
            // It is just starting, or ending.
            Err(error) if error.is_connect() => Ok(None),
            Err(error) => {
                let text =
                    format!("the daemon (process {}) does not answer at {}", published.pid, client.base);
                Err(Failure::new(Exit::NoDaemon, text)
                    .fix("look at its log; restart it when it hangs")
                    .caused_by(error)
                    .into())
            }
        }
    }

    /// Like [`Self::find`], for what only a daemon can do.
    pub(crate) async fn need(context: &Context) -> anyhow::Result<Self> {
        Self::find(context).await?.ok_or_else(|| {
            Failure::new(Exit::NoDaemon, "no daemon is running")
                .fix("start it with `tapedeck run`, or name another with --url URL --token TOKEN")
                .into()
        })
    }

    pub(super) fn new(base: Url, token: Option<SecretString>) -> anyhow::Result<Self> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("tapedeck/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE);
        let is_loopback = match base.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if is_loopback {
            builder = builder.no_proxy();
        }
        let http = builder
            .build()
            .map_err(|error| Failure::new(Exit::Failed, "cannot speak HTTP").caused_by(error))?;
        Ok(Self { http, base, token })
    }

    /// The address of something below the daemon's own.
    pub(super) fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    fn api(&self, path: &[&str]) -> Url {
        self.url(&[&["api", "v1"], path].concat())
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<T> {
        let mut url = self.api(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.read(self.send(self.request(Method::GET, url).timeout(ANSWER)).await?).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &(impl Serialize + ?Sized),
    ) -> anyhow::Result<T> {
        let request = self.request(Method::POST, self.api(path)).json(body).timeout(ANSWER);
        self.read(self.send(request).await?).await
    }

    /// With words behind the question mark, and no body.
    pub(crate) async fn post_query<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<T> {
        let mut url = self.api(path);
        url.query_pairs_mut().extend_pairs(query);
        self.read(self.send(self.request(Method::POST, url).timeout(ANSWER)).await?).await
    }

    /// Sends a file.
    pub(crate) async fn post_bytes<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        bytes: Vec<u8>,
    ) -> anyhow::Result<T> {
        let mut url = self.api(path);
        url.query_pairs_mut().extend_pairs(query);
        let request = self.request(Method::POST, url).header("content-type", "application/octet-stream");
        self.read(self.send(request.body(bytes).timeout(ANSWER)).await?).await
    }

    /// For answers without a body.
    pub(crate) async fn send_post(
        &self,
        path: &[&str],
        body: &(impl Serialize + ?Sized),
    ) -> anyhow::Result<()> {
        let request = self.request(Method::POST, self.api(path)).json(body).timeout(ANSWER);
        self.send(request).await.map(drop)
    }

    pub(crate) async fn delete(&self, path: &[&str]) -> anyhow::Result<()> {
        self.send(self.request(Method::DELETE, self.api(path)).timeout(ANSWER)).await.map(drop)
    }

    /// Opens the stream of live events.
    pub(super) async fn events(
        &self,
        query: &[(&str, String)],
        last_seen: Option<&str>,
    ) -> anyhow::Result<Response> {
        let mut url = self.api(&["events"]);
        url.query_pairs_mut().extend_pairs(query);
        let mut request = self.request(Method::GET, url).header("accept", "text/event-stream");
        if let Some(last_seen) = last_seen {
            request = request.header("last-event-id", last_seen);
        }
        self.send(request).await
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        // An answer that cannot be read still has a status.
        let body = response.bytes().await.unwrap_or_default();
        Err(self.refused(status, serde_json::from_slice(&body).unwrap_or_default()).into())
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> anyhow::Result<T> {
        let body = response.bytes().await.map_err(|error| self.unreachable(error))?;
        serde_json::from_slice(&body).map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("{} answers what this tapedeck does not understand", self.base),
            )
            .fix("check the address, and that both are the same version of tapedeck")
            .caused_by(error)
            .into()
        })
    }

    fn refused(&self, status: StatusCode, problem: Problem) -> Failure {
        let exit = match status {
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::TOO_MANY_REQUESTS
            // As long as there is no user, from the guard against other names for this machine.
            | StatusCode::MISDIRECTED_REQUEST => Exit::Refused,
            _ => Exit::Failed,
        };
        let text = [problem.detail, problem.title].into_iter().find(|text| !text.is_empty());
        let text = text.unwrap_or_else(|| format!("{} answers with {status}", self.base));
        let failure = Failure::new(exit, text);
        match problem.fix {
            Some(fix) => failure.fix(fix),
            None if status.is_redirection() || status == StatusCode::NOT_FOUND => {
                failure.fix("check that --url is the address of a tapedeck, with the path that a proxy adds")
            }
            None => failure,
        }
    }

    pub(super) fn unreachable(&self, error: reqwest::Error) -> Failure {
        let text = if error.is_timeout() { "does not answer" } else { "cannot be reached" };
        Failure::new(Exit::NoDaemon, format!("the daemon at {} {text}", self.base))
            .fix("check that `tapedeck run` is going there, and the address")
            .caused_by(error.without_url())
    }

    /// Asks `/health/ready`: the status, and the answer when there is one.
    pub(super) async fn health(&self, limit: Duration) -> Result<(StatusCode, Vec<u8>), Failure> {
        let request = self.http.get(self.url(&["health", "ready"])).timeout(limit);
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| self.unreachable(error))?;
        Ok((status, body.to_vec()))
    }
}

/// A daemon that was killed leaves its file behind, and its port to whoever comes next: only the
/// file of a daemon that lives counts, or that other one would be sent the user's secrets.
fn read_published(folder: &Path) -> anyhow::Result<Option<DaemonFile>> {
    let published = DaemonFile::read(folder).map_err(|error| {
        let is_denied = |cause: &(dyn std::error::Error + 'static)| {
            cause
                .downcast_ref::<io::Error>()
                .is_some_and(|cause| cause.kind() == io::ErrorKind::PermissionDenied)
        };
        if error.chain().any(is_denied) {
            let text = format!("you may not look for the daemon in {}", folder.display());
            let failure = Failure::new(Exit::Refused, text);
            failure
                .fix("run this as the daemon's own user, or use --url URL --token TOKEN")
                .caused_by(error)
                .into()
        } else {
            error
        }
    })?;
    Ok(published.filter(|published| State::is_held_by(folder, published.pid)))
}

/// Where the daemon of this data folder says that it listens.
pub(super) fn published_url(folder: &Path) -> anyhow::Result<Option<Url>> {
    read_published(folder)?.map(|published| parse(&published.url)).transpose()
}

pub(super) fn parse(url: &str) -> anyhow::Result<Url> {
    let wrong = || {
        Failure::usage(format!("`{url}` is not the address of a daemon"))
            .fix("write it as http://127.0.0.1:8484")
    };
    let parsed = Url::parse(url).map_err(|error| wrong().caused_by(error))?;
    if matches!(parsed.scheme(), "http" | "https") { Ok(parsed) } else { Err(wrong().into()) }
}

#[cfg(test)]
pub(super) mod tests {
    use axum::{Json, Router, http::StatusCode, response::IntoResponse as _, routing};
    use serde_json::{Value, json};

    use super::*;
    use std::fs;

    /// A daemon that answers with what a test wants.
    pub(crate) struct FakeDaemon {
        pub(crate) url: String,
        _serving: tokio::task::JoinSet<()>,
    }

    pub(crate) async fn daemon(router: Router) -> FakeDaemon {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut serving = tokio::task::JoinSet::new();
        serving.spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = hyper_util::service::TowerToHyperService::new(router.clone());
                let stream = hyper_util::rt::TokioIo::new(stream);
                connections.spawn(async move {
                    let server =
                        hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
                    let _ = server.serve_connection(stream, service).await;
                });
            }
        });
        FakeDaemon { url, _serving: serving }
    }

    pub(crate) fn install_tls() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }

    fn client(url: &str) -> Client {
        install_tls();
        Client::new(parse(url).unwrap(), Some("td_x".into())).unwrap()
    }

    fn failure(error: anyhow::Error) -> Failure {
        error.downcast().unwrap()
    }

    #[tokio::test]
    async fn shows_token_and_keeps_prefix() {
        let echo = |headers: axum::http::HeaderMap, uri: axum::http::Uri| async move {
            Json(json!([headers["authorization"].to_str().unwrap(), uri.to_string()]))
        };
        let daemon = daemon(Router::new().fallback(echo)).await;
        let client = client(&format!("{}/deck/", daemon.url));
        let answer: Value = client.get(&["jobs", "a b"], &[("limit", "3".into())]).await.unwrap();
        assert_eq!(answer, json!(["Bearer td_x", "/deck/api/v1/jobs/a%20b?limit=3"]));
    }

    #[tokio::test]
    async fn refusals_carry_detail_and_fix() {
        let problem =
            json!({ "title": "Forbidden", "status": 403, "detail": "needs `admin`", "fix": "ask for it" });
        let answer = move || async move { (StatusCode::FORBIDDEN, Json(problem)).into_response() };
        let daemon = daemon(Router::new().route("/api/v1/users", routing::get(answer))).await;
        let error = client(&daemon.url).get::<Value>(&["users"], &[]).await.unwrap_err();
        assert_eq!(failure(error).exit, Exit::Refused);
    }

    #[tokio::test]
    async fn nobody_there_is_exit_three() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = client(&url).get::<Value>(&["jobs"], &[]).await.unwrap_err();
        assert_eq!(failure(error).exit, Exit::NoDaemon);
    }

    #[tokio::test]
    async fn other_server_is_told_apart() {
        let daemon = daemon(Router::new().fallback(|| async { "<html>" })).await;
        let error = client(&daemon.url).get::<Value>(&["jobs"], &[]).await.unwrap_err();
        assert!(error.to_string().contains("does not understand"), "{error}");
    }

    /// A folder whose daemon has left `url` behind.
    fn folder_of_daemon_at(url: &str) -> (tempfile::TempDir, Context) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        fs::write(&file, "").unwrap();
        fs::create_dir(folder.path().join("tapedeck-data")).unwrap();
        let pid = std::process::id();
        let published = json!({ "url": url, "pid": pid, "token": "t", "version": "0", "started_at": "2026-01-01T00:00:00Z" });
        fs::write(folder.path().join("tapedeck-data/daemon.json"), published.to_string()).unwrap();
        let context = Context::for_tests(&["--config", file.to_str().unwrap()]);
        (folder, context)
    }

    #[tokio::test]
    async fn killed_daemon_counts_as_none() {
        install_tls();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let (_folder, context) = folder_of_daemon_at(&url);
        assert!(Client::find(&context).await.unwrap().is_none());
        let error = Client::need(&context).await.unwrap_err();
        assert_eq!(failure(error).exit, Exit::NoDaemon);
    }

    #[tokio::test]
    async fn next_owner_of_port_is_not_trusted() {
        install_tls();
        let other = daemon(Router::new().fallback(|| async { "ok" })).await;
        let (folder, context) = folder_of_daemon_at(&other.url);
        let data = folder.path().join("tapedeck-data");
        assert!(Client::find(&context).await.unwrap().is_none(), "nobody holds the folder");
        let _state = State::open(&data).unwrap();
        assert!(Client::find(&context).await.unwrap().is_some(), "its daemon holds it");
    }

    #[tokio::test]
    async fn open_guard_counts_as_refusal() {
        let answer = || async { (StatusCode::MISDIRECTED_REQUEST, Json(json!({}))).into_response() };
        let daemon = daemon(Router::new().fallback(answer)).await;
        let error = client(&daemon.url).get::<Value>(&["users"], &[]).await.unwrap_err();
        assert_eq!(failure(error).exit, Exit::Refused);
    }

    #[test]
    fn addresses_need_a_scheme() {
        for url in ["localhost:8484", "ftp://x", "", "http://"] {
            assert_eq!(failure(parse(url).unwrap_err()).exit, Exit::Usage, "{url}");
        }
    }
}
