//! The page, embedded at build time, with the compressed copies that the build made.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rust_embed::{Embed, EmbeddedFile};

use super::error::Problem;

// Relative to the folder of host/Cargo.toml.
#[derive(Embed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Dist;

const PAGE: &str = "index.html";

/// Everything that is no route: the page's files, the page itself for its own addresses.
pub(crate) async fn show(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    serve::<Dist>(&method, uri.path(), &headers)
}

fn serve<Files: Embed>(method: &Method, path: &str, headers: &HeaderMap) -> Response {
    if path == "/api" || path.starts_with("/api/") {
        return Problem::not_found(format!("there is nothing at {}", shown(path)))
            .fix("The page /docs lists all addresses of the API.")
            .into_response();
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "the page can only be read");
        let allow = [(header::ALLOW, HeaderValue::from_static("GET, HEAD"))];
        return (allow, problem.fix("Use GET; the API is below /api/v1.")).into_response();
    }
    if is_odd(path) {
        return Problem::bad_request(format!("{} is no address of the page", shown(path)))
            .fix("Open / and follow its links.")
            .into_response();
    }
    let name = path.trim_start_matches('/');
    if let Some(file) = Found::of::<Files>(name, headers) {
        return file.into_response(headers);
    }
    if name.starts_with("assets/") {
        return Problem::not_found(format!("there is no file {}", shown(path)))
            .fix("Load the page again: it may be of another version.")
            .into_response();
    }
    match Found::of::<Files>(PAGE, headers) {
        Some(page) => page.into_response(headers),
        None => {
            let text = "This tapedeck was built without the page: run `make web` and build it again.\n\
                        The API works all the same, below /api/v1.\n";
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

/// Files are found by their exact names, so nothing outside can be reached; but whoever asks
/// like this should not get a friendly page either.
fn is_odd(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let is_encoded = |code: &str| path.contains(code);
    path.split('/').any(|part| part == ".." || part == ".")
        || path.contains('\\')
        || path.starts_with("//")
        || ["%2e", "%2f", "%5c", "%00", "%25", "%0a", "%0d"].into_iter().any(is_encoded)
}

fn shown(path: &str) -> String {
    format!("`{}`", path.chars().take(80).collect::<String>().escape_debug())
}

struct Found {
    name: String,
    file: EmbeddedFile,
    encoding: Option<&'static str>,
    mime: Cow<'static, str>,
}

impl Found {
    fn of<Files: Embed>(name: &str, headers: &HeaderMap) -> Option<Self> {
        if name.is_empty() || name.ends_with(".br") || name.ends_with(".gz") {
            return None;
        }
        let plain = Files::get(name)?;
        let mime = Cow::Owned(plain.metadata.mimetype().to_owned());
        let name = name.to_owned();
        for (encoding, ending) in [("br", "br"), ("gzip", "gz")] {
            if accepts(headers, encoding)
                && let Some(file) = Files::get(&format!("{name}.{ending}"))
            {
                return Some(Self { name, file, encoding: Some(encoding), mime });
            }
        }
        Some(Self { name, file: plain, encoding: None, mime })
    }

    fn into_response(self, request: &HeaderMap) -> Response {
        let hash = &self.file.metadata.sha256_hash()[..16];
        let etag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(hash));
        // Names below assets/ hold a hash of their content and never change it.
        let is_hashed = self.name.starts_with("assets/");
        let cache = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let is_known = request.get(header::IF_NONE_MATCH).is_some_and(|known| {
            known.to_str().is_ok_and(|known| known.split(',').any(|known| known.trim() == etag))
        });
        headers.insert(header::ETAG, HeaderValue::try_from(etag).expect("base64 is valid in a header"));
        if is_known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let mime = if self.mime.starts_with("text/") {
            format!("{}; charset=utf-8", self.mime)
        } else {
            self.mime.into()
        };
        let mime =
            HeaderValue::try_from(mime).unwrap_or(HeaderValue::from_static("application/octet-stream"));
        headers.insert(header::CONTENT_TYPE, mime);
        if let Some(encoding) = self.encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        let body = match self.file.data {
            Cow::Borrowed(bytes) => Body::from(bytes),
            Cow::Owned(bytes) => Body::from(bytes),
        };
        (headers, body).into_response()
    }
}

fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let offers = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).any(|offer| {
        let (name, weight) = offer.split_once(';').unwrap_or((offer, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case(encoding) && weight.parse::<f32>().ok() != Some(0.0)
    })
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;
    use crate::web::testing::TestWeb;

    /// What a build makes: a page, and a script with its compressed copies.
    #[derive(Embed)]
    #[folder = "tests/page"]
    struct Built;

    #[derive(Embed)]
    #[folder = "tests/no-page"]
    #[allow_missing = true]
    struct NotBuilt;

    fn get<Files: Embed>(path: &str, headers: &[(&'static str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        serve::<Files>(&Method::GET, path, &headers.collect())
    }

    async fn text(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn every_address_of_the_page_is_the_page() {
        for path in ["/", "/jobs/backup", "/docs", "/runs", "/no/such/place", "/index.html"] {
            let response = get::<Built>(path, &[]);
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache", "{path}");
            assert!(text(response).await.starts_with("<!doctype html>"), "{path}");
        }
    }

    #[tokio::test]
    async fn hashed_files_are_kept_for_ever() {
        let response = get::<Built>("/assets/app-1a2b3c.js", &[]);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(response.headers()[header::VARY], "accept-encoding");
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(text(response).await, "plain\n");
    }

    #[tokio::test]
    async fn sends_the_smallest_copy_that_the_browser_takes() {
        for (accepted, encoding, content) in [
            ("gzip, deflate, br, zstd", Some("br"), "brotli\n"),
            ("gzip", Some("gzip"), "gzip\n"),
            ("gzip;q=1.0, br;q=0", Some("gzip"), "gzip\n"),
            ("identity", None, "plain\n"),
        ] {
            let response = get::<Built>("/assets/app-1a2b3c.js", &[("accept-encoding", accepted)]);
            let sent =
                response.headers().get(header::CONTENT_ENCODING).map(|it| it.to_str().unwrap().to_owned());
            assert_eq!(sent.as_deref(), encoding, "{accepted}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
            assert_eq!(text(response).await, content);
        }
        let response = get::<Built>("/assets/app-1a2b3c.js.br", &[]);
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn known_files_are_not_sent_again() {
        let response = get::<Built>("/", &[]);
        let etag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
        let again = get::<Built>("/", &[("if-none-match", &format!("\"other\", {etag}"))]);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again.headers()[header::ETAG], etag.as_str());
        assert_eq!(text(again).await, "");
    }

    #[tokio::test]
    async fn a_missing_page_says_how_to_build_it() {
        let response = get::<NotBuilt>("/", &[]);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(text(response).await.contains("make web"));
    }

    #[tokio::test]
    async fn nothing_outside_is_reachable() {
        let world = TestWeb::open();
        for path in [
            "/assets/../../etc/passwd",
            "/assets/../index.html",
            "/%2e%2e/%2e%2e/etc/passwd",
            "/assets/%2e%2e%2f%2e%2e%2fCargo.toml",
            "/assets/..%5c..%5cetc%5cpasswd",
            "/assets/%252e%252e/x",
            "//etc/passwd",
            "/etc%00/passwd",
            "/assets/./x",
        ] {
            assert_eq!(get::<Built>(path, &[]).status(), StatusCode::BAD_REQUEST, "{path}");
            world.get(&format!("http://localhost{path}")).send().await.problem(400);
        }
        assert_eq!(get::<Built>("/assets/missing.js", &[]).status(), StatusCode::NOT_FOUND);
        assert_eq!(get::<Built>("/assets//etc/passwd", &[]).status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn unknown_addresses_of_the_api_are_no_page() {
        let world = TestWeb::open();
        for path in ["/api", "/api/", "/api/v1/nothing", "/api/v2/jobs", "/api/v1/jobs/backup/explode"] {
            assert!(world.get(path).send().await.problem(404).contains("/docs"), "{path}");
        }
    }
}
