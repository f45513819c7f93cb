//! What browsers are told about every answer.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};

use super::Web;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
    connect-src 'self'; font-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
    form-action 'self'";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// For pages that are served beside the page's own port.
pub(crate) async fn harden_page(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add(&mut response);
    response
}

fn add(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        // A page that needs nothing has a stricter policy of its own.
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
}

pub(crate) async fn harden(State(web): State<Web>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add(&mut response);
    let headers = response.headers_mut();
    if web.auth.is_https() {
        let name = HeaderName::from_static("strict-transport-security");
        headers.insert(name, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

#[cfg(test)]
mod tests {
    use crate::web::testing::TestWeb;

    #[tokio::test]
    async fn every_answer_is_hardened() {
        let world = TestWeb::open();
        for path in ["/health/live", "/api/v1/status", "/api/v1/nothing", "/", "/assets/..%5c"] {
            let answer = world.get(path).send().await;
            let mut headers: Vec<String> = answer
                .headers
                .iter()
                .filter(|(name, _)| super::HEADERS.iter().any(|(known, _)| known == name))
                .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
                .collect();
            headers.sort();
            insta::allow_duplicates! {
                insta::assert_snapshot!(headers.join("\n"), @r"
                content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; font-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'
                cross-origin-opener-policy: same-origin
                cross-origin-resource-policy: same-origin
                permissions-policy: camera=(), microphone=(), geolocation=(), payment=(), usb=()
                referrer-policy: no-referrer
                x-content-type-options: nosniff
                x-frame-options: DENY
                ");
            }
        }
    }

    #[tokio::test]
    async fn plain_http_promises_no_tls() {
        let answer = TestWeb::open().get("/health/live").send().await;
        assert!(!answer.headers.contains_key("strict-transport-security"));
    }
}
