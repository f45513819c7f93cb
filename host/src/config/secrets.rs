//! Turns references to secrets into secrets: `{ env = "NAME" }`, `{ file = "path" }`, `<key>_file`.
//! Also makes paths count from the file's folder.

use std::{
    collections::BTreeSet,
    fs,
    io::{Error, ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use super::{
    Environment, Sources,
    check::is_secret_file,
    node::{Node, Table, Value, join},
    problem::{Problem, Problems},
    shape::{Shape, TableShape},
};

/// A secret is a short text; what is larger is the wrong file.
const LARGEST: u64 = 1 << 20;

/// The names of the environment variables that were read come back too.
pub(super) fn resolve(tree: &mut Node, root: &TableShape, sources: &Sources) -> (Problems, BTreeSet<String>) {
    let mut resolver = Resolver {
        environment: &sources.environment,
        folder: sources.folder(),
        problems: Problems::default(),
        variables: BTreeSet::new(),
    };
    if let Value::Table(table) = &mut tree.value {
        resolver.table("", root, table);
    }
    (resolver.problems, resolver.variables)
}

struct Resolver<'a> {
    environment: &'a Environment,
    folder: PathBuf,
    problems: Problems,
    variables: BTreeSet<String>,
}

impl Resolver<'_> {
    fn table(&mut self, path: &str, shape: &TableShape, table: &mut Table) {
        let files: Vec<String> = table.keys().filter(|name| is_secret_file(shape, name)).cloned().collect();
        for name in files {
            self.twin(path, &name, table);
        }
        for (name, node) in table.iter_mut() {
            let shape = shape.keys.get(name).map(|key| &key.shape).or(shape.others.as_ref());
            if let Some(shape) = shape {
                self.value(&join(path, name), shape, node);
            }
        }
    }

    /// Puts what `<key>_file` names where `<key>` belongs. Of two layers the upper one wins.
    fn twin(&mut self, path: &str, file_key: &str, table: &mut Table) {
        let Some(key) = file_key.strip_suffix("_file") else { return };
        let Some(file) = table.remove(file_key) else { return };
        match table.get(key).map(|literal| literal.layer.rank().cmp(&file.layer.rank())) {
            Some(std::cmp::Ordering::Greater) => return,
            Some(std::cmp::Ordering::Equal) => {
                let message = format!("`{key}` and `{file_key}` are both given");
                let problem = Problem::at_key(&file, &join(path, file_key), message);
                return self.problems.push(problem.fix("Keep one of the two."));
            }
            Some(std::cmp::Ordering::Less) | None => {}
        }
        let Some(name) = file.as_text().map(str::to_owned) else { return };
        let secret = self.read_file(&name);
        let node = self.resolved(secret, &join(path, file_key), file);
        table.insert(key.to_owned(), node);
    }

    fn value(&mut self, path: &str, shape: &Shape, node: &mut Node) {
        if matches!(shape, Shape::PluginSetting) && is_reference(node) {
            return self.secret(path, node);
        }
        match (shape, &mut node.value) {
            (shape, _) if shape.is_secret() => self.secret(path, node),
            (Shape::PluginSetting, Value::Table(table)) => {
                for (name, node) in table.iter_mut() {
                    self.value(&join(path, name), shape, node);
                }
            }
            (Shape::PluginSetting, Value::List(items)) => {
                for (number, node) in items.iter_mut().enumerate() {
                    self.value(&format!("{path}[{number}]"), shape, node);
                }
            }
            (Shape::Text { format: Some(format), .. }, Value::Text(text)) if format == "path" => {
                *text = self.folder.join(&*text).display().to_string();
            }
            (Shape::List { item, .. }, Value::List(items)) => {
                for (number, node) in items.iter_mut().enumerate() {
                    self.value(&format!("{path}[{number}]"), item, node);
                }
            }
            (Shape::Table(shape), Value::Table(table)) => self.table(path, shape, table),
            (Shape::Job(shape), _) => {
                if let Some(shape) = shape.of(node)
                    && let Value::Table(table) = &mut node.value
                {
                    self.table(path, shape, table);
                }
            }
            (Shape::Either(shapes), _) => {
                if let Some(shape) = shapes.iter().find(|shape| shape.takes(&node.value)) {
                    self.value(path, shape, node);
                }
            }
            _ => {}
        }
    }

    fn secret(&mut self, path: &str, node: &mut Node) {
        let text = |key: &str| node.get(key).and_then(Node::as_text);
        let secret = match (&node.value, text("env"), text("file")) {
            (Value::Text(text), ..) => Ok(text.clone()),
            (Value::Table(_), Some(name), None) => {
                let found = self.read_variable(name);
                self.variables.insert(name.to_owned());
                found
            }
            (Value::Table(_), None, Some(name)) => self.read_file(name),
            _ => return,
        };
        *node = self.resolved(secret, path, node.clone());
    }

    fn resolved(&mut self, secret: Result<String, (String, String)>, path: &str, node: Node) -> Node {
        let secret = secret.unwrap_or_else(|(message, fix)| {
            self.problems.push(Problem::at(&node, path, message).fix(fix));
            String::new()
        });
        Node { value: Value::Secret(secret.into()), ..node }
    }

    fn read_variable(&self, name: &str) -> Result<String, (String, String)> {
        let fault =
            |what: &str| Err((format!("the environment variable `{name}` {what}"), format!("Set {name}.")));
        match self.environment.get(name).map(std::ffi::OsStr::to_str) {
            None => fault("is not set"),
            Some(None) => fault("is not UTF-8 text"),
            Some(Some("")) => fault("is empty"),
            Some(Some(value)) => Ok(value.to_owned()),
        }
    }

    fn read_file(&self, name: &str) -> Result<String, (String, String)> {
        let file = self.folder.join(name);
        let fault =
            |what: &str, fix: &str| Err((format!("the file {} {what}", file.display()), fix.to_owned()));
        let mut text = String::new();
        match open(&file).and_then(|opened| opened.take(LARGEST + 1).read_to_string(&mut text)) {
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                fault("is not UTF-8 text", "Store the secret as text.")
            }
            Err(error) => {
                fault(&format!("cannot be read: {error}"), "Correct the path or the file's permissions.")
            }
            Ok(_) if text.len() as u64 > LARGEST => fault("is larger than 1 MiB", "Is this the right file?"),
            Ok(_) => match text.trim_end_matches(['\r', '\n']) {
                "" => fault("is empty", "Write the secret into it."),
                secret => Ok(secret.to_owned()),
            },
        }
    }
}

/// `{ env = "NAME" }` or `{ file = "path" }`, and nothing else.
fn is_reference(node: &Node) -> bool {
    let Some(table) = node.as_table() else { return false };
    table.len() == 1
        && ["env", "file"].iter().any(|key| node.get(key).is_some_and(|it| it.as_text().is_some()))
}

fn open(file: &Path) -> Result<fs::File, Error> {
    // Before opening: opening a pipe waits for somebody who writes.
    let kind = fs::metadata(file)?.file_type();
    if kind.is_dir() {
        Err(ErrorKind::IsADirectory.into())
    } else if kind.is_file() {
        fs::File::open(file)
    } else {
        Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"))
    }
}
