//! Walks the tree beside its shape and reports everything that does not fit.

use super::{
    format::{self, Fault},
    node::{Node, Table, Value, join},
    problem::{Problem, Problems},
    schema::Vocabulary,
    shape::{JobShape, Shape, TableShape},
    suggest,
};

pub(super) fn check(tree: &Node, root: &TableShape, vocabulary: &Vocabulary) -> Problems {
    let mut check = Check { vocabulary, problems: Problems::default() };
    if let Some(table) = tree.as_table() {
        check.table("", root, table, None);
    }
    check.problems
}

struct Check<'a> {
    vocabulary: &'a Vocabulary,
    problems: Problems,
}

impl Check<'_> {
    /// `node` is the table's own, where missing keys are reported; the root has none.
    fn table(&mut self, path: &str, shape: &TableShape, table: &Table, node: Option<&Node>) {
        for (name, child) in table {
            let path = join(path, name);
            match (shape.keys.get(name), &shape.others) {
                (Some(key), _) => self.value(&path, &key.shape, child),
                (None, _) if is_secret_file(shape, name) => self.secret_file(&path, child),
                (None, Some(others)) => {
                    self.name(&path, shape, name, child);
                    self.value(&path, others, child);
                }
                (None, None) => self.unknown_key(&path, shape, name, child),
            }
        }
        let Some(node) = node else { return };
        for (name, key) in shape.keys.iter().filter(|(_, key)| key.is_required) {
            let has_file = key.shape.is_secret() && table.contains_key(&format!("{name}_file"));
            if !table.contains_key(name) && !has_file {
                self.missing(path, name, &key.shape, node);
            }
        }
    }

    fn missing(&mut self, path: &str, name: &str, shape: &Shape, node: &Node) {
        if self.problems.is_full() {
            return self.problems.count_error();
        }
        let fix = match shape {
            Shape::Choice(choices) => format!("Add `{name} = …`. {}", suggest::one_of(texts(choices))),
            Shape::Text { format: Some(format), .. } => match format::example(format) {
                Some(example) => format!("Add `{name} = \"{example}\"`, for example."),
                None => format!("Add `{name} = \"…\"`."),
            },
            shape => format!("Add `{name}`: {}.", shape.describe()),
        };
        self.problems.push(Problem::at_key(node, path, format!("`{name}` is missing")).fix(fix));
    }

    fn unknown_key(&mut self, path: &str, shape: &TableShape, name: &str, node: &Node) {
        if self.problems.is_full() {
            return self.problems.count_error();
        }
        let fix = suggest::did_you_mean(name, texts(shape.keys.keys()));
        self.problems.push(Problem::at_key(node, path, "unknown key").fix(fix));
    }

    /// The name of an entry, such as a job's.
    fn name(&mut self, path: &str, shape: &TableShape, name: &str, node: &Node) {
        let Some(format) = &shape.name_format else { return };
        if let Err(Fault { message, fix }) = format::check(format, name, self.vocabulary) {
            self.problems.push(Problem::at_key(node, path, message).fix(fix));
        }
    }

    fn secret_file(&mut self, path: &str, node: &Node) {
        if node.as_text().is_none() {
            self.wrong_type(path, "a text in quotes", None, node);
        }
    }

    fn value(&mut self, path: &str, shape: &Shape, node: &Node) {
        match (shape, &node.value) {
            (Shape::Either(shapes), value) => {
                let fitting: Vec<&Shape> = shapes.iter().filter(|shape| shape.takes(value)).collect();
                match fitting.as_slice() {
                    [] => self.wrong_type(path, &shape.describe(), None, node),
                    fitting => self.either(path, fitting, node),
                }
            }
            (shape, Value::Table(_)) if shape.is_secret() => self.secret_reference(path, node),
            (shape, value) if !shape.takes(value) => {
                self.wrong_type(path, &shape.describe(), as_text_of(shape, value), node);
            }
            (Shape::Integer { least, most }, Value::Integer(number)) if !(least..=most).contains(&number) => {
                self.out_of_range(path, number, least, (*most < i64::MAX).then_some(most), node);
            }
            (Shape::Number { least, most }, value) => {
                let number = match value {
                    Value::Integer(number) => *number as f64,
                    Value::Float(number) => *number,
                    _ => return,
                };
                if !(*least..=*most).contains(&number) {
                    self.out_of_range(path, number, *least, (*most < f64::MAX).then_some(*most), node);
                }
            }
            (Shape::Text { format, shortest, longest }, Value::Text(text)) => {
                self.text(path, format.as_deref(), text, *shortest..=*longest, node);
            }
            (Shape::Choice(choices), Value::Text(text)) if !choices.contains(text) => {
                let fix = suggest::did_you_mean(text, texts(choices));
                self.at(node, path, format!("{} is not known here", format::quote(text)), fix);
            }
            (Shape::List { item, shortest, longest }, Value::List(items)) => {
                self.length(path, items.len() as u64, "entries", *shortest..=*longest, node);
                for (number, node) in items.iter().enumerate() {
                    self.value(&format!("{path}[{number}]"), item, node);
                }
            }
            (Shape::Table(shape), Value::Table(table)) => self.table(path, shape, table, Some(node)),
            (Shape::Job(shape), Value::Table(table)) => self.job(path, shape, table, node),
            _ => {}
        }
    }

    fn job(&mut self, path: &str, shape: &JobShape, table: &Table, node: &Node) {
        if let Some(shape) = shape.of(node) {
            return self.table(path, shape, table, Some(node));
        }
        // Without a known kind nobody can say which other keys there are.
        let known = table.iter().filter(|(name, _)| shape.common.keys.contains_key(*name));
        let known: Table = known.map(|(name, node)| (name.clone(), node.clone())).collect();
        self.table(path, &shape.common, &known, Some(node));
    }

    /// The alternative that fits, else what the nearest one finds wrong.
    fn either(&mut self, path: &str, shapes: &[&Shape], node: &Node) {
        let attempt = |shape: &&Shape| {
            let mut check = Check { vocabulary: self.vocabulary, problems: Problems::default() };
            check.value(path, shape, node);
            check.problems.into_list()
        };
        if let Some(least) = shapes.iter().map(attempt).min_by_key(Vec::len) {
            least.into_iter().for_each(|problem| self.problems.push(problem));
        }
    }

    fn text(
        &mut self,
        path: &str,
        format: Option<&str>,
        text: &str,
        lengths: std::ops::RangeInclusive<u64>,
        node: &Node,
    ) {
        self.length(path, text.chars().count() as u64, "characters", lengths, node);
        if let Some(format) = format
            && let Err(Fault { message, fix }) = format::check(format, text, self.vocabulary)
        {
            self.at(node, path, message, fix);
        }
    }

    fn length(
        &mut self,
        path: &str,
        length: u64,
        unit: &str,
        allowed: std::ops::RangeInclusive<u64>,
        node: &Node,
    ) {
        if length < *allowed.start() {
            let fix = format!("Write at least {} {unit}.", allowed.start());
            self.at(node, path, if length == 0 { "this is empty" } else { "this is too short" }, fix);
        } else if length > *allowed.end() {
            self.at(node, path, "this is too long", format!("Write at most {} {unit}.", allowed.end()));
        }
    }

    fn secret_reference(&mut self, path: &str, node: &Node) {
        let table = node.as_table().into_iter().flatten();
        let mut references = 0;
        for (name, child) in table {
            let path = join(path, name);
            match (name.as_str(), &child.value) {
                ("env" | "file", Value::Text(_)) => references += 1,
                ("env" | "file", _) => self.wrong_type(&path, "a text in quotes", None, child),
                _ => {
                    let fix = suggest::did_you_mean(name, ["env", "file"]);
                    self.problems.push(Problem::at_key(child, &path, "unknown key").fix(fix));
                }
            }
        }
        if references != 1 {
            let fix = "Write `{ env = \"NAME\" }`, or `{ file = \"path\" }`, or the text itself.";
            self.at(node, path, "this does not say where the secret is", fix);
        }
    }

    fn wrong_type(&mut self, path: &str, wanted: &str, example: Option<String>, node: &Node) {
        let message = format!("{wanted} belongs here, not {}", node.value.describe());
        let fix = match example {
            Some(example) => format!("Write {example}."),
            None => format!("Replace it by {wanted}."),
        };
        self.at(node, path, message, fix);
    }

    fn out_of_range<N: std::fmt::Display>(
        &mut self,
        path: &str,
        number: N,
        least: N,
        most: Option<N>,
        node: &Node,
    ) {
        let range = match most {
            Some(most) => format!("between {least} and {most}"),
            None => format!("of at least {least}"),
        };
        self.at(node, path, format!("{number} is out of range"), format!("Write a number {range}."));
    }

    fn at(&mut self, node: &Node, path: &str, message: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(Problem::at(node, path, message).fix(fix));
    }
}

/// `password_file` beside the secret `password`.
pub(super) fn is_secret_file(shape: &TableShape, name: &str) -> bool {
    let twin = name.strip_suffix("_file").and_then(|key| shape.keys.get(key));
    twin.is_some_and(|key| key.shape.is_secret())
}

fn texts<'a>(
    list: impl IntoIterator<Item = &'a String, IntoIter: Clone>,
) -> impl Iterator<Item = &'a str> + Clone {
    list.into_iter().map(String::as_str)
}

/// What somebody meant who left out quotes or brackets, or wrote too many.
fn as_text_of(shape: &Shape, value: &Value) -> Option<String> {
    match (shape, value) {
        (Shape::Text { format: Some(format), .. }, Value::Integer(number)) if format == "byte-size" => {
            Some(format!("a unit too, in quotes, such as \"{number}KiB\" or \"{number}MiB\""))
        }
        (Shape::Text { format: Some(format), .. }, Value::Integer(number)) if format == "period" => {
            Some(format!("a unit too, in quotes, such as \"{number}s\" or \"{number}m\""))
        }
        (shape, _) if shape.is_secret() => None,
        (Shape::Text { format: Some(format), .. }, _) => {
            format::example(format).map(|example| format!("a text in quotes, such as \"{example}\""))
        }
        (Shape::Text { .. }, Value::Integer(number)) => Some(format!("it in quotes: \"{number}\"")),
        (Shape::List { item, .. }, Value::Text(text)) if item.takes_plain_text() => {
            Some(format!("it in brackets: [\"{}\"]", text.escape_debug().take(80).collect::<String>()))
        }
        (Shape::Boolean, Value::Text(text)) if matches!(text.as_str(), "true" | "false") => {
            Some(format!("{text} without quotes"))
        }
        (Shape::Integer { .. }, Value::Text(text)) if text.parse::<i64>().is_ok() => {
            Some(format!("{text} without quotes"))
        }
        _ => None,
    }
}
