//! What a person sees who logs in: one small page, which needs nothing else of ours.

use std::sync::OnceLock;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;font:16px/1.5 system-ui,sans-serif;background:#f6f7f9;color:#16181d}\
main{max-width:32rem;margin:1rem;padding:1.5rem 2rem;border-radius:12px;background:#fff;border:1px solid #d9dde3;overflow-wrap:anywhere}\
h1{margin:0 0 .5rem;font-size:1.25rem}p{margin:.5rem 0}a{color:inherit}\
@media(prefers-color-scheme:dark){body{background:#101216;color:#e7e9ee}main{background:#181b21;border-color:#2b303a}}";

/// A page with a heading and paragraphs; all of it may come from others.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) title: String,
    pub(super) paragraphs: Vec<String>,
    /// Where to go on, and what it is called.
    pub(super) link: Option<(String, &'static str)>,
}

impl Page {
    pub(super) fn new(status: StatusCode, title: impl Into<String>) -> Self {
        Self { status, title: title.into(), paragraphs: Vec::new(), link: None }
    }

    pub(super) fn say(mut self, text: impl Into<String>) -> Self {
        self.paragraphs.push(text.into());
        self
    }

    pub(super) fn link(mut self, to: Option<String>, text: &'static str) -> Self {
        self.link = to.map(|to| (to, text));
        self
    }

    fn html(&self) -> String {
        let title = escaped(&self.title);
        let paragraphs: Vec<String> =
            self.paragraphs.iter().map(|text| format!("<p>{}</p>", escaped(text))).collect();
        let link =
            self.link.as_ref().map(|(to, text)| format!("<p><a href=\"{}\">{text}</a></p>", escaped(to)));
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} · Tapedeck</title>\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style></head>\
             <body><main><h1>{title}</h1>{}{}</main></body></html>",
            paragraphs.concat(),
            link.unwrap_or_default()
        )
    }

    pub(super) fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::CONTENT_SECURITY_POLICY, policy().clone()),
        ];
        (self.status, headers, self.html()).into_response()
    }
}

/// Only this very style, and nothing else at all.
fn policy() -> &'static HeaderValue {
    static POLICY: OnceLock<HeaderValue> = OnceLock::new();
    POLICY.get_or_init(|| {
        let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        );
        HeaderValue::try_from(policy).expect("base64 is valid in a header")
    })
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_stay_words() {
        let page = Page::new(StatusCode::OK, "<b>").say("<script>alert('1')</script> & \"x\"");
        let html = page.html();
        assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
        assert!(html.contains("&lt;script&gt;alert(&#39;1&#39;)"), "{html}");
    }
}
