//! Reads `config.toml` into a tree.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::Path,
    sync::Arc,
};

use toml_edit::{Document, Item, Key, TableLike, TomlError, Value as TomlValue};

use super::{
    Sources,
    node::{Layer, Node, Place, Table, Value},
    problem::Problem,
};

/// Ten thousand jobs have room in this; a file that is larger is not a configuration.
const LARGEST: u64 = 4 << 20;

/// The file as a tree; `None` when there is none and none is needed.
pub(super) fn read(sources: &Sources) -> Result<Option<Node>, Box<Problem>> {
    let name = sources.file.display().to_string();
    let bytes = match read_bytes(&sources.file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound && !sources.is_file_required => return Ok(None),
        Err(error) => return Err(Box::new(unreadable(&sources.file, &name, &error))),
    };
    if bytes.len() as u64 > LARGEST {
        let problem = Problem::in_file(&name, "this is larger than 4 MiB")
            .fix("A configuration is a short text: is this the right file?");
        return Err(Box::new(problem));
    }
    let text = String::from_utf8(bytes).map_err(|error| Box::new(not_utf8(&name, &error)))?;
    parse(&text, &name).map(Some)
}

fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, name: &str, error: &std::io::Error) -> Problem {
    let fix = match error.kind() {
        ErrorKind::NotFound => "`tapedeck init` writes one to start from.".to_owned(),
        ErrorKind::IsADirectory => {
            format!("Name the file in it, such as `{}`.", path.join(Sources::DEFAULT_FILE).display())
        }
        ErrorKind::PermissionDenied => "Make it readable for the user that runs Tapedeck.".to_owned(),
        _ => "Check the path and the disk.".to_owned(),
    };
    let what = match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::IsADirectory => "this is a folder, not a file".to_owned(),
        ErrorKind::PermissionDenied => "this file may not be read".to_owned(),
        _ => format!("this file cannot be read: {error}"),
    };
    Problem::in_file(name, what).fix(fix)
}

fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> Problem {
    let bytes = error.as_bytes();
    let problem = Problem::in_file(name, "this is not UTF-8 text");
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return problem.fix("It is UTF-16: save it as UTF-8.");
    }
    let valid = String::from_utf8_lossy(&bytes[..error.utf8_error().valid_up_to()]);
    problem.place(Some(Lines::of(&valid).place(valid.len()))).fix("Save the file as UTF-8.")
}

fn parse(text: &str, name: &str) -> Result<Node, Box<Problem>> {
    // Editors on Windows write it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::of(text);
    let document = Document::parse(text).map_err(|error| Box::new(syntax_error(&error, &lines, name)))?;
    let reader = Reader { lines, layer: Layer::File(name.into()) };
    Ok(reader.node(reader.table(document.as_table()), None, None))
}

/// The value of `text` as TOML, or `None`.
pub(super) fn parse_value(text: &str, layer: &Layer) -> Option<Node> {
    let reader = Reader { lines: Lines::of(""), layer: layer.clone() };
    let mut node = reader.value(&text.parse().ok()?);
    forget_places(&mut node);
    Some(node)
}

fn forget_places(node: &mut Node) {
    (node.at, node.key_at) = (None, None);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(forget_places),
        Value::Table(table) => table.values_mut().for_each(forget_places),
        _ => {}
    }
}

fn syntax_error(error: &TomlError, lines: &Lines<'_>, name: &str) -> Problem {
    let message = error.message();
    let fix = [
        ("duplicate key", "Keep one of the two."),
        ("recursion limit", "Nest less deeply."),
        ("must be quoted", "Put the text in quotes: \"…\"."),
        ("key with no value", "Write `key = value`."),
        ("basic string", "Close the text with `\"`; write `\\\\` for a backslash."),
        ("literal string", "Close the text with `'`."),
        ("table header", "Write a table's name as `[name]` on a line of its own."),
        ("unclosed array", "Close the list with `]`."),
        ("unclosed inline table", "Close the table with `}`."),
    ];
    let fix = fix
        .iter()
        .find(|(part, _)| message.contains(part))
        .map_or("Write settings as `key = value`, texts in quotes, sections as `[name]`.", |(_, fix)| fix);
    let place = error.span().map(|span| lines.place(span.start));
    Problem::in_file(name, format!("this is not TOML: {message}")).place(place).fix(fix)
}

/// Finds lines and columns of byte offsets.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let before = self.text.get(self.starts[line - 1]..offset).unwrap_or_default();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        // A mistake at the very end belongs to the last line that has text.
        Place { line: number(line), column: number(before.chars().count() + 1) }
    }
}

struct Reader<'t> {
    lines: Lines<'t>,
    layer: Layer,
}

type Span = Option<std::ops::Range<usize>>;

impl Reader<'_> {
    fn node(&self, value: Value, span: Span, key: Option<&Key>) -> Node {
        let place = |span: Span| span.map(|span| self.lines.place(span.start));
        let key_at = place(key.and_then(Key::span));
        Node { value, layer: self.layer.clone(), at: place(span).or(key_at), key_at }
    }

    fn table(&self, table: &dyn TableLike) -> Value {
        let mut children = Table::new();
        for (name, item) in table.iter() {
            let key = table.key(name);
            children.insert(name.to_owned(), self.item(item, key));
        }
        Value::Table(children)
    }

    fn item(&self, item: &Item, key: Option<&Key>) -> Node {
        match item {
            Item::Value(value) => {
                let mut node = self.value(value);
                node.key_at = key.and_then(Key::span).map(|span| self.lines.place(span.start));
                node.at = node.at.or(node.key_at);
                node
            }
            Item::Table(table) => self.node(self.table(table), table.span(), key),
            Item::ArrayOfTables(tables) => {
                let items = tables.iter().map(|table| self.node(self.table(table), table.span(), None));
                self.node(Value::List(items.collect()), tables.span(), key)
            }
            Item::None => self.node(Value::Table(Table::new()), None, key),
        }
    }

    fn value(&self, value: &TomlValue) -> Node {
        let plain = match value {
            TomlValue::String(text) => Value::Text(text.value().clone()),
            TomlValue::Integer(number) => Value::Integer(*number.value()),
            TomlValue::Float(number) => Value::Float(*number.value()),
            TomlValue::Boolean(is_set) => Value::Boolean(*is_set.value()),
            TomlValue::Datetime(date) => Value::Datetime(date.value().to_string()),
            TomlValue::Array(items) => Value::List(items.iter().map(|item| self.value(item)).collect()),
            TomlValue::InlineTable(table) => self.table(table),
        };
        self.node(plain, value.span(), None)
    }
}

/// The name under which problems mention the file.
pub(super) fn name(sources: &Sources) -> Arc<str> {
    sources.file.display().to_string().into()
}
