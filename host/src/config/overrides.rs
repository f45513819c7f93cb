//! `TAPEDECK__SECTION__KEY` variables: the top layer.
//!
//! Two underscores separate the parts of a key; case does not matter, and `-` is written `_`. In
//! `TAPEDECK__JOBS__NIGHTLY_BACKUP__CRON` the job is `nightly-backup` or `nightly_backup` when the
//! file has one of them, else a new job `nightly_backup`. Values are texts; where the key wants
//! something else, they are read as TOML: `true`, `30`, `["a", "b"]`, `{ env = "NAME" }`.

use std::sync::Arc;

use super::{
    Environment,
    check::is_secret_file,
    file,
    node::{Layer, Node, Table, Value, join},
    problem::{Problem, Problems},
    shape::{JobShape, Shape, TableShape},
    suggest,
};

const PREFIX: &str = "TAPEDECK__";

pub(super) fn apply(environment: &Environment, root: &TableShape, tree: &mut Node) -> Problems {
    let mut problems = Problems::default();
    let mut variables: Vec<_> = environment.iter().filter(|(name, _)| is_override(name)).collect();
    // A job's kind decides which keys it has, so kinds come first.
    variables.sort_by_key(|(name, _)| !name.to_ascii_uppercase().ends_with("__KIND"));
    for (name, value) in variables {
        let layer = Layer::Override(Arc::from(name));
        let fault = |problem: Fault| {
            let found = Problem::in_file(name, problem.message).fix(problem.fix);
            if problem.key.is_empty() { found } else { found.key(&problem.key) }
        };
        let Some(value) = value.to_str() else {
            problems.push(Problem::in_file(name, "this is not UTF-8 text").fix("Write it in UTF-8."));
            continue;
        };
        let parts: Vec<&str> = name[PREFIX.len()..].split("__").collect();
        match (Place { layer, value }).table("", root, &parts, tree) {
            Ok(upper) => tree.lay_over(upper),
            Err(problem) => problems.push(fault(problem)),
        }
    }
    problems
}

fn is_override(name: &str) -> bool {
    name.get(..PREFIX.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(PREFIX))
}

struct Fault {
    key: String,
    message: String,
    fix: String,
}

/// Builds the tree that holds one variable's value, finding the way down by the shape.
struct Place<'a> {
    layer: Layer,
    value: &'a str,
}

impl Place<'_> {
    fn table(&self, path: &str, shape: &TableShape, parts: &[&str], below: &Node) -> Result<Node, Fault> {
        let [part, rest @ ..] = parts else { return Err(incomplete(path)) };
        if part.is_empty() {
            return Err(incomplete(path));
        }
        let existing = |name: &&String| is_same(name, part);
        let known = shape.keys.keys().find(existing).cloned();
        let others = || below.as_table().into_iter().flat_map(Table::keys).find(existing).cloned();
        let (name, shape) = match (known, &shape.others) {
            (Some(name), _) => (name.clone(), &shape.keys[&name].shape),
            (None, _) if is_secret_file(shape, &part.to_ascii_lowercase()) => {
                (part.to_ascii_lowercase(), &Shape::Anything)
            }
            (None, Some(shape)) => (others().unwrap_or_else(|| new_name(shape, part)), shape),
            (None, _) => {
                let part = part.to_ascii_lowercase();
                let fix = suggest::did_you_mean(&part, shape.keys.keys().map(String::as_str));
                return Err(Fault { key: join(path, &part), message: "unknown key".into(), fix });
            }
        };
        let empty = Node::new(Value::Table(Table::new()), self.layer.clone());
        let child = self.value(&join(path, &name), shape, rest, below.get(&name).unwrap_or(&empty))?;
        Ok(Node::new(Value::Table(Table::from([(name, child)])), self.layer.clone()))
    }

    fn value(&self, path: &str, shape: &Shape, rest: &[&str], below: &Node) -> Result<Node, Fault> {
        match (shape, rest) {
            (Shape::Job(shape), [_, ..]) => self.job(path, shape, rest, below),
            (_, []) => Ok(self.leaf(shape)),
            (Shape::Table(shape), rest) => self.table(path, shape, rest, below),
            (shape, [part]) if shape.is_secret() => {
                let key = part.to_ascii_lowercase();
                Ok(Node::new(Value::Table(Table::from([(key, self.text())])), self.layer.clone()))
            }
            (Shape::Either(shapes), rest) => {
                let attempts = shapes.iter().map(|shape| self.value(path, shape, rest, below));
                attempts.reduce(Result::or).unwrap_or_else(|| Err(incomplete(path)))
            }
            (_, [part, ..]) => Err(Fault {
                key: join(path, &part.to_ascii_lowercase()),
                message: format!("`{path}` has no keys of its own"),
                fix: format!("Remove `__{part}` from the variable's name."),
            }),
        }
    }

    fn job(&self, path: &str, shape: &JobShape, rest: &[&str], below: &Node) -> Result<Node, Fault> {
        if let Some(own) = shape.of(below) {
            return self.table(path, own, rest, below);
        }
        // The missing or unknown kind is reported later; until then any kind's keys may be right.
        let common = self.table(path, &shape.common, rest, below);
        let kinds = shape.kinds.values().map(|own| self.table(path, own, rest, below));
        kinds.fold(common, Result::or)
    }

    /// Text where text belongs, else TOML, else text: the check explains what is wrong with it.
    fn leaf(&self, shape: &Shape) -> Node {
        let parsed = file::parse_value(self.value, &self.layer).filter(|node| shape.takes(&node.value));
        match (shape, parsed) {
            (shape, Some(node)) if !shape.is_secret() || node.as_table().is_some() => node,
            _ => self.text(),
        }
    }

    fn text(&self) -> Node {
        Node::new(Value::Text(self.value.to_owned()), self.layer.clone())
    }
}

fn is_same(name: &str, part: &str) -> bool {
    name.replace('-', "_").eq_ignore_ascii_case(&part.replace('-', "_"))
}

/// Names of jobs, accounts and plugins are lower-case; other maps, such as a command's environment, keep what is written.
fn new_name(shape: &Shape, part: &str) -> String {
    match shape {
        Shape::Job(_) | Shape::Table(_) | Shape::PluginSetting => part.to_ascii_lowercase(),
        _ => part.to_owned(),
    }
}

fn incomplete(path: &str) -> Fault {
    Fault {
        key: path.to_owned(),
        message: "a part of the variable's name is missing".into(),
        fix: "Write the whole key, such as TAPEDECK__SERVER__LISTEN.".into(),
    }
}
