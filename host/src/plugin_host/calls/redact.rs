//! Makes a filter's cuts in a message.

use std::ops::Range;

use super::Cut;
use crate::model::{Entity, Message};

/// Makes the cuts in the text. Marks follow their words; those on words that are gone go too.
pub fn redact(message: &mut Message, cuts: &[Cut]) {
    let old = std::mem::take(&mut message.text);
    let mut new = String::with_capacity(old.len());
    let mut moves = Vec::with_capacity(cuts.len());
    let (mut done, mut old_units, mut new_units) = (0, 0, 0);
    for Cut { range, replacement } in cuts {
        let kept = &old[done..range.start];
        new.push_str(kept);
        new.push_str(replacement);
        let start = old_units + units(kept);
        let end = start + units(&old[range.clone()]);
        new_units += units(kept);
        moves.push(Move { old: start..end, new: new_units..new_units + units(replacement) });
        new_units += units(replacement);
        (done, old_units) = (range.end, end);
    }
    new.push_str(&old[done..]);
    message.text = new;
    message.entities.retain_mut(|entity| follow(entity, &moves));
}

/// A cut in UTF-16 units, as entities count: where it was, and where its replacement is.
struct Move {
    old: Range<i64>,
    new: Range<i64>,
}

/// Whether anything is left of it.
fn follow(entity: &mut Entity, moves: &[Move]) -> bool {
    let (start, end) = (i64::from(entity.offset), i64::from(entity.offset) + i64::from(entity.length));
    let hides_all = |cut: &Move| cut.old.start <= start && end <= cut.old.end;
    if moves.iter().any(|cut| !cut.old.is_empty() && hides_all(cut)) {
        return false;
    }
    let new_start = place(start, moves, Edge::Start);
    let new_end = place(end, moves, Edge::End);
    let (Ok(offset), Ok(length)) = (i32::try_from(new_start), i32::try_from(new_end - new_start)) else {
        return false;
    };
    (entity.offset, entity.length) = (offset, length);
    length > 0
}

#[derive(Clone, Copy, PartialEq)]
enum Edge {
    Start,
    End,
}

/// Where an edge of a mark is now.
fn place(at: i64, moves: &[Move], edge: Edge) -> i64 {
    let mut shift = 0;
    for cut in moves {
        // What was put in at its very start stays outside the mark.
        let is_put_before = edge == Edge::Start && cut.old.is_empty();
        if at < cut.old.start || at == cut.old.start && !is_put_before {
            break;
        }
        if at < cut.old.end {
            return if edge == Edge::Start { cut.new.end } else { cut.new.start };
        }
        shift = cut.new.end - cut.old.end;
    }
    at + shift
}

fn units(text: &str) -> i64 {
    i64::try_from(text.encode_utf16().count()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::EntityKind, plugin_host::calls::samples::message};

    fn cut(range: Range<usize>, replacement: &str) -> Cut {
        Cut { range, replacement: replacement.into() }
    }

    fn marked(text: &str, marks: &[(i32, i32)]) -> Message {
        let entity = |(offset, length): &(i32, i32)| Entity {
            offset: *offset,
            length: *length,
            kind: EntityKind::Bold,
        };
        Message { entities: marks.iter().map(entity).collect(), ..message(1, text) }
    }

    fn marks(message: &Message) -> Vec<(i32, i32)> {
        message.entities.iter().map(|entity| (entity.offset, entity.length)).collect()
    }

    #[test]
    fn marks_follow_their_words() {
        // The emoji has two UTF-16 units and four bytes.
        let mut message = marked("😀 secret and bold", &[(0, 2), (14, 4)]);
        redact(&mut message, &[cut(5..11, "***")]);
        assert_eq!(message.text, "😀 *** and bold");
        assert_eq!(marks(&message), [(0, 2), (11, 4)]);
    }

    #[test]
    fn marks_on_hidden_words_go_too() {
        let mut message = marked("one two three", &[(4, 3), (0, 13), (4, 9), (0, 6)]);
        redact(&mut message, &[cut(4..7, "")]);
        assert_eq!(message.text, "one  three");
        assert_eq!(marks(&message), [(0, 10), (4, 6), (0, 4)]);
    }

    #[test]
    fn what_is_put_in_front_is_not_marked() {
        let mut message = marked("word", &[(0, 4)]);
        redact(&mut message, &[cut(0..0, "> "), cut(4..4, "!")]);
        assert_eq!((message.text.as_str(), marks(&message)), ("> word!", vec![(2, 4)]));
    }

    #[test]
    fn many_cuts_add_up() {
        let mut message = marked("a1b2c3d", &[(6, 1), (2, 1)]);
        redact(&mut message, &[cut(1..2, ""), cut(3..4, "xx"), cut(5..6, "")]);
        assert_eq!((message.text.as_str(), marks(&message)), ("abxxcd", vec![(5, 1), (1, 1)]));
    }
}
