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
}

pub(super) fn list(tree: &Node, root: &TableShape, defaults: Defaults) -> Vec<EffectiveValue> {
    let mut values = Vec::new();
    table("", root, Some(tree), defaults, &mut values);
    values
}

fn table(
    path: &str,
    shape: &TableShape,
    node: Option<&Node>,
    defaults: Defaults,
    values: &mut Vec<EffectiveValue>,
) {
    let children = node.and_then(Node::as_table);
    for (name, key) in &shape.keys {
        let path = join(path, name);
        let child = children.and_then(|children| children.get(name));
        match (&key.shape, child) {
            (Shape::Table(shape), child) if !shape.keys.is_empty() => {
                table(&path, shape, child, defaults, values);
            }
            (Shape::Table(shape), Some(child)) if shape.others.is_some() => {
                table(&path, shape, Some(child), defaults, values);
            }
            (_, Some(child)) => push(path, child, values),
            (_, None) if defaults == Defaults::ListedOutsideJobs && is_of_job(&path) => {}
            (_, None) => {
                let value = key.default.clone().unwrap_or(Json::Null);
                values.push(EffectiveValue { key: path, value, source: Source::Default });
            }
        }
    }
    let Some(others) = &shape.others else { return };
    for (name, child) in children.into_iter().flatten().filter(|(name, _)| !shape.keys.contains_key(*name)) {
        let path = join(path, name);
        match others {
            Shape::Job(job) => {
                let shape = job.of(child).unwrap_or(&job.common);
                table(&path, shape, Some(child), defaults, values);
            }
            Shape::Table(shape) => table(&path, shape, Some(child), defaults, values),
            _ => push(path, child, values),
        }
    }
}

fn is_of_job(path: &str) -> bool {
    path.starts_with("jobs.")
}

fn push(key: String, node: &Node, values: &mut Vec<EffectiveValue>) {
    let value = node.redact();
    values.push(EffectiveValue { key, value, source: node.source() });
}
