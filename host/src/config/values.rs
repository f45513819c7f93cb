//! What is in force, and where each value came from.

use serde::Serialize;
use serde_json::Value as Json;

use super::{
    Source,
    node::{Node, join},
    shape::{Shape, TableShape},
};

/// One setting as people may see it: secrets are masked.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct EffectiveValue {
    pub key: String,
    pub value: Json,
    #[schema(value_type = String)]
    pub source: Source,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Defaults {
    Listed,
    /// Only what somebody set: a job has dozens of keys, and jobs can be many.
    ListedOutsideJobs,
    Unlisted,
}

pub(super) fn list(tree: &Node, root: &TableShape, defaults: Defaults) -> Vec<EffectiveValue> {
    let mut list = List { values: Vec::new() };
    list.table("", root, Some(tree), defaults);
    list.values
}

struct List {
    values: Vec<EffectiveValue>,
}

impl List {
    fn table(&mut self, path: &str, shape: &TableShape, node: Option<&Node>, defaults: Defaults) {
        let children = node.and_then(Node::as_table);
        for (name, key) in &shape.keys {
            match (&key.shape, children.and_then(|children| children.get(name))) {
                (_, None) if defaults == Defaults::Unlisted => {}
                (Shape::Table(shape), child) if child.is_some() || !shape.keys.is_empty() => {
                    self.table(&join(path, name), shape, child, defaults);
                }
                (_, Some(child)) => self.push(join(path, name), child),
                (_, None) => {
                    let value = key.default.clone().unwrap_or(Json::Null);
                    self.values.push(EffectiveValue {
                        key: join(path, name),
                        value,
                        source: Source::Default,
                    });
                }
            }
        }
        let Some(others) = &shape.others else { return };
        for (name, child) in
            children.into_iter().flatten().filter(|(name, _)| !shape.keys.contains_key(*name))
        {
            let path = join(path, name);
            match others {
                Shape::Job(job) => {
                    let defaults =
                        if defaults == Defaults::Listed { Defaults::Listed } else { Defaults::Unlisted };
                    self.table(&path, job.of(child).unwrap_or(&job.common), Some(child), defaults);
                }
                Shape::Table(shape) => self.table(&path, shape, Some(child), defaults),
                _ => self.push(path, child),
            }
        }
    }

    fn push(&mut self, key: String, node: &Node) {
        self.values.push(EffectiveValue { key, value: node.redact(), source: node.source() });
    }
}
