//! Reads `config.toml` into a tree.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    path::Path,
    sync::Arc,
};

use toml_edit::{Document, Item, Key, TableLike, Value as TomlValue};

use super::{
    Sources,
    node::{Layer, Node, Table, Value},
    problem::Problem,
    syntax::{self, Lines},
};

/// Ten thousand jobs have room in this; a file that is larger is not a configuration.
const LARGEST: u64 = 4 << 20;

/// The file as a tree; `None` when there is none and none is needed.
pub(super) fn read(sources: &Sources) -> Result<Option<Node>, Vec<Problem>> {
    let name = sources.file.display().to_string();
    let bytes = match read_bytes(&sources.file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound && !sources.is_file_required => return Ok(None),
        Err(error) => return Err(vec![unreadable(&sources.file, &name, &error)]),
    };
    if bytes.len() as u64 > LARGEST {
        let problem = Problem::in_file(&name, "this is larger than 4 MiB")
            .fix("A configuration is a short text: is this the right file?");
        return Err(vec![problem]);
    }
    let text = String::from_utf8(bytes).map_err(|error| vec![not_utf8(&name, &error)])?;
    parse(&text, &name).map(Some)
}

pub(super) fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
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

fn parse(text: &str, name: &str) -> Result<Node, Vec<Problem>> {
    // Editors on Windows write it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::of(text);
    let document = Document::parse(text).map_err(|error| syntax::explain(text, &error, &lines, name))?;
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
