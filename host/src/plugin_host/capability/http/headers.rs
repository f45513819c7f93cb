//! Which headers a plugin may set, and which of them another server gets to see.

use reqwest::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RANGE, USER_AGENT,
};

/// Those of the connection itself, and those that the host writes.
const REFUSED: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What tells nobody who we are. All else may be a key, whatever it is called.
const HARMLESS: [HeaderName; 5] = [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, RANGE, USER_AGENT];

const MOST: usize = 100;
const MOST_BYTES: usize = 64 * 1024;

/// Reads what a plugin wants to send along.
pub(super) fn read(headers: &[(String, Vec<u8>)]) -> Result<HeaderMap, String> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > MOST || bytes > MOST_BYTES {
        return Err(format!("a request has at most {MOST} headers of {} KiB together", MOST_BYTES / 1024));
    }
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let shown = || name.chars().take(60).flat_map(char::escape_debug).collect::<String>();
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("`{}` is no name of a header", shown()))?;
        if REFUSED.contains(&name.as_str()) {
            return Err(format!("the header `{name}` is the host's to set: leave it out"));
        }
        let mut value = HeaderValue::from_bytes(value)
            .map_err(|_| format!("the value of the header `{name}` has characters that cannot be sent"))?;
        value.set_sensitive(!HARMLESS.contains(&name));
        map.append(name, value);
    }
    Ok(map)
}

/// For another server than the one that they were meant for.
pub(super) fn drop_private(headers: &mut HeaderMap) {
    let private: Vec<_> = headers.keys().filter(|name| !HARMLESS.contains(name)).cloned().collect();
    for name in private {
        headers.remove(name);
    }
}

/// Without the body that they describe.
pub(super) fn drop_body(headers: &mut HeaderMap) {
    headers.remove(CONTENT_TYPE);
    let content: Vec<_> =
        headers.keys().filter(|name| name.as_str().starts_with("content-")).cloned().collect();
    for name in content {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(headers: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
    }

    #[test]
    fn headers_of_the_connection_are_refused() {
        for name in ["Host", "Connection", "transfer-encoding", "Content-Length", "Upgrade", "TE", "Expect"] {
            assert!(read(&list(&[(name, "x")])).unwrap_err().contains("leave it out"), "{name}");
        }
    }

    #[test]
    fn nothing_slips_into_the_next_line() {
        assert!(read(&list(&[("x", "a\r\nhost: b")])).is_err());
        assert!(read(&list(&[("x: y\r\nz", "a")])).is_err());
        assert!(read(&list(&[("", "a")])).is_err());
        assert!(read(&list(&[("x", "a\0")])).is_err());
    }

    #[test]
    fn many_or_large_headers_are_refused() {
        assert!(read(&vec![("x".to_owned(), Vec::new()); 100]).is_ok());
        assert!(read(&vec![("x".to_owned(), Vec::new()); 101]).is_err());
        assert!(read(&[("x".to_owned(), vec![b'x'; 64 * 1024])]).is_err());
    }

    #[test]
    fn other_servers_see_no_keys() {
        let sent = [
            ("authorization", "s"),
            ("cookie", "s"),
            ("x-api-key", "s"),
            ("accept", "a/b"),
            ("content-type", "c/d"),
        ];
        let mut headers = read(&list(&sent)).unwrap();
        drop_private(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "content-type"]);
        drop_body(&mut headers);
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn keys_are_never_printed() {
        let headers = read(&list(&[("x-api-key", "open sesame"), ("accept", "text/plain")])).unwrap();
        let shown = format!("{headers:?}");
        assert!(!shown.contains("sesame") && shown.contains("text/plain"), "{shown}");
    }
}
