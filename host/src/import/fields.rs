//! A JSON object whose fields are taken one by one; what nobody takes is kept.

use jiff::Timestamp;
use serde_json::{Map, Value};

#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    fields: Map<String, Value>,
    /// Which of them was left out, and why.
    refused: Option<String>,
}

impl Fields {
    pub(super) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self { fields, refused: None }),
            _ => None,
        }
    }

    /// Those of a row of which something had to be left out.
    pub(super) fn incomplete(fields: Map<String, Value>, refused: Option<String>) -> Self {
        Self { fields, refused }
    }

    /// What had to be left out, and why.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| !value.is_null())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.shift_remove(name)
    }

    /// Only when it is a text.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.fields.get(name)?.as_str()?;
        match self.fields.shift_remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// A whole number, also as digits.
    pub(super) fn number(&mut self, name: &str) -> Option<i64> {
        let number = match self.fields.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(digits) => digits.trim().parse().ok(),
            _ => None,
        }?;
        self.fields.shift_remove(name);
        Some(number)
    }

    pub(super) fn small(&mut self, name: &str) -> Option<i32> {
        let number = self.fields.get(name)?.as_i64().and_then(|number| i32::try_from(number).ok())?;
        self.fields.shift_remove(name);
        Some(number)
    }

    pub(super) fn float(&mut self, name: &str) -> Option<f64> {
        let number = self.fields.get(name)?.as_f64()?;
        self.fields.shift_remove(name);
        Some(number)
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        let flag = match self.fields.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            _ => return false,
        };
        self.fields.shift_remove(name);
        flag
    }

    pub(super) fn list(&mut self, name: &str) -> Option<Vec<Value>> {
        self.fields.get(name)?.as_array()?;
        match self.fields.shift_remove(name) {
            Some(Value::Array(list)) => Some(list),
            _ => None,
        }
    }

    pub(super) fn object(&mut self, name: &str) -> Option<Self> {
        self.fields.get(name)?.as_object()?;
        self.fields.shift_remove(name).and_then(Self::of)
    }

    /// Unix seconds.
    pub(super) fn moment(&mut self, name: &str) -> Option<Timestamp> {
        let seconds = self.number(name).filter(|seconds| *seconds > 0)?;
        Timestamp::from_second(seconds).ok()
    }

    /// What nobody took, without what says nothing.
    pub(super) fn rest(mut self) -> Map<String, Value> {
        self.fields.retain(|_, value| !value.is_null());
        self.fields
    }
}
