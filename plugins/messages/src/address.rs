//! Addresses that people put behind words.

/// What leads somewhere, and does nothing else.
const SCHEMES: [&str; 7] = ["http", "https", "mailto", "tel", "tg", "ftp", "ton"];

/// Whether an address only leads somewhere: what runs where it is clicked, such as `javascript:`, is no link.
pub fn is_harmless(address: &str) -> bool {
    let scheme = address.split_once(':').map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_somewhere_is_harmless() {
        for address in
            ["https://x.org/a:b", "HTTP://x.org", "mailto:a@x.org", "tel:+1", "tg://resolve?domain=x"]
        {
            assert!(is_harmless(address), "{address}");
        }
        for address in [
            "javascript:alert(1)",
            "JavaScript://x.org/%0aalert(1)",
            " https://x.org",
            "java\nscript:x",
            "javascript&colon;x",
            "data:text/html,x",
            "file:///etc/passwd",
            "vbscript:x",
            "https",
            ":",
            "",
        ] {
            assert!(!is_harmless(address), "{address}");
        }
    }
}
