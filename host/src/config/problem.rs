//! What is wrong with a configuration: where, what, and what to do about it.

use std::{fmt, path::Path};

use serde::{Deserialize, Serialize};

use super::node::Node;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The configuration is not used.
    Error,
    /// It is used, but something in it probably does not do what its author thinks.
    Warning,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ConfigProblem)]
pub struct Problem {
    pub severity: Severity,
    /// The file, or the environment variable, that the value came from.
    pub file: String,
    pub line: Option<u32>,
    pub column: Option<u32>,
    /// Dotted, such as `jobs.backup.cron`.
    pub key: Option<String>,
    pub message: String,
    pub fix: Option<String>,
}

/// One line as compilers write it, so that editors and terminals can jump to it.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        f.write_str(match self.severity {
            Severity::Error => ": error: ",
            Severity::Warning => ": warning: ",
        })?;
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.fix {
            Some(fix) => write!(f, ". {fix}"),
            None => Ok(()),
        }
    }
}

impl Problem {
    pub(super) fn in_file(file: &str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            line: None,
            column: None,
            key: None,
            message: message.into(),
            fix: None,
        }
    }

    /// About the file as a whole, found out by those who use it.
    pub fn about(file: &Path, key: &str, message: impl Into<String>) -> Self {
        Self::in_file(&file.display().to_string(), message).key(key)
    }

    /// A changed value that the running daemon cannot take over.
    pub fn needs_restart(file: &Path, key: &str) -> Self {
        let message = "the new value holds from the next start";
        Self::about(file, key, message).fix("Restart tapedeck.").into_warning()
    }

    /// At the value of `node`.
    pub(super) fn at(node: &Node, key: &str, message: impl Into<String>) -> Self {
        let problem = Self::in_file(node.layer.name(), message).key(key);
        problem.place(node.at)
    }

    /// At the key in front of `node`.
    pub(super) fn at_key(node: &Node, key: &str, message: impl Into<String>) -> Self {
        let problem = Self::in_file(node.layer.name(), message).key(key);
        problem.place(node.key_at)
    }

    pub(super) fn place(mut self, place: Option<super::node::Place>) -> Self {
        self.line = place.map(|place| place.line);
        self.column = place.map(|place| place.column);
        self
    }

    pub(super) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    pub(super) fn into_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// Collects problems; stops listing at a number that nobody reads any more.
#[derive(Debug, Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    unlisted: usize,
    has_errors: bool,
}

impl Problems {
    const LONGEST: usize = 500;

    pub(super) fn push(&mut self, problem: Problem) {
        self.has_errors |= problem.severity == Severity::Error;
        if self.list.len() < Self::LONGEST {
            self.list.push(problem);
        } else {
            self.unlisted += 1;
        }
    }

    /// Whether another problem would only be counted: then nobody needs to find its words.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= Self::LONGEST
    }

    /// An error that is only counted.
    pub(super) fn count_error(&mut self) {
        self.has_errors = true;
        self.unlisted += 1;
    }

    pub(super) fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// Whether something is known about this key, or one whose name goes on from it.
    pub(super) fn has_any_at(&self, key: &str) -> bool {
        self.list.iter().any(|problem| problem.key.as_ref().is_some_and(|known| known.starts_with(key)))
    }

    pub(super) fn into_list(self) -> Vec<Problem> {
        self.list
    }

    pub(super) fn append(&mut self, others: Problems) {
        self.has_errors |= others.has_errors;
        others.list.into_iter().for_each(|problem| self.push(problem));
        self.unlisted += others.unlisted;
    }

    /// In the order of the file; those of variables come last.
    pub(super) fn into_sorted(mut self, file: &str) -> Vec<Problem> {
        self.list.sort_by(|a, b| {
            let rank = |problem: &Problem| (problem.file != file, problem.line, problem.column);
            rank(a).cmp(&rank(b)).then_with(|| a.file.cmp(&b.file))
        });
        self.list.dedup();
        if self.unlisted > 0 {
            let message = format!("{} further problems are not listed", self.unlisted);
            self.list.push(Problem::in_file(file, message).fix("Correct the first ones and check again."));
        }
        self.list
    }
}
