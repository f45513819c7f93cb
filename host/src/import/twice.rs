//! A source that tells a message twice with two texts: the later one counts from the beginning, or each import of it would
//! go through both again, and never say that nothing has changed.
//!
//! This is seen within one batch. Further apart the two take turns, and both are counted as completed.

use std::collections::HashMap;

use super::source::Told;

pub(super) fn agree(chunk: &mut [Told]) {
    let mut last = HashMap::new();
    let mut doubled = Vec::new();
    for (at, told) in chunk.iter().enumerate() {
        if let Told::Message(told) = told
            && let Some(earlier) = last.insert((told.message.chat, told.message.id), at)
        {
            doubled.push((earlier, at));
        }
    }
    // From the end: of three, all have the text of the last.
    for (earlier, later) in doubled.into_iter().rev() {
        let (before, behind) = chunk.split_at_mut(later);
        if let (Told::Message(earlier), Some(Told::Message(later))) = (&mut before[earlier], behind.first())
            // One that was edited is an earlier text, and kept as such.
            && earlier.message.edited == later.message.edited
            // One without a text says nothing of it.
            && !later.message.text.is_empty()
            && earlier.message.has_rendered_text() == later.message.has_rendered_text()
        {
            earlier.message.text.clone_from(&later.message.text);
            earlier.message.entities.clone_from(&later.message.entities);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::import::source::ToldMessage;

    /// One message that is told with each of these texts, as they agree on it.
    fn agreed(texts: &[&str]) -> Vec<String> {
        let told = |text: &&str| {
            let message = json!({ "id": 1, "chat": -5, "date": "2024-01-01T00:00:00Z", "text": text });
            Told::Message(Box::new(ToldMessage::new(serde_json::from_value(message).unwrap())))
        };
        let mut chunk: Vec<Told> = texts.iter().map(told).collect();
        agree(&mut chunk);
        let text = |told| match told {
            Told::Message(told) => told.message.text,
            other => panic!("{other:?}"),
        };
        chunk.into_iter().map(text).collect()
    }

    #[test]
    fn the_last_text_counts_from_the_beginning() {
        assert_eq!(agreed(&["one", "two", "three"]), ["three", "three", "three"]);
    }

    #[test]
    fn no_text_takes_the_place_of_one() {
        assert_eq!(agreed(&["one", ""]), ["one", ""]);
        assert_eq!(agreed(&["one", "two", ""]), ["two", "two", ""]);
        assert_eq!(agreed(&["", "two"]), ["two", "two"]);
    }
}
