//! Two tellings of the same thing become one that has all that either knows.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Which one is believed where they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Believe {
    Stored,
    Told,
}

/// What only one of them says is kept. Where the two cannot be one, the believed one stands alone.
pub(super) fn overlay<T: Serialize + DeserializeOwned + Clone>(stored: &T, told: &T, believe: Believe) -> T {
    let (under, over) = match believe {
        Believe::Told => (stored, told),
        Believe::Stored => (told, stored),
    };
    let value = |of: &T| serde_json::to_value(of).expect("plain types have a form in JSON");
    serde_json::from_value(laid_over(value(under), value(over))).unwrap_or_else(|_| over.clone())
}

fn laid_over(under: Value, over: Value) -> Value {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => Value::Object(fields(under, over)),
        (under, Value::Null) => under,
        (Value::Array(under), Value::Array(over)) if over.is_empty() => Value::Array(under),
        (_, over) => over,
    }
}

fn fields(mut under: Map<String, Value>, over: Map<String, Value>) -> Map<String, Value> {
    // A thing of another kind is another thing: its fields do not mix.
    let kind = |of: &Map<String, Value>| of.get("_").or_else(|| of.get("type")).cloned();
    if kind(&under) != kind(&over) && kind(&under).is_some() && kind(&over).is_some() {
        return over;
    }
    for (name, value) in over {
        let value = match under.get_mut(&name) {
            Some(known) => laid_over(known.take(), value),
            None => value,
        };
        under.insert(name, value);
    }
    under
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_only_one_says_is_kept() {
        let stored = json!({ "quote_text": "a", "list": [1], "deep": { "a": 1, "b": 2 } });
        let told = json!({ "message": 5, "list": [], "deep": { "b": 3 } });
        let both = json!({ "quote_text": "a", "list": [1], "deep": { "a": 1, "b": 3 }, "message": 5 });
        assert_eq!(overlay(&stored, &told, Believe::Told), both);
    }

    #[test]
    fn the_believed_one_decides() {
        let (stored, told) = (json!({ "a": 1, "b": 1 }), json!({ "a": 2, "c": 2 }));
        assert_eq!(overlay(&stored, &told, Believe::Stored), json!({ "a": 1, "b": 1, "c": 2 }));
        assert_eq!(overlay(&stored, &told, Believe::Told), json!({ "a": 2, "b": 1, "c": 2 }));
    }

    #[test]
    fn things_of_different_kinds_do_not_mix() {
        let (stored, told) = (json!({ "_": "replyKeyboard", "rows": [1] }), json!({ "_": "hide", "x": 1 }));
        assert_eq!(overlay(&stored, &told, Believe::Told), told);
    }
}
