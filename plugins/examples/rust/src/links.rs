//! Where links are in a text, and where they lead.

use std::ops::Range;

const BEGINNINGS: [&str; 3] = ["https://", "http://", "www."];

/// The links of a text, in bytes. Each ends with the next space, quote or angle bracket.
pub fn links(text: &str) -> Vec<Range<usize>> {
    let mut links: Vec<Range<usize>> = Vec::new();
    for (start, byte) in text.bytes().enumerate() {
        let is_inside = links.last().is_some_and(|last| start < last.end);
        if is_inside || !matches!(byte, b'h' | b'H' | b'w' | b'W') {
            continue;
        }
        links.extend(end_of_link(&text[start..]).map(|length| start..start + length));
    }
    links
}

/// The length of the link that a text begins with.
fn end_of_link(text: &str) -> Option<usize> {
    let address = without(text, &BEGINNINGS)?;
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"');
    let length = address.find(ends).unwrap_or(address.len());
    (length > 0).then(|| text.len() - address.len() + length)
}

/// The host of an address: what may stand before it, up to an `@`, only looks like one.
pub fn host(link: &str) -> String {
    let address = without(link, &BEGINNINGS[..2]).unwrap_or(link);
    let authority = address
        .split(['/', '?', '#', '\\'])
        .next()
        .unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_lowercase()
}

/// What follows one of these beginnings, in small letters or capitals.
fn without<'a>(text: &'a str, beginnings: &[&str]) -> Option<&'a str> {
    beginnings.iter().find_map(|beginning| {
        let (start, rest) = text.split_at_checked(beginning.len())?;
        start.eq_ignore_ascii_case(beginning).then_some(rest)
    })
}
