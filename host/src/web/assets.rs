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

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/web/dist"]
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
