//! Explains why a text is not TOML: every mistake, with its place.

use std::collections::BTreeMap;

use toml_edit::TomlError;
use toml_parser::{Expected, ParseError, Source, parser};

use super::{node::Place, problem::Problem};

/// A file that is not TOML at all is wrong everywhere.
const MOST: usize = 20;

/// Mistakes that are looked at to find those.
const ENOUGH: usize = 1000;

/// Nobody writes a longer file by hand: one mistake at a time has to do.
const LONGEST_EXPLAINED: usize = 512 << 10;

/// Deeper nesting is refused before it can use up the stack; `toml_edit` draws the same line.
const DEEPEST: u32 = 80;

/// `first` is what `toml_edit` stopped at; the parser beneath it goes on and finds the others.
pub(super) fn explain(text: &str, first: &TomlError, lines: &Lines<'_>, file: &str) -> Vec<Problem> {
    // One a line: further ones are mostly consequences of it.
    let mut mistakes: BTreeMap<u32, (Place, String)> = BTreeMap::new();
    let mut add = |offset: usize, message: String| {
        // Finding the column walks through the line: only for the one that is shown.
        mistakes.entry(lines.line(offset)).or_insert_with(|| (lines.place(offset), message));
    };
    let others = if text.len() <= LONGEST_EXPLAINED { find_all(text) } else { Vec::new() };
    others.into_iter().for_each(|(offset, message)| add(offset, message));
    add(first.span().map_or(text.len(), |span| span.start), first.message().to_owned());
    // Everything that follows an unclosed list looks like one of its entries.
    let mut has_list_error = false;
    mistakes.retain(|_, (_, message)| {
        !(message.contains("array elements") && std::mem::replace(&mut has_list_error, true))
    });
    let problem = |(place, message): (Place, String)| {
        let fix = fix(&message);
        Problem::in_file(file, format!("this is not TOML: {message}")).place(Some(place)).fix(fix)
    };
    mistakes.into_values().take(MOST).map(problem).collect()
}

fn find_all(text: &str) -> Vec<(usize, String)> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let (mut events, mut errors) = (Vec::new(), Vec::new());
    let mut guard = parser::RecursionGuard::new(&mut events, DEEPEST);
    parser::parse_document(&tokens, &mut guard, &mut errors);
    let place =
        |error: &ParseError| error.unexpected().or(error.context()).map_or(text.len(), |span| span.start());
    let found = errors.iter().take(ENOUGH).map(|error| (place(error), describe(error)));
    let mut mistakes: Vec<_> = found.collect();
    for event in events.iter().filter(|event| event.kind() == parser::EventKind::Scalar) {
        if mistakes.len() >= ENOUGH {
            break;
        }
        let mut errors: Vec<ParseError> = Vec::new();
        let Some(raw) = source.get(event) else { continue };
        // Only the mistakes are of interest: the kind of scalar is known elsewhere.
        let _ = raw.decode_scalar(&mut (), &mut errors);
        let Some(error) = errors.first() else { continue };
        // What the parser guesses about a word without quotes ("invalid float") misleads.
        mistakes.push(match event.encoding() {
            None => (event.span().start(), BARE_WORD.to_owned()),
            Some(_) => (place(error), describe(error)),
        });
    }
    mistakes
}

const BARE_WORD: &str = "the value is neither a number, a date, `true`, `false` nor a text in quotes";

fn describe(error: &ParseError) -> String {
    let expected = error.expected().unwrap_or_default().iter().map(|expected| match expected {
        Expected::Literal("\n") => "a new line".to_owned(),
        Expected::Literal(literal) => format!("`{literal}`"),
        Expected::Description(words) => (*words).to_owned(),
        _ => "something else".to_owned(),
    });
    let expected = expected.collect::<Vec<_>>().join(", ");
    let separator = if expected.is_empty() { "" } else { ", expected " };
    format!("{}{separator}{expected}", error.description())
}

fn fix(message: &str) -> &'static str {
    const FIXES: [(&str, &str); 13] = [
        ("a text in quotes", "Put a text in quotes: \"…\"."),
        ("array elements", "Separate the entries by commas, and close the list with `]`."),
        ("duplicate key", "Keep one of the two."),
        ("recurs", "Nest less deeply."),
        ("must be quoted", "Put the text in quotes: \"…\"."),
        ("key with no value", "Write `key = value`."),
        ("basic string", "Close the text with `\"` on the same line; a backslash is written `\\\\`."),
        ("escape", "A backslash in double quotes is written `\\\\`; in single quotes it stands for itself."),
        ("unicode", "A backslash in double quotes is written `\\\\`; in single quotes it stands for itself."),
        ("literal string", "Close the text with `'` on the same line."),
        ("table", "Write a table's name as `[name]` on a line of its own."),
        ("unclosed array", "Close the list with `]`."),
        ("inline table", "Close the table with `}`."),
    ];
    let known = FIXES.iter().find(|(part, _)| message.contains(part));
    known.map_or("Write settings as `key = value`, texts in quotes, sections as `[name]`.", |(_, fix)| fix)
}

/// Finds lines and columns of byte offsets.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    pub(super) fn line(&self, offset: usize) -> u32 {
        number(self.starts.partition_point(|start| *start <= offset).max(1))
    }

    pub(super) fn place(&self, offset: usize) -> Place {
        let line = self.line(offset);
        let before = self.text.get(self.starts[line as usize - 1]..offset).unwrap_or_default();
        Place { line, column: number(before.chars().count() + 1) }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
