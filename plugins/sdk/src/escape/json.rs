//! JSON, written straight into bytes: no tree in between.
//!
//! ```
//! use tapedeck_plugin::json;
//!
//! let mut out = Vec::new();
//! json::object(&mut out, |message| {
//!     message.integer("id", 7);
//!     message.string("text", "so \"fine\"");
//!     message.array("tags", |tags| tags.string("blues"));
//! });
//! assert_eq!(out, br#"{"id":7,"text":"so \"fine\"","tags":["blues"]}"#);
//! ```

use super::{number, table};

const TABLE: table::Table = {
    let mut table = table::of(b"\"\\");
    let mut control = 0;
    while control < 0x20 {
        table[control] = 1;
        control += 1;
    }
    table
};

/// Appends a string with its quotes.
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    table::copy(out, text.as_bytes(), &TABLE, escape);
    out.push(b'"');
}

/// Appends a number.
pub fn integer(out: &mut Vec<u8>, value: i64) {
    number::write(out, value);
}

/// Appends an object; its fields are written in the closure.
pub fn object(out: &mut Vec<u8>, fields: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    fields(&mut Object { out, is_first: true });
    out.push(b'}');
}

/// Appends an array; its items are written in the closure.
pub fn array(out: &mut Vec<u8>, items: impl FnOnce(&mut Array<'_>)) {
    out.push(b'[');
    items(&mut Array { out, is_first: true });
    out.push(b']');
}

/// The fields of an object that is being written.
#[derive(Debug)]
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
}

impl Object<'_> {
    pub fn string(&mut self, name: &str, value: &str) {
        string(self.name(name), value);
    }

    pub fn integer(&mut self, name: &str, value: i64) {
        integer(self.name(name), value);
    }

    pub fn boolean(&mut self, name: &str, value: bool) {
        boolean(self.name(name), value);
    }

    pub fn null(&mut self, name: &str) {
        self.name(name).extend_from_slice(b"null");
    }

    pub fn object(&mut self, name: &str, fields: impl FnOnce(&mut Object<'_>)) {
        object(self.name(name), fields);
    }

    pub fn array(&mut self, name: &str, items: impl FnOnce(&mut Array<'_>)) {
        array(self.name(name), items);
    }

    /// A value that is JSON already.
    pub fn raw(&mut self, name: &str, json: &[u8]) {
        self.name(name).extend_from_slice(json);
    }

    fn name(&mut self, name: &str) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
        string(self.out, name);
        self.out.push(b':');
        self.out
    }
}

/// The items of an array that is being written.
#[derive(Debug)]
pub struct Array<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
}

impl Array<'_> {
    pub fn string(&mut self, value: &str) {
        string(self.next(), value);
    }

    pub fn integer(&mut self, value: i64) {
        integer(self.next(), value);
    }

    pub fn object(&mut self, fields: impl FnOnce(&mut Object<'_>)) {
        object(self.next(), fields);
    }

    /// A value that is JSON already.
    pub fn raw(&mut self, json: &[u8]) {
        self.next().extend_from_slice(json);
    }

    fn next(&mut self) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
        self.out
    }
}

fn boolean(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let digits = b"0123456789abcdef";
            out.extend_from_slice(b"\\u00");
            out.push(digits[usize::from(byte >> 4)]);
            out.push(digits[usize::from(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_character_comes_back() {
        let mut all: String = (0..0x250).filter_map(char::from_u32).collect();
        all.push_str("مرحبا 你好 🎵");
        let mut out = Vec::new();
        string(&mut out, &all);
        assert_eq!(serde_json::from_slice::<String>(&out).expect("JSON"), all);
    }

    #[test]
    fn values_nest_with_their_commas() {
        let mut out = Vec::new();
        array(&mut out, |items| {
            items.integer(-3);
            items.object(|fields| {
                fields.boolean("is", true);
                fields.null("no");
                fields.object("in", |inner| inner.integer("n", 1));
                fields.raw("raw", b"[1,2]");
            });
            items.raw(b"null");
        });
        let read: Value = serde_json::from_slice(&out).expect("JSON");
        let expected = json!([-3, { "is": true, "no": null, "in": { "n": 1 }, "raw": [1, 2] }, null]);
        assert_eq!(read, expected);
    }
}
