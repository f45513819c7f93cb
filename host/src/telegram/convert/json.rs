//! Any value of the layer as JSON: an object has its constructor's name in `_`, bytes are base64,
//! flags that are off and absent fields are left out.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Serialize, Serializer,
    de::value::Error,
    ser::{Error as _, Impossible, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct},
};
use serde_json::{Map, Number, Value};

use crate::model::Extra;

pub(super) fn json<T: Serialize>(value: &T) -> Value {
    value
        .serialize(Json { is_field: false })
        .expect("the layer's types have no maps and no failing Serialize")
}

/// The fields of a constructor, and its name.
pub(super) fn fields<T: Serialize>(value: &T) -> (String, Map<String, Value>) {
    match json(value) {
        Value::Object(mut fields) => match fields.shift_remove("_") {
            Some(Value::String(name)) => (name, fields),
            _ => (String::new(), fields),
        },
        other => (String::new(), Map::from_iter([("value".to_owned(), other)])),
    }
}

/// Fields without a place of their own, by Telegram's names.
pub(super) trait Further {
    fn put<T: Serialize>(&mut self, name: &str, value: &T);
    fn flag(&mut self, name: &str, is_on: bool);
    fn some<T: Serialize>(&mut self, name: &str, value: Option<T>);
}

impl Further for Extra {
    fn put<T: Serialize>(&mut self, name: &str, value: &T) {
        self.insert(name, json(value));
    }

    fn flag(&mut self, name: &str, is_on: bool) {
        if is_on {
            self.insert(name, Value::Bool(true));
        }
    }

    fn some<T: Serialize>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.put(name, &value);
        }
    }
}

/// As `name_for_id` says it, for values inside others, of which serde tells only Rust's names.
fn constructor(rust: &str) -> String {
    for (ours, theirs) in [
        ("MessageActionSetMessagesTtl", "messageActionSetMessagesTTL"),
        ("InputStickerSetId", "inputStickerSetID"),
    ] {
        if rust == ours {
            return theirs.to_owned();
        }
    }
    let mut name = rust.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    name
}

/// Variants are named without what they share with their type; some share nothing.
fn unit_constructor(of: &str, variant: &str) -> String {
    let is_whole = match of {
        "RichText" => variant.starts_with("Text"),
        "PrivacyRule" => variant.starts_with("PrivacyValue"),
        _ => false,
    };
    let name = if is_whole { variant.to_owned() } else { format!("{of}{variant}") };
    match (of, name.strip_suffix("Pm")) {
        ("InlineQueryPeerType", Some(start)) => constructor(start) + "PM",
        _ => constructor(&name),
    }
}

#[derive(Clone, Copy)]
struct Json {
    /// A flag of a constructor: off is as good as not there.
    is_field: bool,
}

struct Object {
    fields: Map<String, Value>,
}

struct List {
    items: Vec<Value>,
}

impl Serializer for Json {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = List;
    type SerializeTupleVariant = Impossible<Value, Error>;
    type SerializeMap = Impossible<Value, Error>;
    type SerializeStruct = Object;
    type SerializeStructVariant = Impossible<Value, Error>;

    fn serialize_bool(self, value: bool) -> Result<Value, Error> {
        Ok(if self.is_field && !value { Value::Null } else { Value::Bool(value) })
    }

    fn serialize_i8(self, value: i8) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_u8(self, value: u8) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_f32(self, value: f32) -> Result<Value, Error> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<Value, Error> {
        // JSON has no word for infinities.
        Ok(Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number))
    }

    fn serialize_char(self, value: char) -> Result<Value, Error> {
        Ok(value.to_string().into())
    }

    fn serialize_str(self, value: &str) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Value, Error> {
        Ok(STANDARD.encode(value).into())
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        value.serialize(Self { is_field: false })
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Value, Error> {
        Object::named(constructor(name)).end()
    }

    fn serialize_unit_variant(self, of: &'static str, _: u32, variant: &'static str) -> Result<Value, Error> {
        Object::named(unit_constructor(of, variant)).end()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        value.serialize(Self { is_field: false })
    }

    /// The struct inside has the constructor's whole name.
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        value.serialize(Self { is_field: false })
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<List, Error> {
        Ok(List { items: Vec::with_capacity(length.unwrap_or(0)) })
    }

    fn serialize_tuple(self, length: usize) -> Result<List, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<List, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Impossible<Value, Error>, Error> {
        Err(Error::custom(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Impossible<Value, Error>, Error> {
        Err(Error::custom("a map"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Object, Error> {
        Ok(Object::named(constructor(name)))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Impossible<Value, Error>, Error> {
        Err(Error::custom(variant))
    }
}

impl Object {
    fn named(constructor: String) -> Self {
        Self { fields: Map::from_iter([("_".to_owned(), Value::String(constructor))]) }
    }
}

impl SerializeStruct for Object {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        let value = value.serialize(Json { is_field: true })?;
        if !value.is_null() {
            self.fields.insert(key.to_owned(), value);
        }
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Object(self.fields))
    }
}

impl List {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.items.push(value.serialize(Json { is_field: false })?);
        Ok(())
    }
}

impl SerializeSeq for List {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Array(self.items))
    }
}

impl SerializeTuple for List {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Array(self.items))
    }
}

impl SerializeTupleStruct for List {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Array(self.items))
    }
}

#[cfg(test)]
mod tests {
    use grammers_tl_types as tl;
    use serde_json::json as expected;

    use super::*;

    #[test]
    fn constructors_are_named_throughout() {
        let source = tl::enums::RichText::TextFixed(Box::new(tl::types::TextFixed {
            text: tl::enums::RichText::TextEmpty,
        }));
        assert_eq!(json(&source), expected!({"_": "textFixed", "text": {"_": "textEmpty"}}));
    }

    #[test]
    fn answers_no_differ_from_flags_that_are_off() {
        let source = tl::types::MessageActionTopicEdit {
            title: None,
            icon_emoji_id: None,
            closed: Some(false),
            hidden: None,
        };
        assert_eq!(json(&source), expected!({"_": "messageActionTopicEdit", "closed": false}));
    }

    #[test]
    fn bytes_become_base64() {
        let source = tl::types::PhotoStrippedSize { r#type: "i".into(), bytes: vec![1, 40, 40] };
        assert_eq!(json(&source), expected!({"_": "photoStrippedSize", "type": "i", "bytes": "ASgo"}));
    }
}
