//! Texts such as `♫ [{{artists}} – ]{{title}}`. What stands in square brackets is left out when a
//! placeholder in it has nothing to say; brackets without placeholders are just brackets.

use super::{
    shorten::{length, shorten},
    words::{NAMES, Words, is_right_to_left},
};
use crate::model::{LinkedText, TextLink};

/// Artists and title, and in a message a link to the song.
const SONG: &str = "song";
const SONG_IS_MADE_OF: &str = "[{{artists}} – ]{{title}}";
const LINK: &str = "link";
/// The most that a message takes.
pub(super) const LONGEST_MESSAGE: usize = 4096;

/// Around what is written from right to left, so that it turns nothing beside it.
const ISOLATE: (&str, &str) = ("\u{2068}", "\u{2069}");

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(&'static str),
    /// All of it or nothing.
    Group(Vec<Piece>),
    Song(Vec<Piece>),
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadTemplate {
    #[error("`{{{{{found}}}}}` is no placeholder: use one of {SONG}, {} between the double braces", NAMES.join(", "))]
    Unknown { found: String },
    #[error("a `{{{{` has no `}}}}` after it")]
    Open,
}

/// A part of a text that is being put together.
#[derive(Debug)]
struct Part {
    text: String,
    kind: PartKind,
    is_linked: bool,
    /// It is written from right to left, beside something else.
    is_isolated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PartKind {
    Plain,
    /// These may be shortened.
    Words,
    /// Half of it leads nowhere.
    Address,
}

/// So much of some words should be left beside an address.
const LEAST: usize = 8;

impl Part {
    fn least(&self) -> usize {
        if self.kind == PartKind::Words { length(&self.text).min(LEAST) } else { 0 }
    }
}

impl Template {
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        Ok(Self { pieces: parse(text)? })
    }

    /// At most `longest` long; `None` when there is nothing to say.
    pub(super) fn render(&self, words: &Words, longest: usize) -> Option<LinkedText> {
        let mut parts = Vec::new();
        for piece in &self.pieces {
            put(piece, words, false, &mut parts);
        }
        trim(&mut parts);
        let is_alone = parts.len() == 1;
        for part in &mut parts {
            part.is_isolated = part.kind == PartKind::Words && !is_alone && is_right_to_left(&part.text);
        }
        fit(&mut parts, longest);
        trim(&mut parts);
        let text = joined(&parts, &words.link, longest);
        (!text.text.is_empty()).then_some(text)
    }

    /// The same without a link, in one line.
    pub(super) fn render_line(&self, words: &Words, longest: usize) -> Option<String> {
        let text = self.render(words, longest)?.text;
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!line.is_empty()).then_some(line)
    }
}

fn parse(text: &str) -> Result<Vec<Piece>, BadTemplate> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[']) {
        let (before, here) = rest.split_at(at);
        push_text(&mut pieces, before);
        if let Some(after) = here.strip_prefix("{{") {
            let (name, end) = after.split_once("}}").ok_or(BadTemplate::Open)?;
            pieces.push(value(name.trim())?);
            rest = end;
        } else if let Some((inner, end)) = here.strip_prefix('[').and_then(|after| after.split_once(']'))
            && inner.contains("{{")
        {
            pieces.push(Piece::Group(parse(inner)?));
            rest = end;
        } else {
            push_text(&mut pieces, &here[..1]);
            rest = &here[1..];
        }
    }
    push_text(&mut pieces, rest);
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.push_str(text),
        _ if text.is_empty() => {}
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

fn value(name: &str) -> Result<Piece, BadTemplate> {
    if name == SONG {
        return Ok(Piece::Song(parse(SONG_IS_MADE_OF)?));
    }
    let known = NAMES.iter().find(|known| **known == name);
    let unknown = || BadTemplate::Unknown { found: name.chars().take(60).collect() };
    known.map(|name| Piece::Value(name)).ok_or_else(unknown)
}

fn put(piece: &Piece, words: &Words, is_linked: bool, parts: &mut Vec<Part>) {
    let part = |text: &str, kind| Part { text: text.to_owned(), kind, is_linked, is_isolated: false };
    match piece {
        Piece::Text(text) => parts.push(part(text, PartKind::Plain)),
        Piece::Value(name) => {
            let kind = if *name == LINK { PartKind::Address } else { PartKind::Words };
            parts.push(part(words.get(name), kind));
        }
        Piece::Group(pieces) if pieces.iter().all(|piece| has_words(piece, words)) => {
            pieces.iter().for_each(|piece| put(piece, words, is_linked, parts));
        }
        Piece::Group(_) => {}
        Piece::Song(pieces) => pieces.iter().for_each(|piece| put(piece, words, true, parts)),
    }
}

fn has_words(piece: &Piece, words: &Words) -> bool {
    match piece {
        Piece::Text(_) | Piece::Group(_) => true,
        Piece::Value(name) => !words.get(name).is_empty(),
        Piece::Song(_) => !words.title.is_empty(),
    }
}

/// Blanks at both ends are cut off by Telegram, which would move the link.
fn trim(parts: &mut Vec<Part>) {
    parts.retain(|part| !part.text.is_empty());
    while let Some(first) = parts.first_mut() {
        first.text = first.text.trim_start().to_owned();
        if !first.text.is_empty() {
            break;
        }
        parts.remove(0);
    }
    while let Some(last) = parts.last_mut() {
        last.text.truncate(last.text.trim_end().len());
        if !last.text.is_empty() {
            break;
        }
        parts.pop();
    }
}

/// Shortens the longest words first, and those that are alike alike. An address goes before words have to go
/// altogether.
fn fit(parts: &mut [Part], longest: usize) {
    let fixed = |parts: &[Part]| -> usize {
        let plain = parts.iter().filter(|part| part.kind != PartKind::Words);
        let marks = parts.iter().filter(|part| part.is_isolated).count() * 2;
        plain.map(|part| length(&part.text)).sum::<usize>() + marks
    };
    let least: usize = parts.iter().map(Part::least).sum();
    if fixed(parts) + least > longest {
        parts.iter_mut().filter(|part| part.kind == PartKind::Address).for_each(|part| part.text.clear());
    }
    let room = longest.saturating_sub(fixed(parts));
    let words: Vec<usize> =
        parts.iter().filter(|part| part.kind == PartKind::Words).map(|part| length(&part.text)).collect();
    let has_room = |cap: &usize| words.iter().map(|words| words.min(cap)).sum::<usize>() <= room;
    let cap = (0..=room).rev().find(has_room).unwrap_or(0);
    for part in parts.iter_mut().filter(|part| part.kind == PartKind::Words) {
        part.text = shorten(&part.text, cap);
    }
}

fn joined(parts: &[Part], url: &str, longest: usize) -> LinkedText {
    let mut text = String::new();
    let mut linked = None;
    for part in parts {
        let start = length(&text);
        if part.is_isolated {
            text.extend([ISOLATE.0, &part.text, ISOLATE.1]);
        } else {
            text.push_str(&part.text);
        }
        if part.is_linked {
            let (first, _) = linked.unwrap_or((start, start));
            linked = Some((first, length(&text)));
        }
    }
    if length(&text) > longest {
        // The operator's own words are too long.
        return LinkedText { text: shorten(&text, longest), link: None };
    }
    let link = linked.filter(|_| !url.is_empty());
    let link = link.map(|(start, end)| TextLink { start, length: end - start, url: url.to_owned() });
    LinkedText { text, link }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(artists: &str, title: &str) -> Words {
        Words {
            artists: artists.into(),
            title: title.into(),
            link: "https://open.spotify.com/track/1".into(),
            source: "Spotify".into(),
            ..Words::default()
        }
    }

    fn said(template: &str, words: &Words, longest: usize) -> String {
        Template::parse(template).unwrap().render(words, longest).unwrap_or_default().text
    }

    #[test]
    fn placeholders_and_groups_are_filled_in() {
        let known = words("Ann, Bob", "Song");
        assert_eq!(said("♫ {{artists}} – {{ title }}", &known, 70), "♫ Ann, Bob – Song");
        assert_eq!(said("{{title}}[ ({{album}})][ on {{source}}] [x]", &known, 70), "Song on Spotify [x]");
        assert_eq!(said("[{{artists}} – ]{{title}}", &words("", "Song"), 70), "Song");
        assert_eq!(said("{{album}} ", &known, 70), "");
        assert_eq!(said("{a} [b {{title}}", &known, 70), "{a} [b Song");
    }

    #[test]
    fn misspelt_placeholders_are_refused() {
        let error = Template::parse("{{titel}}").unwrap_err().to_string();
        assert!(error.contains("titel") && error.contains("title"), "{error}");
        assert_eq!(Template::parse("a {{title"), Err(BadTemplate::Open));
        assert!(Template::parse("[{{tittle}}]").is_err());
    }

    #[test]
    fn song_is_a_link_to_itself() {
        let template = Template::parse("♫ 👩‍🎤 {{song}} now").unwrap();
        let LinkedText { text, link } = template.render(&words("Ann", "Song"), 4096).unwrap();
        let link = link.unwrap();
        let units: Vec<u16> = text.encode_utf16().collect();
        let shown = String::from_utf16(&units[link.start..link.start + link.length]).unwrap();
        assert_eq!((shown.as_str(), link.url.as_str()), ("Ann – Song", "https://open.spotify.com/track/1"));
        let unknown = Words { link: String::new(), ..words("Ann", "Song") };
        assert_eq!(template.render(&unknown, 4096).unwrap().link, None);
        // Blanks before it would move it.
        let first = Template::parse("  {{album}} {{song}}").unwrap().render(&words("A", "B"), 99).unwrap();
        assert_eq!((first.text.as_str(), first.link.unwrap().start), ("A – B", 0));
    }

    #[test]
    fn longest_words_are_shortened_first() {
        let long = words("Ann", "A song with a title that goes on and on and on");
        assert_eq!(said("♫ {{artists}} – {{title}}", &long, 30), "♫ Ann – A song with a title…");
        let both = words("One Two Three Four Five", "Six Seven Eight Nine Ten");
        assert_eq!(said("{{artists}} – {{title}}", &both, 25), "One Two… – Six Seven…");
        let address = "{{title}} {{link}}";
        let song = words("", "A song with words");
        assert_eq!(said(address, &song, 40), "A song with words", "half an address leads nowhere");
        assert_eq!(said(address, &song, 45), "A song with… https://open.spotify.com/track/1");
        assert_eq!(said("a word that stays {{title}}", &long, 11), "a word…");
    }

    #[test]
    fn other_directions_turn_nothing_beside_them() {
        let hebrew = words("שלומי שבת", "Song 1");
        assert_eq!(said("♫ {{artists}} – {{title}}", &hebrew, 70), "♫ \u{2068}שלומי שבת\u{2069} – Song 1");
        assert_eq!(said("{{artists}}", &hebrew, 70), "שלומי שבת", "alone it has nothing beside it");
        let short = said("♫ {{artists}} – {{title}}", &hebrew, 17);
        assert!(length(&short) <= 17 && short.contains('\u{2069}'), "{short}");
    }

    #[test]
    fn bios_are_one_line() {
        let template = Template::parse("one\n{{song}}").unwrap();
        assert_eq!(template.render_line(&words("A", "B"), 70).unwrap(), "one A – B");
    }

    proptest! {
        #[test]
        fn nothing_is_longer_than_it_may_be(
            artists in any::<String>(),
            title in any::<String>(),
            longest in 1..150_usize,
        ) {
            let words = words(&artists, &title);
            let template = Template::parse("♫ [{{artists}} – ]{{title}} {{link}}").unwrap();
            if let Some(text) = template.render(&words, longest) {
                prop_assert!(length(&text.text) <= longest, "{text:?}");
                prop_assert!(text.link.is_none_or(|link| link.start + link.length <= length(&text.text)));
            }
        }
    }
}
