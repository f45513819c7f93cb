//! What a value may look like: the part of JSON schema that the sections and kinds use, read once.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    node,
    schema::{self, Vocabulary},
};

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Anything,
    /// What a plugin understands: anything, and secrets by reference anywhere in it.
    PluginSetting,
    Boolean,
    Integer {
        least: i64,
        most: i64,
    },
    Number {
        least: f64,
        most: f64,
    },
    Text {
        format: Option<String>,
        shortest: u64,
        longest: u64,
    },
    Choice(Vec<String>),
    List {
        item: Box<Shape>,
        shortest: u64,
        longest: u64,
    },
    Table(Box<TableShape>),
    /// A `[jobs.<name>]` table: its `kind` decides.
    Job(Box<JobShape>),
    Either(Vec<Shape>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct TableShape {
    pub(super) keys: BTreeMap<String, Key>,
    /// What any other key holds; `None`: there are no other keys.
    pub(super) others: Option<Shape>,
    /// The format of other keys.
    pub(super) name_format: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) shape: Shape,
    pub(super) is_required: bool,
    pub(super) default: Option<Value>,
}

#[derive(Clone, Debug)]
pub(super) struct JobShape {
    pub(super) kinds: BTreeMap<String, TableShape>,
    /// The keys that every kind has.
    pub(super) common: TableShape,
}

impl JobShape {
    /// The table of the job's kind; `None` when the kind is missing or unknown.
    pub(super) fn of(&self, job: &node::Node) -> Option<&TableShape> {
        self.kinds.get(job.get("kind")?.as_text()?)
    }
}

/// The whole file.
#[derive(Debug)]
pub(super) struct Shapes {
    pub(super) root: TableShape,
    /// The keys that every job has.
    pub(super) job: TableShape,
}

pub(super) fn read(vocabulary: &Vocabulary) -> Shapes {
    let mut root = table(&schema::sections());
    let kinds = schema::jobs(vocabulary).iter().map(|(name, job)| ((*name).to_owned(), table(job))).collect();
    let mut common = table(&schema::policy());
    let names = vocabulary.kinds.iter().map(|(name, _)| (*name).to_owned()).collect();
    common.keys.insert("kind".into(), Key { shape: Shape::Choice(names), is_required: true, default: None });
    let job = common.clone();
    let jobs = TableShape {
        keys: BTreeMap::new(),
        others: Some(Shape::Job(Box::new(JobShape { kinds, common }))),
        name_format: Some("job-name".into()),
    };
    let jobs = Key { shape: Shape::Table(Box::new(jobs)), is_required: false, default: None };
    root.keys.insert("jobs".into(), jobs);
    Shapes { root, job }
}

impl Shape {
    fn read(schema: &Value) -> Self {
        if let Some(choices) = choices(schema) {
            return Self::Choice(choices);
        }
        if let Some(list) = ["anyOf", "oneOf"].iter().find_map(|name| schema[name].as_array()) {
            return Self::Either(list.iter().map(Self::read).collect());
        }
        match &schema["type"] {
            Value::Array(types) => {
                let one = |name: &Value| {
                    let mut schema = schema.clone();
                    schema["type"] = name.clone();
                    Self::read(&schema)
                };
                Self::Either(types.iter().map(one).collect())
            }
            name => Self::of_type(name.as_str().unwrap_or_default(), schema),
        }
    }

    fn of_type(name: &str, schema: &Value) -> Self {
        let count = |key: &str| schema[key].as_u64();
        match name {
            "boolean" => Self::Boolean,
            "integer" => integer(schema),
            "number" => Self::Number {
                least: schema["minimum"].as_f64().unwrap_or(f64::MIN),
                most: schema["maximum"].as_f64().unwrap_or(f64::MAX),
            },
            "string" => Self::Text {
                format: schema["format"].as_str().map(str::to_owned),
                shortest: count("minLength").unwrap_or(0),
                longest: count("maxLength").unwrap_or(u64::MAX),
            },
            "array" => Self::List {
                item: Box::new(Self::read(&schema["items"])),
                shortest: count("minItems").unwrap_or(0),
                longest: count("maxItems").unwrap_or(u64::MAX),
            },
            "object" => Self::Table(Box::new(table(schema))),
            _ if schema["format"] == "plugin-setting" => Self::PluginSetting,
            _ => Self::Anything,
        }
    }

    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Self::Text { format: Some(format), .. } if format == "secret")
    }

    /// Whether a value of this type can be right at all.
    pub(super) fn takes(&self, value: &node::Value) -> bool {
        match (self, value) {
            (Self::Either(shapes), value) => shapes.iter().any(|shape| shape.takes(value)),
            (Self::Anything | Self::PluginSetting, _)
            | (Self::Boolean, node::Value::Boolean(_))
            | (Self::Integer { .. }, node::Value::Integer(_))
            | (Self::Number { .. }, node::Value::Integer(_) | node::Value::Float(_))
            | (Self::Text { .. } | Self::Choice(_), node::Value::Text(_) | node::Value::Secret(_))
            | (Self::List { .. }, node::Value::List(_))
            | (Self::Table(_) | Self::Job(_), node::Value::Table(_)) => true,
            (shape, node::Value::Table(_)) => shape.is_secret(),
            _ => false,
        }
    }

    /// Whether a text that is no secret can stand there, alone or among other forms.
    pub(super) fn takes_plain_text(&self) -> bool {
        match self {
            Self::Text { .. } => !self.is_secret(),
            Self::Either(shapes) => shapes.iter().any(Self::takes_plain_text),
            _ => false,
        }
    }

    /// What stands there, with an article.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Anything | Self::PluginSetting => "a value".into(),
            Self::Boolean => "`true` or `false`".into(),
            Self::Integer { .. } => "an integer".into(),
            Self::Number { .. } => "a number".into(),
            Self::Text { .. } | Self::Choice(_) => "a text in quotes".into(),
            Self::List { item, .. } => match **item {
                Self::Text { .. } | Self::Choice(_) => "a list of texts".into(),
                _ => "a list".into(),
            },
            Self::Table(_) | Self::Job(_) => "a table".into(),
            Self::Either(shapes) => shapes.iter().map(Self::describe).collect::<Vec<_>>().join(" or "),
        }
    }
}

fn choices(schema: &Value) -> Option<Vec<String>> {
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    }
    if let Some(value) = schema["const"].as_str() {
        return Some(vec![value.to_owned()]);
    }
    let nested: Option<Vec<_>> = schema["oneOf"].as_array()?.iter().map(choices).collect();
    nested.map(|nested| nested.concat())
}

fn integer(schema: &Value) -> Shape {
    let (least, most) = match schema["format"].as_str() {
        Some("uint8") => (0, u8::MAX.into()),
        Some("uint16") => (0, u16::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("uint64" | "uint") => (0, i64::MAX),
        Some("int8") => (i8::MIN.into(), i8::MAX.into()),
        Some("int16") => (i16::MIN.into(), i16::MAX.into()),
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN, i64::MAX),
    };
    let bound = |key: &str| schema[key].as_i64().or_else(|| schema[key].as_f64().map(|bound| bound as i64));
    Shape::Integer {
        least: bound("minimum").unwrap_or(least).max(least),
        most: bound("maximum").unwrap_or(most).min(most),
    }
}

fn table(schema: &Value) -> TableShape {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let key = |(name, schema): (&String, &Value)| {
        let is_required = required.contains(&name.as_str());
        let default = schema.get("default").cloned();
        (name.clone(), Key { shape: Shape::read(schema), is_required, default })
    };
    let others = match &schema["additionalProperties"] {
        Value::Bool(true) => Some(Shape::Anything),
        schema @ Value::Object(_) => Some(Shape::read(schema)),
        // A table of which nothing is said.
        Value::Null if schema["properties"].is_null() => Some(Shape::Anything),
        _ => None,
    };
    TableShape {
        keys: schema["properties"].as_object().into_iter().flatten().map(key).collect(),
        others,
        name_format: schema["propertyNames"]["format"].as_str().map(str::to_owned),
    }
}
